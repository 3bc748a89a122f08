#!/usr/bin/env python3
"""Prints what a shared library for Linux exports and needs, and compares it with the limits.

    packaging/elf.py LIBRARY --target TARGET [--slim] [--exports PREFIX]

LIMITS has what a library of each target may need. `--slim` also limits the size to that of what
ships in a game. `--exports` is the prefix of every exported symbol, ipg_ by default. `archive.py`
uses `glibc()`. Needs readelf, which reads files of every architecture.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Limits:
    slim: int  # bytes of the slim library
    needed: set  # the libraries of the system that it may need


# The unwinder is the system's, so that the exceptions of a C++ program find it. With musl it is
# zig's, inside the library.
GLIBC = {"libgcc_s.so.1", "libc.so.6", "libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1", "libutil.so.1"}
LIMITS = {
    "x86_64-unknown-linux-gnu": Limits(3_000_000, GLIBC | {"ld-linux-x86-64.so.2"}),
    "aarch64-unknown-linux-gnu": Limits(3_000_000, GLIBC | {"ld-linux-aarch64.so.1"}),
    "x86_64-unknown-linux-musl": Limits(3_100_000, {"libc.so", "libc.musl-x86_64.so.1"}),
    "aarch64-unknown-linux-musl": Limits(3_100_000, {"libc.so", "libc.musl-aarch64.so.1"}),
}
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout


def machine(library):
    return re.search(r"^ *Machine: *(.+)$", readelf("-h", library), re.M)[1]


def glibc_limit():
    """Returns the oldest glibc that the libraries may ask for, from packaging/cross/zig.sh."""
    text = (ROOT / "packaging/cross/zig.sh").read_text(encoding="utf-8")
    return version(re.search(r"^glibc=([\d.]+)$", text, re.M)[1])


def version(text):
    return tuple(int(part) for part in text.split("."))


def glibc(library):
    """Returns the newest version of glibc whose symbols a library needs, or None."""
    found = re.findall(r"Name: GLIBC_([\d.]+)", readelf("--version-info", library))
    return max(map(version, found), default=None)


def symbols(library):
    """Yields the section and the name of each symbol of the dynamic table."""
    for line in readelf("--dyn-syms", library).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[0].rstrip(":").isdigit():
            yield fields[6], fields[7].split("@")[0]


def declared():
    """Returns the functions of the headers, without those that only Android has."""
    names = set()
    for header in ["iplaygames.h", "iplaygames_sandbox.h"]:
        text = (ROOT / "include" / header).read_text(encoding="utf-8")
        text = re.sub(r"^#if defined\(__ANDROID__\)$.*?^#endif", "", text, flags=re.M | re.S)
        code = "\n".join(line for line in text.splitlines() if not line.startswith(" *"))
        names.update(re.findall(r"\b(ipg_[a-z_]+)\(", code))
    return names


def problems(library, target, slim, prefix):
    """Prints the facts of a library, and returns what is wrong with them."""
    limits, wrong = LIMITS[target], []
    dynamic = readelf("-d", library)
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    exports = {name for section, name in symbols(library) if section != "UND"}
    size = library.stat().st_size
    newest = glibc(library)
    print(f"{target}: {library}")
    print(f"  size: {size:,} bytes" + (f", at most {limits.slim:,}" if slim else ""))
    print(f"  exports: {len(exports)} symbols")
    print(f"  needs: {' '.join(sorted(needed))}")

    if machine(library) != MACHINES[target.split("-")[0]]:
        wrong.append(f"The library is for {machine(library)}.")
    if slim and size > limits.slim:
        wrong.append(f"The library has {size:,} bytes, more than {limits.slim:,}.")
    if needed - limits.needed:
        wrong.append(f"The library needs {' '.join(sorted(needed - limits.needed))}.")
    if prefix == "ipg_":
        if exports != declared():
            wrong.append(f"The exports and the headers differ in {' '.join(sorted(exports ^ declared()))}.")
        if target.endswith("-gnu") and "libgcc_s.so.1" not in needed:
            wrong.append("The library contains an unwinder of its own: it does not need libgcc_s.so.1.")
        if "NODELETE" not in dynamic:
            wrong.append("The library can be unloaded: it lacks the flag NODELETE.")
    elif foreign := sorted(name for name in exports if not name.startswith(prefix)):
        wrong.append(f"The library exports {' '.join(foreign)}.")
    if target.endswith("-gnu"):
        limit = glibc_limit()
        print(f"  glibc: {dotted(newest)}, at most {dotted(limit)}")
        if newest is None or newest > limit:
            wrong.append(f"The library needs glibc {dotted(newest)}, newer than {dotted(limit)}.")
    elif newest is not None:
        wrong.append(f"The library needs glibc {dotted(newest)}, and is for musl.")
    return wrong


def dotted(parts):
    return ".".join(map(str, parts)) if parts else "none"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("--target", required=True, choices=LIMITS)
    parser.add_argument("--slim", action="store_true")
    parser.add_argument("--exports", default="ipg_")
    given = parser.parse_args()
    wrong = problems(given.library, given.target, given.slim, given.exports)
    for sentence in wrong:
        print(f"{given.library}: {sentence}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
