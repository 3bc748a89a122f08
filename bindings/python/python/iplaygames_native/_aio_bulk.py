"""Asynchronous bulk calls: many calls at once, with the results in the order of completion."""

from __future__ import annotations

from asyncio import CancelledError, ensure_future, get_running_loop, wait

from ._bulk_runner import CAPACITY_POLL, BulkRunner
from ._loop import get_loop, get_loop_state
from ._tokens import Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
    from types import TracebackType
    from typing import Any, Generic, TypeVar

    from typing_extensions import Self

    from ._aio_caller import AsyncCaller
    from ._bulk_result import BulkResult
    from ._bulk_runner import Take
    from ._reply import Reply

    R = TypeVar("R", bound=Reply)

    class _Base(Generic[R]):
        pass

else:
    from ._generic import Subscriptable as _Base


class QueueWaiter:
    """Waits for one call of many. The loop completes it as it completes a future."""

    __slots__ = ("queue", "token")

    def __init__(self, queue: CompletionQueue, token: int) -> None:
        """Makes a waiter for the token of a call."""
        self.queue = queue
        self.token = token

    def done(self) -> bool:
        """Returns False: a watch has several completions."""
        return False

    def set_result(self, result: None, /) -> None:
        """Adds the token to the queue."""
        self.queue.push(self.token)


class CompletionQueue(Tokens):
    """The tokens of the calls of one run, and those of calls that have completed.

    The event loop has a waiter for each token until the token is released.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Makes an empty queue of an event loop."""
        self.loop = loop
        self.state = get_loop_state(loop)
        # The tokens that have a waiter.
        self.registered: set[int] = set()
        # The tokens of the calls that have completed and whose results were not read.
        self.tokens: list[int] = []
        self.future: Future[None] | None = None

    def next_token(self) -> int:
        """Returns a number that no other call of this loop has. Adds a waiter for it."""
        token = self.state.next_token()
        self.state.waiters[token] = QueueWaiter(self, token)
        self.registered.add(token)
        return token

    def release(self, token: int) -> None:
        """Removes the waiter for a token: its call was not started, or has ended."""
        self.state.waiters.pop(token, None)
        self.registered.discard(token)

    def release_all(self) -> None:
        """Removes the waiters for all tokens."""
        for token in list(self.registered):
            self.release(token)

    def push(self, token: int) -> None:
        """Adds a token."""
        self.tokens.append(token)
        self.wake()

    def wake(self, *_: object) -> None:
        """Ends the wait."""
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    async def wait(self, timeout: float | None = None) -> list[int]:
        """Waits until there is a token, or until `wake`. Removes and returns all tokens."""
        if get_running_loop() is not self.loop:
            raise RuntimeError(
                "These calls are bound to a different event loop: await them in the first one."
            )
        if not self.tokens:
            self.future = self.loop.create_future()
            timer = None if timeout is None else self.loop.call_later(timeout, self.wake)
            try:
                await self.future
            finally:
                if timer is not None:
                    timer.cancel()
        tokens, self.tokens = self.tokens, []
        return tokens


