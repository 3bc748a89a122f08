"""The exceptions of this package. Each has every field of the core's error document.

Contains no code that makes calls. `_core` makes the exceptions with `from_document`,
`invalid_argument` and `internal_error`.
"""

from __future__ import annotations

from . import _codes
from ._document import parse, to_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Outcome = Literal["not_sent", "rejected", "unknown"]


class IPlayGamesError(Exception):
    """A call that failed: the base class of all exceptions of this package.

    Check `outcome` first:

    - `"not_sent"`: provably nothing reached the server.
    - `"rejected"`: the API refused the request.
    - `"unknown"`: the request may have been processed. After a start a session may exist.
    """

    message: str
    """The API's own message, or a description of the failure."""
    code: int
    """The error code, a number that is the same in every language binding."""
    name: str
    """The name of the code, such as `IPG_ERR_NOT_FOUND`."""
    operation: str | None
    """The operation that was called."""
    outcome: Outcome
    """Whether the request may have been processed."""
    retryable: bool
    """Whether the same call may succeed later."""
    attempts: int
    """The number of attempts."""
    elapsed: float
    """The duration of the call in seconds, pauses included."""
    status_code: int | None
    """The HTTP status code of the last response, if there was a response."""
    request_id: str | None
    """The server's id of the request, if the server sent an id."""
    call_id: str | None
    """The client's id of the call, sent as `X-Request-Id`."""
    retry_after: float | None
    """The seconds to wait that the server asked for, if it did."""
    field: str | None
    """A JSON pointer to the invalid argument, such as `/currency`."""
    body: Any
    """The body of the response, if it was JSON."""
    body_text: str | None
    """The first 512 characters of the body, if it was not JSON."""

    def __init__(
        self,
        message: str = "",
        *,
        code: int = _codes.INTERNAL,
        name: str = _codes.NAMES[_codes.INTERNAL],
        operation: str | None = None,
        outcome: Outcome = "not_sent",
        retryable: bool = False,
        attempts: int = 0,
        elapsed: float = 0.0,
        status_code: int | None = None,
        request_id: str | None = None,
        call_id: str | None = None,
        retry_after: float | None = None,
        field: str | None = None,
        body: Any = None,
        body_text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name
        self.operation = operation
        self.outcome = outcome
        self.retryable = retryable
        self.attempts = attempts
        self.elapsed = elapsed
        self.status_code = status_code
        self.request_id = request_id
        self.call_id = call_id
        self.retry_after = retry_after
        self.field = field
        self.body = body
        self.body_text = body_text

    @property
    def parameter(self) -> str | None:
        """The name of the invalid argument: `currency`, or `games.0.name` for a nested value."""
        if not self.field:
            return None
        return self.field[1:].replace("/", ".").replace("~1", "/").replace("~0", "~")

    def to_dict(self) -> dict[str, Any]:
        """Returns every attribute by its name, as values that `json.dumps` takes.

        A `Decimal` of the body becomes a `float` if that has the same value, and a string
        otherwise. The attribute `body` keeps it.
        """
        return {attribute: to_jsonable(getattr(self, attribute)) for attribute in _ATTRIBUTES}

    def __str__(self) -> str:
        if "message" not in self.__dict__:
            # `__init__` of a subclass has not called this one.
            return super().__str__()
        text = f"{self.message} ({self.parameter})" if self.parameter else self.message
        details = [self.name]
        if self.status_code is not None:
            details.append(f"HTTP {self.status_code}")
        if self.attempts:
            details.append(f"outcome {self.outcome}")
        return f"{text} [{', '.join(details)}]"

    def __reduce__(self) -> tuple[Any, ...]:
        # The attributes are restored directly: a subclass may have another `__init__`.
        return _restore, (type(self), self.args, self.__dict__)


_ATTRIBUTES = list(IPlayGamesError.__annotations__)


def _restore(
    kind: type[IPlayGamesError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> IPlayGamesError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ValidationError(IPlayGamesError, ValueError):
    """An argument is missing, malformed or not allowed: `parameter` names it. Nothing was sent."""


class ArgumentTypeError(ValidationError, TypeError):
    """An argument has a type that cannot be sent."""


class UnknownOperationError(ValidationError):
    """The API has no operation of that name."""


class InvalidHandleError(IPlayGamesError):
    """The call, watch or sandbox belongs to the parent process, from which this one was forked."""


class BusyError(IPlayGamesError):
    """The client has `max_in_flight` calls in flight. The call was not sent."""


class ResourcesError(IPlayGamesError):
    """The process or the system has no file descriptor, thread or memory left. Nothing was sent."""


class JournalError(IPlayGamesError):
    """The journal cannot be written or read. A start was not sent."""


class FileError(IPlayGamesError, OSError):
    """The file of a download cannot be written."""


class ClosedError(IPlayGamesError):
    """The client is closed, or the interpreter is exiting."""


class UnsupportedError(IPlayGamesError):
    """This build or this context does not support the call."""


class CanceledError(IPlayGamesError):
    """The call was canceled because its client was closed."""


class InternalError(IPlayGamesError):
    """A defect in this library. Please report the message.

    This exception says nothing about the server: HTTP status codes from 500 on raise
    `InternalServerError`.
    """


class APIConnectionError(IPlayGamesError):
    """The request or the response could not be transferred."""


class ResolveError(APIConnectionError):
    """The host name could not be resolved."""


class ConnectError(APIConnectionError):
    """No connection could be established."""


class TLSError(APIConnectionError):
    """The TLS handshake failed: certificate, host name or protocol version."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """The call timed out."""


class ConnectionLostError(APIConnectionError):
    """The connection was closed before the response was complete."""


class BadResponseError(IPlayGamesError):
    """The response is not valid: not HTTP, not JSON, or without a required field."""


class ResponseTooLargeError(BadResponseError):
    """The response is larger than `max_response_bytes`."""


class APIStatusError(IPlayGamesError):
    """The server returned an error response."""


class RedirectError(APIStatusError):
    """HTTP 3xx: the server returned a redirect. The client never follows redirects."""


class BadRequestError(APIStatusError):
    """HTTP 400: the API refused the request."""


class AuthenticationError(APIStatusError):
    """HTTP 401: the API key is missing, wrong or inactive."""


class PermissionDeniedError(APIStatusError):
    """HTTP 403: the account does not have the permission."""


class NotFoundError(APIStatusError):
    """HTTP 404: the session, the game or another resource does not exist."""


class ConflictError(APIStatusError):
    """HTTP 409: the state of the resource does not allow the request."""


class UnprocessableEntityError(APIStatusError):
    """HTTP 422: the API refused a field. `body` has the API's list of errors."""


class RateLimitError(APIStatusError):
    """HTTP 429: too many requests. `retry_after` has the time to wait, if the API named it."""


class InternalServerError(APIStatusError):
    """HTTP 5xx: the server or a gateway failed.

    A defect in this library is an `InternalError`.
    """


class UnavailableError(InternalServerError):
    """HTTP 503: the service is unavailable, or no provider offers the game to this player."""


BY_CODE: dict[int, type[IPlayGamesError]] = {
    _codes.INVALID_ARGUMENT: ValidationError,
    _codes.INVALID_HANDLE: InvalidHandleError,
    _codes.UNKNOWN_OPERATION: UnknownOperationError,
    _codes.BUSY: BusyError,
    _codes.SHUT_DOWN: ClosedError,
    _codes.UNSUPPORTED: UnsupportedError,
    _codes.RESOURCES: ResourcesError,
    _codes.JOURNAL: JournalError,
    _codes.FILE: FileError,
    _codes.RESOLVE: ResolveError,
    _codes.CONNECT: ConnectError,
    _codes.TLS: TLSError,
    _codes.TIMEOUT: APITimeoutError,
    _codes.CANCELED: CanceledError,
    _codes.CONNECTION_LOST: ConnectionLostError,
    _codes.BAD_RESPONSE: BadResponseError,
    _codes.RESPONSE_TOO_LARGE: ResponseTooLargeError,
    _codes.REDIRECT: RedirectError,
    _codes.BAD_REQUEST: BadRequestError,
    _codes.UNAUTHORIZED: AuthenticationError,
    _codes.FORBIDDEN: PermissionDeniedError,
    _codes.NOT_FOUND: NotFoundError,
    _codes.CONFLICT: ConflictError,
    _codes.UNPROCESSABLE: UnprocessableEntityError,
    _codes.RATE_LIMITED: RateLimitError,
    _codes.API: APIStatusError,
    _codes.SERVER: InternalServerError,
    _codes.UNAVAILABLE: UnavailableError,
    _codes.INTERNAL: InternalError,
}


def from_document(document: str) -> IPlayGamesError:
    """Makes the exception for an error document of the core."""
    fields: dict[str, Any] = parse(document)["error"]
    retry_after_ms = fields["retry_after_ms"]
    return BY_CODE.get(fields["code"], IPlayGamesError)(
        fields["message"],
        code=fields["code"],
        name=fields["name"],
        operation=fields["operation"],
        outcome=fields["outcome"],
        retryable=fields["retryable"],
        attempts=fields["attempts"],
        elapsed=fields["elapsed_ms"] / 1000,
        status_code=fields["http_status"],
        request_id=fields["request_id"],
        call_id=fields["call_id"],
        retry_after=None if retry_after_ms is None else retry_after_ms / 1000,
        field=fields["field"],
        body=fields["body"],
        body_text=fields.get("body_text"),
    )


def invalid_argument(field: str, message: str, wrong_type: bool = False) -> ValidationError:
    """Makes the exception for an invalid argument. `field` is a JSON pointer to the argument."""
    kind = ArgumentTypeError if wrong_type else ValidationError
    code = _codes.INVALID_ARGUMENT
    return kind(message, code=code, name=_codes.NAMES[code], field=field)


def file_error(message: str, outcome: Outcome = "not_sent") -> FileError:
    """Makes the exception for a file that cannot be written."""
    return FileError(message, code=_codes.FILE, name=_codes.NAMES[_codes.FILE], outcome=outcome)


def resources_error(what: str, reason: str) -> ResourcesError:
    """Makes the exception for something that the system refused to create. Nothing was sent."""
    code = _codes.RESOURCES
    message = (
        f"{what} cannot be created: {reason}. Close descriptors or end threads that are not "
        "needed, or raise the limits of the process (ulimit)."
    )
    return ResourcesError(message, code=code, name=_codes.NAMES[code], outcome="not_sent")


def internal_error(message: str) -> InternalError:
    """Makes the exception for a defect in this library. The outcome of the call is `unknown`."""
    return InternalError(message, outcome="unknown")


def repeated_page_error(operation: str, rows_read: int, page: Any) -> BadResponseError:
    """Makes the exception for a server that returns the same page again."""
    code = _codes.BAD_RESPONSE
    return BadResponseError(
        f"The server returned the same page of {operation} twice: after {rows_read} rows it did "
        "not go on. Ask for the whole list on one page.",
        code=code,
        name=_codes.NAMES[code],
        operation=operation,
        outcome="unknown",
        attempts=page.attempts,
        elapsed=page.elapsed,
        status_code=page.status_code,
        request_id=page.request_id,
        call_id=page.call_id,
    )


def interpreter_exiting_error() -> ClosedError:
    """Makes the exception for a call while the interpreter exits."""
    return ClosedError(
        "The interpreter is exiting: no calls can be made any more.",
        code=_codes.SHUT_DOWN,
        name=_codes.NAMES[_codes.SHUT_DOWN],
    )


def add_note(error: BaseException, note: str, **attributes: object) -> None:
    """Adds a note and attributes to any exception that can hold them."""
    # Python 3.10 does not print notes, but programs can read them.
    notes = [*getattr(error, "__notes__", ()), note]
    for name, value in {"__notes__": notes, **attributes}.items():
        try:
            setattr(error, name, value)
        except Exception:
            # The exception has slots, or a property of that name. The log has the same facts.
            continue


def handle_end_error(end_error: IPlayGamesError, block_error: BaseException | None) -> None:
    """Handles an error of the call that ends the session of a `with` block.

    Does nothing if the session has ended already. Adds a note to the error of the block, if the
    block failed. Raises `end_error` otherwise, also in a generator that is closed: the notes of a
    `GeneratorExit` are never shown.
    """
    if isinstance(end_error, (NotFoundError, ConflictError)):
        return
    if block_error is None or isinstance(block_error, GeneratorExit):
        raise end_error
    add_note(block_error, f"The session could not be ended either: {end_error}")
