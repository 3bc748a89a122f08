"""`tracing.py` against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from iplaygames_native import NotFoundError, Sandbox, sandbox
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tracing import traced

EXPORTER = InMemorySpanExporter()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(EXPORTER))
trace.set_tracer_provider(PROVIDER)

START: dict[str, Any] = {
    "game_id": 123,
    "player_id": "p",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    EXPORTER.clear()
    with sandbox() as box:
        yield box


def test_a_call_has_a_span_of_its_own_in_the_caller_s_trace(box: Sandbox) -> None:
    with box.client() as client, trace.get_tracer("game").start_as_current_span("play"):
        with traced(client, "start_a_game_session") as api:
            session = api.sessions.start(**START)
        with traced(client, "get_session_status", **{"game.match": 7}) as api:
            api.sessions.status(session.session_id)
    start, status, play = EXPORTER.get_finished_spans()
    assert (start.name, status.name) == (
        "iplaygames start_a_game_session",
        "iplaygames get_session_status",
    )
    assert start.kind is trace.SpanKind.CLIENT and start.status.is_unset
    assert {span.context.trace_id for span in (start, status)} == {play.context.trace_id}
    assert start.parent.span_id == status.parent.span_id == play.context.span_id
    assert status.attributes["game.match"] == 7
    assert session.session_token not in str(start.to_json()) and box.api_key not in start.to_json()


def test_the_server_gets_the_trace_and_the_span_as_id_of_the_call(box: Sandbox) -> None:
    with box.client() as client, traced(client, "list_games") as api:
        reply = api.call("list_games")
    (span,) = EXPORTER.get_finished_spans()
    (request,) = box.requests()
    expected = f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert request["headers"]["x-request-id"] == reply.call_id == expected


def test_the_server_gets_traceparent(box: Sandbox) -> None:
    with box.client() as client, traced(client, "list_games") as api:
        api.call("list_games")
    (span,) = EXPORTER.get_finished_spans()
    (request,) = box.requests()
    context = span.context
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert request["headers"]["traceparent"] == expected


def test_a_failed_call_has_its_outcome_and_attempts_in_the_span(box: Sandbox) -> None:
    with box.client() as client:
        box.fault("get_session_status", status=503, times=2)
        with pytest.raises(NotFoundError), traced(client, "get_session_status") as api:
            api.sessions.status("nobody")
    (span,) = EXPORTER.get_finished_spans()
    assert not span.status.is_ok and span.status.description == "Session not found"
    assert dict(span.attributes) == {
        "iplaygames.operation": "get_session_status",
        "iplaygames.outcome": "rejected",
        "error.type": "NotFoundError",
        "http.request.resend_count": 2,
        "http.response.status_code": 404,
    }


def test_calls_of_tasks_have_spans_of_their_own(box: Sandbox) -> None:
    async def main() -> None:
        async with box.async_client() as client:

            async def start(number: int) -> None:
                with traced(client, "start_a_game_session", number=number) as api:
                    await api.sessions.start(**START)

            await asyncio.gather(*(start(number) for number in range(20)))

    asyncio.run(main())
    spans = EXPORTER.get_finished_spans()
    assert sorted(span.attributes["number"] for span in spans) == list(range(20))
    assert len({request["headers"]["x-request-id"] for request in box.requests()}) == 20
