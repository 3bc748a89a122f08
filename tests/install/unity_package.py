#!/usr/bin/env python3
"""Checks that a folder is a package that Unity imports without writing files into it.

    tests/install/unity_package.py FOLDER VERSION

Every file and folder has a .meta file with the GUID of bindings/unity/guids.json, no GUID occurs
twice, no .meta file is left over, and the JSON files are valid.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def problems(package, version):
    """Yields a sentence for each defect."""
    paths = [path for path in package.rglob("*") if path.suffix != ".meta"]
    # Unity does not import a folder whose name ends with a tilde.
    expected = {path.with_name(path.name + ".meta") for path in paths if not path.name.endswith("~")}
    found = set(package.rglob("*.meta"))
    guids = json.loads((ROOT / "bindings/unity/guids.json").read_text())
    if len(paths) < 14:
        yield f"The package has {len(paths)} files and folders, and needs at least 14."
    for meta in sorted(expected - found):
        yield f"{meta.relative_to(package)} is missing."
    for meta in sorted(found - expected):
        yield f"{meta.relative_to(package)} belongs to no file."
    seen = {}
    for meta in sorted(found & expected):
        name = meta.relative_to(package).as_posix().removesuffix(".meta")
        text = meta.read_text()
        match = re.match(r"fileFormatVersion: 2\nguid: ([0-9a-f]{32})\n", text)
        guid = match and match[1]
        if guid is None or guid != guids.get(name):
            yield f"{name} has the GUID {guid} and not that of guids.json, {guids.get(name)}."
        elif guid in seen:
            yield f"{name} and {seen[guid]} have the same GUID, {guid}."
        seen[guid] = name
        if meta.with_suffix("").is_dir() != ("folderAsset: yes" in text):
            yield f"{name}.meta is not for a file or folder as {name} is one."
        if name.endswith(".so") and not re.search(r"Standalone: Linux64\n    second:\n      enabled: 1", text):
            yield f"{name}.meta does not enable the library for Linux."
        if name.endswith(".dll") and not re.search(r"Standalone: Win64\n    second:\n      enabled: 1", text):
            yield f"{name}.meta does not enable the library for Windows."
    manifest = json.loads((package / "package.json").read_text())
    if (manifest["name"], manifest["version"]) != (package.name, version):
        yield f"package.json is for {manifest['name']} {manifest['version']}, not for {package.name} {version}."
    for sample in manifest["samples"]:
        if not list((package / sample["path"]).glob("*.cs")):
            yield f"package.json has the sample {sample['path']}, which contains no script."
    for file in package.rglob("*.asmdef"):
        if json.loads(file.read_text())["name"] != file.stem:
            yield f"{file.name} is for an assembly of another name."


def main():
    """Prints the defects. Returns 1 if there are any."""
    found = list(problems(Path(sys.argv[1]).resolve(), sys.argv[2]))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
