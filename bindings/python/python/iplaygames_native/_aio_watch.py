"""The asynchronous watch of a session."""

from __future__ import annotations

from _thread import allocate_lock

from ._errors import IPlayGamesError
from ._loop import LoopState, get_loop, get_loop_state
from ._results import SessionStatus
from ._watch import ObservedWatch, WatchState, check_watch_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from . import _core
    from ._aio_caller import AsyncCaller
    from ._reply import RawReply


class AsyncWatch(WatchState):
    """An asynchronous iterator of the changes of a session.

    Stops when the session is over, or after `close`. A watch has one consumer at a time, in the
    event loop that first awaited it: any other consumer gets a `RuntimeError`.
    """

    __slots__ = (
        "_arguments",
        "_caller",
        "_core",
        "_is_open",
        "_lock",
        "_loop",
        "_loop_state",
        "_observed",
        "_open_call",
        "_token",
        "_update",
    )

    def __init__(
        self,
        caller: AsyncCaller,
        session_id: str,
        interval: float,
        max_failures: int | None,
        overrides: dict[str, Any] | None,
    ) -> None:
        """Makes a watch. Use `AsyncSessions.watch` instead.

        The watch starts with its first consumer.
        """
        check_watch_arguments(session_id, interval, max_failures)
        self._caller = caller
        # Options that cannot be used are refused at once.
        caller.options_with(overrides)
        self._arguments = session_id, interval, max_failures, overrides
        self._is_open = True
        # Held by the consumer.
        self._lock = allocate_lock()
        self._loop: AbstractEventLoop | None = None
        self._loop_state: LoopState | None = None
        self._observed: ObservedWatch | None = None
        # Kept, so that closing the client finds the native client also when the API key changes.
        self._core: _core.Client | None = None
        # An update that was taken, and kept while the hooks run: a hook may be interrupted.
        self._update: tuple[bool, RawReply] | None = None
        # None before the watch has started, and after it has ended.
        self._open_call: _core.Call | None = None
        self._token = 0

    def _watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        return (None, None) if self._observed is None else self._observed.call.watch_state()

    def __aiter__(self) -> Self:
        return self

    async def _start(self, loop: AbstractEventLoop) -> tuple[LoopState, _core.Call | None]:
        """Starts the watch in the event loop of its first consumer."""
        if self._loop_state is None:
            core = self._core = await self._caller.current_core()
            state = get_loop_state(loop)
            token = state.next_token()
            observed = ObservedWatch(self._caller, *self._arguments)
            try:
                self._open_call = observed.start(core, state.mailbox, token)
            except IPlayGamesError as error:
                observed.fail(error)
                raise
            self._observed = observed
            self._loop, self._loop_state, self._token = loop, state, token
            if not self._is_open:
                # Another thread closed the watch in the meantime.
                self.close()
        return self._loop_state, self._open_call

    async def __anext__(self) -> SessionStatus:
        if not self._is_open:
            raise StopAsyncIteration
        loop = get_loop()
        if self._loop is not None and self._loop is not loop:
            raise RuntimeError(
                "The watch is bound to a different event loop: await it in its first event loop."
            )
        if not self._lock.acquire(False):
            raise RuntimeError(
                "The watch is already running: another consumer awaits its next change."
            )
        try:
            return await self._wait_for_update(loop)
        finally:
            self._lock.release()

    async def _wait_for_update(self, loop: AbstractEventLoop) -> SessionStatus:
        while self._is_open:
            try:
                state, call = await self._start(loop)
                if self._update is None and call is not None:
                    self._update = call.next_update()
                self._notify()
            except IPlayGamesError:
                self.close()
                self._notify()
                raise
            update, self._update = self._update, None
            if update is not None:
                is_final, raw_reply = update
                if is_final:
                    self.close()
                return SessionStatus(raw_reply)
            # `close` on another thread clears the flag and then puts the token into the mailbox.
            # The future is registered before the flag is checked, so that no close is missed.
            future: Future[None] = loop.create_future()
            state.waiters[self._token] = future
            try:
                if self._is_open:
                    await future
            finally:
                state.waiters.pop(self._token, None)
        raise StopAsyncIteration

    def _notify(self) -> None:
        if self._observed is not None:
            self._observed.notify()

    def close(self) -> None:
        """Stops the watch. The iteration of an awaiting consumer ends, in any event loop."""
        self._is_open = False
        call, self._open_call = self._open_call, None
        if call is not None:
            call.close()
        if self._loop_state is not None:
            self._loop_state.mailbox.put(self._token)
            self._loop = None

    async def aclose(self) -> None:
        """Stops the watch. The iteration of an awaiting consumer ends, in any event loop."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
