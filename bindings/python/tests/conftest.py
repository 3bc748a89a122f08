"""Fixtures and constants of all tests. The package's own pytest plugin has the other fixtures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

# Ends a test that hangs. Far longer than any test takes.
TEST_TIMEOUT = 60

START: dict[str, Any] = {
    "game_id": 123,
    "player_id": "player_456",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}


def pytest_configure() -> None:
    """Restores the default handler of SIGINT, for the tests and the processes they start.

    A shell makes its background processes ignore SIGINT.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the developer's own key and URL from the environment."""
    for name in ("IPLAYGAMES_API_KEY", "IPLAYGAMES_BASE_URL", "IPLAYGAMES_LOG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a new process, which must end by itself."""

    def run(script: str, *args: str, **more: Any) -> subprocess.CompletedProcess[str]:
        # `make test-reqwest` selects the transport of all tests.
        environment = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith("IPLAYGAMES_") or name == "IPLAYGAMES_TRANSPORT"
        }
        # Warnings are errors in the new process, too, and a crash prints a traceback.
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-W",
            "error",
            "-c",
            textwrap.dedent(script),
            *args,
        ]
        more.setdefault("env", environment)
        more.setdefault("timeout", TEST_TIMEOUT)
        return subprocess.run(command, capture_output=True, text=True, **more)

    return run


@pytest.fixture
def run_ok(run: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """Runs a script that must succeed and print no error. Returns its output."""

    def run_ok(script: str, *args: str, **more: Any) -> str:
        done = run(script, *args, **more)
        assert (done.returncode, done.stderr) == (0, ""), (
            f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout.strip()

    return run_ok


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the line that every test runner of this repository ends with."""
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    terminalreporter.write_line(f"{len(stats.get('passed', []))} passed, {failed} failed")
