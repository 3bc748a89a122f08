"""The API as a table."""

from __future__ import annotations

from . import _core
from ._results import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Row(Frozen):
    __slots__ = ()

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self._names(), values, strict=True):
            _set(self, name, value)

    def _names(self) -> tuple[str, ...]:
        return self.__slots__

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, _Row)
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names())
        return f"{type(self).__name__}({values})"


class Field(_Row):
    """One field of an operation's arguments."""

    __slots__ = ("name", "place", "kind", "required", "nullable")
    name: str
    place: str
    kind: str
    required: bool
    nullable: bool


class Operation(_Row):
    """One operation of the API. `repeat` says how it may be repeated after a failure: `read`, `end`, `once`."""

    __slots__ = ("id", "tag", "summary", "method", "path", "repeat", "fields")
    id: str
    tag: str
    summary: str
    method: str
    path: str
    repeat: str
    fields: tuple[Field, ...]


def operations() -> tuple[Operation, ...]:
    """Every operation of the API."""
    return _operations


_operations = tuple(
    Operation(*row, tuple(Field(*field) for field in fields)) for *row, fields in _core.operations()
)
