"""The base class of both clients: options, copies, pickling and resources.

Makes no calls: `_client.py` and `_aio.py` do.
"""

from __future__ import annotations

from os import environ

from . import _core
from ._checks import invalid_argument, is_coroutine_function
from ._options import (
    ApiKey,
    drop_none,
    merge_overrides,
    split_client_cert,
    to_milliseconds,
    to_overrides,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import Any, Generic, Literal, TypeVar

    from typing_extensions import Self

    from ._hooks import RequestInfo
    from ._options import CallSettings
    from ._reply import Reply
    from ._table import Operation
    from ._transport import Transport

    # The type of the option `api_key`: only an asynchronous client takes a coroutine function.
    ApiKeyT = TypeVar("ApiKeyT")

    class _Base(Generic[ApiKeyT]):
        pass

else:
    from ._generic import Subscriptable as _Base


def _to_path(path: object) -> Any:
    """Converts a path to text. The core refuses a value that is not a path."""
    return getattr(path, "__fspath__", lambda: path)()


# The key of the client whose calls all have a key of their own. It is never sent.
_NO_KEY = "set-for-each-call"

# How many seconds the end of a client waits until its journal is written and closed.
JOURNAL_CLOSE_LIMIT = 2.0


class LazyResource:
    """An attribute of a client that is made on first use, and kept. Tests may replace it."""

    def __init__(self, module: str, name: str, doc: str) -> None:
        """Names the module and the class of the resource."""
        self.module = module
        self.name = name
        self.attribute = ""
        self.__doc__ = doc

    def __set_name__(self, owner: type[BaseClient[Any]], name: str) -> None:
        self.attribute = name

    def __get__(self, client: BaseClient[Any] | None, owner: type[BaseClient[Any]]) -> Any:
        if client is None:
            return self
        values = client.__dict__
        try:
            return values[self.attribute]
        except KeyError:
            module = _core.load_module(self.module)
            return values.setdefault(self.attribute, getattr(module, self.name)(client._caller))

    # With these two methods `help` shows the attribute as a property.

    def __set__(self, client: BaseClient[Any], value: Any) -> None:
        client.__dict__[self.attribute] = value

    def __delete__(self, client: BaseClient[Any]) -> None:
        del client.__dict__[self.attribute]


class BaseClient(_Base["ApiKeyT"]):
    """The options, copies and properties that both clients have."""

    __slots__ = ("__dict__", "__weakref__", "_arguments", "_caller", "_core")
    # Whether the client has an I/O thread.
    _background = False
    _max_in_flight: int | None = None
    # A `CallSettings`; the classes below name its class.
    _caller: Any
    _caller_kind: type[CallSettings]

    def __init__(
        self,
        *,
        api_key: ApiKeyT | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        attempt_timeout: float | None = None,
        connect_timeout: float | None = None,
        max_retries: int | None = None,
        max_in_flight: int | None = None,
        max_connections: int | None = None,
        max_response_bytes: int | None = None,
        journal: str | PathLike[str] | Mapping[str, Any] | None = None,
        transport: Literal["native", "reqwest"] | Transport | None = None,
        proxy: str | None = None,
        ca_file: str | PathLike[str] | None = None,
        ca_pem: str | None = None,
        ca_only: bool | None = None,
        client_cert: str
        | PathLike[str]
        | tuple[str | PathLike[str], str | PathLike[str]]
        | None = None,
        client_cert_file: str | PathLike[str] | None = None,
        client_cert_pem: str | None = None,
        client_key_file: str | PathLike[str] | None = None,
        client_key_pem: str | None = None,
        user_agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_insecure_http: bool | None = None,
        on_request: Callable[[RequestInfo], object] | None = None,
        on_response: Callable[[RequestInfo, Reply], object] | None = None,
        on_error: Callable[[RequestInfo, BaseException], object] | None = None,
    ) -> None:
        """Makes a client. Opens no connection.

        Args:
            api_key: The operator's key. Default: the environment variable IPLAYGAMES_API_KEY.
                Required for the public API, optional for another `base_url`. A function is called
                before each call, watch and bulk call and returns the key; its exceptions are
                raised. For an `AsyncClient` it may be a coroutine function.
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
            journal: A file that records each session before its start is sent, or a dict with
                `path` and `durability`. The attribute `journal` then lists and ends sessions.
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
            client_cert: A file with the certificate for servers that ask for one and its private
                key, or a pair of the file with the certificate and the file with the key. The same
                as `client_cert_file` and `client_key_file`.
            client_cert_file: A file with the certificate for servers that ask for one, in PEM
                format.
            client_cert_pem: The certificate for servers that ask for one, in PEM format.
            client_key_file: A file with the private key of that certificate. Default: the key
                beside the certificate.
            client_key_pem: The private key of that certificate, in PEM format.
            user_agent: A text to put before `iplaygames-native/<version>` in `User-Agent`.
            headers: Additional headers, such as a relay's player token.
            allow_insecure_http: Whether to allow `http` URLs of other machines.
            on_request: A function that is called before each call. It may add headers to
                `request.headers`. No hook replaces a result: exceptions of hooks go to
                `sys.unraisablehook`.
            on_response: A function that is called with the request and the result of each call.
            on_error: A function that is called with the request and the exception of each call.
        """
        self._arguments = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "api_key") and value is not None
        }
        self._check_context()
        if "IPLAYGAMES_LOG" in environ:
            from ._log import log_to_stderr

            log_to_stderr()
        if client_cert is not None:
            given = (client_cert_file, client_cert_pem, client_key_file, client_key_pem)
            client_cert_file, client_key_file = split_client_cert(client_cert, *given)
        config = drop_none(
            api_key=_NO_KEY if callable(api_key) else api_key,
            base_url=base_url,
            timeout_ms=to_milliseconds("timeout", timeout),
            attempt_timeout_ms=to_milliseconds("attempt_timeout", attempt_timeout),
            connect_timeout_ms=to_milliseconds("connect_timeout", connect_timeout),
            max_retries=max_retries,
            max_in_flight=self._max_in_flight if max_in_flight is None else max_in_flight,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            journal=_to_path(journal),
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

        # Not `self`, which the key of the client would then keep alive.
        background = self._background

        def make_core(
            config: dict[str, Any], counted_with: _core.Client | None = None
        ) -> _core.Client:
            if not callable(transport):
                given = drop_none(transport=transport, io_thread=background)
                return _core.Client(config | given, counted_with=counted_with)
            from ._transport import CallableTransport, max_workers

            # The threads that wait for their calls drive the client. A client of event loops has
            # none, so it gets a thread of Python for that.
            function, workers = CallableTransport(transport), max_workers(max_connections)
            return _core.Client(config, function, workers, background, counted_with)

        hooks = None
        if not (on_request is None and on_response is None and on_error is None):
            from ._hooks import Hooks

            hooks = Hooks(on_request, on_response, on_error)
        self._core = make_core(config)
        key = None
        if callable(api_key):
            if not self._background and is_coroutine_function(api_key):
                message = (
                    "`api_key` must be a plain function, not a coroutine function, because a "
                    "Client awaits nothing: pass a plain function, or use AsyncClient."
                )
                raise invalid_argument("/api_key", message, wrong_type=True)
            key = ApiKey(api_key, config, self._core, make_core)
        from ._reply import Reply

        limit = 30.0 if timeout is None else float(timeout)
        self._caller = self._caller_kind(self._core, {}, hooks, key, limit, Reply)

    def _check_context(self) -> None:
        """Raises an exception if the client cannot work where it is made."""

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Returns a copy of the client with other options for its calls, watches and bulk calls.

        The copy is cheap: both clients share their connections, and closing one client closes both.

        Args:
            timeout: The time limit of a whole call in seconds.
            max_retries: The greatest number of retries of a call.
            call_id: The id of the calls, 1 to 128 visible ASCII characters. Sent as
                `X-Request-Id`. A bulk call adds the number of the item.
            headers: Headers of the calls. They replace headers of the client of the same name.
        """
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        return self._copy_with(self._caller.with_overrides(overrides))

    def _copy_with(self, caller: CallSettings) -> Self:
        other = type(self).__new__(type(self))
        other._arguments = self._arguments
        other._core = self._core
        other._caller = caller
        return other

    def __copy__(self) -> Self:
        return self._copy_with(self._caller)

    def __deepcopy__(self, memo: object) -> Self:
        return self._copy_with(self._caller)

    def _close(self) -> None:
        self._core.close()
        if self._caller.key is not None:
            self._caller.key.close()

    def _close_journal(self, wait: float) -> bool:
        """Waits at most `wait` seconds until the journal is closed. Returns whether it is."""
        key = self._caller.key
        if key is None:
            return _core.journal_close(self._core, wait)
        from time import monotonic

        until = monotonic() + wait
        closed = [
            _core.journal_close(core, max(0.0, until - monotonic()))
            for core in (self._core, *key.cores())
        ]
        return all(closed)

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
        `in_flight`, and `journal` of a client with a journal.
        """
        from ._document import parse

        stats: dict[str, Any] = parse(self._core.stats())
        if self._caller.key is not None:
            # The native clients of all keys have the same counts, but calls in flight of their own.
            own = [parse(core.stats()) for core in self._caller.key.cores()]
            stats["in_flight"] = sum(each["in_flight"] for each in own)
            stats["roots"] = parse(self._caller.last_core().stats())["roots"]
        return stats

    def __repr__(self) -> str:
        name = type(self).__name__
        try:
            return f"{name}(base_url={self.base_url!r})"
        except AttributeError:
            # `__init__` has not run or has failed.
            return f"<{name} without a connection>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the configuration without the API key.

        The client that is made from it takes its key from the environment of its process.
        """
        name = type(self).__name__
        arguments = self._arguments
        for secret in ("headers", "client_key_pem", "client_cert_pem"):
            if secret in arguments:
                raise TypeError(
                    f"This {name} cannot be pickled, because `{secret}` may contain a secret: "
                    "make the client in the other process."
                )
        if "@" in arguments.get("proxy", ""):
            raise TypeError(
                f"This {name} cannot be pickled, because `proxy` contains a password: "
                "make the client in the other process."
            )
        overrides = self._caller.overrides
        if "headers" in overrides:
            raise TypeError(
                f"This {name} cannot be pickled, because `headers` may contain a secret: "
                "add the headers in the other process."
            )
        if self._caller.key is not None:
            arguments = arguments | {"api_key": self._caller.key.function}
        return _restore, (type(self), arguments, overrides)


def _restore(
    kind: type[BaseClient[Any]], arguments: dict[str, Any], overrides: dict[str, Any]
) -> BaseClient[Any]:
    client = kind(**arguments)
    client._caller = client._caller.with_overrides(merge_overrides({}, overrides))
    return client
