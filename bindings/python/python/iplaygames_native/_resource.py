"""The base classes of resources, which are groups of calls, and how their arguments are made."""

from __future__ import annotations

from ._errors import invalid_argument
from ._options import to_overrides

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from os import PathLike
    from typing import IO, Any, TypeAlias, TypeVar

    from ._aio_caller import AsyncCaller
    from ._caller import Caller
    from ._file import SavedFile
    from ._reply import Reply

    R = TypeVar("R", bound=Reply)
    # A CSV file: its text, its bytes, its path, or an open file.
    CsvFile: TypeAlias = str | bytes | PathLike[str] | IO[str] | IO[bytes]
    # Where a download goes: a path, or a file that is open for bytes.
    FileTarget: TypeAlias = str | PathLike[str] | IO[bytes]
    # Is called with the number of bytes, and with the size of the file if it is known.
    Progress: TypeAlias = Callable[[int, int | None], object]


class Resource:
    """A group of blocking calls. The client makes it on first use and keeps it."""

    def __init__(self, caller: Caller) -> None:
        """Makes a resource. Use the attribute of the client instead."""
        self._caller = caller

    def _call(
        self,
        operation: str,
        kind: type[R],
        arguments: dict[str, Any],
        extra: Mapping[str, Any] | None,
        timeout: float | None,
        max_retries: int | None,
        call_id: str | None,
        headers: Mapping[str, str] | None,
    ) -> R:
        if extra is not None:
            arguments = add_extra(arguments, extra)
        if timeout is None and max_retries is None and call_id is None and headers is None:
            return self._caller.call(operation, kind, arguments)
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        return self._caller.call(operation, kind, arguments, overrides)

    def _download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: FileTarget,
        progress: Progress | None,
        extra: Mapping[str, Any] | None,
        timeout: float | None,
        max_retries: int | None,
        call_id: str | None,
        headers: Mapping[str, str] | None,
    ) -> SavedFile:
        if extra is not None:
            arguments = add_extra(arguments, extra)
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        saved: SavedFile = self._caller.download(operation, arguments, file, progress, overrides)
        return saved

    def _with_raw_response(self) -> Any:
        from ._raw_response import RawCaller

        return type(self)(RawCaller(self._caller))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of a client>"


class AsyncResource:
    """A group of asynchronous calls. The client makes it on first use and keeps it."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Makes a resource. Use the attribute of the client instead."""
        self._caller = caller

    # Not a coroutine of its own, which would make every call slower.
    def _call(
        self,
        operation: str,
        kind: type[R],
        arguments: dict[str, Any],
        extra: Mapping[str, Any] | None,
        timeout: float | None,
        max_retries: int | None,
        call_id: str | None,
        headers: Mapping[str, str] | None,
    ) -> Awaitable[R]:
        if extra is not None:
            arguments = add_extra(arguments, extra)
        if timeout is None and max_retries is None and call_id is None and headers is None:
            return self._caller.call(operation, kind, arguments)
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        return self._caller.call(operation, kind, arguments, overrides)

    async def _download(
        self,
        operation: str,
        arguments: dict[str, Any],
        file: FileTarget,
        progress: Progress | None,
        extra: Mapping[str, Any] | None,
        timeout: float | None,
        max_retries: int | None,
        call_id: str | None,
        headers: Mapping[str, str] | None,
    ) -> SavedFile:
        if extra is not None:
            arguments = add_extra(arguments, extra)
        overrides = to_overrides(timeout, max_retries, call_id, headers)
        caller = self._caller
        saved: SavedFile = await caller.download(operation, arguments, file, progress, overrides)
        return saved

    def _with_raw_response(self) -> Any:
        from ._raw_response import AsyncRawCaller

        return type(self)(AsyncRawCaller(self._caller))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of a client>"


def without_none(arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments that are not None. None stands for an argument that was left out."""
    return {name: value for name, value in arguments.items() if value is not None}


def add_extra(arguments: dict[str, Any], extra: object) -> dict[str, Any]:
    """Returns the arguments of a call with the members of `extra`."""
    from collections.abc import Mapping

    if not isinstance(extra, Mapping):
        message = f"`extra` must be a mapping, not {type(extra).__name__}."
        raise invalid_argument("/extra", message, wrong_type=True)
    for name in extra:
        if name in arguments:
            message = f"`{name}` is given twice: as an argument and in `extra`."
            raise invalid_argument(f"/{name}", message)
    return arguments | {"extra": dict(extra)} if extra else arguments


def to_arguments(arguments: dict[str, Any], extra: object) -> dict[str, Any]:
    """Returns the arguments of a list: those that are not None, and the members of `extra`."""
    arguments = without_none(arguments)
    return arguments if extra is None else add_extra(arguments, extra)


def read_csv(file: CsvFile) -> str:
    """Returns the text of a CSV file: its text, its bytes, its path, or an open file."""
    content: Any = file
    if hasattr(content, "__fspath__"):
        with open(content, "rb") as opened:
            content = opened.read()
    elif hasattr(content, "read"):
        content = content.read()
    if isinstance(content, (bytes, bytearray, memoryview)):
        try:
            # Spreadsheets put a byte order mark in front.
            return bytes(content).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"`file` is not UTF-8 at byte {error.start}: convert it first."
            raise invalid_argument("/file", message) from None
    if not isinstance(content, str):
        message = f"`file` must be text, bytes, a path or an open file, not {type(file).__name__}."
        raise invalid_argument("/file", message, wrong_type=True)
    return content
