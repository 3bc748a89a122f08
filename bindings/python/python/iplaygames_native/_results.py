"""The typed results of calls: immutable, comparable and picklable.

A `repr` shows neither a token nor a URL that contains a token. The attribute `raw` has the values
of a response that no other attribute returns, and the values of an unexpected type.
"""

from __future__ import annotations

from ._document import as_int, as_str
from ._immutable import Immutable, set_attribute, to_hashable
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, Generic, TypeVar

    from ._errors import IPlayGamesError

    R = TypeVar("R", bound="Reply", covariant=True)


class _TypedReply(Reply):
    """A reply with named attributes. Its `repr` shows the attributes in `_repr_fields`."""

    __slots__ = ()
    _repr_fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._repr_fields)
        return f"{type(self).__name__}({fields})"


class StartedSession(_TypedReply):
    """A session that was started."""

    __slots__ = ()
    __match_args__ = ("session_id", "game_url", "session_token", "expires_at")
    _repr_fields = ("session_id", "expires_at_text")

    @property
    def session_id(self) -> str:
        """The id of the session."""
        return self._get_str("data", "session_id") or ""

    @property
    def game_url(self) -> str:
        """The URL to send the player to. Anyone who has it can play: keep it out of logs."""
        return self._get_str("data", "game_url") or ""

    @property
    def session_token(self) -> str | None:
        """The token of the session. It is a secret."""
        return self._get_str("data", "session_token")

    @property
    def expires_at(self) -> datetime | None:
        """The time at which the session expires. Has a time zone if the server sent one."""
        return self._get_datetime("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "expires_at")


class SessionStatus(_TypedReply):
    """The status of a session."""

    __slots__ = ()
    __match_args__ = ("session_id", "status", "player_id", "game_id")
    _repr_fields = ("session_id", "status", "player_id", "game_id")

    @property
    def session_id(self) -> str | None:
        """The id of the session."""
        return self._get_str("data", "session_id")

    @property
    def status(self) -> str:
        """The status, such as `active`. The API does not define a list of values."""
        return self._get_str("data", "status") or ""

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("data", "player_id")

    @property
    def game_id(self) -> int | None:
        """The id of the game."""
        return self._get_int("data", "game", "id")

    @property
    def game_title(self) -> str | None:
        """The title of the game."""
        return self._get_str("data", "game", "title")

    @property
    def started_at(self) -> datetime | None:
        """The time of the start. Has a time zone if the server sent one."""
        return self._get_datetime("data", "started_at")

    @property
    def started_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "started_at")

    @property
    def last_activity(self) -> datetime | None:
        """The time of the last activity in the session."""
        return self._get_datetime("data", "last_activity")

    @property
    def last_activity_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "last_activity")


class EndedSession(_TypedReply):
    """A session that was ended."""

    __slots__ = ()
    __match_args__ = ("message", "already_ended")
    _repr_fields = ("message", "already_ended")

    @property
    def message(self) -> str | None:
        """The message of the server."""
        return self._get_str("message")

    @property
    def already_ended(self) -> bool:
        """Whether an earlier attempt most likely ended the session.

        True if the response of an earlier attempt was lost, and the next attempt found that the
        session had ended.
        """
        return self._get("already_ended") is True


class MultiSessionGame(Immutable):
    """One game of a multi-session."""

    __slots__ = ("_part",)
    __match_args__ = ("position", "game_name", "status")
    _part: dict[str, Any]

    def __init__(self, part: dict[str, Any]) -> None:
        """Makes a game from its part of the document."""
        set_attribute(self, "_part", part)

    @property
    def position(self) -> int | None:
        """The position of the game, from 0."""
        return as_int(self._part.get("position"))

    @property
    def game_name(self) -> str | None:
        """The name of the game."""
        return as_str(self._part.get("game_name"))

    @property
    def game_image(self) -> str | None:
        """The URL of the game's image. Only the start returns it."""
        return as_str(self._part.get("game_image"))

    @property
    def status(self) -> str | None:
        """The status of the game, such as `ready`. Only the status call returns it."""
        return as_str(self._part.get("status"))

    @property
    def raw(self) -> dict[str, Any]:
        """The game's part of the document."""
        return self._part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultiSessionGame):
            return NotImplemented
        return self._part == other._part

    def __hash__(self) -> int:
        return hash(to_hashable(self._part))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._part,)

    def __repr__(self) -> str:
        return (
            f"MultiSessionGame(position={self.position!r}, game_name={self.game_name!r}, "
            f"status={self.status!r})"
        )


