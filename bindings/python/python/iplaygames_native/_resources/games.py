"""The calls of `client.games`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._models_games import GamePage
from .._options import to_overrides
from .._pager import AsyncPager, Pager
from .._reply import Reply
from .._resource import AsyncResource, Resource, to_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._models_games import Game
    from ._raw import AsyncGamesWithRawResponse, GamesWithRawResponse


class Games(Resource):
    """The calls for games and their studios. Returned by `Client.games`."""

    @property
    def with_raw_response(self) -> GamesWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: GamesWithRawResponse = self._with_raw_response()
        return raw

    def list_producers(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists every studio whose games the platform carries.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.games.list_producers()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_api_v1_producers", Reply, {}, extra, timeout, max_retries, call_id, headers
        )

    def get_producer(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one studio.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.games.get_producer(id)

        Args:
            id: The id of the studio.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_api_v1_producers_id",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list(
        self,
        *,
        search: str | None = None,
        producer_id: int | None = None,
        provider: str | None = None,
        type: str | None = None,
        per_page: str | int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[Game, GamePage]:
        """Lists the games the operator may offer.

        Example:
            for row in client.games.list():
                print(row)

        Args:
            search: A text that the name contains.
            producer_id: The id of the studio.
            provider: The provider of the games.
            type: The type of the games, such as `slot`, `table` or `live`.
            per_page: The number of rows on a page, or `all`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "list_games",
            GamePage,
            "page",
            to_arguments(
                {
                    "search": search,
                    "producer_id": producer_id,
                    "provider": provider,
                    "type": type,
                    "per_page": per_page,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
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
        """Reads one game.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.games.get(id)

        Args:
            id: The id of the game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_api_v1_games_id", Reply, {"id": id}, extra, timeout, max_retries, call_id, headers
        )


class AsyncGames(AsyncResource):
    """The calls for games and their studios. Returned by `AsyncClient.games`."""

    @property
    def with_raw_response(self) -> AsyncGamesWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncGamesWithRawResponse = self._with_raw_response()
        return raw

    async def list_producers(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists every studio whose games the platform carries.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.games.list_producers()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_api_v1_producers", Reply, {}, extra, timeout, max_retries, call_id, headers
        )

    async def get_producer(
        self,
        id: str | int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Reads one studio.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.games.get_producer(id)

        Args:
            id: The id of the studio.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_api_v1_producers_id",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list(
        self,
        *,
        search: str | None = None,
        producer_id: int | None = None,
        provider: str | None = None,
        type: str | None = None,
        per_page: str | int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[Game, GamePage]:
        """Lists the games the operator may offer.

        Example:
            async for row in client.games.list():
                print(row)

        Args:
            search: A text that the name contains.
            producer_id: The id of the studio.
            provider: The provider of the games.
            type: The type of the games, such as `slot`, `table` or `live`.
            per_page: The number of rows on a page, or `all`.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "list_games",
            GamePage,
            "page",
            to_arguments(
                {
                    "search": search,
                    "producer_id": producer_id,
                    "provider": provider,
                    "type": type,
                    "per_page": per_page,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
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
        """Reads one game.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.games.get(id)

        Args:
            id: The id of the game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_api_v1_games_id", Reply, {"id": id}, extra, timeout, max_retries, call_id, headers
        )
