"""Calls of games: which operations and fields are allowed, and what a game gets as response.

The relay has the paths of the API. So a game uses the ordinary client library, with `base_url` set
to the relay.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iplaygames_native import (
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    IPlayGamesError,
    Operation,
    PermissionDeniedError,
    Reply,
    ValidationError,
)

from .tokens import Player

log = logging.getLogger("relay")

# The fields of a start that a game may choose. The others are the operator's: a game that chooses
# `freespin_count` or `provider` gives its player a present.
GAME_FIELDS = frozenset({"game_id", "game_ids", "locale", "device"})
# The fields that the relay fills in. The values of a game are ignored.
SERVER_FIELDS = frozenset({"player_id", "ip_address", "currency", "country_code"})
STARTS = frozenset({"start_a_game_session", "start_a_multi_session"})
# The operations of one session: only its own player may call them.
OWNED = frozenset({"get_session_status", "end_a_game_session"})
# Operations with no such check are safe for every player. All others change something of the
# operator, or show data of other players.
PUBLIC = frozenset({"list_games", "get_api_v1_games_id"})
SUPPORTED = STARTS | OWNED | PUBLIC

# The form of a call id of the client library.
CALL_ID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)


@dataclass(frozen=True)
class RelayResponse:
    """A response for a game: the status, the JSON text and headers."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, message: str, **more: Any) -> RelayResponse:
    """Returns a response in the API's envelope, which says that nothing was changed."""
    document = {"success": False, "message": message, **more}
    return RelayResponse(status, json.dumps(document, default=_to_json))


def _to_json(value: object) -> Any:
    """Converts a value of an error's body: an immutable mapping or sequence, or a `Decimal`."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Sequence) else str(value)


def invalid_field(name: str, message: str) -> RelayResponse:
    """Returns the response for a field that is not allowed or wrong, as the API does."""
    return refusal(422, message, errors={name: [message]})


class Caller:
    """Makes the calls of players."""

    def __init__(self, client: AsyncClient, *, max_sessions: int = 100_000) -> None:
        """Makes the calls with `client`, and remembers the players of `max_sessions` sessions."""
        self._client = client
        self._max_sessions = max_sessions
        # The player of a session, so that an end needs no further call. Oldest session first.
        self._players: OrderedDict[str, str] = OrderedDict()

    async def call(
        self,
        operation: Operation,
        player: Player,
        ip_address: str,
        arguments: dict[str, Any],
        call_id: str | None,
    ) -> RelayResponse:
        """Makes a call for a player. Returns what the game gets."""
        try:
            if operation.id in STARTS:
                return await self._start(operation, player, ip_address, arguments, call_id)
            if operation.id in OWNED:
                return await self._call_owned(operation, player, arguments, call_id)
            reply = await self._send(operation, arguments, call_id)
        except IPlayGamesError as error:
            return to_response(error, operation)
        return to_reply(reply)

    async def _start(
        self,
        operation: Operation,
        player: Player,
        ip_address: str,
        arguments: dict[str, Any],
        call_id: str | None,
    ) -> RelayResponse:
        names = {param.name for param in operation.params}
        for name in arguments:
            if name not in SERVER_FIELDS and (name not in GAME_FIELDS or name not in names):
                return invalid_field(name, f"The field {name} cannot be set by a game.")
        arguments = {name: arguments[name] for name in arguments if name in GAME_FIELDS}
        arguments |= {
            "player_id": player.player_id,
            "ip_address": ip_address,
            "currency": player.currency,
            "country_code": player.country_code,
        }
        try:
            reply = await self._send(operation, arguments, call_id)
        except IPlayGamesError as error:
            if error.outcome == "unknown":
                log.warning(
                    "A session may exist: player %s, call id %s: %s",
                    player.player_id,
                    error.call_id,
                    error,
                )
            raise
        except asyncio.CancelledError as error:
            # The relay stops, and this call has used up its time.
            log.warning(
                "A start was canceled: player %s, call id %s, outcome %s, session %s",
                player.player_id,
                getattr(error, "call_id", None),
                getattr(error, "outcome", None),
                getattr(error, "session_id", None),
            )
            raise
        session_id = _member(reply, "session_id")
        if session_id is not None:
            self._remember(session_id, player.player_id)
        log.info("%s has started %s, call id %s", player.player_id, session_id, reply.call_id)
        return to_reply(reply)

    async def _call_owned(
        self,
        operation: Operation,
        player: Player,
        arguments: dict[str, Any],
        call_id: str | None,
    ) -> RelayResponse:
        session_id = arguments["session_id"]
        owner, reply = self._players.get(session_id), None
        if owner is None or operation.id == "get_session_status":
            client = self._client_for(call_id)
            reply = await client.call("get_session_status", session_id=session_id)
            owner = _member(reply, "player_id")
            if owner is not None:
                self._remember(session_id, owner)
        if owner != player.player_id:
            # The same response as for a session that does not exist.
            return refusal(404, "Session not found")
        if reply is None or operation.id != "get_session_status":
            reply = await self._send(operation, {"session_id": session_id}, call_id)
        return to_reply(reply)

    async def _send(
        self, operation: Operation, arguments: dict[str, Any], call_id: str | None
    ) -> Reply:
        return await self._client_for(call_id).call(operation.id, **arguments)

    def _client_for(self, call_id: str | None) -> AsyncClient:
        """Returns a client that sends the game's own call id, so that both logs have the same id.

        A copy shares the connections of the client.
        """
        if call_id is None or not CALL_ID.fullmatch(call_id):
            return self._client
        return self._client.with_options(call_id=call_id)

    def _remember(self, session_id: str, player_id: str) -> None:
        self._players[session_id] = player_id
        self._players.move_to_end(session_id)
        if len(self._players) > self._max_sessions:
            self._players.popitem(last=False)


def _member(reply: Reply, name: str) -> str | None:
    value = reply["data"].get(name) if "data" in reply else None
    return value if isinstance(value, str) else None


def to_reply(reply: Reply) -> RelayResponse:
    """Returns the API's own document for a game."""
    return RelayResponse(reply.status_code or 200, reply.json, {"X-Request-Id": reply.call_id})


def to_response(error: IPlayGamesError, operation: Operation) -> RelayResponse:
    """Returns the response for a call that failed.

    Its status keeps the outcome of a start: the client library in the game reports the same outcome
    as the relay's. An end may become `unknown`; it is safe to repeat.
    """
    headers = {} if error.call_id is None else {"X-Request-Id": error.call_id}
    if isinstance(error, ValidationError):
        response = invalid_field(error.parameter or "arguments", error.message)
    elif isinstance(error, (AuthenticationError, PermissionDeniedError)):
        # The operator's key is refused. The game must not take this for its own token.
        log.error("The API refuses the key of the relay: %s", error)
        response = refusal(503, "The service is unavailable.")
    elif error.outcome == "unknown":
        status = 504 if isinstance(error, APITimeoutError) else 502
        response = refusal(status, "The service did not answer.")
    elif error.outcome == "not_sent":
        # After a start, a 503 in the API's envelope says that nothing was changed.
        log.warning("%s was not sent: %s", operation.id, error)
        response = refusal(503, "The service cannot be reached.")
    else:
        errors = error.body.get("errors") if isinstance(error.body, Mapping) else None
        more = {"errors": errors} if errors else {}
        response = refusal(error.status_code or 503, error.message, **more)
        if error.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return RelayResponse(response.status, response.text, headers)