class _MultiSession(_TypedReply):
    """The attributes that a started multi-session and its status have in common."""

    __slots__ = ()

    @property
    def total_games(self) -> int | None:
        """The number of games."""
        return self._get_int("data", "total_games")

    @property
    def games(self) -> tuple[MultiSessionGame, ...]:
        """The games in the order of the server."""
        games = self._get("data", "games")
        if not isinstance(games, list):
            return ()
        return tuple(MultiSessionGame(game) for game in games if isinstance(game, dict))

    @property
    def expires_at(self) -> datetime | None:
        """The time at which the multi-session expires. Has a time zone if the server sent one."""
        return self._get_datetime("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "expires_at")


class StartedMultiSession(_MultiSession):
    """A multi-session that was started."""

    __slots__ = ()
    __match_args__ = ("multi_session_id", "swipe_url", "total_games", "expires_at")
    # The id is also the token in the swipe URL, so the `repr` does not show it.
    _repr_fields = ("total_games", "expires_at_text")

    @property
    def multi_session_id(self) -> str:
        """The id for `status` and `end`. Anyone who has it can play: keep it out of logs."""
        return self._get_str("data", "multi_session_id") or ""

    @property
    def swipe_url(self) -> str:
        """The URL to send the player to. Anyone who has it can play: keep it out of logs."""
        return self._get_str("data", "swipe_url") or ""


class MultiSessionStatus(_MultiSession):
    """The status of a multi-session."""

    __slots__ = ()
    __match_args__ = ("status", "current_index", "games")
    _repr_fields = ("status", "total_games", "active_sessions", "current_index")

    @property
    def status(self) -> str:
        """The status, such as `active`."""
        return self._get_str("data", "status") or ""

    @property
    def active_sessions(self) -> int | None:
        """The number of games that are being played."""
        return self._get_int("data", "active_sessions")

    @property
    def current_index(self) -> int | None:
        """The position of the current game, from 0."""
        return self._get_int("data", "current_index")


class EndedMultiSession(EndedSession):
    """A multi-session that was ended."""

    __slots__ = ()


# Only type checkers use the type parameter. Importing `typing` at run time would be slow.
if TYPE_CHECKING:

    class _BulkBase(Immutable, Generic[R]):
        pass

else:

    class _BulkBase(Immutable):
        __slots__ = ()

        def __class_getitem__(cls, item):
            return cls


class BulkResult(_BulkBase["R"]):
    """The result of one call of many: an id with the reply or the error of its call."""

    __slots__ = ("_error", "_id", "_result")
    __match_args__ = ("id", "result", "error")
    _id: str
    _result: R | None
    _error: IPlayGamesError | None

    def __init__(self, id: str, result: R | None, error: IPlayGamesError | None) -> None:
        """Makes a result from an id, and either a reply or an error."""
        set_attribute(self, "_id", id)
        set_attribute(self, "_result", result)
        set_attribute(self, "_error", error)

    @property
    def id(self) -> str:
        """The id of the session."""
        return self._id

    @property
    def result(self) -> R | None:
        """The reply, if the call succeeded."""
        return self._result

    @property
    def error(self) -> IPlayGamesError | None:
        """The error, if the call failed."""
        return self._error

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self._error is None

    def unwrap(self) -> R:
        """Returns the reply, or raises the error."""
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
        value = f"result={self._result!r}" if self.ok else f"error={self._error!r}"
        return f"BulkResult(id={self._id!r}, {value})"
