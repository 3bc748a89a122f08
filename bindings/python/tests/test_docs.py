"""Runs the examples of the documents."""

from __future__ import annotations

import builtins
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TEST_TIMEOUT

import iplaygames_native
from iplaygames_native import Sandbox

HERE = Path(__file__).parent.parent
ROOT = HERE.parent.parent
GUIDE = (ROOT / "docs/python.md").read_text("utf-8")


def code(text: str, kind: str) -> list[str]:
    """Returns the code blocks of one kind, such as `python`. A block of a file has another kind."""
    return re.findall(rf"^```{re.escape(kind)}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


SNIPPETS = {
    f"{path.relative_to(ROOT)}:{number}": snippet
    for path in (HERE / "README.md", ROOT / "README.md")
    for number, snippet in enumerate(code(path.read_text("utf-8"), "python"))
}
# Each section of the guide is a script that starts with the code that the guide gives.
SECTIONS = {
    title: "\n".join(code(text, "python"))
    for title, text in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE
    )
}
SETUP = code(GUIDE.split("## With the service")[1], "python")[0]
for each in SECTIONS.keys() - {"A first session", "With the service"}:
    SECTIONS[each] = SECTIONS[each] and f"{SETUP}\n{SECTIONS[each]}"
FILES = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE))


def service(box: Sandbox) -> dict[str, str]:
    """Returns an environment in which the sandbox is the service."""
    return {"IPLAYGAMES_BASE_URL": box.base_url, "IPLAYGAMES_API_KEY": box.api_key}


def must_print(script: str, printed: str) -> None:
    """Checks that the comments beside `print` calls are printed in order. `…` matches any text."""
    lines = iter(printed.splitlines())
    for line in re.findall(r"^ *print\(.*\)  # (.+)$", script, re.MULTILINE):
        pattern = ".*".join(map(re.escape, line.split("…")))
        assert any(re.fullmatch(pattern, each) for each in lines), f"{line!r} is not in {printed!r}"


@pytest.mark.parametrize("title", [title for title, script in SECTIONS.items() if script])
def test_a_section_of_the_guide_runs_and_prints_its_documented_output(
    title: str, run_ok: Callable[..., str], iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    script = SECTIONS[title]
    more: dict[str, Any] = {"env": service(iplaygames_sandbox), "cwd": tmp_path}
    must_print(script, run_ok(script.replace('="…"', '="x"'), **more))


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_guide_runs(name: str, tmp_path: Path, iplaygames_sandbox: Sandbox) -> None:
    for each, text in FILES.items():
        (tmp_path / each).write_text(text, "utf-8")
    how = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if name.startswith("test_") else []
    command = [sys.executable, "-W", "error", *how, name]
    more: dict[str, Any] = {
        "cwd": tmp_path,
        "env": service(iplaygames_sandbox),
        "timeout": TEST_TIMEOUT,
    }
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    must_print(FILES[name], done.stdout)
    if how:
        tests = len(re.findall(r"^def test_", FILES[name], re.MULTILINE))
        assert f"{tests} passed" in done.stdout


def test_the_guide_s_examples_have_no_type_errors(tmp_path: Path) -> None:
    examples = {
        f"section_{re.sub('[^a-z]', '_', title.lower())}.py": script
        for title, script in SECTIONS.items()
    }
    for name, text in (examples | FILES).items():
        (tmp_path / name).write_text(text, "utf-8")
    # The tests of the guide have no annotations.
    files = [name for name in examples | FILES if not name.startswith("test_")]
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, *files]
    # The package of this repository, and not the installed package.
    environment = os.environ | {"MYPYPATH": str(HERE / "python")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TEST_TIMEOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_the_guide_s_commands_run(iplaygames_sandbox: Sandbox) -> None:
    (script,) = code(GUIDE, "sh")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = service(iplaygames_sandbox) | {"PATH": path}
    command = ["sh", "-eu", "-c", script]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TEST_TIMEOUT
    )
    assert (done.returncode, done.stderr) == (0, "") and "Session ended successfully" in done.stdout
    assert iplaygames_sandbox.counts()["sessions"]["closed"] == 1


def test_the_guide_names_every_exception_and_links_every_section() -> None:
    named = set(re.findall(r"\b[A-Z][A-Za-z]+Error\b", GUIDE)) - set(dir(builtins))
    # An exception of `asyncio`.
    named.discard("CancelledError")
    assert named <= set(iplaygames_native.__all__)
    kinds = {name for name in iplaygames_native.__all__ if name.endswith("Error")}
    assert kinds == named
    headings = {re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) == headings


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_of_a_readme_runs(
    name: str, run_ok: Callable[..., str], iplaygames_sandbox: Sandbox
) -> None:
    # The sandbox and its key replace the service and the reader's key.
    snippet = SNIPPETS[name].replace('api_key="…"', f"api_key={iplaygames_sandbox.api_key!r}")
    run_ok(snippet, env={"IPLAYGAMES_BASE_URL": iplaygames_sandbox.base_url})


