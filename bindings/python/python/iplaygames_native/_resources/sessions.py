"""The calls of `client.sessions`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._resource import AsyncResource, Resource, without_none
from .._results import EndedSession, SessionStatus, StartedSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

    from ._raw import AsyncSessionCallsWithRawResponse, SessionCallsWithRawResponse


class SessionCalls(Resource):
    """The calls for game sessions. Returned by `Client.sessions`."""

    @property
    def with_raw_response(self) -> SessionCallsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: SessionCallsWithRawResponse = self._with_raw_response()
        return raw

    def start(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        ip_address: str | IPv4Address | IPv6Address,
        country_code: str,
        return_url: str | None = None,
        locale: str | None = None,
        provider: str | None = None,
        freespin_id: str | None = None,
        freespin_count: int | None = None,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> StartedSession:
        """Starts a game session for a player.

        Never sent twice. After a failure with the outcome `unknown` a session may exist.

        Example:
            result = client.sessions.start(…)

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            ip_address: The player's IPv4 or IPv6 address.
            country_code: The player's country, a code of two letters.
            return_url: The URL that the player returns to after the game.
            locale: The language of the game, such as `en`.
            provider: The provider to use, if the account may choose a provider.
            freespin_id: The id of the free-spin bonus.
            freespin_count: The number of free spins.
            freespin_bet_amount: The bet of one spin in currency units. A decimal keeps its digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            device: `desktop` or `mobile`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "start_a_game_session",
            StartedSession,
            without_none(
                {
                    "game_id": game_id,
                    "player_id": player_id,
                    "currency": currency,
                    "ip_address": ip_address,
                    "country_code": country_code,
                    "return_url": return_url,
                    "locale": locale,
                    "provider": provider,
                    "freespin_id": freespin_id,
                    "freespin_count": freespin_count,
                    "freespin_bet_amount": freespin_bet_amount,
                    "expire_days": expire_days,
                    "device": device,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def status(
        self,
        session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> SessionStatus:
        """Checks a game session.

        Example:
            result = client.sessions.status(session_id)

        Args:
            session_id: The id of the session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_session_status",
            SessionStatus,
            {"session_id": session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def end(
        self,
        session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> EndedSession:
        """Ends a game session.

        The call is retried after a lost response. If the session has ended by then, the call
        succeeds.

        Example:
            result = client.sessions.end(session_id)

        Args:
            session_id: The id of the session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "end_a_game_session",
            EndedSession,
            {"session_id": session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncSessionCalls(AsyncResource):
    """The calls for game sessions. Returned by `AsyncClient.sessions`."""

    @property
    def with_raw_response(self) -> AsyncSessionCallsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncSessionCallsWithRawResponse = self._with_raw_response()
        return raw

    async def start(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        ip_address: str | IPv4Address | IPv6Address,
        country_code: str,
        return_url: str | None = None,
        locale: str | None = None,
        provider: str | None = None,
        freespin_id: str | None = None,
        freespin_count: int | None = None,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> StartedSession:
        """Starts a game session for a player.

        Never sent twice. After a failure with the outcome `unknown` a session may exist.

        Example:
            result = await client.sessions.start(…)

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            ip_address: The player's IPv4 or IPv6 address.
            country_code: The player's country, a code of two letters.
            return_url: The URL that the player returns to after the game.
            locale: The language of the game, such as `en`.
            provider: The provider to use, if the account may choose a provider.
            freespin_id: The id of the free-spin bonus.
            freespin_count: The number of free spins.
            freespin_bet_amount: The bet of one spin in currency units. A decimal keeps its digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            device: `desktop` or `mobile`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "start_a_game_session",
            StartedSession,
            without_none(
                {
                    "game_id": game_id,
                    "player_id": player_id,
                    "currency": currency,
                    "ip_address": ip_address,
                    "country_code": country_code,
                    "return_url": return_url,
                    "locale": locale,
                    "provider": provider,
                    "freespin_id": freespin_id,
                    "freespin_count": freespin_count,
                    "freespin_bet_amount": freespin_bet_amount,
                    "expire_days": expire_days,
                    "device": device,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def status(
        self,
        session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> SessionStatus:
        """Checks a game session.

        Example:
            result = await client.sessions.status(session_id)

        Args:
            session_id: The id of the session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_session_status",
            SessionStatus,
            {"session_id": session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def end(
        self,
        session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> EndedSession:
        """Ends a game session.

        The call is retried after a lost response. If the session has ended by then, the call
        succeeds.

        Example:
            result = await client.sessions.end(session_id)

        Args:
            session_id: The id of the session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "end_a_game_session",
            EndedSession,
            {"session_id": session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
