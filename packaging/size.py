#!/usr/bin/env python3
"""Says which crates the bytes of a library are from.

    packaging/size.py UNSTRIPPED-LIBRARY STRIPPED-LIBRARY

Symbols are counted to the crate that their name begins with; one of a generic, such as a `Vec` of
ours, to the crate that wrote the generic. What has no symbol, such as texts and tables for
unwinding, is shown by section.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

# What is not Rust's: ring's assembler and C keep plain names.
PLAIN = re.compile(
    r"^(ring_core_|_?(aes|chacha|poly1305|sha\d|bn_|ecp_|p256|x25519|fiat|gcm|bsaes|vpaes|curve25519|k25519|k51)|GFp|LIMB)",
    re.I,
)
# v0 names of trait implementations begin with the type or the trait: <crate::Type as
# other::Trait>::name.
FIRST = re.compile(r"[<&*(\[]*(?:mut |const |dyn |impl )*([A-Za-z_][A-Za-z0-9_]*)(?:\[[0-9a-f]+\])?::")


def crate(name):
    if PLAIN.match(name):
        return "ring (assembler and C)"
    found = FIRST.match(name)
    if found:
        return found[1]
    return "no crate in the name"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    unstripped, stripped = sys.argv[1:]
    total = Path(stripped).stat().st_size
    sizes, seen = Counter(), set()
    for line in output("nm", "--demangle", "--defined-only", "--print-size", unstripped).splitlines():
        parts = line.split(" ", 3)
        # Without a size, or a second name of the same bytes; b is memory that is not in the file.
        if len(parts) < 4 or not re.fullmatch(r"[0-9a-f]+", parts[1]) or parts[0] in seen or parts[2] in "bB":
            continue
        seen.add(parts[0])
        sizes[crate(parts[3])] += int(parts[1], 16)
    if not sizes:
        raise SystemExit(f"{unstripped} has no symbols")

    def row(what, size):
        print(f"{size:>10,}  {100 * size / total:5.1f} %  {what}")

    print(f"{total:>10,}  100.0 %  {Path(stripped).name}, stripped\n\nby crate, where there is a symbol:")
    small = Counter({name: size for name, size in sizes.items() if size < total / 500})
    for name, size in (sizes - small).most_common():
        row(name, size)
    row(f"{len(small)} others, each below 0.2 %", sum(small.values()))
    print("\nby section of the file:")
    for name, size in re.findall(r"^(\.[\w.]+)\s+(\d+)\s+\d+$", output("size", "--format=sysv", stripped), re.M):
        if name not in {".bss", ".tbss"} and int(size) >= total / 500:
            row(name, int(size))


main()
