"""The client that is awaited."""

from __future__ import annotations

from _thread import allocate_lock
from asyncio import get_running_loop

from ._base import BaseClient, WatchState, check_watch, is_over, start_arguments
from ._client import not_ended
from ._errors import IPlayGamesError
from ._loop import Box, box_of
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
    from asyncio import AbstractEventLoop, Future
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from types import TracebackType
    from typing import Any, TypeVar

    from typing_extensions import Self

    from . import _core
    from ._bulk import BulkRunner
    from ._results import BulkResult, Facts

    R = TypeVar("R", bound=Reply)


class AsyncClient(BaseClient):
    """A client of the API for `asyncio` (and uvloop). May be used in several event loops, at once or one
    after another, and survives `fork`.

    One thread of its own, `iplaygames-io`, carries the calls; it never enters Python. Canceling a task
    cancels its call and closes the connection; after a canceled start a session may exist. Use it as an
    asynchronous context manager, or `close` it.
    """

    __slots__ = ()
    _background = True
    # Who awaits a million calls means it.
    _max_in_flight = 1 << 20

    @property
    def sessions(self) -> AsyncSessions:
        """Game sessions: start, check, end."""
        return AsyncSessions(self._core, self._options)

    @property
    def multi_sessions(self) -> AsyncMultiSessions:
        """Sets of games to swipe through: start, check, end."""
        return AsyncMultiSessions(self._core, self._options)

    async def call(self, operation: str, /, **arguments: Any) -> Reply:
        """Calls any operation of the API; `operations` lists them. None is sent as null."""
        return Reply(await _call(self._core, operation, arguments, self._options))

    async def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection, so that the first call does not have to. Answers the seconds it took."""
        return await get_running_loop().run_in_executor(None, self._core.prewarm, timeout)

    def close(self) -> None:
        """Ends the client: calls in flight end as `CanceledError`. Never waits."""
        self._core.close()

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def _call(
    core: _core.Client, operation: str, arguments: dict[str, Any], options: _core.Options | None
) -> Facts:
    loop = get_running_loop()
    return await box_of(loop).call(loop, core, operation, arguments, options)


class AsyncSessions:
    """A client's game sessions."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
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
        """Starts a session; see `Sessions.start`. Never sent twice."""
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
        """Ends a session. Repeated after a lost answer; a session that is then gone counts as ended."""
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
        **more: Any,
    ) -> AsyncOpenSession:
        """A session for an `async with` block: started before it, ended after it, also when it raises or is
        canceled. Takes what `start` takes."""
        arguments = {
            "game_id": game_id,
            "player_id": player_id,
            "currency": currency,
            "country_code": country_code,
            "ip_address": ip_address,
        }
        return AsyncOpenSession(self, arguments | more)

    def watch(
        self, session_id: str, *, interval: float = 5.0, max_failures: int | None = None
    ) -> AsyncWatch:
        """Tells what a session is doing, at first and whenever that changes, until it is over; see
        `Sessions.watch`. It is read all the time until it ends or is closed.

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
        """Checks many sessions, so many at a time; see `Sessions.status_many`."""
        return _many(
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
        """Ends many sessions, as `status_many` checks them."""
        return _many(
            self._core,
            self._options,
            "end_a_game_session",
            EndedSession,
            session_ids,
            concurrency,
            progress,
        )


class AsyncOpenSession:
    """A session for an `async with` block."""

    __slots__ = ("_arguments", "_session", "_sessions")

    def __init__(self, sessions: AsyncSessions, arguments: dict[str, Any]) -> None:
        self._sessions = sessions
        self._arguments = arguments
        self._session: StartedSession | None = None

    async def __aenter__(self) -> StartedSession:
        if self._session is not None:
            raise RuntimeError("this session is open already")
        self._session = await self._sessions.start(**self._arguments)
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        assert session is not None
        try:
            await self._sessions.end(session.session_id)
        except IPlayGamesError as problem:
            if not is_over(problem):
                not_ended(problem, error)


class AsyncWatch(WatchState):
    """What a session is doing, as an asynchronous iterator. Ends by itself; `close` ends it before.

    It has one consumer at a time, in the event loop that first awaited it: any other gets a `RuntimeError`.
    """

    __slots__ = (
        "_box",
        "_call",
        "_core",
        "_given",
        "_loop",
        "_open",
        "_running",
        "_token",
        "_watch",
    )

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
        self._given = session_id, interval, max_failures, options
        self._open = True
        self._running = allocate_lock()
        self._loop: AbstractEventLoop | None = None
        self._box: Box | None = None
        self._watch: _core.Call | None = None
        # None before it has begun, and once it has ended.
        self._call: _core.Call | None = None
        self._token = 0

    def _state(self) -> tuple[float | None, IPlayGamesError | None]:
        return (None, None) if self._watch is None else self._watch.watch_state()

    def __aiter__(self) -> Self:
        return self

    def _begin(self, loop: AbstractEventLoop) -> tuple[Box, _core.Call | None]:
        """Starts the watch with its first consumer, and not where it is made: here there is a loop."""
        if self._box is None:
            box = box_of(loop)
            token = box.next_token()
            self._call = self._watch = self._core.watch(*self._given, box.mailbox, token)
            self._loop, self._box, self._token = loop, box, token
            if not self._open:
                # Closed by another thread meanwhile.
                self.close()
        return self._box, self._call

    async def __anext__(self) -> SessionStatus:
        if not self._open:
            raise StopAsyncIteration
        loop = get_running_loop()
        if self._loop is not None and self._loop is not loop:
            raise RuntimeError("the watch is bound to a different event loop")
        if not self._running.acquire(False):
            raise RuntimeError(
                "the watch is already running: another consumer awaits its next change"
            )
        try:
            return await self._next(loop)
        finally:
            self._running.release()

    async def _next(self, loop: AbstractEventLoop) -> SessionStatus:
        while self._open:
            try:
                box, call = self._begin(loop)
                change = None if call is None else call.next_update()
            except IPlayGamesError:
                self.close()
                raise
            if change is not None:
                last, facts = change
                if last:
                    self.close()
                return SessionStatus(facts)
            # `close` puts the token into the mailbox, from whatever thread: looked at after this future waits.
            future: Future[None] = loop.create_future()
            box.waiting[self._token] = future
            try:
                if self._open:
                    await future
            finally:
                box.waiting.pop(self._token, None)
        raise StopAsyncIteration

    def close(self) -> None:
        """Stops watching: a consumer that awaits, in whatever loop, gets the end of the iteration."""
        self._open = False
        call, self._call = self._call, None
        if call is not None:
            call.close()
        if self._box is not None:
            self._box.mailbox.put(self._token)
            self._loop = None

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Waiter:
    """One call of a bulk run: the completion queue completes it as it completes a future."""

    __slots__ = ("queue", "token")

    def __init__(self, queue: _CompletionQueue, token: int) -> None:
        self.queue = queue
        self.token = token

    def done(self) -> bool:
        return False

    def set_result(self, result: None, /) -> None:
        self.queue.ended.append(self.token)
        if self.queue.future is not None and not self.queue.future.done():
            self.queue.future.set_result(None)


class _CompletionQueue:
    """Those of many calls that have ended and whose results were not read."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.ended: list[int] = []
        self.future: Future[None] | None = None

    async def wait(self) -> list[int]:
        if get_running_loop() is not self.loop:
            raise RuntimeError("these calls are bound to a different event loop")
        if not self.ended:
            self.future = self.loop.create_future()
            await self.future
        ended, self.ended = self.ended, []
        return ended


