"""Bulk calls: many calls at once, with the results in the order of completion.

A failed call does not stop the others. `_aio_bulk.py` has the asynchronous variant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sized

from . import _core
from ._base import check_int
from ._errors import BusyError, IPlayGamesError, add_note, internal_error, invalid_argument
from ._results import BulkResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any, Final, TypeVar

    from ._reply import Reply

    R = TypeVar("R", bound=Reply)

# Only type checkers use the type parameter. Importing `typing` at run time would be slow.
if TYPE_CHECKING:
    from typing import Generic

    class _Base(Generic[R]):
        pass

else:
    _Base = {"R": object}

# The name of the argument that has the id.
_ID = "session_id"
# Stands for the end of the ids.
_END: Final = object()


class BulkRunner(_Base["R"]):
    """The ids, the calls in flight and the progress of a bulk run. Does no waiting.

    If the iterable of ids or `progress` raises, no further call is started, the results of the
    calls in flight are delivered, and then `raise_error` raises the exception.
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
        """Checks the arguments. Starts no call."""
        check_int("concurrency", concurrency)
        if concurrency < 1:
            raise invalid_argument("/concurrency", "`concurrency` must be 1 or more.")
        if isinstance(ids, (str, bytes, bytearray, memoryview)):
            # Without this check each character would be an id.
            message = f"`session_ids` must be an iterable of ids, not one {type(ids).__name__}."
            raise invalid_argument("/session_ids", message, wrong_type=True)
        self.core = core
        self.options = options
        self.operation = operation
        self.kind = kind
        self.total = len(ids) if isinstance(ids, Sized) else None
        self.ids: Iterator[Any] | None = iter(ids)
        self.concurrency = concurrency
        self.progress = progress
        self.done = 0
        # Ids that were taken from the iterable and whose call could not be started yet.
        self.postponed: deque[str] = deque()
        self.in_flight: dict[int, tuple[str, _core.Call]] = {}
        # The first exception of the iterable or of `progress`.
        self.error: Exception | None = None
        # Results that were counted and could not be delivered.
        self.undelivered: list[BulkResult[R]] = []

    def _next_id(self) -> Any:
        if self.postponed:
            return self.postponed.popleft()
        if self.ids is not None and self.error is None:
            try:
                return next(self.ids)
            except StopIteration:
                self.ids = None
            except Exception as error:
                self._set_error(error)
        return _END

    def _set_error(self, error: Exception) -> None:
        """Keeps the first exception for `raise_error`. A later one goes to `sys.unraisablehook`."""
        if self.error is None:
            self.error = error
        else:
            _core.write_unraisable(error)

    def start_calls(
        self, mailbox: _core.Mailbox, next_token: Callable[[], int]
    ) -> Iterator[BulkResult[R]]:
        """Starts calls up to the limit of `concurrency`. Yields those that fail at once."""
        while len(self.in_flight) < self.concurrency:
            id = self._next_id()
            if id is _END:
                return
            if not isinstance(id, str):
                message = f"`{_ID}` must be a string, not {type(id).__name__}."
                type_error = invalid_argument(f"/{_ID}", message, wrong_type=True)
                yield self._make_result(id, None, type_error)
                continue
            token = next_token()
            try:
                call = self.core.submit(self.operation, {_ID: id}, self.options, mailbox, token)
            except BusyError as error:
                if self.in_flight:
                    # The call starts when another call of this run has completed.
                    self.postponed.append(id)
                    return
                yield self._make_result(id, None, error)
            except IPlayGamesError as error:
                yield self._make_result(id, None, error)
            except Exception as error:
                # The id is of a subclass of `str` that raises when it is read.
                message = f"`{_ID}` cannot be read: it raised {type(error).__name__}."
                unreadable = invalid_argument(f"/{_ID}", message)
                unreadable.__cause__ = error
                yield self._make_result(id, None, unreadable)
            else:
                self.in_flight[token] = id, call

    def finish(self, token: int) -> BulkResult[R]:
        """Returns the result of a completed call."""
        id, call = self.in_flight[token]
        try:
            raw_reply = call.result()
        except IPlayGamesError as error:
            del self.in_flight[token]
            return self._make_result(id, None, error)
        del self.in_flight[token]
        if raw_reply is None:
            message = "A defect in this library: a completed call has no result."
            return self._make_result(id, None, internal_error(message))
        return self._make_result(id, self.kind(raw_reply), None)

    def _make_result(
        self, id: str, result: R | None, error: IPlayGamesError | None
    ) -> BulkResult[R]:
        return self.count(BulkResult(id, result, error))

    def count(self, result: BulkResult[R]) -> BulkResult[R]:
        """Counts a result, calls `progress` and returns the result."""
        self.done += 1
        if self.progress is not None and self.error is None:
            try:
                self.progress(self.done, self.total)
            except Exception as error:
                self._set_error(error)
            except BaseException:
                # A `KeyboardInterrupt` ends the run here, after the call has completed.
                self.undelivered.append(result)
                raise
        return result

    def raise_error(self) -> None:
        """Raises the exception of the iterable or of `progress`. Called after the last result."""
        error, self.error = self.error, None
        if error is not None:
            raise error

    def cancel(self) -> list[BulkResult[R]]:
        """Cancels the calls in flight. Returns their results."""
        in_flight, self.in_flight = self.in_flight, {}
        results: list[BulkResult[R]] = []
        for id, call in in_flight.values():
            raw_result = call.cancel()
            if raw_result is not None:
                raw_reply, error = raw_result
                result = None if raw_reply is None else self.kind(raw_reply)
                results.append(BulkResult(id, result, error))
        return results

    def interrupt(self, exception: BaseException) -> None:
        """Cancels the calls in flight. Adds the undelivered results to the given exception."""
        results = self.undelivered + self.cancel()
        if results:
            outcomes = [each.error.outcome if each.error else "succeeded" for each in results]
            counts = ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))
            note = (
                f"{len(results)} results of {self.operation} were not delivered: {counts}. "
                "The attribute `results` has them."
            )
        else:
            note = (
                f"All results of {self.operation} were delivered before this exception. "
                "Further ids were not read."
            )
        add_note(exception, note, results=results)
        self._discard_error(exception)

    def abandon(self) -> None:
        """Cancels the calls in flight after the iteration has ended early. The core logs them."""
        self.cancel()
        self._discard_error(None)

    def _discard_error(self, raised: BaseException | None) -> None:
        """Passes an exception that cannot be raised to the hook, unless `raised` is the same."""
        error, self.error = self.error, None
        if error is not None and error is not raised:
            _core.write_unraisable(error)


def run_bulk(
    core: _core.Client,
    options: _core.Options | None,
    operation: str,
    kind: type[R],
    ids: Iterable[str],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> Iterator[BulkResult[R]]:
    """Makes the calls of a blocking client. Checks its arguments before the first result."""
    return _run(BulkRunner(core, options, operation, kind, ids, concurrency, progress))


def _run(runner: BulkRunner[R]) -> Generator[BulkResult[R], None, None]:
    from itertools import count

    mailbox, tokens = _core.Mailbox(), count()
    try:
        while True:
            yield from runner.start_calls(mailbox, tokens.__next__)
            if not runner.in_flight:
                break
            try:
                runner.core.wait(mailbox)
            except IPlayGamesError:
                # The client was closed, or this thread cannot drive it. Each call has a result.
                runner.undelivered += runner.cancel()
                while runner.undelivered:
                    yield runner.count(runner.undelivered.pop(0))
                continue
            for token in mailbox.take():
                yield runner.finish(token)
        runner.raise_error()
    except GeneratorExit:
        runner.abandon()
        raise
    except BaseException as error:
        runner.interrupt(error)
        raise
