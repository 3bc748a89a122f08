#!/usr/bin/env python3
"""Finds dead relative links in Markdown files: the file or the heading does not exist.

`make lint` runs this script on all Markdown files that git knows. With a folder as argument it
checks the files in this folder, such as an unpacked archive; a link out of the folder is dead.
"""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packaging"))

import links  # noqa: E402


def dead(path, folder, known):
    """Yields the line and a sentence for each dead link of a file."""
    text = path.read_text(encoding="utf-8")
    for offset, target in links.relative_links(text):
        line = text.count("\n", 0, offset) + 1
        file, _, anchor = unquote(target).partition("#")
        linked = (path.parent / file).resolve() if file else path
        if not linked.is_relative_to(folder):
            yield line, f"the link to {target} leaves the folder {folder.name}"
        elif linked not in known:
            yield line, f"the link to {target} leads to no file"
        elif anchor and linked.suffix == ".md" and anchor not in links.headings(linked.read_text(encoding="utf-8")):
            yield line, f"the link to {target} leads to no heading"


def main():
    """Prints the dead links. Returns 1 if there are any, or if there is no Markdown file."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1]).resolve()
        files = [path for path in folder.rglob("*") if path.is_file()]
    else:
        folder = ROOT
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        files = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    # A link may lead to a folder.
    known = {path.resolve() for path in files} | {parent for path in files for parent in path.resolve().parents}
    documents = sorted(path for path in files if path.suffix == ".md")
    if not documents:
        print(f"There is no Markdown file in {folder}. Name a folder that has one.", file=sys.stderr)
        return 1
    found = 0
    for path in documents:
        for line, sentence in dead(path.resolve(), folder, known):
            print(f"{path.relative_to(folder)}:{line}: {sentence}")
            found += 1
    if found:
        print(f"{found} links are dead. Correct the paths.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
