"""The results of `client.widgets`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from ._model import Model
from ._page import Page
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any


class CreatedWidgetToken(Reply):
    """A created widget token."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "token",
        "widget_type",
        "player_id",
        "allowed_pool_types",
        "expires_at",
        "created_at",
    )
    _fields = {
        "id": ("int", "data", "id"),
        "token": ("str", "data", "token"),
        "widget_type": ("str", "data", "widget_type"),
        "player_id": ("str", "data", "player_id"),
        "allowed_pool_types": ("strings", "data", "allowed_pool_types"),
        "expires_at": ("datetime", "data", "expires_at"),
        "created_at": ("datetime", "data", "created_at"),
    }
    _repr_fields = ("id", "widget_type", "player_id", "expires_at_text", "created_at_text")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("data", "id")

    @property
    def token(self) -> str | None:
        """The token. It is a secret, and no other call returns it."""
        return self._get_str("data", "token")

    @property
    def widget_type(self) -> str | None:
        """The type of the widget."""
        return self._get_str("data", "widget_type")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("data", "player_id")

    @property
    def allowed_pool_types(self) -> tuple[str, ...]:
        """The types of pools that the token may show."""
        return self._get_strings("data", "allowed_pool_types")

    @property
    def expires_at(self) -> datetime | None:
        """The time of the expiration. Has a time zone if the server sent one."""
        return self._get_datetime("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "expires_at")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("data", "created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "created_at")


class Message(Reply):
    """The message of a call that returns nothing else."""

    __slots__ = ()
    __match_args__ = ("message",)
    _fields = {
        "message": ("str", "message"),
    }
    _repr_fields = ("message",)

    @property
    def message(self) -> str | None:
        """The message of the server."""
        return self._get_str("message")


