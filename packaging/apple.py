#!/usr/bin/env python3
"""Lays out the packages for macOS and iOS from libraries that are built.

    packaging/apple.py macos --library DYLIB --static A --native FILE --licenses FILE --out FOLDER
    packaging/apple.py xcframework --slice NAME=A [--slice NAME=A ...] --licenses FILE --out FOLDER

`macos` makes a folder with the universal library, the static library, the headers and a CMake
package, and packs it; `--native` is the file with what a program with the static library links.
`xcframework` makes IPlayGames.xcframework of static libraries, and packs it;
the names of slices are the keys of SLICES. `make dist-macos` and `make dist-ios` build the
libraries. The layout needs no tool of Apple's, so tests/install/bundles.sh tests it everywhere.
"""

import argparse
import plistlib
import shutil
from pathlib import Path

import bundles

# The slices of the framework: platform, variant, architectures. Xcode chooses by them.
SLICES = {
    "ios-arm64": ("ios", None, ["arm64"]),
    "ios-arm64-simulator": ("ios", "simulator", ["arm64"]),
    "macos-arm64_x86_64": ("macos", None, ["arm64", "x86_64"]),
}
# Swift and Objective-C import the C interface as this module.
MODULE = """module IPlayGames {
    header "iplaygames.h"
    header "iplaygames_sandbox.h"
    export *
}
"""
CMAKE = """# The package for find_package(IPlayGames) on macOS: IPlayGames::shared and IPlayGames::static.
get_filename_component(_iplaygames "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET IPlayGames::shared)
    add_library(IPlayGames::shared SHARED IMPORTED)
    set_target_properties(IPlayGames::shared PROPERTIES
        IMPORTED_LOCATION "${_iplaygames}/lib/libiplaygames.dylib"
        IMPORTED_SONAME "@rpath/libiplaygames.dylib"
        INTERFACE_INCLUDE_DIRECTORIES "${_iplaygames}/include")
    add_library(IPlayGames::static STATIC IMPORTED)
    set_target_properties(IPlayGames::static PROPERTIES
        IMPORTED_LOCATION "${_iplaygames}/lib/libiplaygames.a"
        INTERFACE_INCLUDE_DIRECTORIES "${_iplaygames}/include"
        INTERFACE_LINK_LIBRARIES "@NATIVE_LIBS@")
    add_library(IPlayGames::iplaygames ALIAS IPlayGames::shared)
endif()
unset(_iplaygames)
"""


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def macos(given):
    """Makes the folder for macOS, and its archive."""
    out = fresh(given.out)
    (out / "lib/cmake/IPlayGames").mkdir(parents=True)
    shutil.copyfile(given.library, out / "lib/libiplaygames.dylib")
    shutil.copyfile(given.static, out / "lib/libiplaygames.a")
    native = " ".join(given.native.read_text(encoding="utf-8").split()).replace("-framework ", "-framework@")
    text = CMAKE.replace("@NATIVE_LIBS@", native.replace(" ", ";").replace("@", " "))
    (out / "lib/cmake/IPlayGames/IPlayGamesConfig.cmake").write_text(text, encoding="utf-8")
    bundles.put_headers(out / "include")
    bundles.put_licenses(out / "share/doc/iplaygames", given.licenses)
    bundles.zip_folder(out, out.with_name(out.name + ".zip"), prefix=f"{out.name}/")


def xcframework(given):
    """Makes the folder IPlayGames.xcframework, and its archive."""
    out = fresh(given.out)
    available = []
    for word in given.slice:
        name, _, library = word.partition("=")
        if name not in SLICES:
            raise SystemExit(f"The slice {name} is unknown. Known are {' '.join(SLICES)}.")
        platform, variant, architectures = SLICES[name]
        (out / name).mkdir()
        shutil.copyfile(library, out / name / "libiplaygames.a")
        bundles.put_headers(out / name / "Headers")
        (out / name / "Headers/module.modulemap").write_text(MODULE, encoding="utf-8")
        entry = {
            "BinaryPath": "libiplaygames.a",
            "HeadersPath": "Headers",
            "LibraryIdentifier": name,
            "LibraryPath": "libiplaygames.a",
            "SupportedArchitectures": architectures,
            "SupportedPlatform": platform,
        }
        if variant:
            entry["SupportedPlatformVariant"] = variant
        available.append(entry)
    information = {
        "AvailableLibraries": available,
        "CFBundlePackageType": "XFWK",
        "XCFrameworkFormatVersion": "1.0",
    }
    (out / "Info.plist").write_bytes(plistlib.dumps(information))
    bundles.put_licenses(out / "Licenses", given.licenses)
    bundles.zip_folder(out, out.with_name(f"{out.name}.zip"), prefix=f"{out.name}/")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for name, run in [("macos", macos), ("xcframework", xcframework)]:
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--licenses", type=Path, required=True)
        command.add_argument("--out", type=Path, required=True)
        if name == "macos":
            command.add_argument("--library", type=Path, required=True)
            command.add_argument("--static", type=Path, required=True)
            command.add_argument("--native", type=Path, required=True)
        else:
            command.add_argument("--slice", action="append", required=True)
    given = parser.parse_args()
    given.run(given)


main()
