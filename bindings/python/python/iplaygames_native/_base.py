"""What both clients are told, and what they share."""

from __future__ import annotations

from os import environ

from . import _core
from ._errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from os import PathLike
    from typing import Any

    from typing_extensions import Self

    from ._errors import IPlayGamesError
    from ._table import Operation


def milliseconds(name: str, seconds: float | None) -> int | None:
    """A time given in seconds, as the core wants it."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not hasattr(seconds, "__float__"):
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a time in seconds, not {type(seconds).__name__}.", True
        )
    # Written so that NaN fails too.
    if not 0.001 <= seconds <= 86400:
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a time in seconds, from 0.001 to 86400."
        )
    return max(1, round(seconds * 1000))


def given(**values: Any) -> dict[str, Any]:
    """What was given: None stands for what was left out."""
    return {name: value for name, value in values.items() if value is not None}


class BaseClient:
    """Makes, copies and describes clients."""

    __slots__ = ("__weakref__", "_core", "_options", "_overrides")
    _background = False
    _max_in_flight: int | None = None

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        attempt_timeout: float | None = None,
        connect_timeout: float | None = None,
        max_retries: int | None = None,
        max_in_flight: int | None = None,
        max_connections: int | None = None,
        max_response_bytes: int | None = None,
        proxy: str | None = None,
        ca_file: str | PathLike[str] | None = None,
        ca_pem: str | None = None,
        only_these_cas: bool | None = None,
        user_agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_insecure_http: bool | None = None,
    ) -> None:
        """Makes a client. Opens no connection.

        api_key: the operator's key; else the environment's IPLAYGAMES_API_KEY. Required with the default
            address, optional with another.
        base_url: the API's address; else the environment's IPLAYGAMES_BASE_URL, else the public one.
        timeout: seconds for a whole call, all attempts and pauses (30).
        attempt_timeout: seconds for one attempt, where another may follow (10).
        connect_timeout: seconds for name, connection and TLS together (5).
        max_retries: how often to try again what may be tried again (2).
        max_in_flight: calls in flight; one more is a `BusyError` (1024; of an AsyncClient 1048576).
        max_connections: connections; calls beyond wait their turn (32).
        max_response_bytes: a larger answer is an error (8 MiB).
        proxy: an http or https URL, or `"none"`; else the system's.
        ca_file, ca_pem: certificates to trust beside the system's.
        only_these_cas: trust those alone.
        user_agent: put before `iplaygames-native/<version>`.
        headers: extra headers, such as a relay's player token.
        allow_insecure_http: allows http to other machines.
        """
        if "IPLAYGAMES_LOG" in environ:
            from ._log import to_stderr

            to_stderr()
        config = given(
            api_key=api_key,
            base_url=base_url,
            timeout_ms=milliseconds("timeout", timeout),
            attempt_timeout_ms=milliseconds("attempt_timeout", attempt_timeout),
            connect_timeout_ms=milliseconds("connect_timeout", connect_timeout),
            max_retries=max_retries,
            max_in_flight=self._max_in_flight if max_in_flight is None else max_in_flight,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            proxy=proxy,
            # What is no path is refused by name below.
            ca_file=getattr(ca_file, "__fspath__", lambda: ca_file)(),
            ca_pem=ca_pem,
            only_these_cas=only_these_cas,
            user_agent=user_agent,
            headers=headers,
            allow_insecure_http=allow_insecure_http,
            background=self._background,
        )
        self._core = _core.Client(config)
        self._overrides: dict[str, Any] = {}
        self._options: _core.Options | None = None

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
    ) -> Self:
        """The same client, whose calls differ in this. Cheap: both share their connections, and closing
        either closes both. A `call_id` (1 to 128 visible ASCII characters) is sent as `X-Request-Id`."""
        other = type(self).__new__(type(self))
        other._core = self._core
        other._overrides = self._overrides | given(
            timeout_ms=milliseconds("timeout", timeout), max_retries=max_retries, call_id=call_id
        )
        other._options = _core.Options(other._overrides)
        return other

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._core.base_url

    def operations(self) -> tuple[Operation, ...]:
        """Every operation of the API, with its fields."""
        from ._table import operations

        return operations()

    def stats(self) -> dict[str, Any]:
        """Counts since the client was made: `calls`, `succeeded`, `failed`, `attempts`, `unknown`,
        `abandoned`, `in_flight`."""
        from ._document import parse

        stats: dict[str, Any] = parse(self._core.stats())
        return stats

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: it has connections and a key")


def check_whole_number(name: str, number: object) -> None:
    """Raises the error for an argument that is no whole number."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a whole number, not {type(number).__name__}.", True
        )


def check_watch(session_id: object, interval: object, max_failures: object) -> None:
    """Raises the error for an argument of a watch that is of the wrong type, or that is no number of failures."""
    if not isinstance(session_id, str):
        message = f"`session_id` must be a string, not {type(session_id).__name__}."
        raise invalid_argument("/session_id", message, True)
    if isinstance(interval, (bool, str)) or not hasattr(interval, "__float__"):
        raise invalid_argument(
            "/interval",
            f"`interval` must be a time in seconds, not {type(interval).__name__}.",
            True,
        )
    if max_failures is None:
        return
    check_whole_number("max_failures", max_failures)
    assert isinstance(max_failures, int)
    if not 1 <= max_failures < 1 << 32:
        raise invalid_argument("/max_failures", "`max_failures` must be 1 or more.")


class WatchState:
    """What both kinds of watch tell of their readings."""

    __slots__ = ()

    def _state(self) -> tuple[float | None, IPlayGamesError | None]:
        raise NotImplementedError

    @property
    def last_error(self) -> IPlayGamesError | None:
        """Why the last reading failed; None if it succeeded, or if there was none yet."""
        return self._state()[1]

    @property
    def last_read_at(self) -> datetime | None:
        """When the last reading that succeeded came, in UTC; None before the first."""
        read_at = self._state()[0]
        if read_at is None:
            return None
        from datetime import datetime, timezone

        return datetime.fromtimestamp(read_at, timezone.utc)


def start_arguments(arguments: dict[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments of a start: None stands for what was left out; `extra` goes as it is."""
    arguments = given(**arguments)
    for name in extra or ():
        if name in arguments:
            raise invalid_argument(
                f"/{name}", f"`{name}` is given twice: as itself and in `extra`."
            )
    return arguments | dict(extra or {})


def is_over(error: Exception) -> bool:
    """Whether what could not be ended is over anyhow."""
    from ._errors import ConflictError, NotFoundError

    return isinstance(error, (NotFoundError, ConflictError))
