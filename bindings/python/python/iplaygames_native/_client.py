"""The client that waits."""

from __future__ import annotations

from _thread import allocate_lock

from . import _core
from ._base import BaseClient, WatchState, check_watch, is_over, start_arguments
from ._errors import IPlayGamesError, add_note
from ._results import (
    EndedMultiSession,
    EndedSession,
    MultiSessionStatus,
    Reply,
    SessionStatus,
    StartedMultiSession,
    StartedSession,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._results import BulkResult


class Client(BaseClient):
    """A client of the API. Serves any number of threads at once, and survives `fork`.

    It has no thread of its own: a call does its work on the thread that makes it, without holding the GIL,
    and Ctrl-C ends it. Use it as a context manager, or `close` it.
    """

    __slots__ = ()

    @property
    def sessions(self) -> Sessions:
        """Game sessions: start, check, end."""
        return Sessions(self._core, self._options)

    @property
    def multi_sessions(self) -> MultiSessions:
        """Sets of games to swipe through: start, check, end."""
        return MultiSessions(self._core, self._options)

    def call(self, operation: str, /, **arguments: Any) -> Reply:
        """Calls any operation of the API; `operations` lists them. None is sent as null."""
        return Reply(self._core.call(operation, arguments, self._options))

    def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection, so that the first call does not have to. Answers the seconds it took."""
        return self._core.prewarm(timeout)

    def close(self) -> None:
        """Ends the client: calls in flight on other threads end as `CanceledError`. Never waits."""
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Sessions:
    """A client's game sessions."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        self._core = core
        self._options = options

    def start(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        return_url: str | None = None,
        locale: str | None = None,
        provider: str | None = None,
        device: str | None = None,
        freespin_id: str | None = None,
        freespin_count: int | None = None,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> StartedSession:
        """Starts a session. Never sent twice: after a failure with the outcome `unknown` one may exist.

        game_id: the game.
        player_id: the operator's own id of the player.
        currency: the currency's code, such as `USD`.
        country_code: the player's country, two letters.
        ip_address: the player's IPv4 or IPv6 address.
        return_url: where the player goes on leaving the game.
        locale: the game's language, such as `en`.
        provider: the provider to use; the account must be allowed to choose.
        device: `desktop` or `mobile`.
        freespin_id, freespin_count: the free-spin bonus, and how many spins.
        freespin_bet_amount: the stake of one spin, in currency units; a Decimal keeps its digits.
        expire_days: how many days the free spins last, 1 to 30.
        extra: fields that this version does not know.
        """
        arguments = start_arguments(
            {
                "game_id": game_id,
                "player_id": player_id,
                "currency": currency,
                "country_code": country_code,
                "ip_address": ip_address,
                "return_url": return_url,
                "locale": locale,
                "provider": provider,
                "device": device,
                "freespin_id": freespin_id,
                "freespin_count": freespin_count,
                "freespin_bet_amount": freespin_bet_amount,
                "expire_days": expire_days,
            },
            extra,
        )
        return StartedSession(self._core.call("start_a_game_session", arguments, self._options))

    def status(self, session_id: str) -> SessionStatus:
        """Checks a session."""
        facts = self._core.call("get_session_status", {"session_id": session_id}, self._options)
        return SessionStatus(facts)

    def end(self, session_id: str) -> EndedSession:
        """Ends a session. Repeated after a lost answer; a session that is then gone counts as ended."""
        facts = self._core.call("end_a_game_session", {"session_id": session_id}, self._options)
        return EndedSession(facts)

    def open(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        **more: Any,
    ) -> OpenSession:
        """A session for a `with` block: started before it, ended after it, also when it raises. Takes what
        `start` takes."""
        arguments = {
            "game_id": game_id,
            "player_id": player_id,
            "currency": currency,
            "country_code": country_code,
            "ip_address": ip_address,
        }
        return OpenSession(self, arguments | more)

    def watch(
        self, session_id: str, *, interval: float = 5.0, max_failures: int | None = None
    ) -> Watch:
        """Tells what a session is doing, at first and whenever that changes, until it is over.

            for status in client.sessions.watch(session_id):
                print(status.status)

        It is read every `interval` seconds (0.01 or more) while the loop waits. The last status is the one
        that says that it is over. A session that is not there any more is a `NotFoundError`.

        A reading that fails for a time is repeated at the next. Three in a row are logged as a warning, and
        `last_error` and `last_read_at` of the watch say how it stands. With `max_failures` so many in a row
        end the watch: the last one's error is raised.
        """
        return Watch(self._core, session_id, interval, max_failures, self._options)

    def status_many(
        self,
        session_ids: Iterable[str],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Iterator[BulkResult[SessionStatus]]:
        """Checks many sessions, so many at a time. Results come as they are there, in any order; one that
        failed has an error and does not stop the others. `progress(done, total)` is called after each;
        the total is None where the ids have no length."""
        from ._bulk import many

        return many(
            self._core,
            self._options,
            "get_session_status",
            SessionStatus,
            session_ids,
            concurrency,
            progress,
        )

    def end_many(
        self,
        session_ids: Iterable[str],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Iterator[BulkResult[EndedSession]]:
        """Ends many sessions, as `status_many` checks them."""
        from ._bulk import many

        return many(
            self._core,
            self._options,
            "end_a_game_session",
            EndedSession,
            session_ids,
            concurrency,
            progress,
        )


class OpenSession:
    """A session for a `with` block."""

    __slots__ = ("_arguments", "_session", "_sessions")

    def __init__(self, sessions: Sessions, arguments: dict[str, Any]) -> None:
        self._sessions = sessions
        self._arguments = arguments
        self._session: StartedSession | None = None

    def __enter__(self) -> StartedSession:
        if self._session is not None:
            raise RuntimeError("this session is open already")
        self._session = self._sessions.start(**self._arguments)
        return self._session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        assert session is not None
        try:
            self._sessions.end(session.session_id)
        except IPlayGamesError as problem:
            if not is_over(problem):
                not_ended(problem, error)


def not_ended(problem: IPlayGamesError, error: BaseException | None) -> None:
    """A session that could not be ended: raised, unless the block itself failed; that is what counts then,
    and it carries a note."""
    if error is None:
        raise problem
    add_note(error, f"The session could not be ended either: {problem}")


class Watch(WatchState):
    """What a session is doing, as an iterator. Ends by itself; `close` ends it before.

    It has one consumer at a time: `next` while another thread waits for a change raises `RuntimeError`.
    """

    __slots__ = ("_call", "_core", "_mailbox", "_running", "_watch")

    def __init__(
        self,
        core: _core.Client,
        session_id: str,
        interval: float,
        max_failures: int | None,
        options: _core.Options | None,
    ) -> None:
        check_watch(session_id, interval, max_failures)
        self._core = core
        self._mailbox = _core.Mailbox()
        self._running = allocate_lock()
        self._watch = core.watch(session_id, interval, max_failures, options, self._mailbox, 0)
        # None once it has ended.
        self._call: _core.Call | None = self._watch

    def _state(self) -> tuple[float | None, IPlayGamesError | None]:
        return self._watch.watch_state()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SessionStatus:
        if self._call is None:
            raise StopIteration
        if not self._running.acquire(False):
            raise RuntimeError(
                "the watch is already running: another consumer waits for its next change"
            )
        try:
            return self._next()
        finally:
            self._running.release()

    def _next(self) -> SessionStatus:
        while (call := self._call) is not None:
            try:
                change = call.next_update()
                if change is None:
                    # Also after `close` on another thread, which puts something into the mailbox.
                    self._core.wait(self._mailbox)
                    self._mailbox.take()
                    continue
            except IPlayGamesError:
                self.close()
                raise
            last, facts = change
            if last:
                self.close()
            return SessionStatus(facts)
        raise StopIteration

    def close(self) -> None:
        """Stops watching: a consumer that waits, on whatever thread, gets the end of the iteration."""
        call, self._call = self._call, None
        if call is not None:
            call.close()
            self._mailbox.put(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class MultiSessions:
    """A client's sets of games to swipe through."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        self._core = core
        self._options = options

    def start(
        self,
        *,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        game_ids: Sequence[int | str] | None = None,
        locale: str | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> StartedMultiSession:
        """Starts a set of games; the server chooses them where `game_ids` is left out. Never sent twice.
        The other arguments are those of `Sessions.start`."""
        arguments = start_arguments(
            {
                "player_id": player_id,
                "currency": currency,
                "country_code": country_code,
                "ip_address": ip_address,
                "game_ids": game_ids,
                "locale": locale,
                "device": device,
            },
            extra,
        )
        return StartedMultiSession(
            self._core.call("start_a_multi_session", arguments, self._options)
        )

    def status(self, multi_session_id: str) -> MultiSessionStatus:
        """Checks a set of games and each game in it."""
        facts = self._core.call(
            "get_multi_session_status", {"token": multi_session_id}, self._options
        )
        return MultiSessionStatus(facts)

    def end(self, multi_session_id: str) -> EndedMultiSession:
        """Ends a set of games and every game in it."""
        facts = self._core.call("end_multi_session", {"token": multi_session_id}, self._options)
        return EndedMultiSession(facts)
