"""The blocking watch of a session, and the parts that both kinds of watch share."""

from __future__ import annotations

from _thread import allocate_lock

from . import _core
from ._checks import check_int
from ._errors import IPlayGamesError, invalid_argument
from ._results import SessionStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._caller import Caller
    from ._hooks import RequestInfo
    from ._options import CallSettings
    from ._reply import RawReply


def check_watch_arguments(session_id: object, interval: object, max_failures: object) -> None:
    """Raises `ValidationError` if an argument of a watch has a wrong type or value."""
    if not isinstance(session_id, str):
        message = f"`session_id` must be a string, not {type(session_id).__name__}."
        raise invalid_argument("/session_id", message, wrong_type=True)
    check_interval(interval, max_failures)


def check_interval(interval: object, max_failures: object) -> None:
    """Raises `ValidationError` if the times of a watch have a wrong type or value."""
    if isinstance(interval, (bool, str)) or not hasattr(interval, "__float__"):
        message = f"`interval` must be a time in seconds, not {type(interval).__name__}."
        raise invalid_argument("/interval", message, wrong_type=True)
    if max_failures is None:
        return
    check_int("max_failures", max_failures)
    assert isinstance(max_failures, int)
    if not 1 <= max_failures < 1 << 32:
        raise invalid_argument("/max_failures", "`max_failures` must be 1 or more.")


class ObservedWatch:
    """A watch whose readings are passed to the hooks.

    It is one request: the headers of the hook for requests are sent with each reading.
    """

    __slots__ = ("_arguments", "_hooks", "_request", "call")
    call: _core.Call

    def __init__(
        self,
        caller: CallSettings,
        session_id: str,
        interval: float,
        max_failures: int | None,
        overrides: dict[str, Any] | None,
    ) -> None:
        """Calls the hook for requests. Starts no watch."""
        self._hooks = caller.hooks
        self._request: RequestInfo | None = None
        if self._hooks is None:
            options = caller.options_with(overrides)
        else:
            arguments = {"session_id": session_id}
            self._request, options = caller.begin("get_session_status", arguments, overrides)
        self._arguments = session_id, interval, max_failures, options

    def start(self, core: _core.Client, mailbox: _core.Mailbox, token: int) -> _core.Call:
        """Starts the watch. After an exception it can be started again."""
        self.call = core.watch(*self._arguments, mailbox, token, self._hooks is not None)
        return self.call

    def fail(self, error: IPlayGamesError) -> None:
        """Calls the hook for errors if the watch could not be started."""
        if self._request is not None and self._hooks is not None:
            self._hooks.notify_error(self._request, error)

    def notify(self) -> None:
        """Calls the hooks for the readings since the last time."""
        if self._request is None or self._hooks is None:
            return
        for raw_reply, error in self.call.take_readings():
            if raw_reply is not None:
                self._hooks.notify_response(self._request, SessionStatus(raw_reply))
            elif error is not None:
                self._hooks.notify_error(self._request, error)


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

    __slots__ = ("_core", "_lock", "_mailbox", "_observed", "_open_call", "_update")

    def __init__(
        self,
        caller: Caller,
        session_id: str,
        interval: float,
        max_failures: int | None,
        overrides: dict[str, Any] | None,
    ) -> None:
        """Starts a watch. Use `Sessions.watch` instead."""
        check_watch_arguments(session_id, interval, max_failures)
        core = self._core = caller.current_core()
        self._mailbox = _core.Mailbox()
        # Held by the consumer.
        self._lock = allocate_lock()
        # An update that was taken, and kept while the hooks run: a hook may be interrupted.
        self._update: tuple[bool, RawReply] | None = None
        self._observed = ObservedWatch(caller, session_id, interval, max_failures, overrides)
        # None after the watch has ended.
        self._open_call: _core.Call | None = None
        try:
            self._open_call = self._observed.start(core, self._mailbox, 0)
        except IPlayGamesError as error:
            self._observed.fail(error)
            raise

    def _watch_state(self) -> tuple[float | None, IPlayGamesError | None]:
        return self._observed.call.watch_state()

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
                if self._update is None:
                    self._update = call.next_update()
                self._observed.notify()
                update, self._update = self._update, None
                if update is None:
                    # `close` on another thread puts a token into the mailbox and ends this wait.
                    self._core.wait(self._mailbox)
                    self._mailbox.take()
                    continue
            except IPlayGamesError:
                self.close()
                self._observed.notify()
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
