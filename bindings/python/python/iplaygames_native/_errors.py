"""What can go wrong: one tree of exceptions, each with every fact of the core's error document."""

from __future__ import annotations

from ._document import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from ._results import Facts

    Outcome = Literal["not_sent", "rejected", "unknown"]
    # How a call ended: the facts of its answer, or the error.
    Ending = tuple[Facts | None, "IPlayGamesError | None"]


class IPlayGamesError(Exception):
    """A call that failed.

    `outcome` is what to look at first: `"not_sent"` (proven), `"rejected"` (the API said no), or
    `"unknown"`: it may have been done; after a start a session may exist.
    """

    message: str
    """What went wrong, in words: the API's own where it gave any."""
    code: int
    """What went wrong, as a number that is the same in every language."""
    name: str
    """The code's name, such as `IPG_ERR_NOT_FOUND`."""
    operation: str | None
    """The operation that was called."""
    outcome: Outcome
    """Whether the call may have been done."""
    retryable: bool
    """Whether the same call may work later."""
    attempts: int
    """How often it was tried."""
    elapsed: float
    """How long it took, pauses included, in seconds."""
    status_code: int | None
    """The HTTP status of the last answer, if one came."""
    request_id: str | None
    """The server's own id of the request, if it sent one."""
    call_id: str | None
    """Our id of the call, sent as `X-Request-Id`."""
    retry_after: float | None
    """How long the server asked to wait, in seconds, if it did."""
    field: str | None
    """A JSON pointer to the argument that is wrong, such as `/currency`."""
    body: Any
    """The answer's body, if it was JSON."""
    body_text: str | None
    """The first 512 characters of the answer's body, if it was not JSON."""

    def __init__(
        self,
        message: str = "",
        *,
        code: int = 900,
        name: str = "IPG_ERR_INTERNAL",
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
        """The argument that is wrong, such as `currency`, or `games.0.name` inside one."""
        if not self.field:
            return None
        return self.field[1:].replace("/", ".").replace("~1", "/").replace("~0", "~")

    def to_dict(self) -> dict[str, Any]:
        """Every fact, by its name."""
        return {fact: getattr(self, fact) for fact in _FACTS}

    def __str__(self) -> str:
        text = f"{self.message} ({self.parameter})" if self.parameter else self.message
        facts = [self.name]
        if self.status_code is not None:
            facts.append(f"HTTP {self.status_code}")
        if self.attempts:
            facts.append(f"outcome {self.outcome}")
        return f"{text} [{', '.join(facts)}]"

    def __reduce__(self) -> tuple[Any, ...]:
        # By its facts and not by its arguments, so that it is whole wherever it is unpickled.
        return _restore, (type(self), self.args, self.__dict__)


_FACTS = [fact for fact in IPlayGamesError.__annotations__]


def _restore(
    kind: type[IPlayGamesError], args: tuple[Any, ...], facts: dict[str, Any]
) -> IPlayGamesError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


class ValidationError(IPlayGamesError, ValueError):
    """An argument is missing, malformed or not allowed: `parameter` names it. Nothing was sent."""


class ArgumentTypeError(ValidationError, TypeError):
    """An argument is of a type that cannot be sent."""


class UnknownOperationError(ValidationError):
    """The API has no operation of that name."""


class InvalidHandleError(IPlayGamesError):
    """The call or the sandbox belongs to the process that this one was forked from."""


class BusyError(IPlayGamesError):
    """The client has as many calls in flight as `max_in_flight` allows; the call was not sent."""


class ClosedError(IPlayGamesError):
    """The client is closed, or the interpreter is ending."""


class UnsupportedError(IPlayGamesError):
    """This build, or this place, cannot do that."""


class CanceledError(IPlayGamesError):
    """The call was canceled: its client was closed meanwhile."""


class InternalError(IPlayGamesError):
    """A defect of this library; the message helps to report it."""


class APIConnectionError(IPlayGamesError):
    """Something went wrong on the way to the server or back."""


class ResolveError(APIConnectionError):
    """The host name could not be resolved."""


class ConnectError(APIConnectionError):
    """No connection could be made."""


class TLSError(APIConnectionError):
    """The secure connection was refused: certificate, host name or protocol."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """The time allowed for the call ran out."""


class ConnectionLostError(APIConnectionError):
    """The connection broke before the whole answer had come."""


class BadResponseError(IPlayGamesError):
    """The answer was not what the API promises: not HTTP, not JSON, or without a field it must have."""


class ResponseTooLargeError(BadResponseError):
    """The answer was larger than `max_response_bytes`."""


class APIStatusError(IPlayGamesError):
    """The server answered, and it was no success."""


class RedirectError(APIStatusError):
    """The server answered with a redirect; redirects are never followed."""


class BadRequestError(APIStatusError):
    """HTTP 400: the API refused the request."""


class UnauthorizedError(APIStatusError):
    """HTTP 401: the API key is missing, wrong or inactive."""


AuthenticationError = UnauthorizedError


class ForbiddenError(APIStatusError):
    """HTTP 403: the account may not do this."""


class NotFoundError(APIStatusError):
    """HTTP 404: there is no such session, game or other thing."""


class ConflictError(APIStatusError):
    """HTTP 409: the thing is not in a state that allows this."""


class UnprocessableError(APIStatusError):
    """HTTP 422: a field was refused; `body` has the API's own list."""


class RateLimitedError(APIStatusError):
    """HTTP 429: too many requests; `retry_after` says how long to wait, if the API did."""


class ServerError(APIStatusError):
    """HTTP 5xx: the server, or one before it, failed."""


class UnavailableError(ServerError):
    """HTTP 503: the service, or every provider for this game, country and currency, is unavailable."""


BY_CODE: dict[int, type[IPlayGamesError]] = {
    100: ValidationError,
    101: InvalidHandleError,
    102: UnknownOperationError,
    103: BusyError,
    104: ClosedError,
    105: UnsupportedError,
    200: ResolveError,
    201: ConnectError,
    202: TLSError,
    203: APITimeoutError,
    204: CanceledError,
    205: ConnectionLostError,
    206: BadResponseError,
    207: ResponseTooLargeError,
    208: RedirectError,
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
    499: APIStatusError,
    500: ServerError,
    503: UnavailableError,
    900: InternalError,
}


def from_document(document: str) -> IPlayGamesError:
    """The exception that says what an error document says."""
    facts: dict[str, Any] = parse(document)["error"]
    wait = facts["retry_after_ms"]
    return BY_CODE.get(facts["code"], IPlayGamesError)(
        facts["message"],
        code=facts["code"],
        name=facts["name"],
        operation=facts["operation"],
        outcome=facts["outcome"],
        retryable=facts["retryable"],
        attempts=facts["attempts"],
        elapsed=facts["elapsed_ms"] / 1000,
        status_code=facts["http_status"],
        request_id=facts["request_id"],
        call_id=facts["call_id"],
        retry_after=None if wait is None else wait / 1000,
        field=facts["field"],
        body=facts["body"],
        body_text=facts.get("body_text"),
    )


def invalid_argument(field: str, message: str, wrong_type: bool = False) -> ValidationError:
    """The exception for an argument that is wrong; `field` is a JSON pointer to it."""
    kind = ArgumentTypeError if wrong_type else ValidationError
    return kind(message, code=100, name="IPG_ERR_INVALID_ARGUMENT", field=field)


def internal_error(message: str) -> InternalError:
    """Returns the exception for a defect of this library: whether the call was done is not known."""
    return InternalError(message, outcome="unknown")


def add_note(error: BaseException, note: str, **facts: object) -> None:
    """Attaches a note and attributes to an exception of any kind, as far as it takes them."""
    # Python 3.10 has no notes, but shows these in no traceback either: they are there to be read.
    for name, value in {"__notes__": [*getattr(error, "__notes__", ()), note], **facts}.items():
        try:
            setattr(error, name, value)
        except Exception:
            # An exception with slots, or with a property of that name: the log line has the same facts.
            continue


def add_call_result(error: BaseException, operation: str, ending: Ending) -> None:
    """Attaches to the exception that interrupted a call how the call ended: `call_id`, `outcome`, `result`, for a
    start that had succeeded `session_id`, and a note that says the same."""
    from . import _core

    facts, problem = ending
    if problem is not None:
        note = f"The call {operation} ({problem.call_id}) was interrupted; its outcome is {problem.outcome}."
        if problem.code != 204:
            note = f"The call {operation} ({problem.call_id}) had failed: {problem}; its outcome is {problem.outcome}."
        if problem.outcome == "unknown" and operation.startswith("start_"):
            note += " A session may exist."
        add_note(error, note, call_id=problem.call_id, outcome=problem.outcome, result=None)
        return
    assert facts is not None
    from ._results import Reply, StartedMultiSession, StartedSession

    note = f"The call {operation} ({facts[4]}) had succeeded when it was interrupted."
    more: dict[str, object] = {"result": Reply(facts)}
    if operation == "start_a_game_session":
        session = StartedSession(facts)
        note += f" The session {session.session_id} exists."
        more = {"result": session, "session_id": session.session_id}
    elif operation == "start_a_multi_session":
        # Its id is a secret, which a note would put into tracebacks.
        note += " The multi-session exists; `result` has its id."
        more = {"result": StartedMultiSession(facts)}
    add_note(error, note, call_id=facts[4], outcome="succeeded", **more)
    if not _core.is_read(operation):
        _core.log_warning(note)


def interpreter_exiting_error() -> ClosedError:
    """The exception for a call that comes too late."""
    return ClosedError(
        "The interpreter is ending: no calls can be made any more.",
        code=104,
        name="IPG_ERR_SHUT_DOWN",
    )
