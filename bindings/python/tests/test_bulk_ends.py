"""Bulk runs that end early: each item that was taken has a result, and nothing more is started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from conftest import START

from iplaygames_native import BulkResult, Client, Sandbox


def players(*names: str) -> list[dict[str, Any]]:
    """Returns the arguments of starts."""
    return [{**START, "player_id": name} for name in names]


def check_account(sandbox: Sandbox, results: Iterable[BulkResult[Any]]) -> None:
    """Checks that the results agree with the sessions of the server."""
    results = list(results)
    exist = {each["session_id"] for each in sandbox.sessions()["sessions"]}
    known = {each.result.session_id for each in results if each.ok}
    unknown = sum(getattr(each.error, "outcome", "") == "unknown" for each in results)
    assert known <= exist and len(exist - known) <= unknown


# ---- interruptions -------------------------------------------------------------------------------


def test_the_results_of_an_interrupted_asynchronous_run_are_undelivered(
    iplaygames_sandbox: Sandbox,
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", after=1, delay_ms=600_000, times=0)
    delivered: list[BulkResult[Any]] = []

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            run = client.sessions.start_many(players("a", "b", "c", "d", "e"), concurrency=3)

            async def collect() -> None:
                async for each in run:
                    delivered.append(each)

            with pytest.raises(asyncio.TimeoutError) as caught:
                await asyncio.wait_for(collect(), 1.0)
            await run.aclose()
            cause: Any = caught.value.__cause__
            assert list(run.undelivered) == cause.results
            # One start succeeded, and then three were in flight.
            assert [each.ok for each in delivered] == [True]
            outcomes = [getattr(each.error, "outcome", "") for each in run.undelivered]
            assert outcomes == ["unknown"] * 3
            names = [each.item["player_id"] for each in (*delivered, *run.undelivered)]
            assert sorted(names) == ["a", "b", "c", "d"]
            check_account(iplaygames_sandbox, [*delivered, *run.undelivered])

    asyncio.run(main())
    assert iplaygames_sandbox.started == 4


def test_the_results_of_an_interrupted_blocking_run_are_undelivered(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", after=1, delay_ms=600_000, times=0)

    def progress(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    run = iplaygames_client.sessions.start_many(
        players("a", "b", "c", "d", "e"), concurrency=3, progress=progress
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        next(run)
    run.close()
    assert list(run.undelivered) == caught.value.results  # type: ignore[attr-defined]
    assert sorted(each.item["player_id"] for each in run.undelivered) == ["a", "b", "c"]
    assert [each.ok for each in run.undelivered] == [True, False, False]
    check_account(iplaygames_sandbox, run.undelivered)