def test_the_example_in_the_package_docstring_runs(
    run_ok: Callable[..., str], iplaygames_sandbox: Sandbox
) -> None:
    script = (iplaygames_native.__doc__ or "").split("\n\n", 1)[1].split("\n\n`AsyncClient`")[0]
    script = script.replace('api_key="…"', f"api_key={iplaygames_sandbox.api_key!r}")
    assert "send the player to" in run_ok(
        script, env={"IPLAYGAMES_BASE_URL": iplaygames_sandbox.base_url}
    )


def test_the_session_example_runs(run_ok: Callable[..., str]) -> None:
    assert "checked again: closed" in run_ok((HERE / "examples/session.py").read_text("utf-8"))


FLEET = str(HERE / "examples/fleet.py")


def fleet(box: Sandbox, *args: str) -> subprocess.Popen[str]:
    """Starts the fleet example with a sandbox as the service."""
    command = [sys.executable, "-W", "error", FLEET, "--live", *args]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=service(box), stdout=pipe, stderr=pipe, text=True)


def test_the_fleet_example_starts_watches_and_ends_a_hundred_sessions() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", FLEET], capture_output=True, text=True, timeout=TEST_TIMEOUT
    )
    assert (done.returncode, done.stdout) == (0, "100 started, 100 ended, 0 problems\n"), (
        done.stderr
    )
    lines = done.stderr.splitlines()
    for step in ("starting", "playing", "ending"):
        bars = [line for line in lines if line.startswith(f"{step:>8} [")]
        assert len(bars) == 10 and bars[-1].endswith("[##############################] 100/100"), (
            done.stderr
        )


def test_the_fleet_example_prints_its_errors_and_ends_the_other_sessions(
    iplaygames_sandbox: Sandbox,
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", status=500)
    iplaygames_sandbox.fault("end_a_game_session", status=400)
    with fleet(iplaygames_sandbox, "--sessions", "20", "--seconds", "0.1") as process:
        out, err = process.communicate(timeout=TEST_TIMEOUT)
    assert process.returncode == 1 and out.startswith("19 started, 18 ended, 2 problems\n"), err
    assert "a session may exist" in out and "was not ended" in out


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_fleet_example_ends_every_session_after_ctrl_c(iplaygames_sandbox: Sandbox) -> None:
    with fleet(iplaygames_sandbox, "--sessions", "20", "--seconds", "600") as process:
        # Wait until every session is started and watched.
        while (
            iplaygames_sandbox.counts()["requests"]["by_operation"].get("get_session_status", 0)
            < 20
        ):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TEST_TIMEOUT)
    assert process.returncode == 130 and out == "20 started, 20 ended, 0 problems\n", err
    assert iplaygames_sandbox.counts()["sessions"]["active"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_the_fleet_example_draws_a_progress_bar_in_a_terminal() -> None:
    import pty

    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        command = [sys.executable, FLEET, "--sessions", "10", "--seconds", "0.1"]
        done = subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, timeout=TEST_TIMEOUT)
        drawn = terminal.read(65536).decode()
        os.close(theirs)
    assert (
        done.returncode == 0 and drawn.count("\r ") >= 10 and " 1/10" in drawn and "10/10" in drawn
    )


def test_the_guide_names_the_number_of_operations_without_documented_fields() -> None:
    table = json.loads((ROOT / "src/api/operations.json").read_text("utf-8"))
    without = [row for row in table if "result" not in row and row["response"] != "file"]
    text = " ".join(GUIDE.split())
    assert f"documents no fields for {len(without)} of the operations" in text
    assert f"The API has {len(table)} operations" in text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads TOML with the standard library")
def test_both_project_files_have_the_same_metadata() -> None:
    if sys.version_info >= (3, 11):
        from tomllib import loads

        inner, outer = (
            loads((folder / "pyproject.toml").read_text("utf-8")) for folder in (HERE, ROOT)
        )
        assert inner["build-system"] == outer["build-system"]
        # The license files are in the root directory.
        licences = {"license-files": outer["project"]["license-files"]}
        assert inner["project"] | licences == outer["project"]
        cargo = loads((ROOT / "Cargo.toml").read_text("utf-8"))
        assert cargo["workspace"]["package"]["version"] == iplaygames_native.__version__
