"""Client for the IPlayGames game-aggregator API: start, check and end game sessions.

    from iplaygames_native import Client

    with Client(api_key="…") as client:
        session = client.sessions.start(
            game_id=123, player_id="player_456", currency="USD", country_code="US", ip_address="192.0.2.1"
        )
        print("send the player to", session.game_url)
        print(client.sessions.status(session.session_id).status)
        client.sessions.end(session.session_id)

`AsyncClient` is the same, awaited. `sandbox()` is the API on this machine, for trying and testing. Every
failure is an `IPlayGamesError`; its `outcome` says whether the call may have been done.
"""

# What a program does not use it does not load: importing this package is cheap, and stays so.

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
    ForbiddenError,
    InternalError,
    InvalidHandleError,
    IPlayGamesError,
    NotFoundError,
    RateLimitedError,
    RedirectError,
    ResolveError,
    ResponseTooLargeError,
    ServerError,
    TLSError,
    UnauthorizedError,
    UnavailableError,
    UnknownOperationError,
    UnprocessableError,
    UnsupportedError,
    ValidationError,
)
from ._results import (
    BulkResult,
    EndedMultiSession,
    EndedSession,
    MultiSessionGame,
    MultiSessionStatus,
    Reply,
    SessionStatus,
    StartedMultiSession,
    StartedSession,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient
    from ._sandbox import Sandbox, sandbox
    from ._table import Field, Operation

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
    "Field",
    "ForbiddenError",
    "IPlayGamesError",
    "InternalError",
    "InvalidHandleError",
    "MultiSessionGame",
    "MultiSessionStatus",
    "NotFoundError",
    "Operation",
    "RateLimitedError",
    "RedirectError",
    "Reply",
    "ResolveError",
    "ResponseTooLargeError",
    "Sandbox",
    "ServerError",
    "SessionStatus",
    "StartedMultiSession",
    "StartedSession",
    "TLSError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOperationError",
    "UnprocessableError",
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
    "Field": "_table",
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
