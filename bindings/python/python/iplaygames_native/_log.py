"""Passes the core's log lines to `logging`.

The loggers are `iplaygames_native` and a child for each part of the core. Imported only by programs
that have imported `logging` or set IPLAYGAMES_LOG.
"""

from __future__ import annotations

import logging
import re
from os import environ
from sys import _getframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

TRACE = 5
# The core logs a failed call as an error. Here the call raises, so the caller decides whether the
# failure is an error.
_LEVELS = (logging.WARNING, logging.WARNING, logging.INFO, logging.DEBUG, TRACE)
_LEVEL_NAMES = ("error", "warn", "info", "debug", "trace")

# The lines of the core about a call.
_CALL = re.compile(r"(\w+) call ([!-~]+?)(?: attempt (\d+))?: ")
_SUCCEEDED = re.compile(r": done in (?P<ms>\d+) ms, (?P<attempts>\d+) attempts$")
_FAILED = re.compile(
    r" after (?P<ms>\d+) ms, (?P<attempts>\d+) attempts, outcome (?P<outcome>\w+)$"
)

_PARTS = ("client", "net", "log")

_loggers: list[logging.Logger] = []


def _get_loggers() -> list[logging.Logger]:
    """Returns the logger of this package and its children.

    The import of this module does not make them. A fork waits for the import, and may hold the lock
    of `logging` meanwhile.
    """
    if not _loggers:
        logger = logging.getLogger("iplaygames_native")
        # A library must not print anything by default.
        logger.addHandler(logging.NullHandler())
        _loggers[:] = [logger, *map(logger.getChild, _PARTS)]
    return _loggers


def enabled_level() -> int:
    """Returns the most detailed level that a logger is enabled for, as the core's number.

    1 is error, 5 is trace, 0 is none.
    """
    # Without loops over the loggers and `_LEVELS`, because every call asks for the level.
    logger, client, net, log = _get_loggers()
    level = logger.getEffectiveLevel()
    lowest = min(level, client.level or level, net.level or level, log.level or level)
    if lowest > logging.INFO:
        return 2 if lowest <= logging.WARNING else 0
    if lowest > logging.DEBUG:
        return 3
    return 4 if lowest > TRACE else 5


def emit(level: int, target: str, message: str) -> None:
    """Passes one line to its logger.

    The record has the attributes `call_id`, `operation`, `outcome`, `attempts` and `elapsed`; a
    fact that the line does not have is None. Its function is the caller of this package.
    """
    name = target.removeprefix("iplaygames").replace("::", ".")
    logger = logging.getLogger("iplaygames_native" + name)
    if not logger.isEnabledFor(_LEVELS[level - 1]):
        return
    extra = parse_line(message)
    path, number, function = _find_caller()
    record = logger.makeRecord(
        logger.name, _LEVELS[level - 1], path, number, "%s", (message,), None, function, extra
    )
    logger.handle(record)


def parse_line(message: str) -> dict[str, Any]:
    """Returns the attributes of the record for a line of the core."""
    facts: dict[str, Any] = dict.fromkeys(
        ("operation", "call_id", "outcome", "attempts", "elapsed")
    )
    call = _CALL.match(message)
    if call is None:
        return facts
    facts["operation"], facts["call_id"] = call[1], call[2]
    if call[3] is not None:
        facts["attempts"] = int(call[3])
    for pattern in (_SUCCEEDED, _FAILED):
        end = pattern.search(message)
        if end is not None:
            facts["elapsed"], facts["attempts"] = int(end["ms"]) / 1000, int(end["attempts"])
            facts["outcome"] = end.groupdict().get("outcome", "succeeded")
    return facts


def _find_caller() -> tuple[str, int, str]:
    """Returns the file, the line and the function that called this package."""
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in ("iplaygames_native", "asyncio", "uvloop"):
            return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return "(event loop)", 0, "(event loop)"


def log_to_stderr() -> None:
    """Writes log lines to standard error from the level in IPLAYGAMES_LOG on."""
    level = environ.get("IPLAYGAMES_LOG", "").strip().lower()
    logger = _get_loggers()[0]
    if not level or any(type(handler) is _StderrHandler for handler in logger.handlers):
        return
    if level not in _LEVEL_NAMES:
        import warnings

        names = ", ".join(_LEVEL_NAMES)
        warnings.warn(f"IPLAYGAMES_LOG must be one of {names}, not {level!r}.", stacklevel=4)
        return
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[_LEVEL_NAMES.index(level)])


class _StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """The handler of `log_to_stderr`. Its type tells it from the program's own handlers."""
