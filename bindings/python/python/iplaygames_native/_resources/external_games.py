"""The calls of `client.external_games`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._options import to_overrides
from .._page import RowPage
from .._pager import AsyncPager, Pager
from .._reply import Reply
from .._resource import AsyncResource, Resource, read_csv, to_arguments, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .._model import Row
    from .._param_types import ExternalGameParam, ImportedExternalGameParam
    from .._resource import CsvFile
    from ._raw import AsyncExternalGamesWithRawResponse, ExternalGamesWithRawResponse


class ExternalGames(Resource):
    """The calls for the operator's own games. Returned by `Client.external_games`."""

    @property
    def with_raw_response(self) -> ExternalGamesWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: ExternalGamesWithRawResponse = self._with_raw_response()
        return raw

    def list(
        self,
        *,
        search: str | None = None,
        producer_name: str | None = None,
        is_active: bool | None = None,
        per_page: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[Row, RowPage]:
        """Lists the operator's own games.

        Example:
            for row in client.external_games.list():
                print(row)

        Args:
            search: A text that the name contains.
            producer_name: The name of the studio, at most 255 characters.
            is_active: Whether to list the active games, or the others.
            per_page: The number of rows on a page, 1 to 100.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "list_external_games_for_operator",
            RowPage,
            "page",
            to_arguments(
                {
                    "search": search,
                    "producer_name": producer_name,
                    "is_active": is_active,
                    "per_page": per_page,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def create(
        self,
        *,
        external_game_id: str,
        name: str,
        producer_name: str | None = None,
        image_url: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.create(…)

        Args:
            external_game_id: The operator's id of the external game, at most 100 characters.
            name: The name, at most 255 characters.
            producer_name: The name of the studio, at most 255 characters.
            image_url: The URL of the image.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "create_a_single_external_game",
            Reply,
            without_none(
                {
                    "external_game_id": external_game_id,
                    "name": name,
                    "producer_name": producer_name,
                    "image_url": image_url,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list_producers(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the studio names found among the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.list_producers()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_unique_producer_names_for_filtering",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def delete_many(
        self,
        *,
        ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Deletes many of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.delete_many()

        Args:
            ids: The ids to delete.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "bulk_delete_external_games_by_ids",
            Reply,
            without_none({"ids": ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def create_many(
        self,
        *,
        games: Sequence[ExternalGameParam],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds up to 1000 of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.create_many(…)

        Args:
            games: The games, 1 to 1,000.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "bulk_create_external_games_from_json_array",
            Reply,
            {"games": games},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def import_csv(
        self,
        *,
        file: CsvFile,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Uploads the operator's own games as a CSV file; `file` takes the CSV text.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.import_csv(…)

        Args:
            file: The CSV file, at most 10,240 kB.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "import_external_games_from_csv_file",
            Reply,
            {"file": read_csv(file)},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def import_json(
        self,
        *,
        games: Sequence[ImportedExternalGameParam],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Imports up to 1000 of the operator's own games from a JSON list.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.import_json(…)

        Args:
            games: The games, 1 to 1,000.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "import_external_games_from_json_paste",
            Reply,
            {"games": games},
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
        """Deletes one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.delete(id)

        Args:
            id: The API's id of the external game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "delete_an_external_game",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
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
        """Reads one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.get(id)

        Args:
            id: The API's id of the external game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_a_single_external_game",
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
        external_game_id: str | None = None,
        name: str | None = None,
        producer_name: str | None = None,
        image_url: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        is_active: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Changes one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.external_games.update(id)

        Args:
            id: The API's id of the external game.
            external_game_id: The operator's id of the external game, at most 100 characters.
            name: The name, at most 255 characters.
            producer_name: The name of the studio, at most 255 characters.
            image_url: The URL of the image.
            metadata: Additional data of the operator.
            is_active: Whether the game is active.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "update_an_external_game",
            Reply,
            without_none(
                {
                    "id": id,
                    "external_game_id": external_game_id,
                    "name": name,
                    "producer_name": producer_name,
                    "image_url": image_url,
                    "metadata": metadata,
                    "is_active": is_active,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncExternalGames(AsyncResource):
    """The calls for the operator's own games. Returned by `AsyncClient.external_games`."""

    @property
    def with_raw_response(self) -> AsyncExternalGamesWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncExternalGamesWithRawResponse = self._with_raw_response()
        return raw

    def list(
        self,
        *,
        search: str | None = None,
        producer_name: str | None = None,
        is_active: bool | None = None,
        per_page: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[Row, RowPage]:
        """Lists the operator's own games.

        Example:
            async for row in client.external_games.list():
                print(row)

        Args:
            search: A text that the name contains.
            producer_name: The name of the studio, at most 255 characters.
            is_active: Whether to list the active games, or the others.
            per_page: The number of rows on a page, 1 to 100.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "list_external_games_for_operator",
            RowPage,
            "page",
            to_arguments(
                {
                    "search": search,
                    "producer_name": producer_name,
                    "is_active": is_active,
                    "per_page": per_page,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def create(
        self,
        *,
        external_game_id: str,
        name: str,
        producer_name: str | None = None,
        image_url: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.create(…)

        Args:
            external_game_id: The operator's id of the external game, at most 100 characters.
            name: The name, at most 255 characters.
            producer_name: The name of the studio, at most 255 characters.
            image_url: The URL of the image.
            metadata: Additional data of the operator.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "create_a_single_external_game",
            Reply,
            without_none(
                {
                    "external_game_id": external_game_id,
                    "name": name,
                    "producer_name": producer_name,
                    "image_url": image_url,
                    "metadata": metadata,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def list_producers(
        self,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Lists the studio names found among the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.list_producers()

        Args:
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_unique_producer_names_for_filtering",
            Reply,
            {},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def delete_many(
        self,
        *,
        ids: Sequence[int] | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Deletes many of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.delete_many()

        Args:
            ids: The ids to delete.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "bulk_delete_external_games_by_ids",
            Reply,
            without_none({"ids": ids}),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def create_many(
        self,
        *,
        games: Sequence[ExternalGameParam],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Adds up to 1000 of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.create_many(…)

        Args:
            games: The games, 1 to 1,000.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "bulk_create_external_games_from_json_array",
            Reply,
            {"games": games},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def import_csv(
        self,
        *,
        file: CsvFile,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Uploads the operator's own games as a CSV file; `file` takes the CSV text.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.import_csv(…)

        Args:
            file: The CSV file, at most 10,240 kB.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "import_external_games_from_csv_file",
            Reply,
            {"file": read_csv(file)},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def import_json(
        self,
        *,
        games: Sequence[ImportedExternalGameParam],
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Imports up to 1000 of the operator's own games from a JSON list.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.import_json(…)

        Args:
            games: The games, 1 to 1,000.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "import_external_games_from_json_paste",
            Reply,
            {"games": games},
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
        """Deletes one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.delete(id)

        Args:
            id: The API's id of the external game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "delete_an_external_game",
            Reply,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
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
        """Reads one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.get(id)

        Args:
            id: The API's id of the external game.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_a_single_external_game",
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
        external_game_id: str | None = None,
        name: str | None = None,
        producer_name: str | None = None,
        image_url: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        is_active: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Changes one of the operator's own games.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.external_games.update(id)

        Args:
            id: The API's id of the external game.
            external_game_id: The operator's id of the external game, at most 100 characters.
            name: The name, at most 255 characters.
            producer_name: The name of the studio, at most 255 characters.
            image_url: The URL of the image.
            metadata: Additional data of the operator.
            is_active: Whether the game is active.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "update_an_external_game",
            Reply,
            without_none(
                {
                    "id": id,
                    "external_game_id": external_game_id,
                    "name": name,
                    "producer_name": producer_name,
                    "image_url": image_url,
                    "metadata": metadata,
                    "is_active": is_active,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
