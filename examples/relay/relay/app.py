"""The web application: its routes, and the order of the checks.

`create_app` makes the application. `__main__.py` runs it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from iplaygames_native import AsyncClient, Operation

from .calls import STARTS, SUPPORTED, Caller, RelayResponse, invalid_field, refusal
from .rate_limit import RateLimit
from .settings import Settings
from .tokens import InvalidTokenError, verify_token
from .webhooks import InvalidWebhookError, MemoryWallet, Wallet, is_signed, parse_webhook

log = logging.getLogger("relay")

MAX_BODY_BYTES = 64 * 1024


class BodyTooLargeError(Exception):
    """The body of a request is larger than `MAX_BODY_BYTES`."""


async def read_body(request: Request) -> bytes:
    """Returns the body. Raises `BodyTooLargeError` as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
    return bytes(body)


def create_app(settings: Settings, client: AsyncClient, wallet: Wallet | None = None) -> FastAPI:
    """Returns the application. It closes `client` when it stops.

    `wallet` answers the webhooks. The default is empty: replace it with your own.
    """
    unsupported = set(settings.operations) - SUPPORTED
    if unsupported:
        raise ValueError(
            f"RELAY_OPERATIONS has {', '.join(sorted(unsupported))}: games may call only "
            f"{', '.join(sorted(SUPPORTED))}."
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            # uvicorn has waited for the calls in flight. A call that is left is canceled here, and
            # the client logs each start that may have created a session.
            stats = client.stats()
            await client.aclose()
            log.info("stopped: %d calls, %d in flight", stats["calls"], stats["in_flight"])

    # No pages for developers: they would describe the relay to everybody.
    app = FastAPI(title="relay", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    operations: dict[str, Operation] = {
        operation.id: operation for operation in client.operations()
    }
    caller = Caller(client)
    limit = RateLimit(settings.rate, settings.burst)
    for name in settings.operations:
        operation = operations[name]
        endpoint = make_endpoint(operation, settings, caller, limit)
        app.add_api_route(operation.path, endpoint, methods=[operation.method], name=name)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """Returns counters. Makes no call: a failure of the API is not a failure of the relay."""
        return {"status": "ok", **client.stats()}

    if settings.webhook_secret:
        add_webhooks(app, settings.webhook_secret, wallet or MemoryWallet({}))

    @app.exception_handler(BodyTooLargeError)
    async def too_large(request: Request, error: Exception) -> Response:
        return to_http(refusal(413, "The body of the request is too large."))

    return app


def to_http(response: RelayResponse) -> Response:
    """Returns the response as bytes of HTTP."""
    return Response(response.text, response.status, response.headers, media_type="application/json")


def make_endpoint(
    operation: Operation, settings: Settings, caller: Caller, limit: RateLimit
) -> Callable[[Request], Awaitable[Response]]:
    """Returns the endpoint of an operation: token, rate limit, arguments, call."""

    async def endpoint(request: Request) -> Response:
        try:
            token = request.headers.get("x-player-token")
            player = verify_token(token, settings.token_secrets)
        except InvalidTokenError as error:
            return to_http(refusal(401, str(error)))
        wait = limit.take(player.player_id)
        if wait:
            response = refusal(429, "Too many requests: wait a moment.")
            response.headers["Retry-After"] = str(int(wait) + 1)
            return to_http(response)
        if request.client is None:
            return to_http(refusal(400, "The address of the player is not known."))
        arguments = await read_arguments(request, operation)
        if isinstance(arguments, RelayResponse):
            return to_http(arguments)
        call_id = request.headers.get("x-request-id")
        return to_http(
            await caller.call(operation, player, request.client.host, arguments, call_id)
        )

    return endpoint


async def read_arguments(request: Request, operation: Operation) -> dict[str, Any] | RelayResponse:
    """Returns the arguments of a call, or the refusal. The client library checks their values."""
    arguments: dict[str, Any] = dict(request.path_params)
    params = {param.name: param for param in operation.params}
    for name, text in request.query_params.items():
        if name not in params or params[name].location != "query":
            return invalid_field(name, f"The parameter {name} is not known.")
        is_number = params[name].type == "integer" and text.isascii() and text.isdigit()
        arguments[name] = int(text[:20]) if is_number else text
    body = await read_body(request)
    if body and operation.id in STARTS:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return refusal(400, "The body of the request is not JSON.")
        if not isinstance(document, dict):
            return refusal(400, "The body of the request is not a JSON object.")
        arguments |= document
    return arguments


def add_webhooks(app: FastAPI, secret: str, wallet: Wallet) -> None:
    """Adds the endpoint that the platform sends its webhooks to."""

    @app.post("/webhooks/iplaygames")
    async def webhook(request: Request) -> Response:
        body = await read_body(request)
        if not is_signed(body, request.headers.get("x-signature"), secret):
            return JSONResponse({"error": "Invalid signature"}, 401)
        try:
            parsed = parse_webhook(body)
        except InvalidWebhookError as error:
            return JSONResponse({"error": str(error)}, 400)
        # Refusals of the wallet have the status 200, too: the platform reads `status`.
        return JSONResponse(await wallet.handle(parsed))
