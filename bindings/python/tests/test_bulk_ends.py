"""Bulk runs that end early: each item that was taken has a result, and nothing more is started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from conftest import START

from iplaygames_native import BulkResult, BusyError, CanceledError, Client, Sandbox

# Ends a run that hangs.
LIMIT = 20


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


# ---- exceptions of `progress` --------------------------------------------------------------------


def raise_error(done: int, total: int | None) -> None:
    """Raises in place of a function that reports the progress."""
    raise LookupError("the progress function failed")


def run_async(
    sandbox: Sandbox, items: AsyncIterator[Any], pause: float = 0.0, **options: Any
) -> list[BulkResult[Any]]:
    """Starts the sessions of an asynchronous iterable, until `progress` raises.

    The consumer pauses after each result. Returns the results.
    """
    results: list[BulkResult[Any]] = []

    async def collect() -> None:
        async with sandbox.async_client(**options) as client:
            async for each in client.sessions.start_many(items, progress=raise_error):
                results.append(each)
                await asyncio.sleep(pause)
            raise AssertionError("the exception of `progress` was not raised")

    async def main() -> None:
        with pytest.raises(LookupError, match="the progress function failed"):
            await asyncio.wait_for(collect(), LIMIT)

    asyncio.run(main())
    return results


def test_an_exception_of_progress_does_not_wait_for_the_next_item_of_an_asynchronous_iterable(
    iplaygames_sandbox: Sandbox,
) -> None:
    closed = []

    async def items() -> AsyncIterator[Any]:
        try:
            yield players("first")[0]
            await asyncio.Event().wait()
            yield players("late")[0]
        finally:
            closed.append(True)

    (result,) = run_async(iplaygames_sandbox, items())
    assert result.ok and result.item["player_id"] == "first" and closed == [True]
    assert iplaygames_sandbox.started == 1


def test_an_item_that_comes_after_an_exception_of_progress_is_not_started(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def late() -> AsyncIterator[Any]:
        yield players("first")[0]
        while not iplaygames_sandbox.started:
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        yield players("late")[0]

    # The item comes while the consumer handles the first result: `progress` has raised before.
    first, second = run_async(iplaygames_sandbox, late(), pause=3)
    assert first.ok and first.item["player_id"] == "first"
    assert second.item["player_id"] == "late" and second.id == second.call_id
    assert isinstance(second.error, CanceledError) and second.error.outcome == "not_sent"
    assert second.error.operation == "start_a_game_session"
    assert iplaygames_sandbox.started == iplaygames_sandbox.called("start_a_game_session") == 1


def test_an_item_of_an_iterable_that_ignores_its_cancellation_is_not_started(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def stubborn() -> AsyncIterator[Any]:
        yield players("first")[0]
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield players("late")[0]

    first, second = run_async(iplaygames_sandbox, stubborn())
    assert first.ok and isinstance(second.error, CanceledError)
    assert second.error.outcome == "not_sent" and iplaygames_sandbox.started == 1


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_an_item_that_waits_for_capacity_is_not_started_after_an_exception_of_progress(
    iplaygames_sandbox: Sandbox, kind: str
) -> None:
    results: list[BulkResult[Any]] = []
    given = players("a", "b", "c")

    def collect() -> None:
        with iplaygames_sandbox.client(max_in_flight=1) as client:
            for each in client.sessions.start_many(given, progress=raise_error):
                results.append(each)

    async def collect_async() -> None:
        async with iplaygames_sandbox.async_client(max_in_flight=1) as client:
            async for each in client.sessions.start_many(given, progress=raise_error):
                results.append(each)

    with pytest.raises(LookupError, match="the progress function failed"):
        collect() if kind == "blocking" else asyncio.run(collect_async())
    # The second item was read, and the third was not.
    assert [each.item["player_id"] for each in results] == ["a", "b"]
    assert results[0].ok and isinstance(results[1].error, BusyError)
    assert results[1].error.outcome == "not_sent"
    assert iplaygames_sandbox.started == iplaygames_sandbox.called("start_a_game_session") == 1


# ---- items that were taken and not started -------------------------------------------------------


@pytest.mark.parametrize("ends", ["closed", "canceled"])
def test_an_item_that_was_fetched_is_undelivered_after_the_end_of_an_asynchronous_run(
    iplaygames_sandbox: Sandbox, ends: str
) -> None:
    async def items() -> AsyncIterator[Any]:
        yield players("first")[0]
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield players("late")[0]

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            run = client.sessions.start_many(items())
            assert (await run.__anext__()).ok
            if ends == "closed":
                await run.aclose()
            else:
                with pytest.raises(asyncio.TimeoutError) as caught:
                    await asyncio.wait_for(run.__anext__(), 0.2)
                cause: Any = caught.value.__cause__
                assert list(run.undelivered) == cause.results
            (late,) = run.undelivered
            assert late.item["player_id"] == "late"
            assert getattr(late.error, "outcome", "") == "not_sent"

    asyncio.run(main())
    assert iplaygames_sandbox.started == 1
