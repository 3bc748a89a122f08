"""The options of single calls, the hooks and the API key of a client.

`_caller.py` and `_aio_caller.py` make calls with them.
"""

from __future__ import annotations

from . import _core
from ._checks import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from typing_extensions import Self

    from ._hooks import Hooks, RequestInfo
    from ._reply import Reply


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


def split_client_cert(client_cert: object, *others: object) -> tuple[Any, Any]:
    """Returns the files of the certificate and of its key, which is None beside the certificate.

    `others` are the other options for the same certificate: they must be None.
    """
    if any(other is not None for other in others):
        message = "`client_cert` cannot be given together with another option for the certificate."
        raise invalid_argument("/client_cert", message)
    if isinstance(client_cert, str) or hasattr(client_cert, "__fspath__"):
        return client_cert, None
    if isinstance(client_cert, (tuple, list)):
        if len(client_cert) == 2:
            return client_cert[0], client_cert[1]
        # httpx takes the password of the key as a third value.
        message = (
            f"`client_cert` must be a path or a pair of paths, not {len(client_cert)} values. "
            "The key must not be encrypted."
        )
        raise invalid_argument("/client_cert", message)
    kind = type(client_cert).__name__
    message = f"`client_cert` must be a path or a pair of paths, not {kind}."
    raise invalid_argument("/client_cert", message, wrong_type=True)


def to_overrides(
    timeout: float | None,
    max_retries: int | None,
    call_id: str | None,
    headers: Mapping[str, str] | None,
) -> dict[str, Any] | None:
    """Converts the options of a call to the keys of the core. Returns None if there are none."""
    if timeout is None and max_retries is None and call_id is None and headers is None:
        return None
    overrides = drop_none(
        timeout_ms=to_milliseconds("timeout", timeout), max_retries=max_retries, call_id=call_id
    )
    if headers is not None:
        overrides["headers"] = to_headers(headers)
    return overrides


def to_headers(headers: object) -> dict[str, str]:
    """Returns a copy of the headers of a call."""
    try:
        return dict(headers)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        kind = type(headers).__name__
        message = f"`headers` must be a mapping of strings, not {kind}."
        raise invalid_argument("/headers", message, wrong_type=True) from None


