"""Adds the result of an interrupted call to the exception that interrupted it.

An exception interrupts a call when a signal handler raises or a task is canceled. The caller then
gets this exception and not the result, which may be a started session.
"""

from __future__ import annotations

from . import _codes, _core
from ._errors import add_note
from ._reply import Reply
from ._results import StartedMultiSession, StartedSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._errors import IPlayGamesError
    from ._reply import RawReply

    # The result of a call that was canceled or interrupted: a reply, or an error.
    RawResult = tuple[RawReply | None, IPlayGamesError | None]


def add_call_result(exception: BaseException, operation: str, raw_result: RawResult) -> None:
    """Adds the result of a call to the exception that interrupted it.

    Adds the attributes `call_id`, `outcome` and `result`, for a start that had succeeded also
    `session_id`, and a note with the same facts. Logs a warning if a call that changes something
    had succeeded.
    """
    raw_reply, error = raw_result
    if error is not None:
        _add_error(exception, operation, error)
        return
    assert raw_reply is not None
    call_id = raw_reply[4]
    note = f"The call {operation} ({call_id}) had succeeded when it was interrupted."
    attributes: dict[str, object] = {"result": Reply(raw_reply)}
    if operation == "start_a_game_session":
        session = StartedSession(raw_reply)
        note += f" The session {session.session_id} exists."
        attributes = {"result": session, "session_id": session.session_id}
    elif operation == "start_a_multi_session":
        # The id of a multi-session is a secret. A note would put it into tracebacks.
        note += " The multi-session exists; `result` has its id."
        attributes = {"result": StartedMultiSession(raw_reply)}
    add_note(exception, note, call_id=call_id, outcome="succeeded", **attributes)
    if not _core.is_read(operation):
        _core.log_warning(note)


def _add_error(exception: BaseException, operation: str, error: IPlayGamesError) -> None:
    call, outcome = f"{operation} ({error.call_id})", error.outcome
    if error.code == _codes.CANCELED:
        note = f"The call {call} was interrupted; its outcome is {outcome}."
    else:
        note = f"The call {call} had failed: {error}; its outcome is {outcome}."
    if outcome == "unknown" and operation.startswith("start_"):
        note += " A session may exist."
    add_note(exception, note, call_id=error.call_id, outcome=outcome, result=None)
