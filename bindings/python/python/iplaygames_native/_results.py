"""What calls answer. Frozen, comparable, picklable; a repr shows neither a token nor an address with one in
it. What an answer has beyond the named attributes, or in another type than expected, is in `raw`."""

from __future__ import annotations

from ._document import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView
    from datetime import datetime
    from typing import Any, Generic, NoReturn, TypeVar

    from ._errors import IPlayGamesError

    # What the core says of an answer: the document's text, the HTTP status, the attempts, the seconds it
    # took, our id of the call, the server's id of the request.
    Facts = tuple[str, int | None, int, float, str, str | None]
    R = TypeVar("R", bound="Reply", covariant=True)


class Frozen:
    """What cannot be changed."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed ({name})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed ({name})")


_set = object.__setattr__


def _frozen(part: Any) -> object:
    """A part of a document, as something that has a hash."""
    if isinstance(part, dict):
        return frozenset((key, _frozen(value)) for key, value in part.items())
    return tuple(map(_frozen, part)) if isinstance(part, list) else part


class Reply(Frozen):
    """The answer to a call that worked. Reads like the document it holds: `reply["data"]`."""

    __slots__ = ("_document", "_facts")
    _facts: Facts
    _document: Any

    def __init__(self, facts: Facts) -> None:
        _set(self, "_facts", facts)

    @property
    def json(self) -> str:
        """The server's own JSON document, byte for byte."""
        return self._facts[0]

    @property
    def http_status(self) -> int | None:
        """The HTTP status of the answer."""
        return self._facts[1]

    @property
    def attempts(self) -> int:
        """How often the call was tried."""
        return self._facts[2]

    @property
    def elapsed(self) -> float:
        """How long the call took, pauses included, in seconds."""
        return self._facts[3]

    @property
    def call_id(self) -> str:
        """Our id of the call, sent as `X-Request-Id`."""
        return self._facts[4]

    @property
    def request_id(self) -> str | None:
        """The server's own id of the request, if it sent one."""
        return self._facts[5]

    @property
    def raw(self) -> Any:
        """What the document says: dicts, lists, texts; whole numbers as `int`, others as `Decimal`."""
        try:
            return self._document
        except AttributeError:
            _set(self, "_document", parse(self._facts[0]))
            return self._document

    def to_dict(self) -> dict[str, Any]:
        """A copy of the document, which may be changed."""
        document = parse(self._facts[0])
        if not isinstance(document, dict):
            raise TypeError("the answer is not a JSON object: use `raw`")
        return document

    def __getitem__(self, key: Any) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self.raw

    def __iter__(self) -> Iterator[Any]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:
        """A part of the document, or `default`."""
        return self.raw.get(key, default)

    def keys(self) -> KeysView[str]:
        """As of a dict."""
        keys: KeysView[str] = self.raw.keys()
        return keys

    def values(self) -> ValuesView[Any]:
        """As of a dict."""
        values: ValuesView[Any] = self.raw.values()
        return values

    def items(self) -> ItemsView[str, Any]:
        """As of a dict."""
        items: ItemsView[str, Any] = self.raw.items()
        return items

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Reply)
        return bool(self.raw == other.raw)

    def __hash__(self) -> int:
        return hash((type(self), _frozen(self.raw)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._facts,)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(http_status={self.http_status}, attempts={self.attempts}, "
            f"elapsed={self.elapsed:.3f}, characters={len(self.json)})"
        )

    # For the typed answers. An id that comes as a number means the same id.

    def _part(self, *path: str) -> Any:
        part = self.raw
        for key in path:
            if not isinstance(part, dict):
                return None
            part = part.get(key)
        return part

    def _text(self, *path: str) -> str | None:
        return words(self._part(*path))

    def _integer(self, *path: str) -> int | None:
        return integer(self._part(*path))

    def _time(self, *path: str) -> datetime | None:
        return time(self._text(*path))


def words(part: Any) -> str | None:
    """A text, also where it came as a number."""
    if isinstance(part, str):
        return part
    return None if part is None or isinstance(part, (bool, dict, list)) else str(part)


def integer(part: Any) -> int | None:
    """A whole number, also where it came as text."""
    if isinstance(part, str) and part.removeprefix("-").isdecimal():
        return int(part)
    return part if isinstance(part, int) and not isinstance(part, bool) else None


def time(text: str | None) -> datetime | None:
    """The time a text says, if it says one. Without a zone in the text it has none either."""
    if not text:
        return None
    import re
    from datetime import datetime

    # Python 3.10 reads neither `Z` nor any number of decimals.
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", text
    )
    if match is None:
        return None
    day, clock, decimals, zone = match.groups()
    zone = "" if zone is None else "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(decimals or '0')[:6]:0<6}{zone}")
    except ValueError:
        return None


