"""Lists of several pages, as iterators.

A list is read page by page while the program iterates. A failed page raises; the exception tells
where the list can be continued.
"""

from __future__ import annotations

from _thread import allocate_lock

from ._errors import IPlayGamesError, add_note, repeated_page_error
from ._page import find_rows, find_total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any, Generic, Literal, TypeVar

    from ._aio_caller import AsyncCaller
    from ._caller import Caller
    from ._model import Model
    from ._page import Page

    T = TypeVar("T", bound=Model)
    P = TypeVar("P", bound=Page[Any])

    class _Base(Generic[T, P]):
        pass

    class _PagesBase(Generic[P]):
        pass

else:
    from ._generic import Subscriptable as _Base

    _PagesBase = _Base


class _Position:
    """The position in a list: what the next request asks for, and when the list ends."""

    def __init__(self, operation: str, paging: str, arguments: dict[str, Any]) -> None:
        self.operation = operation
        self.paging = paging
        self.arguments = arguments
        self.rows_read = 0
        self.pages_read = 0
        self.is_over = False
        self.last: list[Any] | None = None
        self.offset = arguments.get("offset") or 0
        self.first_page = _to_number(arguments.get("extra", {}).get("page")) or 1
        self.first_rows = 0
        self.size = arguments.get("limit" if paging == "offset" else "per_page")

    def next_arguments(self) -> dict[str, Any]:
        """Returns the arguments of the next request."""
        if self.pages_read == 0:
            return self.arguments
        if self.paging == "offset":
            return self.arguments | {"offset": self.offset + self.rows_read}
        # The API does not document `page`, so the table of operations does not have it.
        extra = {**self.arguments.get("extra", {}), "page": self.next_page()}
        return self.arguments | {"extra": extra}

    def next_page(self) -> int:
        """Returns the number of the next page."""
        return self.first_page + self.pages_read

    def add(self, page: Page[Any]) -> None:
        """Counts a page, and decides whether another page follows."""
        document = page._root()
        rows = find_rows(document)
        if rows and rows == self.last:
            # Without this check the iteration would never end.
            raise repeated_page_error(self.operation, self.rows_read, page)
        self.last = rows
        self.rows_read += len(rows)
        self.pages_read += 1
        total = find_total(document)
        self.first_rows = self.first_rows or len(rows)
        before = self.offset
        if self.paging == "page":
            before = (self.first_page - 1) * (_to_number(self.size) or self.first_rows)
        self.is_over = (
            not rows
            or self.paging == "none"
            or str(self.size) == "all"
            or (total is not None and before + self.rows_read >= total)
            or (total is None and len(rows) < (_to_number(self.size) or 1))
        )

    def add_to(self, error: BaseException) -> None:
        """Adds the position to an exception."""
        if self.paging == "offset":
            where, value = "offset", self.offset + self.rows_read
        else:
            where, value = "page", self.next_page()
        note = (
            f"{self.rows_read} rows of {self.operation} were read before this exception. "
            f"The list continues at {where} {value}."
        )
        add_note(error, note, rows_read=self.rows_read, **{f"next_{where}": value})


