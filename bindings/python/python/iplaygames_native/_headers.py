"""The headers of a response as a mapping."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Headers(Mapping[str, str]):
    """The headers of a response. The case of a name does not matter.

    Several headers of the same name are one value, joined with a comma and a space; `get_all`
    returns them one by one. The `repr` shows the names only, because values may be secret.
    """

    __slots__ = ("_values",)

    def __init__(self, lines: str) -> None:
        """Makes the mapping from the lines of a response head."""
        self._values: dict[str, list[str]] = {}
        last: list[str] = []
        for line in lines.splitlines():
            if line[:1] in (" ", "\t") and last:
                # A continuation of the line before (RFC 9112, section 5.2).
                last[-1] += " " + line.strip()
                continue
            name, colon, value = line.partition(":")
            if colon:
                last = self._values.setdefault(name.strip().lower(), [])
                last.append(value.strip())

    def get_all(self, name: str) -> tuple[str, ...]:
        """Returns the values of every header of this name."""
        return tuple(self._values.get(name.lower(), ()))

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({list(self._values)!r})"
