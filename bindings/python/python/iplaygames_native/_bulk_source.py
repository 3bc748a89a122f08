"""Checks and converts the items of bulk calls and of watches of many sessions. Makes no calls."""

from __future__ import annotations

from collections.abc import Mapping

from ._errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def take_session_id(item: Any) -> tuple[str | None, dict[str, Any]]:
    """Converts the id of a session."""
    if not isinstance(item, str):
        message = f"`session_id` must be a string, not {type(item).__name__}."
        raise invalid_argument("/session_id", message, wrong_type=True)
    return item, {"session_id": item}


def take_mapping(item: Any) -> tuple[str | None, dict[str, Any]]:
    """Converts the arguments of a call of any operation. None is sent as null."""
    if not isinstance(item, Mapping):
        message = f"The arguments of a call must be a mapping, not {type(item).__name__}."
        raise invalid_argument("", message, wrong_type=True)
    return None, dict(item)


def take_start(item: Any) -> tuple[str | None, dict[str, Any]]:
    """Converts the arguments of a start. Leaves out those that are None, as `start` does."""
    id, arguments = take_mapping(item)
    return id, {name: value for name, value in arguments.items() if value is not None}


def check_source(name: str, items: object) -> None:
    """Raises `ArgumentTypeError` for one string or mapping in place of an iterable."""
    if isinstance(items, (str, bytes, bytearray, memoryview, Mapping)):
        # Without this check each character would be an item.
        what = "ids" if name == "session_ids" else "mappings"
        message = f"`{name}` must be an iterable of {what}, not one {type(items).__name__}."
        raise invalid_argument(f"/{name}", message, wrong_type=True)


def refuse_async(name: str, items: object, instead: str) -> None:
    """Raises `ArgumentTypeError` for an asynchronous iterable."""
    if is_async_only(items):
        kind = type(items).__name__
        message = f"`{name}` must be an iterable, not the asynchronous iterable {kind}: {instead}."
        raise invalid_argument(f"/{name}", message, wrong_type=True)


def is_async_only(items: object) -> bool:
    """Returns whether only `async for` can iterate over the items."""
    return hasattr(items, "__aiter__") and not hasattr(items, "__iter__")
