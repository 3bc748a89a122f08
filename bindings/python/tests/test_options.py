"""Options of single calls, raw responses, API keys from functions, hooks, copies and pickling."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from conftest import START

from iplaygames_native import (
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    CanceledError,
    Client,
    ClosedError,
    NotFoundError,
    RequestInfo,
    Sandbox,
    StartedSession,
    UnavailableError,
    ValidationError,
)

BASE = "http://127.0.0.1:9"
STATUS = b'{"success": true, "data": {"session_id": "s", "status": "active", "game": {"id": 1}}}'


class Recorder:
    """A transport that answers every request, and keeps their headers."""

    def __init__(self, body: bytes = STATUS, status: int = 200) -> None:
        self.body = body
        self.status = status
        self.headers: list[dict[str, str]] = []

    def __call__(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        self.headers.append({name.lower(): text for name, text in headers.items()})
        more = [("Content-Type", "application/json"), ("X-Rate", "7"), ("x-rate", "8")]
        return self.status, more, self.body

    def client(self, **more: Any) -> Client:
        options: dict[str, Any] = {"api_key": "test-key-123", "base_url": BASE, "transport": self}
        return Client(**(options | more))

    def async_client(self, **more: Any) -> AsyncClient:
        options: dict[str, Any] = {"api_key": "test-key-123", "base_url": BASE, "transport": self}
        return AsyncClient(**(options | more))


# ---- headers -------------------------------------------------------------------------------------


def test_headers_of_a_call_are_sent_with_this_call_only() -> None:
    recorder = Recorder()
    with recorder.client(headers={"X-Region": "eu", "X-Tenant": "a"}) as client:
        client.sessions.status("s", headers={"x-tenant": "b", "traceparent": "00-1-2-01"})
        client.sessions.status("s")
        other = client.with_options(headers={"X-Tenant": "c", "X-More": "1"})
        other.sessions.status("s")
        other.call("get_session_status", session_id="s")
        other.sessions.status("s", headers={"x-TENANT": "d"})
        client.sessions.status("s")
    seen = [
        tuple(headers.get(name) for name in ("x-region", "x-tenant", "traceparent", "x-more"))
        for headers in recorder.headers
    ]
    assert seen == [
        ("eu", "b", "00-1-2-01", None),
        ("eu", "a", None, None),
        ("eu", "c", None, "1"),
        ("eu", "c", None, "1"),
        ("eu", "d", None, "1"),
        ("eu", "a", None, None),
    ]


@pytest.mark.parametrize("transport", ["native", "reqwest"])
def test_headers_of_a_call_are_sent_by_every_transport(transport: Any) -> None:
    received: list[str] = []
    import socket

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            received.append(connection.recv(65536).decode().lower())
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Rate: 7\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(STATUS) + STATUS)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(
            api_key="k" * 9, base_url=url, transport=transport, headers={"X-A": "old"}
        ) as client:
            reply = client.sessions.status("s", headers={"x-a": "new", "X-B": "2"}, call_id="c-1")
        thread.join()
    assert (
        "x-a: new\r\n" in received[0] and "x-b: 2\r\n" in received[0] and "old" not in received[0]
    )
    assert (
        "x-request-id: c-1\r\n" in received[0] and "authorization: bearer kkkkkkkkk" in received[0]
    )
    assert reply.headers["x-RATE"] == "7" and "X-Rate" in reply.headers
    assert reply.headers["Set-Cookie"] == "a=1, b=2"
    assert reply.headers.get_all("set-cookie") == ("a=1", "b=2")  # type: ignore[attr-defined]
    assert "a=1" not in repr(reply.headers)


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Authorization": "Bearer x"}, "/headers/Authorization"),
        ({"X-Request-Id": "x"}, "/headers/X-Request-Id"),
        ({"X-A": "a\r\nX-B: b"}, "/headers/X-A"),
        ({"X A": "a"}, "/headers/X A"),
        ({"X-A": 5}, "/headers/X-A"),
        (["x"], "/headers"),
        (5, "/headers"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(
    headers: Any, field: str, iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    with pytest.raises(ValidationError) as caught:
        iplaygames_client.sessions.status("s", headers=headers)
    assert caught.value.field == field
    with pytest.raises(ValidationError):
        iplaygames_client.with_options(headers=headers)
    assert iplaygames_sandbox.called() == 0


def test_a_secret_header_of_a_call_is_hidden_in_errors(iplaygames_sandbox: Sandbox) -> None:
    body = '{"success": false, "message": "bad token player-secret-77"}'
    iplaygames_sandbox.fault("get_session_status", status=400, body=body, times=2)
    client, other = iplaygames_sandbox.client(), iplaygames_sandbox.async_client()
    headers = {"X-Player-Token": "player-secret-77"}

    async def main() -> None:
        await other.sessions.status("s", headers=headers)

    for run in (
        lambda: client.sessions.status("s", headers=headers),
        lambda: asyncio.run(main()),
    ):
        with pytest.raises(Exception, match=r"bad token \[hidden\]") as caught:
            run()
        assert "player-secret-77" not in repr(getattr(caught.value, "to_dict")())


# ---- timeout, retries, call id -------------------------------------------------------------------


def test_options_of_a_call_apply_to_this_call_only(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session = iplaygames_client.sessions.start(**START, call_id="my-start")
    assert session.call_id == "my-start"
    iplaygames_sandbox.fault("get_session_status", status=503)
    with pytest.raises(UnavailableError) as caught:
        iplaygames_client.sessions.status(session.session_id, max_retries=0, call_id="c")
    assert (caught.value.attempts, caught.value.call_id) == (1, "c")
    iplaygames_sandbox.fault("get_session_status", status=503)
    assert iplaygames_client.sessions.status(session.session_id).attempts == 2
    iplaygames_sandbox.fault("get_session_status", delay_ms=60_000)
    with pytest.raises(APITimeoutError):
        iplaygames_client.sessions.status(session.session_id, timeout=0.05)
    for wrong in ("1", True, 0, float("nan"), -1):
        given: Any = wrong
        with pytest.raises(ValidationError) as refused:
            iplaygames_client.sessions.status(session.session_id, timeout=given)
        assert refused.value.parameter == "timeout"


def test_options_of_a_client_apply_to_watches_and_bulk_calls() -> None:
    recorder = Recorder()
    with recorder.client() as client:
        other = client.with_options(headers={"X-Tenant": "a"}, call_id="job")
        for _ in other.sessions.watch("s", interval=0.01):
            break
        list(other.sessions.status_many(["s", "s"], concurrency=1))
        list(other.call_many("get_session_status", [{"session_id": "s"}]))
        with other.sessions.watch_many(["s", "s"], interval=0.01) as changes:
            assert next(changes).ok and next(changes).ok
        with client.sessions.watch("s", headers={"X-Tenant": "w"}, call_id="watch") as watch:
            next(watch)
    seen = {(each.get("x-tenant"), each["x-request-id"]) for each in recorder.headers}
    assert seen == {
        ("a", "job"), ("a", "job-1"), ("a", "job-2"), ("w", "watch"),
    }  # fmt: skip


def test_options_of_an_asynchronous_client_apply_to_watches_and_bulk_calls() -> None:
    recorder = Recorder()

    async def main() -> None:
        async with recorder.async_client() as client:
            await client.sessions.status("s", headers={"X-Tenant": "one"}, call_id="one")
            other = client.with_options(headers={"X-Tenant": "a"}, call_id="job")
            async with other.sessions.watch("s", interval=0.01) as changes:
                await changes.__anext__()
            async for each in other.sessions.status_many(["s", "s"], concurrency=1):
                assert each.ok
            async with other.sessions.watch_many(["s"], interval=0.01) as many:
                assert (await many.__anext__()).ok

    asyncio.run(main())
    seen = {(each.get("x-tenant"), each["x-request-id"]) for each in recorder.headers}
    assert seen == {("one", "one"), ("a", "job"), ("a", "job-1"), ("a", "job-2")}


# ---- raw responses -------------------------------------------------------------------------------


def test_a_raw_response_has_the_headers_and_parses_to_the_result() -> None:
    recorder = Recorder()
    with recorder.client() as client:
        response = client.sessions.with_raw_response.status("s", call_id="c")
        assert (response.status_code, response.headers["X-Rate"], response.text) == (
            200,
            "7, 8",
            STATUS.decode(),
        )
        assert (response.call_id, response.attempts) == ("c", 1) and response.elapsed > 0
        assert response.parse() == client.sessions.status("s")
        assert response.parse().status == "active"
        assert client.sessions.status("s").headers["content-type"] == "application/json"

    async def main() -> None:
        async with recorder.async_client() as client:
            response = await client.sessions.with_raw_response.status("s")
            assert response.headers["X-Rate"] == "7, 8" and response.parse().game_id == 1

    asyncio.run(main())


def test_raw_sessions_have_the_calls_of_the_api_only(iplaygames_sandbox: Sandbox) -> None:
    # `open` would start a session and could not end it.
    with iplaygames_sandbox.client() as client:
        raw: Any = client.sessions.with_raw_response
        with pytest.raises(AttributeError):
            raw.open(**START)
        assert raw.start(**START).parse().game_url

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            raw: Any = client.sessions.with_raw_response
            with pytest.raises(AttributeError):
                raw.open(**START)
            assert (await raw.start(**START)).parse().game_url

    asyncio.run(main())
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 2


# ---- API keys from functions ---------------------------------------------------------------------


def test_a_function_gives_the_api_key_of_each_call() -> None:
    recorder, keys = Recorder(), iter(["first-key", "first-key", "second-key", "third-key"])
    with recorder.client(api_key=lambda: next(keys)) as client:
        assert recorder.headers == [] and client.base_url == BASE
        for _ in range(3):
            client.sessions.status("s")
        list(client.sessions.status_many(["s", "s"]))
        # The function raises: its exception is the caller's, and nothing is sent.
        with pytest.raises(StopIteration):
            client.sessions.status("s")
    seen = [each["authorization"].removeprefix("Bearer ") for each in recorder.headers]
    assert seen == ["first-key", "first-key", "second-key", "third-key", "third-key"]


def test_a_closed_client_with_a_function_for_the_key_stays_closed() -> None:
    recorder, keys = Recorder(), iter(["first-key", "second-key"])
    client = recorder.client(api_key=lambda: next(keys))
    client.sessions.status("s")
    client.close()
    with pytest.raises(ClosedError):
        client.sessions.status("s")
    assert len(recorder.headers) == 1


def test_a_coroutine_function_gives_the_api_key_of_an_asynchronous_client() -> None:
    recorder = Recorder()

    async def key() -> str:
        await asyncio.sleep(0)
        return "async-key-1"

    async def main() -> None:
        async with recorder.async_client(api_key=key) as client:
            await client.sessions.status("s")
            async with client.sessions.watch("s", interval=0.01) as changes:
                await changes.__anext__()
            assert [each.ok async for each in client.sessions.status_many(["s"])] == [True]

    asyncio.run(main())
    assert {each["authorization"] for each in recorder.headers} == {"Bearer async-key-1"}
    with pytest.raises(
        TypeError, match="`api_key` must be a plain function, not a coroutine function"
    ):
        recorder.client(api_key=key)


@pytest.mark.parametrize("key", [None, 5, b"key", "", "kéy", "k\n"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key: Any) -> None:
    recorder = Recorder()
    with recorder.client(api_key=lambda: key) as client, pytest.raises(ValidationError) as caught:
        client.sessions.status("s")
    assert caught.value.parameter == "api_key" and recorder.headers == []


@pytest.mark.parametrize("key", [None, 5, b"key", "", "kéy", "k\n"])
@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_key_that_cannot_be_sent_is_refused_by_an_asynchronous_client(
    key: Any, is_awaited: bool
) -> None:
    recorder = Recorder()

    async def await_key() -> Any:
        return key

    async def main() -> None:
        function: Any = await_key if is_awaited else lambda: key
        async with recorder.async_client(api_key=function) as client:
            with pytest.raises(ValidationError) as caught:
                await client.sessions.status("s")
            assert caught.value.parameter == "api_key"

    asyncio.run(main())
    assert recorder.headers == []


def test_a_function_that_returns_a_coroutine_to_a_blocking_client_is_refused() -> None:
    recorder = Recorder()

    async def key() -> str:
        return "async-key-1"

    # The coroutine is closed: otherwise a warning, which is an error here, would follow.
    with recorder.client(api_key=lambda: key()) as client:
        with pytest.raises(TypeError, match="must return a string, not coroutine"):
            client.sessions.status("s")
    gc.collect()
    assert recorder.headers == []


def test_the_counts_of_a_client_with_a_function_for_the_key_are_those_of_all_its_keys(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    keys = iter([iplaygames_sandbox.api_key, "a-wrong-key-77", iplaygames_sandbox.api_key])
    options = {**iplaygames_sandbox.config, "api_key": lambda: next(keys)}
    with Client(**options, journal=tmp_path / "journal") as client:
        assert client.stats()["calls"] == 0
        client.sessions.start(**START)
        with pytest.raises(AuthenticationError):
            client.sessions.start(**START)
        gc.collect()
        client.sessions.start(**START)
        stats = client.stats()
        assert [entry.state for entry in client.journal.open()] == ["open", "open"]
    counts = [stats[name] for name in ("calls", "succeeded", "failed", "in_flight")]
    assert counts == [3, 2, 1, 0]
    # Each start is recorded before it is sent, and so is its outcome.
    assert stats["journal"]["rows"] == 3 and stats["journal"]["commits"] >= 3
    assert stats["journal"]["syncs"] >= 3 and stats["journal"]["failed"] == 0


def test_the_counts_of_an_asynchronous_client_with_changing_keys_include_calls_in_flight(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    asked = 0

    async def key() -> str:
        nonlocal asked
        asked += 1
        # Two keys in turn, so that each call has a native client of its own.
        return iplaygames_sandbox.api_key if asked % 2 else "a-wrong-key-77"

    async def main() -> None:
        options = {**iplaygames_sandbox.config, "api_key": key}
        async with AsyncClient(**options, journal=tmp_path / "journal") as client:
            outcomes = await asyncio.gather(
                *(client.sessions.start(**START) for _ in range(10)), return_exceptions=True
            )
            assert sum(isinstance(each, StartedSession) for each in outcomes) == 5
            stats = client.stats()
            assert [stats[name] for name in ("calls", "succeeded", "failed")] == [10, 5, 5]
            assert stats["journal"]["rows"] == 10 and len(await client.journal.open()) == 5

            iplaygames_sandbox.fault("list_games", delay_ms=60_000, times=0)
            iplaygames_sandbox.fault("get_api_v1_producers", delay_ms=60_000, times=0)
            tasks = [asyncio.create_task(client.call("list_games")) for _ in range(3)]
            tasks.append(asyncio.create_task(client.call("get_api_v1_producers")))
            while client.stats()["in_flight"] < 4:
                await asyncio.sleep(0.01)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert client.stats()["in_flight"] == 0 and client.stats()["calls"] == 14

    asyncio.run(asyncio.wait_for(main(), 60))


def test_closing_a_client_ends_a_watch_whose_key_has_changed(iplaygames_sandbox: Sandbox) -> None:
    keys = iter([iplaygames_sandbox.api_key, "another-key-77"])
    options = {**iplaygames_sandbox.config, "api_key": lambda: next(keys)}

    async def main() -> None:
        session_id = iplaygames_sandbox.client().sessions.start(**START).session_id
        client = AsyncClient(**options)
        changes = client.sessions.watch(session_id, interval=0.05)
        assert (await changes.__anext__()).status == "active"
        with pytest.raises(AuthenticationError):
            await client.sessions.status(session_id)
        gc.collect()
        client.close()
        with pytest.raises(CanceledError):
            await changes.__anext__()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_key_of_a_function_is_hidden_in_errors(iplaygames_sandbox: Sandbox) -> None:
    options = {**iplaygames_sandbox.config, "api_key": lambda: "a-wrong-key-77"}
    iplaygames_sandbox.fault("list_games", status=401, body='{"message": "no a-wrong-key-77"}')
    with Client(**options) as client, pytest.raises(AuthenticationError) as caught:
        client.call("list_games")
    assert "a-wrong-key-77" not in str(caught.value.to_dict())


# ---- hooks ---------------------------------------------------------------------------------------


class Hooked:
    """Collects what the hooks see."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Any]] = []

    def options(self) -> dict[str, Any]:
        return {
            "on_request": lambda request: self.events.append(("request", request.operation, request.call_id)),
            "on_response": lambda request, reply: self.events.append(("response", request.call_id, reply)),
            "on_error": lambda request, error: self.events.append(("error", request.call_id, error)),
        }  # fmt: skip


