"""Parses JSON documents, and converts their values for the typed results.

Numbers with a decimal point become `Decimal` and keep the server's digits.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

_decode: Callable[[str], Any] | None = None


def parse(text: str) -> Any:
    """Parses a JSON document."""
    global _decode
    if _decode is None:
        # Imported on first use, so that importing the package does not load these modules.
        from decimal import Decimal
        from json import JSONDecoder

        _decode = JSONDecoder(parse_float=Decimal).decode
    try:
        return _decode(text)
    except ValueError:
        return _parse_with_long_integers(text)


def _parse_with_long_integers(text: str) -> Any:
    """Parses a document with integers of more digits than `int` accepts. They become `Decimal`."""
    from decimal import Decimal
    from json import JSONDecoder

    def parse_int(digits: str) -> Any:
        try:
            return int(digits)
        except ValueError:
            return Decimal(digits)

    return JSONDecoder(parse_float=Decimal, parse_int=parse_int).decode(text)


def as_str(value: Any) -> str | None:
    """Converts a string or a number to a string. Returns None for other values."""
    if isinstance(value, str):
        return value
    return None if value is None or isinstance(value, (bool, dict, list)) else str(value)


def as_int(value: Any) -> int | None:
    """Converts an integer or a string of digits to an integer. Returns None for other values."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_datetime(text: str | None) -> datetime | None:
    """Parses a date and time. Without a time zone in the text the result has no time zone."""
    if not text:
        return None
    import re
    from datetime import datetime

    # `fromisoformat` of Python 3.10 accepts neither `Z` nor every number of decimals.
    pattern = r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?"
    match = re.fullmatch(pattern, text)
    if match is None:
        return None
    date, time, decimals, zone = match.groups()
    zone = "" if zone is None else "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    try:
        return datetime.fromisoformat(f"{date}T{time}.{(decimals or '0')[:6]:0<6}{zone}")
    except ValueError:
        return None
