#!/usr/bin/env python3
"""Writes the licences of everything that is inside the library, with each text once.

    packaging/licenses.py [cargo arguments that select features] > THIRD-PARTY-LICENSES.txt
    packaging/licenses.py --package iplaygames-python > THIRD-PARTY-LICENSES.txt

Fails on a licence that nobody has looked at yet, and on a crate that ships no text of its own where
the text asks to be passed on.
"""

import html
import re
import subprocess
import sys
from pathlib import Path

import crates

# Licences that allow shipping inside closed products, with their text passed on.
ACCEPTED = {
    "0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CDLA-Permissive-2.0",
    "ISC", "LLVM-exception", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
}  # fmt: skip
NAMES = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.I)


def texts(crate):
    """The licence files of a crate, name to text."""
    found = {}
    for file in sorted(crate.folder.rglob("*")):
        inside = file.relative_to(crate.folder)
        # Deeper than two folders lie test data and other projects' parts.
        if (
            len(inside.parts) <= 3
            and NAMES.match(file.name)
            and file.is_file()
            and file.suffix not in {".rs", ".py", ".toml"}
        ):
            found[str(inside)] = file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
    return found


def standard_library():
    """The notices of Rust's standard library, which is in every library that Rust makes."""
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    page = Path(sysroot) / "share/doc/rust/COPYRIGHT-library.html"
    version = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    if not page.is_file():
        return version, "This toolchain came without the file: see https://github.com/rust-lang/rust, COPYRIGHT."
    text = re.sub(r"<(style|head)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.S)
    text = html.unescape(re.sub(r"<[^>]+>", "", text))
    return version, re.sub(r"\n\s*\n\s*\n+", "\n\n", text).strip("\n")


def main():
    library, *linked = crates.linked(sys.argv[1:])
    # The crates of this repository have the project's own licence.
    linked = [crate for crate in linked if crate.source]
    by_text, missing = {}, []
    for crate in linked:
        unknown = set(re.findall(r"[A-Za-z0-9.-]+", crate.license)) - ACCEPTED - {"AND", "OR", "WITH"}
        if unknown:
            raise SystemExit(
                f"{crate.name} {crate.version} is under {crate.license}: read it, then add it to {__file__}"
            )
        found = texts(crate)
        if not found:
            missing.append(crate)
        for name, text in found.items():
            by_text.setdefault(text, []).append(f"{crate.name} {crate.version} ({name})")

    rule = "=" * 100
    version, standard = standard_library()
    name = {"iplaygames": "libiplaygames", "iplaygames-python": "The module iplaygames_native._core"}[library.name]
    print(f"{name} contains Rust's standard library {version} and these {len(linked)} crates:\n")
    for crate in linked:
        print(f"    {crate.name} {crate.version}: {crate.license}")
    for crate in missing:
        print(f"\n{crate.name} {crate.version} ships no licence file; it is offered under {crate.license}.")
    for text, users in sorted(by_text.items(), key=lambda entry: entry[1]):
        print(f"\n{rule}\n" + "\n".join(users) + f"\n{rule}\n\n{text}")
    print(f"\n{rule}\nRust's standard library {version}\n{rule}\n\n{standard}")


main()
