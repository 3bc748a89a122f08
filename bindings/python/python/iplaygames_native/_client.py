"""The blocking client and its sessions.

`_watch.py` has the watch, `_bulk.py` has the calls for many sessions, and `_aio.py` has the
asynchronous client.
"""

from __future__ import annotations

from . import _core
from ._base import BaseClient, handle_end_error, to_start_arguments
from ._errors import IPlayGamesError
from ._reply import Reply
from ._results import (
    EndedMultiSession,
    EndedSession,
    MultiSessionStatus,
    SessionStatus,
    StartedMultiSession,
    StartedSession,
)
from ._watch import Watch

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
    """A blocking client of the API.

    Any number of threads may use the client at once, and it works after `fork`. The client has no
    thread of its own: a call runs on the thread that makes it, without the GIL. Ctrl-C ends a call.
    Use the client as a context manager, or call `close`.
    """

    __slots__ = ()

    @property
    def sessions(self) -> Sessions:
        """The calls for game sessions."""
        return Sessions(self._core, self._options)

    @property
    def multi_sessions(self) -> MultiSessions:
        """The calls for multi-sessions, which are sets of games to swipe through."""
        return MultiSessions(self._core, self._options)

    def call(self, operation: str, /, **arguments: Any) -> Reply:
        """Calls any operation of the API. `operations` lists them. None is sent as null."""
        return Reply(self._core.call(operation, arguments, self._options))

    def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection in advance. Returns the elapsed seconds."""
        return self._core.prewarm(timeout)

    def close(self) -> None:
        """Closes the client. Never blocks.

        Calls in flight on other threads raise `CanceledError`.
        """
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Sessions:
    """The calls for game sessions. Returned by `Client.sessions`."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        """Makes the object from the native client and the options of its calls."""
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
        """Starts a session. Never sent twice.

        After a failure with the outcome `unknown` a session may exist.

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            country_code: The player's country, a code of two letters.
            ip_address: The player's IPv4 or IPv6 address.
            return_url: The URL that the player returns to after the game.
            locale: The language of the game, such as `en`.
            provider: The provider to use, if the account may choose a provider.
            device: `desktop` or `mobile`.
            freespin_id: The id of the free-spin bonus.
            freespin_count: The number of free spins.
            freespin_bet_amount: The bet of one spin in currency units. A `Decimal` keeps its
                digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            extra: Fields that this version of the package does not know.
        """
        arguments = to_start_arguments(
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
        raw_reply = self._core.call("get_session_status", {"session_id": session_id}, self._options)
        return SessionStatus(raw_reply)

    def end(self, session_id: str) -> EndedSession:
        """Ends a session.

        The call is retried after a lost response. If the session has ended by then, the call
        succeeds.
        """
        raw_reply = self._core.call("end_a_game_session", {"session_id": session_id}, self._options)
        return EndedSession(raw_reply)

    def open(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        **optional: Any,
    ) -> OpenSession:
        """Opens a session for a `with` block.

        Starts the session before the block and ends it after the block, also if the block raises.
        Takes the arguments of `start`.
        """
        arguments = {
            "game_id": game_id,
            "player_id": player_id,
            "currency": currency,
            "country_code": country_code,
            "ip_address": ip_address,
        }
        return OpenSession(self, arguments | optional)

    def watch(
        self, session_id: str, *, interval: float = 5.0, max_failures: int | None = None
    ) -> Watch:
        """Watches a session: returns an iterator of its changes.

        The first value is the current status, and the last value is the status of the session when
        it is over. If the session does not exist, the iterator raises `NotFoundError`.

        A failed reading does not end the watch. Three failed readings in a row are logged as a
        warning. The attributes `last_error` and `last_read_at` of the watch tell its state.

        Args:
            session_id: The id of the session.
            interval: The seconds between two readings, at least 0.01. The session is read while
                the loop waits.
            max_failures: The number of failed readings in a row that ends the watch. The iterator
                then raises the error of the last reading. Default: no limit.

        Example:
            for status in client.sessions.watch(session_id):
                print(status.status)
        """
        return Watch(self._core, session_id, interval, max_failures, self._options)

    def status_many(
        self,
        session_ids: Iterable[str],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Iterator[BulkResult[SessionStatus]]:
        """Checks many sessions at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error.

        Args:
            session_ids: The ids of the sessions.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of ids
                after each result. The number of ids is None if `session_ids` has no length.
        """
        from ._bulk import run_bulk

        return run_bulk(
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
        """Ends many sessions at once. Takes the arguments of `status_many`."""
        from ._bulk import run_bulk

        return run_bulk(
            self._core,
            self._options,
            "end_a_game_session",
            EndedSession,
            session_ids,
            concurrency,
            progress,
        )


class OpenSession:
    """A session that a `with` block starts and ends. Made by `Sessions.open`."""

    __slots__ = ("_arguments", "_session", "_sessions")

    def __init__(self, sessions: Sessions, arguments: dict[str, Any]) -> None:
        """Makes the object from the arguments of the start."""
        self._sessions = sessions
        self._arguments = arguments
        self._session: StartedSession | None = None

    def __enter__(self) -> StartedSession:
        if self._session is not None:
            raise RuntimeError(
                "This session is open already: call `open` again for another session."
            )
        self._session = self._sessions.start(**self._arguments)
        return self._session

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        assert session is not None
        try:
            self._sessions.end(session.session_id)
        except IPlayGamesError as error:
            handle_end_error(error, exc)


class MultiSessions:
    """The calls for multi-sessions. Returned by `Client.multi_sessions`."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        """Makes the object from the native client and the options of its calls."""
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
        """Starts a multi-session. Never sent twice.

        Args:
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            country_code: The player's country, a code of two letters.
            ip_address: The player's IPv4 or IPv6 address.
            game_ids: The ids of the games. Default: the server chooses the games.
            locale: The language of the games, such as `en`.
            device: `desktop` or `mobile`.
            extra: Fields that this version of the package does not know.
        """
        arguments = to_start_arguments(
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
        """Checks a multi-session and each of its games."""
        raw_reply = self._core.call(
            "get_multi_session_status", {"token": multi_session_id}, self._options
        )
        return MultiSessionStatus(raw_reply)

    def end(self, multi_session_id: str) -> EndedMultiSession:
        """Ends a multi-session and each of its games."""
        raw_reply = self._core.call("end_multi_session", {"token": multi_session_id}, self._options)
        return EndedMultiSession(raw_reply)
