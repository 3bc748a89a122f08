"""JSON documents as Python values. Numbers with a point become `Decimal`: they keep the server's digits."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_decode: Callable[[str], Any] | None = None


def parse(text: str) -> Any:
    """What a document says."""
    global _decode
    if _decode is None:
        # First used here and not when the package is imported.
        from decimal import Decimal
        from json import JSONDecoder

        _decode = JSONDecoder(parse_float=Decimal).decode
    try:
        return _decode(text)
    except ValueError:
        return _with_long_integers(text)


def _with_long_integers(text: str) -> Any:
    """What a document says that has an integer of more digits than Python turns into an int."""
    from decimal import Decimal
    from json import JSONDecoder

    def integer(digits: str) -> Any:
        try:
            return int(digits)
        except ValueError:
            return Decimal(digits)

    return JSONDecoder(parse_float=Decimal, parse_int=integer).decode(text)
