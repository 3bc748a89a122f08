#!/usr/bin/env python3
"""Writes the bill of materials of the library as CycloneDX 1.5 JSON.

    packaging/sbom.py [cargo arguments that select features] > iplaygames.cdx.json
    packaging/sbom.py --package iplaygames-python > iplaygames-native.cdx.json

It has no date and no random serial number: the same Cargo.lock gives the same file.
"""

import json
import sys

import crates


def component(crate, kind):
    entry = {
        "type": kind,
        "bom-ref": crate.purl,
        "name": crate.name,
        "version": crate.version,
        "licenses": [{"expression": crate.license}],
        "purl": crate.purl,
    }
    if crate.checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    return entry


def main():
    linked = crates.linked(sys.argv[1:])
    by_key = {crate.key: crate for crate in linked}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(linked[0], "library")},
        "components": [component(crate, "library") for crate in linked[1:]],
        "dependencies": [
            {"ref": crate.purl, "dependsOn": sorted(by_key[key].purl for key in crate.needs)} for crate in linked
        ],
    }
    print(json.dumps(bill, indent=1))


main()
