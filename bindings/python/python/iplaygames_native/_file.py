"""The results of calls that download a file: into memory, or to a path or a file object."""

from __future__ import annotations

from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import IO, Any


class DownloadedFile(Reply):
    """A file that was downloaded. The whole file is in memory, up to `max_response_bytes`."""

    __slots__ = ()
    __match_args__ = ("filename", "content_type")
    _fields = {
        "filename": ("str", "filename"),
        "content_type": ("str", "content_type"),
        "text": ("str", "text"),
    }
    _repr_fields = ("filename", "content_type")

    @property
    def filename(self) -> str | None:
        """The name that the server suggests, without a path."""
        return self._get_str("filename")

    @property
    def content_type(self) -> str | None:
        """The type of the file, such as `text/csv`."""
        return self._get_str("content_type")

    @property
    def text(self) -> str | None:
        """The content as text, or None if it is not UTF-8."""
        return self._get_str("text")

    @property
    def content(self) -> bytes:
        """The content, byte for byte."""
        text = self.text
        if text is not None:
            return text.encode()
        from base64 import b64decode

        return b64decode(self._get_str("base64") or "")

    def save(self, file: str | PathLike[str] | IO[bytes]) -> int:
        """Writes the content to a path, or to a file that is open for bytes.

        Returns the number of bytes.
        """
        content = self.content
        target: Any = file
        if hasattr(target, "write"):
            target.write(content)
        else:
            with open(target, "wb") as opened:
                opened.write(content)
        return len(content)


class SavedFile(Reply):
    """A file that was downloaded to a path or to a file object, and is not in memory."""

    __slots__ = ()
    __match_args__ = ("filename", "content_type", "size")
    _fields = {
        "filename": ("str", "filename"),
        "content_type": ("str", "content_type"),
        "size": ("int", "bytes"),
    }
    _repr_fields = ("filename", "content_type", "size")

    @property
    def filename(self) -> str | None:
        """The name that the server suggests, without a path."""
        return self._get_str("filename")

    @property
    def content_type(self) -> str | None:
        """The type of the file, such as `text/csv`."""
        return self._get_str("content_type")

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._get_int("bytes") or 0
