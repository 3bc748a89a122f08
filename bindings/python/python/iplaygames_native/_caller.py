"""Makes the calls of the blocking client: options of single calls, hooks and API keys.

`_aio_caller.py` has the asynchronous variant. `_client.py` and the resources use it.
"""

from __future__ import annotations

from . import _core
from ._options import CallSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ._reply import Reply

    R = TypeVar("R", bound=Reply)


class Caller(CallSettings):
    """Makes blocking calls. The resources of one client share it."""

    __slots__ = ()

    def call(
        self,
        operation: str,
        kind: type[R],
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None = None,
    ) -> R:
        """Makes a call. `overrides` are the options of this call only."""
        if overrides is None and self.is_plain:
            return kind(self.core.call(operation, arguments, self.options))
        return self._send(
            operation,
            arguments,
            overrides,
            lambda core, options: kind(core.call(operation, arguments, options)),
        )

    def download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: object,
        progress: Callable[[int, int | None], object] | None,
        overrides: dict[str, Any] | None,
    ) -> Any:
        """Downloads a file to a path or a file object. Returns a `SavedFile`."""
        from ._download import download
        from ._file import SavedFile

        return self._send(
            operation,
            arguments,
            overrides,
            lambda core, options: SavedFile(
                download(core, operation, arguments, options, file, progress)
            ),
        )

    def _send(
        self,
        operation: str,
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None,
        send: Callable[[_core.Client, _core.Options], R],
    ) -> R:
        """Calls `send` with the native client and the options of the call, and the hooks."""
        core = self.current_core()
        if self.hooks is None:
            return send(core, self.options_with(overrides))
        request, options = self.begin(operation, arguments, overrides)
        try:
            reply = send(core, options)
        except BaseException as error:
            self.hooks.notify_error(request, error)
            raise
        self.hooks.notify_response(request, reply)
        return reply

    def current_core(self) -> _core.Client:
        """Returns the native client with the current API key."""
        return self.core if self.key is None else self.core_for(self.key.get())
