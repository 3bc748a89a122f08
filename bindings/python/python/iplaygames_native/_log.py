"""The core's log lines, in `logging`: the logger `iplaygames_native` and one below it for each part."""

from __future__ import annotations

import logging
from os import environ

TRACE = 5
# The core's errors are calls that failed. Here those raise: whether that is an error the caller knows.
_LEVELS = (logging.WARNING, logging.WARNING, logging.INFO, logging.DEBUG, TRACE)
_NAMES = ("error", "warn", "info", "debug", "trace")

_logger = logging.getLogger("iplaygames_native")
# A library says nothing by itself.
_logger.addHandler(logging.NullHandler())
_loggers = [
    _logger,
    *(logging.getLogger(f"iplaygames_native.{part}") for part in ("client", "net", "log")),
]


def enabled_level() -> int:
    """The most detailed level that anybody wants, as the core counts: 1 is error, 5 is trace, 0 is none."""
    least = min(logger.getEffectiveLevel() for logger in _loggers)
    return sum(level >= least for level in _LEVELS)


def emit(level: int, target: str, message: str) -> None:
    """Gives one line to `logging`."""
    logger = logging.getLogger(
        "iplaygames_native" + target.removeprefix("iplaygames").replace("::", ".")
    )
    logger.log(_LEVELS[level - 1], "%s", message)


def to_stderr() -> None:
    """Writes the lines that the environment's IPLAYGAMES_LOG asks for to standard error."""
    wanted = environ.get("IPLAYGAMES_LOG", "").strip().lower()
    if not wanted or any(type(handler) is _Stderr for handler in _logger.handlers):
        return
    if wanted not in _NAMES:
        import warnings

        warnings.warn(
            f"IPLAYGAMES_LOG must be one of {', '.join(_NAMES)}, not {wanted!r}", stacklevel=4
        )
        return
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(_LEVELS[_NAMES.index(wanted)])


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, and known by its type."""
