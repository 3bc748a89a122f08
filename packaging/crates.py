"""The crates that end up in a library: what the licences and the bill of materials are made from.

`linked(features)` asks cargo for the crates that are linked on the target (`target()`): no build
scripts, no procedural macros, no tests. Everything comes back sorted, so that the same Cargo.lock
gives the same files.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Crate:
    name: str
    version: str
    license: str  # SPDX expression
    folder: Path
    source: str | None  # None for this project itself
    checksum: str | None  # SHA-256 of the .crate file, from Cargo.lock
    needs: set = field(default_factory=set)  # (name, version)

    @property
    def key(self):
        return (self.name, self.version)

    @property
    def purl(self):
        # The Python package is on PyPI under another name.
        if self.name == "iplaygames-python":
            return f"pkg:pypi/iplaygames-native@{self.version}"
        return f"pkg:cargo/{self.name}@{self.version}"


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked", "--manifest-path", str(ROOT / "Cargo.toml")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def target():
    """Returns the target that cargo builds for: CARGO_BUILD_TARGET, or this machine."""
    given = os.environ.get("CARGO_BUILD_TARGET")
    if given:
        return given
    return re.search(r"^host: (\S+)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M)[1]


def checksums():
    found = {}
    for block in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        entry = dict(re.findall(r'^(\w+) = "([^"]*)"$', block, re.M))
        found[entry["name"], entry["version"]] = entry.get("checksum")
    return found


def linked(features):
    """The crates of a library built with these cargo feature arguments; the first is this
    project."""
    packages = {}
    for package in json.loads(cargo("metadata", "--format-version", "1"))["packages"]:
        packages[package["name"], package["version"]] = package
    sums = checksums()
    tree = cargo("tree", "--edges", "normal,no-proc-macro", "--target", target(), "--prefix", "depth", *features)
    crates, path = {}, []
    for line in tree.splitlines():
        if not line:
            break
        depth, name, version = re.match(r"(\d+)(\S+) v(\S+)", line).groups()
        key, depth = (name, version), int(depth)
        if key not in crates:
            package = packages[key]
            if not package["license"]:
                raise SystemExit(f"{name} {version} does not name its licence")
            crates[key] = Crate(
                name,
                version,
                " ".join(package["license"].replace("/", " OR ").split()),
                Path(package["manifest_path"]).parent,
                package["source"],
                sums.get(key),
            )
        del path[depth:]
        if path:
            crates[path[-1]].needs.add(key)
        path.append(key)
    root = next(iter(crates))
    return [crates[root]] + [crates[key] for key in sorted(crates) if key != root]