def test_hooks_observe_each_call(iplaygames_sandbox: Sandbox) -> None:
    seen = Hooked()
    with iplaygames_sandbox.client(**seen.options()) as client:
        session = client.sessions.start(**START)
        with pytest.raises(NotFoundError) as caught:
            client.sessions.status("nobody", call_id="c")
        results = list(client.sessions.status_many([session.session_id, "x"], concurrency=1))
    request, response, second, error, *bulk = seen.events
    assert request == ("request", "start_a_game_session", session.call_id)
    assert response[:2] == ("response", session.call_id) and response[2] is session
    assert second == ("request", "get_session_status", "c")
    assert error == ("error", "c", caught.value)
    assert [event[0] for event in bulk] == ["request", "response", "request", "error"]
    assert bulk[1][2] is results[0].result and bulk[3][2] is results[1].error


def test_hooks_observe_asynchronous_calls_and_cancellation(iplaygames_sandbox: Sandbox) -> None:
    seen = Hooked()

    async def main() -> None:
        async with iplaygames_sandbox.async_client(**seen.options()) as client:
            session = await client.sessions.start(**START)
            iplaygames_sandbox.fault("get_session_status", delay_ms=60_000)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.sessions.status(session.session_id), 0.05)

    asyncio.run(main())
    assert [event[0] for event in seen.events] == ["request", "response", "request", "error"]
    assert isinstance(seen.events[3][2], asyncio.CancelledError)


