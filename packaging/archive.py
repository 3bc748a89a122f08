#!/usr/bin/env python3
"""Makes the archive for engines from an installed tree: adds what engines want, checksums, and
packs it.

    packaging/archive.py FOLDER        writes FOLDER.tar.gz and FOLDER.tar.gz.sha256

The same tree gives the same bytes: sorted, without owners, every file as old as SOURCE_DATE_EPOCH,
or of
1980. A library that lies in several places is packed once and linked.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NINETEEN_EIGHTY = 315532800  # older dates are trouble on some file systems


def put(source, target):
    """The same file in another place; a text a copy, a library a hard link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    if source.suffix == ".a" or ".so" in source.name:
        os.link(source, target)
    else:
        shutil.copyfile(source, target)


def header_macro(tree, name):
    return re.search(rf'^#define {name} "?([^"\n]+)"?$', (tree / "include/iplaygames.h").read_text(), re.M)[1]


def unreal(tree):
    module = tree / "unreal/IPlayGames"
    for file in ["IPlayGames.Build.cs", "README.md"]:
        put(ROOT / "bindings/unreal" / file, module / file)
    for header in sorted((tree / "include").iterdir()):
        put(header, module / "include" / header.name)
    # A game loads the library by its soname, so here it has no other name.
    soname = (tree / "lib/libiplaygames.so").readlink()
    put(tree / "lib" / soname, module / "lib/Linux" / soname)


def unity(tree):
    package = tree / "unity/ai.iplaygames.native"
    put(ROOT / "bindings/unity/README.md", package / "README.md")
    put(ROOT / "bindings/unity/IPlayGames.cs", package / "Runtime/IPlayGames.cs")
    put(tree / "lib/libiplaygames.so", package / "Plugins/x86_64/libiplaygames.so")
    put(ROOT / "CHANGELOG.md", package / "CHANGELOG.md")
    put(ROOT / "LICENSE-MIT", package / "LICENSE.md")
    put(tree / "share/doc/iplaygames/THIRD-PARTY-LICENSES.txt", package / "Third Party Notices.md")
    manifest = {
        "name": package.name,
        "version": header_macro(tree, "IPG_VERSION_STRING"),
        "displayName": "IPlayGames",
        "description": "Client for the IPlayGames game-aggregator API: start, check and end game sessions",
        "unity": "2019.4",
        "license": "MIT OR Apache-2.0",
    }
    (package / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    assembly = {"name": "IPlayGames", "allowUnsafeCode": False, "autoReferenced": True}
    (package / "Runtime/IPlayGames.asmdef").write_text(json.dumps(assembly, indent=2) + "\n")


def files(tree):
    return sorted(path for path in tree.rglob("*") if path.is_symlink() or path.is_file())


def checksums(tree):
    lines = []
    for path in files(tree):
        if not path.is_symlink():
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n")
    (tree / "SHA256SUMS").write_text("".join(lines))


def pack(tree, archive):
    age = int(os.environ.get("SOURCE_DATE_EPOCH", NINETEEN_EIGHTY))

    def plain(entry):
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = age
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        return entry

    with open(archive, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=age) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in files(tree):
                tar.add(path, f"{tree.name}/{path.relative_to(tree)}", recursive=False, filter=plain)


def main():
    tree = Path(sys.argv[1]).resolve()
    # Made anew, so that packing a tree again gives the same.
    for made in ["unreal", "unity"]:
        shutil.rmtree(tree / made, ignore_errors=True)
    unreal(tree)
    unity(tree)
    put(ROOT / "packaging/ARCHIVE.md", tree / "README.md")
    (tree / "SHA256SUMS").unlink(missing_ok=True)
    checksums(tree)
    archive = tree.with_name(tree.name + ".tar.gz")
    pack(tree, archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.with_name(archive.name + ".sha256").write_text(f"{digest}  {archive.name}\n")
    print(f"{archive}: {archive.stat().st_size} bytes")


main()
