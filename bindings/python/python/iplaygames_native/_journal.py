"""The journal of a client: the sessions that it and other processes have recorded in a file.

The functions of the file are in the core. This module converts their arguments and results.
"""

from __future__ import annotations

from asyncio import get_running_loop

from . import _core
from ._document import parse
from ._immutable import Immutable, set_attribute
from ._options import drop_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import Any

    from ._aio_caller import AsyncCaller
    from ._caller import Caller
    from ._errors import IPlayGamesError

    # A function that is called after each session: with the number of sessions so far, the session
    # as it was before, and the error of a call that failed.
    Progress = Callable[[int, "JournalEntry", "IPlayGamesError | None"], object]


class JournalEntry(Immutable):
    """A session in a journal. Times are those of the machine that wrote them."""

    __slots__ = (
        "_ended_at",
        "_outcome_at",
        "_started_at",
        "call_id",
        "code",
        "currency",
        "expires_at",
        "game_id",
        "host",
        "id",
        "note",
        "operation",
        "player_id",
        "process",
        "session_id",
        "state",
    )
    __match_args__ = ("id", "state", "session_id", "player_id")

    id: int
    """The number of the entry."""
    state: str
    """`unknown`, `open`, `ending`, `ended`, `rejected`, `not_sent` or `resolved`."""
    operation: str
    """The operation that started the session."""
    call_id: str
    """The id of the call that started the session."""
    host: str
    """The host of the server, with the port and the path of the `base_url` if it has them."""
    player_id: str | None
    """The operator's id of the player."""
    game_id: str | None
    """The id of the game, or of the games of a multi-session, as JSON."""
    currency: str | None
    """The currency code."""
    process: int
    """The id of the process that started the session."""
    code: int | None
    """The code of the start, 0 for a success. None while the outcome is not recorded."""
    session_id: str | None
    """The id of the session. That of a multi-session is a secret, which `repr` does not show."""
    expires_at: str | None
    """When the session expires, as the server sent it."""
    note: str | None
    """The note of `Journal.resolve`."""
    _started_at: int
    _outcome_at: int | None
    _ended_at: int | None

    def __init__(self, fields: dict[str, Any]) -> None:
        """Makes an entry from the members of its JSON object."""
        for name in JournalEntry.__slots__:
            set_attribute(self, name, fields[name.removeprefix("_")])

    @property
    def started_at(self) -> datetime:
        """The time at which the start was recorded."""
        return _to_datetime(self._started_at)

    @property
    def outcome_at(self) -> datetime | None:
        """The time at which the outcome of the start was recorded."""
        return None if self._outcome_at is None else _to_datetime(self._outcome_at)

    @property
    def ended_at(self) -> datetime | None:
        """The time at which the end, or the decision about the session, was recorded."""
        return None if self._ended_at is None else _to_datetime(self._ended_at)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in JournalEntry.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JournalEntry) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        # The id of a multi-session is a secret.
        hidden = "" if self.operation == "start_a_game_session" else "session_id"
        shown = [name for name in self.__match_args__ if name != hidden]
        return f"JournalEntry({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name.removeprefix("_"): getattr(self, name) for name in JournalEntry.__slots__}
        return (JournalEntry, (fields,))


class EndedAll(Immutable):
    """The result of `Journal.end_all`: numbers of sessions."""

    __slots__ = ("already_over", "ended", "failed", "other_host", "without_id")

    ended: int
    """Sessions that were ended."""
    already_over: int
    """Sessions that did not exist any more."""
    failed: int
    """Sessions that may still exist, because a call failed."""
    without_id: int
    """Starts with an unknown outcome, which have no id."""
    other_host: int
    """Sessions of another server than that of the client."""

    def __init__(self, fields: dict[str, Any]) -> None:
        """Makes the result from the members of its JSON object."""
        for name in EndedAll.__slots__:
            set_attribute(self, name, fields[name])

    def __repr__(self) -> str:
        names = ("ended", "already_over", "failed", "without_id", "other_host")
        return f"EndedAll({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


def _to_datetime(milliseconds: int) -> datetime:
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)


