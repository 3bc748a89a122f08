#!/usr/bin/env python3
"""Makes the static library for mingw that ships from the one that rustc makes.

    packaging/windows/static.py RUSTC-ARCHIVE OUT-ARCHIVE

It does for Windows what packaging/static.sh does elsewhere: all objects become one, in which only
the functions of the headers are global. The members that import functions from DLLs stay as they
are, because a linker builds its import tables from separate members. LD, OBJCOPY, AR and NM name
the binutils of mingw.
"""

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pe

# The linker would want to fill in this symbol, which the C runtime of the program defines.
TLS, PLACEHOLDER = "_tls_used", "ipg_placeholder_tls_used"


def tool(name, *arguments):
    command = [os.environ.get(name, f"x86_64-w64-mingw32-{name.lower()}"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:6])} … failed:\n{done.stderr}")
    return done.stdout


def members(path):
    """Yields the name and the bytes of each object of an archive."""
    data = path.read_bytes()
    place, long_names = 8, b""
    while place < len(data):
        name, size = data[place : place + 16].rstrip().decode(), int(data[place + 48 : place + 58])
        content = data[place + 60 : place + 60 + size]
        if name == "//":
            long_names = content
        # The other one without a name is the symbol table.
        elif name != "/":
            if name[0] == "/":
                start = int(name[1:])
                name = long_names[start : long_names.index(b"/\n", start)].decode()
            yield name.rstrip("/"), content
        place += 60 + size + size % 2


def is_import(member):
    """Returns whether an object is a part of an import table."""
    machine, sections = struct.unpack_from("<HH", member)
    # A short import has no sections. It begins with 0 and 0xFFFF.
    if (machine, sections) == (0, 0xFFFF):
        return True
    optional = struct.unpack_from("<H", member, 16)[0]
    names = (member[20 + optional + 40 * n : 28 + optional + 40 * n] for n in range(sections))
    return any(name.startswith(b".idata$") for name in names)


def main():
    source, target = map(Path, sys.argv[1:])
    functions = pe.declared()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        objects, imports = [], []
        for number, (name, member) in enumerate(members(source)):
            # Linkers sort the parts of an import table by the names of the members, so these stay.
            # Several members may have one name.
            file = work / str(number) / name
            file.parent.mkdir()
            file.write_bytes(member)
            (imports if is_import(member) else objects).append(file)
        for name, files in [("objects", objects), ("imports", imports)]:
            (work / name).write_text("\n".join(map(str, files)))
            tool("AR", "rcsD", work / f"{name}.a", f"@{work / name}")
        tool("OBJCOPY", "--redefine-sym", f"{TLS}={PLACEHOLDER}", work / "objects.a")
        # Without --gc-sections: it would leave entries of the unwind table without their functions.
        roots = [argument for function in functions for argument in ("-u", function)]
        whole, single = work / "whole.o", work / "iplaygames.o"
        tool("LD", "-r", "--oformat", "pe-x86-64", *roots, work / "objects.a", "-o", whole)
        tool(
            "OBJCOPY",
            *("--redefine-sym", f"{PLACEHOLDER}={TLS}", "--wildcard", "--keep-global-symbol=ipg_*"),
            *("--remove-section=.llvmbc", "--remove-section=.llvmcmd", "--strip-debug", "--strip-unneeded"),
            *(whole, single),
        )
        defined = sorted(line.split()[-1] for line in tool("NM", "-g", "--defined-only", single).splitlines() if line)
        if defined != functions:
            different = ", ".join(sorted(set(defined) ^ set(functions)))
            raise SystemExit(f"The static library and the headers differ: {different}.")
        (work / "all").write_text("\n".join(map(str, [single, *imports])))
        tool("AR", "rcsD", work / "all.a", f"@{work / 'all'}")
        target.unlink(missing_ok=True)
        target.write_bytes((work / "all.a").read_bytes())


main()