def test_a_hook_may_add_headers_such_as_traceparent() -> None:
    recorder = Recorder()

    def add(request: RequestInfo) -> None:
        request.headers["traceparent"] = f"00-{request.call_id}-01"

    with recorder.client(on_request=add, headers={"X-A": "1"}) as client:
        reply = client.sessions.status("s", headers={"X-B": "2"})
    (headers,) = recorder.headers
    assert headers["traceparent"] == f"00-{reply.call_id}-01"
    assert (headers["x-a"], headers["x-b"]) == ("1", "2")


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_error"])
def test_a_hook_that_raises_never_replaces_a_result(
    name: str, iplaygames_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda each: found.append(each.exc_value))

    def hook(*arguments: object) -> None:
        raise ZeroDivisionError(name)

    with iplaygames_sandbox.client(**{name: hook}) as client:
        session = client.sessions.start(**START)
        assert isinstance(session, StartedSession)
        with pytest.raises(NotFoundError):
            client.sessions.status("nobody")
        results = list(client.sessions.end_many([session.session_id]))
        assert results[0].ok and iplaygames_sandbox.active == 0
    assert found and all(isinstance(each, ZeroDivisionError) for each in found)


def test_an_interruption_in_a_hook_keeps_the_result(iplaygames_sandbox: Sandbox) -> None:
    def hook(request: RequestInfo, reply: object) -> None:
        raise KeyboardInterrupt

    with iplaygames_sandbox.client(on_response=hook) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.sessions.start(**START)
    (session,) = iplaygames_sandbox.sessions()["sessions"]
    assert getattr(caught.value, "session_id") == session["session_id"]


