"""Log records: their attributes, their functions, and when they arrive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from conftest import START

from iplaygames_native import Client, NotFoundError, Sandbox, UnavailableError
from iplaygames_native._log import parse_line

NAMES = ("operation", "call_id", "outcome", "attempts", "elapsed")


def facts(record: logging.LogRecord) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in NAMES)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Callable[[str], list[logging.LogRecord]]:
    """Returns the records of one logger."""
    caplog.set_level(logging.DEBUG, "iplaygames_native")
    return lambda name: [
        record for record in caplog.records if record.name == f"iplaygames_native.{name}"
    ]


def test_records_have_the_facts_of_their_call(
    records: Any, iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session = iplaygames_client.sessions.start(**START, call_id="my:call,3")
    (done,) = records("client")
    assert facts(done)[:4] == ("start_a_game_session", "my:call,3", "succeeded", 1)
    assert done.elapsed == pytest.approx(session.elapsed, abs=0.002)
    iplaygames_sandbox.fault("get_session_status", status=503, times=1)
    assert iplaygames_client.sessions.status(session.session_id, call_id="c").attempts == 2
    with pytest.raises(NotFoundError):
        iplaygames_client.sessions.status("nobody", call_id="d")
    assert [facts(record)[:4] for record in records("client")[1:]] == [
        ("get_session_status", "c", "succeeded", 2), ("get_session_status", "d", "rejected", 1),
    ]  # fmt: skip
    attempts = [facts(record)[:4] for record in records("net") if record.operation]
    assert ("get_session_status", "c", None, 1) in attempts
    assert all(hasattr(record, name) for record in records("net") for name in NAMES)


def test_a_message_of_the_server_cannot_forge_the_facts() -> None:
    line = "end call c: x: done in 5 ms, 1 attempts [IPG_ERR_API] after 9 ms, 2 attempts, outcome rejected"
    assert parse_line(line) == {
        "operation": "end", "call_id": "c", "outcome": "rejected", "attempts": 2, "elapsed": 0.009,
    }  # fmt: skip
    assert set(parse_line("a line without a call").values()) == {None}


def test_the_function_of_a_record_is_the_caller(records: Any, iplaygames_client: Client) -> None:
    def my_function() -> None:
        iplaygames_client.sessions.start(**START)
        list(iplaygames_client.games.list())
        list(iplaygames_client.sessions.status_many(["a"]))

    my_function()
    found = {(record.funcName, record.filename) for record in records("client")}
    assert found == {("my_function", "test_logging.py")}


def test_lines_of_an_asynchronous_call_arrive_while_it_is_in_flight(
    records: Any, iplaygames_sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client(max_retries=1) as client:
            iplaygames_sandbox.fault("list_games", status=503, times=1)
            iplaygames_sandbox.fault("list_games", delay_ms=60_000)
            task = asyncio.ensure_future(client.call("list_games"))
            for _ in range(500):
                await asyncio.sleep(0.01)
                if any("again in" in record.getMessage() for record in records("net")):
                    break
            else:
                raise AssertionError("the line on the retry has not arrived")
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_lines_of_a_second_loop_arrive_too(records: Any, iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        with pytest.raises(UnavailableError):
            await client.call("list_games")

    client = iplaygames_sandbox.async_client(max_retries=0)
    iplaygames_sandbox.fault("list_games", status=503, times=2)
    asyncio.run(main())
    asyncio.run(main())
    client.close()
    assert [record.operation for record in records("client")] == ["list_games"] * 2


@pytest.mark.parametrize("part", [None, "client", "net", "log"])
def test_the_core_logs_what_the_most_detailed_logger_is_enabled_for(part: str | None) -> None:
    from iplaygames_native import _log

    logger = logging.getLogger("iplaygames_native")
    if part is not None:
        logger = logger.getChild(part)
    before = logger.level
    try:
        for level in (1, 5, 6, 10, 11, 20, 21, 30, 31, 50):
            logger.setLevel(level)
            lowest = min(each.getEffectiveLevel() for each in _log._get_loggers())
            assert _log.enabled_level() == sum(each >= lowest for each in _log._LEVELS)
    finally:
        logger.setLevel(before)
