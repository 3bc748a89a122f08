"""The types of arguments that are objects. Imported by type checkers only."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypedDict


class _ExternalGameParamRequired(TypedDict):
    """The required members."""

    external_game_id: str
    """The operator's id of the external game, at most 100 characters."""
    name: str
    """The name, at most 255 characters."""


class ExternalGameParam(_ExternalGameParamRequired, total=False):
    """An external game, as an argument."""

    producer_name: str | None
    """The name of the studio, at most 255 characters."""
    image_url: str | None
    """The URL of the image."""
    metadata: Mapping[str, Any] | None
    """Additional data of the operator."""


class _ImportedExternalGameParamRequired(TypedDict):
    """The required members."""

    external_game_id: str
    """The operator's id of the external game, at most 100 characters."""
    name: str
    """The name, at most 255 characters."""


class ImportedExternalGameParam(_ImportedExternalGameParamRequired, total=False):
    """An imported external game, as an argument."""

    producer_name: str | None
    """The name of the studio, at most 255 characters."""
    image_url: str | None
    """The URL of the image."""


class PrizeTierParam(TypedDict, total=False):
    """A prize tier, as an argument."""

    tier: int
    """The number of the tier, from 1."""
    winner_count: int
    """The number of winners, 1 to 10,000."""
    percentage: Decimal | int | float
    """The share of the prize pool in percent, 0.01 to 100."""
