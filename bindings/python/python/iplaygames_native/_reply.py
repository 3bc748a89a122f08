"""The reply of a call: the base class of the typed results in `_results.py`."""

from __future__ import annotations

from ._document import as_datetime, as_int, as_str, parse
from ._immutable import Immutable, set_attribute, to_hashable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView
    from datetime import datetime
    from typing import Any

    # A reply as `_core` returns it: the text of the JSON document, the HTTP status, the number of
    # attempts, the elapsed seconds, the client's id of the call, the server's id of the request.
    RawReply = tuple[str, int | None, int, float, str, str | None]


class Reply(Immutable):
    """The reply of a call that succeeded. Reads like its JSON document: `reply["data"]`."""

    __slots__ = ("_document", "_raw_reply")
    _raw_reply: RawReply
    _document: Any

    def __init__(self, raw_reply: RawReply) -> None:
        """Makes a reply from the tuple that `_core` returns."""
        set_attribute(self, "_raw_reply", raw_reply)

    @property
    def json(self) -> str:
        """The server's own JSON document, byte for byte."""
        return self._raw_reply[0]

    @property
    def status_code(self) -> int | None:
        """The HTTP status code of the response."""
        return self._raw_reply[1]

    @property
    def attempts(self) -> int:
        """The number of attempts."""
        return self._raw_reply[2]

    @property
    def elapsed(self) -> float:
        """The duration of the call in seconds, pauses included."""
        return self._raw_reply[3]

    @property
    def call_id(self) -> str:
        """The client's id of the call, sent as `X-Request-Id`."""
        return self._raw_reply[4]

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if the server sent an id."""
        return self._raw_reply[5]

    @property
    def raw(self) -> Any:
        """The parsed document. Whole numbers are `int`, other numbers are `Decimal`."""
        try:
            return self._document
        except AttributeError:
            set_attribute(self, "_document", parse(self._raw_reply[0]))
            return self._document

    def to_dict(self) -> dict[str, Any]:
        """Returns a copy of the document, which may be changed."""
        document = parse(self._raw_reply[0])
        if not isinstance(document, dict):
            raise TypeError("The document is not a JSON object: use `raw`.")
        return document

    def __getitem__(self, key: Any) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self.raw

    def __iter__(self) -> Iterator[Any]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a value of the document, or `default`, as `dict.get` does."""
        return self.raw.get(key, default)

    def keys(self) -> KeysView[str]:
        """Returns the keys of the document, as `dict.keys` does."""
        keys: KeysView[str] = self.raw.keys()
        return keys

    def values(self) -> ValuesView[Any]:
        """Returns the values of the document, as `dict.values` does."""
        values: ValuesView[Any] = self.raw.values()
        return values

    def items(self) -> ItemsView[str, Any]:
        """Returns the keys and values of the document, as `dict.items` does."""
        items: ItemsView[str, Any] = self.raw.items()
        return items

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Reply)
        return bool(self.raw == other.raw)

    def __hash__(self) -> int:
        return hash((type(self), to_hashable(self.raw)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._raw_reply,)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status_code={self.status_code}, attempts={self.attempts}, "
            f"elapsed={self.elapsed:.3f}, characters={len(self.json)})"
        )

    # The typed results read their attributes with these methods. A missing value is None. An id
    # may be a number or a string.

    def _get(self, *path: str) -> Any:
        value = self.raw
        for key in path:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def _get_str(self, *path: str) -> str | None:
        return as_str(self._get(*path))

    def _get_int(self, *path: str) -> int | None:
        return as_int(self._get(*path))

    def _get_datetime(self, *path: str) -> datetime | None:
        return as_datetime(self._get_str(*path))