def _to_filter(
    states: Iterable[str] | None,
    player_id: str | None,
    session_id: str | None,
    call_id: str | None,
    after: int | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    return drop_none(
        states=None if states is None else list(states),
        player_id=player_id,
        session_id=session_id,
        call_id=call_id,
        after=after,
        limit=limit,
    )


def _to_entries(document: str) -> list[JournalEntry]:
    return [JournalEntry(fields) for fields in parse(document)["sessions"]]


def _to_native(progress: Progress | None) -> Callable[[str], object] | None:
    """Converts a progress function to one that takes a JSON document."""
    if progress is None:
        return None

    def report(document: str) -> None:
        step = parse(document)
        error = step["error"]
        if error is not None:
            from json import dumps

            from ._errors import from_document

            error = from_document(dumps(error, default=str))
        progress(step["done"], JournalEntry(step["session"]), error)

    return report


class Journal:
    """The journal of a client. Returned by `Client.journal`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        """Makes the object from the native client and the options of its calls."""
        self._caller = caller

    def open(
        self,
        *,
        states: Iterable[str] | None = None,
        player_id: str | None = None,
        session_id: str | None = None,
        call_id: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """Returns the sessions that may exist: those that are open, ending or unknown.

        Example:
            entries = client.journal.open()

        Args:
            states: Other states of the sessions.
            player_id: The player, if only the sessions of one player are wanted.
            session_id: The id of the session.
            call_id: The id of the call that started the session.
            after: An `id`: only sessions with a larger id are returned.
            limit: The greatest number of sessions. Default: 1000.
        """
        filter = _to_filter(states, player_id, session_id, call_id, after, limit)
        return _to_entries(_core.journal_open(self._caller.last_core(), filter))

    def resolve(self, id: int, note: str) -> None:
        """Marks a session as resolved: the operator has decided about it.

        Example:
            client.journal.resolve(entry.id, "The player confirmed that the game ended.")

        Args:
            id: The number of the entry.
            note: The reason, which the entry keeps.
        """
        _core.journal_resolve(self._caller.last_core(), id, note)

    def end_all(
        self,
        *,
        player_id: str | None = None,
        progress: Progress | None = None,
    ) -> EndedAll:
        """Checks every session that is open or ending, and ends those that still exist.

        A call that fails does not stop the others.

        Example:
            print(client.journal.end_all().ended)

        Args:
            player_id: The player, if only the sessions of one player are ended.
            progress: A function that is called after each session, with the number of sessions so
                far, the session as it was before, and the error of a call that failed, or None.
        """
        core = self._caller.current_core()
        options = {"filter": drop_none(player_id=player_id), "call": self._caller.overrides}
        document = _core.journal_end_all(core, options, _to_native(progress), None)
        return EndedAll(parse(document))

    def compact(self, *, older_than_days: int = 90) -> int:
        """Removes sessions that were closed at least that many days ago. Returns their number.

        Example:
            client.journal.compact(older_than_days=30)

        Args:
            older_than_days: The age of the sessions in days.
        """
        return _core.journal_compact(self._caller.last_core(), older_than_days * 86400)


class AsyncJournal:
    """The journal of an asynchronous client. Returned by `AsyncClient.journal`.

    The functions run on a thread of the event loop's executor.
    """

    __slots__ = ("_caller",)

    def __init__(self, caller: AsyncCaller) -> None:
        """Makes the object from the native client and the options of its calls."""
        self._caller = caller

    async def open(
        self,
        *,
        states: Iterable[str] | None = None,
        player_id: str | None = None,
        session_id: str | None = None,
        call_id: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """Returns the sessions that may exist: those that are open, ending or unknown.

        Example:
            entries = await client.journal.open()

        Args:
            states: Other states of the sessions.
            player_id: The player, if only the sessions of one player are wanted.
            session_id: The id of the session.
            call_id: The id of the call that started the session.
            after: An `id`: only sessions with a larger id are returned.
            limit: The greatest number of sessions. Default: 1000.
        """
        filter = _to_filter(states, player_id, session_id, call_id, after, limit)
        loop = get_running_loop()
        return _to_entries(
            await loop.run_in_executor(None, _core.journal_open, self._caller.last_core(), filter)
        )

    async def resolve(self, id: int, note: str) -> None:
        """Marks a session as resolved: the operator has decided about it.

        Example:
            await client.journal.resolve(entry.id, "The player confirmed that the game ended.")

        Args:
            id: The number of the entry.
            note: The reason, which the entry keeps.
        """
        loop = get_running_loop()
        await loop.run_in_executor(None, _core.journal_resolve, self._caller.last_core(), id, note)

    async def end_all(
        self,
        *,
        player_id: str | None = None,
        progress: Progress | None = None,
    ) -> EndedAll:
        """Checks every session that is open or ending, and ends those that still exist.

        A call that fails does not stop the others. `progress` is called in the event loop.
        Canceling the task cancels the call in flight. An exception of `progress` does the same, and
        is raised.

        Example:
            print((await client.journal.end_all()).ended)

        Args:
            player_id: The player, if only the sessions of one player are ended.
            progress: A function that is called after each session, with the number of sessions so
                far, the session as it was before, and the error of a call that failed, or None.
        """
        loop = get_running_loop()
        report = _to_native(progress)
        failure: Exception | None = None
        is_canceled = False

        def report_unless_failed(step: str) -> None:
            nonlocal failure, is_canceled
            try:
                if report is not None and failure is None:
                    report(step)
            except Exception as error:
                failure, is_canceled = error, True

        def report_in_loop(step: str) -> None:
            loop.call_soon_threadsafe(report_unless_failed, step)

        core = await self._caller.current_core()
        options = {"filter": drop_none(player_id=player_id), "call": self._caller.overrides}
        ending = loop.run_in_executor(
            None, _core.journal_end_all, core, options, report_in_loop, lambda: is_canceled
        )
        try:
            document = await ending
        finally:
            is_canceled = True
        if failure is not None:
            raise failure
        return EndedAll(parse(document))

    async def compact(self, *, older_than_days: int = 90) -> int:
        """Removes sessions that were closed at least that many days ago. Returns their number.

        Example:
            await client.journal.compact(older_than_days=30)

        Args:
            older_than_days: The age of the sessions in days.
        """
        loop = get_running_loop()
        seconds = older_than_days * 86400
        return await loop.run_in_executor(
            None, _core.journal_compact, self._caller.last_core(), seconds
        )
