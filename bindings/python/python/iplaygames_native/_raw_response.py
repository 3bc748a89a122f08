"""The responses of `with_raw_response`: with headers, not parsed."""

from __future__ import annotations

from ._aio_caller import AsyncCaller
from ._caller import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Generic, TypeVar

    from ._options import CallSettings
    from ._reply import Reply

    R = TypeVar("R", bound=Reply, covariant=True)

    class _Base(Generic[R]):
        pass

else:
    from ._generic import Subscriptable as _Base


class RawResponse(_Base["R"]):
    """The response of a call that succeeded. `parse` returns what the call itself returns."""

    __slots__ = ("_reply",)

    def __init__(self, reply: R) -> None:
        """Makes a response from a reply."""
        self._reply = reply

    @property
    def status_code(self) -> int | None:
        """The HTTP status code."""
        return self._reply.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers. The case of a name does not matter."""
        return self._reply.headers

    @property
    def text(self) -> str:
        """The body: the server's own JSON document, byte for byte. For a file, its description."""
        return self._reply.json

    @property
    def call_id(self) -> str:
        """The client's id of the call, sent as `X-Request-Id`."""
        return self._reply.call_id

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if the server sent an id."""
        return self._reply.request_id

    @property
    def attempts(self) -> int:
        """The number of attempts."""
        return self._reply.attempts

    @property
    def elapsed(self) -> float:
        """The duration of the call in seconds, pauses included."""
        return self._reply.elapsed

    def parse(self) -> R:
        """Returns the typed result."""
        return self._reply

    def __repr__(self) -> str:
        return f"RawResponse(status_code={self.status_code}, characters={len(self.text)})"


def _copy(settings: CallSettings) -> tuple[Any, ...]:
    return (
        settings.core,
        settings.overrides,
        settings.hooks,
        settings.key,
        settings.timeout,
        settings.reply_kind,
    )


class RawCaller(Caller):
    """Makes blocking calls that return raw responses. The pages of lists have headers anyway."""

    __slots__ = ()

    def __init__(self, caller: Caller) -> None:
        """Makes a copy of a caller."""
        super().__init__(*_copy(caller))

    def call(
        self,
        operation: str,
        kind: Any,
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None = None,
    ) -> Any:
        """Makes a call."""
        from ._page import Page

        reply = super().call(operation, kind, arguments, overrides)
        return reply if isinstance(reply, Page) else RawResponse(reply)

    def download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: object,
        progress: Callable[[int, int | None], object] | None,
        overrides: dict[str, Any] | None,
    ) -> Any:
        """Downloads a file."""
        return RawResponse(super().download(operation, arguments, file, progress, overrides))


class AsyncRawCaller(AsyncCaller):
    """Makes asynchronous calls that return raw responses."""

    __slots__ = ()

    def __init__(self, caller: AsyncCaller) -> None:
        """Makes a copy of a caller."""
        super().__init__(*_copy(caller))

    async def call(
        self,
        operation: str,
        kind: Any,
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None = None,
    ) -> Any:
        """Makes a call."""
        from ._page import Page

        reply = await super().call(operation, kind, arguments, overrides)
        return reply if isinstance(reply, Page) else RawResponse(reply)

    async def download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: object,
        progress: Callable[[int, int | None], object] | None,
        overrides: dict[str, Any] | None,
    ) -> Any:
        """Downloads a file."""
        return RawResponse(await super().download(operation, arguments, file, progress, overrides))
