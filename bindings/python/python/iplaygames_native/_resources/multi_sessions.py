"""The calls of `client.multi_sessions`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._resource import AsyncResource, Resource, without_none
from .._results import EndedMultiSession, MultiSessionStatus, StartedMultiSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

    from ._raw import AsyncMultiSessionsWithRawResponse, MultiSessionsWithRawResponse


class MultiSessions(Resource):
    """The calls for multi-sessions, which are sets of games to swipe through.

    Returned by `Client.multi_sessions`.
    """

    @property
    def with_raw_response(self) -> MultiSessionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: MultiSessionsWithRawResponse = self._with_raw_response()
        return raw

    def start(
        self,
        *,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        game_ids: Sequence[str | int] | None = None,
        locale: str | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> StartedMultiSession:
        """Starts a swipeable set of games for a player.

        Never sent twice. After a failure with the outcome `unknown` a multi-session may exist.

        Example:
            result = client.multi_sessions.start(…)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            country_code: The player's country, a code of two letters.
            ip_address: The player's IPv4 or IPv6 address.
            game_ids: The ids of the games. Default: the server chooses the games.
            locale: The language of the games, such as `en`.
            device: `desktop`, `mobile` or `tablet`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "start_a_multi_session",
            StartedMultiSession,
            without_none(
                {
                    "player_id": player_id,
                    "currency": currency,
                    "country_code": country_code,
                    "ip_address": ip_address,
                    "game_ids": game_ids,
                    "locale": locale,
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
        multi_session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> MultiSessionStatus:
        """Checks a multi-session and each of its games.

        Example:
            result = client.multi_sessions.status(multi_session_id)

        Args:
            multi_session_id: The id of the multi-session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_multi_session_status",
            MultiSessionStatus,
            {"token": multi_session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def end(
        self,
        multi_session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> EndedMultiSession:
        """Ends a multi-session and every game in it.

        The call is retried after a lost response. If the multi-session has ended by then, the call
        succeeds.

        Example:
            result = client.multi_sessions.end(multi_session_id)

        Args:
            multi_session_id: The id of the multi-session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "end_multi_session",
            EndedMultiSession,
            {"token": multi_session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncMultiSessions(AsyncResource):
    """The calls for multi-sessions, which are sets of games to swipe through.

    Returned by `AsyncClient.multi_sessions`.
    """

    @property
    def with_raw_response(self) -> AsyncMultiSessionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncMultiSessionsWithRawResponse = self._with_raw_response()
        return raw

    async def start(
        self,
        *,
        player_id: str,
        currency: str,
        country_code: str,
        ip_address: str | IPv4Address | IPv6Address,
        game_ids: Sequence[str | int] | None = None,
        locale: str | None = None,
        device: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> StartedMultiSession:
        """Starts a swipeable set of games for a player.

        Never sent twice. After a failure with the outcome `unknown` a multi-session may exist.

        Example:
            result = await client.multi_sessions.start(…)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            country_code: The player's country, a code of two letters.
            ip_address: The player's IPv4 or IPv6 address.
            game_ids: The ids of the games. Default: the server chooses the games.
            locale: The language of the games, such as `en`.
            device: `desktop`, `mobile` or `tablet`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "start_a_multi_session",
            StartedMultiSession,
            without_none(
                {
                    "player_id": player_id,
                    "currency": currency,
                    "country_code": country_code,
                    "ip_address": ip_address,
                    "game_ids": game_ids,
                    "locale": locale,
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
        multi_session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> MultiSessionStatus:
        """Checks a multi-session and each of its games.

        Example:
            result = await client.multi_sessions.status(multi_session_id)

        Args:
            multi_session_id: The id of the multi-session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_multi_session_status",
            MultiSessionStatus,
            {"token": multi_session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def end(
        self,
        multi_session_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> EndedMultiSession:
        """Ends a multi-session and every game in it.

        The call is retried after a lost response. If the multi-session has ended by then, the call
        succeeds.

        Example:
            result = await client.multi_sessions.end(multi_session_id)

        Args:
            multi_session_id: The id of the multi-session.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "end_multi_session",
            EndedMultiSession,
            {"token": multi_session_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
