"""The API on this machine, in this process: for trying, and for testing what a program does when the
service misbehaves. What it does and can be told is in docs/sandbox.md."""

from __future__ import annotations

from . import _core
from ._client import Client
from ._document import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._aio import AsyncClient


class Sandbox:
    """A server of the API on a free port of this machine, with state, scripted faults and a clock.

    with sandbox() as box, box.client() as client:
        box.fault("get_session_status", status=503, times=2)
    """

    __slots__ = ("_clients", "_core")

    def __init__(self, **config: Any) -> None:
        """Starts it. The keys: `port`, `api_key`, `can_override_provider`, `providers`,
        `unavailable_countries`, `end_twice`, `session_lifetime_s`."""
        self._core = _core.Sandbox(config)
        self._clients: list[Client | AsyncClient] = []

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self._core.base_url

    @property
    def api_key(self) -> str:
        """The only key it takes."""
        return self._core.api_key

    @property
    def config(self) -> dict[str, Any]:
        """What a client needs to come here: `Client(**sandbox.config)`."""
        return {"api_key": self.api_key, "base_url": self.base_url}

    def client(self, **options: Any) -> Client:
        """A client of it; closed with it."""
        client = Client(**(self.config | options))
        self._clients.append(client)
        return client

    def async_client(self, **options: Any) -> AsyncClient:
        """An asynchronous client of it; closed with it."""
        from ._aio import AsyncClient

        client = AsyncClient(**(self.config | options))
        self._clients.append(client)
        return client

    def control(self, command: str, /, **keys: Any) -> dict[str, Any]:
        """Carries out any command."""
        answer: dict[str, Any] = parse(self._core.control({"command": command, **keys}))
        return answer

    def fault(self, operation: str = "*", /, **effects: Any) -> None:
        """Scripts a fault: `fault("*", status=502)`, `fault("list_games", delay_ms=50, times=3)`."""
        self.control("fault", operation=operation, **effects)

    def clear_faults(self) -> None:
        """Takes back the faults that have not struck."""
        self.control("clear_faults")

    def advance_clock(self, seconds: float) -> str:
        """Moves the clock on, by which sessions expire. Answers the time it shows."""
        now: str = self.control("advance_clock", seconds=seconds)["now"]
        return now

    def counts(self) -> dict[str, Any]:
        """How many requests, sessions and connections there were."""
        return self.control("counts")

    def sessions(self) -> dict[str, Any]:
        """Every session and multi-session."""
        return self.control("sessions")

    def requests(self) -> list[dict[str, Any]]:
        """The last 256 requests, oldest first."""
        requests: list[dict[str, Any]] = self.control("requests")["requests"]
        return requests

    def reset(self) -> None:
        """Forgets sessions, requests, counts and faults, and puts the clock back."""
        self.control("reset")

    def stop(self) -> None:
        """Stops it, and closes the clients it gave out. Stopping again does nothing."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._core.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Sandbox(base_url={self.base_url!r})"


def sandbox(**config: Any) -> Sandbox:
    """Starts a sandbox, for a `with` block."""
    return Sandbox(**config)
