"""A span of OpenTelemetry for each call, and `traceparent` (W3C Trace Context) for the server.

    with traced(client, "start_a_game_session") as api:
        session = api.sessions.start(game_id=123, …)

Works with `Client` and `AsyncClient`. Needs `opentelemetry-api`. The program chooses the exporter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from iplaygames_native import AsyncClient, Client, IPlayGamesError
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

C = TypeVar("C", Client, AsyncClient)

tracer = trace.get_tracer("iplaygames_native")


@contextmanager
def traced(client: C, operation: str, **attributes: str | int) -> Iterator[C]:
    """Makes a span for the calls of a `with` block. Yields the client to make them with.

    The span has the attributes of the semantic conventions for HTTP clients. No attribute contains
    a key, a token or a body.
    """
    with tracer.start_as_current_span(
        f"iplaygames {operation}",
        kind=SpanKind.CLIENT,
        attributes={"iplaygames.operation": operation, **attributes},
        # The exception is recorded below, without the traceback.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        context = span.get_span_context()
        call_id = f"{context.trace_id:032x}-{context.span_id:016x}"
        headers: dict[str, str] = {}
        propagate.inject(headers)
        try:
            yield client.with_options(call_id=call_id, headers=headers)
        except IPlayGamesError as error:
            span.set_status(Status(StatusCode.ERROR, error.message))
            span.set_attribute("error.type", type(error).__name__)
            span.set_attribute("iplaygames.outcome", error.outcome)
            if error.attempts > 1:
                span.set_attribute("http.request.resend_count", error.attempts - 1)
            if error.status_code is not None:
                span.set_attribute("http.response.status_code", error.status_code)
            raise
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", type(error).__name__)
            raise
