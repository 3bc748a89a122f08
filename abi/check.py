#!/usr/bin/env python3
"""Compares the binary interface with the baseline that is committed, or writes a new baseline.

    abi/check.py check LIBRARY [HEADER-FOLDER [BASELINE-FOLDER]]
    abi/check.py update LIBRARY

LIBRARY has debug information (`make abi-check` builds it). The baseline has two parts:
libiplaygames.xml, what abidw says of the functions, and constants.txt, the headers' constants, of
which a library knows nothing. What is new is fine. What is gone or different is an error: programs
that are built would break.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FUNCTIONS, CONSTANTS = "libiplaygames.xml", "constants.txt"
# Their values are not part of the promise: they say which version it is, or how functions are
# declared.
NOT_PROMISED = re.compile(r"IPG_VERSION_\w+|IPG_API|IPG_MUST_USE")


def functions(library):
    """What abidw says, without the empty units and the names that change from build to build."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as out:
        options = ["--no-comp-dir-path", "--no-corpus-path", "--no-architecture", "--no-show-locs"]
        subprocess.run(
            ["abidw", *options, "--suppressions", HERE / "own.suppr", "--out-file", out.name, library], check=True
        )
        text = Path(out.name).read_text()
    text = re.sub(r" *<abi-instr [^>]*>\s*</abi-instr>\n", "", text)
    text = re.sub(r"(<abi-instr [^>]*path=')[^']*", r"\1src/lib.rs", text)
    if "<function-decl name='ipg_abi_version'" not in text:
        raise SystemExit(f"{library} has no debug information")
    return text


def constants(folder):
    found = {}
    for header in sorted(Path(folder).glob("*.h")):
        for name, value in re.findall(r"^ *# *define (IPG_\w+) (.+)$", header.read_text(), re.M):
            if not NOT_PROMISED.fullmatch(name):
                found[name] = value.strip()
    return found


def version(number):
    return f"{number >> 16}.{number & 0xFFFF}"


def check(library, headers=HERE.parent / "include", baseline=HERE):
    before = dict(line.split(" ", 1) for line in (Path(baseline) / CONSTANTS).read_text().splitlines())
    after = constants(headers)
    old, new = int(before.pop("IPG_ABI_VERSION")), int(after.pop("IPG_ABI_VERSION"))
    if old != new:
        raise SystemExit(f"the baseline is of ABI {version(old)}, the header of {version(new)}: run `make abi`")

    broken = [
        f"{name} was {value}, and is {after.get(name, 'gone')}"
        for name, value in before.items()
        if after.get(name) != value
    ]
    added = [name for name in after if name not in before]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / FUNCTIONS
        made.write_text(functions(library))
        pair = [Path(baseline) / FUNCTIONS, made]
        # Bit 2 of the status says "different"; without new functions, whatever differs is a break.
        done = subprocess.run(["abidiff", "--no-added-syms", *pair], capture_output=True, text=True)
        if done.returncode & 0b0011:
            raise SystemExit(f"abidiff failed:\n{done.stdout}{done.stderr}")
        if done.returncode:
            broken.append(done.stdout.strip())
        names = [set(re.findall(r"<elf-symbol name='(\w+)'", file.read_text())) for file in pair]
        added += sorted(names[1] - names[0])

    for name in added:
        print(f"new, and not in the baseline yet: {name}")
    if broken:
        raise SystemExit("\n".join(["this breaks programs that are built (docs/abi.md says what to do):", *broken]))
    print(f"ABI {version(old)}: as in the baseline, {len(added)} new")


def update(library):
    found = constants(HERE.parent / "include")
    (HERE / FUNCTIONS).write_text(functions(library))
    (HERE / CONSTANTS).write_text("".join(f"{name} {value}\n" for name, value in sorted(found.items())))
    print(f"the baseline in {HERE} is that of ABI {version(int(found['IPG_ABI_VERSION']))}")


def main():
    commands = {"check": check, "update": update}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


main()
