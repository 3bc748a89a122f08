"""The items of bulk calls: their arguments, the ids of their calls, and what waits for them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT

from iplaygames_native import AsyncClient, BulkResult, Client, Sandbox, ValidationError
from iplaygames_native._loop import get_loop_state


def run(
    sandbox: Sandbox, kind: str, method: str, items: Any, **options: Any
) -> list[BulkResult[Any]]:
    """Makes a bulk call of either client, with the id `x` for its calls. Returns the results."""

    async def main() -> list[BulkResult[Any]]:
        async with sandbox.async_client(**options) as client:
            many = getattr(client.with_options(call_id="x").sessions, method)
            return [each async for each in many(items)]

    if kind == "asynchronous":
        return asyncio.run(main())
    with sandbox.client(**options) as client:
        return list(getattr(client.with_options(call_id="x").sessions, method)(items))


def sent_call_ids(sandbox: Sandbox, method: str) -> list[str]:
    """Returns the ids of the calls that the server received."""
    requests = [each for each in sandbox.requests() if each["method"] == method]
    return [each["headers"]["x-request-id"] for each in requests]


both_kinds = pytest.mark.parametrize("kind", ["blocking", "asynchronous"])


# ---- the ids of the calls ------------------------------------------------------------------------


@both_kinds
def test_an_invalid_item_and_the_next_item_have_different_call_ids(
    iplaygames_sandbox: Sandbox, kind: str
) -> None:
    bad = START | {"currency": "?"}
    results = run(iplaygames_sandbox, kind, "start_many", [bad, START, 5, START])
    assert [each.call_id for each in sorted(results, key=lambda each: str(each.call_id))] == [
        "x-1",
        "x-2",
        "x-3",
        "x-4",
    ]
    assert {each.call_id for each in results if each.ok} == {"x-2", "x-4"}
    assert sorted(sent_call_ids(iplaygames_sandbox, "POST")) == ["x-2", "x-4"]
    assert iplaygames_sandbox.started == 2


@both_kinds
def test_an_item_that_waits_for_capacity_keeps_its_call_id(
    iplaygames_sandbox: Sandbox, kind: str
) -> None:
    results = run(iplaygames_sandbox, kind, "start_many", [START] * 4, max_in_flight=1)
    assert [each.call_id for each in results] == ["x-1", "x-2", "x-3", "x-4"]
    assert all(each.ok for each in results)
    assert sent_call_ids(iplaygames_sandbox, "POST") == ["x-1", "x-2", "x-3", "x-4"]


def test_the_watches_of_watch_many_have_different_call_ids(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session_id = iplaygames_client.sessions.start(**START).session_id
    # The second id can be sent by no call, and the others can.
    ids = [session_id, "..", "nobody"]
    named = iplaygames_client.with_options(call_id="x")
    with named.sessions.watch_many(ids, interval=60) as changes:
        results = {each.id: each for each in (next(changes), next(changes), next(changes))}
    assert isinstance(results[".."].error, ValidationError)
    assert [results[each].call_id for each in (session_id, "nobody")] == ["x-1", "x-3"]
    assert sorted(sent_call_ids(iplaygames_sandbox, "GET")) == ["x-1", "x-3"]


# ---- the waiters of an event loop ----------------------------------------------------------------


def test_watches_that_wait_for_capacity_leave_no_waiters_in_the_event_loop(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client(max_in_flight=1) as client:
            ids = [(await client.sessions.start(**START)).session_id for _ in range(3)]
            waiters = get_loop_state(asyncio.get_running_loop()).waiters
            before = len(waiters)
            async with client.sessions.watch_many(ids, interval=60) as changes:
                assert (await changes.__anext__()).ok
                # The second session waits for the first, and is tried again every 20 ms.
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(changes.__anext__(), 0.5)
                assert len(waiters) == before + 1
            assert len(waiters) == before

    asyncio.run(main())


def test_a_watch_that_is_over_leaves_no_waiter_in_the_event_loop(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            ids = [(await client.sessions.start(**START)).session_id for _ in range(5)]
            waiters = get_loop_state(asyncio.get_running_loop()).waiters
            before = len(waiters)
            async with client.sessions.watch_many([*ids, "nobody"], interval=0.02) as changes:
                ended = 0
                while ended < 5:
                    change = await asyncio.wait_for(changes.__anext__(), TEST_TIMEOUT)
                    if not change.ok or change.result.status == "closed":
                        ended += 1
                    elif change.id != ids[0]:
                        await client.sessions.end(change.id)
                # Only the watch of the first session goes on.
                assert len(waiters) == before + 1
            assert len(waiters) == before

    asyncio.run(main())
    assert iplaygames_sandbox.ended == 4


def test_a_bulk_run_that_waits_for_capacity_leaves_no_waiters_in_the_event_loop(
    iplaygames_sandbox: Sandbox,
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client(max_in_flight=1) as client:
            session = await client.sessions.start(**START)
            async with client.sessions.watch(session.session_id, interval=60) as watch:
                await watch.__anext__()
                waiters = get_loop_state(asyncio.get_running_loop()).waiters
                before = len(waiters)
                run = client.sessions.start_many([START] * 3)
                task = asyncio.ensure_future(run.__anext__())
                await asyncio.sleep(0.5)
                assert len(waiters) == before
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    # The session that is watched.
    assert iplaygames_sandbox.started == 1


# ---- the arguments of starts ---------------------------------------------------------------------


@both_kinds
def test_start_many_leaves_out_arguments_that_are_none_as_start_does(kind: str) -> None:
    bodies: list[bytes] = []

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        bodies.append(body)
        data = {"session_id": "s", "game_url": "http://127.0.0.1/"}
        document = json.dumps({"success": True, "data": data}).encode()
        return 201, [("content-type", "application/json")], document

    options: dict[str, Any] = {"api_key": "test-key-123", "base_url": "http://127.0.0.1:9"}
    given = START | {"locale": None, "provider": None, "extra": {"new": None}}

    async def main() -> list[BulkResult[Any]]:
        async with AsyncClient(**options, transport=send) as client:
            await client.sessions.start(**given)
            return [each async for each in client.sessions.start_many([given])]

    if kind == "asynchronous":
        (result,) = asyncio.run(main())
    else:
        with Client(**options, transport=send) as client:
            client.sessions.start(**given)
            (result,) = client.sessions.start_many([given])
    assert result.ok and result.item is given
    first, second = (json.loads(body) for body in bodies)
    # Inside an argument, None is sent as null.
    assert first == second == START | {"new": None}


@both_kinds
def test_start_many_starts_a_session_for_a_mapping_with_none(
    iplaygames_sandbox: Sandbox, kind: str
) -> None:
    given = START | {"locale": None, "device": None, "freespin_count": None}
    (result,) = run(iplaygames_sandbox, kind, "start_many", [given])
    assert result.ok and iplaygames_sandbox.started == 1
    # A required argument that is None is missing.
    (result,) = run(iplaygames_sandbox, kind, "start_many", [START | {"currency": None}])
    assert isinstance(result.error, ValidationError) and result.error.parameter == "currency"
    assert iplaygames_sandbox.started == 1


@pytest.mark.parametrize("option", ["timeout", "call_id", "headers", "max_retries"])
def test_an_option_of_a_call_is_not_an_argument_of_a_start(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, option: str
) -> None:
    (result,) = iplaygames_client.sessions.start_many([START | {option: 5}])
    assert isinstance(result.error, ValidationError) and result.error.parameter == option
    iplaygames_sandbox.assert_not_called("start_a_game_session")
