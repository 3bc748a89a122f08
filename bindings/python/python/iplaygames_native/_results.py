"""The typed results of calls: immutable, comparable and picklable.

A `repr` shows neither a token nor a URL that contains a token. The attribute `raw` has the values
of a response that no other attribute returns, and the values of an unexpected type.
"""

from __future__ import annotations

from ._model import Model
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class StartedSession(Reply):
    """A session that was started."""

    __slots__ = ()
    __match_args__ = ("session_id", "game_url", "session_token", "expires_at")
    _fields = {
        "session_id": ("str", "data", "session_id"),
        "game_url": ("str", "data", "game_url"),
        "session_token": ("str", "data", "session_token"),
        "expires_at": ("datetime", "data", "expires_at"),
    }
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


class SessionStatus(Reply):
    """The status of a session."""

    __slots__ = ()
    __match_args__ = ("session_id", "status", "player_id", "game_id")
    _fields = {
        "session_id": ("str", "data", "session_id"),
        "status": ("str", "data", "status"),
        "player_id": ("str", "data", "player_id"),
        "game_id": ("int", "data", "game", "id"),
        "game_title": ("str", "data", "game", "title"),
        "started_at": ("datetime", "data", "started_at"),
        "last_activity": ("datetime", "data", "last_activity"),
    }
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


class EndedSession(Reply):
    """A session that was ended."""

    __slots__ = ()
    __match_args__ = ("message", "already_ended")
    _fields = {
        "message": ("str", "message"),
        "already_ended": ("bool", "already_ended"),
    }
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


class MultiSessionGame(Model):
    """One game of a multi-session."""

    __slots__ = ()
    __match_args__ = ("position", "game_name", "status")
    _fields = {
        "position": ("int", "position"),
        "game_name": ("str", "game_name"),
        "game_image": ("str", "game_image"),
        "status": ("str", "status"),
    }
    _repr_fields = ("position", "game_name", "status")

    @property
    def position(self) -> int | None:
        """The position of the game, from 0."""
        return self._get_int("position")

    @property
    def game_name(self) -> str | None:
        """The name of the game."""
        return self._get_str("game_name")

    @property
    def game_image(self) -> str | None:
        """The URL of the game's image. Only the start returns it."""
        return self._get_str("game_image")

    @property
    def status(self) -> str | None:
        """The status of the game, such as `ready`. Only the status call returns it."""
        return self._get_str("status")


class _MultiSession(Reply):
    """The attributes that a started multi-session and its status have in common."""

    __slots__ = ()

    @property
    def total_games(self) -> int | None:
        """The number of games."""
        return self._get_int("data", "total_games")

    @property
    def games(self) -> tuple[MultiSessionGame, ...]:
        """The games in the order of the server."""
        return self._get_models(MultiSessionGame, "data", "games")

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
    _fields = {
        "multi_session_id": ("str", "data", "multi_session_id"),
        "swipe_url": ("str", "data", "swipe_url"),
        "total_games": ("int", "data", "total_games"),
        "games": ("models", "data", "games"),
        "expires_at": ("datetime", "data", "expires_at"),
    }
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
    _fields = {
        "status": ("str", "data", "status"),
        "total_games": ("int", "data", "total_games"),
        "active_sessions": ("int", "data", "active_sessions"),
        "current_index": ("int", "data", "current_index"),
        "games": ("models", "data", "games"),
        "expires_at": ("datetime", "data", "expires_at"),
    }
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
