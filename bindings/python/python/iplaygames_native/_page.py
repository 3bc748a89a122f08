"""A page of a list. The generated modules have the pages of each list."""

from __future__ import annotations

from ._fields import to_document_text
from ._immutable import set_attribute
from ._model import Model, Row
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Generic, TypeVar

    from typing_extensions import Self

    from ._reply import RawReply

    T = TypeVar("T", bound=Model, covariant=True)

    class _PageBase(Reply, Generic[T]):
        pass

else:
    from ._generic import Subscriptable

    class _PageBase(Reply, Subscriptable):
        __slots__ = ()


class Page(_PageBase["T"]):
    """A page of a list. Iterating over the page yields its rows."""

    __slots__ = ("_rows",)
    _row_kind: type[Model] = Row
    _rows: tuple[T, ...]

    @property
    def rows(self) -> tuple[T, ...]:
        """The rows of the page, in the order of the server."""
        try:
            return self._rows
        except AttributeError:
            rows = find_rows(self._root())
            kind: Any = self._row_kind
            set_attribute(self, "_rows", tuple(kind(row) for row in rows if isinstance(row, dict)))
            return self._rows

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def construct(cls, rows: Iterable[Model | dict[str, Any]] = (), **values: Any) -> Self:
        """Makes a page from its rows and named attributes, for tests. Makes no call."""
        document = super().construct(**values)._root() if values else {}
        document["data"] = [row._root() if isinstance(row, Model) else row for row in rows]
        raw_reply: RawReply = (to_document_text(document), None, 0, 0.0, "", None, None)
        return cls(raw_reply)

    def __repr__(self) -> str:
        try:
            fields = [f"{name}={getattr(self, name)!r}" for name in self._repr_fields]
            return f"{type(self).__name__}({', '.join([f'rows={len(self)}', *fields])})"
        except AttributeError:
            return f"<{type(self).__name__} without a document>"


class RowPage(Page["Row"]):
    """A page of a list whose fields the API does not document."""

    __slots__ = ()


def find_rows(document: Any) -> list[Any]:
    """Returns the rows of a page. Some frameworks put the list into an object with its numbers."""
    data = document.get("data") if isinstance(document, dict) else document
    if isinstance(data, dict):
        data = data.get("data")
    return data if isinstance(data, list) else []


def find_total(document: Any) -> int | None:
    """Returns the number of rows on all pages, if the page names it."""
    if not isinstance(document, dict):
        return None
    for part in (document.get("meta"), document.get("data"), document):
        if isinstance(part, dict):
            total = part.get("total")
            if isinstance(total, int) and not isinstance(total, bool):
                return total
    return None
