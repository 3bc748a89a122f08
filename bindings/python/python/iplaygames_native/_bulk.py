"""Blocking bulk calls: many calls at once, with the results in the order of completion.

A failed call does not stop the others. `_aio_bulk.py` has the asynchronous variant.
"""

from __future__ import annotations

from . import _core
from ._bulk_runner import CAPACITY_POLL, SLOW, BulkRunner
from ._bulk_source import refuse_async
from ._errors import IPlayGamesError
from ._tokens import Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from types import TracebackType
    from typing import Any, Generic, TypeVar

    from typing_extensions import Self

    from ._bulk_result import BulkResult
    from ._bulk_runner import Take
    from ._caller import Caller
    from ._reply import Reply

    R = TypeVar("R", bound=Reply)

    class _Base(Generic[R]):
        pass

else:
    from ._generic import Subscriptable as _Base


class BulkRun(_Base["R"]):
    """An iterator of the results of a bulk call.

    A run that is left early, by `break` or by an exception of the consumer, is closed by `close`,
    by a `with` block, or with its last reference. Calls in flight are then canceled; `undelivered`
    has their results.
    """

    def __init__(
        self, runner: BulkRunner[R], results: Generator[BulkResult[R], None, None]
    ) -> None:
        """Makes an iterator. Use `Sessions.status_many` and its like instead."""
        self._runner = runner
        self._results = results

    @property
    def undelivered(self) -> tuple[BulkResult[R], ...]:
        """The results that the iteration did not return.

        Complete after `close`, and after an exception has interrupted the iteration, such as
        `KeyboardInterrupt`. The attribute `results` of that exception has the same results.
        """
        return tuple(self._runner.undelivered)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> BulkResult[R]:
        self._runner.process.check()
        return next(self._results)

    def close(self) -> None:
        """Ends the run: cancels the calls in flight. Does nothing in a forked child."""
        if not self._runner.process.is_forked():
            self._results.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def run_bulk(
    caller: Caller,
    operation: str,
    kind: type[R],
    take: Take,
    name: str,
    items: Iterable[Any],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> BulkRun[R]:
    """Makes the calls of a blocking client. Checks its arguments before the first result."""
    refuse_async(name, items, "use an AsyncClient")
    runner = BulkRunner(caller, operation, kind, take, name, items, concurrency, progress)
    return BulkRun(runner, _run(runner, caller))


def _run(runner: BulkRunner[R], caller: Caller) -> Generator[BulkResult[R], None, None]:
    mailbox, tokens = _core.Mailbox(), Tokens()
    try:
        runner.core = caller.current_core()
        while True:
            for failed in runner.start_calls(mailbox, tokens):
                if failed is not None:
                    yield failed
                # Nothing else drives the calls of a client without a thread.
                elif runner.core.wait(mailbox, min(max(runner.fetch_time / 10, SLOW), 0.05)):
                    yield from _finish(runner, mailbox)
            if not runner.in_flight and not runner.is_waiting:
                break
            try:
                runner.core.wait(mailbox, CAPACITY_POLL if runner.is_waiting else None)
            except IPlayGamesError:
                # The client was closed, or this thread cannot drive it. Each call has a result.
                runner.undelivered += runner.cancel()
                while runner.undelivered:
                    yield runner.count(runner.undelivered.pop(0))
                continue
            yield from _finish(runner, mailbox)
        runner.raise_error()
    except GeneratorExit:
        runner.abandon()
        raise
    except BaseException as error:
        runner.interrupt(error)
        raise


def _finish(runner: BulkRunner[R], mailbox: _core.Mailbox) -> Iterator[BulkResult[R]]:
    for token in mailbox.take():
        result = runner.finish(token)
        if result is not None:
            yield result
