"""What stands in the documents, run."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import iplaygames_native
from iplaygames_native import Sandbox

HERE = Path(__file__).parent.parent
ROOT = HERE.parent.parent
SNIPPETS = {
    f"{path.relative_to(ROOT)}:{number}": snippet
    for path in (HERE / "README.md", ROOT / "README.md")
    for number, snippet in enumerate(re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL))
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs(name: str, ran: Callable[..., str], iplaygames_sandbox: Sandbox) -> None:
    # A reader's key is the sandbox's here, and the service is the sandbox.
    snippet = SNIPPETS[name].replace('api_key="…"', f"api_key={iplaygames_sandbox.api_key!r}")
    ran(snippet, env={"IPLAYGAMES_BASE_URL": iplaygames_sandbox.base_url})


def test_the_package_s_own_example_runs(ran: Callable[..., str], iplaygames_sandbox: Sandbox) -> None:
    script = (iplaygames_native.__doc__ or "").split("\n\n", 1)[1].split("\n\n`AsyncClient`")[0]
    script = script.replace('api_key="…"', f"api_key={iplaygames_sandbox.api_key!r}")
    assert "send the player to" in ran(script, env={"IPLAYGAMES_BASE_URL": iplaygames_sandbox.base_url})


def test_the_example_runs(ran: Callable[..., str]) -> None:
    assert "checked again: closed" in ran((HERE / "examples/session.py").read_text("utf-8"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads TOML with the standard library")
def test_the_two_project_files_tell_the_same() -> None:
    if sys.version_info >= (3, 11):
        from tomllib import loads

        inner, outer = (loads((folder / "pyproject.toml").read_text("utf-8")) for folder in (HERE, ROOT))
        assert inner["build-system"] == outer["build-system"]
        # The licences lie at the root.
        licences = {"license-files": outer["project"]["license-files"]}
        assert inner["project"] | licences == outer["project"]
        cargo = loads((ROOT / "Cargo.toml").read_text("utf-8"))
        assert cargo["workspace"]["package"]["version"] == iplaygames_native.__version__
