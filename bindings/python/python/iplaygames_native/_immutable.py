"""The base class of objects that cannot be changed, such as results, and immutable containers."""

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


def _refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
    """Raises a `TypeError`: a result cannot be changed."""
    raise TypeError("A result is immutable: use `to_dict` for a copy that may be changed.")


class FrozenDict(dict):  # type: ignore[type-arg]
    """A JSON object of a result. A `dict` that cannot be changed."""

    __slots__ = ()
    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(to_hashable(self))

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: object) -> FrozenDict:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


class FrozenList(list):  # type: ignore[type-arg]
    """A JSON array of a result. A `list` that cannot be changed."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(to_hashable(self))

    def __copy__(self) -> FrozenList:
        return self

    def __deepcopy__(self, memo: object) -> FrozenList:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self),)


def freeze(value: Any) -> Any:
    """Returns a copy of a JSON value that cannot be changed."""
    if isinstance(value, dict):
        return FrozenDict((key, freeze(each)) for key, each in value.items())
    return FrozenList(map(freeze, value)) if isinstance(value, list) else value
