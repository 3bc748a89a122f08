"""The asynchronous client: calls, several event loops, cancelation."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT

from iplaygames_native import (
    AsyncClient,
    CanceledError,
    ClosedError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    Sandbox,
    ValidationError,
)


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """An event loop that cannot watch descriptors, like the default loop on Windows."""

    def add_reader(self, *_: Any) -> Any:  # type: ignore[override]
        raise NotImplementedError


def uvloop_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


LOOPS: list[Any] = [asyncio.new_event_loop, LoopWithoutReaders]
if sys.platform != "win32":
    LOOPS.append(uvloop_loop)

Main = Callable[[], Coroutine[Any, Any, Any]]
Run = Callable[[Main], Any]


def run_in(make: Callable[[], asyncio.AbstractEventLoop], main: Main) -> Any:
    loop = make()
    try:
        return loop.run_until_complete(asyncio.wait_for(main(), TEST_TIMEOUT))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        # `prewarm` uses the executor, and Python 3.11 does not close it with the loop.
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture(params=LOOPS, ids=lambda make: make.__name__)
def go(request: pytest.FixtureRequest) -> Run:
    """Returns a function that runs a coroutine in an event loop, one of each kind."""
    return lambda main: run_in(request.param, main)


async def until(condition: Callable[[], bool]) -> None:
    """Waits until a condition is true."""
    for _ in range(TEST_TIMEOUT * 100):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not become true")


def test_sessions_are_started_checked_and_ended(
    go: Run, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        client = iplaygames_async_client
        session = await client.sessions.start(**START)
        assert (await client.sessions.status(session.session_id)).status == "active"
        assert (await client.sessions.end(session.session_id)).message
        with pytest.raises(NotFoundError):
            await client.sessions.status("nobody")
        with pytest.raises(ValidationError):
            await client.sessions.start(**(START | {"currency": "!"}))
        games = await client.call("list_games", per_page="20")
        assert games["data"] and (await client.prewarm()) >= 0

    go(main)


def test_multi_sessions_are_started_checked_and_ended(
    go: Run, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        multi_sessions = iplaygames_async_client.multi_sessions
        start = {name: value for name, value in START.items() if name != "game_id"}
        multi = await multi_sessions.start(**start)
        assert (await multi_sessions.status(multi.multi_session_id)).status == "active"
        assert (await multi_sessions.end(multi.multi_session_id)).message

    go(main)


def test_concurrent_calls_each_get_their_own_response(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def one(number: int) -> None:
        session = await iplaygames_async_client.sessions.start(
            **(START | {"player_id": str(number)})
        )
        status = await iplaygames_async_client.sessions.status(session.session_id)
        assert status.player_id == str(number)

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(300)))

    go(main)
    assert iplaygames_sandbox.counts()["sessions"]["active"] == 300


def test_canceling_a_task_closes_the_connection(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        iplaygames_sandbox.fault("list_games", delay_ms=600_000)
        task = asyncio.create_task(iplaygames_async_client.call("list_games"))
        await until(lambda: iplaygames_sandbox.counts()["requests"]["total"] == 1)
        assert iplaygames_sandbox.counts()["connections"]["open"] == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: iplaygames_sandbox.counts()["connections"]["open"] == 0)
        assert iplaygames_async_client.stats()["in_flight"] == 0

    go(main)


def test_wait_for_cancels_a_call_after_its_timeout(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        iplaygames_sandbox.fault("list_games", delay_ms=600_000)
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(iplaygames_async_client.call("list_games"), 0.05)
        await iplaygames_async_client.call("list_games")

    go(main)


def test_an_open_session_is_ended_when_its_task_is_canceled(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        inside = asyncio.Event()

        async def play() -> None:
            async with iplaygames_async_client.sessions.open(**START):
                inside.set()
                await asyncio.sleep(TEST_TIMEOUT)

        task = asyncio.create_task(play())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert iplaygames_sandbox.counts()["sessions"]["closed"] == 1
        async with iplaygames_async_client.sessions.open(**START) as session:
            await iplaygames_async_client.sessions.end(session.session_id)
        iplaygames_sandbox.fault("end_a_game_session", status=500)
        with pytest.raises(InternalServerError):
            async with iplaygames_async_client.with_options(max_retries=0).sessions.open(**START):
                pass

    go(main)


def test_a_watch_yields_each_change_and_ends_with_the_session(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        sessions = iplaygames_async_client.sessions
        session = await sessions.start(**START)
        seen = []
        async for status in sessions.watch(session.session_id, interval=0.01):
            seen.append(status.status)
            iplaygames_sandbox.advance_clock(100_000)
        assert seen == ["active", "expired"]
        with pytest.raises(NotFoundError):
            async for _ in sessions.watch("nobody", interval=0.01):
                pass
        another = await sessions.start(**START)
        async with sessions.watch(another.session_id, interval=0.01) as changes:
            assert (await changes.__anext__()).status == "active"
            with pytest.raises((TimeoutError, asyncio.TimeoutError)):
                await asyncio.wait_for(changes.__anext__(), 0.05)
            await sessions.end(another.session_id)
            assert (await changes.__anext__()).status == "closed"
        assert [status async for status in changes] == []
        await until(lambda: iplaygames_async_client.stats()["in_flight"] == 0)

    go(main)


def test_fifty_watches_run_at_the_same_time(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def watch(session_id: str) -> list[str]:
        changes = iplaygames_async_client.sessions.watch(session_id, interval=0.02)
        return [status.status async for status in changes]

    async def main() -> None:
        starts = [iplaygames_async_client.sessions.start(**START) for _ in range(50)]
        sessions = await asyncio.gather(*starts)
        watches = [asyncio.create_task(watch(session.session_id)) for session in sessions]
        await until(lambda: iplaygames_sandbox.counts()["requests"]["total"] >= 100)
        iplaygames_sandbox.advance_clock(100_000)
        for seen in await asyncio.gather(*watches):
            assert seen[-1] == "expired"

    go(main)


def test_close_cancels_the_calls_in_flight(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        iplaygames_sandbox.fault("list_games", delay_ms=600_000, times=0)
        tasks = [asyncio.create_task(iplaygames_async_client.call("list_games")) for _ in range(3)]
        await until(lambda: iplaygames_sandbox.counts()["requests"]["total"] == 3)
        await iplaygames_async_client.aclose()
        for task in tasks:
            with pytest.raises(CanceledError):
                await task
        with pytest.raises(ClosedError):
            await iplaygames_async_client.call("list_games")

    go(main)


def test_several_event_loops_use_one_client_at_once(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    problems: list[BaseException] = []

    async def main() -> None:
        for _ in range(20):
            session = await iplaygames_async_client.sessions.start(**START)
            await asyncio.gather(
                *(iplaygames_async_client.sessions.status(session.session_id) for _ in range(10))
            )

    def thread(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
        try:
            run_in(make, main)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=thread, args=(make,)) for make in LOOPS * 2]
    for each in threads:
        each.start()
    for each in threads:
        each.join(TEST_TIMEOUT)
    assert problems == [] and not any(each.is_alive() for each in threads)
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 20 * len(threads)


def test_event_loops_use_one_client_one_after_another(iplaygames_async_client: AsyncClient) -> None:
    async def main() -> None:
        await iplaygames_async_client.call("list_games")

    for make in LOOPS * 5:
        run_in(make, main)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts descriptors in /proc")
@pytest.mark.parametrize("make", LOOPS, ids=lambda make: make.__name__)
def test_a_closed_event_loop_leaks_no_descriptors(
    make: Callable[[], asyncio.AbstractEventLoop], iplaygames_async_client: AsyncClient
) -> None:
    from os import listdir

    async def main() -> None:
        await iplaygames_async_client.call("list_games")

    def count() -> int:
        gc.collect()
        return len(listdir("/proc/self/fd"))

    run_in(make, main)
    before = count()
    for _ in range(10):
        run_in(make, main)
    # The thread of a loop without readers checks twice a second whether its loop is closed.
    for _ in range(TEST_TIMEOUT * 10):
        if count() <= before + 1:
            return
        time.sleep(0.1)
    raise AssertionError(f"{before} descriptors became {count()}")


def test_a_collected_coroutine_cancels_its_call(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        iplaygames_sandbox.fault("list_games", delay_ms=600_000)
        call: Awaitable[Any] | None = iplaygames_async_client.call("list_games")
        assert call is not None
        steps = call.__await__()
        next(steps)
        del call, steps
        gc.collect()
        await until(lambda: iplaygames_async_client.stats()["in_flight"] == 0)

    go(main)


def test_bulk_results_come_in_the_order_of_completion(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        sessions = iplaygames_async_client.sessions
        ids = [(await sessions.start(**START)).session_id for _ in range(5)]
        progress_calls: list[tuple[int, int | None]] = []

        def progress(done: int, total: int | None) -> None:
            progress_calls.append((done, total))

        found = {
            each.id: each
            async for each in sessions.status_many(
                [*ids, "nobody", ""], concurrency=3, progress=progress
            )
        }
        assert [found[id].unwrap().status for id in ids] == ["active"] * 5
        assert isinstance(found["nobody"].error, NotFoundError)
        assert isinstance(found[""].error, ValidationError)
        assert progress_calls == [(done, 7) for done in range(1, 8)]
        assert [each.ok async for each in sessions.end_many(iter(ids))] == [True] * 5
        async for each in sessions.status_many([]):
            raise AssertionError(each)

    go(main)


def test_leaving_a_bulk_iteration_cancels_the_calls_in_flight(
    go: Run, iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        iplaygames_sandbox.fault("get_session_status", after=1, delay_ms=600_000, times=0)
        results = iplaygames_async_client.sessions.status_many(["a", "b", "c", "d"], concurrency=3)
        async for each in results:
            assert isinstance(each.error, NotFoundError)
            break
        await results.aclose()
        await until(lambda: iplaygames_async_client.stats()["in_flight"] == 0)
        await until(lambda: iplaygames_sandbox.counts()["connections"]["open"] <= 1)

    go(main)


def test_options_apply_to_the_copy_only(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    async def main() -> None:
        copy = iplaygames_async_client.with_options(call_id="match-7").with_options(max_retries=0)
        assert (await copy.call("list_games")).call_id == "match-7"
        assert (await iplaygames_async_client.call("list_games")).call_id != "match-7"
        iplaygames_sandbox.fault("end_a_game_session", status=409, envelope=True)
        with pytest.raises(ConflictError):
            await copy.sessions.end("x")

    run_in(asyncio.new_event_loop, main)
