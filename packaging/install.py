#!/usr/bin/env python3
"""Puts the built libraries, the headers and what tells build systems about them under a prefix.

    packaging/install.py --tree DIR --prefix DIR [--platform linux|windows] [--destdir DIR]
        [--libdir DIR] [--cmakedir DIR] [--uninstall]

`--tree` is what `make tree` or `make windows-tree` built. `--destdir` stands before every path that
is written and in no file. `--libdir` and `--cmakedir` lie under the prefix. `--uninstall` removes
the same files again, and the folders of ours that are empty then.
"""

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path, PurePosixPath

import links
from bundles import HEADERS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "LICENSE-MIT", "LICENSE-APACHE"]


def macro(name):
    text = (ROOT / "include/iplaygames.h").read_text()
    return re.search(rf'^#define {name} "?([^"\n]+)"?$', text, re.M)[1]


def under(prefix, folder, option):
    """A folder as it is called from the prefix: given so, or as an absolute path inside of it."""
    if not os.path.isabs(folder):
        inside = PurePosixPath(folder)
    else:
        inside = PurePosixPath(os.path.relpath(folder, prefix))
    if ".." in inside.parts:
        raise SystemExit(f"{option} {folder} is not under the prefix {prefix}: the installed tree could not be moved")
    return inside


def operations():
    """Returns the table of the API's operations as JSON, without what only the sandbox uses."""
    table = json.loads((ROOT / "src/api/operations.json").read_text(encoding="utf-8"))
    shipped = [{key: value for key, value in entry.items() if key != "example"} for entry in table]
    return "[\n" + ",\n".join(json.dumps(entry) for entry in shipped) + "\n]\n"


def up(folder):
    return "/".join([".."] * len(folder.parts))


