"""The asynchronous client.

`_resources/` has the calls of each group, `_aio_sessions.py` those of game sessions, `_aio_bulk.py`
the calls for many items, and `_loop.py` connects the client with the event loop.
"""

from __future__ import annotations

from ._aio_caller import AsyncCaller
from ._base import JOURNAL_CLOSE_LIMIT, BaseClient, LazyResource
from ._loop import get_loop, refuse_trio
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from ._aio_bulk import AsyncBulkRun
    from ._aio_sessions import AsyncSessions
    from ._journal import AsyncJournal
    from ._operation_names import OperationName
    from ._resources.external_games import AsyncExternalGames
    from ._resources.freespins import AsyncFreespins
    from ._resources.games import AsyncGames
    from ._resources.jackpot import AsyncJackpot
    from ._resources.multi_sessions import AsyncMultiSessions
    from ._resources.promotions import AsyncPromotions
    from ._resources.transactions import AsyncTransactions
    from ._resources.widgets import AsyncWidgets

    AsyncClientApiKey: TypeAlias = str | Callable[[], str | Awaitable[str]]


class AsyncClient(BaseClient["AsyncClientApiKey"]):
    """A client of the API for `asyncio` and uvloop.

    Several event loops may use one client, at once or one after another. It works after `fork`. One
    thread of the client, `iplaygames-io`, does the I/O and never enters Python. Canceling a task
    cancels its call and closes the connection; after a canceled start a session may exist. Use the
    client as an asynchronous context manager, or call `close`. It works with anyio on asyncio, and
    not on trio.
    """

    __slots__ = ()
    _background = True
    # A program may await a million calls at once.
    _max_in_flight = 1 << 20
    _caller_kind = AsyncCaller
    _caller: AsyncCaller

    def _check_context(self) -> None:
        refuse_trio()

    if TYPE_CHECKING:

        @property
        def sessions(self) -> AsyncSessions:
            """The calls for game sessions."""
            raise NotImplementedError

        @property
        def multi_sessions(self) -> AsyncMultiSessions:
            """The calls for multi-sessions, which are sets of games to swipe through."""
            raise NotImplementedError

        @property
        def games(self) -> AsyncGames:
            """The calls for games and their studios."""
            raise NotImplementedError

        @property
        def transactions(self) -> AsyncTransactions:
            """The calls for game transactions and their exports."""
            raise NotImplementedError

        @property
        def freespins(self) -> AsyncFreespins:
            """The calls for free spins that need no session."""
            raise NotImplementedError

        @property
        def widgets(self) -> AsyncWidgets:
            """The calls for the domains and tokens of widgets."""
            raise NotImplementedError

        @property
        def jackpot(self) -> AsyncJackpot:
            """The calls for jackpot pools, their settings and contributions."""
            raise NotImplementedError

        @property
        def promotions(self) -> AsyncPromotions:
            """The calls for promotions."""
            raise NotImplementedError

        @property
        def external_games(self) -> AsyncExternalGames:
            """The calls for the operator's own games."""
            raise NotImplementedError

    else:
        sessions = LazyResource("_aio_sessions", "AsyncSessions", "The calls for game sessions.")
        multi_sessions = LazyResource(
            "_resources.multi_sessions",
            "AsyncMultiSessions",
            "The calls for multi-sessions, which are sets of games to swipe through.",
        )
        games = LazyResource(
            "_resources.games", "AsyncGames", "The calls for games and their studios."
        )
        transactions = LazyResource(
            "_resources.transactions",
            "AsyncTransactions",
            "The calls for game transactions and their exports.",
        )
        freespins = LazyResource(
            "_resources.freespins",
            "AsyncFreespins",
            "The calls for free spins that need no session.",
        )
        widgets = LazyResource(
            "_resources.widgets", "AsyncWidgets", "The calls for the domains and tokens of widgets."
        )
        jackpot = LazyResource(
            "_resources.jackpot",
            "AsyncJackpot",
            "The calls for jackpot pools, their settings and contributions.",
        )
        promotions = LazyResource(
            "_resources.promotions", "AsyncPromotions", "The calls for promotions."
        )
        external_games = LazyResource(
            "_resources.external_games",
            "AsyncExternalGames",
            "The calls for the operator's own games.",
        )

    @property
    def journal(self) -> AsyncJournal:
        """The journal: the sessions that this and other processes have recorded in a file."""
        from ._journal import AsyncJournal

        return AsyncJournal(self._caller)

    async def call(self, operation: OperationName, /, **arguments: Any) -> Reply:
        """Calls any operation of the API. `operations` lists them. None is sent as null.

        An unknown argument raises a `ValidationError` with the nearest name. Fields that this
        version of the package does not know go into `extra={…}`.

        Example:
            reply = await client.call("list_games", search="bonanza")

        Args:
            operation: The id of the operation.
            arguments: The arguments of the operation by their names.
        """
        return await self._caller.call(operation, Reply, arguments)

    def call_many(
        self,
        operation: OperationName,
        arguments: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> AsyncBulkRun[Reply]:
        """Calls an operation many times at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error.

        Example:
            async for result in client.call_many("get_api_v1_games_id", [{"id": 1}, {"id": 2}]):
                print(result.item, result.ok)

        Args:
            operation: The id of the operation.
            arguments: The arguments of each call, a mapping. None is sent as null, as by `call`. A
                result has the mapping as `item`. The iterable may be asynchronous.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of items
                after each result. The number of items is None if `arguments` has no length.
        """
        from ._aio_bulk import run_bulk_async
        from ._bulk_source import take_mapping

        return run_bulk_async(
            self._caller,
            operation,
            Reply,
            take_mapping,
            "arguments",
            arguments,
            concurrency,
            progress,
        )

    async def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection in advance. Returns the elapsed seconds.

        Example:
            await client.prewarm()

        Args:
            timeout: The time limit in seconds. Default: the time limit of a call.
        """
        core = await self._caller.current_core()
        limit = self._caller.own_limit(timeout)
        return await get_loop().run_in_executor(None, core.prewarm, limit)

    def close(self) -> None:
        """Closes the client. Calls in flight raise `CanceledError`. Never blocks.

        The file of a journal is closed afterwards, on another thread.
        """
        self._close()

    async def aclose(self) -> None:
        """Closes the client. Calls in flight raise `CanceledError`.

        If the client has a journal, waits at most two seconds until its file is written and closed.
        """
        self.close()
        from asyncio import sleep

        loop = get_loop()
        until = loop.time() + JOURNAL_CLOSE_LIMIT
        # No thread of the loop's pool: it may be busy for longer, or be shut down.
        while not self._close_journal(0.0) and loop.time() < until:
            await sleep(0.005)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
