"""The results of `client.freespins`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


class CanceledFreespin(Reply):
    """A canceled freespin."""

    __slots__ = ()
    __match_args__ = ("freespin_id", "status", "cancelled_at", "remaining_count", "used_count")
    _fields = {
        "freespin_id": ("str", "data", "freespin_id"),
        "status": ("str", "data", "status"),
        "cancelled_at": ("datetime", "data", "cancelled_at"),
        "remaining_count": ("int", "data", "remaining_count"),
        "used_count": ("int", "data", "used_count"),
    }
    _repr_fields = ("freespin_id", "status", "cancelled_at_text", "remaining_count", "used_count")

    @property
    def freespin_id(self) -> str | None:
        """The operator's id of the free spins."""
        return self._get_str("data", "freespin_id")

    @property
    def status(self) -> str | None:
        """The status. The API defines no list of values."""
        return self._get_str("data", "status")

    @property
    def cancelled_at(self) -> datetime | None:
        """The time of the cancellation. Has a time zone if the server sent one."""
        return self._get_datetime("data", "cancelled_at")

    @property
    def cancelled_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "cancelled_at")

    @property
    def remaining_count(self) -> int | None:
        """The number of free spins that were left."""
        return self._get_int("data", "remaining_count")

    @property
    def used_count(self) -> int | None:
        """The number of free spins that were played."""
        return self._get_int("data", "used_count")


class Freespin(Reply):
    """A freespin."""

    __slots__ = ()
    __match_args__ = (
        "freespin_id",
        "player_id",
        "game_id",
        "total_count",
        "bet_amount",
        "currency",
        "expires_at",
        "status",
    )
    _fields = {
        "freespin_id": ("str", "data", "freespin_id"),
        "player_id": ("str", "data", "player_id"),
        "game_id": ("int", "data", "game_id"),
        "total_count": ("int", "data", "total_count"),
        "bet_amount": ("decimal", "data", "bet_amount"),
        "currency": ("str", "data", "currency"),
        "expires_at": ("datetime", "data", "expires_at"),
        "status": ("str", "data", "status"),
    }
    _repr_fields = ("freespin_id", "player_id", "game_id", "total_count", "bet_amount", "currency")

    @property
    def freespin_id(self) -> str | None:
        """The operator's id of the free spins."""
        return self._get_str("data", "freespin_id")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("data", "player_id")

    @property
    def game_id(self) -> int | None:
        """The id of the game."""
        return self._get_int("data", "game_id")

    @property
    def total_count(self) -> int | None:
        """The number of free spins."""
        return self._get_int("data", "total_count")

    @property
    def bet_amount(self) -> Decimal | None:
        """The bet of one spin in currency units."""
        return self._get_decimal("data", "bet_amount")

    @property
    def currency(self) -> str | None:
        """The currency code."""
        return self._get_str("data", "currency")

    @property
    def expires_at(self) -> datetime | None:
        """The time of the expiration. Has a time zone if the server sent one."""
        return self._get_datetime("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "expires_at")

    @property
    def status(self) -> str | None:
        """The status. The API defines no list of values."""
        return self._get_str("data", "status")
