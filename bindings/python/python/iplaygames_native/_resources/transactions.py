"""The calls of `client.transactions`."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.

from __future__ import annotations

from .._file import DownloadedFile
from .._models_transactions import TransactionDetails, TransactionPage
from .._options import to_overrides
from .._pager import AsyncPager, Pager
from .._reply import Reply
from .._resource import AsyncResource, Resource, to_arguments, without_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from typing import Any, Literal

    from .._file import SavedFile
    from .._models_transactions import Transaction
    from .._resource import FileTarget, Progress
    from ._raw import AsyncTransactionsWithRawResponse, TransactionsWithRawResponse


class Transactions(Resource):
    """The calls for game transactions and their exports. Returned by `Client.transactions`."""

    @property
    def with_raw_response(self) -> TransactionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: TransactionsWithRawResponse = self._with_raw_response()
        return raw

    def export(
        self,
        *,
        format: Literal["csv", "json", "pdf"],
        from_date: datetime | date | str,
        to_date: datetime | date | str,
        player_id: str | None = None,
        game_id: int | None = None,
        type: Literal[
            "Win",
            "Lose",
            "BetPlacing",
            "BetPayedAbort",
            "BetPlacingAbort",
            "SportBetCancel",
            "Tip",
            "PromoWin",
            "TechnicalFix",
            "DropAndWin",
            "PromoStreamersDebit",
            "PromoStreamersCredit",
            "PromoStreamersBetPlacingAbort",
            "PromoStreamersBetPayedAbort",
        ]
        | None = None,
        include_summary: bool | None = None,
        async_: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Asks for a transaction export as csv, json or pdf.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = client.transactions.export(…)

        Args:
            format: The format of the file.
            from_date: The beginning of the period.
            to_date: The end of the period.
            player_id: The operator's id of the player.
            game_id: The id of the game.
            type: The type of the transactions.
            include_summary: Whether to add a summary.
            async_: Whether the API makes the file in the background.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "post_api_v1_game_transactions_export",
            Reply,
            without_none(
                {
                    "format": format,
                    "from_date": from_date,
                    "to_date": to_date,
                    "player_id": player_id,
                    "game_id": game_id,
                    "type": type,
                    "include_summary": include_summary,
                    "async": async_,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def download_export(
        self,
        export_id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> DownloadedFile:
        """Downloads a transaction export that is ready.

        Example:
            file = client.transactions.download_export(export_id)

        Args:
            export_id: The id of the export.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_api_v1_transaction_exports_export_id_download",
            DownloadedFile,
            {"export_id": export_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def download_export_to(
        self,
        export_id: int,
        file: FileTarget,
        *,
        progress: Progress | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> SavedFile:
        """Downloads a transaction export that is ready to a file.

        The file is written while it arrives, so its size is not limited. A path gets the file when
        the download has succeeded; after an error nothing is left, and an old file stays. A file
        object gets the content then, from a temporary file.

        `timeout` limits the whole download.

        Example:
            saved = client.transactions.download_export_to(7, "export.csv", timeout=600)
            print(saved.size, saved.filename)

        Args:
            export_id: The id of the export.
            file: A path, or a file that is open for bytes.
            progress: A function that is called with the number of bytes so far and the size of the
                file, or None while the size is not known. If it raises, the download is canceled.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._download(
            "get_api_v1_transaction_exports_export_id_download",
            {"export_id": export_id},
            file,
            progress,
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list(
        self,
        *,
        player_id: str | None = None,
        game_id: int | None = None,
        type: str | None = None,
        from_date: datetime | date | str | None = None,
        to_date: datetime | date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pager[Transaction, TransactionPage]:
        """Lists game transactions.

        Example:
            for row in client.transactions.list():
                print(row)

        Args:
            player_id: The operator's id of the player.
            game_id: The id of the game.
            type: The type of the transactions: `bet`, `win` or `rollback`.
            from_date: The earliest time.
            to_date: The latest time.
            limit: The number of rows on a page. Default: 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return Pager(
            self._caller,
            "get_transaction_history",
            TransactionPage,
            "offset",
            to_arguments(
                {
                    "player_id": player_id,
                    "game_id": game_id,
                    "type": type,
                    "from_date": from_date,
                    "to_date": to_date,
                    "limit": limit,
                    "offset": offset,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    def get(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TransactionDetails:
        """Reads one game transaction.

        Example:
            result = client.transactions.get(id)

        Args:
            id: The id of the transaction.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return self._call(
            "get_transaction_details",
            TransactionDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )


class AsyncTransactions(AsyncResource):
    """The calls for game transactions and their exports. Returned by `AsyncClient.transactions`."""

    @property
    def with_raw_response(self) -> AsyncTransactionsWithRawResponse:
        """The same calls. They return the response with its headers, not parsed."""
        raw: AsyncTransactionsWithRawResponse = self._with_raw_response()
        return raw

    async def export(
        self,
        *,
        format: Literal["csv", "json", "pdf"],
        from_date: datetime | date | str,
        to_date: datetime | date | str,
        player_id: str | None = None,
        game_id: int | None = None,
        type: Literal[
            "Win",
            "Lose",
            "BetPlacing",
            "BetPayedAbort",
            "BetPlacingAbort",
            "SportBetCancel",
            "Tip",
            "PromoWin",
            "TechnicalFix",
            "DropAndWin",
            "PromoStreamersDebit",
            "PromoStreamersCredit",
            "PromoStreamersBetPlacingAbort",
            "PromoStreamersBetPayedAbort",
        ]
        | None = None,
        include_summary: bool | None = None,
        async_: bool | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Asks for a transaction export as csv, json or pdf.

        The API does not document the fields of the response: read it as `reply["data"]`.

        Example:
            reply = await client.transactions.export(…)

        Args:
            format: The format of the file.
            from_date: The beginning of the period.
            to_date: The end of the period.
            player_id: The operator's id of the player.
            game_id: The id of the game.
            type: The type of the transactions.
            include_summary: Whether to add a summary.
            async_: Whether the API makes the file in the background.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "post_api_v1_game_transactions_export",
            Reply,
            without_none(
                {
                    "format": format,
                    "from_date": from_date,
                    "to_date": to_date,
                    "player_id": player_id,
                    "game_id": game_id,
                    "type": type,
                    "include_summary": include_summary,
                    "async": async_,
                }
            ),
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def download_export(
        self,
        export_id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> DownloadedFile:
        """Downloads a transaction export that is ready.

        Example:
            file = await client.transactions.download_export(export_id)

        Args:
            export_id: The id of the export.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_api_v1_transaction_exports_export_id_download",
            DownloadedFile,
            {"export_id": export_id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    async def download_export_to(
        self,
        export_id: int,
        file: FileTarget,
        *,
        progress: Progress | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> SavedFile:
        """Downloads a transaction export that is ready to a file.

        The file is written while it arrives, so its size is not limited. A path gets the file when
        the download has succeeded; after an error nothing is left, and an old file stays. A file
        object gets the content then, from a temporary file.

        `timeout` limits the whole download.

        Example:
            saved = await client.transactions.download_export_to(7, "export.csv", timeout=600)
            print(saved.size, saved.filename)

        Args:
            export_id: The id of the export.
            file: A path, or a file that is open for bytes.
            progress: A function that is called with the number of bytes so far and the size of the
                file, or None while the size is not known. If it raises, the download is canceled.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._download(
            "get_api_v1_transaction_exports_export_id_download",
            {"export_id": export_id},
            file,
            progress,
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )

    def list(
        self,
        *,
        player_id: str | None = None,
        game_id: int | None = None,
        type: str | None = None,
        from_date: datetime | date | str | None = None,
        to_date: datetime | date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncPager[Transaction, TransactionPage]:
        """Lists game transactions.

        Example:
            async for row in client.transactions.list():
                print(row)

        Args:
            player_id: The operator's id of the player.
            game_id: The id of the game.
            type: The type of the transactions: `bet`, `win` or `rollback`.
            from_date: The earliest time.
            to_date: The latest time.
            limit: The number of rows on a page. Default: 100.
            offset: The number of rows to skip.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return AsyncPager(
            self._caller,
            "get_transaction_history",
            TransactionPage,
            "offset",
            to_arguments(
                {
                    "player_id": player_id,
                    "game_id": game_id,
                    "type": type,
                    "from_date": from_date,
                    "to_date": to_date,
                    "limit": limit,
                    "offset": offset,
                },
                extra,
            ),
            to_overrides(timeout, max_retries, call_id, headers),
        )

    async def get(
        self,
        id: int,
        *,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        call_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TransactionDetails:
        """Reads one game transaction.

        Example:
            result = await client.transactions.get(id)

        Args:
            id: The id of the transaction.
            extra: Fields that this version of the package does not know.
            timeout: The time limit of the whole call in seconds.
            max_retries: The greatest number of retries.
            call_id: The id of the call, sent as `X-Request-Id`.
            headers: Headers of this call.
        """
        return await self._call(
            "get_transaction_details",
            TransactionDetails,
            {"id": id},
            extra,
            timeout,
            max_retries,
            call_id,
            headers,
        )
