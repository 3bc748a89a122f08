"""Each call that the hook for requests observes ends with one other hook, in bulk runs too."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any
from unittest.mock import MagicMock

import pytest
from conftest import START

from iplaygames_native import (
    BusyError,
    Client,
    IPlayGamesError,
    Reply,
    RequestInfo,
    Sandbox,
    ValidationError,
)


class Ends:
    """Counts the hooks of each request."""

    def __init__(self) -> None:
        self.requests: list[RequestInfo] = []
        self.ended: list[RequestInfo] = []
        self.kinds: Counter[str] = Counter()

    def on_request(self, request: RequestInfo) -> None:
        self.requests.append(request)

    def on_response(self, request: RequestInfo, reply: Reply) -> None:
        self.ended.append(request)
        self.kinds["response"] += 1

    def on_error(self, request: RequestInfo, error: BaseException) -> None:
        self.ended.append(request)
        outcome = error.outcome if isinstance(error, IPlayGamesError) else ""
        self.kinds[f"error {outcome}"] += 1

    def options(self) -> dict[str, Any]:
        return {
            "on_request": self.on_request,
            "on_response": self.on_response,
            "on_error": self.on_error,
        }

    def check(self, **kinds: int) -> None:
        """Checks that each request has ended once."""
        assert Counter(map(id, self.requests)) == Counter(map(id, self.ended))
        assert set(Counter(map(id, self.requests)).values()) <= {1}
        assert self.kinds == {kind.replace("_", " ", 1): number for kind, number in kinds.items()}


@pytest.mark.parametrize("own", [{}, {"Traceparent": "own", "X-Own": "1"}], ids=repr)
@pytest.mark.parametrize("of_client", [{}, {"TRACEPARENT": "client"}], ids=repr)
def test_a_header_of_a_hook_takes_the_place_of_the_same_header_in_another_case(
    iplaygames_sandbox: Sandbox, own: dict[str, str], of_client: dict[str, str]
) -> None:
    def on_request(request: RequestInfo) -> None:
        request.headers["traceparent"] = "hook"

    client = iplaygames_sandbox.client(on_request=on_request).with_options(headers=of_client)
    client.call("list_games")
    client.with_options(headers=own).call("list_games")
    for request in iplaygames_sandbox.control("requests")["requests"]:
        headers = request["headers"]
        assert {name: headers[name] for name in headers if "trace" in name.lower()} == {
            "traceparent": "hook"
        }
    assert ("x-own" in {name.lower() for name in headers}) == ("X-Own" in own)


def test_a_hook_may_remove_the_headers_of_a_call(iplaygames_sandbox: Sandbox) -> None:
    client = iplaygames_sandbox.client(on_request=lambda request: request.headers.clear())
    client.with_options(headers={"X-Own": "1"}).call("list_games")
    [request] = iplaygames_sandbox.control("requests")["requests"]
    assert "x-own" not in {name.lower() for name in request["headers"]}


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer other"}, {"x": 5}, {"x": "a\n"}, 5], ids=repr
)
@pytest.mark.parametrize("kind", ["blocking", "asynchronous", "bulk"])
def test_a_hook_for_requests_with_unusable_headers_is_followed_by_the_hook_for_errors(
    iplaygames_sandbox: Sandbox, headers: Any, kind: str
) -> None:
    ends = Ends()

    def on_request(request: RequestInfo) -> None:
        ends.on_request(request)
        request.headers = headers

    options = {**ends.options(), "on_request": on_request}

    async def main() -> None:
        async with iplaygames_sandbox.async_client(**options) as client:
            await client.sessions.status("s")

    with iplaygames_sandbox.client(**options) as client:
        calls: dict[str, Callable[[], object]] = {
            "blocking": lambda: client.sessions.status("s"),
            "asynchronous": lambda: asyncio.run(main()),
            "bulk": lambda: next(client.sessions.status_many(["s"])).unwrap(),
        }
        with pytest.raises(ValidationError):
            calls[kind]()
    ends.check(error_not_sent=1)
    assert iplaygames_sandbox.requests() == []


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_a_bulk_call_that_waits_for_capacity_is_one_request_for_the_hooks(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, kind: str
) -> None:
    ends, session_id = Ends(), iplaygames_client.sessions.start(**START).session_id
    iplaygames_sandbox.fault("get_session_status", delay_ms=100, times=2)

    async def main() -> list[bool]:
        async with iplaygames_sandbox.async_client(max_in_flight=1, **ends.options()) as client:
            return [each.ok async for each in client.sessions.status_many([session_id] * 6)]

    if kind == "blocking":
        with iplaygames_sandbox.client(max_in_flight=1, **ends.options()) as client:
            assert [each.ok for each in client.sessions.status_many([session_id] * 6)] == [True] * 6
    else:
        assert asyncio.run(main()) == [True] * 6
    ends.check(response=6)
    assert iplaygames_sandbox.counts()["requests"]["by_operation"]["get_session_status"] == 6


def test_a_bulk_call_that_gets_no_capacity_is_an_error_for_the_hooks(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    ends = Ends()
    options = {"max_in_flight": 1, "timeout": 0.1, **ends.options()}
    with iplaygames_sandbox.client(**options) as client:
        patient = client.with_options(timeout=30)
        with patient.sessions.watch(iplaygames_client.sessions.start(**START).session_id):
            (result,) = client.sessions.status_many(["s"])
            assert not result.ok and result.error.outcome == "not_sent"
            assert result.call_id == ends.requests[1].call_id
    # The first request is the watch, which was not awaited.
    assert ends.ended == ends.requests[1:] and ends.kinds == {"error not_sent": 1}


@pytest.mark.parametrize(("max_in_flight", "requests"), [(1, 2), (64, 4)])
def test_a_bulk_run_that_is_left_early_ends_each_request_for_the_hooks(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, max_in_flight: int, requests: int
) -> None:
    ends, session_id = Ends(), iplaygames_client.sessions.start(**START).session_id
    # With one place in the client, the second call waits for it and is never sent.
    with iplaygames_sandbox.client(max_in_flight=max_in_flight, **ends.options()) as client:
        with client.sessions.status_many([session_id] * 8, concurrency=4) as run:
            assert next(run).ok
        assert len(run.undelivered) == (1 if max_in_flight == 1 else 3)
        if max_in_flight == 1:
            assert getattr(run.undelivered[0].error, "outcome", "") == "not_sent"
    assert len(ends.requests) == requests
    assert Counter(map(id, ends.requests)) == Counter(map(id, ends.ended))


def test_a_canceled_bulk_run_ends_each_request_for_the_hooks(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    ends, session_id = Ends(), iplaygames_client.sessions.start(**START).session_id
    iplaygames_sandbox.fault("get_session_status", delay_ms=60_000, times=4)

    async def main() -> None:
        async with iplaygames_sandbox.async_client(**ends.options()) as client:
            run = client.sessions.status_many([session_id] * 8, concurrency=4)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(run.__anext__(), 0.3)

    asyncio.run(main())
    ends.check(error_unknown=4)


class Unreadable(str, Enum):
    """A string whose value cannot be read."""

    ID = "x"

    @property
    def value(self) -> Any:
        raise LookupError("no value")


def test_an_item_that_cannot_be_read_is_an_error_for_the_hooks(iplaygames_sandbox: Sandbox) -> None:
    ends = Ends()
    with iplaygames_sandbox.client(**ends.options()) as client:
        (result,) = client.sessions.status_many([Unreadable.ID])
    assert isinstance(result.error, ValidationError)
    assert len(ends.requests) == 1
    ends.check(error_not_sent=1)
    assert iplaygames_sandbox.requests() == []


def test_a_client_that_is_closed_during_a_bulk_run_ends_each_request_for_the_hooks(
    iplaygames_sandbox: Sandbox,
) -> None:
    ends = Ends()
    iplaygames_sandbox.fault("get_session_status", delay_ms=60_000, times=4)
    with iplaygames_sandbox.client(**ends.options()) as client:
        timer = threading.Timer(0.2, client.close)
        timer.start()
        results = list(client.sessions.status_many(["s"] * 8, concurrency=4))
        timer.join()
    assert [each.ok for each in results] == [False] * 8
    assert Counter(map(id, ends.requests)) == Counter(map(id, ends.ended))
    assert len(ends.requests) == 8


def test_an_interruption_in_a_hook_of_a_bulk_run_loses_no_started_session(
    iplaygames_sandbox: Sandbox,
) -> None:
    seen: list[Reply] = []

    def on_response(request: RequestInfo, reply: Reply) -> None:
        seen.append(reply)
        if len(seen) == 2:
            raise KeyboardInterrupt

    delivered: list[Any] = []
    with iplaygames_sandbox.client(on_response=on_response) as client:
        run = client.sessions.start_many([START] * 5, concurrency=1)
        delivered.append(next(run).unwrap())
        with pytest.raises(KeyboardInterrupt) as caught:
            next(run)
    assert delivered == seen[:1]
    results: list[Any] = caught.value.results  # type: ignore[attr-defined]
    assert [each.result for each in results if each.ok] == seen[1:]


def test_a_hook_does_not_change_the_arguments_of_a_call(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session_id = iplaygames_client.sessions.start(**START).session_id

    def on_request(request: RequestInfo) -> None:
        arguments: Any = request.arguments
        assert arguments == {"session_id": session_id}
        arguments["session_id"] = "other"

    with iplaygames_sandbox.client(on_request=on_request) as client:
        assert client.sessions.status(session_id).session_id == session_id


class AsyncCallable:
    """An object whose call returns a coroutine."""

    async def __call__(self, *args: Any) -> str:
        return "key"

    async def method(self, *args: Any) -> str:
        return "key"


@pytest.mark.parametrize(
    "function",
    [AsyncCallable(), AsyncCallable().method, partial(AsyncCallable().method, 1)],
    ids=["object", "method", "partial"],
)
def test_a_coroutine_function_is_refused_where_nothing_awaits_it(function: Any) -> None:
    for option in ("api_key", "on_request", "on_response", "on_error"):
        with pytest.raises(TypeError, match=f"`{option}` must be a plain function"):
            Client(**{"api_key": "test-key-123", option: function})
    Client(api_key="test-key-123", on_request=MagicMock(), on_error=partial(print)).close()


# ---- watches -------------------------------------------------------------------------------------


def watch_one(sandbox: Sandbox, ends: Ends, kind: str, session_id: str) -> list[str]:
    """Watches a session until it is over, and ends it after five readings."""
    statuses: list[str] = []
    is_async = kind.startswith("async ")
    kind = kind.removeprefix("async ")

    def on_response(request: RequestInfo, reply: Reply) -> None:
        ends.on_response(request, reply)
        if len(ends.ended) == 5:
            with sandbox.client() as other:
                other.sessions.end(session_id)

    options = {**ends.options(), "on_response": on_response, "max_retries": 0}

    async def main() -> None:
        async with sandbox.async_client(**options) as client:
            if kind == "watch":
                async for status in client.sessions.watch(session_id, interval=0.01):
                    statuses.append(status.status)
            else:
                async for change in client.sessions.watch_many([session_id], interval=0.01):
                    statuses.append(change.unwrap().status)

    if is_async:
        asyncio.run(main())
        return statuses
    with sandbox.client(**options) as client:
        if kind == "watch":
            return [each.status for each in client.sessions.watch(session_id, interval=0.01)]
        changes = client.sessions.watch_many([session_id], interval=0.01)
        return [each.unwrap().status for each in changes]


@pytest.mark.parametrize("kind", ["watch", "watch_many", "async watch", "async watch_many"])
def test_hooks_observe_each_reading_of_a_watch(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, kind: str
) -> None:
    ends, session_id = Ends(), iplaygames_client.sessions.start(**START).session_id
    iplaygames_sandbox.fault("get_session_status", status=503, times=2)
    assert watch_one(iplaygames_sandbox, ends, kind, session_id) == ["active", "closed"]
    readings = iplaygames_sandbox.counts()["requests"]["by_operation"]["get_session_status"]
    # The watch is one request, and each reading is observed once.
    assert len(ends.requests) == 1 and set(map(id, ends.ended)) == {id(ends.requests[0])}
    assert len(ends.ended) == readings >= 6
    assert ends.kinds == {"error unknown": 2, "response": readings - 2}


def test_headers_of_a_hook_are_sent_with_each_reading() -> None:
    seen: list[str | None] = []
    statuses = iter(["active", "active", "closed"])

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        seen.append(headers.get("traceparent"))
        data = {"session_id": "s", "status": next(statuses), "game": {"id": 1}}
        document = json.dumps({"success": True, "data": data}).encode()
        return 200, [("content-type", "application/json")], document

    def on_request(request: RequestInfo) -> None:
        request.headers["traceparent"] = "trace-1"

    options: dict[str, Any] = {"api_key": "test-key-123", "base_url": "http://127.0.0.1:9"}
    with Client(**options, transport=send, on_request=on_request) as client:
        changes = client.sessions.watch("s", interval=0.01)
        assert [each.status for each in changes] == ["active", "closed"]
    assert seen == ["trace-1"] * 3


def test_a_watch_that_cannot_be_started_is_an_error_for_the_hooks(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    ends, session_id = Ends(), iplaygames_client.sessions.start(**START).session_id
    with iplaygames_sandbox.client(max_in_flight=1, **ends.options()) as client:
        with client.sessions.watch(session_id, interval=60):
            with pytest.raises(BusyError):
                client.sessions.watch(session_id)
            # It waits for the first watch, and is one request all the same.
            many = client.sessions.watch_many([session_id])
            timer = threading.Timer(0.2, many.close)
            timer.start()
            assert list(many) == []
            timer.join()
    assert len(ends.requests) == 3
    assert ends.ended[:2] == ends.requests[1:] and ends.kinds["error not_sent"] == 2


@pytest.mark.parametrize("kind", ["watch", "watch_many"])
def test_an_interruption_in_a_hook_of_a_watch_loses_no_change(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, kind: str
) -> None:
    ids = [iplaygames_client.sessions.start(**START).session_id for _ in range(3)]
    interruptions = iter([KeyboardInterrupt, KeyboardInterrupt])

    def on_response(request: RequestInfo, reply: Reply) -> None:
        interruption = next(interruptions, None)
        if interruption is not None:
            raise interruption

    with iplaygames_sandbox.client(on_response=on_response) as client:
        watched: Any
        if kind == "watch":
            watched, expected = client.sessions.watch(ids[0], interval=60), 1
        else:
            watched, expected = client.sessions.watch_many(ids, interval=60), 3
        with watched:
            changes = 0
            while changes < expected:
                try:
                    next(watched)
                    changes += 1
                except KeyboardInterrupt:
                    continue
