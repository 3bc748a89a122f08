"""The part that blocking and asynchronous bulk calls share: items, calls in flight and progress.

Does no waiting: `_bulk.py` and `_aio_bulk.py` wait for the calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from os import urandom
from time import monotonic

from . import _codes, _core
from ._bulk_call import InFlight, PreparedCall
from ._bulk_result import make_result
from ._bulk_source import check_source, is_async_only
from ._checks import check_int
from ._errors import (
    BusyError,
    CanceledError,
    IPlayGamesError,
    add_note,
    internal_error,
    invalid_argument,
)
from ._process import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final, Generic, TypeVar

    from ._bulk_result import BulkResult
    from ._hooks import RequestInfo
    from ._options import CallSettings
    from ._reply import RawReply, Reply
    from ._tokens import Tokens

    R = TypeVar("R", bound=Reply)
    # Converts an item to its id, if it has one, and the arguments of its call.
    Take = Callable[[Any], tuple[str | None, dict[str, Any]]]

    class _Base(Generic[R]):
        pass

else:
    from ._generic import Subscriptable as _Base

# Stands for the end of the items.
_END: Final = object()
# How long a run without calls of its own waits until the client may have capacity again.
CAPACITY_POLL: Final = 0.02
# An iterable that takes longer for an item may block. Results are delivered before the next item.
SLOW: Final = 0.001


class BulkRunner(_Base["R"]):
    """The items, the calls in flight and the progress of a bulk run. Does no waiting.

    If the iterable or `progress` raises, no further call is started, the results of the calls in
    flight and of the items whose calls were not started are delivered, and then `raise_error`
    raises the exception.
    """

    def __init__(
        self,
        caller: CallSettings,
        operation: str,
        kind: type[R],
        take: Take,
        name: str,
        items: Any,
        concurrency: int,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        """Checks the arguments. Starts no call."""
        check_int("concurrency", concurrency)
        if concurrency < 1:
            raise invalid_argument("/concurrency", "`concurrency` must be 1 or more.")
        check_source(name, items)
        self.process = Process("bulk call")
        self.caller = caller
        # Set when the run begins, with the API key of that time.
        self.core = caller.core
        self.operation = operation
        self.kind = kind
        self.take = take
        self.total = len(items) if isinstance(items, Sized) else None
        # None for an asynchronous iterable, whose items `_aio_bulk.py` adds to `postponed`.
        source: Any = items
        self.items: Iterator[Any] | None = None if is_async_only(items) else iter(source)
        self.concurrency = concurrency
        self.progress = progress
        self.done = 0
        # The number of items that were taken. The ids of the calls have it.
        self.taken = 0
        # The seconds that the iterable took for its last item.
        self.fetch_time = 0.0
        # Items that were taken from the iterable and whose call could not be started yet.
        self.postponed: deque[Any] = deque()
        # The call of the first postponed item if the client was at its limit. The hook for requests
        # is not called again for it.
        self.prepared: PreparedCall | None = None
        # Whether the client is at its limit, and since when no call of this run could start.
        self.is_waiting = False
        self.waits_since: float | None = None
        self.in_flight: dict[int, InFlight] = {}
        # The first exception of the iterable or of `progress`.
        self.error: Exception | None = None
        # Results that were counted and could not be delivered.
        self.undelivered: list[BulkResult[R]] = []

    def _next_item(self) -> Any:
        if self.postponed:
            return self.postponed.popleft()
        if self.items is not None and self.error is None:
            try:
                return next(self.items)
            except StopIteration:
                self.items = None
            except Exception as error:
                self.set_error(error)
        return _END

    def set_error(self, error: Exception) -> None:
        """Keeps the first exception for `raise_error`. A later one goes to `sys.unraisablehook`."""
        if self.error is None:
            self.error = error
        else:
            _core.write_unraisable(error)

    def start_calls(self, mailbox: _core.Mailbox, tokens: Tokens) -> Iterator[BulkResult[R] | None]:
        """Starts calls up to the limit of `concurrency`. Yields the results of those that fail.

        Yields None after an item that took long: then completed calls can be delivered. After an
        exception of the iterable or of `progress`, nothing is started.
        """
        self.is_waiting = False
        while self.error is None and len(self.in_flight) < self.concurrency:
            before = monotonic()
            item = self._next_item()
            # The iterable may have forked, and the item is the parent's.
            self.process.check()
            if item is _END:
                break
            self.fetch_time = monotonic() - before
            failed = self._start(item, mailbox, tokens)
            if self.is_waiting:
                return
            if failed is not None:
                yield failed
            elif self.fetch_time > SLOW:
                yield None
        while self.error is not None and self.postponed:
            request, refused = self._refuse(self.postponed.popleft())
            yield self._complete(request, refused)

    def _start(self, item: Any, mailbox: _core.Mailbox, tokens: Tokens) -> BulkResult[R] | None:
        """Starts the call for an item. Returns its result if the call cannot be made."""
        id: str | None = None
        request: RequestInfo | None = None
        options: _core.Options | None = None
        prepared, self.prepared = self.prepared, None
        if prepared is None:
            call_id = self._next_call_id()
        else:
            request, options, call_id = prepared.request, prepared.options, prepared.call_id
        try:
            id, arguments = self.take(item)
            if prepared is None and self.caller.hooks is None:
                if id is None:
                    call_id = call_id or urandom(16).hex()
                options = self.caller.options_with(_to_own(call_id))
            elif prepared is None:
                own = _to_own(call_id)
                request, options = self.caller.begin(self.operation, arguments, own)
            call_id = request.call_id if request is not None else call_id
            token = tokens.next_token()
            try:
                call = self.core.submit(self.operation, arguments, options, mailbox, token)
            except BaseException:
                tokens.release(token)
                raise
        except BusyError as error:
            # The call starts when another call has completed.
            if self._may_wait():
                self.postponed.appendleft(item)
                self.prepared = PreparedCall(request, options, call_id, error)
                self.is_waiting = True
                return None
            return self._make_result(id, item, request, error, call_id)
        except IPlayGamesError as error:
            return self._make_result(id, item, request, error, call_id)
        except Exception as error:
            # The item raises when it is read.
            message = f"The item cannot be read: it raised {type(error).__name__}."
            if isinstance(id, str):
                message = f"`session_id` cannot be read: it raised {type(error).__name__}."
            unreadable = invalid_argument("/session_id" if id is not None else "", message)
            unreadable.__cause__ = error
            return self._make_result(id, item, request, unreadable, call_id)
        self.waits_since = None
        self.in_flight[token] = InFlight(id, item, call, request)
        return None

    def _refuse(self, item: Any) -> tuple[RequestInfo | None, BulkResult[R]]:
        """Makes the result of an item that was taken and whose call will not start.

        Returns it with the request, if the call was announced to the hooks.
        """
        id = item if isinstance(item, str) else None
        prepared, self.prepared = self.prepared, None
        if prepared is None:
            call_id = self._next_call_id()
            if id is None:
                call_id = call_id or urandom(16).hex()
            error = CanceledError(
                "The call was not started, because the run ended before.",
                code=_codes.CANCELED,
                name=_codes.NAMES[_codes.CANCELED],
                operation=self.operation,
                call_id=call_id,
            )
            return None, make_result(id, item, None, error, call_id)
        return prepared.request, make_result(id, item, None, prepared.error, prepared.call_id)

    def _may_wait(self) -> bool:
        """Returns whether a call may wait for capacity: at most the time limit of a call."""
        now = monotonic()
        if self.in_flight:
            self.waits_since = None
            return True
        if self.waits_since is None:
            self.waits_since = now
        return now - self.waits_since < self.caller.time_limit()

    def _next_call_id(self) -> str | None:
        """Counts an item. Returns the id of its call if `with_options` gave one."""
        self.taken += 1
        base: str | None = self.caller.overrides.get("call_id")
        return None if base is None else f"{base}-{self.taken}"

    def finish(self, token: int) -> BulkResult[R] | None:
        """Returns the result of a completed call. Returns None for the token of no call."""
        entry = self.in_flight.get(token)
        if entry is None:
            return None
        try:
            raw_reply = entry.call.result()
        except IPlayGamesError as error:
            del self.in_flight[token]
            return self._finish_with(entry, None, error)
        del self.in_flight[token]
        if raw_reply is None:
            message = "A defect in this library: a completed call has no result."
            return self._finish_with(entry, None, internal_error(message))
        return self._finish_with(entry, raw_reply, None)

    def _finish_with(
        self, entry: InFlight, raw_reply: RawReply | None, error: IPlayGamesError | None
    ) -> BulkResult[R]:
        """Counts the result of a call and calls the hooks. Returns the result."""
        return self._complete(entry.request, self._to_result(entry, raw_reply, error))

    def _complete(self, request: RequestInfo | None, result: BulkResult[R]) -> BulkResult[R]:
        """Calls the hooks and `progress`. Returns the result."""
        try:
            self._notify(request, result)
        except BaseException:
            # A `KeyboardInterrupt` ends the run here, after the call has completed.
            self.undelivered.append(result)
            raise
        return self.count(result)

    def _notify(self, request: RequestInfo | None, result: BulkResult[R]) -> None:
        """Calls the hook for the result of a call whose hook for requests was called."""
        hooks = self.caller.hooks
        if request is None or hooks is None:
            return
        if result.result is not None:
            hooks.notify_response(request, result.result)
        elif result.error is not None:
            hooks.notify_error(request, result.error)

    def _to_result(
        self, entry: InFlight, raw_reply: RawReply | None, error: IPlayGamesError | None
    ) -> BulkResult[R]:
        result = None if raw_reply is None else self.kind(raw_reply)
        return make_result(entry.id, entry.item, result, error, None)

    def _make_result(
        self,
        id: str | None,
        item: Any,
        request: RequestInfo | None,
        error: IPlayGamesError,
        call_id: str | None,
    ) -> BulkResult[R]:
        return self._complete(request, make_result(id, item, None, error, call_id))

    def count(self, result: BulkResult[R]) -> BulkResult[R]:
        """Counts a result, calls `progress` and returns the result."""
        self.done += 1
        if self.progress is not None and self.error is None:
            try:
                self.progress(self.done, self.total)
            except Exception as error:
                self.set_error(error)
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
        for entry in in_flight.values():
            raw_result = entry.call.cancel()
            if raw_result is not None:
                results.append(self._to_result(entry, *raw_result))
                self._notify_or_discard(entry.request, results[-1])
        return results

    def refuse_postponed(self) -> None:
        """Adds a result to `undelivered` for each item that was taken and not started."""
        while self.postponed:
            request, refused = self._refuse(self.postponed.popleft())
            self.undelivered.append(refused)
            self._notify_or_discard(request, refused)

    def _notify_or_discard(self, request: RequestInfo | None, result: BulkResult[R]) -> None:
        """Calls the hook for a result of a run that has ended. No hook ends the cancellation."""
        try:
            self._notify(request, result)
        except BaseException as error:
            _core.write_unraisable(error)

    def interrupt(self, exception: BaseException) -> None:
        """Cancels the calls in flight. Adds the undelivered results to the given exception.

        `undelivered` has the results, too. In a forked child, the calls are the parent's.
        """
        if self.process.is_forked():
            return
        self.undelivered += self.cancel()
        self.refuse_postponed()
        # The same list: closing an asynchronous iterable may add the result of its last item.
        results = self.undelivered
        if results:
            outcomes = [each.error.outcome if each.error else "succeeded" for each in results]
            counts = ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))
            note = (
                f"{len(results)} results of {self.operation} were not delivered: {counts}. "
                "The attribute `results` has them, and so has `undelivered` of the run."
            )
        else:
            note = (
                f"All results of {self.operation} were delivered before this exception. "
                "Further items were not read."
            )
        add_note(exception, note, results=results)
        self.discard_error(exception)

    def abandon(self) -> None:
        """Cancels the calls in flight after the iteration has ended early. Keeps their results.

        In a forked child, the calls are the parent's.
        """
        if self.process.is_forked():
            return
        self.undelivered += self.cancel()
        self.refuse_postponed()
        self.discard_error(None)

    def discard_error(self, raised: BaseException | None) -> None:
        """Passes an exception that cannot be raised to the hook, unless `raised` is the same."""
        error, self.error = self.error, None
        if error is not None and error is not raised:
            _core.write_unraisable(error)


def _to_own(call_id: str | None) -> dict[str, str] | None:
    """Returns the options of one call of a run."""
    return None if call_id is None else {"call_id": call_id}
