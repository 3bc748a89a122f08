"""The table of the API's operations."""

from __future__ import annotations

from . import _core
from ._immutable import Immutable, set_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._operation_names import OperationName


class _Row(Immutable):
    """A row of the table: its attributes are its slots."""

    __slots__ = ()

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self._names(), values, strict=True):
            set_attribute(self, name, value)

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


class Param(_Row):
    """A parameter of an operation.

    `location` is the location in the request: `path`, `query`, `body` or `file`.
    """

    __slots__ = ("name", "location", "type", "required", "nullable")
    name: str
    location: str
    type: str
    required: bool
    nullable: bool


class Operation(_Row):
    """An operation of the API.

    `idempotency` tells when a call may be sent again after a failure: `safe` and `idempotent`
    always, `non_idempotent` only if the server has provably not processed the request.
    """

    __slots__ = ("id", "tag", "summary", "method", "path", "idempotency", "params")
    id: OperationName
    tag: str
    summary: str
    method: str
    path: str
    idempotency: str
    params: tuple[Param, ...]


def operations() -> tuple[Operation, ...]:
    """Returns every operation of the API."""
    return _operations


_operations = tuple(
    Operation(*row, tuple(Param(*param) for param in params)) for *row, params in _core.operations()
)
