"""The blocking watch of a session, and the parts that both kinds of watch share."""

from __future__ import annotations

from _thread import allocate_lock

from . import _core
from ._base import check_int
from ._errors import IPlayGamesError, invalid_argument
from ._results import SessionStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self


def check_watch_arguments(session_id: object, interval: object, max_failures: object) -> None:
    """Raises `ValidationError` if an argument of a watch has a wrong type or value."""
    if not isinstance(session_id, str):
        message = f"`session_id` must be a string, not {type(session_id).__name__}."
        raise invalid_argument("/session_id", message, wrong_type=True)
    if isinstance(interval, (bool, str)) or not hasattr(interval, "__float__"):
        message = f"`interval` must be a time in seconds, not {type(interval).__name__}."
        raise invalid_argument("/interval", message, wrong_type=True)
    if max_failures is None:
        return
    check_int("max_failures", max_failures)
    assert isinstance(max_failures, int)
    if not 1 <= max_failures < 1 << 32:
        raise invalid_argument("/max_failures", "`max_failures` must be 1 or more.")


class WatchState:
    """The attributes that tell about the readings of a watch."""

    __slots__ = ()

    def _watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        raise NotImplementedError

    @property
    def last_error(self) -> IPlayGamesError | None:
        """The error of the last reading, or None if the reading succeeded or there was none."""
        return self._watch_state()[1]

    @property
    def last_read_at(self) -> datetime | None:
        """The time of the last successful reading, in UTC, or None before the first."""
        read_at = self._watch_state()[0]
        if read_at is None:
            return None
        from datetime import datetime, timezone

        return datetime.fromtimestamp(read_at, timezone.utc)


class Watch(WatchState):
    """An iterator of the changes of a session. Stops when the session is over, or after `close`.

    A watch has one consumer at a time: `next` raises `RuntimeError` while another thread waits for
    a change.
    """

    __slots__ = ("_call", "_core", "_lock", "_mailbox", "_open_call")

    def __init__(
        self,
        core: _core.Client,
        session_id: str,
        interval: float,
        max_failures: int | None,
        options: _core.Options | None,
    ) -> None:
        """Starts a watch. Use `Sessions.watch` instead."""
        check_watch_arguments(session_id, interval, max_failures)
        self._core = core
        self._mailbox = _core.Mailbox()
        # Held by the consumer.
        self._lock = allocate_lock()
        self._call = core.watch(session_id, interval, max_failures, options, self._mailbox, 0)
        # None after the watch has ended.
        self._open_call: _core.Call | None = self._call

    def _watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        return self._call.watch_state()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SessionStatus:
        if self._open_call is None:
            raise StopIteration
        if not self._lock.acquire(False):
            raise RuntimeError(
                "The watch is already running: another consumer waits for its next change."
            )
        try:
            return self._wait_for_update()
        finally:
            self._lock.release()

    def _wait_for_update(self) -> SessionStatus:
        while (call := self._open_call) is not None:
            try:
                update = call.next_update()
                if update is None:
                    # `close` on another thread puts a token into the mailbox and ends this wait.
                    self._core.wait(self._mailbox)
                    self._mailbox.take()
                    continue
            except IPlayGamesError:
                self.close()
                raise
            is_final, raw_reply = update
            if is_final:
                self.close()
            return SessionStatus(raw_reply)
        raise StopIteration

    def close(self) -> None:
        """Stops the watch. The iteration of a waiting consumer ends, on any thread."""
        call, self._open_call = self._open_call, None
        if call is not None:
            call.close()
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