class _Source:
    """An asynchronous iterable of items. Fetches one item at a time, beside the calls."""

    def __init__(self, items: AsyncIterable[Any], queue: CompletionQueue) -> None:
        self.iterator = items.__aiter__()
        self.queue = queue
        self.task: Future[Any] | None = None
        self.is_over = False
        # Whether `stop` has canceled the fetch.
        self.is_canceled = False

    def fetch(self, runner: BulkRunner[R]) -> None:
        """Passes a fetched item to the run, and begins to fetch the next if there is room.

        Cancels the fetch if the run has an error: the next item may never come.
        """
        if runner.error is not None:
            self.stop(runner)
        elif self.task is not None and self.task.done():
            self._take(self.task, runner)
        has_room = len(runner.in_flight) + len(runner.postponed) < runner.concurrency
        if self.task is None and not self.is_over and has_room:
            self.task = ensure_future(_next(self.iterator))
            self.task.add_done_callback(self.queue.wake)

    def _take(self, task: Future[Any], runner: BulkRunner[R]) -> None:
        """Passes the item or the exception of a fetch that has ended to the run."""
        self.task = None
        try:
            runner.postponed.append(task.result())
        except StopAsyncIteration:
            self.is_over = True
        except CancelledError:
            self.is_over = True
            if not self.is_canceled:
                raise
        except Exception as error:
            self.is_over = True
            runner.set_error(error)

    def stop(self, runner: BulkRunner[R]) -> None:
        """Cancels the fetch. If it has ended already, passes its item to the run."""
        self.is_over = True
        was_canceled, self.is_canceled = self.is_canceled, True
        if self.task is None:
            return
        if self.task.done():
            self._take(self.task, runner)
        elif not was_canceled:
            # A second cancellation would interrupt the iterable while it handles the first one.
            self.task.cancel()

    async def close(self, runner: BulkRunner[R]) -> None:
        """Cancels the fetch and closes the iterable. An item that comes all the same is kept."""
        self.stop(runner)
        if self.task is not None:
            await wait([self.task])
            self._take(self.task, runner)
            runner.refuse_postponed()
            runner.discard_error(None)
        close = getattr(self.iterator, "aclose", None)
        if close is not None:
            await close()


async def _next(iterator: AsyncIterator[Any]) -> Any:
    return await iterator.__anext__()


class AsyncBulkRun(_Base["R"]):
    """An asynchronous iterator of the results of a bulk call.

    A run that is left early is closed by `aclose` or by an `async with` block. Calls in flight are
    then canceled; `undelivered` has their results.
    """

    def __init__(self, runner: BulkRunner[R], results: AsyncGenerator[BulkResult[R], None]) -> None:
        """Makes an iterator. Use `AsyncSessions.status_many` and its like instead."""
        self._runner = runner
        self._results = results

    @property
    def undelivered(self) -> tuple[BulkResult[R], ...]:
        """The results that the iteration did not return.

        Complete after `aclose`, and after an exception has interrupted the iteration, such as
        `CancelledError`. The attribute `results` of that exception has the same results.
        """
        return tuple(self._runner.undelivered)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkResult[R]:
        self._runner.process.check()
        return await self._results.__anext__()

    async def aclose(self) -> None:
        """Ends the run: cancels the calls in flight. Does nothing in a forked child."""
        if not self._runner.process.is_forked():
            await self._results.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def run_bulk_async(
    caller: AsyncCaller,
    operation: str,
    kind: type[R],
    take: Take,
    name: str,
    items: Iterable[Any] | AsyncIterable[Any],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> AsyncBulkRun[R]:
    """Makes the calls of an asynchronous client. Checks its arguments before the first result."""
    runner = BulkRunner(caller, operation, kind, take, name, items, concurrency, progress)
    return AsyncBulkRun(runner, _run(runner, caller, items))


async def _run(
    runner: BulkRunner[R], caller: AsyncCaller, items: Any
) -> AsyncGenerator[BulkResult[R], None]:
    loop = get_loop()
    queue = CompletionQueue(loop)
    source = _Source(items, queue) if runner.items is None else None
    try:
        runner.core = await caller.current_core()
        while True:
            if source is not None:
                source.fetch(runner)
            for failed in runner.start_calls(queue.state.mailbox, queue):
                if failed is not None:
                    yield failed
            if source is not None:
                source.fetch(runner)
            if runner.postponed and not runner.is_waiting:
                # Fetched in the meantime. Nothing would end a wait for it.
                continue
            is_fetching = source is not None and source.task is not None
            if not (runner.in_flight or runner.is_waiting or is_fetching):
                break
            for token in await queue.wait(CAPACITY_POLL if runner.is_waiting else None):
                queue.release(token)
                result = runner.finish(token)
                if result is not None:
                    yield result
        runner.raise_error()
    except GeneratorExit:
        if source is not None:
            source.stop(runner)
        runner.abandon()
        raise
    except BaseException as error:
        if source is not None:
            source.stop(runner)
        runner.interrupt(error)
        raise
    finally:
        queue.release_all()
        # In a forked child, the fetch is a task of the parent's event loop.
        if source is not None and not runner.process.is_forked():
            await source.close(runner)