class _Named(Reply):
    """An answer with names."""

    __slots__ = ()
    _shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({shown})"


class StartedSession(_Named):
    """A session that was started."""

    __slots__ = ()
    __match_args__ = ("session_id", "game_url", "session_token", "expires_at")
    _shown = ("session_id", "expires_at_text")

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self._text("data", "session_id") or ""

    @property
    def game_url(self) -> str:
        """Where to send the player. Who has it can play: keep it out of logs."""
        return self._text("data", "game_url") or ""

    @property
    def session_token(self) -> str | None:
        """The session's token. A secret."""
        return self._text("data", "session_token")

    @property
    def expires_at(self) -> datetime | None:
        """When the session expires; with a zone if the server named one."""
        return self._time("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The same as the server wrote it."""
        return self._text("data", "expires_at")


class SessionStatus(_Named):
    """What a session is doing."""

    __slots__ = ()
    __match_args__ = ("session_id", "status", "player_id", "game_id")
    _shown = ("session_id", "status", "player_id", "game_id")

    @property
    def session_id(self) -> str | None:
        """The session's id."""
        return self._text("data", "session_id")

    @property
    def status(self) -> str:
        """What it is, such as `active`. The API calls this a free text."""
        return self._text("data", "status") or ""

    @property
    def player_id(self) -> str | None:
        """The operator's own id of the player."""
        return self._text("data", "player_id")

    @property
    def game_id(self) -> int | None:
        """The game."""
        return self._integer("data", "game", "id")

    @property
    def game_title(self) -> str | None:
        """The game's title."""
        return self._text("data", "game", "title")

    @property
    def started_at(self) -> datetime | None:
        """When it was started; with a zone if the server named one."""
        return self._time("data", "started_at")

    @property
    def started_at_text(self) -> str | None:
        """The same as the server wrote it."""
        return self._text("data", "started_at")

    @property
    def last_activity(self) -> datetime | None:
        """When something last happened in it."""
        return self._time("data", "last_activity")

    @property
    def last_activity_text(self) -> str | None:
        """The same as the server wrote it."""
        return self._text("data", "last_activity")


class EndedSession(_Named):
    """A session that was ended."""

    __slots__ = ()
    __match_args__ = ("message", "already_ended")
    _shown = ("message", "already_ended")

    @property
    def message(self) -> str | None:
        """The server's own words."""
        return self._text("message")

    @property
    def already_ended(self) -> bool:
        """Whether it was found gone after an attempt whose answer was lost: most likely ended by that."""
        return self._part("already_ended") is True


class MultiSessionGame(Frozen):
    """One game of a multi-session."""

    __slots__ = ("_part",)
    __match_args__ = ("position", "game_name", "status")
    _part: dict[str, Any]

    def __init__(self, part: dict[str, Any]) -> None:
        _set(self, "_part", part)

    @property
    def position(self) -> int | None:
        """Its place, from 0."""
        return integer(self._part.get("position"))

    @property
    def game_name(self) -> str | None:
        """Its name."""
        return words(self._part.get("game_name"))

    @property
    def game_image(self) -> str | None:
        """The address of its picture; told by the start alone."""
        return words(self._part.get("game_image"))

    @property
    def status(self) -> str | None:
        """What it is doing, such as `ready`; told by the status alone."""
        return words(self._part.get("status"))

    @property
    def raw(self) -> dict[str, Any]:
        """All that the server says of it."""
        return self._part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultiSessionGame):
            return NotImplemented
        return self._part == other._part

    def __hash__(self) -> int:
        return hash(_frozen(self._part))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._part,)

    def __repr__(self) -> str:
        return (
            f"MultiSessionGame(position={self.position!r}, game_name={self.game_name!r}, "
            f"status={self.status!r})"
        )


