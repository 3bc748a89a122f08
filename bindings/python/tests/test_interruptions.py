"""Interrupted calls: the exception and the log have the outcome, which agrees with the server."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT
from test_hazards import posix, with_preamble

from iplaygames_native import AsyncClient, CanceledError, Sandbox, StartedSession, _core
from iplaygames_native._loop import get_loop_state

RunOk = Callable[..., str]


# On Windows a thread of its own takes the tokens of an event loop out of its mailbox.
blocks_the_loop = pytest.mark.skipif(sys.platform == "win32", reason="another thread takes tokens")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def arrived(sandbox: Sandbox, count: int = 1) -> bool:
    total: int = sandbox.counts()["requests"]["total"]
    return total >= count


async def canceled(start: Coroutine[Any, Any, Any], ready: Callable[[], bool]) -> BaseException:
    """Cancels a call when a condition is true. Returns the exception of its task."""
    task = asyncio.create_task(start)
    await until(ready)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


def test_a_canceled_start_has_its_call_id_and_outcome_on_the_exception_and_in_the_log(
    iplaygames_sandbox: Sandbox,
    iplaygames_async_client: AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", delay_ms=600_000)
    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        error: Any = asyncio.run(
            canceled(
                iplaygames_async_client.sessions.start(**START), lambda: arrived(iplaygames_sandbox)
            )
        )
    # The server has the session, and received the id of the call.
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 1
    (request,) = iplaygames_sandbox.requests()
    assert (
        error.call_id == request["headers"]["x-request-id"]
        and error.outcome == "unknown"
        and error.result is None
    )
    assert error.call_id in error.__notes__[0] and "unknown" in error.__notes__[0]
    (record,) = [each for each in caplog.records if error.call_id in each.getMessage()]
    assert record.levelno == logging.WARNING and "outcome unknown" in record.getMessage()
    assert iplaygames_async_client.stats()["in_flight"] == 0


def test_a_canceled_start_that_was_not_sent_has_the_outcome_not_sent(
    iplaygames_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> Any:
        async with iplaygames_sandbox.async_client(max_connections=1) as client:
            iplaygames_sandbox.fault("list_games", delay_ms=600_000)
            first = asyncio.create_task(client.call("list_games"))
            await until(lambda: arrived(iplaygames_sandbox))
            # The start waits for the only connection.
            error = await canceled(
                client.sessions.start(**START), lambda: client.stats()["in_flight"] == 2
            )
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return error

    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        error = asyncio.run(main())
    assert error.outcome == "not_sent" and "not_sent" in error.__notes__[0]
    assert any(error.call_id in text and "not_sent" in text for text in caplog.messages)
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 0


@pytest.mark.parametrize("limit", ["wait_for", "timeout"])
def test_a_timeout_of_asyncio_has_the_exception_with_the_outcome_as_its_cause(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient, limit: str
) -> None:
    if limit == "timeout" and sys.version_info < (3, 11):
        pytest.skip("new in Python 3.11")
    iplaygames_sandbox.fault("start_a_game_session", delay_ms=600_000)

    async def main() -> None:
        start = iplaygames_async_client.sessions.start(**START)
        if limit == "wait_for":
            await asyncio.wait_for(start, 0.2)
        elif sys.version_info >= (3, 11):
            async with asyncio.timeout(0.2):
                await start

    with pytest.raises((TimeoutError, asyncio.TimeoutError)) as caught:
        asyncio.run(main())
    cause: Any = caught.value.__cause__
    assert isinstance(cause, asyncio.CancelledError)
    requests = iplaygames_sandbox.requests()
    assert cause.call_id and (cause.outcome == "unknown" or not requests)  # type: ignore[attr-defined]


@blocks_the_loop
def test_a_start_that_succeeded_before_it_was_canceled_has_the_session_on_the_exception(
    iplaygames_sandbox: Sandbox,
    iplaygames_async_client: AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> Any:
        task = asyncio.create_task(iplaygames_async_client.sessions.start(**START))
        await asyncio.sleep(0)
        # The loop does not run here: the response has arrived, and the future is not completed.
        assert get_loop_state(asyncio.get_running_loop()).mailbox.wait(TEST_TIMEOUT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        error = asyncio.run(main())
    (session,) = iplaygames_sandbox.sessions()["sessions"]
    (request,) = iplaygames_sandbox.requests()
    assert error.outcome == "succeeded" and error.call_id == request["headers"]["x-request-id"]
    assert error.session_id == session["session_id"] and isinstance(error.result, StartedSession)
    assert error.session_id in error.__notes__[0]
    (record,) = [each for each in caplog.records if error.session_id in each.getMessage()]
    assert record.levelno == logging.WARNING and error.call_id in record.getMessage()


@blocks_the_loop
def test_the_secret_id_of_a_multi_session_is_in_the_result_only(
    iplaygames_sandbox: Sandbox,
    iplaygames_async_client: AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> Any:
        arguments = {name: value for name, value in START.items() if name != "game_id"}
        task = asyncio.create_task(iplaygames_async_client.multi_sessions.start(**arguments))
        await asyncio.sleep(0)
        # The loop does not run here. The mailbox also has the tokens of log lines, so its first
        # token need not be that of the call.
        state = get_loop_state(asyncio.get_running_loop())
        token = state.last_token
        while token not in state.mailbox.take():
            assert state.mailbox.wait(TEST_TIMEOUT)
        state.mailbox.put(token)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    with caplog.at_level(logging.DEBUG, "iplaygames_native"):
        error = asyncio.run(main())
    (multi_session,) = iplaygames_sandbox.sessions()["multi_sessions"]
    id = error.result.multi_session_id
    assert id == multi_session["multi_session_id"]
    assert id not in "".join(error.__notes__) and id not in caplog.text


def test_a_call_whose_coroutine_is_collected_is_logged(
    iplaygames_sandbox: Sandbox,
    iplaygames_async_client: AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", delay_ms=600_000)

    async def main() -> None:
        start: Any = iplaygames_async_client.sessions.start(**START)
        steps = start.__await__()
        next(steps)
        await until(lambda: arrived(iplaygames_sandbox))
        del start, steps
        gc.collect()

    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        asyncio.run(main())
    (request,) = iplaygames_sandbox.requests()
    assert any(
        request["headers"]["x-request-id"] in text and "unknown" in text for text in caplog.messages
    )


def test_a_dropped_call_object_is_canceled_counted_and_logged(
    iplaygames_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        client = iplaygames_sandbox.async_client()
        mailbox = _core.Mailbox()
        iplaygames_sandbox.fault("start_a_game_session", delay_ms=600_000)
        call = client._core.submit("start_a_game_session", dict(START), None, mailbox, 1)
        while not arrived(iplaygames_sandbox):
            mailbox.wait(0.01)
        del call
        assert client.stats()["in_flight"] == 0 and client.stats()["failed"] == 1
        client.close()
    (request,) = iplaygames_sandbox.requests()
    assert any(
        request["headers"]["x-request-id"] in text and "unknown" in text for text in caplog.messages
    )


def test_cancel_returns_the_result_at_once_and_only_once(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    mailbox = _core.Mailbox()
    iplaygames_sandbox.fault("list_games", delay_ms=600_000)
    call = iplaygames_async_client._core.submit("list_games", None, None, mailbox, 1)
    ending = call.cancel()
    assert ending is not None and ending[0] is None and isinstance(ending[1], CanceledError)
    assert call.cancel() is None and call.result() is None
    done = iplaygames_async_client._core.submit("list_games", None, None, mailbox, 2)
    while 2 not in mailbox.take():
        mailbox.wait(0.01)
    ending = done.cancel()
    assert ending is not None and ending[0] is not None and ending[1] is None


@posix
def test_ctrl_c_in_a_start_puts_its_call_id_and_outcome_on_the_exception(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        box.fault("start_a_game_session", delay_ms=60_000)
        interrupt()
        try:
            client.sessions.start(**START)
        except KeyboardInterrupt as error:
            print(error.outcome, error.call_id == box.requests()[0]["headers"]["x-request-id"])
            print(error.call_id in error.__notes__[0], "A session may exist" in error.__notes__[0])
        """
    )
    assert run_ok(script).split() == ["unknown", "True", "True", "True"]
