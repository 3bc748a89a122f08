"""The asynchronous client and its sessions.

`_aio_watch.py` has the watch, `_aio_bulk.py` has the calls for many sessions, and `_loop.py`
connects the client with the event loop.
"""

from __future__ import annotations

from asyncio import get_running_loop

from ._aio_watch import AsyncWatch
from ._base import BaseClient, handle_end_error, to_start_arguments
from ._errors import IPlayGamesError
from ._loop import get_loop_state
from ._reply import Reply
from ._results import (
    EndedMultiSession,
    EndedSession,
    MultiSessionStatus,
    SessionStatus,
    StartedMultiSession,
    StartedSession,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from . import _core
    from ._reply import RawReply
    from ._results import BulkResult


class AsyncClient(BaseClient):
    """A client of the API for `asyncio` and uvloop.

    Several event loops may use one client, at once or one after another. It works after `fork`. One
    thread of the client, `iplaygames-io`, does the I/O and never enters Python. Canceling a task
    cancels its call and closes the connection; after a canceled start a session may exist. Use the
    client as an asynchronous context manager, or call `close`.
    """

    __slots__ = ()
    _background = True
    # A program may await a million calls at once.
    _max_in_flight = 1 << 20

    @property
    def sessions(self) -> AsyncSessions:
        """The calls for game sessions."""
        return AsyncSessions(self._core, self._options)

    @property
    def multi_sessions(self) -> AsyncMultiSessions:
        """The calls for multi-sessions, which are sets of games to swipe through."""
        return AsyncMultiSessions(self._core, self._options)

    async def call(self, operation: str, /, **arguments: Any) -> Reply:
        """Calls any operation of the API. `operations` lists them. None is sent as null."""
        return Reply(await _call(self._core, operation, arguments, self._options))

    async def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection in advance. Returns the elapsed seconds."""
        return await get_running_loop().run_in_executor(None, self._core.prewarm, timeout)

    def close(self) -> None:
        """Closes the client. Calls in flight raise `CanceledError`. Never blocks."""
        self._core.close()

    async def aclose(self) -> None:
        """Closes the client, as `close` does."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


async def _call(
    core: _core.Client, operation: str, arguments: dict[str, Any], options: _core.Options | None
) -> RawReply:
    """Makes a call in the running event loop."""
    loop = get_running_loop()
    return await get_loop_state(loop).call(loop, core, operation, arguments, options)


class AsyncSessions:
    """The calls for game sessions. Returned by `AsyncClient.sessions`."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        """Makes the object from the native client and the options of its calls."""
        self._core = core
        self._options = options

    async def start(
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
        """Starts a session. Never sent twice. Takes the arguments of `Sessions.start`."""
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
        return StartedSession(
            await _call(self._core, "start_a_game_session", arguments, self._options)
        )

    async def status(self, session_id: str) -> SessionStatus:
        """Checks a session."""
        arguments = {"session_id": session_id}
        return SessionStatus(
            await _call(self._core, "get_session_status", arguments, self._options)
        )

    async def end(self, session_id: str) -> EndedSession:
        """Ends a session.

        The call is retried after a lost response. If the session has ended by then, the call
        succeeds.
        """
        arguments = {"session_id": session_id}
        return EndedSession(await _call(self._core, "end_a_game_session", arguments, self._options))

    def open(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        **optional: Any,
    ) -> AsyncOpenSession:
        """Opens a session for an `async with` block.

        Starts the session before the block and ends it after the block, also if the block raises or
        is canceled. Takes the arguments of `start`.
        """
        arguments = {
            "game_id": game_id,
            "player_id": player_id,
            "currency": currency,
            "country_code": country_code,
            "ip_address": ip_address,
        }
        return AsyncOpenSession(self, arguments | optional)

    def watch(
        self, session_id: str, *, interval: float = 5.0, max_failures: int | None = None
    ) -> AsyncWatch:
        """Watches a session: returns an asynchronous iterator of its changes.

        Takes the arguments of `Sessions.watch`. The session is read until the watch ends or is
        closed, also while the program does not await the next change.

        Example:
            async with client.sessions.watch(session_id) as changes:
                async for status in changes:
                    print(status.status)
        """
        return AsyncWatch(self._core, session_id, interval, max_failures, self._options)

    def status_many(
        self,
        session_ids: Iterable[str],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> AsyncIterator[BulkResult[SessionStatus]]:
        """Checks many sessions at once. Takes the arguments of `Sessions.status_many`."""
        from ._aio_bulk import run_bulk_async

        return run_bulk_async(
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
    ) -> AsyncIterator[BulkResult[EndedSession]]:
        """Ends many sessions at once. Takes the arguments of `Sessions.status_many`."""
        from ._aio_bulk import run_bulk_async

        return run_bulk_async(
            self._core,
            self._options,
            "end_a_game_session",
            EndedSession,
            session_ids,
            concurrency,
            progress,
        )


class AsyncOpenSession:
    """A session that an `async with` block starts and ends. Made by `AsyncSessions.open`."""

    __slots__ = ("_arguments", "_session", "_sessions")

    def __init__(self, sessions: AsyncSessions, arguments: dict[str, Any]) -> None:
        """Makes the object from the arguments of the start."""
        self._sessions = sessions
        self._arguments = arguments
        self._session: StartedSession | None = None

    async def __aenter__(self) -> StartedSession:
        if self._session is not None:
            raise RuntimeError(
                "This session is open already: call `open` again for another session."
            )
        self._session = await self._sessions.start(**self._arguments)
        return self._session

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        assert session is not None
        try:
            await self._sessions.end(session.session_id)
        except IPlayGamesError as error:
            handle_end_error(error, exc)


class AsyncMultiSessions:
    """The calls for multi-sessions. Returned by `AsyncClient.multi_sessions`."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
        """Makes the object from the native client and the options of its calls."""
        self._core = core
        self._options = options

    async def start(
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

        Takes the arguments of `MultiSessions.start`.
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
        raw_reply = await _call(self._core, "start_a_multi_session", arguments, self._options)
        return StartedMultiSession(raw_reply)

    async def status(self, multi_session_id: str) -> MultiSessionStatus:
        """Checks a multi-session and each of its games."""
        arguments = {"token": multi_session_id}
        raw_reply = await _call(self._core, "get_multi_session_status", arguments, self._options)
        return MultiSessionStatus(raw_reply)

    async def end(self, multi_session_id: str) -> EndedMultiSession:
        """Ends a multi-session and each of its games."""
        arguments = {"token": multi_session_id}
        raw_reply = await _call(self._core, "end_multi_session", arguments, self._options)
        return EndedMultiSession(raw_reply)
