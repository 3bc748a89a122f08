#!/usr/bin/env python3
"""Checks the workflows of GitHub: each `make` in a step names targets that the Makefile has.

check-jsonschema checks their form. Needs ruamel.yaml, which comes with check-jsonschema.
"""

import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent


def targets():
    """Returns the targets of the Makefile, from make's own database."""
    done = subprocess.run(["make", "-C", ROOT, "-npq", "help"], capture_output=True, text=True, check=False)
    return set(re.findall(r"^([a-z0-9_-]+):", done.stdout, re.M))


def main():
    known, wrong, seen = targets(), [], 0
    for file in sorted((ROOT / ".github/workflows").glob("*.yml")):
        for name, job in YAML(typ="safe").load(file)["jobs"].items():
            for step in job["steps"]:
                for words in re.findall(r"\bmake ([^&|;\n]+)", step.get("run", "")):
                    for word in words.split():
                        seen += 1
                        if "=" not in word and word not in known:
                            wrong.append(
                                f"{file.relative_to(ROOT)}: the job {name} runs make {word}, which the Makefile lacks."
                            )
    if not seen:
        wrong.append("No workflow runs make.")
    print("\n".join(wrong) or f"{seen} make targets in workflows exist")
    sys.exit(1 if wrong else 0)


main()