def _to_number(value: Any) -> int | None:
    """Converts an argument to a number. None if it is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


class Pager(_Base["T", "P"]):
    """A list of the API. Iterating yields its rows, and reads the pages one after another.

    Each iteration begins at the first page. `pages` yields whole pages. A page that cannot be read
    raises; the exception has `rows_read`, and `next_offset` or `next_page`.
    """

    __slots__ = ("_arguments", "_caller", "_kind", "_operation", "_overrides", "_paging")

    def __init__(
        self,
        caller: Caller,
        operation: str,
        kind: type[P],
        paging: Literal["none", "offset", "page"],
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None,
    ) -> None:
        """Makes a list. Makes no call."""
        self._caller = caller
        self._operation = operation
        self._kind = kind
        self._paging = paging
        self._arguments = arguments
        self._overrides = overrides

    def pages(self) -> PageIterator[P]:
        """Returns an iterator of the pages.

        After an exception the same iterator continues with the page that failed.
        """
        position = _Position(self._operation, self._paging, self._arguments)
        return PageIterator(self._caller, self._kind, position, self._overrides)

    def __iter__(self) -> RowIterator[T, P]:
        return RowIterator(self.pages())

    def __repr__(self) -> str:
        return f"<list of {self._operation}: iterate over it>"


# Two threads that read the same page would each get its rows, or lose rows.
_IS_RUNNING = "The list is already running: another consumer waits for its next row."


class PageIterator(_PagesBase["P"]):
    """An iterator of the pages of a list. Made by `Pager.pages`.

    It has one consumer at a time: `next` raises `RuntimeError` while another thread waits for a
    page.
    """

    def __init__(
        self,
        caller: Caller,
        kind: type[P],
        position: _Position,
        overrides: dict[str, Any] | None,
    ) -> None:
        """Makes an iterator."""
        self._caller = caller
        self._kind = kind
        self._position = position
        self._overrides = overrides
        # Held by the consumer.
        self._lock = allocate_lock()

    def __iter__(self) -> PageIterator[P]:
        return self

    def __next__(self) -> P:
        if not self._lock.acquire(False):
            raise RuntimeError(_IS_RUNNING)
        try:
            return self._read_page()
        finally:
            self._lock.release()

    def _read_page(self) -> P:
        position = self._position
        if position.is_over:
            raise StopIteration
        try:
            page = self._caller.call(
                position.operation, self._kind, position.next_arguments(), self._overrides
            )
            position.add(page)
        except (IPlayGamesError, KeyboardInterrupt) as error:
            position.add_to(error)
            raise
        return page


class RowIterator(_Base["T", "P"]):
    """An iterator of the rows of a list. Made by iterating over a `Pager`.

    After an exception the same iterator continues with the page that failed. It has one consumer at
    a time: `next` raises `RuntimeError` while another thread waits for a row.
    """

    def __init__(self, pages: PageIterator[P]) -> None:
        """Makes an iterator."""
        self._pages = pages
        self._rows: Iterator[Any] = iter(())
        # Held by the consumer.
        self._lock = allocate_lock()

    def __iter__(self) -> RowIterator[T, P]:
        return self

    def __next__(self) -> T:
        if not self._lock.acquire(False):
            raise RuntimeError(_IS_RUNNING)
        try:
            while True:
                for row in self._rows:
                    return row  # type: ignore[no-any-return]
                self._rows = iter(next(self._pages).rows)
        finally:
            self._lock.release()


class AsyncPager(_Base["T", "P"]):
    """A list of the API, as `Pager`, for `async for`."""

    __slots__ = ("_arguments", "_caller", "_kind", "_operation", "_overrides", "_paging")

    def __init__(
        self,
        caller: AsyncCaller,
        operation: str,
        kind: type[P],
        paging: Literal["none", "offset", "page"],
        arguments: dict[str, Any],
        overrides: dict[str, Any] | None,
    ) -> None:
        """Makes a list. Makes no call."""
        self._caller = caller
        self._operation = operation
        self._kind = kind
        self._paging = paging
        self._arguments = arguments
        self._overrides = overrides

    def pages(self) -> AsyncPageIterator[P]:
        """Returns an asynchronous iterator of the pages.

        After an exception the same iterator continues with the page that failed.
        """
        position = _Position(self._operation, self._paging, self._arguments)
        return AsyncPageIterator(self._caller, self._kind, position, self._overrides)

    def __aiter__(self) -> AsyncRowIterator[T, P]:
        return AsyncRowIterator(self.pages())

    def __repr__(self) -> str:
        return f"<list of {self._operation}: iterate over it with `async for`>"


class AsyncPageIterator(_PagesBase["P"]):
    """An asynchronous iterator of the pages of a list. Made by `AsyncPager.pages`."""

    def __init__(
        self,
        caller: AsyncCaller,
        kind: type[P],
        position: _Position,
        overrides: dict[str, Any] | None,
    ) -> None:
        """Makes an iterator."""
        self._caller = caller
        self._kind = kind
        self._position = position
        self._overrides = overrides
        self._is_running = False

    def __aiter__(self) -> AsyncPageIterator[P]:
        return self

    async def __anext__(self) -> P:
        if self._is_running:
            raise RuntimeError("The list is already running: another consumer awaits its next row.")
        position = self._position
        if position.is_over:
            raise StopAsyncIteration
        self._is_running = True
        try:
            page = await self._caller.call(
                position.operation, self._kind, position.next_arguments(), self._overrides
            )
            position.add(page)
        except BaseException as error:
            position.add_to(error)
            raise
        finally:
            self._is_running = False
        return page


class AsyncRowIterator(_Base["T", "P"]):
    """An asynchronous iterator of the rows of a list. Made by iterating over an `AsyncPager`.

    After an exception the same iterator continues with the page that failed.
    """

    def __init__(self, pages: AsyncPageIterator[P]) -> None:
        """Makes an iterator."""
        self._pages = pages
        self._rows: Iterator[Any] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for row in self._rows:
                return row  # type: ignore[no-any-return]
            self._rows = iter((await self._pages.__anext__()).rows)
