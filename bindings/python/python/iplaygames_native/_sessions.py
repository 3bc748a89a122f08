"""The calls for game sessions of the blocking client: those of one session, and those of many.

The generated base class has the calls of the API; `_watch.py` has the watch.
"""

from __future__ import annotations

from ._errors import IPlayGamesError, handle_end_error
from ._options import to_overrides
from ._resources.sessions import SessionCalls
from ._results import EndedSession, SessionStatus, StartedSession
from ._watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from types import TracebackType
    from typing import Any

    from ._bulk import BulkRun
    from ._watch_many import WatchMany


class Sessions(SessionCalls):
    """The calls for game sessions. Returned by `Client.sessions`."""

    def _with_raw_response(self) -> SessionCalls:
        # Only the calls of the API have a response. `open` could not use a response, for example.
        from ._raw_response import RawCaller

        return SessionCalls(RawCaller(self._caller))

    def open(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        ip_address: str | IPv4Address | IPv6Address,
        country_code: str,
        return_url: str | None = None,
        locale: str | None = None,
        provider: str | None = None,
        freespin_id: str | None = None,
        freespin_count: int | None = None,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OpenSession:
        """Opens a session for a `with` block.

        Starts the session before the block and ends it after the block, also if the block raises.

        Example:
            with client.sessions.open(…) as session:
                print(session.game_url)

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            ip_address: The player's IPv4 or IPv6 address.
            country_code: The player's country, a code of two letters.
            return_url: The URL that the player returns to after the game.
            locale: The language of the game, such as `en`.
            provider: The provider to use, if the account may choose a provider.
            freespin_id: The id of the free-spin bonus.
            freespin_count: The number of free spins.
            freespin_bet_amount: The bet of one spin in currency units. A decimal keeps its digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            device: `desktop` or `mobile`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the start in seconds.
            max_retries: The greatest number of retries of the start.
            call_id: The id of the start, sent as `X-Request-Id`.
            headers: Headers of the start.
        """
        arguments = {
            "game_id": game_id,
            "player_id": player_id,
            "currency": currency,
            "ip_address": ip_address,
            "country_code": country_code,
            "return_url": return_url,
            "locale": locale,
            "provider": provider,
            "freespin_id": freespin_id,
            "freespin_count": freespin_count,
            "freespin_bet_amount": freespin_bet_amount,
            "expire_days": expire_days,
            "device": device,
            "extra": extra,
            "timeout": timeout,
            "max_retries": max_retries,
            "call_id": call_id,
            "headers": headers,
        }
        return OpenSession(self, arguments)

    def watch(
        self,
        session_id: str,
        *,
        interval: float = 5.0,
        max_failures: int | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Watch:
        """Watches a session: returns an iterator of its changes.

        The first value is the current status, and the last value is the status of the session when
        it is over. If the session does not exist, the iterator raises `NotFoundError`.

        A failed reading does not end the watch. Three failed readings in a row are logged as a
        warning. The attributes `last_error` and `last_read_at` of the watch tell its state.

        Example:
            for status in client.sessions.watch(session_id):
                print(status.status)

        Args:
            session_id: The id of the session.
            interval: The seconds between two readings, at least 0.01. The session is read while
                the loop waits.
            max_failures: The number of failed readings in a row that ends the watch. The iterator
                then raises the error of the last reading. Default: no limit.
            timeout: The time limit of each reading in seconds.
            max_retries: The greatest number of retries of each reading.
            call_id: The id of the readings, sent as `X-Request-Id`.
            headers: Headers of the readings.
        """
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        return Watch(self._caller, session_id, interval, max_failures, overrides)

    def watch_many(
        self,
        session_ids: Iterable[str],
        *,
        interval: float = 5.0,
        max_failures: int | None = None,
    ) -> WatchMany:
        """Watches many sessions: returns an iterator of the changes of all of them.

        The values are like those of a bulk call: `id` is the id of the session, `result` its
        status, and `error` the error that ended its watch. A session that is over leaves the
        iterator, which stops when no session is left. If the client is at its limit
        `max_in_flight`, further sessions are watched as soon as others are over.

        Example:
            for change in client.sessions.watch_many(session_ids):
                print(change.id, change.ok)

        Args:
            session_ids: The ids of the sessions.
            interval: The seconds between two readings of a session, at least 0.01.
            max_failures: The number of failed readings in a row that ends the watch of a session.
                Default: no limit.
        """
        from ._watch_many import WatchMany

        return WatchMany(self._caller, session_ids, interval, max_failures)

    def start_many(
        self,
        arguments: Iterable[Mapping[str, Any]],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> BulkRun[StartedSession]:
        """Starts many sessions at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error. If the client is at its
        limit `max_in_flight`, the calls wait.

        Example:
            for result in client.sessions.start_many(arguments):
                print(result.item, result.ok)

        Args:
            arguments: The arguments of each start, a mapping. They are those of `start`, and those
                that are None are not sent. The options of a call, such as `timeout`, `call_id` or
                `headers`, are not among them: `with_options` sets them for all starts. A result
                has the mapping as `item`.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of items
                after each result. The number of items is None if the iterable has no length.
        """
        from ._bulk import run_bulk
        from ._bulk_source import take_start

        return run_bulk(
            self._caller,
            "start_a_game_session",
            StartedSession,
            take_start,
            "arguments",
            arguments,
            concurrency,
            progress,
        )

    def status_many(
        self,
        session_ids: Iterable[str],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> BulkRun[SessionStatus]:
        """Checks many sessions at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error. If the client is at its
        limit `max_in_flight`, the calls wait.

        Example:
            for result in client.sessions.status_many(session_ids):
                print(result.id, result.ok)

        Args:
            session_ids: The ids of the sessions.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of items
                after each result. The number of items is None if the iterable has no length.
        """
        from ._bulk import run_bulk
        from ._bulk_source import take_session_id

        return run_bulk(
            self._caller,
            "get_session_status",
            SessionStatus,
            take_session_id,
            "session_ids",
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
    ) -> BulkRun[EndedSession]:
        """Ends many sessions at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error. If the client is at its
        limit `max_in_flight`, the calls wait.

        Example:
            for result in client.sessions.end_many(session_ids):
                print(result.id, result.ok)

        Args:
            session_ids: The ids of the sessions.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of items
                after each result. The number of items is None if the iterable has no length.
        """
        from ._bulk import run_bulk
        from ._bulk_source import take_session_id

        return run_bulk(
            self._caller,
            "end_a_game_session",
            EndedSession,
            take_session_id,
            "session_ids",
            session_ids,
            concurrency,
            progress,
        )


class OpenSession:
    """A session that a `with` block starts and ends. Made by `Sessions.open`."""

    __slots__ = ("_arguments", "_session", "_session_id", "_sessions")

    def __init__(self, sessions: Sessions, arguments: dict[str, Any]) -> None:
        """Makes the object from the arguments of the start."""
        self._sessions = sessions
        self._arguments = arguments
        self._session: StartedSession | None = None
        # Read at once: while the interpreter exits, the document can no longer be parsed.
        self._session_id = ""

    def __enter__(self) -> StartedSession:
        if self._session is not None:
            raise RuntimeError(
                "This session is open already: call `open` again for another session."
            )
        self._session = self._sessions.start(**self._arguments)
        self._session_id = self._session.session_id
        return self._session

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session = None
        try:
            self._sessions.end(self._session_id)
        except IPlayGamesError as error:
            handle_end_error(error, exc)
