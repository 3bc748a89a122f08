"""The native module: the Rust client. Private; any version may change its functions."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias, final

from ._errors import IPlayGamesError
from ._transport import CallableTransport

__all__ = [
    "DEFAULT_BASE_URL",
    "Call",
    "Client",
    "Exchange",
    "Exchanges",
    "Mailbox",
    "Options",
    "Sandbox",
    "__version__",
    "codes",
    "is_read",
    "log_warning",
    "operations",
    "run_cli",
    "write_unraisable",
]

__version__: Final[str]
DEFAULT_BASE_URL: Final[str]

# A reply: the text of the JSON document, the HTTP status, the number of attempts, the elapsed
# seconds, the client's id of the call, the server's id of the request.
_RawReply: TypeAlias = tuple[str, int | None, int, float, str, str | None]
# A parameter: name, location in the request, type, whether it is required, whether it may be null.
_Param: TypeAlias = tuple[str, str, str, bool, bool]
# An operation: id, tag, summary, method, path, its idempotency, parameters.
_Operation: TypeAlias = tuple[str, str, str, str, str, str, list[_Param]]

@final
class Options:
    """The options of a call that override the configuration of its client."""

    def __new__(cls, options: dict[str, Any]) -> Options:
        """Makes options from a dict with `timeout_ms`, `max_retries` and `call_id`."""

@final
class Mailbox:
    """A queue of the tokens of calls that have completed."""

    def __new__(cls) -> Mailbox: ...
    def fileno(self) -> int:
        """Returns the descriptor that an event loop watches for reading."""

    def take(self) -> list[int]:
        """Removes and returns all tokens."""

    def wait(self, timeout: float) -> bool:
        """Waits for a token, for at most `timeout` seconds. Returns whether there is one."""

    def put(self, token: int) -> None:
        """Adds a token."""

@final
class Call:
    """A call in flight. Dropping the object cancels the call."""

    def result(self) -> _RawReply | None:
        """Returns the reply, or raises the error of the call.

        Delivered once; `None` before the call has completed and after the result was delivered.
        """

    def next_update(self) -> tuple[bool, _RawReply] | None:
        """Returns the next update of a watch and whether it is the final one.

        Raises the error of the watch.
        """

    def cancel(self) -> tuple[_RawReply | None, IPlayGamesError | None] | None:
        """Cancels the call and returns its result.

        The result is the reply, if the call had succeeded already, or the exception, which has the
        outcome. `None` if the result was delivered before.
        """

    def watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        """Returns the state of a watch.

        The state is the time of the last successful reading, in seconds since 1970, and the
        exception of the last reading, if it failed.
        """

    def close(self) -> None:
        """Stops a watch."""

@final
class Client:
    """A client of the API."""

    def __new__(
        cls,
        config: dict[str, Any],
        transport: CallableTransport | None = None,
        max_workers: int = 32,
        needs_driver: bool = False,
    ) -> Client:
        """Makes a client from a dict with the keys of the configuration.

        `transport` sends the requests, on at most `max_workers` threads. A client whose calls no
        thread waits for needs a driver thread for it.
        """

    def call(
        self,
        operation: str,
        arguments: dict[str, Any] | None = None,
        options: Options | None = None,
    ) -> _RawReply:
        """Calls an operation and waits for the reply. Checks for signals while it waits."""

    def submit(
        self,
        operation: str,
        arguments: dict[str, Any] | None,
        options: Options | None,
        mailbox: Mailbox,
        token: int,
    ) -> Call:
        """Submits a call and returns at once.

        The mailbox gets `token` when the call has completed.
        """

    def watch(
        self,
        session_id: str,
        interval: float,
        max_failures: int | None,
        options: Options | None,
        mailbox: Mailbox,
        token: int,
    ) -> Call:
        """Watches a session.

        The mailbox gets `token` for every update and when the watch has ended.
        """

    def wait(self, mailbox: Mailbox) -> None:
        """Drives the client until the mailbox has a token. Checks for signals while it waits."""

    def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection in advance. Returns the elapsed seconds.

        `timeout` is in seconds; `None` is the client's own timeout.
        """

    def stats(self) -> str:
        """Returns the client's counters as a JSON document."""

    @property
    def base_url(self) -> str:
        """The server's URL, without a trailing slash."""

    def close(self) -> None:
        """Closes the client: calls in flight end as canceled, later calls are refused.

        Never blocks.
        """

@final
class Exchange:
    """A request that a transport sends, to be answered once."""

    @property
    def method(self) -> str:
        """`GET`, `POST`, `PUT` or `DELETE`."""

    @property
    def url(self) -> str:
        """The whole address, percent-encoded."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers, with the API key."""

    @property
    def body(self) -> bytes:
        """The body; empty for none."""

    def respond(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answers with a response. Does nothing if the call has ended."""

    def fail(self, failure: str, is_sent: bool, message: str) -> None:
        """Answers that there is no response. Does nothing if the call has ended.

        `failure` is `connect`, `timeout`, `connection_lost` or `bad_response`.
        """

@final
class Exchanges:
    """The requests of a client that wait for a worker thread."""

    def take(self) -> tuple[Exchange, bool] | None:
        """Waits for a request. Returns its exchange, or None if this worker must end.

        The flag tells whether the caller must start another worker thread.
        """

    def release_worker(self) -> None:
        """Takes back that a worker thread was to be started."""

    def release_driver(self) -> None:
        """Takes back that the driver thread was to be started."""

    def drive(self) -> None:
        """Drives the client until it is closed."""

@final
class Sandbox:
    """A server in this process that implements the API."""

    def __new__(cls, config: dict[str, Any]) -> Sandbox:
        """Starts a sandbox from a dict with the keys of its configuration.

        The sandbox listens when this returns.
        """

    @property
    def base_url(self) -> str:
        """The URL that the sandbox listens on."""

    @property
    def api_key(self) -> str:
        """The only API key that the sandbox accepts."""

    def control(self, command: dict[str, Any]) -> str:
        """Executes a command, which is a dict. Returns a JSON document."""

    def stop(self) -> None:
        """Stops the sandbox. Does nothing if it is stopped already."""

def operations() -> list[_Operation]:
    """Returns every operation of the API."""

def codes() -> list[tuple[int, str, str]]:
    """Returns every code: number, name and meaning."""

def is_read(operation: str) -> bool:
    """Returns whether an operation only reads data."""

def log_warning(message: str) -> None:
    """Logs a warning, if the program has imported `logging`."""

def write_unraisable(error: BaseException) -> None:
    """Passes an exception that cannot be raised to `sys.unraisablehook`."""

def run_cli(arguments: Sequence[str]) -> int:
    """Runs the command-line tool with the given arguments. Returns its exit code."""
