#!/usr/bin/env python3
"""Checks what is inside the wheel and the source distribution of the Python package.

    packaging/check_wheel.py WHEEL SDIST

Prints each defect, and fails if there is one. Then damages copies of the wheel and fails if a
damage is not found. twine, check-wheel-contents, abi3audit and auditwheel check the rest (`make
check-wheel`).
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import crates

ROOT = Path(__file__).resolve().parent.parent
LICENSES = ["LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt"]
# The fields that PyPI shows. There is no URL yet: add `Project-URL` when there is one.
FIELDS = ["Author", "Classifier", "Description-Content-Type", "Keywords", "License-Expression", "Summary"]


def builder_paths():
    """Returns the folders of this machine that must not be in a wheel."""
    home = Path.home()
    cargo = Path(os.environ.get("CARGO_HOME", home / ".cargo"))
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    folders = {ROOT, cargo, cargo.resolve(), Path(sysroot), Path(sysroot).parent, Path(target), home}
    # A home such as `/` would be found in each file.
    return sorted(f"{folder}/" for folder in folders if len(folder.parts) > 1)


def read_wheel(path):
    """Returns the files of a wheel, name to content."""
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def defects_of_wheel(files, linked):
    """Yields what is wrong with a wheel. `linked` are the crates inside, without the package."""
    (info,) = {name.split("/")[0] for name in files if ".dist-info/" in name}
    metadata = Parser().parsestr(files[f"{info}/METADATA"].decode())
    for field in FIELDS:
        if not metadata[field]:
            yield f"METADATA has no {field}"
    if metadata.get_all("License-File") != LICENSES:
        yield f"METADATA names the licence files {metadata.get_all('License-File')}, not {LICENSES}"
    for name in LICENSES:
        if len(files.get(f"{info}/licenses/{name}", b"")) < 500:
            yield f"the licence file {name} is missing or empty"
    notices = files.get(f"{info}/licenses/THIRD-PARTY-LICENSES.txt", b"").decode()
    bill = json.loads(files.get(f"{info}/sboms/iplaygames-native.cdx.json", b'{"components": []}'))
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    for crate in linked:
        if crate.source and f"    {crate.name} {crate.version}: " not in notices:
            yield f"THIRD-PARTY-LICENSES.txt does not name {crate.name} {crate.version}"
        if crate.key not in listed:
            yield f"the bill of materials does not list {crate.name} {crate.version}"
    for name, version in sorted(listed - {crate.key for crate in linked}):
        yield f"the bill of materials lists {name} {version}, which is not in the wheel"
    if [name for name in files if "/sboms/" in name] != [f"{info}/sboms/iplaygames-native.cdx.json"]:
        yield "the wheel has a bill of materials of the build tool"
    if "iplaygames_native/py.typed" not in files:
        yield "py.typed is missing: type checkers would ignore the types"
    for name, content in files.items():
        for folder in builder_paths():
            if folder.encode() in content:
                yield f"{name} contains the path {folder} of this machine"
        if name.endswith(".so") and b"_panic_for_tests" in content:
            yield f"{name} contains the functions for tests: build without the feature test-hooks"


def defects_of_sdist(path):
    """Yields what is wrong with a source distribution."""
    with tarfile.open(path) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames()}
    for name in [*LICENSES, "PKG-INFO", "Cargo.lock", "pyproject.toml"]:
        if name not in names:
            yield f"the source distribution has no {name}"
    for name in sorted(names):
        if re.search(r"(^|/)(target|dist|\.git|__pycache__|venv)/|\.so$", name):
            yield f"the source distribution contains {name}"


def damages(files):
    """Yields damaged copies of a wheel, each with a text that must be in a defect."""
    (info,) = {name.split("/")[0] for name in files if ".dist-info/" in name}
    library = next(name for name in files if name.endswith(".so"))
    metadata = files[f"{info}/METADATA"]
    bill = json.loads(files[f"{info}/sboms/iplaygames-native.cdx.json"])
    extra = {**bill, "components": [*bill["components"], {"name": "cc", "version": "1.0"}]}
    yield files | {library: files[library] + f"{ROOT}/src/lib.rs".encode()}, "of this machine"
    yield files | {library: files[library] + b"_panic_for_tests"}, "test-hooks"
    yield files | {f"{info}/licenses/THIRD-PARTY-LICENSES.txt": b""}, "is missing or empty"
    yield files | {f"{info}/METADATA": re.sub(rb"License-File: T.*\n", b"", metadata)}, "licence files"
    yield files | {f"{info}/METADATA": re.sub(rb"Classifier: .*\n", b"", metadata)}, "no Classifier"
    yield files | {f"{info}/sboms/iplaygames-native.cdx.json": json.dumps(extra).encode()}, "lists cc 1.0"
    yield files | {f"{info}/sboms/rust.cyclonedx.json": b"{}"}, "of the build tool"
    yield {name: files[name] for name in files if not name.endswith("py.typed")}, "py.typed"


def main():
    wheel, sdist = sys.argv[1:]
    linked = crates.linked(["--package", "iplaygames-python"])[1:]
    files = read_wheel(wheel)
    defects = [*defects_of_wheel(files, linked), *defects_of_sdist(sdist)]
    passed = 0
    for damaged, expected in damages(files):
        if any(expected in defect for defect in defects_of_wheel(damaged, linked)):
            passed += 1
        else:
            defects.append(f"a damaged wheel has no defect with the text {expected!r}")
    for defect in defects:
        print(f"{Path(wheel).name}: {defect}", file=sys.stderr)
    print(f"{passed + (not defects)} passed, {len(defects)} failed")
    sys.exit(1 if defects else 0)


main()
