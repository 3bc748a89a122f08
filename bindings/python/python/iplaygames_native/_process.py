"""Checks that a bulk call or a watch of many sessions is used in the process that made it.

A forked child inherits the objects of its parent, but not the calls.
"""

from __future__ import annotations

from os import getpid

from . import _codes
from ._errors import InvalidHandleError


class Process:
    """The process that made an object."""

    __slots__ = ("id", "owned")

    def __init__(self, owned: str) -> None:
        """Remembers this process. `owned` is what messages call the object."""
        self.id = getpid()
        self.owned = owned

    def is_forked(self) -> bool:
        """Returns whether this process was forked from the one that made the object."""
        return self.id != getpid()

    def check(self) -> None:
        """Raises `InvalidHandleError` if this process was forked from that one."""
        if self.is_forked():
            code = _codes.INVALID_HANDLE
            raise InvalidHandleError(
                f"The {self.owned} belongs to the process that this one was forked from.",
                code=code,
                name=_codes.NAMES[code],
            )
