"""Transports: reqwest, and callables that send the requests with another HTTP library."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Callable, Collection
from typing import Any

import pytest
from conftest import START, TEST_TIMEOUT
from test_hazards import posix, with_preamble

from iplaygames_native import (
    APITimeoutError,
    AsyncClient,
    BadResponseError,
    CanceledError,
    Client,
    ConnectError,
    ConnectionLostError,
    IPlayGamesError,
    NotFoundError,
    NotSentError,
    Sandbox,
    ValidationError,
    _core,
)
from iplaygames_native._transport import CallableTransport

RunOk = Callable[..., str]
OK = b'{"success": true, "data": []}'


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def over_urllib(
    method: str, url: str, headers: dict[str, str], body: bytes
) -> tuple[int, Any, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects())
    request = urllib.request.Request(url, body or None, headers, method=method)
    try:
        with opener.open(request, timeout=TEST_TIMEOUT) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TEST_TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def workers(before: Collection[threading.Thread] = ()) -> int:
    """Counts the threads of callables, without those of clients that earlier tests have closed."""
    names = ("iplaygames-transport", "iplaygames-io")
    return sum(thread.name in names for thread in threading.enumerate() if thread not in before)


def failure(transport: Any, operation: str = "start", **options: Any) -> IPlayGamesError:
    with Client(
        api_key="test-key-123", base_url="http://127.0.0.1:1", transport=transport, **options
    ) as client:
        with pytest.raises(IPlayGamesError) as caught:
            client.sessions.start(**START) if operation == "start" else client.call("list_games")
    return caught.value


# ---- by name -------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["native", "reqwest", over_urllib])
def test_a_session_starts_is_checked_and_ends_over_each_transport(
    transport: Any, iplaygames_sandbox: Sandbox
) -> None:
    client = iplaygames_sandbox.client(transport=transport)
    session = client.sessions.start(**START)
    assert client.sessions.status(session.session_id).status == "active"
    assert client.sessions.end(session.session_id).message
    with pytest.raises(NotFoundError) as caught:
        client.sessions.status("nobody")
    assert caught.value.outcome == "rejected"
    assert iplaygames_sandbox.counts()["requests"]["total"] == 4


@pytest.mark.parametrize("transport", ["native", "reqwest", over_urllib])
def test_an_asynchronous_client_uses_each_transport(
    transport: Any, iplaygames_sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client(transport=transport) as client:
            await client.prewarm()
            sessions = await asyncio.gather(*(client.sessions.start(**START) for _ in range(20)))
            ids = [session.session_id for session in sessions]
            async for ended in client.sessions.end_many(ids, concurrency=8):
                assert ended.unwrap().message
            async for status in client.sessions.watch(ids[0], interval=0.01):
                assert status.status != "active"

    asyncio.run(asyncio.wait_for(main(), TEST_TIMEOUT))
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 20


def test_a_transport_that_does_not_exist_is_refused_by_its_name() -> None:
    for wrong in ("pigeon", 5, ["native"]):
        with pytest.raises(ValidationError) as caught:
            Client(api_key="k", transport=wrong)  # type: ignore[arg-type]
        assert caught.value.parameter == "transport"


def test_a_callable_overrides_the_transport_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IPLAYGAMES_TRANSPORT", "reqwest")
    with Client(api_key="k", transport=lambda *_: (200, {}, OK)) as client:
        assert client.call("list_games").status_code == 200


# ---- what a callable gets and returns ------------------------------------------------------------


def test_a_callable_gets_the_whole_request_and_its_response_is_the_reply() -> None:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def transport(*request: Any) -> Any:
        seen.append(request)
        return 200, [("X-Request-Id", "from-server")], bytearray(OK)

    with Client(
        api_key="test-key-123", base_url="http://127.0.0.1:1/relay", transport=transport
    ) as client:
        reply = client.call("list_games", search="a b")
    assert reply.request_id == "from-server"
    ((method, url, headers, body),) = seen
    assert (method, body) == ("GET", b"")
    assert url == "http://127.0.0.1:1/relay/api/v1/games?search=a%20b"
    assert headers["authorization"] == "Bearer test-key-123"
    assert headers["x-request-id"] == reply.call_id
    assert threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize(
    ("response", "named"),
    [
        (None, "NoneType"),
        ((200, {}), "2 values"),
        (("200", {}, b""), "`status`"),
        ((True, {}, b""), "`status`"),
        ((99, {}, b""), "`status`"),
        ((600, {}, b""), "`status`"),
        ((200, None, b""), "`headers`"),
        ((200, {"a": 1}, b""), "`headers`"),
        ((200, [("a",)], b""), "`headers`"),
        ((200, {"a": "\ud800"}, b""), "`headers`"),
        ((200, {}, "text"), "`body`"),
        ((200, {}, None), "`body`"),
    ],
)
def test_a_callable_that_returns_no_response_fails_the_call_and_the_error_names_the_value(
    response: Any, named: str
) -> None:
    error = failure(lambda *_: response)
    assert isinstance(error, BadResponseError)
    assert (error.outcome, error.attempts) == ("unknown", 1)
    assert named in error.message, error.message


def test_a_response_that_is_not_that_of_the_api_is_a_bad_response() -> None:
    error = failure(lambda *_: (200, {"content-type": "text/html"}, b"<html>"))
    assert isinstance(error, BadResponseError) and error.outcome == "unknown"


# ---- exceptions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [OSError, ValueError, SystemExit, KeyboardInterrupt, MemoryError])
def test_an_exception_of_a_callable_is_a_start_of_unknown_outcome(
    kind: type[BaseException],
) -> None:
    def transport(*_: Any) -> Any:
        raise kind("no more cable")

    error = failure(transport)
    assert isinstance(error, ConnectionLostError)
    assert (error.outcome, error.attempts) == ("unknown", 1)
    assert kind.__name__ in error.message and "no more cable" in error.message


def test_a_read_is_sent_again_after_an_exception_of_a_callable() -> None:
    calls = 0

    def transport(*_: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("reset")
        return 200, {}, OK

    with Client(api_key="k", transport=transport) as client:
        assert client.call("list_games").attempts == 2


def test_a_not_sent_error_of_a_callable_is_not_sent_and_the_start_is_sent_again() -> None:
    def transport(*_: Any) -> Any:
        raise NotSentError("no route")

    error = failure(transport)
    assert isinstance(error, ConnectError)
    assert (error.outcome, error.attempts) == ("not_sent", 3)
    assert "no route" in error.message


def test_a_timeout_error_of_a_callable_is_a_timeout_of_unknown_outcome() -> None:
    def transport(*_: Any) -> Any:
        raise TimeoutError("too slow")

    error = failure(transport)
    assert isinstance(error, APITimeoutError) and error.outcome == "unknown"


def test_an_exception_without_a_text_is_named_by_its_type() -> None:
    class NoText(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def transport(*_: Any) -> Any:
        raise NoText

    assert "NoText" in failure(transport).message


def test_no_error_and_no_repr_shows_the_key_that_a_callable_gets() -> None:
    seen: list[Any] = []

    def transport(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        raise ValueError(f"invalid header value {headers['authorization']!r}")

    class Recording(CallableTransport):
        __slots__ = ()

        def handle(self, exchange: _core.Exchange) -> None:
            seen.extend(map(repr, (self, exchange)))
            super().handle(exchange)

    error = failure(transport)
    shown = [str(error), repr(error), str(error.to_dict())]
    core = _core.Client({"api_key": "test-key-123"}, Recording(transport))
    with pytest.raises(ConnectionLostError):
        core.call("list_games", {}, _core.Options({"max_retries": 0}))
    core.close()
    assert seen
    assert "test-key-123" not in "".join([*shown, *seen, repr(core)])


# ---- threads -------------------------------------------------------------------------------------


def test_callables_that_block_run_at_once_and_are_reused() -> None:
    threads, before = 8, threading.enumerate()
    barrier = threading.Barrier(threads)

    def transport(*_: Any) -> Any:
        # Passes only when all of them are here.
        barrier.wait(TEST_TIMEOUT)
        return 200, {}, OK

    with Client(api_key="k", transport=transport) as client:
        for _ in range(3):
            callers = [
                threading.Thread(target=client.call, args=("list_games",)) for _ in range(threads)
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join(TEST_TIMEOUT)
                assert not caller.is_alive()
        # One more waits, so that there is always one.
        assert workers(before) <= threads + 1
    assert client.stats()["succeeded"] == 3 * threads


def test_no_more_callables_run_at_once_than_there_are_connections() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def transport(*_: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return 200, {}, OK

    async def main() -> None:
        async with AsyncClient(api_key="k", transport=transport, max_connections=3) as client:
            await asyncio.gather(*(client.call("list_games") for _ in range(60)))

    asyncio.run(asyncio.wait_for(main(), TEST_TIMEOUT))
    assert 1 <= most <= 3


def test_the_threads_of_a_callable_end_with_the_client() -> None:
    wait_until(lambda: workers() == 0)

    async def main() -> None:
        async with AsyncClient(api_key="k", transport=lambda *_: (200, {}, OK)) as client:
            await client.call("list_games")
            assert workers() >= 2

    asyncio.run(main())
    with Client(api_key="k", transport=lambda *_: (200, {}, OK)) as client:
        client.call("list_games")
    wait_until(lambda: workers() == 0)


def test_a_client_is_collected_with_a_callable_that_refers_to_it() -> None:
    class Game:
        def __init__(self) -> None:
            self.client = Client(api_key="k", transport=self.send)

        def send(self, *_: Any) -> Any:
            return 200, {}, OK

    game = Game()
    game.client.call("list_games")
    reference = weakref.ref(game)
    del game

    def is_collected() -> bool:
        gc.collect()
        return reference() is None

    wait_until(is_collected)
    wait_until(lambda: workers() == 0)


def test_a_thread_of_the_library_and_a_callable_exclude_each_other() -> None:
    with pytest.raises(ValidationError) as caught:
        _core.Client({"api_key": "k", "io_thread": True}, CallableTransport(over_urllib))
    assert caught.value.parameter == "io_thread"
    assert "transport" in caught.value.message


# ---- cancelation ---------------------------------------------------------------------------------


class Blocked:
    """A callable that waits until the test lets it go."""

    def __init__(self) -> None:
        self.entered, self.may_return = threading.Event(), threading.Event()

    def __call__(self, *_: Any) -> Any:
        self.entered.set()
        self.may_return.wait(TEST_TIMEOUT)
        return 200, {}, OK


def test_canceling_a_task_cancels_its_call_cancellable_the_callable_blocks() -> None:
    blocked = Blocked()

    async def main() -> None:
        async with AsyncClient(api_key="k", transport=blocked) as client:
            task = asyncio.create_task(client.sessions.start(**START))
            while not blocked.entered.is_set():
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert getattr(caught.value, "outcome") == "unknown"
            blocked.may_return.set()
            # Its late response is not that of another call.
            assert (await client.call("list_games")).status_code == 200

    asyncio.run(asyncio.wait_for(main(), TEST_TIMEOUT))


def test_a_call_times_out_while_its_callable_blocks() -> None:
    blocked = Blocked()
    error = failure(blocked, timeout=0.1)
    blocked.may_return.set()
    assert isinstance(error, APITimeoutError) and error.outcome == "unknown"


def test_closing_the_client_ends_a_call_whose_callable_blocks() -> None:
    blocked = Blocked()
    client = Client(api_key="k", transport=blocked)

    def close() -> None:
        blocked.entered.wait(TEST_TIMEOUT)
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(CanceledError) as caught:
        client.sessions.start(**START)
    closer.join()
    blocked.may_return.set()
    assert caught.value.outcome == "unknown"


@posix
def test_ctrl_c_ends_a_call_whose_callable_blocks(run_ok: RunOk) -> None:
    printed = run_ok(
        with_preamble("""
        import signal, threading

        def transport(*_):
            signal.raise_signal(signal.SIGINT)
            threading.Event().wait()

        client = ipg.Client(api_key="k", transport=transport)
        try:
            client.sessions.start(**START)
        except KeyboardInterrupt as error:
            print(error.outcome)
        """)
    )
    assert printed == "unknown"


def test_the_interpreter_exits_while_callables_block(run_ok: RunOk) -> None:
    printed = run_ok(
        with_preamble("""
        import asyncio, threading
        entered = threading.Event()

        def transport(*_):
            entered.set()
            threading.Event().wait()

        client = ipg.Client(api_key="k", transport=transport)
        other = ipg.AsyncClient(api_key="k", transport=transport)

        async def main():
            task = asyncio.create_task(other.call("list_games"))
            await asyncio.sleep(0)
            entered.wait()
            task.cancel()

        def call():
            try:
                client.call("list_games")
            except Exception:
                pass

        threading.Thread(target=call, daemon=True).start()
        entered.wait()
        entered.clear()
        asyncio.run(main())
        print("over")
        """)
    )
    assert printed == "over"


@posix
def test_a_forked_child_uses_the_callable_with_threads_of_its_own(run_ok: RunOk) -> None:
    printed = run_ok(
        with_preamble("""
        import asyncio, os, warnings
        warnings.simplefilter("ignore")
        OK = (200, {}, b'{"success": true, "data": []}')
        client = ipg.Client(api_key="k", transport=lambda *_: OK)
        other = ipg.AsyncClient(api_key="k", transport=lambda *_: OK)

        def call():
            assert client.call("list_games").attempts == 1
            assert asyncio.run(other.call("list_games")).attempts == 1

        call()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                call()
                os._exit(0)
            call()
            assert os.waitpid(child, 0)[1] == 0
        print("over")
        """)
    )
    assert printed == "over"
