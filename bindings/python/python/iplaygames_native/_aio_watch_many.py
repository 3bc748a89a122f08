"""The asynchronous watch of many sessions."""

from __future__ import annotations

from ._aio_bulk import CompletionQueue, QueueWaiter
from ._loop import LoopState, get_loop, get_loop_state
from ._watch_many import WatchSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

    from ._aio_caller import AsyncCaller
    from ._bulk_result import BulkResult
    from ._errors import IPlayGamesError
    from ._results import SessionStatus


class AsyncWatchMany:
    """An asynchronous iterator of the changes of many sessions.

    Stops when all sessions are over, or after `close`. It has one consumer at a time, in the event
    loop that first awaited it: any other consumer gets a `RuntimeError`.
    """

    def __init__(
        self,
        caller: AsyncCaller,
        session_ids: Iterable[str],
        interval: float,
        max_failures: int | None,
    ) -> None:
        """Makes an iterator. Use `AsyncSessions.watch_many` instead."""
        self._caller = caller
        self._set = WatchSet(caller, session_ids, interval, max_failures)
        self._queue: CompletionQueue | None = None
        self._state: LoopState | None = None
        self._tokens: set[int] = set()
        self._is_running = False

    def failing(self) -> dict[str, IPlayGamesError]:
        """Returns the sessions whose last reading failed, with its error."""
        return self._set.failing()

    def __aiter__(self) -> Self:
        return self

    def _next_token(self) -> int:
        assert self._state is not None and self._queue is not None
        token = self._state.next_token()
        self._state.waiters[token] = QueueWaiter(self._queue, token)
        self._tokens.add(token)
        return token

    async def __anext__(self) -> BulkResult[SessionStatus]:
        loop = get_loop()
        if self._queue is not None and self._queue.loop is not loop:
            raise RuntimeError(
                "The watch is bound to a different event loop: await it in its first event loop."
            )
        if self._is_running:
            raise RuntimeError(
                "The watch is already running: another consumer awaits its next change."
            )
        self._is_running = True
        watches = self._set
        try:
            if self._state is None or self._queue is None:
                watches.core = await self._caller.current_core()
                self._state, self._queue = get_loop_state(loop), CompletionQueue(loop)
            while True:
                watches.start_some(self._state.mailbox, self._next_token)
                change = watches.take_change()
                if change is not None:
                    return change
                if watches.is_over():
                    self._forget_tokens()
                    raise StopAsyncIteration
                for token in await self._queue.wait(watches.next_wait()):
                    watches.read(token)
                watches.notify()
        finally:
            self._is_running = False

    def _forget_tokens(self) -> None:
        for token in self._tokens:
            if self._state is not None:
                self._state.waiters.pop(token, None)
        self._tokens.clear()

    def close(self) -> None:
        """Stops all watches. The iteration of an awaiting consumer in this event loop ends."""
        self._set.close()
        self._forget_tokens()
        if self._queue is not None:
            self._queue.wake()

    async def aclose(self) -> None:
        """Stops all watches, as `close` does."""
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
