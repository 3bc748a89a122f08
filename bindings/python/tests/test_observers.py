"""Log handlers, filters and loggers that raise: their exceptions never replace a result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import START

from iplaygames_native import Client, NotFoundError, Sandbox

RunOk = Callable[..., str]


class Raising(logging.Handler):
    """A handler that always raises, and counts its calls."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem
        self.times = 0

    def handle(self, record: logging.LogRecord) -> bool:
        self.times += 1
        raise self.problem


class OtherError(BaseException):
    """An exception that is not a subclass of `Exception`."""


@pytest.fixture(params=["handler", "filter", "level"])
def observer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Raising]:
    """Installs a handler, a filter or a logger whose level raises."""
    logger = logging.getLogger("iplaygames_native.client")
    raising = Raising(LookupError("the handler failed"))
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    monkeypatch.setattr(logger, "propagate", False)
    if request.param == "handler":
        logger.addHandler(raising)
    elif request.param == "filter":
        monkeypatch.setattr(logger, "filters", [raising.handle])
    else:

        def level() -> int:
            handled: bool = raising.handle(logging.makeLogRecord({}))
            return int(handled)

        monkeypatch.setattr(logger, "getEffectiveLevel", level)
    logging.getLogger("iplaygames_native").manager._clear_cache()  # type: ignore[attr-defined]
    yield raising
    logger.removeHandler(raising)


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Collects the exceptions that go to `sys.unraisablehook`."""
    seen: list[BaseException] = []
    monkeypatch.setattr("sys.unraisablehook", lambda each: seen.append(each.exc_value))
    return seen


def play(client: Client) -> None:
    """Makes every kind of blocking call."""
    with client.sessions.open(**START) as session:
        assert client.sessions.status(session.session_id).status == "active"
    with pytest.raises(NotFoundError):
        client.sessions.status("nobody")
    ids = [client.sessions.start(**START).session_id for _ in range(3)]
    watch = client.sessions.watch(ids[0], interval=0.01)
    assert next(watch).status == "active"
    assert [each.ok for each in client.sessions.end_many(ids)] == [True] * 3
    assert next(watch).status == "closed"


async def play_async(sandbox: Sandbox) -> None:
    """Makes every kind of asynchronous call."""
    async with sandbox.async_client() as client:
        async with client.sessions.open(**START) as session:
            assert (await client.sessions.status(session.session_id)).status == "active"
        with pytest.raises(NotFoundError):
            await client.sessions.status("nobody")
        ids = [(await client.sessions.start(**START)).session_id for _ in range(3)]
        async with client.sessions.watch(ids[0], interval=0.01) as watch:
            assert (await watch.__anext__()).status == "active"
            assert [each.ok async for each in client.sessions.end_many(ids)] == [True] * 3
            assert (await watch.__anext__()).status == "closed"


@pytest.mark.parametrize(
    "problem",
    [LookupError("broken"), SystemExit(3), OtherError("failed")],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_logging_component_that_raises_loses_no_result(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    observer: Raising,
    unraisable: list[BaseException],
    kind: str,
    problem: BaseException,
) -> None:
    observer.problem = problem
    if kind == "sync":
        play(iplaygames_client)
    else:
        asyncio.run(play_async(iplaygames_sandbox))
    assert observer.times > 0 and unraisable and all(each is problem for each in unraisable)
    assert (
        iplaygames_sandbox.counts()["sessions"] | {"total": 4, "closed": 4}
        == iplaygames_sandbox.counts()["sessions"]
    )


def test_ctrl_c_in_a_log_handler_is_raised_with_the_session_on_the_exception(run_ok: RunOk) -> None:
    script = """
        import logging, sys
        import iplaygames_native as ipg

        class Handler(logging.Handler):
            def handle(self, record):
                raise KeyboardInterrupt

        START = dict(game_id=123, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1")
        logger = logging.getLogger("iplaygames_native")
        logger.setLevel(logging.INFO)
        logger.addHandler(Handler())
        # The handler also raises for the log line that names the session.
        sys.unraisablehook = lambda each: print(each.exc_type.__name__)
        with ipg.sandbox() as box, box.client() as client:
            try:
                client.sessions.start(**START)
            except KeyboardInterrupt as error:
                logger.handlers.clear()
                print(error.outcome, client.sessions.status(error.session_id).status)
                print(error.call_id == error.result.call_id, error.session_id in error.__notes__[0])
    """
    assert run_ok(script).split() == ["KeyboardInterrupt", "succeeded", "active", "True", "True"]


def test_close_does_not_raise_the_exception_of_a_log_handler(
    iplaygames_sandbox: Sandbox, observer: Raising, unraisable: list[BaseException]
) -> None:
    client: Any = iplaygames_sandbox.client()
    with client:
        client.call("list_games")
    assert all(each is observer.problem for each in unraisable)