class WidgetDomain(Model):
    """A widget domain."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "domain",
        "domain_token",
        "is_active",
        "allowed_widgets",
        "tokens_count",
        "created_at",
    )
    _fields = {
        "id": ("int", "id"),
        "domain": ("str", "domain"),
        "domain_token": ("str", "domain_token"),
        "is_active": ("bool", "is_active"),
        "allowed_widgets": ("strings", "allowed_widgets"),
        "tokens_count": ("int", "tokens_count"),
        "created_at": ("datetime", "created_at"),
    }
    _repr_fields = ("id", "domain", "is_active", "tokens_count", "created_at_text")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("id")

    @property
    def domain(self) -> str | None:
        """The host name."""
        return self._get_str("domain")

    @property
    def domain_token(self) -> str | None:
        """The token of the domain. It is a secret."""
        return self._get_str("domain_token")

    @property
    def is_active(self) -> bool | None:
        """Whether it is active."""
        return self._get_bool("is_active")

    @property
    def allowed_widgets(self) -> tuple[str, ...]:
        """The types of widgets that the domain may show."""
        return self._get_strings("allowed_widgets")

    @property
    def tokens_count(self) -> int | None:
        """The number of tokens."""
        return self._get_int("tokens_count")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("created_at")


class WidgetDomainPage(Page["WidgetDomain"]):
    """A page of a list of widget domains."""

    __slots__ = ()
    _row_kind = WidgetDomain


class WidgetDomainDetails(Reply):
    """The details of a widget domain."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "domain",
        "domain_token",
        "is_active",
        "allowed_widgets",
        "created_at",
        "tokens_count",
        "active_tokens_count",
    )
    _fields = {
        "id": ("int", "data", "id"),
        "domain": ("str", "data", "domain"),
        "domain_token": ("str", "data", "domain_token"),
        "is_active": ("bool", "data", "is_active"),
        "allowed_widgets": ("strings", "data", "allowed_widgets"),
        "created_at": ("datetime", "data", "created_at"),
        "tokens_count": ("int", "data", "tokens_count"),
        "active_tokens_count": ("int", "data", "active_tokens_count"),
    }
    _repr_fields = (
        "id",
        "domain",
        "is_active",
        "created_at_text",
        "tokens_count",
        "active_tokens_count",
    )

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("data", "id")

    @property
    def domain(self) -> str | None:
        """The host name."""
        return self._get_str("data", "domain")

    @property
    def domain_token(self) -> str | None:
        """The token of the domain. It is a secret."""
        return self._get_str("data", "domain_token")

    @property
    def is_active(self) -> bool | None:
        """Whether it is active."""
        return self._get_bool("data", "is_active")

    @property
    def allowed_widgets(self) -> tuple[str, ...]:
        """The types of widgets that the domain may show."""
        return self._get_strings("data", "allowed_widgets")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("data", "created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "created_at")

    @property
    def tokens_count(self) -> int | None:
        """The number of tokens."""
        return self._get_int("data", "tokens_count")

    @property
    def active_tokens_count(self) -> int | None:
        """The number of active tokens."""
        return self._get_int("data", "active_tokens_count")


class WidgetDomainToken(Reply):
    """A widget domain token."""

    __slots__ = ()
    __match_args__ = ("domain_token", "message")
    _fields = {
        "domain_token": ("str", "data", "domain_token"),
        "message": ("str", "message"),
    }
    _repr_fields = ("message",)

    @property
    def domain_token(self) -> str | None:
        """The token of the domain. It is a secret."""
        return self._get_str("data", "domain_token")

    @property
    def message(self) -> str | None:
        """The message of the server."""
        return self._get_str("message")


class WidgetToken(Model):
    """A widget token."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "domain",
        "widget_type",
        "player_id",
        "currency",
        "allowed_pool_types",
        "is_active",
        "expires_at",
        "last_used_at",
        "request_count",
        "created_at",
    )
    _fields = {
        "id": ("int", "id"),
        "domain": ("str", "domain"),
        "widget_type": ("str", "widget_type"),
        "player_id": ("str", "player_id"),
        "currency": ("str", "currency"),
        "allowed_pool_types": ("strings", "allowed_pool_types"),
        "is_active": ("bool", "is_active"),
        "expires_at": ("datetime", "expires_at"),
        "last_used_at": ("datetime", "last_used_at"),
        "request_count": ("int", "request_count"),
        "created_at": ("datetime", "created_at"),
    }
    _repr_fields = ("id", "domain", "widget_type", "player_id", "currency", "is_active")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("id")

    @property
    def domain(self) -> str | None:
        """The host name."""
        return self._get_str("domain")

    @property
    def widget_type(self) -> str | None:
        """The type of the widget."""
        return self._get_str("widget_type")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("player_id")

    @property
    def currency(self) -> str | None:
        """The currency code."""
        return self._get_str("currency")

    @property
    def allowed_pool_types(self) -> tuple[str, ...]:
        """The types of pools that the token may show."""
        return self._get_strings("allowed_pool_types")

    @property
    def is_active(self) -> bool | None:
        """Whether it is active."""
        return self._get_bool("is_active")

    @property
    def expires_at(self) -> datetime | None:
        """The time of the expiration. Has a time zone if the server sent one."""
        return self._get_datetime("expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("expires_at")

    @property
    def last_used_at(self) -> datetime | None:
        """The time of the last use. Has a time zone if the server sent one."""
        return self._get_datetime("last_used_at")

    @property
    def last_used_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("last_used_at")

    @property
    def request_count(self) -> int | None:
        """The number of requests with the token."""
        return self._get_int("request_count")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("created_at")


class WidgetTokenPage(Page["WidgetToken"]):
    """A page of a list of widget tokens."""

    __slots__ = ()
    _row_kind = WidgetToken


class WidgetTokenDetails(Reply):
    """The details of a widget token."""

    __slots__ = ()
    __match_args__ = (
        "id",
        "domain",
        "widget_type",
        "player_id",
        "currency",
        "allowed_pool_types",
        "configuration",
        "is_active",
        "is_valid",
        "expires_at",
        "last_used_at",
        "request_count",
        "created_at",
    )
    _fields = {
        "id": ("int", "data", "id"),
        "domain": ("str", "data", "domain"),
        "widget_type": ("str", "data", "widget_type"),
        "player_id": ("str", "data", "player_id"),
        "currency": ("str", "data", "currency"),
        "allowed_pool_types": ("strings", "data", "allowed_pool_types"),
        "configuration": ("object", "data", "configuration"),
        "is_active": ("bool", "data", "is_active"),
        "is_valid": ("bool", "data", "is_valid"),
        "expires_at": ("datetime", "data", "expires_at"),
        "last_used_at": ("datetime", "data", "last_used_at"),
        "request_count": ("int", "data", "request_count"),
        "created_at": ("datetime", "data", "created_at"),
    }
    _repr_fields = ("id", "domain", "widget_type", "player_id", "currency", "is_active")

    @property
    def id(self) -> int | None:
        """The id."""
        return self._get_int("data", "id")

    @property
    def domain(self) -> str | None:
        """The host name."""
        return self._get_str("data", "domain")

    @property
    def widget_type(self) -> str | None:
        """The type of the widget."""
        return self._get_str("data", "widget_type")

    @property
    def player_id(self) -> str | None:
        """The operator's id of the player."""
        return self._get_str("data", "player_id")

    @property
    def currency(self) -> str | None:
        """The currency code."""
        return self._get_str("data", "currency")

    @property
    def allowed_pool_types(self) -> tuple[str, ...]:
        """The types of pools that the token may show."""
        return self._get_strings("data", "allowed_pool_types")

    @property
    def configuration(self) -> Mapping[str, Any] | None:
        """The settings of the widget."""
        return self._get_object("data", "configuration")

    @property
    def is_active(self) -> bool | None:
        """Whether it is active."""
        return self._get_bool("data", "is_active")

    @property
    def is_valid(self) -> bool | None:
        """Whether the token can be used."""
        return self._get_bool("data", "is_valid")

    @property
    def expires_at(self) -> datetime | None:
        """The time of the expiration. Has a time zone if the server sent one."""
        return self._get_datetime("data", "expires_at")

    @property
    def expires_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "expires_at")

    @property
    def last_used_at(self) -> datetime | None:
        """The time of the last use. Has a time zone if the server sent one."""
        return self._get_datetime("data", "last_used_at")

    @property
    def last_used_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "last_used_at")

    @property
    def request_count(self) -> int | None:
        """The number of requests with the token."""
        return self._get_int("data", "request_count")

    @property
    def created_at(self) -> datetime | None:
        """The time of the creation. Has a time zone if the server sent one."""
        return self._get_datetime("data", "created_at")

    @property
    def created_at_text(self) -> str | None:
        """The text that the server sent for this time."""
        return self._get_str("data", "created_at")
