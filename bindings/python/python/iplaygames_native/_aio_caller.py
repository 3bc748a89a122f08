"""Makes the calls of the asynchronous client. `_caller.py` has the blocking variant."""

from __future__ import annotations

from ._loop import get_loop, get_loop_state
from ._options import CallSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, TypeVar

    from . import _core
    from ._reply import Reply

    R = TypeVar("R", bound=Reply)


class AsyncCaller(CallSettings):
    """Makes calls in the running event loop. The resources of one client share it."""

    __slots__ = ()

    def call(
        self,
        operation: str,
        kind: type[R],
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None = None,
    ) -> Coroutine[Any, Any, R]:
        """Returns the coroutine of a call. `overrides` are the options of this call only."""
        loop = get_loop()
        state = get_loop_state(loop)
        if overrides is None and self.is_plain:
            return state.call(loop, self.core, operation, kind, arguments, self.options)
        return self._send(
            operation,
            arguments,
            overrides,
            lambda core, options: state.call(loop, core, operation, kind, arguments, options),
        )

    async def download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: object,
        progress: Callable[[int, int | None], object] | None,
        overrides: dict[str, Any] | None,
    ) -> Any:
        """Downloads a file to a path or a file object. Returns a `SavedFile`."""
        from ._download import download_async
        from ._file import SavedFile

        loop = get_loop()
        state = get_loop_state(loop)

        async def send(core: _core.Client, options: _core.Options) -> SavedFile:
            raw_reply = await download_async(
                loop, state, core, operation, arguments, options, file, progress
            )
            return SavedFile(raw_reply)

        return await self._send(operation, arguments, overrides, send)

    async def _send(
        self,
        operation: str,
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None,
        send: Callable[[_core.Client, _core.Options], Awaitable[R]],
    ) -> R:
        """Awaits `send` with the native client and the options of the call, and calls the hooks."""
        core = await self.current_core()
        if self.hooks is None:
            return await send(core, self.options_with(overrides))
        request, options = self.begin(operation, arguments, overrides)
        try:
            reply = await send(core, options)
        except BaseException as error:
            self.hooks.notify_error(request, error)
            raise
        self.hooks.notify_response(request, reply)
        return reply

    async def current_core(self) -> _core.Client:
        """Returns the native client with the current API key."""
        return self.core if self.key is None else self.core_for(await self.key.get_async())