class Layout:
    """Every file of an installed tree, by its path from the prefix, for Linux."""

    platform = "linux"
    tool = "iplaygames"
    # A thread of the host may still hold thread-local state of the library.
    static_options = "-Wl,-z,nodelete"

    def __init__(self, tree, prefix, libdir, cmakedir):
        lib = under(prefix, libdir, "LIBDIR")
        cmake = under(prefix, cmakedir, "CMAKEDIR") if cmakedir else lib / "cmake/IPlayGames"
        doc = PurePosixPath("share/doc/iplaygames")
        version = macro("IPG_VERSION_STRING")
        abi_major = int(macro("IPG_ABI_VERSION")) >> 16
        if int(macro("IPG_VERSION_MAJOR")) != abi_major:
            raise SystemExit(f"version {version} has another major number than the ABI, {abi_major}: see docs/abi.md")
        native = (tree / "native-static-libs").read_text().split()
        self.values = {
            "VERSION": version,
            "MAJOR": version.split(".")[0],
            "MINOR": version.split(".")[1],
            "LIBDIR": str(lib),
            "INCLUDEDIR": "include",
            "PC_TO_PREFIX": up(lib / "pkgconfig"),
            "CMAKE_TO_PREFIX": up(cmake),
            "PLATFORM": self.platform,
            "STATIC_OPTIONS": self.static_options,
            "STATIC_OPTIONS_CMAKE": self.static_options.replace("-Wl,", "LINKER:"),
            "SHARED_FILE": "",
            "SONAME": "",
            "NATIVE_LIBS": " ".join(native),
            "NATIVE_LIBS_CMAKE": ";".join(native),
        }
        self.copies = {lib / "libiplaygames.a": tree / "libiplaygames.a"}
        self.links = {}
        self.add_shared_library(tree, lib, version, abi_major)
        self.templates = {
            lib / "pkgconfig/iplaygames.pc": "iplaygames.pc.in",
            cmake / "IPlayGamesConfig.cmake": "IPlayGamesConfig.cmake.in",
            cmake / "IPlayGamesConfigVersion.cmake": "IPlayGamesConfigVersion.cmake.in",
        }
        for header in HEADERS:
            self.copies[PurePosixPath("include") / Path(header).name] = ROOT / header
        if (tree / self.tool).exists():
            self.copies[PurePosixPath("bin") / self.tool] = tree / self.tool
        for document in [*DOCUMENTS, *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").rglob("*.md"))]:
            self.copies[doc / document] = ROOT / document
        for generated in ["THIRD-PARTY-LICENSES.txt", "iplaygames.cdx.json"]:
            self.copies[doc / generated] = tree / generated
        self.operations = doc / "operations.json"

    def add_shared_library(self, tree, lib, version, abi_major):
        """Adds the shared library, its names and its symbols."""
        soname, real = f"libiplaygames.so.{abi_major}", f"libiplaygames.so.{version}"
        self.values |= {"SHARED_FILE": f"{lib}/{real}", "SONAME": soname}
        self.copies[lib / real] = tree / "libiplaygames.so"
        # Debuggers look for it beside the library, under the name in the library.
        self.copies[lib / "libiplaygames.so.debug"] = tree / "libiplaygames.so.debug"
        self.links = {lib / soname: real, lib / "libiplaygames.so": soname}

    def paths(self):
        return sorted([*self.copies, *self.links, *self.templates, self.operations])

    def document(self, path, source):
        """Returns the text of a document without links to files that are not installed."""
        shipped = {str(other) for other in self.paths()}
        text = source.read_text(encoding="utf-8")
        return links.without_links_to_missing_files(text, lambda file: os.path.normpath(path.parent / file) in shipped)

    def install(self, root):
        for path, source in self.copies.items():
            executable = path.parts[0] == "bin" or (".so" in path.name and path.suffix != ".debug")
            with fresh(root / path, 0o755 if executable else 0o644) as new:
                if path.suffix == ".md":
                    new.write_text(self.document(path, source), encoding="utf-8")
                else:
                    shutil.copyfile(source, new)
        with fresh(root / self.operations, 0o644) as new:
            new.write_text(operations(), encoding="utf-8")
        for path, source in self.templates.items():
            text = (ROOT / "packaging" / source).read_text()
            with fresh(root / path, 0o644) as new:
                new.write_text(re.sub(r"@([A-Z_]+)@", lambda name: self.values[name[1]], text))
        for path, target in self.links.items():
            with fresh(root / path) as new:
                new.symlink_to(target)

    def uninstall(self, root):
        for path in self.paths():
            (root / path).unlink(missing_ok=True)
        ours = {parent for path in self.paths() for parent in path.parents if "iplaygames" in str(parent).lower()}
        for folder in sorted(ours, key=lambda folder: len(folder.parts), reverse=True):
            if (root / folder).is_dir() and not any((root / folder).iterdir()):
                (root / folder).rmdir()


class WindowsLayout(Layout):
    """The same for Windows: the DLL lies in bin/, the import libraries for it in lib/."""

    platform = "windows"
    tool = "iplaygames.exe"
    # The library itself keeps its module from being unloaded.
    static_options = ""

    def add_shared_library(self, tree, lib, version, abi_major):
        """Adds the DLL, its symbols and its import libraries. A DLL has no version in its name."""
        self.values |= {"SHARED_FILE": "bin/iplaygames.dll"}
        for name in ["iplaygames.dll", "iplaygames.dll.debug"]:
            self.copies[PurePosixPath("bin") / name] = tree / name
        for name in ["iplaygames.lib", "libiplaygames.dll.a", "iplaygames.def"]:
            self.copies[lib / name] = tree / name


LAYOUTS = {layout.platform: layout for layout in [Layout, WindowsLayout]}


class fresh:
    """A file that takes its place in one step: a program that runs with the one before keeps it."""

    def __init__(self, place, mode=None):
        self.place, self.mode = place, mode
        self.new = place.with_name(f".{place.name}.new")

    def __enter__(self):
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.new.unlink(missing_ok=True)
        return self.new

    def __exit__(self, kind, *_):
        if kind is None:
            if self.mode is not None:
                self.new.chmod(self.mode)
            self.new.replace(self.place)
        else:
            self.new.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--platform", choices=sorted(LAYOUTS), default="linux")
    parser.add_argument("--destdir", default="")
    parser.add_argument("--libdir", default="lib")
    parser.add_argument("--cmakedir", default="")
    parser.add_argument("--uninstall", action="store_true")
    given = parser.parse_args()
    if given.platform == "linux" and not sys.platform.startswith("linux"):
        raise SystemExit("make install knows Linux only; elsewhere copy what `make lib` puts into dist/")
    if not os.path.isabs(given.prefix):
        raise SystemExit(f"PREFIX must be an absolute path, and is {given.prefix}")
    root = Path(given.destdir + given.prefix)
    layout = LAYOUTS[given.platform](given.tree, given.prefix, given.libdir, given.cmakedir)
    if given.uninstall:
        layout.uninstall(root)
    else:
        layout.install(root)
        print(f"{len(layout.paths())} files under {root}")


main()
