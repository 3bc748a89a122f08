#!/usr/bin/env python3
"""Lays out the package for Android, an .aar, from libraries that are built.

    packaging/android.py --library ABI=SO [--library ABI=SO ...] --api LEVEL --ndk MAJOR
        --licenses FILE --out FILE.aar

The libraries lie in jni/, from where Gradle puts them into the app, and in prefab/, where CMake and
ndk-build find them with the headers: find_package(iplaygames) gives iplaygames::iplaygames. The
package has no Java code. `make dist-android` builds the library. The layout needs no tool of
Android's, so tests/install/bundles.sh tests it everywhere.
"""

import argparse
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import bundles

ABIS = {"arm64-v8a", "x86_64"}
MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="ai.iplaygames.native">
    <uses-sdk android:minSdkVersion="{api}" />
    <uses-permission android:name="android.permission.INTERNET" />
</manifest>
"""


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def lay_out(folder, given):
    """Writes the files of the package into a folder."""
    prefab, module = folder / "prefab", folder / "prefab/modules/iplaygames"
    (folder / "AndroidManifest.xml").write_text(MANIFEST.format(api=given.api), encoding="utf-8")
    # An .aar must have both files.
    (folder / "R.txt").write_text("")
    with zipfile.ZipFile(folder / "classes.jar", "w") as jar:
        jar.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF"), "Manifest-Version: 1.0\n")
    # A version of prefab has numbers only.
    number = bundles.version().split("-")[0]
    write_json(
        prefab / "prefab.json", {"schema_version": 2, "name": "iplaygames", "version": number, "dependencies": []}
    )
    write_json(module / "module.json", {"export_libraries": [], "android": {"library_name": "libiplaygames"}})
    bundles.put_headers(module / "include")
    bundles.put_licenses(folder / "META-INF/iplaygames", given.licenses)
    for word in given.library:
        abi, _, library = word.partition("=")
        if abi not in ABIS:
            raise SystemExit(f"The ABI {abi} is unknown. Known are {' '.join(sorted(ABIS))}.")
        for place in [folder / "jni" / abi, module / f"libs/android.{abi}"]:
            place.mkdir(parents=True)
            shutil.copyfile(library, place / "libiplaygames.so")
        write_json(
            module / f"libs/android.{abi}/abi.json",
            {"abi": abi, "api": given.api, "ndk": given.ndk, "stl": "none", "static": False},
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", action="append", required=True)
    parser.add_argument("--api", type=int, required=True)
    parser.add_argument("--ndk", type=int, required=True)
    parser.add_argument("--licenses", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), given)
        bundles.zip_folder(Path(folder), given.out)


main()
