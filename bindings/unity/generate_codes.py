#!/usr/bin/env python3
"""Writes the enum Code of IPlayGames.cs from the list of result codes in src/codes.rs.

    bindings/unity/generate_codes.py           write the enum
    bindings/unity/generate_codes.py --check   fail if the enum differs from the list
    --file FILE                                another C# file, for tests

The script replaces the lines between the two comments that contain "generated codes". `make header`
runs it; tests/header.rs runs the check and compares the enum with the list in Rust.
"""

import argparse
import pathlib
import re
import sys
import textwrap
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r'^ +(\d+) +[A-Z_]+ +"IPG_(?:ERR_)?([A-Z_]+)" +"(.*)";$', re.MULTILINE)
BEGIN = "        // Begin of the generated codes: bindings/unity/generate_codes.py writes them. Do not edit.\n"
END = "        // End of the generated codes.\n"


def csharp_name(name):
    """Returns the C# name of a code: NotFound for NOT_FOUND."""
    return "".join(word.capitalize() for word in name.split("_"))


def enum_lines(source):
    """Returns the lines of the enum for the rows of src/codes.rs."""
    rows = ROW.findall(source)
    if not rows:
        raise SystemExit("src/codes.rs has no list of codes that this script can read")
    lines = []
    for value, name, text in rows:
        summary = textwrap.wrap(f"<summary>{escape(text)}</summary>", 88, break_on_hyphens=False)
        lines.extend(f"        /// {line}\n" for line in summary)
        lines.append(f"        {csharp_name(name)} = {value},\n")
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--file", type=pathlib.Path, default=HERE / "IPlayGames.cs")
    options = parser.parse_args()
    codes = enum_lines((HERE / "../../src/codes.rs").read_text(encoding="utf-8"))
    text = options.file.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{options.file.name} must contain the two comments on generated codes once each")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if not options.check:
        options.file.write_text(text[:begin] + codes + text[end:], encoding="utf-8")
    elif text[begin:end] != codes:
        sys.exit(f"the enum Code of {options.file.name} differs from src/codes.rs: run `make header` and commit it")


if __name__ == "__main__":
    main()