def merge_overrides(before: dict[str, Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns options with others in their place. Headers are merged by their names."""
    if not overrides:
        return before
    merged = {**before, **overrides}
    if "headers" in before and "headers" in overrides:
        merged["headers"] = merge_headers(before["headers"], overrides["headers"])
    return merged


def merge_headers(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Returns headers with others in their place. The case of a name does not matter."""

    def folded(name: object) -> object:
        # The core refuses names that are no strings.
        return name.lower() if isinstance(name, str) else name

    names = {folded(name) for name in given}
    return {name: text for name, text in before.items() if folded(name) not in names} | dict(given)


def _is_awaitable(value: object) -> bool:
    return hasattr(value, "__await__")


class ApiKey:
    """The API key that a function of the program returns for each call.

    A new key makes a new native client, which has connections of its own. Calls in flight keep the
    client that they began with.
    """

    # No lock: a fork could copy a lock that is held. Two threads with a new key may each make a
    # native client; one of the two is used from then on.
    __slots__ = ("_cores", "_current", "config", "first", "function", "is_closed", "make")

    def __init__(
        self,
        function: Callable[..., Any],
        config: dict[str, Any],
        first: _core.Client,
        make: Callable[[dict[str, Any], _core.Client], _core.Client],
    ) -> None:
        """Makes the object from the function, and the configuration of the native clients.

        `first` is the native client without a key, which makes no calls. The clients that `make`
        returns add to its counts.
        """
        from weakref import WeakSet

        self.function = function
        self.config = config
        self.first = first
        self.make = make
        self.is_closed = False
        # The last key and the native client with this key.
        self._current: tuple[str, _core.Client] | None = None
        self._cores: WeakSet[_core.Client] = WeakSet()

    def get(self) -> str:
        """Calls the function. An exception of the function is the caller's."""
        key = self.function()
        if _is_awaitable(key):
            # A coroutine that is not closed prints a warning later.
            getattr(key, "close", bool)()
        return self.check(key)

    async def get_async(self) -> str:
        """Calls the function, which may be a coroutine function."""
        key = self.function()
        # A value of another type than the annotation says is refused by `check`.
        return self.check(key if isinstance(key, str) or not _is_awaitable(key) else await key)

    def check(self, key: object) -> str:
        """Returns the key if it is a string."""
        if not isinstance(key, str):
            kind = type(key).__name__
            message = f"The function `api_key` must return a string, not {kind}."
            raise invalid_argument("/api_key", message, wrong_type=True)
        return key

    def core_for(self, key: str) -> _core.Client:
        """Returns the native client with this key; after `close` the first, which is closed."""
        current = self._current
        if current is None or current[0] != key:
            current = key, self.make(self.config | {"api_key": key}, self.first)
            self._cores.add(current[1])
            self._current = current
        # Read last: `close` sets the flag before it closes the clients.
        return self.first if self.is_closed else current[1]

    def last_core(self) -> _core.Client:
        """Returns the native client with the last key. Before the first call it is the first."""
        return self.first if self._current is None else self._current[1]

    def cores(self) -> list[_core.Client]:
        """Returns the native clients that have a key and are in use."""
        return list(self._cores)

    def close(self) -> None:
        """Closes the native clients."""
        self.is_closed = True
        for core in self.cores():
            core.close()


class CallSettings:
    """The native client of calls, with their options, hooks and API key. Makes no calls."""

    __slots__ = (
        "core",
        "hooks",
        "is_plain",
        "key",
        "options",
        "overrides",
        "reply_kind",
        "timeout",
    )

    def __init__(
        self,
        core: _core.Client,
        overrides: dict[str, Any],
        hooks: Hooks | None,
        key: ApiKey | None,
        timeout: float,
        reply_kind: type[Reply],
    ) -> None:
        """Makes the settings.

        `overrides` are the options of all calls, `timeout` is the client's time limit of a call,
        and `reply_kind` is `Reply`, which the import of the package does not load.
        """
        self.core = core
        self.overrides = overrides
        self.options = _core.Options(overrides | {"keep_headers": True})
        self.hooks = hooks
        self.key = key
        self.timeout = timeout
        self.reply_kind = reply_kind
        # Whether a call without options of its own needs nothing but the native client.
        self.is_plain = hooks is None and key is None

    def with_overrides(self, overrides: Mapping[str, Any] | None) -> Self:
        """Returns settings with other options."""
        merged = merge_overrides(self.overrides, overrides)
        return type(self)(self.core, merged, self.hooks, self.key, self.timeout, self.reply_kind)

    def time_limit(self) -> float:
        """Returns the time limit of a call in seconds."""
        limit: int | None = self.overrides.get("timeout_ms")
        return self.timeout if limit is None else limit / 1000

    def own_limit(self, timeout: float | None) -> float | None:
        """Returns `timeout`, or the limit of `with_options`. None if there is neither."""
        if timeout is not None or "timeout_ms" not in self.overrides:
            return timeout
        return self.time_limit()

    def options_with(self, overrides: Mapping[str, Any] | None) -> _core.Options:
        """Returns the options of a call."""
        if overrides is None:
            return self.options
        merged = merge_overrides(self.overrides, overrides)
        return _core.Options(merged | {"keep_headers": True})

    def core_for(self, key: str) -> _core.Client:
        """Returns the native client with this API key."""
        assert self.key is not None
        return self.key.core_for(key)

    def last_core(self) -> _core.Client:
        """Returns the native client that made the last call. Does not ask for the API key."""
        return self.core if self.key is None else self.key.last_core()

    def begin(
        self, operation: str, arguments: Mapping[str, Any], overrides: Mapping[str, Any] | None
    ) -> tuple[RequestInfo, _core.Options]:
        """Calls the hook for requests. Returns the request and the options of the call.

        The hook may have set headers that cannot be sent. Then the hook for errors is called.
        """
        from ._errors import IPlayGamesError

        assert self.hooks is not None
        merged = merge_overrides(self.overrides, overrides)
        request = self.hooks.notify_request(operation, arguments, merged)
        own: dict[str, Any] = {"keep_headers": True, "call_id": request.call_id}
        try:
            headers = to_headers(request.headers)
            if headers or "headers" in merged:
                before = merged.get("headers", {})
                added = {name: headers[name] for name in headers if name not in before}
                own["headers"] = merge_headers(headers, added)
            return request, _core.Options({**merged, **own})
        except IPlayGamesError as error:
            self.hooks.notify_error(request, error)
            raise
