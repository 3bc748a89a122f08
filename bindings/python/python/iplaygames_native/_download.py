"""Downloads to a path or to a file object, blocking and asynchronous.

The native module writes the file, in whatever thread drives the client. A file object gets the
content from a temporary file when the download has succeeded, on the caller's own thread.
"""

from __future__ import annotations

from os import fsdecode, fspath, getpid
from sys import modules

from . import _core
from ._checks import is_coroutine_function
from ._errors import FileError, file_error, internal_error, invalid_argument
from ._interruption import add_call_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from ._loop import LoopState
    from ._reply import RawReply
    from ._resource import Progress

# How many bytes a file object gets at once.
_CHUNK = 256 * 1024
# How often an asynchronous download reports its progress, in seconds.
_PROGRESS_INTERVAL = 0.05


class _Target:
    """Where the native module writes a download: the path itself, or a temporary file."""

    __slots__ = ("file", "folder", "path", "process")

    def __init__(self, file: Any) -> None:
        self.file: Any = None
        self.folder: str | None = None
        self.process = getpid()
        # Some types of paths have a method `write`, too.
        if hasattr(file, "write") and not hasattr(file, "__fspath__"):
            _check_file(file)
            from tempfile import mkdtemp

            try:
                self.folder = mkdtemp(prefix="iplaygames-")
            except OSError as error:
                message = f"No folder for temporary files can be made: {error}."
                raise file_error(message) from error
            self.file = file
            self.path = f"{self.folder}/download"
            return
        try:
            self.path = fsdecode(fspath(file))
        except TypeError:
            kind = type(file).__name__
            message = f"`file` must be a path or a file that is open for bytes, not {kind}."
            raise invalid_argument("/file", message, wrong_type=True) from None

    def __enter__(self) -> _Target:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # In a forked child, the folder is the parent's.
        if self.folder is not None and self.process == getpid():
            from shutil import rmtree

            rmtree(self.folder, ignore_errors=True)

    def deliver(self) -> Iterator[None]:
        """Writes the content to the file object. Yields after each part."""
        if self.file is None:
            return
        with open(self.path, "rb") as content:
            while part := content.read(_CHUNK):
                view = memoryview(part)
                while view:
                    view = view[_taken(self.file, self.file.write(view), len(view)) :]
                yield


def _taken(file: Any, result: Any, length: int) -> int:
    """Returns how many bytes a file has taken, from what its `write` returned."""
    from io import RawIOBase

    # A file without a buffer may take a part only, and says None if it would block.
    if result is None and not isinstance(file, RawIOBase):
        return length
    if isinstance(result, int) and 0 < result <= length:
        return result
    if result is None:
        message = "`file` takes no more bytes now: it must block until it has taken them."
        raise file_error(message, "unknown")
    if hasattr(result, "__await__"):
        # A coroutine that is never awaited would print a warning.
        getattr(result, "close", lambda: None)()
    kind = type(result).__name__
    message = f"`file.write` returned {result!r} for {length} bytes"
    if not isinstance(result, int):
        message = f"`file.write` returned {kind} and not the number of bytes"
    raise file_error(f"{message}: the content is incomplete.", "unknown")


def _add_reply(error: BaseException, operation: str, raw_reply: RawReply) -> None:
    """Adds the reply of a download to the exception that interrupted the file object."""
    if isinstance(error, FileError):
        error.call_id, error.operation = raw_reply[4], operation
    else:
        add_call_result(error, operation, (raw_reply, None))


def _check_file(file: Any) -> None:
    """Raises an exception if an object is not a file that is open for bytes."""
    from io import TextIOBase

    # The wrappers of `tempfile` have the file itself as `file`.
    if isinstance(file, TextIOBase) or isinstance(getattr(file, "file", None), TextIOBase):
        message = "`file` is open for text: open it for bytes, with `wb`."
        raise invalid_argument("/file", message, wrong_type=True)
    if isinstance(file, type):
        message = f"`file` is the class {file.__name__}: give an object of it."
        raise invalid_argument("/file", message, wrong_type=True)
    if is_coroutine_function(file.write):
        message = "`file` is an asynchronous file: give its path, or a file of `open`."
        raise invalid_argument("/file", message, wrong_type=True)
    if getattr(file, "closed", False) is True:
        raise invalid_argument("/file", "`file` is closed: open it with `wb`.")
    if not getattr(file, "writable", lambda: True)():
        raise invalid_argument("/file", "`file` is not open for writing: open it with `wb`.")


def _check_progress(progress: object) -> None:
    if progress is None:
        return
    if not callable(progress) or is_coroutine_function(progress):
        kind = type(progress).__name__
        message = f"`progress` must be a plain function of two arguments, not {kind}."
        if callable(progress):
            message = "`progress` must be a plain function: it is not awaited."
        raise invalid_argument("/progress", message, wrong_type=True)


def download(
    core: _core.Client,
    operation: str,
    arguments: dict[str, Any],
    options: _core.Options | None,
    file: object,
    progress: Progress | None,
) -> RawReply:
    """Downloads a file and waits for the end."""
    _check_progress(progress)
    with _Target(file) as target:
        raw_reply = _core.download(core, operation, arguments, options, target.path, progress)
        try:
            for _ in target.deliver():
                pass
        except BaseException as error:
            _add_reply(error, operation, raw_reply)
            raise
        return raw_reply


async def download_async(
    loop: AbstractEventLoop,
    state: LoopState,
    core: _core.Client,
    operation: str,
    arguments: dict[str, Any],
    options: _core.Options | None,
    file: object,
    progress: Progress | None,
) -> RawReply:
    """Downloads a file. The event loop reports the progress, and writes to a file object."""
    from asyncio import sleep

    _check_progress(progress)
    if "logging" in modules:
        state.attach_log(core)
    with _Target(file) as target:
        token = state.next_token()
        future: Future[None] = loop.create_future()
        state.waiters[token] = future
        # As `LoopState.call`, which is not shared: every other call would become slower.
        try:
            call = _core.submit_download(
                core, operation, arguments, options, target.path, state.mailbox, token
            )
            try:
                await (future if progress is None else _report(call, future, progress))
            except BaseException as error:
                raw_result = call.cancel()
                if raw_result is not None:
                    add_call_result(error, operation, raw_result)
                raise
            # The file gets its name here.
            raw_reply = call.result()
        finally:
            del state.waiters[token]
        if raw_reply is None:
            raise internal_error("A defect in this library: a completed call has no result.")
        try:
            for _ in target.deliver():
                await sleep(0)
        except BaseException as error:
            _add_reply(error, operation, raw_reply)
            raise
        return raw_reply


async def _report(call: _core.Call, future: Future[None], progress: Progress) -> None:
    """Waits for the end of a download. Calls `progress` when there is something to report."""
    from asyncio import wait

    last: tuple[int, int | None] = (0, None)
    while not future.done():
        await wait((future,), timeout=_PROGRESS_INTERVAL)
        now = call.progress()
        assert now is not None
        if now != last:
            last = now
            progress(*now)
