"""Passes the core's log lines to `logging`.

The loggers are `iplaygames_native` and a child for each part of the core. Imported only by programs
that have imported `logging` or set IPLAYGAMES_LOG.
"""

from __future__ import annotations

import logging
from os import environ

TRACE = 5
# The core logs a failed call as an error. Here the call raises, so the caller decides whether the
# failure is an error.
_LEVELS = (logging.WARNING, logging.WARNING, logging.INFO, logging.DEBUG, TRACE)
_LEVEL_NAMES = ("error", "warn", "info", "debug", "trace")

_PARTS = ("client", "net", "log")

_logger = logging.getLogger("iplaygames_native")
# A library must not print anything by default.
_logger.addHandler(logging.NullHandler())
_loggers = [_logger, *(logging.getLogger(f"iplaygames_native.{part}") for part in _PARTS)]


def enabled_level() -> int:
    """Returns the most detailed level that a logger is enabled for, as the core's number.

    1 is error, 5 is trace, 0 is none.
    """
    lowest = min(logger.getEffectiveLevel() for logger in _loggers)
    return sum(level >= lowest for level in _LEVELS)


def emit(level: int, target: str, message: str) -> None:
    """Passes one line to its logger."""
    name = target.removeprefix("iplaygames").replace("::", ".")
    logging.getLogger("iplaygames_native" + name).log(_LEVELS[level - 1], "%s", message)


def log_to_stderr() -> None:
    """Writes log lines to standard error from the level in IPLAYGAMES_LOG on."""
    level = environ.get("IPLAYGAMES_LOG", "").strip().lower()
    if not level or any(type(handler) is _StderrHandler for handler in _logger.handlers):
        return
    if level not in _LEVEL_NAMES:
        import warnings

        names = ", ".join(_LEVEL_NAMES)
        warnings.warn(f"IPLAYGAMES_LOG must be one of {names}, not {level!r}.", stacklevel=4)
        return
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(_LEVELS[_LEVEL_NAMES.index(level)])


class _StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """The handler of `log_to_stderr`. Its type tells it from the program's own handlers."""
