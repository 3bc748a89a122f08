#!/usr/bin/env python3
"""Writes the result codes of the bindings from the list of result codes in src/codes.rs.

    bindings/generate_codes.py                 write all files
    bindings/generate_codes.py --check         fail if a file differs from the list
    --only NAME --file FILE                    one target (csharp, cpp, python) in another file, for tests

The targets are the enum Code of IPlayGames.cs, a message of the C++ parts, and _codes.py of the Python
package. The script replaces the lines between the two comments that contain "generated codes".
`make header` runs it, `make lint` and tests/header.rs run the check.
"""

import argparse
import pathlib
import re
import sys
import textwrap
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r'^ +(\d+) +([A-Z_]+) +"(IPG_[A-Z_]+)" +"(.*)";$', re.MULTILINE)
BEGIN = "{} Begin of the generated codes: bindings/generate_codes.py writes them. Do not edit.\n"
END = "{} End of the generated codes.\n"


def csharp_lines(rows):
    """Returns the members of the enum Code, such as NotFound for NOT_FOUND."""
    lines = []
    for value, constant, _, text in rows:
        summary = textwrap.wrap(f"<summary>{escape(text)}</summary>", 88, break_on_hyphens=False)
        lines.extend(f"        /// {line}\n" for line in summary)
        name = "".join(word.capitalize() for word in constant.split("_"))
        lines.append(f"        {name} = {value},\n")
    return "".join(lines)


def cpp_lines(rows):
    """Returns the messages of C++ that are texts of the list."""
    return "".join(
        f'    case {name}:\n        return make_error(code, "{text}");\n'
        for _, constant, name, text in rows
        if constant == "SHUT_DOWN"
    )


def python_lines(rows):
    """Returns a constant for each code, and the names of the codes."""
    lines = []
    for value, constant, _, text in rows:
        lines.extend(f"# {line}\n" for line in textwrap.wrap(text, 90, break_on_hyphens=False))
        lines.append(f"{constant} = {value}\n")
    lines.append("\nNAMES = {\n")
    lines.extend(f'    {constant}: "{name}",\n' for _, constant, name, _ in rows)
    lines.append("}\n")
    return "".join(lines)


# The file of each target, the beginning of its comments, and the function that returns its lines.
TARGETS = {
    "csharp": ("unity/IPlayGames.cs", "        //", csharp_lines),
    "cpp": ("cpp/parts/native.hpp", "    //", cpp_lines),
    "python": ("python/python/iplaygames_native/_codes.py", "#", python_lines),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--only", choices=TARGETS, help="one target")
    parser.add_argument("--file", type=pathlib.Path, help="another file for the one target")
    options = parser.parse_args()
    if options.file and not options.only:
        parser.error("--file needs --only")
    rows = ROW.findall((HERE / "../src/codes.rs").read_text(encoding="utf-8"))
    if not rows:
        raise SystemExit("src/codes.rs has no list of codes that this script can read")
    for target in [options.only] if options.only else TARGETS:
        path, comment, lines = TARGETS[target]
        file = options.file or HERE / path
        text = file.read_text(encoding="utf-8")
        begin, end = BEGIN.format(comment), END.format(comment)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise SystemExit(f"{file.name} must contain the two comments on generated codes once each")
        start, stop = text.index(begin) + len(begin), text.index(end)
        if not options.check:
            file.write_text(text[:start] + lines(rows) + text[stop:], encoding="utf-8")
        elif text[start:stop] != lines(rows):
            sys.exit(f"the codes of {file.name} differ from src/codes.rs: run `make header` and commit it")


if __name__ == "__main__":
    main()
