"""The relay as a process: its settings, its signals and its log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import ALICE, SECRET, TEST_TIMEOUT, token_of
from iplaygames_native import Client, IPlayGamesError, Sandbox, sandbox

from relay.rate_limit import RateLimit
from relay.settings import Settings

HERE = Path(__file__).parent.parent
START: dict[str, Any] = {
    "game_id": 123,
    "player_id": "p",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}


@contextmanager
def relay_process(box: Sandbox, **more: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """Runs `python -m relay` until it listens, and makes the client of a game."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "IPLAYGAMES_BASE_URL": box.base_url,
        "IPLAYGAMES_API_KEY": box.api_key,
        "RELAY_TOKEN_SECRETS": SECRET,
        "RELAY_PORT": str(port),
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "relay"],
        cwd=HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    client = Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"X-Player-Token": token_of(ALICE)},
        max_retries=0,
    )
    with process, client:
        try:
            deadline = time.monotonic() + TEST_TIMEOUT
            while True:
                try:
                    client.prewarm()
                    break
                except IPlayGamesError:
                    assert process.poll() is None and time.monotonic() < deadline
                    time.sleep(0.05)
            yield process, client
        finally:
            if process.poll() is None:
                process.kill()


def wait_for_start(box: Sandbox) -> None:
    deadline = time.monotonic() + TEST_TIMEOUT
    while not box.counts()["requests"]["by_operation"].get("start_a_game_session"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_start_in_flight_is_answered_after_sigterm_and_the_relay_ends_with_0() -> None:
    results: list[Any] = []
    with sandbox() as box, relay_process(box) as (process, game):
        box.fault("start_a_game_session", delay_ms=1500)
        thread = threading.Thread(target=lambda: results.append(game.sessions.start(**START)))
        thread.start()
        wait_for_start(box)
        process.send_signal(signal.SIGTERM)
        thread.join(TEST_TIMEOUT)
        output = process.communicate(timeout=TEST_TIMEOUT)[0]
        assert results[0].game_url.startswith(box.base_url), output
        assert process.returncode in (0, -signal.SIGTERM), output
        assert "alice has started " + results[0].session_id in output
        assert "stopped: 1 calls, 0 in flight" in output
        assert box.api_key not in output and SECRET not in output


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_start_that_the_end_of_the_relay_cuts_off_is_in_the_log_with_its_call_id() -> None:
    errors: list[IPlayGamesError] = []

    def start(game: Client) -> None:
        try:
            game.with_options(call_id="match-7").sessions.start(**START)
        except IPlayGamesError as error:
            errors.append(error)

    with sandbox() as box, relay_process(box, RELAY_DRAIN_SECONDS="1") as (process, game):
        box.fault("start_a_game_session", delay_ms=60_000)
        thread = threading.Thread(target=start, args=(game,))
        thread.start()
        wait_for_start(box)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=TEST_TIMEOUT)[0]
        thread.join(TEST_TIMEOUT)
        assert "A start was canceled: player alice, call id match-7, outcome unknown" in output
        assert errors[0].outcome == "unknown", output


def test_the_relay_does_not_start_without_a_secret() -> None:
    environment = {name: text for name, text in os.environ.items() if "RELAY" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "relay"],
        cwd=HERE,
        env=environment | {"IPLAYGAMES_API_KEY": "k"},
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT,
    )
    assert done.returncode == 2 and "RELAY_TOKEN_SECRETS" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RELAY_TOKEN_SECRETS", "short"),
        ("RELAY_RATE", "many"),
        ("RELAY_RATE", "0"),
        ("RELAY_BURST", "nan"),
        ("RELAY_DRAIN_SECONDS", "-1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        Settings.from_environment({"RELAY_TOKEN_SECRETS": SECRET, name: value})
    assert SECRET not in str(caught.value)


def test_the_settings_do_not_show_their_secrets() -> None:
    settings = Settings.from_environment(
        {"RELAY_TOKEN_SECRETS": SECRET, "RELAY_WEBHOOK_SECRET": "s3cret"}
    )
    assert SECRET not in repr(settings) and "s3cret" not in repr(settings)


def test_a_bucket_refills_at_its_rate_up_to_its_burst() -> None:
    now = 0.0
    limit = RateLimit(2.0, 3, clock=lambda: now)
    assert [limit.take("p") for _ in range(4)] == [0, 0, 0, 0.5]
    now = 0.5
    assert [limit.take("p"), limit.take("p")] == [0, 0.5]
    now = 100.0
    assert [limit.take("p") for _ in range(4)] == [0, 0, 0, 0.5]


def test_the_buckets_of_many_players_use_a_limited_amount_of_memory() -> None:
    limit = RateLimit(1.0, 1, max_players=10)
    for number in range(1000):
        assert limit.take(f"player {number}") == 0
    assert len(limit._buckets) == 10
    assert limit.take("player 999") > 0