def test_a_hook_that_cannot_be_called_is_refused() -> None:
    async def hook(*arguments: object) -> None:
        raise AssertionError

    for wrong, message in ((5, "must be a function"), (hook, "nothing awaits a hook")):
        given: Any = wrong
        with pytest.raises(TypeError, match=message):
            Client(api_key="k" * 9, on_error=given)


def test_the_repr_of_a_request_hides_arguments_and_headers() -> None:
    seen: list[str] = []
    with Recorder().client(on_request=lambda request: seen.append(repr(request))) as client:
        client.call("get_session_status", session_id="s")
        client.sessions.status("s", headers={"X-Token": "secret-token"})
    assert "secret" not in seen[1] and "get_session_status" in seen[0]


# ---- copies, pickling, replacing -----------------------------------------------------------------


@pytest.mark.parametrize("copy_it", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_client_shares_its_connections(
    copy_it: Any, iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    other = copy_it(iplaygames_client.with_options(call_id="c"))
    assert other.call("list_games").call_id == "c"
    iplaygames_client.call("list_games")
    assert iplaygames_sandbox.counts()["connections"]["accepted"] == 1
    iplaygames_client.close()
    with pytest.raises(ClosedError):
        other.call("list_games")


async def call_async(client: AsyncClient) -> None:
    await client.call("list_games")


def on_request(request: RequestInfo) -> None:
    """Does nothing: a function that can be pickled."""


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_is_pickled_without_its_key(
    kind: Any, iplaygames_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = iplaygames_sandbox.config | {
        "max_retries": 1,
        "timeout": 7.5,
        "on_request": on_request,
    }
    client = kind(**options).with_options(call_id="c", max_retries=0)
    data = pickle.dumps(client)
    assert iplaygames_sandbox.api_key.encode() not in data
    monkeypatch.setenv("IPLAYGAMES_API_KEY", iplaygames_sandbox.api_key)
    other = pickle.loads(data)
    assert type(other) is kind and other.base_url == iplaygames_sandbox.base_url
    iplaygames_sandbox.fault("list_games", status=503)

    def list_games() -> None:
        if isinstance(other, AsyncClient):
            asyncio.run(call_async(other))
        else:
            other.call("list_games")

    with pytest.raises(UnavailableError) as caught:
        list_games()
    assert (caught.value.attempts, caught.value.call_id) == (1, "c")
    client.close()
    other.close()
    monkeypatch.setenv("IPLAYGAMES_API_KEY", "another-key")
    with pickle.loads(data) if kind is Client else Client(**iplaygames_sandbox.config) as third:
        if kind is Client:
            with pytest.raises(AuthenticationError):
                third.call("list_games")


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X-Token": "secret"}},
        {"proxy": "http://user:secret@127.0.0.1:1"},
    ],
)
def test_a_client_with_other_secrets_cannot_be_pickled(options: dict[str, Any]) -> None:
    with Client(api_key="k" * 9, **options) as client:
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps(client)
        assert "secret@" not in str(caught.value)
    with Client(api_key="k" * 9) as client, pytest.raises(TypeError, match="headers"):
        pickle.dumps(client.with_options(headers={"X-Token": "secret"}))


def test_calls_and_resources_can_be_replaced_in_tests(iplaygames_client: Client) -> None:
    made = StartedSession.construct(session_id="abc")
    with mock.patch.object(iplaygames_client.sessions, "start", return_value=made) as start:
        assert iplaygames_client.sessions.start(**START).session_id == "abc"
    start.assert_called_once_with(**START)
    with mock.patch.object(iplaygames_client.sessions, "start", autospec=True) as start:
        with pytest.raises(TypeError):
            iplaygames_client.sessions.start(player="p")  # type: ignore[call-arg]
    with mock.patch.object(iplaygames_client, "games") as games:
        games.get.return_value = 5
        assert getattr(iplaygames_client.games.get(1), "__index__")() == 5
    assert iplaygames_client.games.get(1)["success"] is True
    assert iplaygames_client.sessions.start(**START).session_id != "abc"


def test_a_client_that_is_not_made_has_a_repr() -> None:
    for kind in (Client, AsyncClient):
        assert "without a connection" in repr(kind.__new__(kind))


def test_a_client_is_freed_with_its_last_reference(iplaygames_sandbox: Sandbox) -> None:
    import weakref

    client = iplaygames_sandbox.client()
    iplaygames_sandbox._clients.clear()
    client.sessions.start(**START)
    client.games.list()
    gc.disable()
    try:
        reference = weakref.ref(client._core)
        del client
        assert reference() is None
    finally:
        gc.enable()


def test_threads_may_use_a_resource_for_the_first_time_at_once(iplaygames_client: Client) -> None:
    found: list[Any] = []
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        found.append(iplaygames_client.promotions)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1


def test_threads_share_a_function_for_the_key() -> None:
    recorder, keys = Recorder(), ["key-number-1", "key-number-2"]
    with recorder.client(api_key=lambda: keys[int(time.monotonic() * 1000) % 2]) as client:
        threads = [
            threading.Thread(target=lambda: [client.sessions.status("s") for _ in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(recorder.headers) == 80
