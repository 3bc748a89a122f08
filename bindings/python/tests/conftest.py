"""What the tests share. The sandbox and the clients come from the package's own pytest plugin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

# A guard against hanging, not a measure: far longer than anything here takes.
HANG = 60

START: dict[str, Any] = {
    "game_id": 123,
    "player_id": "player_456",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}


def pytest_configure() -> None:
    """Where the tests run in the background of a shell, Ctrl-C is ignored, and would be by all they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own key and address stay out of the tests."""
    for name in ("IPLAYGAMES_API_KEY", "IPLAYGAMES_BASE_URL", "IPLAYGAMES_LOG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own, which must end by itself."""

    def run(script: str, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith("IPLAYGAMES_")
        }
        # Warnings are errors there too, and a crash shows where it was.
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-W",
            "error",
            "-c",
            textwrap.dedent(script),
            *words,
        ]
        more.setdefault("env", environment)
        more.setdefault("timeout", HANG)
        return subprocess.run(command, capture_output=True, text=True, **more)

    return run


@pytest.fixture
def ran(run: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """As `run`, for a script that must end well and quietly. Answers what it printed."""

    def ran(script: str, *words: str, **more: Any) -> str:
        done = run(script, *words, **more)
        assert (done.returncode, done.stderr) == (0, ""), (
            f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout.strip()

    return ran


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The line that every runner of this repository closes with."""
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    terminalreporter.write_line(f"{len(stats.get('passed', []))} passed, {failed} failed")
