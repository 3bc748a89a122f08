#!/usr/bin/env python3
"""Reads DLLs and programs of Windows: exports, imports and the version.

    packaging/windows/pe.py exports FILE     the names of the exported functions, sorted
    packaging/windows/pe.py imports FILE     the names of the imported DLLs, sorted
    packaging/windows/pe.py check DLL [--limit BYTES] [--not-in TEXT]...
    packaging/windows/pe.py python DLL       checks the Python extension

`check` prints the exports, the imports, the version and the size. It fails if the exports are not
exactly the functions of the headers, if a DLL is imported that is no part of Windows, if the
version is not that of the header, if the linker's protections are off, if the file is larger than
the limit, or if it contains a text, such as the folder of the builder. `python` prints exports and
imports, and fails unless the extension exports its init function only and imports python3.dll and
parts of Windows. No command uses a tool of a compiler, so they run on every system.
"""

import argparse
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# Each is a part of Windows 10 and later. A DLL of a compiler, such as libgcc_s_seh-1.dll, is not.
SYSTEM = {
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "crypt32.dll",
    "kernel32.dll",
    "ktmw32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "oleaut32.dll",
    "user32.dll",
    "userenv.dll",
    "ws2_32.dll",
}
# What the API sets of Windows and of the C runtime are named.
API_SET = re.compile(r"api-ms-win-(core|crt)-[a-z0-9-]+\.dll")

# Bits of DllCharacteristics.
PROTECTIONS = {"high-entropy addresses": 0x20, "address randomisation": 0x40, "no execution of data": 0x100}


class Image:
    """A PE32+ file."""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        header = self.number(0x3C, "I")
        if self.data[:2] != b"MZ" or self.data[header : header + 4] != b"PE\0\0":
            raise SystemExit(f"{path} is not a file of Windows.")
        count, optional_size = self.number(header + 6, "H"), self.number(header + 20, "H")
        optional = header + 24
        if self.number(optional, "H") != 0x20B:
            raise SystemExit(f"{path} is not a 64-bit file.")
        self.characteristics = self.number(optional + 70, "H")
        self.directories = [
            struct.unpack_from("<II", self.data, optional + 112 + 8 * entry)
            for entry in range(self.number(optional + 108, "I"))
        ]
        # Virtual address, size in memory, place in the file.
        self.sections = []
        for section in range(count):
            place = optional + optional_size + 40 * section
            size, address, raw_size, raw = struct.unpack_from("<IIII", self.data, place + 8)
            self.sections.append((address, max(size, raw_size), raw))

    def number(self, place, kind):
        return struct.unpack_from("<" + kind, self.data, place)[0]

    def place(self, address):
        """Returns the place in the file of an address in memory."""
        for start, size, raw in self.sections:
            if start <= address < start + size:
                return address - start + raw
        raise SystemExit(f"No section has the address {address:#x}.")

    def text(self, address):
        start = self.place(address)
        return self.data[start : self.data.index(b"\0", start)].decode("ascii")

    def exports(self):
        """Returns the names of the exported functions, sorted."""
        address = self.directories[0][0]
        if not address:
            return []
        table = self.place(address)
        names = self.place(self.number(table + 32, "I"))
        return sorted(self.text(self.number(names + 4 * n, "I")) for n in range(self.number(table + 24, "I")))

    def imports(self):
        """Returns the names of the imported DLLs in lower case, sorted. Delayed imports count."""
        found = set()
        for directory, size, name in [(1, 20, 12), (13, 32, 4)]:
            if directory >= len(self.directories) or not self.directories[directory][0]:
                continue
            entry = self.place(self.directories[directory][0])
            while address := self.number(entry + name, "I"):
                found.add(self.text(address).lower())
                entry += size
        return sorted(found)

    def version(self):
        """Returns the file's version in the version resource, or None."""
        # The first member of VS_FIXEDFILEINFO.
        place = self.data.find(struct.pack("<II", 0xFEEF04BD, 0x00010000))
        if place < 0:
            return None
        high, low = struct.unpack_from("<II", self.data, place + 8)
        return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}"


def declared():
    """Returns the names of the functions in the headers, sorted."""
    text = "".join((ROOT / "include" / name).read_text() for name in ["iplaygames.h", "iplaygames_sandbox.h"])
    text = re.sub(r"^#if defined\(__ANDROID__\).*?^#endif", "", text, flags=re.M | re.S)
    return sorted(set(re.findall(r"\b(ipg_[a-z_]+)\(", re.sub(r"^ \*.*$", "", text, flags=re.M))))


def header_version():
    text = (ROOT / "include/iplaygames.h").read_text()
    return re.search(r'^#define IPG_VERSION_STRING "(.*)"$', text, re.M)[1]


def foreign(imports):
    """Returns a sentence for each DLL that is no part of Windows."""
    names = [name for name in imports if name not in SYSTEM and not API_SET.fullmatch(name)]
    return [f"imports {name}, which is not a part of Windows" for name in names]


def check_python(path):
    """Prints what an extension for Python contains. Returns what is wrong with it."""
    image = Image(path)
    exports, imports = image.exports(), image.imports()
    print(f"{path}: exports {' '.join(exports)}; imports {' '.join(imports)}")
    wrong = foreign([name for name in imports if name != "python3.dll"])
    if exports != ["PyInit__core"]:
        wrong.append("does not export PyInit__core only")
    if "python3.dll" not in imports:
        wrong.append("does not import python3.dll, the stable interface of each Python 3")
    return wrong


def check(path, limit, forbidden):
    """Prints what a library contains. Returns the sentences that say what is wrong with it."""
    image, wrong = Image(path), []
    exports, imports = image.exports(), image.imports()
    print(f"{path}: {len(image.data)} bytes{f', at most {limit}' if limit else ''}")
    print(f"  exports: {len(exports)} functions")
    print(f"  imports: {' '.join(imports)}")
    print(f"  version: {image.version()}")
    if exports != declared():
        wrong.append(f"exports and headers differ: {', '.join(sorted(set(exports) ^ set(declared())))}")
    wrong += foreign(imports)
    if image.version() != header_version():
        wrong.append(f"has the version {image.version()}, and the header has {header_version()}")
    for name, bit in PROTECTIONS.items():
        if not image.characteristics & bit:
            wrong.append(f"is linked without {name}")
    if limit and len(image.data) > limit:
        wrong.append(f"has {len(image.data)} bytes, more than {limit}")
    for text in forbidden:
        if text.encode() in image.data or text.encode("utf-16-le") in image.data:
            wrong.append(f"contains the text {text}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["exports", "imports", "check", "python"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--not-in", action="append", default=[], metavar="TEXT")
    given = parser.parse_args()
    if given.command in {"check", "python"}:
        wrong = check(given.file, given.limit, given.not_in) if given.command == "check" else check_python(given.file)
        for sentence in wrong:
            print(f"{given.file}: {sentence}", file=sys.stderr)
        return 1 if wrong else 0
    print("\n".join(getattr(Image(given.file), given.command)()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
