"""The base class of the objects inside a reply, such as the rows of a page."""

from __future__ import annotations

from ._fields import Fields
from ._immutable import freeze, set_attribute, to_hashable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from typing_extensions import Self


class Model(Fields):
    """A part of a reply. Reads like its JSON object: `row["id"]`.

    A missing value, and a value of another type, is None. `raw` has everything that the server
    sent.
    """

    __slots__ = ("_frozen", "_part")
    _part: Mapping[str, Any]
    _frozen: Mapping[str, Any]

    def __init__(self, part: Mapping[str, Any]) -> None:
        """Makes an object from its part of the document."""
        set_attribute(self, "_part", part)

    def _root(self) -> Any:
        return self._part

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Self:
        return cls(document)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The object's part of the document. It cannot be changed."""
        try:
            return self._frozen
        except AttributeError:
            set_attribute(self, "_frozen", freeze(self._part))
            return self._frozen

    def to_dict(self) -> dict[str, Any]:
        """Returns a copy of the object's part of the document, which may be changed."""
        from copy import deepcopy

        return deepcopy(dict(self._part))

    def __getitem__(self, key: str) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self._part

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a value of the object, or `default`, as `dict.get` does."""
        return self.raw.get(key, default)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Model)
        return self._part == other._part

    def __hash__(self) -> int:
        return hash(to_hashable(self._part))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._part,)


class Row(Model):
    """A row of a list whose fields the API does not document: read it with `row["name"]`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Row(fields={len(getattr(self, '_part', ()))})"
