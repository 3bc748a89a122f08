"""What stands in the documents, run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HANG

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


FLEET = str(HERE / "examples/fleet.py")


def fleet(box: Sandbox, *words: str) -> subprocess.Popen[str]:
    """The example, with a sandbox of ours for the service."""
    environment = {"IPLAYGAMES_BASE_URL": box.base_url, "IPLAYGAMES_API_KEY": box.api_key}
    command = [sys.executable, "-W", "error", FLEET, "--live", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_the_fleet_starts_watches_and_ends_a_hundred_sessions() -> None:
    done = subprocess.run([sys.executable, "-W", "error", FLEET], capture_output=True, text=True, timeout=HANG)
    assert (done.returncode, done.stdout) == (0, "100 started, 100 ended, 0 problems\n"), done.stderr
    lines = done.stderr.splitlines()
    for step in ("starting", "playing", "ending"):
        bars = [line for line in lines if line.startswith(f"{step:>8} [")]
        assert len(bars) == 10 and bars[-1].endswith("[##############################] 100/100"), done.stderr


def test_the_fleet_says_what_went_wrong_and_ends_the_rest(iplaygames_sandbox: Sandbox) -> None:
    iplaygames_sandbox.fault("start_a_game_session", status=500)
    iplaygames_sandbox.fault("end_a_game_session", status=400)
    with fleet(iplaygames_sandbox, "--sessions", "20", "--seconds", "0.1") as process:
        out, err = process.communicate(timeout=HANG)
    assert process.returncode == 1 and out.startswith("19 started, 18 ended, 2 problems\n"), err
    assert "a session may exist" in out and "was not ended" in out


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_fleet_leaves_no_session_open_at_ctrl_c(iplaygames_sandbox: Sandbox) -> None:
    with fleet(iplaygames_sandbox, "--sessions", "20", "--seconds", "600") as process:
        # All are started, and each is watched.
        while iplaygames_sandbox.counts()["requests"]["by_operation"].get("get_session_status", 0) < 20:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANG)
    assert process.returncode == 130 and out == "20 started, 20 ended, 0 problems\n", err
    assert iplaygames_sandbox.counts()["sessions"]["active"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_the_fleet_draws_one_bar_in_a_terminal() -> None:
    import pty

    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        command = [sys.executable, FLEET, "--sessions", "10", "--seconds", "0.1"]
        done = subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, timeout=HANG)
        drawn = terminal.read(65536).decode()
        os.close(theirs)
    assert done.returncode == 0 and drawn.count("\r ") >= 10 and " 1/10" in drawn and "10/10" in drawn


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
