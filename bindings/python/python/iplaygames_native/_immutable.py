"""The base class of objects that cannot be changed, such as results."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Immutable:
    """An object whose attributes cannot be set. Its own class sets them with `set_attribute`."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} is immutable: `{name}` cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} is immutable: `{name}` cannot be changed.")


set_attribute = object.__setattr__


def to_hashable(value: Any) -> object:
    """Converts a value of a JSON document to a value that has a hash."""
    if isinstance(value, dict):
        return frozenset((key, to_hashable(each)) for key, each in value.items())
    return tuple(map(to_hashable, value)) if isinstance(value, list) else value
