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

    # What a test expects of the program: `assert sandbox.started == 1`.

    @property
    def started(self) -> int:
        """The number of sessions that exist, active or not."""
        total: int = self.counts()["sessions"]["total"]
        return total

    @property
    def active(self) -> int:
        """The number of sessions that are active."""
        active: int = self.counts()["sessions"]["active"]
        return active

    @property
    def ended(self) -> int:
        """The number of sessions that are not active any more."""
        return self.started - self.active

    def called(self, operation: str | None = None) -> int:
        """Returns the number of requests, of one operation or of all."""
        requests: dict[str, Any] = self.counts()["requests"]
        if operation is None:
            total: int = requests["total"]
            return total
        count: int = requests["by_operation"].get(operation, 0)
        return count

    def assert_called(self, operation: str, times: int | None = None) -> None:
        """Raises an `AssertionError` unless there were requests of an operation.

        Args:
            operation: The id of the operation.
            times: The expected number of requests. Default: at least one.
        """
        count = self.called(operation)
        if count == 0 if times is None else count != times:
            expected = "at least once" if times is None else f"{times} times"
            others = ", ".join(
                f"{name} {each}" for name, each in self.counts()["requests"]["by_operation"].items()
            )
            raise AssertionError(
                f"{operation} was expected {expected} and was called {count} times. "
                f"Calls: {others or 'none'}."
            )

    def assert_not_called(self, operation: str) -> None:
        """Raises an `AssertionError` if there was a request of an operation."""
        self.assert_called(operation, 0)

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
        try:
            return f"Sandbox(base_url={self.base_url!r})"
        except AttributeError:
            # `__init__` has not run or has failed.
            return "<Sandbox that was not started>"


def sandbox(**config: Any) -> Sandbox:
    """Starts a sandbox, for use in a `with` block."""
    return Sandbox(**config)
