#!/usr/bin/env python3
"""Finds prose that is wider than 100 columns: comments, docstrings and Markdown.

The formatters check code. They do not check comments, and no formatter checks Markdown. `make lint`
runs this script on all files that git knows; with arguments it checks these files only.

Exempt are generated files, tables, code blocks and URLs: a line may be wider by its URLs.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

LIMIT = 100

# Each is written by a command of the Makefile.
GENERATED = {
    "abi/libiplaygames.xml",
    "bindings/cpp/iplaygames.hpp",
    "docs/public-api.txt",
    "docs/reliability.md",
    "include/iplaygames.h",
    "include/iplaygames_sandbox.h",
}

SLASHES = {".c", ".cpp", ".cs", ".h", ".hpp", ".js", ".rs"}
HASHES = {".awk", ".cmake", ".in", ".mk", ".py", ".pyi", ".sh", ".toml", ".yml"}
HASH_NAMES = {".clang-format", ".editorconfig", ".gitignore", "Doxyfile", "Makefile", "run"}
# An indented code block or a table in a comment.
CODE = re.compile(r"(///|//!|//|\*|--|#)(     | \|)")
# The begin or end of a code block in a doc comment.
FENCE = re.compile(r"(///|//!|\*) ```")
URL = re.compile(r"<?https?://[^\s)>\]]+>?")


def comments_with_slashes(lines):
    """Yields the numbers of the lines that begin with a comment or continue a block comment."""
    in_block = in_fence = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if in_block or text.startswith(("//", "/*")):
            is_fence = FENCE.match(text) is not None
            in_fence ^= is_fence
            if not (in_fence or is_fence or CODE.match(text)):
                yield number
        else:
            in_fence = False
        if not in_block and text.startswith("/*"):
            in_block = "*/" not in text[2:]
        elif in_block and "*/" in text:
            in_block = False


def comments_with_prefix(lines, prefix):
    """Yields the numbers of the lines that begin with `prefix`."""
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        if text.startswith(prefix) and not CODE.match(text):
            yield number


def help_texts(lines):
    """Yields the numbers of the Makefile's lines that `make help` prints."""
    for number, line in enumerate(lines, 1):
        if re.match(r"[a-z0-9-]+:.*## ", line):
            yield number


def docstrings(source):
    """Yields the numbers of the lines of Python docstrings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                string = node.body[0].value
                yield from range(string.lineno, string.end_lineno + 1)


def markdown(lines):
    """Yields the numbers of the lines of Markdown prose."""
    fence = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        marker = re.match(r"(`{3,}|~{3,})", text)
        if fence is not None:
            if marker and text == fence:
                fence = None
        elif marker:
            fence = marker[1]
        elif not text.startswith("|") and not re.match(r"(    |\t)[^-*\d]", line):
            yield number


def prose(path, source, lines):
    """Returns the numbers of the lines of a file that the limit applies to."""
    name, suffix = path.name, path.suffix
    if suffix == ".md":
        return set(markdown(lines))
    if suffix in SLASHES:
        return set(comments_with_slashes(lines))
    if suffix == ".lua":
        return set(comments_with_prefix(lines, "--"))
    if name == "Makefile":
        return {*comments_with_prefix(lines, "#"), *help_texts(lines)}
    if suffix in (".py", ".pyi"):
        return {*comments_with_prefix(lines, "#"), *docstrings(source)}
    if suffix in HASHES or name in HASH_NAMES:
        return set(comments_with_prefix(lines, "#"))
    return set()


def main():
    """Prints the lines that are too wide. Returns 1 if there are any."""
    names = sys.argv[1:]
    if not names:
        listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
        names = [name for name in listed.stdout.split("\0") if name and name not in GENERATED]
    found = 0
    for name in names:
        path = Path(name)
        try:
            source = path.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            continue
        lines = source.split("\n")
        for number in sorted(prose(path, source, lines)):
            line = lines[number - 1].expandtabs(4)
            if len(line) > LIMIT and len(URL.sub("", line)) > LIMIT:
                print(f"{name}:{number}: {len(line)} columns of prose; the limit is {LIMIT}")
                found += 1
    if found:
        print(f"{found} lines are too wide. Wrap them, in short sentences.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