class _MultiSession(_Named):
    __slots__ = ()

    @property
    def total_games(self) -> int | None:
        """How many games it has."""
        return self._integer("data", "total_games")

    @property
    def games(self) -> tuple[MultiSessionGame, ...]:
        """The games, in the server's order."""
        games = self._part("data", "games")
        if not isinstance(games, list):
            return ()
        return tuple(MultiSessionGame(game) for game in games if isinstance(game, dict))

    @property
    def expires_at(self) -> datetime | None:
        """When it expires; with a zone if the server named one."""
        return self._time("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The same as the server wrote it."""
        return self._text("data", "expires_at")


class StartedMultiSession(_MultiSession):
    """A set of games to swipe through that was started."""

    __slots__ = ()
    __match_args__ = ("multi_session_id", "swipe_url", "total_games", "expires_at")
    # Its id is the token that the swipe address is made of.
    _shown = ("total_games", "expires_at_text")

    @property
    def multi_session_id(self) -> str:
        """The id, which `status` and `end` take. Who has it can play: keep it out of logs."""
        return self._text("data", "multi_session_id") or ""

    @property
    def swipe_url(self) -> str:
        """Where to send the player. Keep it out of logs."""
        return self._text("data", "swipe_url") or ""


class MultiSessionStatus(_MultiSession):
    """What a set of games is doing."""

    __slots__ = ()
    __match_args__ = ("status", "current_index", "games")
    _shown = ("status", "total_games", "active_sessions", "current_index")

    @property
    def status(self) -> str:
        """What it is, such as `active`."""
        return self._text("data", "status") or ""

    @property
    def active_sessions(self) -> int | None:
        """How many of its games are being played."""
        return self._integer("data", "active_sessions")

    @property
    def current_index(self) -> int | None:
        """The place of the game the player is at, from 0."""
        return self._integer("data", "current_index")


class EndedMultiSession(EndedSession):
    """A set of games that was ended."""

    __slots__ = ()


# Only a type checker needs to know that it is generic.
if TYPE_CHECKING:

    class _BulkBase(Frozen, Generic[R]):
        pass

else:

    class _BulkBase(Frozen):
        __slots__ = ()

        def __class_getitem__(cls, item):
            return cls


class BulkResult(_BulkBase["R"]):
    """What one of many calls came to: an id with its result, or with the error that it failed with."""

    __slots__ = ("_error", "_id", "_result")
    __match_args__ = ("id", "result", "error")
    _id: str
    _result: R | None
    _error: IPlayGamesError | None

    def __init__(self, id: str, result: R | None, error: IPlayGamesError | None) -> None:
        _set(self, "_id", id)
        _set(self, "_result", result)
        _set(self, "_error", error)

    @property
    def id(self) -> str:
        """The id that the call was made for."""
        return self._id

    @property
    def result(self) -> R | None:
        """The result, if it worked."""
        return self._result

    @property
    def error(self) -> IPlayGamesError | None:
        """The error, if it failed."""
        return self._error

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self._error is None

    def unwrap(self) -> R:
        """The result; raises the error if it failed."""
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BulkResult):
            return NotImplemented
        return (self._id, self._result, self._error) == (other._id, other._result, other._error)

    def __hash__(self) -> int:
        return hash(self._id)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._id, self._result, self._error)

    def __repr__(self) -> str:
        what = f"result={self._result!r}" if self.ok else f"error={self._error!r}"
        return f"BulkResult(id={self._id!r}, {what})"
