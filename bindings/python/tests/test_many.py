"""Bulk calls and watches of many sessions: sources, capacity, order, and what is not lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT

from iplaygames_native import (
    AsyncClient,
    BulkFailure,
    BulkSuccess,
    BusyError,
    Client,
    ClosedError,
    NotFoundError,
    Sandbox,
    ValidationError,
)

WAIT = 5.0


def start(client: Client, count: int) -> list[str]:
    return [client.sessions.start(**START).session_id for _ in range(count)]


# ---- start_many and call_many --------------------------------------------------------------------


def test_start_many_starts_one_session_for_each_mapping(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    players = [START | {"player_id": f"p{number}"} for number in range(10)]
    results = list(iplaygames_client.sessions.start_many([*players, START | {"currency": "?"}]))
    assert iplaygames_sandbox.started == 10 and len(results) == 11
    started = [each for each in results if each.ok]
    assert {each.item["player_id"] for each in started} == {f"p{number}" for number in range(10)}
    assert len({each.unwrap().session_id for each in started}) == 10
    # The id of a start is the id of its call, which its request was sent with.
    for each in started:
        assert each.ok and each.id == each.call_id == each.result.call_id
    (failed,) = (each for each in results if not each.ok)
    assert isinstance(failed.error, ValidationError) and failed.error.parameter == "currency"
    assert failed.item["currency"] == "?" and failed.id == failed.call_id


def test_call_many_calls_any_operation(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    given: list[Any] = [{"id": 1}, {"id": 2}, 5, {"idd": 3}]
    results = {
        repr(each.item): each
        for each in iplaygames_client.call_many("get_transaction_details", given)
    }
    assert results["{'id': 1}"].unwrap()["data"]["id"] == 1
    assert isinstance(results["5"].error, TypeError)
    assert "id" in str(results["{'idd': 3}"].error)
    iplaygames_sandbox.assert_called("get_transaction_details", 2)
    for wrong in ({"id": 1}, "ab", b"ab"):
        with pytest.raises(TypeError, match="must be an iterable of mappings"):
            iplaygames_client.call_many("get_transaction_details", wrong)


def test_each_call_of_a_bulk_run_has_an_id_of_its_own(iplaygames_client: Client) -> None:
    ids = start(iplaygames_client, 3)
    results = list(iplaygames_client.sessions.status_many(ids))
    assert len({each.call_id for each in results}) == 3
    results = list(iplaygames_client.with_options(call_id="job").sessions.status_many([*ids, "x"]))
    assert {each.call_id for each in results} == {"job-1", "job-2", "job-3", "job-4"}
    errors = [each.error.call_id for each in results if not each.ok]
    assert len(errors) == 1 and errors[0] in {"job-1", "job-2", "job-3", "job-4"}


def test_the_two_kinds_of_results_are_told_apart(iplaygames_client: Client) -> None:
    (session_id,) = start(iplaygames_client, 1)
    for result in iplaygames_client.sessions.status_many([session_id, "x"]):
        match result:
            case BulkSuccess(id=id, result=status):
                assert (id, status.status, result.error) == (session_id, "active", None)
            case BulkFailure(id=id, error=error):
                assert id == "x" and isinstance(error, NotFoundError) and result.result is None


# ---- asynchronous iterables ----------------------------------------------------------------------


def test_an_asynchronous_iterable_gives_the_ids(iplaygames_sandbox: Sandbox) -> None:
    closed = []

    async def ids(client: AsyncClient) -> AsyncIterator[str]:
        try:
            for _ in range(20):
                yield (await client.sessions.start(**START)).session_id
        finally:
            closed.append(True)

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            results = [each async for each in client.sessions.end_many(ids(client), concurrency=4)]
            assert len(results) == 20 and all(each.ok for each in results)

    asyncio.run(main())
    assert iplaygames_sandbox.ended == 20 and closed == [True]


def test_results_arrive_while_an_asynchronous_iterable_waits(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        release = asyncio.Event()

        async def ids() -> AsyncIterator[str]:
            yield "a"
            yield "b"
            await release.wait()
            yield "c"

        async with iplaygames_sandbox.async_client() as client:
            seen = []
            async for each in client.sessions.status_many(ids(), concurrency=16):
                seen.append(each.id)
                if len(seen) == 2:
                    release.set()
            assert sorted(seen) == ["a", "b", "c"]

    asyncio.run(asyncio.wait_for(main(), TEST_TIMEOUT))


def test_an_asynchronous_iterable_that_raises_loses_no_result(iplaygames_sandbox: Sandbox) -> None:
    async def ids() -> AsyncIterator[str]:
        for number in range(5):
            yield str(number)
        raise OSError("the disk failed")

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            seen: list[str] = []

            async def collect() -> None:
                async for each in client.sessions.status_many(ids(), concurrency=3):
                    seen.append(each.id)

            with pytest.raises(OSError, match="the disk failed"):
                await collect()
            assert sorted(seen) == list("01234")
            assert client.stats()["in_flight"] == 0

    asyncio.run(main())


def test_a_consumer_that_leaves_closes_the_asynchronous_iterable(
    iplaygames_sandbox: Sandbox,
) -> None:
    closed = []

    async def ids() -> AsyncIterator[str]:
        try:
            yield "a"
            await asyncio.sleep(TEST_TIMEOUT)
        finally:
            closed.append(True)

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            results: Any = client.sessions.status_many(ids())
            assert (await results.__anext__()).id == "a"
            await results.aclose()
            assert closed == [True] and client.stats()["in_flight"] == 0
            results = client.sessions.status_many(ids())
            task = asyncio.ensure_future(_collect(results))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert closed == [True, True]

    async def _collect(results: Any) -> None:
        async for _ in results:
            pass

    asyncio.run(main())


# ---- sources, order and capacity -----------------------------------------------------------------


def test_results_are_delivered_between_the_ids_of_a_slow_iterable(
    iplaygames_client: Client,
) -> None:
    known = start(iplaygames_client, 20)
    seen: list[str] = []
    before: list[int] = []

    def ids() -> Iterator[str]:
        for each in known:
            time.sleep(0.05)
            before.append(len(seen))
            yield each

    for result in iplaygames_client.sessions.status_many(ids(), concurrency=64):
        seen.append(result.id)
    assert sorted(seen) == sorted(known)
    # Without this the first result would come after the last id.
    assert before[-1] >= 1


def test_a_bulk_run_waits_while_other_calls_use_all_capacity(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client(max_in_flight=2) as client:
        ids = start(client, 5)
        watches = [client.sessions.watch(each, interval=0.05) for each in ids[:2]]
        timer = threading.Timer(0.3, watches[0].close)
        timer.start()
        results = list(client.sessions.status_many(ids))
        timer.join()
        assert len(results) == 5 and all(each.ok for each in results)
        watches[1].close()


def test_a_bulk_run_waits_for_capacity_at_most_as_long_as_a_call(
    iplaygames_sandbox: Sandbox,
) -> None:
    with iplaygames_sandbox.client(max_in_flight=1) as client:
        (session_id,) = start(client, 1)
        with client.sessions.watch(session_id, interval=0.05):
            waiting = client.with_options(timeout=0.2)
            results = list(waiting.sessions.status_many([session_id, session_id]))
            assert [type(each.error) for each in results] == [BusyError, BusyError]


def test_an_asynchronous_bulk_run_waits_for_capacity(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client(max_in_flight=1) as client:
            session = await client.sessions.start(**START)
            watch = client.sessions.watch(session.session_id, interval=0.05)
            await watch.__anext__()
            asyncio.get_running_loop().call_later(0.3, watch.close)
            results = client.sessions.status_many([session.session_id] * 3)
            assert [each.ok async for each in results] == [True] * 3

    asyncio.run(main())


# ---- watch_many ----------------------------------------------------------------------------------


def test_watch_many_reports_the_changes_of_all_sessions(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    ids = start(iplaygames_client, 5)
    seen: dict[str, list[str]] = {each: [] for each in ids}
    errors = []
    with iplaygames_client.sessions.watch_many([*ids, "nobody"], interval=0.02) as changes:
        for change in changes:
            if change.ok:
                seen[change.id].append(change.result.status)
                if change.result.status == "active":
                    iplaygames_client.sessions.end(change.id)
            else:
                errors.append((change.id, type(change.error)))
    assert all(statuses == ["active", "closed"] for statuses in seen.values())
    assert errors == [("nobody", NotFoundError)]
    assert iplaygames_client.stats()["in_flight"] == 0


def test_watch_many_reports_the_changes_of_all_sessions_to_asyncio(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            ids = [(await client.sessions.start(**START)).session_id for _ in range(5)]
            seen: list[tuple[str, Any]] = []
            async with client.sessions.watch_many([*ids, "nobody"], interval=0.02) as changes:
                async for change in changes:
                    seen.append((change.id, change.result.status if change.ok else None))
                    if change.ok and change.result.status == "active":
                        await client.sessions.end(change.id)
            expected = [(each, status) for each in ids for status in ("active", "closed")]
            assert sorted(seen, key=str) == sorted([*expected, ("nobody", None)], key=str)
            assert client.stats()["in_flight"] == 0

    asyncio.run(main())


def test_watch_many_watches_thousands_of_sessions_in_one_iterator(
    iplaygames_sandbox: Sandbox,
) -> None:
    count = 2000
    with iplaygames_sandbox.client(max_in_flight=count + 50) as client:
        mappings = [START] * count
        ids = [each.unwrap().session_id for each in client.sessions.start_many(mappings)]
        seen: set[str] = set()
        with client.sessions.watch_many(ids, interval=30) as changes:
            for change in changes:
                assert change.ok and change.result.status == "active"
                seen.add(change.id)
                if len(seen) == count:
                    break
        assert client.stats()["in_flight"] == 0


def test_watch_many_starts_further_watches_when_others_are_over(
    iplaygames_sandbox: Sandbox,
) -> None:
    with (
        iplaygames_sandbox.client() as helper,
        iplaygames_sandbox.client(max_in_flight=3) as client,
    ):
        ids = start(helper, 8)
        seen = []
        for change in client.sessions.watch_many(iter(ids), interval=0.02):
            assert change.ok
            if change.result.status == "active":
                helper.sessions.end(change.id)
            else:
                seen.append(change.id)
        assert sorted(seen) == sorted(ids)


def test_watch_many_ends_the_watch_of_a_session_after_max_failures(
    iplaygames_sandbox: Sandbox,
) -> None:
    with iplaygames_sandbox.client(max_retries=0) as client:
        ids = start(client, 2)
        with client.sessions.watch_many(ids, interval=0.02, max_failures=3) as changes:
            assert next(changes).ok and next(changes).ok
            iplaygames_sandbox.fault("get_session_status", status=500, times=1000)
            failed = [next(changes), next(changes)]
            assert {each.id for each in failed} == set(ids)
            assert all(getattr(each.error, "status_code") == 500 for each in failed)
            assert list(changes) == [] and changes.failing() == {}


def test_the_failing_sessions_of_watch_many_are_named(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client(max_retries=0) as client:
        (session_id,) = start(client, 1)
        with client.sessions.watch_many([session_id], interval=0.02) as changes:
            next(changes)
            assert changes.failing() == {}
            iplaygames_sandbox.fault("get_session_status", status=500, times=1000)
            threading.Timer(1.0, changes.close).start()
            deadline = time.monotonic() + WAIT
            thread = threading.Thread(target=lambda: list(changes))
            thread.start()
            while not changes.failing() and time.monotonic() < deadline and thread.is_alive():
                time.sleep(0.01)
            errors = changes.failing()
            thread.join()
        assert list(errors) == [session_id] and errors[session_id].status_code == 500


def test_a_second_consumer_of_watch_many_is_refused(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client() as client:
        (session_id,) = start(client, 1)
        changes = client.sessions.watch_many([session_id], interval=30)
        next(changes)
        thread = threading.Thread(target=lambda: list(changes))
        thread.start()
        deadline = time.monotonic() + WAIT
        refused = False
        while not refused and time.monotonic() < deadline:
            time.sleep(0.01)
            if changes._lock.locked():
                with pytest.raises(RuntimeError, match="another consumer"):
                    next(changes)
                refused = True
        changes.close()
        thread.join(WAIT)
        assert refused and not thread.is_alive()

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            changes = client.sessions.watch_many([session_id], interval=30)
            await changes.__anext__()
            first = asyncio.ensure_future(changes.__anext__())
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError, match="another consumer"):
                await changes.__anext__()
            changes.close()
            with pytest.raises(StopAsyncIteration):
                await first

    asyncio.run(main())


def test_watch_many_that_is_closed_while_it_reads_the_ids_watches_no_more_sessions(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    first, second = start(iplaygames_client, 2)

    def ids() -> Iterator[str]:
        yield first
        changes.close()
        yield second

    changes = iplaygames_client.sessions.watch_many(ids(), interval=0.02)
    assert list(changes) == []
    assert iplaygames_client.stats()["in_flight"] == 0
    targets = [request["target"] for request in iplaygames_sandbox.requests()]
    assert targets and not any(second in target for target in targets)


def test_watch_many_that_another_thread_closes_ends_and_leaves_no_watch(
    iplaygames_client: Client,
) -> None:
    ids = start(iplaygames_client, 20)
    for round in range(20):
        changes = iplaygames_client.sessions.watch_many(ids, interval=0.01)
        closing = threading.Timer(0.002 * round, changes.close)
        closing.start()
        # The iteration ends, and `close` never makes it fail.
        for _ in changes:
            pass
        closing.join()
        assert list(changes) == []
    deadline = time.monotonic() + TEST_TIMEOUT
    while iplaygames_client.stats()["in_flight"]:
        assert time.monotonic() < deadline


def test_canceling_a_consumer_of_watch_many_keeps_the_watch(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            session = await client.sessions.start(**START)
            async with client.sessions.watch_many([session.session_id], interval=0.05) as changes:
                await changes.__anext__()
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(changes.__anext__(), 0.2)
                await client.sessions.end(session.session_id)
                change = await asyncio.wait_for(changes.__anext__(), WAIT)
                assert change.ok and change.result.status == "closed"
            assert client.stats()["in_flight"] == 0

    asyncio.run(main())


@pytest.mark.parametrize("wrong", ["ids", b"ids", {"a": 1}])
def test_one_string_in_place_of_ids_is_refused(iplaygames_client: Client, wrong: Any) -> None:
    with pytest.raises(TypeError, match="must be an iterable of ids"):
        iplaygames_client.sessions.watch_many(wrong)
    with pytest.raises(TypeError, match="must be an iterable of ids"):
        iplaygames_client.sessions.status_many(wrong)


def test_an_asynchronous_iterable_is_refused_where_nothing_awaits_it(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    async def generate() -> AsyncIterator[Any]:
        yield "id"

    wrong: Any = generate()
    for call in (
        iplaygames_client.sessions.status_many,
        iplaygames_client.sessions.end_many,
        iplaygames_client.sessions.start_many,
        iplaygames_client.sessions.watch_many,
        iplaygames_sandbox.async_client().sessions.watch_many,
    ):
        with pytest.raises(TypeError, match="not the asynchronous iterable async_generator"):
            call(wrong)
    with pytest.raises(TypeError, match="use an AsyncClient"):
        iplaygames_client.call_many("list_games", wrong)


def test_an_id_that_is_no_string_is_a_failure_of_its_own(iplaygames_client: Client) -> None:
    ids: list[Any] = [None, *start(iplaygames_client, 1)]
    with iplaygames_client.sessions.watch_many(ids, interval=0.05) as changes:
        results = {repr(each.id): each for each in (next(changes), next(changes))}
        assert isinstance(results["None"].error, ValidationError)
    iplaygames_client.close()
    closed = iplaygames_client.sessions.watch_many(["a"])
    assert [type(each.error) for each in closed] == [ClosedError]


# ---- a consumer that raises ----------------------------------------------------------------------


def test_a_consumer_that_raises_loses_no_started_session(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client() as client:
        with client.sessions.start_many([START] * 20, concurrency=8) as run:
            seen = []

            def consume() -> None:
                for each in run:
                    seen.append(each.unwrap().session_id)
                    if len(seen) == 3:
                        raise OSError("the disk failed")

            with pytest.raises(OSError, match="the disk failed"):
                consume()
        exist = {each["session_id"] for each in iplaygames_sandbox.sessions()["sessions"]}
        known = set(seen) | {each.result.session_id for each in run.undelivered if each.ok}
        unknown = sum(getattr(each.error, "outcome", "") == "unknown" for each in run.undelivered)
        # Each session that exists is known, or is one of the starts whose outcome is unknown.
        assert known <= exist and len(exist - known) <= unknown
        assert len(seen) + len(run.undelivered) >= 8 and client.stats()["in_flight"] == 0
        assert list(run) == []


def test_an_asynchronous_consumer_that_raises_loses_no_started_session(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            seen: list[str] = []
            async with client.sessions.start_many([START] * 20, concurrency=8) as run:
                async for each in run:
                    seen.append(each.unwrap().session_id)
                    if len(seen) == 3:
                        break
            exist = {each["session_id"] for each in iplaygames_sandbox.sessions()["sessions"]}
            known = set(seen) | {each.result.session_id for each in run.undelivered if each.ok}
            unknown = sum(
                getattr(each.error, "outcome", "") == "unknown" for each in run.undelivered
            )
            assert known <= exist and len(exist - known) <= unknown
            assert len(seen) + len(run.undelivered) >= 8 and client.stats()["in_flight"] == 0

    asyncio.run(main())
