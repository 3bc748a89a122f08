"""The Rust client. Private: what it has may change with any version."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias, final

from ._errors import IPlayGamesError

__all__ = [
    "DEFAULT_BASE_URL",
    "Call",
    "Client",
    "Mailbox",
    "Options",
    "Sandbox",
    "__version__",
    "codes",
    "is_read",
    "log_warning",
    "operations",
    "run_tool",
    "write_unraisable",
]

__version__: Final[str]
DEFAULT_BASE_URL: Final[str]

# An answer: the document's text, the HTTP status, the attempts, the seconds it took, our id of the call, the
# server's id of the request.
_Facts: TypeAlias = tuple[str, int | None, int, float, str, str | None]
_Field: TypeAlias = tuple[str, str, str, bool, bool]
_Operation: TypeAlias = tuple[str, str, str, str, str, str, list[_Field]]

@final
class Options:
    """What calls may differ in from their client's configuration."""

    def __new__(cls, options: dict[str, Any]) -> Options:
        """From a dict with `timeout_ms`, `max_retries` and `call_id`."""

@final
class Mailbox:
    """A mailbox."""

    def __new__(cls) -> Mailbox: ...
    def fileno(self) -> int:
        """The descriptor to watch for reading."""

    def take(self) -> list[int]:
        """Takes out what is there."""

    def wait(self, timeout: float) -> bool:
        """Waits until there is something, for so many seconds at most; answers whether there is."""

    def put(self, token: int) -> None:
        """Puts a token in."""

@final
class Call:
    """A call in flight. Dropping it cancels it."""

    def result(self) -> _Facts | None:
        """The facts of the answer; raises what the call failed with. Told once; None while there is none, and
        after that."""

    def change(self) -> tuple[bool, _Facts] | None:
        """Of a watch: whether it is the last, and what was not told yet; raises what the watch failed with."""

    def cancel(self) -> tuple[_Facts | None, IPlayGamesError | None] | None:
        """Ends the call at once. Returns how it ended: the facts of its answer, if it had succeeded already, or
        the exception, which says the outcome. None if the result was delivered before."""

    def watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        """Returns what is known of a watch: when the last reading succeeded, in seconds since 1970, and the
        exception that says why the last reading failed."""

    def close(self) -> None:
        """Ends a watch at once."""

@final
class Client:
    """A client."""

    def __new__(cls, config: dict[str, Any]) -> Client:
        """From a dict with the keys of the configuration."""

    def call(
        self,
        operation: str,
        arguments: dict[str, Any] | None = None,
        options: Options | None = None,
    ) -> _Facts:
        """Calls an operation and waits for the answer; looks for signals while it waits."""

    def submit(
        self,
        operation: str,
        arguments: dict[str, Any] | None,
        options: Options | None,
        mailbox: Mailbox,
        token: int,
    ) -> Call:
        """Sends a call on its way and returns at once; its end is noted in the mailbox."""

    def watch(
        self,
        session_id: str,
        interval: float,
        max_failures: int | None,
        options: Options | None,
        mailbox: Mailbox,
        token: int,
    ) -> Call:
        """Watches a session; every change and the end are noted in the mailbox."""

    def wait(self, mailbox: Mailbox) -> None:
        """Drives the client until there is something in the mailbox; looks for signals meanwhile."""

    def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection, so that the first call does not have to. `timeout` is in seconds; None is the
        client's own. Answers the seconds it took."""

    def stats(self) -> str:
        """Counts, as a JSON document."""

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""

    def close(self) -> None:
        """Ends the client: calls in flight end as canceled, later ones are refused. Never waits."""

@final
class Sandbox:
    """A server of the API in this process."""

    def __new__(cls, config: dict[str, Any]) -> Sandbox:
        """From a dict with the keys of the sandbox's configuration; it listens when this returns."""

    @property
    def base_url(self) -> str:
        """Where it listens."""

    @property
    def api_key(self) -> str:
        """The only key it takes."""

    def control(self, command: dict[str, Any]) -> str:
        """Carries out a command, a dict; answers a JSON document."""

    def stop(self) -> None:
        """Stops it; stopping again does nothing."""

def operations() -> list[_Operation]:
    """Every operation of the API."""

def codes() -> list[tuple[int, str, str]]:
    """Every code: its number, its name and what it means."""

def is_read(operation: str) -> bool:
    """Returns whether an operation only reads."""

def log_warning(message: str) -> None:
    """Logs a warning, if the program has imported `logging`."""

def write_unraisable(error: BaseException) -> None:
    """Gives an exception that cannot be raised to `sys.unraisablehook`."""

def run_tool(words: Sequence[str]) -> int:
    """Runs the command-line tool with the words that follow its name; answers its exit code."""
