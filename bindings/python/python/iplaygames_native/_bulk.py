"""Many calls at once, results as they come. One that fails does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sized

from . import _core
from ._base import check_whole_number
from ._errors import BusyError, IPlayGamesError, add_note, internal_error, invalid_argument
from ._results import BulkResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any, Final, TypeVar

    from ._results import Reply

    R = TypeVar("R", bound=Reply)

# Only a type checker needs to know that it is generic.
if TYPE_CHECKING:
    from typing import Generic

    class _Base(Generic[R]):
        pass

else:
    _Base = {"R": object}

# What each of the operations calls its id.
_ID = "session_id"
# No id is left.
_END: Final = object()


class BulkRunner(_Base["R"]):
    """The calls that are to be made, those in flight, and the count. Knows no event loop and no waiting.

    What the source of the ids or `progress` raises ends the run, and not at once: no further call is started, the
    results of those in flight are delivered, then `raise_problem` raises it.
    """

    def __init__(
        self,
        core: _core.Client,
        options: _core.Options | None,
        operation: str,
        kind: type[R],
        ids: Iterable[str],
        concurrency: int,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        check_whole_number("concurrency", concurrency)
        if concurrency < 1:
            raise invalid_argument("/concurrency", "`concurrency` must be 1 or more.")
        if isinstance(ids, (str, bytes, bytearray, memoryview)):
            # Its characters would be taken for ids.
            name = type(ids).__name__
            raise invalid_argument(
                "/session_ids", f"`session_ids` must be an iterable of ids, not one {name}.", True
            )
        self.core = core
        self.options = options
        self.operation = operation
        self.kind = kind
        self.total = len(ids) if isinstance(ids, Sized) else None
        self.ids: Iterator[Any] | None = iter(ids)
        self.concurrency = concurrency
        self.progress = progress
        self.done = 0
        self.put_back: deque[str] = deque()
        self.in_flight: dict[int, tuple[str, _core.Call]] = {}
        self.problem: Exception | None = None
        # Results that exist and could not be given to anybody.
        self.undelivered: list[BulkResult[R]] = []

    def _next_id(self) -> Any:
        if self.put_back:
            return self.put_back.popleft()
        if self.ids is not None and self.problem is None:
            try:
                return next(self.ids)
            except StopIteration:
                self.ids = None
            except Exception as problem:
                self._fail(problem)
        return _END

    def _fail(self, problem: Exception) -> None:
        """Keeps the first exception, to raise it at the end. Any further one goes to `sys.unraisablehook`."""
        if self.problem is None:
            self.problem = problem
        else:
            _core.write_unraisable(problem)

    def start(self, mailbox: _core.Mailbox, token: Callable[[], int]) -> Iterator[BulkResult[R]]:
        """Starts the calls that there is room for. Yields those that failed at once."""
        while len(self.in_flight) < self.concurrency:
            id = self._next_id()
            if id is _END:
                return
            if not isinstance(id, str):
                name = type(id).__name__
                wrong_type = invalid_argument(
                    f"/{_ID}", f"`{_ID}` must be a string, not {name}.", True
                )
                yield self._finish(id, None, wrong_type)
                continue
            number = token()
            try:
                call = self.core.submit(self.operation, {_ID: id}, self.options, mailbox, number)
            except BusyError as error:
                if self.in_flight:
                    # One of ours will make room.
                    self.put_back.append(id)
                    return
                yield self._finish(id, None, error)
            except IPlayGamesError as error:
                yield self._finish(id, None, error)
            except Exception as problem:
                # An id that is more than a string and raises when it is read.
                unreadable = invalid_argument(
                    f"/{_ID}", f"`{_ID}` cannot be read: it raised {type(problem).__name__}."
                )
                unreadable.__cause__ = problem
                yield self._finish(id, None, unreadable)
            else:
                self.in_flight[number] = id, call

    def finish(self, token: int) -> BulkResult[R]:
        """Returns the result of a call that has ended."""
        id, call = self.in_flight[token]
        try:
            facts = call.result()
        except IPlayGamesError as error:
            del self.in_flight[token]
            return self._finish(id, None, error)
        del self.in_flight[token]
        if facts is None:
            message = "A defect in this library: a call was reported as ended and has no result."
            return self._finish(id, None, internal_error(message))
        return self._finish(id, self.kind(facts), None)

    def _finish(self, id: str, result: R | None, error: IPlayGamesError | None) -> BulkResult[R]:
        return self.count(BulkResult(id, result, error))

    def count(self, finished: BulkResult[R]) -> BulkResult[R]:
        """Counts a result and calls `progress`."""
        self.done += 1
        if self.progress is not None and self.problem is None:
            try:
                self.progress(self.done, self.total)
            except Exception as problem:
                self._fail(problem)
            except BaseException:
                # Ctrl-C, or the like: what it interrupts here has its result.
                self.undelivered.append(finished)
                raise
        return finished

    def raise_problem(self) -> None:
        """Raises what the source of the ids or `progress` raised. Every result is delivered by then."""
        problem, self.problem = self.problem, None
        if problem is not None:
            raise problem

    def cancel(self) -> list[BulkResult[R]]:
        """Cancels the calls in flight. Returns how they ended."""
        in_flight, self.in_flight = self.in_flight, {}
        results: list[BulkResult[R]] = []
        for id, call in in_flight.values():
            ending = call.cancel()
            if ending is not None:
                facts, error = ending
                results.append(BulkResult(id, None if facts is None else self.kind(facts), error))
        return results

    def interrupt(self, error: BaseException) -> None:
        """Cancels the calls in flight; attaches the undelivered results to the exception that ends the run."""
        results = self.undelivered + self.cancel()
        if results:
            outcomes = [each.error.outcome if each.error else "succeeded" for each in results]
            counts = ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))
            note = f"{len(results)} results of {self.operation} were not delivered: {counts}. `results` has them."
        else:
            note = f"All results of {self.operation} were delivered before this; further ids were not read."
        add_note(error, note, results=results)
        self._drop_problem(error)

    def abandon(self) -> None:
        """Cancels the calls in flight of a run that is not iterated any more. The log has how they ended."""
        self.cancel()
        self._drop_problem(None)

    def _drop_problem(self, instead: BaseException | None) -> None:
        problem, self.problem = self.problem, None
        if problem is not None and problem is not instead:
            _core.write_unraisable(problem)


def many(
    core: _core.Client,
    options: _core.Options | None,
    operation: str,
    kind: type[R],
    ids: Iterable[str],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> Iterator[BulkResult[R]]:
    """The calls of a client that waits. Checks what it is given at once, and not at the first result."""
    return _run(BulkRunner(core, options, operation, kind, ids, concurrency, progress))


def _run(runner: BulkRunner[R]) -> Generator[BulkResult[R], None, None]:
    from itertools import count

    mailbox, tokens = _core.Mailbox(), count()
    try:
        while True:
            yield from runner.start(mailbox, tokens.__next__)
            if not runner.in_flight:
                break
            try:
                runner.core.wait(mailbox)
            except IPlayGamesError:
                # The client was closed meanwhile, or cannot be driven here: each call has a result all the same.
                runner.undelivered += runner.cancel()
                while runner.undelivered:
                    yield runner.count(runner.undelivered.pop(0))
                continue
            for token in mailbox.take():
                yield runner.finish(token)
        runner.raise_problem()
    except GeneratorExit:
        runner.abandon()
        raise
    except BaseException as error:
        runner.interrupt(error)
        raise
