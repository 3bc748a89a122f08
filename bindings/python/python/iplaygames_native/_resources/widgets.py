"""The calls of `client.widgets`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._models_widgets import (
    CreatedWidgetToken,
    Message,
    WidgetDomainDetails,
    WidgetDomainPage,
    WidgetDomainToken,
    WidgetTokenDetails,
    WidgetTokenPage,
)
from .._options import to_overrides
from .._pager import AsyncPager, Pager
from .._resource import AsyncResource, Resource, to_arguments, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from typing import Any

    from .._models_widgets import WidgetDomain, WidgetToken
    from ._raw import AsyncWidgetsWithRawResponse, WidgetsWithRawResponse


class Widgets(Resource):
    """The calls for the domains and tokens of widgets. Returned by `Client.widgets`."""

    @property
    def with_raw_response(self) -> WidgetsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: WidgetsWithRawResponse = self._with_raw_response()
        return raw

    def list_domains(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[WidgetDomain, WidgetDomainPage]:
        """Lists the domains that may show widgets.

        Example:
            for row in client.widgets.list_domains():
                print(row)

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "list_registered_domains",
            WidgetDomainPage,
            "none",
            to_arguments({}, extra),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def register_domain(
        self,
        *,
        domain: str,
        allowed_widgets: Sequence[str | int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Registers a domain for widgets; answers its domain token.

        Example:
            result = client.widgets.register_domain(…)

        Args:
            domain: The host name.
            allowed_widgets: The types of widgets that the domain may show.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "register_a_new_domain",
            WidgetDomainDetails,
            without_none({"domain": domain, "allowed_widgets": allowed_widgets}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def remove_domain(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Removes a widget domain; its tokens stop working.

        Example:
            result = client.widgets.remove_domain(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "remove_a_domain", Message, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    def get_domain(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Reads one widget domain.

        Example:
            result = client.widgets.get_domain(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_domain_details",
            WidgetDomainDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def update_domain(
        self,
        id: int,
        *,
        is_active: bool | None = None,
        allowed_widgets: Sequence[str | int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Changes a widget domain.

        Example:
            result = client.widgets.update_domain(id)

        Args:
            id: The id of the domain.
            is_active: Whether the domain is active.
            allowed_widgets: The types of widgets that the domain may show.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "update_domain_settings",
            WidgetDomainDetails,
            without_none({"id": id, "is_active": is_active, "allowed_widgets": allowed_widgets}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def regenerate_domain_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainToken:
        """Makes a new domain token; every widget token of the domain stops working.

        Example:
            result = client.widgets.regenerate_domain_token(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "regenerate_domain_token",
            WidgetDomainToken,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_tokens(
        self,
        *,
        domain_id: int | None = None,
        active: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[WidgetToken, WidgetTokenPage]:
        """Lists widget tokens.

        Example:
            for row in client.widgets.list_tokens():
                print(row)

        Args:
            domain_id: The id of the domain.
            active: Whether to list the active tokens, or the others.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "list_widget_tokens",
            WidgetTokenPage,
            "none",
            to_arguments({"domain_id": domain_id, "active": active}, extra),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def create_token(
        self,
        *,
        domain_token: str,
        pool_types: Sequence[str | int] | None = None,
        player_id: str | None = None,
        currency: str | None = None,
        expires_at: datetime | date | str | None = None,
        configuration: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> CreatedWidgetToken:
        """Makes a widget token from a domain token; its value is shown only here.

        Example:
            result = client.widgets.create_token(…)

        Args:
            domain_token: The token of a registered domain.
            pool_types: The types of the pools.
            player_id: The player that the token belongs to. Default: none.
            currency: The player's currency code. Required together with `player_id`.
            expires_at: The time at which the token expires. Default: never.
            configuration: The settings of the widget.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "generate_a_widget_token",
            CreatedWidgetToken,
            without_none(
                {
                    "domain_token": domain_token,
                    "pool_types": pool_types,
                    "player_id": player_id,
                    "currency": currency,
                    "expires_at": expires_at,
                    "configuration": configuration,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def revoke_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Revokes a widget token for good.

        Example:
            result = client.widgets.revoke_token(id)

        Args:
            id: The id of the token.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "revoke_a_token", Message, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    def get_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetTokenDetails:
        """Reads one widget token, without its value.

        Example:
            result = client.widgets.get_token(id)

        Args:
            id: The id of the token.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_token_details",
            WidgetTokenDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def revoke_tokens(
        self,
        *,
        token_ids: Sequence[str | int],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Revokes many widget tokens.

        Example:
            result = client.widgets.revoke_tokens(…)

        Args:
            token_ids: The ids of the tokens.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "bulk_revoke_tokens",
            Message,
            {"token_ids": token_ids},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncWidgets(AsyncResource):
    """The calls for the domains and tokens of widgets. Returned by `AsyncClient.widgets`."""

    @property
    def with_raw_response(self) -> AsyncWidgetsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncWidgetsWithRawResponse = self._with_raw_response()
        return raw

    def list_domains(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[WidgetDomain, WidgetDomainPage]:
        """Lists the domains that may show widgets.

        Example:
            async for row in client.widgets.list_domains():
                print(row)

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "list_registered_domains",
            WidgetDomainPage,
            "none",
            to_arguments({}, extra),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def register_domain(
        self,
        *,
        domain: str,
        allowed_widgets: Sequence[str | int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Registers a domain for widgets; answers its domain token.

        Example:
            result = await client.widgets.register_domain(…)

        Args:
            domain: The host name.
            allowed_widgets: The types of widgets that the domain may show.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "register_a_new_domain",
            WidgetDomainDetails,
            without_none({"domain": domain, "allowed_widgets": allowed_widgets}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def remove_domain(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Removes a widget domain; its tokens stop working.

        Example:
            result = await client.widgets.remove_domain(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "remove_a_domain", Message, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    async def get_domain(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Reads one widget domain.

        Example:
            result = await client.widgets.get_domain(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_domain_details",
            WidgetDomainDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def update_domain(
        self,
        id: int,
        *,
        is_active: bool | None = None,
        allowed_widgets: Sequence[str | int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainDetails:
        """Changes a widget domain.

        Example:
            result = await client.widgets.update_domain(id)

        Args:
            id: The id of the domain.
            is_active: Whether the domain is active.
            allowed_widgets: The types of widgets that the domain may show.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "update_domain_settings",
            WidgetDomainDetails,
            without_none({"id": id, "is_active": is_active, "allowed_widgets": allowed_widgets}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def regenerate_domain_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetDomainToken:
        """Makes a new domain token; every widget token of the domain stops working.

        Example:
            result = await client.widgets.regenerate_domain_token(id)

        Args:
            id: The id of the domain.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "regenerate_domain_token",
            WidgetDomainToken,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_tokens(
        self,
        *,
        domain_id: int | None = None,
        active: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[WidgetToken, WidgetTokenPage]:
        """Lists widget tokens.

        Example:
            async for row in client.widgets.list_tokens():
                print(row)

        Args:
            domain_id: The id of the domain.
            active: Whether to list the active tokens, or the others.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "list_widget_tokens",
            WidgetTokenPage,
            "none",
            to_arguments({"domain_id": domain_id, "active": active}, extra),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def create_token(
        self,
        *,
        domain_token: str,
        pool_types: Sequence[str | int] | None = None,
        player_id: str | None = None,
        currency: str | None = None,
        expires_at: datetime | date | str | None = None,
        configuration: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> CreatedWidgetToken:
        """Makes a widget token from a domain token; its value is shown only here.

        Example:
            result = await client.widgets.create_token(…)

        Args:
            domain_token: The token of a registered domain.
            pool_types: The types of the pools.
            player_id: The player that the token belongs to. Default: none.
            currency: The player's currency code. Required together with `player_id`.
            expires_at: The time at which the token expires. Default: never.
            configuration: The settings of the widget.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "generate_a_widget_token",
            CreatedWidgetToken,
            without_none(
                {
                    "domain_token": domain_token,
                    "pool_types": pool_types,
                    "player_id": player_id,
                    "currency": currency,
                    "expires_at": expires_at,
                    "configuration": configuration,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def revoke_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Revokes a widget token for good.

        Example:
            result = await client.widgets.revoke_token(id)

        Args:
            id: The id of the token.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "revoke_a_token", Message, {"id": id}, extra, timeout, max_retries, call_id, headers
        )

    async def get_token(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WidgetTokenDetails:
        """Reads one widget token, without its value.

        Example:
            result = await client.widgets.get_token(id)

        Args:
            id: The id of the token.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_token_details",
            WidgetTokenDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def revoke_tokens(
        self,
        *,
        token_ids: Sequence[str | int],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Revokes many widget tokens.

        Example:
            result = await client.widgets.revoke_tokens(…)

        Args:
            token_ids: The ids of the tokens.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "bulk_revoke_tokens",
            Message,
            {"token_ids": token_ids},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
