"""The calls of `client.freespins`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._models_freespins import CanceledFreespin, Freespin
from .._resource import AsyncResource, Resource, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from typing import Any

    from ._raw import AsyncFreespinsWithRawResponse, FreespinsWithRawResponse


class Freespins(Resource):
    """The calls for free spins that need no session. Returned by `Client.freespins`."""

    @property
    def with_raw_response(self) -> FreespinsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: FreespinsWithRawResponse = self._with_raw_response()
        return raw

    def create(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        freespin_id: str,
        freespin_count: int,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        provider: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Freespin:
        """Grants free spins that the player's next session will use.

        Example:
            result = client.freespins.create(…)

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            freespin_id: The operator's id of the free spins.
            freespin_count: The number of free spins, 1 to 1,000.
            freespin_bet_amount: The bet of one spin in currency units. A decimal keeps its digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            provider: The provider to use, if the account may choose a provider.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "create_a_standalone_freespin",
            Freespin,
            without_none(
                {
                    "game_id": game_id,
                    "player_id": player_id,
                    "currency": currency,
                    "freespin_id": freespin_id,
                    "freespin_count": freespin_count,
                    "freespin_bet_amount": freespin_bet_amount,
                    "expire_days": expire_days,
                    "provider": provider,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def cancel(
        self,
        freespin_id: str | int,
        *,
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> CanceledFreespin:
        """Cancels granted free spins.

        Example:
            result = client.freespins.cancel(freespin_id)

        Args:
            freespin_id: The operator's id of the free spins.
            reason: The reason.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "cancel_a_standalone_freespin",
            CanceledFreespin,
            without_none({"freespin_id": freespin_id, "reason": reason}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncFreespins(AsyncResource):
    """The calls for free spins that need no session. Returned by `AsyncClient.freespins`."""

    @property
    def with_raw_response(self) -> AsyncFreespinsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncFreespinsWithRawResponse = self._with_raw_response()
        return raw

    async def create(
        self,
        *,
        game_id: int,
        player_id: str,
        currency: str,
        freespin_id: str,
        freespin_count: int,
        freespin_bet_amount: Decimal | int | float | str | None = None,
        expire_days: int | None = None,
        provider: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Freespin:
        """Grants free spins that the player's next session will use.

        Example:
            result = await client.freespins.create(…)

        Args:
            game_id: The id of the game.
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            freespin_id: The operator's id of the free spins.
            freespin_count: The number of free spins, 1 to 1,000.
            freespin_bet_amount: The bet of one spin in currency units. A decimal keeps its digits.
            expire_days: The number of days that the free spins are valid, 1 to 30.
            provider: The provider to use, if the account may choose a provider.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "create_a_standalone_freespin",
            Freespin,
            without_none(
                {
                    "game_id": game_id,
                    "player_id": player_id,
                    "currency": currency,
                    "freespin_id": freespin_id,
                    "freespin_count": freespin_count,
                    "freespin_bet_amount": freespin_bet_amount,
                    "expire_days": expire_days,
                    "provider": provider,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def cancel(
        self,
        freespin_id: str | int,
        *,
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> CanceledFreespin:
        """Cancels granted free spins.

        Example:
            result = await client.freespins.cancel(freespin_id)

        Args:
            freespin_id: The operator's id of the free spins.
            reason: The reason.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "cancel_a_standalone_freespin",
            CanceledFreespin,
            without_none({"freespin_id": freespin_id, "reason": reason}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
