"""Bulk calls and watches of many sessions that a forked child inherits: they stay the parent's."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from test_hazards import posix, with_preamble

RunOk = Callable[..., str]

# What both kinds of scripts use.
HELPERS = """
import gc

def in_child(work):
    "Runs a function in a forked child, which must end by itself. Returns its exit code."
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
            gc.collect()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def players(count):
    for number in range(count):
        yield START | {"player_id": f"p{number}"}

def check(started):
    "Checks that each start was made once, and that the results are those of the server."
    assert sorted(each.item["player_id"] for each in started) == sorted(
        each["player_id"] for each in players(12)
    )
    sessions = {each["session_id"] for each in box.sessions()["sessions"]}
    assert {each.unwrap().session_id for each in started} <= sessions
    assert box.called("start_a_game_session") == box.started
"""


def script(text: str) -> str:
    return with_preamble(HELPERS + textwrap.dedent(text))


@posix
@pytest.mark.parametrize("begun", [True, False], ids=["begun", "not begun"])
def test_a_bulk_call_and_a_watch_of_the_parent_raise_invalid_handle_error_in_the_child(
    run_ok: RunOk, begun: bool
) -> None:
    text = """
    session_id = client.sessions.start(**START).session_id
    run = client.sessions.start_many(players(12), concurrency=4)
    changes = client.sessions.watch_many([session_id], interval=0.02)
    started = []
    if BEGUN:
        started.append(next(run))
        assert next(changes).result.status == "active"

    def use():
        global run, changes
        for each in run, changes, run, changes:
            try:
                next(each)
            except ipg.InvalidHandleError as error:
                assert error.outcome == "not_sent"
            else:
                raise AssertionError("the child used an object of the parent")
        run.close()
        changes.close()
        try:
            next(run)
        except ipg.InvalidHandleError:
            pass
        assert client.sessions.start(**START).session_id
        del run, changes

    print(in_child(use), in_child(use))
    started += run
    check(started)
    # The session that is watched, one of each child, and those of the bulk call.
    print(box.started)
    box.advance_clock(100_000)
    print(*[each.result.status for each in changes][-1:])
    """
    assert run_ok(script(text.replace("BEGUN", str(begun)))).split() == ["0", "0", "15", "expired"]


@posix
def test_an_asynchronous_bulk_call_and_watch_of_the_parent_raise_invalid_handle_error_in_the_child(
    run_ok: RunOk,
) -> None:
    text = """
    session_id = client.sessions.start(**START).session_id
    asynchronous = box.async_client()

    async def generate():
        for each in players(12):
            await asyncio.sleep(0.001)
            yield each

    run = asynchronous.sessions.start_many(generate(), concurrency=4)
    changes = asynchronous.sessions.watch_many([session_id], interval=0.02)
    loop = asyncio.new_event_loop()
    started = [loop.run_until_complete(run.__anext__())]
    assert loop.run_until_complete(changes.__anext__()).result.status == "active"

    async def use():
        for each in run, changes, run, changes:
            try:
                await each.__anext__()
            except ipg.InvalidHandleError as error:
                assert error.outcome == "not_sent"
            else:
                raise AssertionError("the child used an object of the parent")
        async with run, changes:
            pass
        await run.aclose()
        await changes.aclose()
        assert (await asynchronous.sessions.start(**START)).session_id

    async def collect():
        async for each in run:
            started.append(each)
        box.advance_clock(100_000)
        return [each.result.status async for each in changes]

    print(in_child(lambda: asyncio.run(use())))
    statuses = loop.run_until_complete(collect())
    check(started)
    print(box.started, statuses[-1])
    loop.run_until_complete(asynchronous.aclose())
    loop.close()
    """
    assert run_ok(script(text)).split() == ["0", "14", "expired"]


@posix
def test_an_iterable_that_forks_does_not_make_the_child_send_its_items(run_ok: RunOk) -> None:
    text = """
    def forking():
        for number, each in enumerate(players(12)):
            if number == 6 and os.fork() == 0:
                signal.alarm(30)
            yield each

    parent = os.getpid()
    started = []
    try:
        for each in client.sessions.start_many(forking(), concurrency=4):
            started.append(each)
    except ipg.InvalidHandleError as error:
        assert os.getpid() != parent and not hasattr(error, "results")
        os._exit(7)
    assert os.getpid() == parent
    print(os.waitstatus_to_exitcode(os.wait()[1]))
    check(started)
    print(box.started)
    """
    assert run_ok(script(text)).split() == ["7", "12"]
