"""Client for the IPlayGames game-aggregator API: start, check and end game sessions.

    from iplaygames_native import Client

    with Client(api_key="…") as client:
        session = client.sessions.start(
            game_id=123,
            player_id="player_456",
            currency="USD",
            country_code="US",
            ip_address="192.0.2.1",
        )
        print("send the player to", session.game_url)
        print(client.sessions.status(session.session_id).status)
        client.sessions.end(session.session_id)

`AsyncClient` is the same client for `asyncio`. `sandbox()` starts a local server that implements
the API, for examples and tests. Every failure is an `IPlayGamesError`; its `outcome` tells whether
the request may have been processed.
"""

# Importing this package loads only the modules that every program needs.

from __future__ import annotations

from ._client import Client
from ._core import DEFAULT_BASE_URL, __version__
from ._errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ArgumentTypeError,
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    BusyError,
    CanceledError,
    ClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    InternalError,
    InternalServerError,
    InvalidHandleError,
    IPlayGamesError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    ResolveError,
    ResourcesError,
    ResponseTooLargeError,
    TLSError,
    UnavailableError,
    UnknownOperationError,
    UnprocessableEntityError,
    UnsupportedError,
    ValidationError,
)
from ._reply import Reply
from ._results import (
    BulkResult,
    EndedMultiSession,
    EndedSession,
    MultiSessionGame,
    MultiSessionStatus,
    SessionStatus,
    StartedMultiSession,
    StartedSession,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient
    from ._sandbox import Sandbox, sandbox
    from ._table import Operation, Param
    from ._transport import NotSentError

__all__ = [
    "DEFAULT_BASE_URL",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "ArgumentTypeError",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "BadResponseError",
    "BulkResult",
    "BusyError",
    "CanceledError",
    "Client",
    "ClosedError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "EndedMultiSession",
    "EndedSession",
    "IPlayGamesError",
    "InternalError",
    "InternalServerError",
    "InvalidHandleError",
    "MultiSessionGame",
    "MultiSessionStatus",
    "NotFoundError",
    "NotSentError",
    "Operation",
    "Param",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "Reply",
    "ResolveError",
    "ResourcesError",
    "ResponseTooLargeError",
    "Sandbox",
    "SessionStatus",
    "StartedMultiSession",
    "StartedSession",
    "TLSError",
    "UnavailableError",
    "UnknownOperationError",
    "UnprocessableEntityError",
    "UnsupportedError",
    "ValidationError",
    "__version__",
    "sandbox",
]

_LAZY = {
    "AsyncClient": "_aio",
    "Sandbox": "_sandbox",
    "sandbox": "_sandbox",
    "Operation": "_table",
    "Param": "_table",
    "NotSentError": "_transport",
}


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
