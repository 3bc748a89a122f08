"""Many calls at once, results as they come. One that fails does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sized

from . import _core
from ._errors import BusyError, IPlayGamesError, invalid
from ._results import BulkResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import TypeVar

    from ._results import Reply

    R = TypeVar("R", bound=Reply)

# Only a type checker needs to know that it is generic.
if TYPE_CHECKING:
    from typing import Generic

    class _Base(Generic[R]):
        pass

else:
    _Base = {"R": object}

# What each of the operations calls its id.
_ID = "session_id"


class Flights(_Base["R"]):
    """The calls that are to be made, those in flight, and the count. Knows no event loop and no waiting."""

    def __init__(
        self,
        core: _core.Client,
        options: _core.Options | None,
        operation: str,
        kind: type[R],
        ids: Iterable[str],
        concurrency: int,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        if concurrency < 1:
            raise invalid("/concurrency", "`concurrency` must be 1 or more.")
        self.core = core
        self.options = options
        self.operation = operation
        self.kind = kind
        self.total = len(ids) if isinstance(ids, Sized) else None
        self.ids: Iterator[str] | None = iter(ids)
        self.concurrency = concurrency
        self.progress = progress
        self.done = 0
        self.put_back: deque[str] = deque()
        self.flying: dict[int, tuple[str, _core.Call]] = {}

    def _next_id(self) -> str | None:
        if self.put_back:
            return self.put_back.popleft()
        if self.ids is not None:
            for id in self.ids:
                return id
            self.ids = None
        return None

    def begin(self, mailbox: _core.Mailbox, token: Callable[[], int]) -> Iterator[BulkResult[R]]:
        """Begins what there is room for. Gives what failed at once."""
        while len(self.flying) < self.concurrency:
            id = self._next_id()
            if id is None:
                return
            number = token()
            try:
                call = self.core.submit(self.operation, {_ID: id}, self.options, mailbox, number)
            except BusyError as error:
                if self.flying:
                    # One of ours will make room.
                    self.put_back.append(id)
                    return
                yield self.end(id, None, error)
            except IPlayGamesError as error:
                yield self.end(id, None, error)
            else:
                self.flying[number] = id, call

    def land(self, token: int) -> BulkResult[R]:
        """What a call that has ended came to."""
        id, call = self.flying.pop(token)
        try:
            facts = call.result()
        except IPlayGamesError as error:
            return self.end(id, None, error)
        assert facts is not None
        return self.end(id, self.kind(facts), None)

    def end(self, id: str, result: R | None, error: IPlayGamesError | None) -> BulkResult[R]:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)
        return BulkResult(id, result, error)

    def cancel(self) -> None:
        """Cancels what is left."""
        flying, self.flying = self.flying, {}
        for _, call in flying.values():
            call.cancel()


def many(
    core: _core.Client,
    options: _core.Options | None,
    operation: str,
    kind: type[R],
    ids: Iterable[str],
    concurrency: int,
    progress: Callable[[int, int | None], object] | None,
) -> Iterator[BulkResult[R]]:
    """The calls of a client that waits. Checks what it is given at once, and not at the first result."""
    return _many(Flights(core, options, operation, kind, ids, concurrency, progress))


def _many(flights: Flights[R]) -> Generator[BulkResult[R], None, None]:
    from itertools import count

    mailbox, tokens = _core.Mailbox(), count()
    try:
        while True:
            yield from flights.begin(mailbox, tokens.__next__)
            if not flights.flying:
                return
            flights.core.wait(mailbox)
            for token in mailbox.take():
                yield flights.land(token)
    finally:
        flights.cancel()
