"""The blocking client.

`_resources/` has the calls of each group, `_sessions.py` those of game sessions, `_bulk.py` the
calls for many items, and `_aio.py` the asynchronous client.
"""

from __future__ import annotations

from ._base import JOURNAL_CLOSE_LIMIT, BaseClient, LazyResource
from ._caller import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from ._bulk import BulkRun
    from ._journal import Journal
    from ._operation_names import OperationName
    from ._reply import Reply
    from ._resources.external_games import ExternalGames
    from ._resources.freespins import Freespins
    from ._resources.games import Games
    from ._resources.jackpot import Jackpot
    from ._resources.multi_sessions import MultiSessions
    from ._resources.promotions import Promotions
    from ._resources.transactions import Transactions
    from ._resources.widgets import Widgets
    from ._sessions import Sessions

    ClientApiKey: TypeAlias = str | Callable[[], str]


class Client(BaseClient["ClientApiKey"]):
    """A blocking client of the API.

    Any number of threads may use the client at once, and it works after `fork`. The client has no
    thread of its own: a call runs on the thread that makes it, without the GIL. Ctrl-C ends a call.
    Use the client as a context manager, or call `close`.
    """

    __slots__ = ()
    _caller_kind = Caller
    _caller: Caller

    if TYPE_CHECKING:

        @property
        def sessions(self) -> Sessions:
            """The calls for game sessions."""
            raise NotImplementedError

        @property
        def multi_sessions(self) -> MultiSessions:
            """The calls for multi-sessions, which are sets of games to swipe through."""
            raise NotImplementedError

        @property
        def games(self) -> Games:
            """The calls for games and their studios."""
            raise NotImplementedError

        @property
        def transactions(self) -> Transactions:
            """The calls for game transactions and their exports."""
            raise NotImplementedError

        @property
        def freespins(self) -> Freespins:
            """The calls for free spins that need no session."""
            raise NotImplementedError

        @property
        def widgets(self) -> Widgets:
            """The calls for the domains and tokens of widgets."""
            raise NotImplementedError

        @property
        def jackpot(self) -> Jackpot:
            """The calls for jackpot pools, their settings and contributions."""
            raise NotImplementedError

        @property
        def promotions(self) -> Promotions:
            """The calls for promotions."""
            raise NotImplementedError

        @property
        def external_games(self) -> ExternalGames:
            """The calls for the operator's own games."""
            raise NotImplementedError

    else:
        sessions = LazyResource("_sessions", "Sessions", "The calls for game sessions.")
        multi_sessions = LazyResource(
            "_resources.multi_sessions",
            "MultiSessions",
            "The calls for multi-sessions, which are sets of games to swipe through.",
        )
        games = LazyResource("_resources.games", "Games", "The calls for games and their studios.")
        transactions = LazyResource(
            "_resources.transactions",
            "Transactions",
            "The calls for game transactions and their exports.",
        )
        freespins = LazyResource(
            "_resources.freespins", "Freespins", "The calls for free spins that need no session."
        )
        widgets = LazyResource(
            "_resources.widgets", "Widgets", "The calls for the domains and tokens of widgets."
        )
        jackpot = LazyResource(
            "_resources.jackpot",
            "Jackpot",
            "The calls for jackpot pools, their settings and contributions.",
        )
        promotions = LazyResource(
            "_resources.promotions", "Promotions", "The calls for promotions."
        )
        external_games = LazyResource(
            "_resources.external_games",
            "ExternalGames",
            "The calls for the operator's own games.",
        )

    @property
    def journal(self) -> Journal:
        """The journal: the sessions that this and other processes have recorded in a file."""
        from ._journal import Journal

        return Journal(self._caller)

    def call(self, operation: OperationName, /, **arguments: Any) -> Reply:
        """Calls any operation of the API. `operations` lists them. None is sent as null.

        An unknown argument raises a `ValidationError` with the nearest name. Fields that this
        version of the package does not know go into `extra={…}`.

        Example:
            reply = client.call("list_games", search="bonanza")

        Args:
            operation: The id of the operation.
            arguments: The arguments of the operation by their names.
        """
        return self._caller.call(operation, self._caller.reply_kind, arguments)

    def call_many(
        self,
        operation: OperationName,
        arguments: Iterable[Mapping[str, Any]],
        *,
        concurrency: int = 16,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> BulkRun[Reply]:
        """Calls an operation many times at once. Returns the results in the order of completion.

        A failed call does not stop the others: its result has an error.

        Example:
            for result in client.call_many("get_api_v1_games_id", [{"id": 1}, {"id": 2}]):
                print(result.item, result.ok)

        Args:
            operation: The id of the operation.
            arguments: The arguments of each call, a mapping. None is sent as null, as by `call`. A
                result has the mapping as `item`.
            concurrency: The number of calls in flight.
            progress: A function that is called with the number of results and the number of items
                after each result. The number of items is None if `arguments` has no length.
        """
        from ._bulk import run_bulk
        from ._bulk_source import take_mapping

        return run_bulk(
            self._caller,
            operation,
            self._caller.reply_kind,
            take_mapping,
            "arguments",
            arguments,
            concurrency,
            progress,
        )

    def prewarm(self, timeout: float | None = None) -> float:
        """Opens a connection in advance. Returns the elapsed seconds.

        Example:
            client.prewarm()

        Args:
            timeout: The time limit in seconds. Default: the time limit of a call.
        """
        return self._caller.current_core().prewarm(self._caller.own_limit(timeout))

    def close(self) -> None:
        """Closes the client.

        Calls in flight on other threads raise `CanceledError`. Does not block, unless the client
        has a journal: then it waits at most two seconds until its file is written and closed.
        """
        self._close()
        self._close_journal(JOURNAL_CLOSE_LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
