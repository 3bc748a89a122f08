"""The native module: the Rust client. Private; any version may change its functions."""

from collections.abc import Callable, Sequence
from types import ModuleType
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
    "download",
    "is_read",
    "journal_close",
    "journal_compact",
    "journal_end_all",
    "journal_open",
    "journal_resolve",
    "load_module",
    "log_warning",
    "operations",
    "run_cli",
    "submit_download",
    "write_unraisable",
]

__version__: Final[str]
DEFAULT_BASE_URL: Final[str]

# A reply: the text of the JSON document, the HTTP status, the number of attempts, the elapsed
# seconds, the client's id of the call, the server's id of the request, the headers of the response
# as lines.
_RawReply: TypeAlias = tuple[str, int | None, int, float, str, str | None, str | None]
# A parameter: name, location in the request, type, whether it is required, whether it may be null.
_Param: TypeAlias = tuple[str, str, str, bool, bool]
# An operation: id, tag, summary, method, path, its idempotency, parameters.
_Operation: TypeAlias = tuple[str, str, str, str, str, str, list[_Param]]

@final
class Options:
    """The options of a call that override the configuration of its client."""

    def __new__(cls, options: dict[str, Any]) -> Options:
        """Makes options from a dict.

        Its keys are `timeout_ms`, `max_retries`, `call_id`, `headers` and `keep_headers`.
        """

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

    def progress(self) -> tuple[int, int | None] | None:
        """Returns the number of bytes of a download, and the size of the file if it is known.

        `None` for another call.
        """

    def cancel(self) -> tuple[_RawReply | None, IPlayGamesError | None] | None:
        """Cancels the call and returns its result.

        The result is the reply, if the call had succeeded already, or the exception, which has the
        outcome. `None` if the result was delivered before.
        """

    def take_readings(self) -> list[tuple[_RawReply | None, IPlayGamesError | None]]:
        """Returns the readings of a watch that were not taken, oldest first.

        Each is a reply or an exception. The last 64 are kept.
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
        counted_with: Client | None = None,
    ) -> Client:
        """Makes a client from a dict with the keys of the configuration.

        `transport` sends the requests, on at most `max_workers` threads. A client whose calls no
        thread waits for needs a driver thread for it. The client adds to the counts of
        `counted_with`.
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
        keep_readings: bool = False,
    ) -> Call:
        """Watches a session.

        The mailbox gets `token` for every update and when the watch has ended, and for every
        reading if the watch keeps its readings.
        """

    def wait(self, mailbox: Mailbox, timeout: float | None = None) -> bool:
        """Drives the client until the mailbox has a token, for at most `timeout` seconds.

        Returns whether the mailbox has a token. Checks for signals while it waits.
        """

    def attach_log(self, mailbox: Mailbox, token: int) -> None:
        """Makes the mailbox get `token` whenever the client has log lines."""

    def deliver_log(self) -> None:
        """Delivers the pending log lines to `logging`."""

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

def download(
    client: Client,
    operation: str,
    arguments: dict[str, Any] | None,
    options: Options | None,
    path: str,
    progress: Callable[[int, int | None], object] | None = None,
) -> _RawReply:
    """Downloads a file to a path and waits for the end. Checks for signals while it waits.

    Calls `progress` with the number of bytes and the size of the file.
    """

def submit_download(
    client: Client,
    operation: str,
    arguments: dict[str, Any] | None,
    options: Options | None,
    path: str,
    mailbox: Mailbox,
    token: int,
) -> Call:
    """Submits a download and returns at once.

    The mailbox gets `token` when the call has completed. The file gets its name when the result is
    taken.
    """

def journal_open(client: Client, filter: dict[str, Any]) -> str:
    """Returns the sessions that a filter selects, as a JSON document."""

def journal_close(client: Client, seconds: float) -> bool:
    """Waits at most so many seconds until the file of the client's journal is closed.

    Returns whether it is closed; true for a client without a journal.
    """

def journal_resolve(client: Client, id: int, note: str) -> None:
    """Marks a session as resolved."""

def journal_end_all(
    client: Client,
    options: dict[str, Any],
    progress: Callable[[str], object] | None,
    is_canceled: Callable[[], bool] | None,
) -> str:
    """Ends the sessions that are open. Calls `progress` with a JSON document after each session.

    Checks for signals, and stops when `is_canceled` returns true.
    """

def journal_compact(client: Client, older_than: int) -> int:
    """Removes sessions that were closed at least that many seconds ago. Returns their number."""

def load_module(name: str) -> ModuleType:
    """Loads a module of this package, and keeps it."""

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
