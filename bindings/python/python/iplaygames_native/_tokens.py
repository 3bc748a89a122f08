"""The tokens of the calls of one bulk run or of one watch of many sessions."""

from __future__ import annotations


class Tokens:
    """Numbers that name calls in a mailbox of their own.

    `CompletionQueue` of `_aio_bulk.py` has those of an event loop, whose calls share a mailbox.
    """

    def __init__(self) -> None:
        """Begins with 1. Token 0 is that of `close`."""
        self.last_token = 0

    def next_token(self) -> int:
        """Returns a number that no other call has."""
        self.last_token += 1
        return self.last_token

    def release(self, token: int) -> None:
        """Forgets a token: its call was not started, or has ended. Nothing waits for it here."""
