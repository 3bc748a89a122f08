"""The results of `client.transactions`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from ._model import Model
from ._page import Page
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal
    from typing import Any


class TransactionGame(Model):
    """The game of a transaction."""

    __slots__ = ()
    __match_args__ = ("id", "title", "producer")
    _fields = {
        "id": ("int", "id"),
        "title": ("str", "title"),
        "producer": ("str", "producer"),
    }
    _repr_fields = ("id", "title", "producer")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("id")

    @property
    def title(self) -> str | None:
        """The title of the game."""
        return self._get_str("title")

    @property
    def producer(self) -> str | None:
        """The studio of the game."""
        return self._get_str("producer")


class TransactionSummary(Model):
    """The summary of a transaction."""

    __slots__ = ()
    __match_args__ = ("total_bets", "total_wins", "net_result")
    _fields = {
        "total_bets": ("decimal", "total_bets"),
        "total_wins": ("decimal", "total_wins"),
        "net_result": ("decimal", "net_result"),
    }
    _repr_fields = ("total_bets", "total_wins", "net_result")

    @property
    def total_bets(self) -> Decimal | None:
        """The sum of the bets."""
        return self._get_decimal("total_bets")

    @property
    def total_wins(self) -> Decimal | None:
        """The sum of the wins."""
        return self._get_decimal("total_wins")

    @property
    def net_result(self) -> Decimal | None:
        """The wins minus the bets."""
        return self._get_decimal("net_result")


class Transaction(Model):
    """A transaction."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "player_id",
        "game",
        "type",
        "amount",
        "currency",
        "balance_after",
        "round_id",
        "status",
        "created_at",
    )
    _fields = {
        "id": ("int", "id"),
        "player_id": ("str", "player_id"),
        "game": ("model", "game"),
        "type": ("str", "type"),
        "amount": ("decimal", "amount"),
        "currency": ("str", "currency"),
        "balance_after": ("decimal", "balance_after"),
        "round_id": ("str", "round_id"),
        "status": ("str", "status"),
        "created_at": ("datetime", "created_at"),
    }
    _repr_fields = ("id", "player_id", "type", "amount", "currency", "balance_after")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("id")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("player_id")

    @property
    def game(self) -> TransactionGame | None:
        """The game."""
        return self._get_model(TransactionGame, "game")

    @property
    def type(self) -> str | None:
        """The type."""
        return self._get_str("type")

    @property
    def amount(self) -> Decimal | None:
        """The amount in currency units."""
        return self._get_decimal("amount")

    @property
    def currency(self) -> str | None:
        """The currency code."""
        return self._get_str("currency")

    @property
    def balance_after(self) -> Decimal | None:
        """The player's balance after the transaction."""
        return self._get_decimal("balance_after")

    @property
    def round_id(self) -> str | None:
        """The id of the round."""
        return self._get_str("round_id")

    @property
    def status(self) -> str | None:
        """The status. The API defines no list of values."""
        return self._get_str("status")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("created_at")


class TransactionPage(Page["Transaction"]):
    """A page of a list of transactions."""

    __slots__ = ()
    _row_kind = Transaction
    __match_args__ = ("total", "limit", "offset", "summary")
    _fields = {
        "total": ("int", "meta", "total"),
        "limit": ("int", "meta", "limit"),
        "offset": ("int", "meta", "offset"),
        "summary": ("model", "meta", "summary"),
    }
    _repr_fields = ("total", "limit", "offset")

    @property
    def total(self) -> int | None:
        """The number of rows on all pages."""
        return self._get_int("meta", "total")

    @property
    def limit(self) -> int | None:
        """The greatest number of rows on a page."""
        return self._get_int("meta", "limit")

    @property
    def offset(self) -> int | None:
        """The number of rows before this page."""
        return self._get_int("meta", "offset")

    @property
    def summary(self) -> TransactionSummary | None:
        """The sums of all rows."""
        return self._get_model(TransactionSummary, "meta", "summary")


class TransactionDetails(Reply):
    """The details of a transaction."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "player_id",
        "game",
        "type",
        "amount",
        "currency",
        "balance_before",
        "balance_after",
        "round_id",
        "provider_transaction_id",
        "status",
        "created_at",
        "extra_data",
    )
    _fields = {
        "id": ("int", "data", "id"),
        "player_id": ("str", "data", "player_id"),
        "game": ("model", "data", "game"),
        "type": ("str", "data", "type"),
        "amount": ("decimal", "data", "amount"),
        "currency": ("str", "data", "currency"),
        "balance_before": ("decimal", "data", "balance_before"),
        "balance_after": ("decimal", "data", "balance_after"),
        "round_id": ("str", "data", "round_id"),
        "provider_transaction_id": ("str", "data", "provider_transaction_id"),
        "status": ("str", "data", "status"),
        "created_at": ("datetime", "data", "created_at"),
        "extra_data": ("object", "data", "extra_data"),
    }
    _repr_fields = ("id", "player_id", "type", "amount", "currency", "balance_before")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("data", "id")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("data", "player_id")

    @property
    def game(self) -> TransactionGame | None:
        """The game."""
        return self._get_model(TransactionGame, "data", "game")

    @property
    def type(self) -> str | None:
        """The type."""
        return self._get_str("data", "type")

    @property
    def amount(self) -> Decimal | None:
        """The amount in currency units."""
        return self._get_decimal("data", "amount")

    @property
    def currency(self) -> str | None:
        """The currency code."""
        return self._get_str("data", "currency")

    @property
    def balance_before(self) -> Decimal | None:
        """The player's balance before the transaction."""
        return self._get_decimal("data", "balance_before")

    @property
    def balance_after(self) -> Decimal | None:
        """The player's balance after the transaction."""
        return self._get_decimal("data", "balance_after")

    @property
    def round_id(self) -> str | None:
        """The id of the round."""
        return self._get_str("data", "round_id")

    @property
    def provider_transaction_id(self) -> str | None:
        """The provider's id of the transaction."""
        return self._get_str("data", "provider_transaction_id")

    @property
    def status(self) -> str | None:
        """The status. The API defines no list of values."""
        return self._get_str("data", "status")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("data", "created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "created_at")

    @property
    def extra_data(self) -> Mapping[str, Any] | None:
        """Additional data of the provider."""
        return self._get_object("data", "extra_data")
