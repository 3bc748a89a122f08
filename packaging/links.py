"""The relative links of Markdown texts. .ci/dead_links.py finds dead ones, install.py removes them.

`relative_links(text)` finds links outside code. `without_links_to_missing_files(text, exists)`
keeps the text of a link and drops its target where the target is not shipped.
"""

import re

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.M)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.S)
# An inline link or image. Its text may contain code, and an image of its own.
LINK = re.compile(r"!?\[((?:!\[[^\]]*\]\([^)]*\)|[^\[\]])*)\]\(<?([^)\s>]*)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^ {0,3}\[([^\]]+)\]:\s+<?(\S+?)>?\s*$", re.M)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)


def blank(text):
    """Returns the text with code blocks and code spans overwritten by blanks of the same length."""
    out, fence = [], None
    for line in text.split("\n"):
        marker = FENCE.match(line)
        if fence is not None:
            if marker and line.strip().startswith(fence) and line.strip().strip(fence[0]) == "":
                fence = None
            line = " " * len(line)
        elif marker:
            fence = marker[1]
            line = " " * len(line)
        out.append(line)
    return CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), "\n".join(out))


def relative_links(text):
    """Returns the offset and the target of each link to a file or a heading, in order."""
    blanked = blank(text)
    found = []
    for pattern in (LINK, REFERENCE):
        for match in pattern.finditer(blanked):
            target = match[2]
            if target and not SCHEME.match(target):
                found.append((match.start(), target))
    return sorted(found)


def headings(text):
    """Returns the anchors of the headings, as GitHub makes them."""
    anchors, blanked = set(), blank(text).split("\n")
    for line, visible in zip(text.split("\n"), blanked, strict=True):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading and visible.startswith("#"):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            number, unique = 0, anchor
            while unique in anchors:
                number += 1
                unique = f"{anchor}-{number}"
            anchors.add(unique)
    return anchors


def without_links_to_missing_files(text, exists):
    """Returns the text with the links removed whose file `exists` does not know. Their texts
    stay."""
    blanked = blank(text)
    out, end = [], 0
    for match in LINK.finditer(blanked):
        file = match[2].partition("#")[0]
        if file and not SCHEME.match(file) and not exists(file):
            out += [text[end : match.start()], text[match.start(1) : match.end(1)]]
            end = match.end()
    return "".join(out) + text[end:]
