#!/usr/bin/env python3
"""Writes iplaygames.hpp, the single C++ header that ships, from the files in parts/.

    bindings/cpp/amalgamate.py           write bindings/cpp/iplaygames.hpp
    bindings/cpp/amalgamate.py --check   fail if that file differs from the parts
    --parts DIR --output FILE            other places, for tests

parts/all.hpp includes every part. Each part includes the parts that it needs, so that it compiles
on its own. The script writes a part after all parts that it includes; a cycle is an error. It
copies the first comment of all.hpp, the macros of config.hpp, one sorted list of the standard
headers, and from every other part the text inside the inline namespace.

`make header` runs this script; tests/header.rs and bindings/cpp/tests/run.sh run the check.
"""

import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE_PART = re.compile(r'^#include "([a-z_]+\.hpp)"$', re.MULTILINE)
INCLUDE_STANDARD = re.compile(r"^#include (<[a-z_]+>)$", re.MULTILINE)
OPEN = "namespace iplaygames {\ninline namespace IPLAYGAMES_NAMESPACE {\n"
CLOSE = "\n} // namespace IPLAYGAMES_NAMESPACE\n} // namespace iplaygames\n"
BANNER = "// Generated from bindings/cpp/parts by bindings/cpp/amalgamate.py. Do not edit.\n"
MAX_LINES = 400


def sort_parts(parts, root):
    """Returns the names of all parts that `root` includes, each after the parts that it
    includes."""
    order, path = [], []

    def visit(name):
        if name in path:
            raise SystemExit("parts include each other in a cycle: " + " -> ".join(path + [name]))
        if name in order:
            return
        if name not in parts:
            raise SystemExit(f"{path[-1]} includes {name}, which is not in the folder")
        path.append(name)
        for needed in INCLUDE_PART.findall(parts[name]):
            visit(needed)
        order.append(path.pop())

    visit(root)
    unused = sorted(set(parts) - set(order))
    if unused:
        raise SystemExit(f"{root} does not include {', '.join(unused)}")
    return order


def body(name, text):
    """Returns the text of a part inside the inline namespace."""
    if text.count(OPEN) != 1 or not text.endswith(CLOSE):
        raise SystemExit(f"{name} must open the namespace of config.hpp once and close it in its last lines")
    return text[text.index(OPEN) + len(OPEN) : -len(CLOSE)].strip("\n")


def heading(name):
    """Returns a comment line with the name of a part."""
    title = f"// ---- {name.removesuffix('.hpp')} "
    return title + "-" * (100 - len(title))


def amalgamate(folder):
    """Returns the text of the single header."""
    parts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.hpp"))}
    for name, text in parts.items():
        if text.count("\n") > MAX_LINES:
            raise SystemExit(f"{name} has {text.count(chr(10))} lines: split it, {MAX_LINES} are allowed")
    order = sort_parts(parts, "all.hpp")
    overview = parts["all.hpp"].split("#pragma once")[0]
    config = parts["config.hpp"].split("#pragma once\n", 1)[1].strip("\n")
    standard = sorted({header for name in order for header in INCLUDE_STANDARD.findall(parts[name])})
    out = [
        overview + BANNER + "#ifndef IPLAYGAMES_HPP\n#define IPLAYGAMES_HPP\n",
        config + "\n",
        "\n".join(f"#include {header}" for header in standard) + "\n",
        OPEN.rstrip("\n"),
    ]
    for name in order:
        if name not in ("all.hpp", "config.hpp"):
            out.append(f"{heading(name)}\n\n{body(name, parts[name])}\n")
    out.append(CLOSE.lstrip("\n") + "\n#endif // IPLAYGAMES_HPP\n")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--parts", type=pathlib.Path, default=HERE / "parts")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "iplaygames.hpp")
    options = parser.parse_args()
    made = amalgamate(options.parts)
    if not options.check:
        options.output.write_text(made, encoding="utf-8")
        return
    committed = options.output.read_text(encoding="utf-8") if options.output.exists() else ""
    if made != committed:
        made_lines, lines = made.split("\n"), committed.split("\n")
        pairs = zip(made_lines, lines)
        line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), min(len(made_lines), len(lines)) + 1)
        sys.exit(
            f"{options.output.name} differs from bindings/cpp/parts from line {line} on: "
            "run `make header` and commit the file"
        )


if __name__ == "__main__":
    main()
