"""The sandbox: a server in this process that implements the API, for examples and tests.

docs/sandbox.md describes its commands and faults.
"""

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
    """A server that implements the API, with state, scripted faults and a clock.

    It listens on a free port of this machine.

    Example:
        with sandbox() as box, box.client() as client:
            box.fault("get_session_status", status=503, times=2)
    """

    __slots__ = ("_clients", "_core")

    def __init__(self, **config: Any) -> None:
        """Starts the sandbox.

        The keys of the configuration are `port`, `api_key`, `can_override_provider`, `providers`,
        `unavailable_countries`, `end_twice` and `session_lifetime_s`.
        """
        self._core = _core.Sandbox(config)
        self._clients: list[Client | AsyncClient] = []

    @property
    def base_url(self) -> str:
        """The URL that the sandbox listens on."""
        return self._core.base_url

    @property
    def api_key(self) -> str:
        """The only API key that the sandbox accepts."""
        return self._core.api_key

    @property
    def config(self) -> dict[str, Any]:
        """The options of a client that connects to the sandbox: `Client(**sandbox.config)`."""
        return {"api_key": self.api_key, "base_url": self.base_url}

    def client(self, **options: Any) -> Client:
        """Makes a client of the sandbox. `stop` closes the client."""
        client = Client(**(self.config | options))
        self._clients.append(client)
        return client

    def async_client(self, **options: Any) -> AsyncClient:
        """Makes an asynchronous client of the sandbox. `stop` closes the client."""
        from ._aio import AsyncClient

        client = AsyncClient(**(self.config | options))
        self._clients.append(client)
        return client

    def control(self, command: str, /, **keys: Any) -> dict[str, Any]:
        """Executes a command and returns its response."""
        response: dict[str, Any] = parse(self._core.control({"command": command, **keys}))
        return response

    def fault(self, operation: str = "*", /, **effects: Any) -> None:
        """Adds a fault: `fault("*", status=502)`, `fault("list_games", delay_ms=50, times=3)`."""
        self.control("fault", operation=operation, **effects)

    def clear_faults(self) -> None:
        """Removes the faults that were not applied yet."""
        self.control("clear_faults")

    def advance_clock(self, seconds: float) -> str:
        """Advances the clock that sessions expire by. Returns the new time."""
        now: str = self.control("advance_clock", seconds=seconds)["now"]
        return now

    def counts(self) -> dict[str, Any]:
        """Returns the numbers of requests, sessions and connections."""
        return self.control("counts")

    def sessions(self) -> dict[str, Any]:
        """Returns every session and multi-session."""
        return self.control("sessions")

    def requests(self) -> list[dict[str, Any]]:
        """Returns the last 256 requests, oldest first."""
        requests: list[dict[str, Any]] = self.control("requests")["requests"]
        return requests

    def reset(self) -> None:
        """Removes sessions, requests, counts and faults, and resets the clock."""
        self.control("reset")

    def stop(self) -> None:
        """Stops the sandbox and closes its clients. Does nothing if it is stopped already."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._core.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Sandbox(base_url={self.base_url!r})"


def sandbox(**config: Any) -> Sandbox:
    """Starts a sandbox, for use in a `with` block."""
    return Sandbox(**config)
