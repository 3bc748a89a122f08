"""Asynchronous bulk calls: many calls at once, with the results in the order of completion."""

from __future__ import annotations

from asyncio import get_running_loop

from ._bulk import BulkRunner
from ._loop import get_loop_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
    from typing import TypeVar

    from . import _core
    from ._reply import Reply
    from ._results import BulkResult

    R = TypeVar("R", bound=Reply)


class _Waiter:
    """Waits for one call of a bulk run. The loop completes it as it completes a future."""

    __slots__ = ("queue", "token")

    def __init__(self, queue: _CompletionQueue, token: int) -> None:
        self.queue = queue
        self.token = token

    def done(self) -> bool:
        return False

    def set_result(self, result: None, /) -> None:
        self.queue.push(self.token)


class _CompletionQueue:
    """The tokens of the calls of one run that have completed and whose results were not read."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.tokens: list[int] = []
        self.future: Future[None] | None = None

    def push(self, token: int) -> None:
        self.tokens.append(token)
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    async def wait(self) -> list[int]:
        """Waits until there is a token. Removes and returns all tokens."""
        if get_running_loop() is not self.loop:
            raise RuntimeError(
                "These calls are bound to a different event loop: await them in the first one."
            )
        if not self.tokens:
            self.future = self.loop.create_future()
            await self.future
        tokens, self.tokens = self.tokens, []
        return tokens


def run_bulk_async(
    core: _core.Client,
    options: _core.Options | None,
    operation: str,
    kind: type[R],
    ids: Iterable[str],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> AsyncIterator[BulkResult[R]]:
    """Makes the calls of an asynchronous client. Checks its arguments before the first result."""
    return _run(BulkRunner(core, options, operation, kind, ids, concurrency, progress))


async def _run(runner: BulkRunner[R]) -> AsyncGenerator[BulkResult[R], None]:
    loop = get_running_loop()
    state, queue = get_loop_state(loop), _CompletionQueue(loop)
    tokens: set[int] = set()

    def next_token() -> int:
        token = state.next_token()
        state.waiters[token] = _Waiter(queue, token)
        tokens.add(token)
        return token

    try:
        while True:
            for failed in runner.start_calls(state.mailbox, next_token):
                yield failed
            if not runner.in_flight:
                break
            for token in await queue.wait():
                state.waiters.pop(token, None)
                tokens.discard(token)
                yield runner.finish(token)
        runner.raise_error()
    except GeneratorExit:
        runner.abandon()
        raise
    except BaseException as error:
        runner.interrupt(error)
        raise
    finally:
        for token in tokens:
            state.waiters.pop(token, None)
