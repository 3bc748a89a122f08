"""The blocking watch of many sessions, and the part that both kinds share."""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque

from . import _core
from ._bulk_result import BulkFailure, BulkSuccess
from ._bulk_runner import CAPACITY_POLL
from ._bulk_source import check_source, refuse_async, take_session_id
from ._errors import BusyError, IPlayGamesError
from ._process import Process
from ._results import SessionStatus
from ._tokens import Tokens
from ._watch import ObservedWatch, check_interval

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._bulk_result import BulkResult
    from ._caller import Caller
    from ._options import CallSettings

# The number of watches that start before changes are delivered again.
_BATCH = 64


class WatchSet:
    """The ids, the watches and the undelivered changes of many sessions. Does no waiting."""

    def __init__(
        self,
        caller: CallSettings,
        session_ids: Iterable[str],
        interval: float,
        max_failures: int | None,
    ) -> None:
        """Checks the arguments. Starts no watch."""
        check_interval(interval, max_failures)
        check_source("session_ids", session_ids)
        refuse_async("session_ids", session_ids, "collect the ids in a list first")
        self.process = Process("watch")
        self.caller = caller
        # Set when the watch begins, with the API key of that time.
        self.core = caller.core
        self.interval = interval
        self.max_failures = max_failures
        self.ids: Iterator[Any] | None = iter(session_ids)
        self.postponed: deque[Any] = deque()
        self.watches: dict[int, tuple[str, ObservedWatch]] = {}
        self.changes: deque[BulkResult[SessionStatus]] = deque()
        # The watch of the first postponed session, and the error that it could not be started with.
        self.waiting: tuple[ObservedWatch, BusyError] | None = None
        # Watches that may have readings for the hooks.
        self.unobserved: deque[ObservedWatch] = deque()
        # The number of ids that were taken. The ids of the watches have it.
        self.taken = 0
        # Whether the client is at its limit.
        self.is_waiting = False
        # Set by `close`, perhaps on another thread or inside the iterator of the ids.
        self.is_closed = False

    def has_more_ids(self) -> bool:
        """Returns whether there may be sessions that are not watched yet."""
        return self.ids is not None or bool(self.postponed)

    def is_over(self) -> bool:
        """Returns whether no change can follow."""
        return self.is_closed or not (self.changes or self.watches or self.has_more_ids())

    def next_wait(self) -> float | None:
        """Returns how many seconds to wait for a change at most. None: until there is one."""
        if self.is_waiting:
            return CAPACITY_POLL
        return 0.001 if self.has_more_ids() else None

    def take_change(self) -> BulkResult[SessionStatus] | None:
        """Removes and returns the oldest change. None if there is none, or after `close`."""
        return self.changes.popleft() if self.changes and not self.is_closed else None

    def start_some(self, mailbox: _core.Mailbox, tokens: Tokens) -> None:
        """Starts watches. Calls that cannot be made become changes with an error."""
        self.is_waiting = False
        for _ in range(_BATCH):
            ids = self.ids
            if self.postponed:
                item = self.postponed.popleft()
            elif ids is None:
                return
            else:
                try:
                    item = next(ids)
                except StopIteration:
                    self.ids = None
                    return
            # The iterable may have forked, and the id is the parent's.
            self.process.check()
            if self.is_closed:
                return
            waiting, self.waiting = self.waiting, None
            watch = None if waiting is None else waiting[0]
            if watch is None:
                self.taken += 1
            try:
                take_session_id(item)
                if watch is None:
                    times = self.interval, self.max_failures
                    watch = ObservedWatch(self.caller, item, *times, self._own_options())
                token = tokens.next_token()
                try:
                    watch.start(self.core, mailbox, token)
                except BaseException:
                    tokens.release(token)
                    raise
            except IPlayGamesError as error:
                if isinstance(error, BusyError) and watch is not None:
                    self.postponed.appendleft(item)
                    self.waiting = watch, error
                    self.is_waiting = True
                    return
                self.changes.append(BulkFailure(item, error, item, error.call_id))
                if watch is not None:
                    watch.fail(error)
                continue
            self.watches[token] = item, watch
            if self.is_closed:
                # `close` did not see this watch.
                watch.call.close()

    def _own_options(self) -> dict[str, Any] | None:
        base = self.caller.overrides.get("call_id")
        return None if base is None else {"call_id": f"{base}-{self.taken}"}

    def read(self, token: int, tokens: Tokens) -> None:
        """Takes the changes of a watch. Does nothing for the token of no watch."""
        entry = self.watches.get(token)
        if entry is None:
            return
        id, watch = entry
        self._take_changes(token, id, watch.call)
        if token not in self.watches:
            tokens.release(token)
        if self.caller.hooks is not None:
            self.unobserved.append(watch)

    def _take_changes(self, token: int, id: str, call: _core.Call) -> None:
        while True:
            try:
                update = call.next_update()
            except IPlayGamesError as error:
                self.watches.pop(token, None)
                self.changes.append(BulkFailure(id, error, id, error.call_id))
                return
            if update is None:
                return
            is_final, raw_reply = update
            status = SessionStatus(raw_reply)
            self.changes.append(BulkSuccess(id, status, id, status.call_id))
            if is_final:
                self.watches.pop(token, None)
                return

    def notify(self) -> None:
        """Calls the hooks for the readings of the watches that were read."""
        # All changes were taken before: an interruption in a hook loses none of them.
        while self.unobserved and not self.is_closed:
            self.unobserved.popleft().notify()

    def failing(self) -> dict[str, IPlayGamesError]:
        """Returns the sessions whose last reading failed, with its error."""
        states = {id: watch.call.watch_state()[1] for id, watch in list(self.watches.values())}
        return {id: error for id, error in states.items() if error is not None}

    def close(self) -> None:
        """Stops all watches."""
        self.is_closed = True
        watches, self.watches = self.watches, {}
        self.ids = None
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting[0].fail(waiting[1])
        for _, watch in watches.values():
            watch.call.close()


class WatchMany:
    """An iterator of the changes of many sessions. Stops when all are over, or after `close`.

    It has one consumer at a time: `next` raises `RuntimeError` while another thread waits for a
    change.
    """

    def __init__(
        self,
        caller: Caller,
        session_ids: Iterable[str],
        interval: float,
        max_failures: int | None,
    ) -> None:
        """Makes an iterator. Use `Sessions.watch_many` instead."""
        self._set = WatchSet(caller, session_ids, interval, max_failures)
        self._set.core = caller.current_core()
        self._mailbox = _core.Mailbox()
        self._tokens = Tokens()
        # Held by the consumer.
        self._lock = allocate_lock()

    def failing(self) -> dict[str, IPlayGamesError]:
        """Returns the sessions whose last reading failed, with its error."""
        return self._set.failing()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> BulkResult[SessionStatus]:
        self._set.process.check()
        if not self._lock.acquire(False):
            raise RuntimeError(
                "The watch is already running: another consumer waits for its next change."
            )
        watches = self._set
        try:
            while True:
                watches.start_some(self._mailbox, self._tokens)
                change = watches.take_change()
                if change is not None:
                    return change
                if watches.is_over():
                    raise StopIteration
                watches.core.wait(self._mailbox, watches.next_wait())
                for token in self._mailbox.take():
                    watches.read(token, self._tokens)
                watches.notify()
        except IPlayGamesError:
            # The client was closed, or this thread cannot drive it.
            self.close()
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """Stops all watches. The iteration of a waiting consumer ends, on any thread.

        Does nothing in a forked child.
        """
        if not self._set.process.is_forked():
            self._set.close()
            self._mailbox.put(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