def _many(
    core: _core.Client,
    options: _core.Options | None,
    operation: str,
    kind: type[R],
    ids: Iterable[str],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> AsyncIterator[BulkResult[R]]:
    from ._bulk import BulkRunner

    return _run(BulkRunner(core, options, operation, kind, ids, concurrency, progress))


async def _run(runner: BulkRunner[R]) -> AsyncGenerator[BulkResult[R], None]:
    loop = get_running_loop()
    box, queue = box_of(loop), _CompletionQueue(loop)
    tokens: set[int] = set()

    def next_token() -> int:
        token = box.next_token()
        box.waiting[token] = _Waiter(queue, token)
        tokens.add(token)
        return token

    try:
        while True:
            for failed in runner.start(box.mailbox, next_token):
                yield failed
            if not runner.in_flight:
                break
            for token in await queue.wait():
                box.waiting.pop(token, None)
                tokens.discard(token)
                yield runner.finish(token)
        runner.raise_problem()
    except GeneratorExit:
        runner.abandon()
        raise
    except BaseException as error:
        runner.interrupt(error)
        raise
    finally:
        for token in tokens:
            box.waiting.pop(token, None)


class AsyncMultiSessions:
    """A client's sets of games to swipe through."""

    __slots__ = ("_core", "_options")

    def __init__(self, core: _core.Client, options: _core.Options | None) -> None:
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
        """Starts a set of games; see `MultiSessions.start`. Never sent twice."""
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
        facts = await _call(self._core, "start_a_multi_session", arguments, self._options)
        return StartedMultiSession(facts)

    async def status(self, multi_session_id: str) -> MultiSessionStatus:
        """Checks a set of games and each game in it."""
        arguments = {"token": multi_session_id}
        facts = await _call(self._core, "get_multi_session_status", arguments, self._options)
        return MultiSessionStatus(facts)

    async def end(self, multi_session_id: str) -> EndedMultiSession:
        """Ends a set of games and every game in it."""
        arguments = {"token": multi_session_id}
        facts = await _call(self._core, "end_multi_session", arguments, self._options)
        return EndedMultiSession(facts)
