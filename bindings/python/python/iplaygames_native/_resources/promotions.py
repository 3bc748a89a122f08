"""The calls of `client.promotions`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._reply import Reply
from .._resource import AsyncResource, Resource, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from typing import Any

    from ._raw import AsyncPromotionsWithRawResponse, PromotionsWithRawResponse


class Promotions(Resource):
    """The calls for promotions. Returned by `Client.promotions`."""

    @property
    def with_raw_response(self) -> PromotionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: PromotionsWithRawResponse = self._with_raw_response()
        return raw

    def list(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the operator's promotions.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.list()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "list_promotions_for_the_operator",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def create(
        self,
        *,
        name: str,
        promotion_type: str,
        cycle_type: str,
        description: str | None = None,
        image_url: str | None = None,
        terms_and_conditions: str | None = None,
        starts_at: datetime | date | str | None = None,
        ends_at: datetime | date | str | None = None,
        timezone: str | None = None,
        prize_distribution: Mapping[str, Any] | None = None,
        total_prize_pool: Decimal | int | float | None = None,
        prize_currency: str | None = None,
        winner_count: int | None = None,
        entry_config: Mapping[str, Any] | None = None,
        game_filter_enabled: bool | None = None,
        producer_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        is_featured: bool | None = None,
        game_ids: Sequence[int] | None = None,
        producer_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Creates a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.create(…)

        Args:
            name: The name, at most 255 characters.
            promotion_type: The type of the promotion. The API defines no list of values.
            cycle_type: The cycle of the promotion, such as `daily`. The API defines no list of
                values.
            description: The description.
            image_url: The URL of the image.
            terms_and_conditions: The terms and conditions.
            starts_at: The time of the start.
            ends_at: The time of the end, after the start.
            timezone: The time zone, such as `Europe/Berlin`.
            prize_distribution: How the prizes are distributed.
            total_prize_pool: The sum of the prizes, at least 0.
            prize_currency: The currency code of the prizes.
            winner_count: The number of winners, at least 1.
            entry_config: The rules of the entry.
            game_filter_enabled: Whether only the chosen games count.
            producer_filter_enabled: Whether only games of the chosen studios count.
            webhook_enabled: Whether the API sends webhooks.
            is_featured: Whether the promotion is featured.
            game_ids: The ids of the games.
            producer_ids: The ids of the studios.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "create_a_new_promotion",
            Reply,
            without_none(
                {
                    "name": name,
                    "promotion_type": promotion_type,
                    "cycle_type": cycle_type,
                    "description": description,
                    "image_url": image_url,
                    "terms_and_conditions": terms_and_conditions,
                    "starts_at": starts_at,
                    "ends_at": ends_at,
                    "timezone": timezone,
                    "prize_distribution": prize_distribution,
                    "total_prize_pool": total_prize_pool,
                    "prize_currency": prize_currency,
                    "winner_count": winner_count,
                    "entry_config": entry_config,
                    "game_filter_enabled": game_filter_enabled,
                    "producer_filter_enabled": producer_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "is_featured": is_featured,
                    "game_ids": game_ids,
                    "producer_ids": producer_ids,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def delete(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Deletes a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.delete(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "delete_a_promotion", Reply, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    def get(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.get(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_a_specific_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def update(
        self,
        id: str | int,
        *,
        name: str | None = None,
        description: str | None = None,
        image_url: str | None = None,
        terms_and_conditions: str | None = None,
        ends_at: datetime | date | str | None = None,
        prize_distribution: Mapping[str, Any] | None = None,
        total_prize_pool: Decimal | int | float | None = None,
        winner_count: int | None = None,
        entry_config: Mapping[str, Any] | None = None,
        game_filter_enabled: bool | None = None,
        producer_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        is_active: bool | None = None,
        is_featured: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Changes a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.update(id)

        Args:
            id: The id of the promotion.
            name: The name, at most 255 characters.
            description: The description.
            image_url: The URL of the image.
            terms_and_conditions: The terms and conditions.
            ends_at: The time of the end, after the start.
            prize_distribution: How the prizes are distributed.
            total_prize_pool: The sum of the prizes, at least 0.
            winner_count: The number of winners, at least 1.
            entry_config: The rules of the entry.
            game_filter_enabled: Whether only the chosen games count.
            producer_filter_enabled: Whether only games of the chosen studios count.
            webhook_enabled: Whether the API sends webhooks.
            is_active: Whether the promotion is active.
            is_featured: Whether the promotion is featured.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "update_a_promotion",
            Reply,
            without_none(
                {
                    "id": id,
                    "name": name,
                    "description": description,
                    "image_url": image_url,
                    "terms_and_conditions": terms_and_conditions,
                    "ends_at": ends_at,
                    "prize_distribution": prize_distribution,
                    "total_prize_pool": total_prize_pool,
                    "winner_count": winner_count,
                    "entry_config": entry_config,
                    "game_filter_enabled": game_filter_enabled,
                    "producer_filter_enabled": producer_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "is_active": is_active,
                    "is_featured": is_featured,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def set_games(
        self,
        id: str | int,
        *,
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Chooses the games of a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.set_games(id)

        Args:
            id: The id of the promotion.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "manage_games_for_a_promotion",
            Reply,
            without_none({"id": id, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def get_leaderboard(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads a promotion's leaderboard.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.get_leaderboard(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_leaderboard_for_a_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_winners(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists a promotion's winners.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.list_winners(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_winners_for_a_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def distribute_prizes(
        self,
        id: str | int,
        period_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Pays the prizes of one promotion period now.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.distribute_prizes(id, period_id)

        Args:
            id: The id of the promotion.
            period_id: The id of the period.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "manually_distribute_prizes_for_a_period",
            Reply,
            {"id": id, "periodId": period_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def opt_in(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lets the operator (not a player) join a platform-wide promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.opt_in(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "opt_in_operator_to_a_platformnetwork_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def opt_out(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lets the operator (not a player) leave a platform-wide promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.promotions.opt_out(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "opt_out_operator_from_a_platformnetwork_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncPromotions(AsyncResource):
    """The calls for promotions. Returned by `AsyncClient.promotions`."""

    @property
    def with_raw_response(self) -> AsyncPromotionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncPromotionsWithRawResponse = self._with_raw_response()
        return raw

    async def list(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the operator's promotions.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.list()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "list_promotions_for_the_operator",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def create(
        self,
        *,
        name: str,
        promotion_type: str,
        cycle_type: str,
        description: str | None = None,
        image_url: str | None = None,
        terms_and_conditions: str | None = None,
        starts_at: datetime | date | str | None = None,
        ends_at: datetime | date | str | None = None,
        timezone: str | None = None,
        prize_distribution: Mapping[str, Any] | None = None,
        total_prize_pool: Decimal | int | float | None = None,
        prize_currency: str | None = None,
        winner_count: int | None = None,
        entry_config: Mapping[str, Any] | None = None,
        game_filter_enabled: bool | None = None,
        producer_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        is_featured: bool | None = None,
        game_ids: Sequence[int] | None = None,
        producer_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Creates a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.create(…)

        Args:
            name: The name, at most 255 characters.
            promotion_type: The type of the promotion. The API defines no list of values.
            cycle_type: The cycle of the promotion, such as `daily`. The API defines no list of
                values.
            description: The description.
            image_url: The URL of the image.
            terms_and_conditions: The terms and conditions.
            starts_at: The time of the start.
            ends_at: The time of the end, after the start.
            timezone: The time zone, such as `Europe/Berlin`.
            prize_distribution: How the prizes are distributed.
            total_prize_pool: The sum of the prizes, at least 0.
            prize_currency: The currency code of the prizes.
            winner_count: The number of winners, at least 1.
            entry_config: The rules of the entry.
            game_filter_enabled: Whether only the chosen games count.
            producer_filter_enabled: Whether only games of the chosen studios count.
            webhook_enabled: Whether the API sends webhooks.
            is_featured: Whether the promotion is featured.
            game_ids: The ids of the games.
            producer_ids: The ids of the studios.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "create_a_new_promotion",
            Reply,
            without_none(
                {
                    "name": name,
                    "promotion_type": promotion_type,
                    "cycle_type": cycle_type,
                    "description": description,
                    "image_url": image_url,
                    "terms_and_conditions": terms_and_conditions,
                    "starts_at": starts_at,
                    "ends_at": ends_at,
                    "timezone": timezone,
                    "prize_distribution": prize_distribution,
                    "total_prize_pool": total_prize_pool,
                    "prize_currency": prize_currency,
                    "winner_count": winner_count,
                    "entry_config": entry_config,
                    "game_filter_enabled": game_filter_enabled,
                    "producer_filter_enabled": producer_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "is_featured": is_featured,
                    "game_ids": game_ids,
                    "producer_ids": producer_ids,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def delete(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Deletes a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.delete(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "delete_a_promotion", Reply, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    async def get(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.get(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_a_specific_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def update(
        self,
        id: str | int,
        *,
        name: str | None = None,
        description: str | None = None,
        image_url: str | None = None,
        terms_and_conditions: str | None = None,
        ends_at: datetime | date | str | None = None,
        prize_distribution: Mapping[str, Any] | None = None,
        total_prize_pool: Decimal | int | float | None = None,
        winner_count: int | None = None,
        entry_config: Mapping[str, Any] | None = None,
        game_filter_enabled: bool | None = None,
        producer_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        is_active: bool | None = None,
        is_featured: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Changes a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.update(id)

        Args:
            id: The id of the promotion.
            name: The name, at most 255 characters.
            description: The description.
            image_url: The URL of the image.
            terms_and_conditions: The terms and conditions.
            ends_at: The time of the end, after the start.
            prize_distribution: How the prizes are distributed.
            total_prize_pool: The sum of the prizes, at least 0.
            winner_count: The number of winners, at least 1.
            entry_config: The rules of the entry.
            game_filter_enabled: Whether only the chosen games count.
            producer_filter_enabled: Whether only games of the chosen studios count.
            webhook_enabled: Whether the API sends webhooks.
            is_active: Whether the promotion is active.
            is_featured: Whether the promotion is featured.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "update_a_promotion",
            Reply,
            without_none(
                {
                    "id": id,
                    "name": name,
                    "description": description,
                    "image_url": image_url,
                    "terms_and_conditions": terms_and_conditions,
                    "ends_at": ends_at,
                    "prize_distribution": prize_distribution,
                    "total_prize_pool": total_prize_pool,
                    "winner_count": winner_count,
                    "entry_config": entry_config,
                    "game_filter_enabled": game_filter_enabled,
                    "producer_filter_enabled": producer_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "is_active": is_active,
                    "is_featured": is_featured,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def set_games(
        self,
        id: str | int,
        *,
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Chooses the games of a promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.set_games(id)

        Args:
            id: The id of the promotion.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "manage_games_for_a_promotion",
            Reply,
            without_none({"id": id, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def get_leaderboard(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads a promotion's leaderboard.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.get_leaderboard(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_leaderboard_for_a_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def list_winners(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists a promotion's winners.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.list_winners(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_winners_for_a_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def distribute_prizes(
        self,
        id: str | int,
        period_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Pays the prizes of one promotion period now.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.distribute_prizes(id, period_id)

        Args:
            id: The id of the promotion.
            period_id: The id of the period.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "manually_distribute_prizes_for_a_period",
            Reply,
            {"id": id, "periodId": period_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def opt_in(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lets the operator (not a player) join a platform-wide promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.opt_in(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "opt_in_operator_to_a_platformnetwork_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def opt_out(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lets the operator (not a player) leave a platform-wide promotion.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.promotions.opt_out(id)

        Args:
            id: The id of the promotion.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "opt_out_operator_from_a_platformnetwork_promotion",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
