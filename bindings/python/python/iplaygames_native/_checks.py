"""Checks of arguments and functions."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._errors import ValidationError


def invalid_argument(field: str, message: str, wrong_type: bool = False) -> ValidationError:
    """Makes the exception for an invalid argument. `field` is a JSON pointer to the argument.

    The import of the package does not load the exceptions.
    """
    from . import _errors

    return _errors.invalid_argument(field, message, wrong_type)


def check_int(name: str, value: object) -> None:
    """Raises `ArgumentTypeError` if an argument is not an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        kind = type(value).__name__
        raise invalid_argument(
            f"/{name}", f"`{name}` must be a whole number, not {kind}.", wrong_type=True
        )


def is_coroutine_function(function: object) -> bool:
    """Returns whether a call of the function, `partial` or object returns a coroutine."""
    # Neither `functools` nor `inspect` is imported: they would slow down the import.
    if type(function).__name__ == "partial":
        return is_coroutine_function(getattr(function, "func", None))
    call = function
    if not hasattr(function, "__code__"):
        call = getattr(type(function), "__call__", None)  # noqa: B004 - its code is read
    # The flag of a coroutine function.
    return bool(getattr(getattr(call, "__code__", None), "co_flags", 0) & 0x80)
