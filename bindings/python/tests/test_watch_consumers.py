"""Watches: one consumer at a time, `close`, options, and failed readings."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT

from iplaygames_native import AsyncClient, Client, InternalServerError, Sandbox, ValidationError


@pytest.fixture
def session_id(iplaygames_client: Client) -> str:
    """Starts a session. Returns its id."""
    return iplaygames_client.sessions.start(**START).session_id


class Consumer(threading.Thread):
    """A thread that consumes a watch to its end."""

    def __init__(self, watch: Any) -> None:
        super().__init__(daemon=True)
        self.watch = watch
        self.seen: list[str] = []
        self.problem: BaseException | None = None
        self.first = threading.Event()

    def run(self) -> None:
        try:
            for status in self.watch:
                self.seen.append(status.status)
                self.first.set()
        except BaseException as problem:
            self.problem = problem
        self.first.set()

    def ended(self) -> bool:
        self.join(TEST_TIMEOUT)
        return not self.is_alive()


def wait_until_running(watch: Any) -> None:
    """Waits until a consumer of a watch is inside it."""
    while not watch._lock.locked():
        pass


def test_a_second_thread_that_iterates_a_watch_gets_a_runtime_error_and_close_ends_the_first(
    iplaygames_client: Client, session_id: str
) -> None:
    watch = iplaygames_client.sessions.watch(session_id, interval=0.01)
    first = Consumer(watch)
    first.start()
    assert first.first.wait(TEST_TIMEOUT) and first.seen == ["active"]
    wait_until_running(watch)
    with pytest.raises(RuntimeError, match="already running"):
        next(watch)
    watch.close()
    assert list(watch) == []
    assert first.ended() and first.problem is None and first.seen == ["active"]


def test_close_ends_every_consumer_in_any_order(iplaygames_client: Client, session_id: str) -> None:
    for _ in range(20):
        watch = iplaygames_client.sessions.watch(session_id, interval=0.01)
        consumers = [Consumer(watch) for _ in range(4)]
        for each in consumers:
            each.start()
        watch.close()
        assert all(each.ended() for each in consumers)
        problems = [each.problem for each in consumers if each.problem is not None]
        assert all(type(each) is RuntimeError for each in problems)


def test_a_watch_may_be_used_by_one_thread_after_another(
    iplaygames_client: Client, session_id: str
) -> None:
    watch = iplaygames_client.sessions.watch(session_id, interval=0.01)
    assert next(watch).status == "active"
    iplaygames_client.sessions.end(session_id)
    second = Consumer(watch)
    second.start()
    assert second.ended() and second.seen == ["closed"]


def test_a_second_task_that_awaits_a_watch_gets_a_runtime_error_and_close_ends_the_first(
    iplaygames_async_client: AsyncClient, session_id: str
) -> None:
    async def main() -> None:
        watch = iplaygames_async_client.sessions.watch(session_id, interval=0.01)
        assert (await watch.__anext__()).status == "active"
        first = asyncio.ensure_future(watch.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already running"):
            await watch.__anext__()
        watch.close()
        with pytest.raises(StopAsyncIteration):
            await first
        with pytest.raises(StopAsyncIteration):
            await watch.__anext__()

    asyncio.run(asyncio.wait_for(main(), TEST_TIMEOUT))


@pytest.mark.parametrize("order", ["first_is_open", "first_is_closed"])
def test_a_watch_in_a_second_loop_raises_a_runtime_error(
    iplaygames_async_client: AsyncClient, session_id: str, order: str
) -> None:
    watch = iplaygames_async_client.sessions.watch(session_id, interval=0.01)

    async def first() -> None:
        assert (await watch.__anext__()).status == "active"

    async def second() -> None:
        await asyncio.wait_for(watch.__anext__(), TEST_TIMEOUT)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(first())
        if order == "first_is_closed":
            loop.close()
        with pytest.raises(RuntimeError, match="different event loop"):
            asyncio.run(second())
        watch.close()
        with pytest.raises(StopAsyncIteration):
            asyncio.run(second())
    finally:
        loop.close()


def test_close_on_another_thread_ends_a_task_that_awaits_a_watch(
    iplaygames_async_client: AsyncClient, session_id: str
) -> None:
    watch = iplaygames_async_client.sessions.watch(session_id, interval=0.01)
    seen: list[str] = []
    first = threading.Event()

    async def main() -> None:
        async for status in watch:
            seen.append(status.status)
            first.set()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert first.wait(TEST_TIMEOUT)
    watch.close()
    thread.join(TEST_TIMEOUT)
    assert not thread.is_alive() and seen == ["active"]


def test_bulk_calls_that_are_awaited_in_a_second_loop_raise_a_runtime_error(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    iplaygames_sandbox.fault("get_session_status", after=1, delay_ms=600_000, times=0)
    results = iplaygames_async_client.sessions.status_many(["a", "b", "c"], concurrency=3)

    async def one() -> None:
        await asyncio.wait_for(results.__anext__(), TEST_TIMEOUT)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(one())
        with pytest.raises(RuntimeError, match="different event loop"):
            asyncio.run(one())
    finally:
        loop.close()
    assert iplaygames_async_client.stats()["in_flight"] == 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_watch_uses_the_options_of_its_client(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    iplaygames_async_client: AsyncClient,
    session_id: str,
    kind: str,
) -> None:
    async def play_async() -> None:
        copy = iplaygames_async_client.with_options(max_retries=0, call_id="match-7", timeout=20)
        async with copy.sessions.watch(session_id, interval=0.01) as changes:
            assert (await changes.__anext__()).status == "active"

    iplaygames_sandbox.fault("get_session_status", status=503)
    if kind == "async":
        asyncio.run(play_async())
    else:
        copy = iplaygames_client.with_options(max_retries=0, call_id="match-7", timeout=20)
        with copy.sessions.watch(session_id, interval=0.01) as changes:
            assert next(changes).status == "active"
    readings = [
        each for each in iplaygames_sandbox.requests() if each["operation"] == "get_session_status"
    ]
    assert {each["headers"]["x-request-id"] for each in readings} == {"match-7"}
    assert len(readings) >= 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_watch_logs_failed_readings_and_ends_after_max_failures(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    iplaygames_async_client: AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    began = datetime.now(timezone.utc)

    async def play_async() -> Any:
        copy = iplaygames_async_client.with_options(max_retries=0)
        watch = copy.sessions.watch(session_id, interval=0.01, max_failures=5)
        assert watch.last_error is None and watch.last_read_at is None
        assert (await watch.__anext__()).status == "active"
        iplaygames_sandbox.fault("get_session_status", status=503, times=5)
        with pytest.raises(InternalServerError):
            await watch.__anext__()
        return watch

    def play_sync() -> Any:
        copy = iplaygames_client.with_options(max_retries=0)
        watch = copy.sessions.watch(session_id, interval=0.01, max_failures=5)
        assert next(watch).status == "active"
        iplaygames_sandbox.fault("get_session_status", status=503, times=5)
        with pytest.raises(InternalServerError):
            next(watch)
        return watch

    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        watch = asyncio.run(play_async()) if kind == "async" else play_sync()
    assert isinstance(watch.last_error, InternalServerError) and watch.last_error.status_code == 503
    assert watch.last_read_at is not None and began <= watch.last_read_at <= datetime.now(
        timezone.utc
    )
    assert any("3 readings in a row have failed" in text for text in caplog.messages)


def test_a_watch_continues_after_failed_readings(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, session_id: str
) -> None:
    copy = iplaygames_client.with_options(max_retries=0)
    watch = copy.sessions.watch(session_id, interval=0.01, max_failures=5)
    assert next(watch).status == "active"
    iplaygames_sandbox.fault("get_session_status", status=503, times=4)
    # The first successful reading after failures is a change.
    assert next(watch).status == "active" and watch.last_error is None
    watch.close()


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"interval": "1"}, "interval"),
        ({"interval": True}, "interval"),
        ({"interval": float("nan")}, "interval"),
        ({"interval": -1}, "interval"),
        ({"interval": 0}, "interval_ms"),
        ({"max_failures": 0}, "max_failures"),
        ({"max_failures": 1.5}, "max_failures"),
        ({"max_failures": 1 << 32}, "max_failures"),
    ],
)
def test_invalid_arguments_of_a_watch_are_validation_errors(
    iplaygames_client: Client, given: dict[str, Any], parameter: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        iplaygames_client.sessions.watch("x", **given)
    assert caught.value.parameter == parameter
