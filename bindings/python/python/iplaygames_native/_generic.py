"""A base class for generic classes, whose type parameters only type checkers use.

Importing `typing` at run time would be slow.
"""

from __future__ import annotations


class Subscriptable:
    """A class that may be subscripted: `Pager[Game, GamePage]` is `Pager`."""

    __slots__ = ()

    def __class_getitem__(cls, item: object) -> type[Subscriptable]:
        return cls
