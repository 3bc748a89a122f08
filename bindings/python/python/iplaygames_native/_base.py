"""The base class of both clients, and the functions that check and convert arguments.

Makes no calls: `_client.py` and `_aio.py` do.
"""

from __future__ import annotations

from os import environ

from . import _core
from ._errors import ConflictError, NotFoundError, add_note, invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any, Literal

    from typing_extensions import Self

    from ._errors import IPlayGamesError
    from ._table import Operation
    from ._transport import Transport


def to_milliseconds(name: str, seconds: float | None) -> int | None:
    """Converts an argument in seconds to the milliseconds of the core. None stays None."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not hasattr(seconds, "__float__"):
        kind = type(seconds).__name__
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a time in seconds, not {kind}.", wrong_type=True
        )
    # NaN fails this comparison, too.
    if not 0.001 <= seconds <= 86400:
        message = f"`{name}` must be a time in seconds, from 0.001 to 86400."
        raise invalid_argument(f"/{name}", message)
    return max(1, round(seconds * 1000))


def drop_none(**values: Any) -> dict[str, Any]:
    """Returns the arguments that are not None. None stands for an argument that was left out."""
    return {name: value for name, value in values.items() if value is not None}


def _to_path(path: str | PathLike[str] | None) -> Any:
    """Converts a path to text. The core refuses a value that is not a path."""
    return getattr(path, "__fspath__", lambda: path)()


class BaseClient:
    """The options, copies and properties that both clients have."""

    __slots__ = ("__weakref__", "_core", "_options", "_overrides")
    # Whether the client has an I/O thread.
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
        transport: Literal["native", "reqwest"] | Transport | None = None,
        proxy: str | None = None,
        ca_file: str | PathLike[str] | None = None,
        ca_pem: str | None = None,
        ca_only: bool | None = None,
        client_cert_file: str | PathLike[str] | None = None,
        client_cert_pem: str | None = None,
        client_key_file: str | PathLike[str] | None = None,
        client_key_pem: str | None = None,
        user_agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_insecure_http: bool | None = None,
    ) -> None:
        """Makes a client. Opens no connection.

        Args:
            api_key: The operator's key. Default: the environment variable IPLAYGAMES_API_KEY.
                Required for the public API, optional for another `base_url`.
            base_url: The URL of the API. Default: the environment variable IPLAYGAMES_BASE_URL, or
                the public API.
            timeout: The time limit of a whole call in seconds, all attempts and pauses included.
                Default: 30.
            attempt_timeout: The time limit in seconds of an attempt that may be retried. Default:
                10.
            connect_timeout: The time limit in seconds for name resolution, connection and TLS
                together. Default: 5.
            max_retries: The greatest number of retries of a call. Default: 2.
            max_in_flight: The greatest number of calls in flight; a further call raises
                `BusyError`. Default: 1024, for an `AsyncClient` 1048576.
            max_connections: The greatest number of connections; further calls wait for a
                connection. Default: 32.
            max_response_bytes: The greatest size of a response. Default: 8 MiB.
            transport: The HTTP library: `"native"` or `"reqwest"`, or a function that sends the
                requests. Default: the environment variable IPLAYGAMES_TRANSPORT, or `"native"`. A
                function gets the method, the URL, a dict of headers and the body as `bytes`, and
                returns `(status, headers, body)`. It runs on worker threads and may block. It must
                not follow redirects. The options for connections, TLS and proxies then have no
                effect. An exception of the function fails the call with the outcome `unknown`,
                a `NotSentError` with `not_sent`.
            proxy: The URL of an HTTP, HTTPS or SOCKS proxy, or `"none"`. Default: the system's
                proxy.
            ca_file: A file of certificates to trust in addition to the system's.
            ca_pem: Certificates in PEM format to trust in addition to the system's.
            ca_only: Whether to trust only the certificates of `ca_file` or `ca_pem`.
            client_cert_file: A file with the certificate for servers that ask for one, in PEM
                format.
            client_cert_pem: The certificate for servers that ask for one, in PEM format.
            client_key_file: A file with the private key of that certificate. Default: the key
                beside the certificate.
            client_key_pem: The private key of that certificate, in PEM format.
            user_agent: A text to put before `iplaygames-native/<version>` in `User-Agent`.
            headers: Additional headers, such as a relay's player token.
            allow_insecure_http: Whether to allow `http` URLs of other machines.
        """
        if "IPLAYGAMES_LOG" in environ:
            from ._log import log_to_stderr

            log_to_stderr()
        config = drop_none(
            api_key=api_key,
            base_url=base_url,
            timeout_ms=to_milliseconds("timeout", timeout),
            attempt_timeout_ms=to_milliseconds("attempt_timeout", attempt_timeout),
            connect_timeout_ms=to_milliseconds("connect_timeout", connect_timeout),
            max_retries=max_retries,
            max_in_flight=self._max_in_flight if max_in_flight is None else max_in_flight,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            proxy=proxy,
            ca_file=_to_path(ca_file),
            ca_pem=ca_pem,
            ca_only=ca_only,
            client_cert_file=_to_path(client_cert_file),
            client_cert_pem=client_cert_pem,
            client_key_file=_to_path(client_key_file),
            client_key_pem=client_key_pem,
            user_agent=user_agent,
            headers=headers,
            allow_insecure_http=allow_insecure_http,
        )
        if callable(transport):
            from ._transport import CallableTransport, max_workers

            # The threads that wait for their calls drive the client. A client of event loops has
            # none, so it gets a thread of Python for that.
            self._core = _core.Client(
                config,
                CallableTransport(transport),
                max_workers(max_connections),
                self._background,
            )
        else:
            config |= drop_none(transport=transport, io_thread=self._background)
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
        """Returns a copy of the client with other options for its calls.

        The copy is cheap: both clients share their connections, and closing one client closes both.

        Args:
            timeout: The time limit of a whole call in seconds.
            max_retries: The greatest number of retries of a call.
            call_id: The id of the calls, 1 to 128 visible ASCII characters. Sent as
                `X-Request-Id`.
        """
        other = type(self).__new__(type(self))
        other._core = self._core
        other._overrides = self._overrides | drop_none(
            timeout_ms=to_milliseconds("timeout", timeout), max_retries=max_retries, call_id=call_id
        )
        other._options = _core.Options(other._overrides)
        return other

    @property
    def base_url(self) -> str:
        """The server's URL, without a trailing slash."""
        return self._core.base_url

    def operations(self) -> tuple[Operation, ...]:
        """Returns every operation of the API, with its fields."""
        from ._table import operations

        return operations()

    def stats(self) -> dict[str, Any]:
        """Returns counters since the client was made.

        The keys are `calls`, `succeeded`, `failed`, `attempts`, `unknown`, `abandoned` and
        `in_flight`.
        """
        from ._document import parse

        stats: dict[str, Any] = parse(self._core.stats())
        return stats

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        name = type(self).__name__
        raise TypeError(
            f"A {name} cannot be pickled, because it has connections and a key: make one here."
        )


def check_int(name: str, value: object) -> None:
    """Raises `ArgumentTypeError` if an argument is not an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        kind = type(value).__name__
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a whole number, not {kind}.", wrong_type=True
        )


def to_start_arguments(
    arguments: dict[str, Any], extra: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns the arguments of a start: those that are not None, and `extra` unchecked."""
    arguments = drop_none(**arguments)
    for name in extra or ():
        if name in arguments:
            message = f"`{name}` is given twice: as an argument and in `extra`."
            raise invalid_argument(f"/{name}", message)
    return arguments | {"extra": dict(extra)} if extra else arguments


def handle_end_error(end_error: IPlayGamesError, block_error: BaseException | None) -> None:
    """Handles an error of the call that ends the session of a `with` block.

    Does nothing if the session has ended already. Adds a note to the error of the block, if the
    block failed. Raises `end_error` otherwise.
    """
    if isinstance(end_error, (NotFoundError, ConflictError)):
        return
    if block_error is None:
        raise end_error
    add_note(block_error, f"The session could not be ended either: {end_error}")
