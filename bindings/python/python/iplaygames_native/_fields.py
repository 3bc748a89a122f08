"""The fields of typed results: reading, construction for tests, `repr`, and conversions.

`_reply.py` and `_model.py` have the classes that use these functions. Contains no field of the API.
"""

from __future__ import annotations

from ._document import (
    as_bool,
    as_datetime,
    as_decimal,
    as_int,
    as_str,
    as_strings,
    dump,
    to_jsonable,
)
from ._immutable import Immutable, freeze

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal
    from typing import Any, TypeVar

    from typing_extensions import Self

    from ._model import Model

    M = TypeVar("M", bound="Model")
    D = TypeVar("D")

# The JSON schemas of the types of fields.
_SCHEMAS: dict[str, dict[str, Any]] = {
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "decimal": {"type": "number"},
    "int": {"type": "integer"},
    "model": {"type": "object"},
    "models": {"type": "array", "items": {"type": "object"}},
    "object": {"type": "object"},
    "str": {"type": "string"},
    "strings": {"type": "array", "items": {"type": "string"}},
}


class Fields(Immutable):
    """An object with typed fields that are read from a JSON document.

    `_fields` has for each field its type and its path in the document. The `repr` shows the fields
    in `_repr_fields`.
    """

    __slots__ = ()
    _fields: Mapping[str, tuple[str, ...]] = {}
    _repr_fields: tuple[str, ...] = ()

    def _root(self) -> Any:
        """Returns the parsed document. The caller must not change it."""
        raise NotImplementedError

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Self:
        """Makes an object from a document."""
        raise NotImplementedError

    def _get(self, *path: str) -> Any:
        value = self._root()
        for key in path:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    # A missing value, and a value of another type, is None. An id may be a number or a string.

    def _get_str(self, *path: str) -> str | None:
        return as_str(self._get(*path))

    def _get_int(self, *path: str) -> int | None:
        return as_int(self._get(*path))

    def _get_bool(self, *path: str) -> bool | None:
        return as_bool(self._get(*path))

    def _get_decimal(self, *path: str) -> Decimal | None:
        return as_decimal(self._get(*path))

    def _get_datetime(self, *path: str) -> datetime | None:
        return as_datetime(self._get_str(*path))

    def _get_strings(self, *path: str) -> tuple[str, ...]:
        return as_strings(self._get(*path))

    def _get_object(self, *path: str) -> Mapping[str, Any] | None:
        value = self._get(*path)
        return freeze(value) if isinstance(value, dict) else None

    def _get_model(self, kind: type[M], *path: str) -> M | None:
        value = self._get(*path)
        return kind(value) if isinstance(value, dict) else None

    def _get_models(self, kind: type[M], *path: str) -> tuple[M, ...]:
        value = self._get(*path)
        if not isinstance(value, list):
            return ()
        return tuple(kind(each) for each in value if isinstance(each, dict))

    def to_fields(self) -> dict[str, Any]:
        """Returns the named attributes with their values, without those that are None."""
        values = {name: getattr(self, name) for name in self._fields}
        return {name: value for name, value in values.items() if value is not None}

    def to_dataclass(self, kind: type[D]) -> D:
        """Makes an object of a dataclass from the attributes that its fields name."""
        names = getattr(kind, "__dataclass_fields__", None)
        if names is None:
            raise TypeError(f"{kind!r} is not a dataclass.")
        make: Callable[..., D] = kind
        return make(
            **{
                name: getattr(self, name)
                for name, each in names.items()
                if each.init and hasattr(self, name)
            }
        )

    @classmethod
    def construct(cls, **values: Any) -> Self:
        """Makes an object from named attributes, for tests. Makes no call.

        Example:
            SessionStatus.construct(session_id="abc123", status="active")
        """
        document: dict[str, Any] = {}
        for name, value in values.items():
            field = cls._fields.get(name)
            if field is None:
                from difflib import get_close_matches

                near = get_close_matches(name, cls._fields, 1)
                hint = f": did you mean `{near[0]}`?" if near else "."
                raise TypeError(f"A {cls.__name__} has no attribute `{name}`{hint}")
            part = document
            for key in field[1:-1]:
                part = part.setdefault(key, {})
            part[field[-1]] = _to_plain(value)
        return cls._from_document(document)

    def __repr__(self) -> str:
        try:
            fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._repr_fields)
        except AttributeError:
            # `__init__` has not run or has failed.
            return f"<{type(self).__name__} without a document>"
        return f"{type(self).__name__}({fields})"

    # pydantic calls these methods if a result is the type of a field or of a FastAPI route.

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def validate(value: Any) -> Any:
            if isinstance(value, cls):
                return value
            if isinstance(value, dict):
                try:
                    return cls.construct(**value)
                except TypeError as error:
                    raise ValueError(str(error)) from None
            raise ValueError(f"must be a {cls.__name__} or an object with its attributes")

        def serialize(value: Fields, info: Any) -> Any:
            fields = {name: _to_plain(each) for name, each in value.to_fields().items()}
            return to_jsonable(fields) if info.mode == "json" else fields

        serialization = core_schema.plain_serializer_function_ser_schema(
            serialize, info_arg=True, when_used="always"
        )
        return core_schema.no_info_plain_validator_function(validate, serialization=serialization)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        properties = {name: dict(_SCHEMAS[field[0]]) for name, field in cls._fields.items()}
        return {"type": "object", "title": cls.__name__, "properties": properties}


def _to_plain(value: Any) -> Any:
    """Converts a value of an attribute to a value of a document."""
    if isinstance(value, Fields):
        return value._root()
    if isinstance(value, (list, tuple)):
        return [_to_plain(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


def to_document_text(document: dict[str, Any]) -> str:
    """Returns the JSON text of a constructed document."""
    return dump(document)
