"""The asynchronous watch of many sessions."""

from __future__ import annotations

from ._aio_bulk import CompletionQueue
from ._loop import get_loop
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
        self._is_running = False

    def failing(self) -> dict[str, IPlayGamesError]:
        """Returns the sessions whose last reading failed, with its error."""
        return self._set.failing()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkResult[SessionStatus]:
        self._set.process.check()
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
            if self._queue is None:
                watches.core = await self._caller.current_core()
                self._queue = CompletionQueue(loop)
            queue = self._queue
            while True:
                watches.start_some(queue.state.mailbox, queue)
                change = watches.take_change()
                if change is not None:
                    return change
                if watches.is_over():
                    queue.release_all()
                    raise StopAsyncIteration
                for token in await queue.wait(watches.next_wait()):
                    watches.read(token, queue)
                watches.notify()
        finally:
            self._is_running = False

    def close(self) -> None:
        """Stops all watches. The iteration of an awaiting consumer in this event loop ends.

        Does nothing in a forked child.
        """
        if self._set.process.is_forked():
            return
        self._set.close()
        if self._queue is not None:
            self._queue.release_all()
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
