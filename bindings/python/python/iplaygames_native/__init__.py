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

# Importing this package loads only what makes a client. The first client loads what makes results
# and exceptions.

from __future__ import annotations

from sys import version as _version

if "free-threading" in _version:
    from ._free_threading import check_native_module

    check_native_module(__path__[0])
try:
    from ._core import DEFAULT_BASE_URL, __version__
    from ._core import load_module as _load_module
except ModuleNotFoundError as error:
    # A zip file cannot contain the native module, which the system loads from a file.
    raise ImportError(
        f"The native module of iplaygames_native is not in {__path__[0]!r}: install the package "
        "with pip, and do not import it from a zip file."
    ) from error
from ._client import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient
    from ._aio_bulk import AsyncBulkRun
    from ._bulk import BulkRun
    from ._bulk_result import BulkFailure, BulkResult, BulkSuccess
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
        FileError,
        InternalError,
        InternalServerError,
        InvalidHandleError,
        IPlayGamesError,
        JournalError,
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
    from ._file import DownloadedFile, SavedFile
    from ._headers import Headers
    from ._hooks import RequestInfo
    from ._journal import EndedAll, JournalEntry
    from ._model import Model, Row
    from ._models_freespins import CanceledFreespin, Freespin
    from ._models_games import Game, GamePage
    from ._models_transactions import (
        Transaction,
        TransactionDetails,
        TransactionGame,
        TransactionPage,
        TransactionSummary,
    )
    from ._models_widgets import (
        CreatedWidgetToken,
        Message,
        WidgetDomain,
        WidgetDomainDetails,
        WidgetDomainPage,
        WidgetDomainToken,
        WidgetToken,
        WidgetTokenDetails,
        WidgetTokenPage,
    )
    from ._page import Page, RowPage
    from ._pager import AsyncPager, Pager
    from ._raw_response import RawResponse
    from ._reply import Reply
    from ._results import (
        EndedMultiSession,
        EndedSession,
        MultiSessionGame,
        MultiSessionStatus,
        SessionStatus,
        StartedMultiSession,
        StartedSession,
    )
    from ._sandbox import Sandbox, sandbox
    from ._table import Operation, Param
    from ._transport import NotSentError

__all__ = [
    "DEFAULT_BASE_URL",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "ArgumentTypeError",
    "AsyncBulkRun",
    "AsyncClient",
    "AsyncPager",
    "AuthenticationError",
    "BadRequestError",
    "BadResponseError",
    "BulkFailure",
    "BulkResult",
    "BulkRun",
    "BulkSuccess",
    "BusyError",
    "CanceledError",
    "CanceledFreespin",
    "Client",
    "ClosedError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "CreatedWidgetToken",
    "DownloadedFile",
    "EndedAll",
    "EndedMultiSession",
    "EndedSession",
    "FileError",
    "Freespin",
    "Game",
    "GamePage",
    "Headers",
    "IPlayGamesError",
    "InternalError",
    "InternalServerError",
    "InvalidHandleError",
    "JournalEntry",
    "JournalError",
    "Message",
    "Model",
    "MultiSessionGame",
    "MultiSessionStatus",
    "NotFoundError",
    "NotSentError",
    "Operation",
    "Page",
    "Pager",
    "Param",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "RedirectError",
    "Reply",
    "RequestInfo",
    "ResolveError",
    "ResourcesError",
    "ResponseTooLargeError",
    "Row",
    "RowPage",
    "Sandbox",
    "SavedFile",
    "SessionStatus",
    "StartedMultiSession",
    "StartedSession",
    "TLSError",
    "Transaction",
    "TransactionDetails",
    "TransactionGame",
    "TransactionPage",
    "TransactionSummary",
    "UnavailableError",
    "UnknownOperationError",
    "UnprocessableEntityError",
    "UnsupportedError",
    "ValidationError",
    "WidgetDomain",
    "WidgetDomainDetails",
    "WidgetDomainPage",
    "WidgetDomainToken",
    "WidgetToken",
    "WidgetTokenDetails",
    "WidgetTokenPage",
    "__version__",
    "sandbox",
]

# The names that are loaded on first use, by their module.
_MODULES = {
    "_aio": ("AsyncClient",),
    "_aio_bulk": ("AsyncBulkRun",),
    "_bulk": ("BulkRun",),
    "_bulk_result": ("BulkFailure", "BulkResult", "BulkSuccess"),
    "_errors": (
        "APIConnectionError",
        "APIStatusError",
        "APITimeoutError",
        "ArgumentTypeError",
        "AuthenticationError",
        "BadRequestError",
        "BadResponseError",
        "BusyError",
        "CanceledError",
        "ClosedError",
        "ConflictError",
        "ConnectError",
        "ConnectionLostError",
        "FileError",
        "InternalError",
        "InternalServerError",
        "InvalidHandleError",
        "IPlayGamesError",
        "JournalError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "RedirectError",
        "ResolveError",
        "ResourcesError",
        "ResponseTooLargeError",
        "TLSError",
        "UnavailableError",
        "UnknownOperationError",
        "UnprocessableEntityError",
        "UnsupportedError",
        "ValidationError",
    ),
    "_file": ("DownloadedFile", "SavedFile"),
    "_headers": ("Headers",),
    "_hooks": ("RequestInfo",),
    "_journal": ("EndedAll", "JournalEntry"),
    "_model": ("Model", "Row"),
    "_models_freespins": ("CanceledFreespin", "Freespin"),
    "_models_games": ("Game", "GamePage"),
    "_models_transactions": (
        "Transaction",
        "TransactionDetails",
        "TransactionGame",
        "TransactionPage",
        "TransactionSummary",
    ),
    "_models_widgets": (
        "CreatedWidgetToken",
        "Message",
        "WidgetDomain",
        "WidgetDomainDetails",
        "WidgetDomainPage",
        "WidgetDomainToken",
        "WidgetToken",
        "WidgetTokenDetails",
        "WidgetTokenPage",
    ),
    "_page": ("Page", "RowPage"),
    "_pager": ("AsyncPager", "Pager"),
    "_raw_response": ("RawResponse",),
    "_reply": ("Reply",),
    "_results": (
        "EndedMultiSession",
        "EndedSession",
        "MultiSessionGame",
        "MultiSessionStatus",
        "SessionStatus",
        "StartedMultiSession",
        "StartedSession",
    ),
    "_sandbox": ("Sandbox", "sandbox"),
    "_table": ("Operation", "Param"),
    "_transport": ("NotSentError",),
}
_LAZY = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(_load_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
