"""The calls of `client.jackpot`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._options import to_overrides
from .._page import RowPage
from .._pager import AsyncPager, Pager
from .._reply import Reply
from .._resource import AsyncResource, Resource, to_arguments, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from typing import Any, Literal

    from .._model import Row
    from .._param_types import PrizeTierParam
    from ._raw import AsyncJackpotWithRawResponse, JackpotWithRawResponse


class Jackpot(Resource):
    """The calls for jackpot pools, their settings and contributions.

    Returned by `Client.jackpot`.
    """

    @property
    def with_raw_response(self) -> JackpotWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: JackpotWithRawResponse = self._with_raw_response()
        return raw

    def configure(
        self,
        *,
        is_enabled: bool | None = None,
        pool_types: Sequence[Literal["daily", "weekly", "monthly", "grand_prize"]] | None = None,
        casino_cut_percentage: Decimal | int | float | None = None,
        winner_count: int | None = None,
        distribution_method: Literal["weighted", "random"] | None = None,
        weight_calculation: Literal["contribution_sum", "bet_count"] | None = None,
        prize_tiers: Sequence[PrizeTierParam] | None = None,
        game_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        reminder_hours_before: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Saves the operator's jackpot settings.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.configure()

        Args:
            is_enabled: Whether the jackpot is enabled.
            pool_types: The types of the pools.
            casino_cut_percentage: The share that the operator keeps, 0 to 0.9.
            winner_count: The number of winners, 1 to 10,000.
            distribution_method: How winners are drawn.
            weight_calculation: What the weight of a player is calculated from.
            prize_tiers: The tiers of prizes.
            game_filter_enabled: Whether only the chosen games count.
            webhook_enabled: Whether the API sends webhooks.
            reminder_hours_before: The hours between the reminder and the end, 1 to 168.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "configure_jackpot_settings_for_the_operator",
            Reply,
            without_none(
                {
                    "is_enabled": is_enabled,
                    "pool_types": pool_types,
                    "casino_cut_percentage": casino_cut_percentage,
                    "winner_count": winner_count,
                    "distribution_method": distribution_method,
                    "weight_calculation": weight_calculation,
                    "prize_tiers": prize_tiers,
                    "game_filter_enabled": game_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "reminder_hours_before": reminder_hours_before,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def get_configuration(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads the operator's jackpot settings and the games they cover.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.get_configuration()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_current_configuration_with_games",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def remove_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"],
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Takes games out of a jackpot pool type.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.remove_games(…)

        Args:
            pool_type: The type of the pool.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "remove_games_from_a_jackpot_pool_type",
            Reply,
            without_none({"pool_type": pool_type, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the games of one jackpot pool type, or of all of them.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.list_games()

        Args:
            pool_type: The type of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_games_for_a_pool_type_or_all_pool_types",
            Reply,
            without_none({"pool_type": pool_type}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def add_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"],
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Puts games into a jackpot pool type.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.add_games(…)

        Args:
            pool_type: The type of the pool.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "add_games_to_a_jackpot_pool_type",
            Reply,
            without_none({"pool_type": pool_type, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def contribute(
        self,
        *,
        player_id: str,
        currency: str,
        amount: Decimal | int | float,
        type: Literal["daily", "weekly", "monthly", "grand_prize"],
        transaction_id: str,
        game_id: int | None = None,
        external_game_id: str | None = None,
        game_session_id: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Books one player's contribution to a jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.contribute(…)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code of the amount.
            amount: The amount in currency units, 0.01 to 10,000,000.
            type: The type of the pool.
            transaction_id: The operator's id of the transaction, at most 255 characters.
            game_id: The id of the game.
            external_game_id: The operator's id of the external game, at most 100 characters.
            game_session_id: The number of the game session. It is not the id that a start returns.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "add_a_contribution_to_a_jackpot_pool",
            Reply,
            without_none(
                {
                    "player_id": player_id,
                    "currency": currency,
                    "amount": amount,
                    "type": type,
                    "transaction_id": transaction_id,
                    "game_id": game_id,
                    "external_game_id": external_game_id,
                    "game_session_id": game_session_id,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_contributions(
        self,
        *,
        player_id: str,
        currency: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[Row, RowPage]:
        """Lists what one player has contributed to jackpots.

        Example:
            for row in client.jackpot.list_contributions(…):
                print(row)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            limit: The number of rows on a page, 1 to 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "get_player_contribution_history",
            RowPage,
            "offset",
            to_arguments(
                {"player_id": player_id, "currency": currency, "limit": limit, "offset": offset},
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def list_pools(
        self,
        *,
        currency: str | None = None,
        status: Literal["active", "released", "expired"] | None = None,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the operator's jackpot pools.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.list_pools()

        Args:
            currency: The currency code, such as `USD`.
            status: The status of the pools.
            pool_type: The type of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "list_operators_jackpot_pools",
            Reply,
            without_none({"currency": currency, "status": status, "pool_type": pool_type}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def get_pool(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.get_pool(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_pool_details",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_winners(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the winners of one jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.list_winners(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_pool_winners",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def release_pool(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Pays a jackpot pool out now.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.release_pool(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "manually_trigger_pool_release",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def set_pool_expiration(
        self,
        pool_id: str | int,
        *,
        expires_at: datetime | date | str,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Sets when a grand-prize pool runs out.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.set_pool_expiration(pool_id, …)

        Args:
            pool_id: The id of the pool.
            expires_at: The time at which the pool expires.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "set_grand_prize_expiration_date",
            Reply,
            {"poolId": pool_id, "expires_at": expires_at},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def set_pool_live_mode(
        self,
        pool_id: str | int,
        *,
        is_live_mode: bool,
        live_mode_window_seconds: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Switches a pool's live mode and set its time window.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.set_pool_live_mode(pool_id, …)

        Args:
            pool_id: The id of the pool.
            is_live_mode: Whether the live mode is on.
            live_mode_window_seconds: The length of the window in seconds, 10 to 300.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "configure_live_mode_settings_for_a_pool",
            Reply,
            without_none(
                {
                    "poolId": pool_id,
                    "is_live_mode": is_live_mode,
                    "live_mode_window_seconds": live_mode_window_seconds,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_targeted_players(
        self,
        *,
        pool_type: Literal["grand_prize", "mega", "major", "minor", "mini"] | None = None,
        currency: str | None = None,
        active_only: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[Row, RowPage]:
        """Lists the targeted-player rules.

        Example:
            for row in client.jackpot.list_targeted_players():
                print(row)

        Args:
            pool_type: The type of the pool.
            currency: The currency code, such as `USD`.
            active_only: Whether to list only active rules.
            limit: The number of rows on a page, 1 to 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "list_targeted_players_for_operator",
            RowPage,
            "offset",
            to_arguments(
                {
                    "pool_type": pool_type,
                    "currency": currency,
                    "active_only": active_only,
                    "limit": limit,
                    "offset": offset,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def create_targeted_player(
        self,
        *,
        player_id: str,
        pool_type: Literal["grand_prize", "mega", "major", "minor", "mini"],
        currency: str,
        threshold_amount: Decimal | int | float,
        threshold_variance: Decimal | int | float | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds a targeted-player rule.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.create_targeted_player(…)

        Args:
            player_id: The operator's id of the player.
            pool_type: The type of the pool.
            currency: The currency code, such as `USD`.
            threshold_amount: The amount from which on the rule applies, at least 1.
            threshold_variance: The variance of that amount, at least 0.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "create_a_targeted_player_configuration",
            Reply,
            without_none(
                {
                    "player_id": player_id,
                    "pool_type": pool_type,
                    "currency": currency,
                    "threshold_amount": threshold_amount,
                    "threshold_variance": threshold_variance,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def deactivate_targeted_player(
        self,
        targeted_player_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Turns a targeted-player rule off.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.deactivate_targeted_player(targeted_player_id)

        Args:
            targeted_player_id: The id of the rule.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "deactivate_a_targeted_player_configuration",
            Reply,
            {"targetedPlayerId": targeted_player_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def get_targeted_player(
        self,
        targeted_player_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one targeted-player rule.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.jackpot.get_targeted_player(targeted_player_id)

        Args:
            targeted_player_id: The id of the rule.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_targeted_player_details",
            Reply,
            {"targetedPlayerId": targeted_player_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncJackpot(AsyncResource):
    """The calls for jackpot pools, their settings and contributions.

    Returned by `AsyncClient.jackpot`.
    """

    @property
    def with_raw_response(self) -> AsyncJackpotWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncJackpotWithRawResponse = self._with_raw_response()
        return raw

    async def configure(
        self,
        *,
        is_enabled: bool | None = None,
        pool_types: Sequence[Literal["daily", "weekly", "monthly", "grand_prize"]] | None = None,
        casino_cut_percentage: Decimal | int | float | None = None,
        winner_count: int | None = None,
        distribution_method: Literal["weighted", "random"] | None = None,
        weight_calculation: Literal["contribution_sum", "bet_count"] | None = None,
        prize_tiers: Sequence[PrizeTierParam] | None = None,
        game_filter_enabled: bool | None = None,
        webhook_enabled: bool | None = None,
        reminder_hours_before: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Saves the operator's jackpot settings.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.configure()

        Args:
            is_enabled: Whether the jackpot is enabled.
            pool_types: The types of the pools.
            casino_cut_percentage: The share that the operator keeps, 0 to 0.9.
            winner_count: The number of winners, 1 to 10,000.
            distribution_method: How winners are drawn.
            weight_calculation: What the weight of a player is calculated from.
            prize_tiers: The tiers of prizes.
            game_filter_enabled: Whether only the chosen games count.
            webhook_enabled: Whether the API sends webhooks.
            reminder_hours_before: The hours between the reminder and the end, 1 to 168.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "configure_jackpot_settings_for_the_operator",
            Reply,
            without_none(
                {
                    "is_enabled": is_enabled,
                    "pool_types": pool_types,
                    "casino_cut_percentage": casino_cut_percentage,
                    "winner_count": winner_count,
                    "distribution_method": distribution_method,
                    "weight_calculation": weight_calculation,
                    "prize_tiers": prize_tiers,
                    "game_filter_enabled": game_filter_enabled,
                    "webhook_enabled": webhook_enabled,
                    "reminder_hours_before": reminder_hours_before,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def get_configuration(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads the operator's jackpot settings and the games they cover.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.get_configuration()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_current_configuration_with_games",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def remove_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"],
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Takes games out of a jackpot pool type.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.remove_games(…)

        Args:
            pool_type: The type of the pool.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "remove_games_from_a_jackpot_pool_type",
            Reply,
            without_none({"pool_type": pool_type, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def list_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the games of one jackpot pool type, or of all of them.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.list_games()

        Args:
            pool_type: The type of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_games_for_a_pool_type_or_all_pool_types",
            Reply,
            without_none({"pool_type": pool_type}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def add_games(
        self,
        *,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"],
        game_ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Puts games into a jackpot pool type.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.add_games(…)

        Args:
            pool_type: The type of the pool.
            game_ids: The ids of the games.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "add_games_to_a_jackpot_pool_type",
            Reply,
            without_none({"pool_type": pool_type, "game_ids": game_ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def contribute(
        self,
        *,
        player_id: str,
        currency: str,
        amount: Decimal | int | float,
        type: Literal["daily", "weekly", "monthly", "grand_prize"],
        transaction_id: str,
        game_id: int | None = None,
        external_game_id: str | None = None,
        game_session_id: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Books one player's contribution to a jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.contribute(…)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code of the amount.
            amount: The amount in currency units, 0.01 to 10,000,000.
            type: The type of the pool.
            transaction_id: The operator's id of the transaction, at most 255 characters.
            game_id: The id of the game.
            external_game_id: The operator's id of the external game, at most 100 characters.
            game_session_id: The number of the game session. It is not the id that a start returns.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "add_a_contribution_to_a_jackpot_pool",
            Reply,
            without_none(
                {
                    "player_id": player_id,
                    "currency": currency,
                    "amount": amount,
                    "type": type,
                    "transaction_id": transaction_id,
                    "game_id": game_id,
                    "external_game_id": external_game_id,
                    "game_session_id": game_session_id,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_contributions(
        self,
        *,
        player_id: str,
        currency: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[Row, RowPage]:
        """Lists what one player has contributed to jackpots.

        Example:
            async for row in client.jackpot.list_contributions(…):
                print(row)

        Args:
            player_id: The operator's id of the player.
            currency: The currency code, such as `USD`.
            limit: The number of rows on a page, 1 to 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "get_player_contribution_history",
            RowPage,
            "offset",
            to_arguments(
                {"player_id": player_id, "currency": currency, "limit": limit, "offset": offset},
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def list_pools(
        self,
        *,
        currency: str | None = None,
        status: Literal["active", "released", "expired"] | None = None,
        pool_type: Literal["daily", "weekly", "monthly", "grand_prize"] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the operator's jackpot pools.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.list_pools()

        Args:
            currency: The currency code, such as `USD`.
            status: The status of the pools.
            pool_type: The type of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "list_operators_jackpot_pools",
            Reply,
            without_none({"currency": currency, "status": status, "pool_type": pool_type}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def get_pool(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.get_pool(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_pool_details",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def list_winners(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the winners of one jackpot pool.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.list_winners(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_pool_winners",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def release_pool(
        self,
        pool_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Pays a jackpot pool out now.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.release_pool(pool_id)

        Args:
            pool_id: The id of the pool.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "manually_trigger_pool_release",
            Reply,
            {"poolId": pool_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def set_pool_expiration(
        self,
        pool_id: str | int,
        *,
        expires_at: datetime | date | str,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Sets when a grand-prize pool runs out.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.set_pool_expiration(pool_id, …)

        Args:
            pool_id: The id of the pool.
            expires_at: The time at which the pool expires.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "set_grand_prize_expiration_date",
            Reply,
            {"poolId": pool_id, "expires_at": expires_at},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def set_pool_live_mode(
        self,
        pool_id: str | int,
        *,
        is_live_mode: bool,
        live_mode_window_seconds: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Switches a pool's live mode and set its time window.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.set_pool_live_mode(pool_id, …)

        Args:
            pool_id: The id of the pool.
            is_live_mode: Whether the live mode is on.
            live_mode_window_seconds: The length of the window in seconds, 10 to 300.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "configure_live_mode_settings_for_a_pool",
            Reply,
            without_none(
                {
                    "poolId": pool_id,
                    "is_live_mode": is_live_mode,
                    "live_mode_window_seconds": live_mode_window_seconds,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_targeted_players(
        self,
        *,
        pool_type: Literal["grand_prize", "mega", "major", "minor", "mini"] | None = None,
        currency: str | None = None,
        active_only: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[Row, RowPage]:
        """Lists the targeted-player rules.

        Example:
            async for row in client.jackpot.list_targeted_players():
                print(row)

        Args:
            pool_type: The type of the pool.
            currency: The currency code, such as `USD`.
            active_only: Whether to list only active rules.
            limit: The number of rows on a page, 1 to 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "list_targeted_players_for_operator",
            RowPage,
            "offset",
            to_arguments(
                {
                    "pool_type": pool_type,
                    "currency": currency,
                    "active_only": active_only,
                    "limit": limit,
                    "offset": offset,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def create_targeted_player(
        self,
        *,
        player_id: str,
        pool_type: Literal["grand_prize", "mega", "major", "minor", "mini"],
        currency: str,
        threshold_amount: Decimal | int | float,
        threshold_variance: Decimal | int | float | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds a targeted-player rule.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.create_targeted_player(…)

        Args:
            player_id: The operator's id of the player.
            pool_type: The type of the pool.
            currency: The currency code, such as `USD`.
            threshold_amount: The amount from which on the rule applies, at least 1.
            threshold_variance: The variance of that amount, at least 0.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "create_a_targeted_player_configuration",
            Reply,
            without_none(
                {
                    "player_id": player_id,
                    "pool_type": pool_type,
                    "currency": currency,
                    "threshold_amount": threshold_amount,
                    "threshold_variance": threshold_variance,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def deactivate_targeted_player(
        self,
        targeted_player_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Turns a targeted-player rule off.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.deactivate_targeted_player(targeted_player_id)

        Args:
            targeted_player_id: The id of the rule.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "deactivate_a_targeted_player_configuration",
            Reply,
            {"targetedPlayerId": targeted_player_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def get_targeted_player(
        self,
        targeted_player_id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one targeted-player rule.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.jackpot.get_targeted_player(targeted_player_id)

        Args:
            targeted_player_id: The id of the rule.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_targeted_player_details",
            Reply,
            {"targetedPlayerId": targeted_player_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
