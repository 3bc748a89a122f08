"""A relay before a sandbox, both in this process, and the games of two players."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from iplaygames_native import AsyncClient, Client, Sandbox, sandbox

from relay.app import create_app
from relay.settings import Settings
from relay.tokens import Player, sign_token
from relay.webhooks import MemoryWallet

TEST_TIMEOUT = 30
SECRET = "a-secret-of-the-login-service-with-32-bytes-or-more"
WEBHOOK_SECRET = "s3cret"
ALICE = Player("alice", "EUR", "DE")
BOB = Player("bob", "USD", "US")
API = "/api/v1/game-sessions"


def token_of(player: Player, *, secret: str = SECRET, seconds: float = 600) -> str:
    return sign_token(player, secret, time.time() + seconds)


@dataclass
class Relay:
    """A relay that runs, and what is behind it."""

    base_url: str
    sandbox: Sandbox
    wallet: MemoryWallet

    def game(self, player: Player, **options: Any) -> Client:
        """Makes the client of a game: it has no key, but the player's token."""
        return Client(
            base_url=self.base_url, headers={"X-Player-Token": token_of(player)}, **options
        )

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Sends a request that the client library would not send."""
        return httpx.request(
            method, self.base_url + path, trust_env=False, timeout=TEST_TIMEOUT, **more
        )


@contextmanager
def run_relay(box: Sandbox, **settings: Any) -> Iterator[Relay]:
    wallet = MemoryWallet({"alice": 1000})
    options: dict[str, Any] = {"token_secrets": (SECRET,), "webhook_secret": WEBHOOK_SECRET}
    client = AsyncClient(**box.config)
    app = create_app(Settings(**(options | settings)), client, wallet)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + TEST_TIMEOUT
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Relay(f"http://127.0.0.1:{port}", box, wallet)
    finally:
        server.should_exit = True
        thread.join(TEST_TIMEOUT)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the developer's own key and URL from the environment."""
    for name in ("IPLAYGAMES_API_KEY", "IPLAYGAMES_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def relay_with() -> Iterator[Callable[..., Relay]]:
    """Starts a relay with other settings."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        box = stack.enter_context(sandbox())
        yield lambda **settings: stack.enter_context(run_relay(box, **settings))


@pytest.fixture
def relay(relay_with: Callable[..., Relay]) -> Relay:
    return relay_with()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the line that every test runner of this repository ends with."""
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    terminalreporter.write_line(f"{len(stats.get('passed', []))} passed, {failed} failed")
