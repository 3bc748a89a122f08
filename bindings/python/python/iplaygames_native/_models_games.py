"""The results of `client.games`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from ._model import Model
from ._page import Page


class Game(Model):
    """A game."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "title",
        "producer",
        "category",
        "type",
        "image_url",
        "currencies_supported",
        "countries_supported",
        "has_demo",
        "has_freespins",
    )
    _fields = {
        "id": ("int", "id"),
        "title": ("str", "title"),
        "producer": ("str", "producer"),
        "category": ("str", "category"),
        "type": ("str", "type"),
        "image_url": ("str", "image_url"),
        "currencies_supported": ("strings", "currencies_supported"),
        "countries_supported": ("strings", "countries_supported"),
        "has_demo": ("bool", "has_demo"),
        "has_freespins": ("bool", "has_freespins"),
    }
    _repr_fields = ("id", "title", "producer", "category", "type", "image_url")

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

    @property
    def category(self) -> str | None:
        """The category of the game."""
        return self._get_str("category")

    @property
    def type(self) -> str | None:
        """The type."""
        return self._get_str("type")

    @property
    def image_url(self) -> str | None:
        """The URL of the image."""
        return self._get_str("image_url")

    @property
    def currencies_supported(self) -> tuple[str, ...]:
        """The currency codes that the game supports."""
        return self._get_strings("currencies_supported")

    @property
    def countries_supported(self) -> tuple[str, ...]:
        """The country codes that the game supports."""
        return self._get_strings("countries_supported")

    @property
    def has_demo(self) -> bool | None:
        """Whether the game has a demo."""
        return self._get_bool("has_demo")

    @property
    def has_freespins(self) -> bool | None:
        """Whether the game has free spins."""
        return self._get_bool("has_freespins")


class GamePage(Page["Game"]):
    """A page of a list of games."""

    __slots__ = ()
    _row_kind = Game
    __match_args__ = ("total",)
    _fields = {
        "total": ("int", "meta", "total"),
    }
    _repr_fields = ("total",)

    @property
    def total(self) -> int | None:
        """The number of rows on all pages."""
        return self._get_int("meta", "total")
