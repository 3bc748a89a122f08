#!/usr/bin/env python3
"""Makes an archive for engines from an installed tree.

    packaging/archive.py [--development] [--target TARGET] FOLDER

Adds the files for Unreal, Unity, Meson and CMake's FetchContent, and the checksums. Writes
FOLDER.tar.gz, FOLDER.tar.gz.sha256, and FOLDER.wrap for Meson; for Windows a .zip instead of the
.tar.gz. A development archive also has an example program. TARGET is the target of the libraries,
by default x86_64-unknown-linux-gnu; an engine that does not run there gets no files.

The same tree gives the same bytes: the files are sorted, have no owners, and have the time
SOURCE_DATE_EPOCH, or 1980. A library that lies in several places is packed once and linked; a .zip
has no links.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import tarfile
import time
import zipfile
from pathlib import Path

import elf
import links
import unity

ROOT = Path(__file__).resolve().parent.parent
NINETEEN_EIGHTY = 315532800  # older dates are trouble on some file systems
SANDBOX = {
    False: "all functions of the C interface except the sandbox, whose functions return\n`IPG_ERR_UNSUPPORTED`",
    True: "all functions of the C interface, with the sandbox. Ship the\nlibrary of the release archive",
}


def put(source, target):
    """Puts a file into another place: a library as a hard link, any other file as a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    if source.suffix in {".a", ".dll"} or ".so" in source.name:
        os.link(source, target)
    else:
        shutil.copyfile(source, target)


def header_macro(tree, name):
    return re.search(rf'^#define {name} "?([^"\n]+)"?$', (tree / "include/iplaygames.h").read_text(), re.M)[1]


def template(name, target, values):
    """Writes a template of packaging/ with the values of its @NAMES@."""
    text = (ROOT / "packaging" / name).read_text(encoding="utf-8")
    target.write_text(re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text), encoding="utf-8")


# The targets of the engines, for Unreal with the name of its platform. Neither runs with musl, and
# Unity's player for Linux is for x86-64 only.
UNREAL = {
    "x86_64-unknown-linux-gnu": "Linux",
    "aarch64-unknown-linux-gnu": "LinuxArm64",
    "x86_64-pc-windows-gnu": "Win64",
}
UNITY = {"x86_64-unknown-linux-gnu", "x86_64-pc-windows-gnu"}


def is_windows(tree):
    return (tree / "bin/iplaygames.dll").exists()


def unreal(tree, platform):
    source, plugin = ROOT / "bindings/unreal", tree / "unreal/IPlayGames"
    put(source / "README.md", plugin / "README.md")
    for file in sorted(path for path in (source / "IPlayGames").rglob("*") if path.is_file()):
        put(file, plugin / file.relative_to(source / "IPlayGames"))
    library = plugin / "Source/ThirdParty/IPlayGamesLibrary"
    for header in sorted((tree / "include").iterdir()):
        put(header, library / "include" / header.name)
    if is_windows(tree):
        put(tree / "bin/iplaygames.dll", library / "lib" / platform / "iplaygames.dll")
        put(tree / "lib/iplaygames.lib", library / "lib" / platform / "iplaygames.lib")
        return
    # A game loads the library by its soname, so here it has no other name.
    soname = (tree / "lib/libiplaygames.so").readlink()
    put(tree / "lib" / soname, library / "lib" / platform / soname)


def system(library):
    """Returns the C library that a library needs, for a sentence."""
    version = elf.glibc(library)
    return f"glibc {elf.dotted(version)} or newer" if version else "musl 1.2 or newer"


def remove_row(document, first):
    """Removes the row of a table that begins with this cell."""
    lines = document.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"| {first} |")]
    if len(kept) != len(lines) - 1:
        raise SystemExit(f"{document} has no row for {first}, or several")
    document.write_text("".join(kept), encoding="utf-8")


def build_systems(tree, flavour):
    pc = (tree / "lib/pkgconfig/iplaygames.pc").read_text()
    native = re.search(r"^Libs\.private: (.*)$", pc, re.M)[1].split()
    values = {
        "VERSION": header_macro(tree, "IPG_VERSION_STRING"),
        "NATIVE_LIBS": ", ".join(f"'{argument}'" for argument in native),
        "LIBRARY": SANDBOX[flavour],
        "SYSTEM": "Windows 10 or newer" if is_windows(tree) else system(tree / "lib/libiplaygames.so"),
    }
    template("meson.build.in", tree / "meson.build", values)
    template("windows/ARCHIVE.md" if is_windows(tree) else "ARCHIVE.md", tree / "README.md", values)
    for engine in ["Unreal", "Unity"]:
        if not (tree / engine.lower()).exists():
            remove_row(tree / "README.md", engine)
    put(ROOT / "packaging/FetchContent.cmake", tree / "CMakeLists.txt")


def example(tree):
    put(ROOT / "packaging/example.cmake", tree / "example/CMakeLists.txt")
    put(ROOT / "tests/c/example.c", tree / "example/session.c")
    put(ROOT / "bindings/cpp/examples/session.cpp", tree / "example/session.cpp")


def remove_dead_links(tree):
    """Removes links to files of the repository that are not in the archive."""
    for document in [tree / "README.md", *(tree / "unreal").rglob("*.md"), *(tree / "unity").rglob("*.md")]:
        text = document.read_text(encoding="utf-8")
        shipped = links.without_links_to_missing_files(text, lambda file: (document.parent / file).exists())
        document.write_text(shipped, encoding="utf-8")


def files(tree):
    return sorted(path for path in tree.rglob("*") if path.is_symlink() or path.is_file())


def checksums(tree):
    lines = []
    for path in files(tree):
        if not path.is_symlink():
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n")
    (tree / "SHA256SUMS").write_text("".join(lines))


def age():
    """Returns the time of all files in an archive, in seconds."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", NINETEEN_EIGHTY))


def pack_zip(tree, archive):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in files(tree):
            entry = zipfile.ZipInfo(f"{tree.name}/{path.relative_to(tree).as_posix()}", time.gmtime(age())[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            # As made on Unix: a regular file that everyone may read.
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, path.read_bytes())


def pack_tar(tree, archive):

    def plain(entry):
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = age()
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        return entry

    with open(archive, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=age()) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in files(tree):
                tar.add(path, f"{tree.name}/{path.relative_to(tree)}", recursive=False, filter=plain)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--target", default="x86_64-unknown-linux-gnu")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    tree = given.folder.resolve()
    # Made anew, so that packing a tree again gives the same.
    for made in ["unreal", "unity", "example"]:
        shutil.rmtree(tree / made, ignore_errors=True)
    (tree / "SHA256SUMS").unlink(missing_ok=True)
    if given.target in UNREAL:
        unreal(tree, UNREAL[given.target])
    if given.target in UNITY:
        unity.package(tree, header_macro(tree, "IPG_VERSION_STRING"), put)
    build_systems(tree, given.development)
    if given.development:
        example(tree)
    remove_dead_links(tree)
    checksums(tree)
    if is_windows(tree):
        archive = tree.with_name(tree.name + ".zip")
        pack_zip(tree, archive)
    else:
        archive = tree.with_name(tree.name + ".tar.gz")
        pack_tar(tree, archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.with_name(archive.name + ".sha256").write_text(f"{digest}  {archive.name}\n")
    values = {"FOLDER": tree.name, "ARCHIVE": archive.name, "HASH": digest}
    template("iplaygames.wrap.in", tree.with_name(tree.name + ".wrap"), values)
    print(f"{archive}: {archive.stat().st_size} bytes")


main()
