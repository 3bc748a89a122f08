"""What type checkers know: each `assert_type` is checked by mypy in `make lint-python`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conftest import START
from typing_extensions import assert_type

from iplaygames_native import (
    AsyncClient,
    Client,
    Game,
    GamePage,
    IPlayGamesError,
    RawResponse,
    Reply,
    Sandbox,
    SessionStatus,
    StartedSession,
    TransactionSummary,
)


def test_the_types_of_results_are_known(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    client = iplaygames_client
    session = client.sessions.start(**START)
    assert_type(session, StartedSession)
    assert_type(
        client.sessions.with_raw_response.status(session.session_id), RawResponse[SessionStatus]
    )
    for game in client.games.list():
        assert_type(game, Game)
        assert_type(game.id, int | None)
        assert_type(game.currencies_supported, tuple[str, ...])
    for page in client.games.list().pages():
        assert_type(page, GamePage)
        assert_type(page.rows, tuple[Game, ...])
    transactions = next(client.transactions.list().pages())
    assert_type(transactions.summary, TransactionSummary | None)
    assert_type(transactions.rows[0].amount, Decimal | None)
    assert_type(client.promotions.list(), Reply)


def test_the_kind_of_a_bulk_result_narrows(iplaygames_client: Client) -> None:
    for result in iplaygames_client.sessions.status_many(["a"]):
        if result.ok:
            assert_type(result.result, SessionStatus)
            assert_type(result.error, None)
        else:
            assert_type(result.error, IPlayGamesError)
            assert_type(result.result, None)
        assert_type(result.id, str)


if TYPE_CHECKING:

    async def asynchronous(client: AsyncClient) -> None:
        assert_type(await client.sessions.status("a"), SessionStatus)
        async for game in client.games.list():
            assert_type(game, Game)
        async for result in client.sessions.status_many(["a"]):
            if result.ok:
                assert_type(result.result, SessionStatus)
        raw = await client.sessions.with_raw_response.status("a")
        assert_type(raw.parse(), SessionStatus)

    def a_key() -> str: ...
    async def await_a_key() -> str: ...

    def keys() -> None:
        Client(api_key="k")
        Client(api_key=a_key)
        Client(api_key=lambda: "k")
        Client(api_key=await_a_key)  # type: ignore[arg-type]
        Client(api_key=5)  # type: ignore[arg-type]
        AsyncClient(api_key="k")
        AsyncClient(api_key=a_key)
        AsyncClient(api_key=await_a_key)
        AsyncClient(api_key=5)  # type: ignore[arg-type]

    def refused(client: Client, anything: Any) -> None:
        client.call("start_a_gme")  # type: ignore[arg-type]
        client.jackpot.add_games(pool_type="dayly")  # type: ignore[arg-type]
        client.games.list(serch="x")  # type: ignore[call-arg]
        client.transactions.export("csv")  # type: ignore[call-arg]
        client.external_games.create_many(games=[{"nam": "x"}])  # type: ignore[typeddict-item]
        client.external_games.create_many(games=[{"external_game_id": "1", "name": "One"}])
        client.jackpot.configure(pool_types=["daily", "grand_prize"])
