"""Game sessions and their results."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from conftest import START

from iplaygames_native import (
    Client,
    ConflictError,
    InternalServerError,
    NotFoundError,
    Reply,
    Sandbox,
    SessionStatus,
    StartedSession,
    ValidationError,
)


def body(sandbox: Sandbox) -> str:
    """Returns the body of the last request."""
    text: str = sandbox.requests()[-1]["body"]
    return text


def test_a_session_is_started_checked_and_ended(iplaygames_client: Client) -> None:
    session = iplaygames_client.sessions.start(**START)
    assert session.game_url.startswith("http") and session.session_token
    status = iplaygames_client.sessions.status(session.session_id)
    assert (status.session_id, status.status, status.player_id) == (
        session.session_id,
        "active",
        "player_456",
    )
    assert (status.game_id, status.game_title) == (123, "Book of Dead")
    ended = iplaygames_client.sessions.end(session.session_id)
    assert ended.message == "Session ended successfully" and not ended.already_ended
    assert iplaygames_client.sessions.status(session.session_id).status == "closed"


def test_a_multi_session_is_started_checked_and_ended(iplaygames_client: Client) -> None:
    start = {name: value for name, value in START.items() if name != "game_id"}
    multi = iplaygames_client.multi_sessions.start(**start, game_ids=[123, "7"])
    assert (multi.total_games, [game.position for game in multi.games]) == (2, [0, 1])
    assert multi.games[0].game_name == "Book of Dead" and multi.expires_at is not None
    status = iplaygames_client.multi_sessions.status(multi.multi_session_id)
    assert [game.status for game in status.games] == ["ready", "pending"]
    assert (status.status, status.current_index, status.active_sessions) == ("active", 0, 1)
    assert iplaygames_client.multi_sessions.end(multi.multi_session_id).message
    assert multi.multi_session_id not in repr(multi) and multi.swipe_url not in repr(multi)


def test_the_given_optional_fields_of_a_start_are_sent_and_the_others_are_not(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    optional: dict[str, Any] = {
        "return_url": "https://casino.example/lobby",
        "locale": "en",
        "device": "mobile",
        "freespin_id": "bonus",
        "freespin_count": 0,
        "freespin_bet_amount": Decimal("0.50"),
        "expire_days": 7,
    }
    iplaygames_client.sessions.start(**START, **optional, extra={"new_field": [1]})
    sent = body(iplaygames_sandbox)
    assert '"freespin_bet_amount":0.50' in sent and '"freespin_count":0' in sent
    assert '"new_field":[1]' in sent and all(f'"{name}"' in sent for name in optional)
    iplaygames_client.sessions.start(**START)
    assert not any(f'"{name}"' in body(iplaygames_sandbox) for name in optional)


def test_a_field_that_is_given_twice_is_refused(iplaygames_client: Client) -> None:
    with pytest.raises(ValidationError, match="given twice") as caught:
        iplaygames_client.sessions.start(**START, extra={"currency": "EUR"})
    assert caught.value.parameter == "currency"


def test_an_open_session_is_ended_after_its_block_also_if_the_block_raises(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    with iplaygames_client.sessions.open(**START, locale="de") as session:
        assert iplaygames_client.sessions.status(session.session_id).status == "active"
    with pytest.raises(ZeroDivisionError), iplaygames_client.sessions.open(**START):
        raise ZeroDivisionError
    assert iplaygames_sandbox.counts()["sessions"]["closed"] == 2


@pytest.mark.parametrize("end_twice", ["ok", "conflict", "not_found"])
def test_a_block_may_end_its_own_session(end_twice: str) -> None:
    with Sandbox(end_twice=end_twice) as sandbox, sandbox.client() as client:
        with client.sessions.open(**START) as session:
            client.sessions.end(session.session_id)


def test_a_failed_block_raises_its_own_exception_with_a_note_about_the_failed_end(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    client = iplaygames_client.with_options(max_retries=0)
    iplaygames_sandbox.fault("end_a_game_session", status=500, times=2)
    with pytest.raises(ZeroDivisionError) as caught, client.sessions.open(**START):
        raise ZeroDivisionError
    assert "could not be ended" in getattr(caught.value, "__notes__")[0]
    with pytest.raises(InternalServerError), client.sessions.open(**START):
        pass


def test_an_open_session_cannot_be_opened_again(iplaygames_client: Client) -> None:
    opening = iplaygames_client.sessions.open(**START)
    with opening, pytest.raises(RuntimeError):
        opening.__enter__()


def test_a_watch_yields_each_change_and_ends_with_the_session(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session = iplaygames_client.sessions.start(**START)
    seen = []
    for status in iplaygames_client.sessions.watch(session.session_id, interval=0.01):
        seen.append(status.status)
        iplaygames_sandbox.advance_clock(100_000)
    assert seen == ["active", "expired"]


def test_a_watch_of_a_missing_session_raises_once_and_ends(iplaygames_client: Client) -> None:
    watch = iplaygames_client.sessions.watch("nobody", interval=0.01)
    with pytest.raises(NotFoundError):
        next(watch)
    assert list(watch) == []


def test_a_watch_ends_when_its_block_is_left(iplaygames_client: Client) -> None:
    session = iplaygames_client.sessions.start(**START)
    with iplaygames_client.sessions.watch(session.session_id, interval=0.01) as watch:
        assert next(watch).status == "active"
    assert list(watch) == []
    assert iplaygames_client.stats()["in_flight"] == 0


def test_a_watch_with_a_too_short_interval_is_refused(iplaygames_client: Client) -> None:
    for interval in (0.001, -1.0, float("nan")):
        with pytest.raises(ValidationError):
            iplaygames_client.sessions.watch("x", interval=interval)


# ---- results -------------------------------------------------------------------------------------

REPLY_FIELDS = (201, 1, 0.25, "call", "request")


def started(data: str) -> StartedSession:
    return StartedSession((f'{{"success": true, "data": {data}}}', *REPLY_FIELDS))


WHOLE = (
    '{"session_id": "abc", "session_token": "hush", "game_url": "https://g.example/?t=hush",'
    ' "expires_at": "2030-01-01T12:00:00Z", "new": 0.50}'
)


def test_a_result_is_immutable() -> None:
    session = started(WHOLE)
    with pytest.raises(AttributeError, match="cannot be changed"):
        setattr(session, "session_id", "x")
    with pytest.raises(AttributeError, match="cannot be changed"):
        delattr(session, "_facts")
    with pytest.raises(AttributeError):
        session.__dict__  # noqa: B018


def test_the_repr_of_a_result_has_neither_its_token_nor_its_url() -> None:
    session = started(WHOLE)
    assert "abc" in repr(session)
    for text in (repr(session), str(session), f"{session!s:>5}", repr([session])):
        assert "hush" not in text


def test_results_with_equal_documents_are_equal() -> None:
    one = started(WHOLE)
    other = StartedSession((one.json.replace(", ", " ,  "), 200, 3, 9.0, "other", None))
    assert one == other and hash(one) == hash(other) and one != started('{"session_id": "abc"}')
    assert one != SessionStatus((one.json, *REPLY_FIELDS)) and one != one.to_dict()


def test_results_pickle_and_copy() -> None:
    one = started(WHOLE)
    for other in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert other == one and other.elapsed == 0.25 and other.call_id == "call"


def test_results_match_patterns() -> None:
    match SessionStatus(('{"data": {"session_id": "a", "status": "active"}}', *REPLY_FIELDS)):
        case SessionStatus(id, "active", game_id=None):
            assert id == "a"
        case _:
            pytest.fail("did not match")


def test_a_result_reads_like_its_document_and_keeps_unknown_fields() -> None:
    session = started(WHOLE)
    assert session["data"]["new"] == Decimal("0.50") and str(session["data"]["new"]) == "0.50"
    assert session.raw is session.raw and "data" in session and session.get("none", 1) == 1
    assert list(session) == list(session.keys()) == ["success", "data"] and len(session) == 2
    assert dict(session.items()) == session.to_dict() == dict(session) and session
    copied = session.to_dict()
    copied["data"]["session_id"] = "changed"
    assert session.session_id == "abc"
    assert (session.status_code, session.attempts, session.elapsed) == (201, 1, 0.25)
    assert (session.call_id, session.request_id) == ("call", "request")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2030-01-01T12:00:00Z", datetime(2030, 1, 1, 12, tzinfo=timezone.utc)),
        ("2030-01-01T12:00:00.123456789Z", datetime(2030, 1, 1, 12, 0, 0, 123456, timezone.utc)),
        ("2030-01-01T12:00:00.5+00:00", datetime(2030, 1, 1, 12, 0, 0, 500000, timezone.utc)),
        ("2030-01-01T12:00:00+0000", datetime(2030, 1, 1, 12, tzinfo=timezone.utc)),
        ("2030-01-01 12:00:00", datetime(2030, 1, 1, 12)),
        ("2030-13-01T12:00:00Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_parsed_and_their_text_is_kept(text: str, time: datetime | None) -> None:
    session = started(f'{{"expires_at": "{text}"}}')
    assert session.expires_at == time and session.expires_at_text == text


def test_a_field_of_an_unexpected_type_does_not_raise() -> None:
    session = started(
        '{"session_id": 12345678901234567890123, "session_token": null, "expires_at": [1]}'
    )
    assert session.session_id == "12345678901234567890123" and session.expires_at is None
    assert session.session_token is None and session.game_url == ""
    game = '{"data": {"game": {"id": "123"}, "status": "x", "started_at": 5}}'
    status = SessionStatus((game, *REPLY_FIELDS))
    assert (status.game_id, status.started_at, status.started_at_text) == (123, None, "5")
    for text in ("null", "[]", '{"data": "no"}', "3"):
        assert SessionStatus((text, *REPLY_FIELDS)).status == ""


def test_a_document_that_is_a_list_reads_like_one() -> None:
    reply = Reply(('[1.10, {"a": "b"}]', *REPLY_FIELDS))
    assert reply[0] == Decimal("1.10") and reply[1]["a"] == "b" and len(reply) == 2
    with pytest.raises(TypeError):
        reply.to_dict()


def test_a_number_of_any_length_keeps_its_digits() -> None:
    digits = "9" * 6000
    assert Reply((f'{{"n": {digits}}}', *REPLY_FIELDS))["n"] == Decimal(digits)


def test_ending_a_session_twice_raises_conflict_error_if_the_server_refuses(
    iplaygames_client: Client,
) -> None:
    with Sandbox(end_twice="conflict") as sandbox, sandbox.client() as client:
        session = client.sessions.start(**START)
        client.sessions.end(session.session_id)
        with pytest.raises(ConflictError):
            client.sessions.end(session.session_id)


def test_an_end_is_retried_after_a_lost_response_and_reports_already_ended(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session = iplaygames_client.sessions.start(**START)
    iplaygames_sandbox.fault("end_a_game_session", drop="after")
    ended = iplaygames_client.sessions.end(session.session_id)
    assert ended.already_ended and ended.attempts == 2
