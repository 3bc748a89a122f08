"""The reply of a call: the base class of the typed results in `_results.py`."""

from __future__ import annotations

from ._document import parse
from ._fields import Fields, to_document_text
from ._immutable import freeze, set_attribute, to_hashable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
    from typing import Any

    from typing_extensions import Self

    # A reply as `_core` returns it: the text of the JSON document, the HTTP status, the number of
    # attempts, the elapsed seconds, the client's id of the call, the server's id of the request,
    # the headers of the response as lines.
    RawReply = (
        tuple[str, int | None, int, float, str, str | None, str | None]
        # Without headers.
        | tuple[str, int | None, int, float, str, str | None]
    )


class Reply(Fields):
    """The reply of a call that succeeded. Reads like its JSON document: `reply["data"]`."""

    __slots__ = ("_document", "_frozen", "_raw_reply")
    _raw_reply: RawReply
    _document: Any
    _frozen: Any

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
    def headers(self) -> Mapping[str, str]:
        """The headers of the response. The case of a name does not matter."""
        from ._headers import Headers

        return Headers((self._raw_reply[6] if len(self._raw_reply) == 7 else None) or "")

    @property
    def raw(self) -> Any:
        """The parsed document, which cannot be changed.

        Whole numbers are `int`, other numbers are `Decimal`.
        """
        try:
            return self._frozen
        except AttributeError:
            set_attribute(self, "_frozen", freeze(self._root()))
            return self._frozen

    def _root(self) -> Any:
        try:
            return self._document
        except AttributeError:
            # An object without a reply raises again here.
            set_attribute(self, "_document", parse(self._raw_reply[0]))
            return self._document

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Self:
        return cls((to_document_text(document), None, 0, 0.0, "", None, None))

    def to_dict(self) -> dict[str, Any]:
        """Returns a copy of the document, which may be changed."""
        document = parse(self._raw_reply[0])
        if not isinstance(document, dict):
            raise TypeError("The document is not a JSON object: use `raw`.")
        return document

    def __getitem__(self, key: Any) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self._root()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._root())

    def __len__(self) -> int:
        return len(self._root())

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
        return bool(self._root() == other._root())

    def __hash__(self) -> int:
        return hash((type(self), to_hashable(self._root())))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._raw_reply,)

    def __repr__(self) -> str:
        if self._repr_fields:
            return super().__repr__()
        try:
            return (
                f"{type(self).__name__}(status_code={self.status_code}, attempts={self.attempts}, "
                f"elapsed={self.elapsed:.3f}, characters={len(self.json)})"
            )
        except AttributeError:
            # `__init__` has not run or has failed.
            return f"<{type(self).__name__} without a document>"
