"""Parses JSON documents, and converts their values for the typed results.

Numbers with a decimal point become `Decimal` and keep the server's digits.
"""

from __future__ import annotations

# Loaded with the exceptions, not for the first of them: a process that has reached its limit of
# open files cannot load a module.
from decimal import Decimal
from json import JSONDecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

_decode: Callable[[str], Any] = JSONDecoder(parse_float=Decimal).decode


def parse(text: str) -> Any:
    """Parses a JSON document."""
    try:
        return _decode(text)
    except ValueError:
        return _parse_with_long_integers(text)


def _parse_with_long_integers(text: str) -> Any:
    """Parses a document with integers of more digits than `int` accepts. They become `Decimal`."""

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


def as_decimal(value: Any) -> Decimal | None:
    """Converts a number or a string of digits to a `Decimal`. Returns None for other values."""
    from decimal import InvalidOperation

    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_bool(value: Any) -> bool | None:
    """Returns a boolean, or None for other values."""
    return value if isinstance(value, bool) else None


def as_strings(value: Any) -> tuple[str, ...]:
    """Returns the strings of an array, or nothing for other values."""
    if not isinstance(value, list):
        return ()
    return tuple(text for each in value if (text := as_str(each)) is not None)


def dump(value: Any) -> str:
    """Writes a JSON document. A `Decimal` keeps its digits, and a time becomes its text."""
    from json import dumps

    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{dumps(str(key))}:{dump(each)}" for key, each in value.items()) + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return dumps(value.isoformat().replace("+00:00", "Z"))
    return dumps(value, allow_nan=False)


def to_jsonable(value: Any) -> Any:
    """Returns a copy that `json.dumps` takes.

    A `Decimal` becomes a `float` if that has the same value, and a string otherwise.
    """
    if isinstance(value, dict):
        return {key: to_jsonable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_jsonable(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    return str(value)


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
