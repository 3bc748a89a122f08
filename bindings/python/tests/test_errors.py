"""Errors: their classes, their attributes, and no secrets in them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from conftest import START

import iplaygames_native
from iplaygames_native import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BusyError,
    CanceledError,
    Client,
    ClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    InternalServerError,
    IPlayGamesError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    ResolveError,
    ResponseTooLargeError,
    Sandbox,
    UnavailableError,
    UnprocessableEntityError,
    ValidationError,
    _core,
    _errors,
)


def test_every_error_code_has_an_exception() -> None:
    # 0 and 1 are no errors. Only the JSON functions of the C interface return 106.
    codes = {code: name for code, name, _ in _core.codes() if code not in (0, 1, 106)}
    assert set(_errors.BY_CODE) == set(codes)
    for kind in _errors.BY_CODE.values():
        assert getattr(iplaygames_native, kind.__name__) is kind
        assert issubclass(kind, IPlayGamesError) and kind.__doc__


@pytest.mark.parametrize(
    ("status", "envelope", "kind", "outcome"),
    [
        (400, True, BadRequestError, "rejected"),
        (401, True, AuthenticationError, "rejected"),
        (403, True, PermissionDeniedError, "rejected"),
        (404, True, NotFoundError, "rejected"),
        (409, True, ConflictError, "rejected"),
        (422, True, UnprocessableEntityError, "rejected"),
        (429, True, RateLimitError, "rejected"),
        (418, False, APIStatusError, "rejected"),
        (500, False, InternalServerError, "unknown"),
        (502, False, InternalServerError, "unknown"),
        (503, False, UnavailableError, "unknown"),
        (503, True, UnavailableError, "rejected"),
        (302, False, RedirectError, "unknown"),
    ],
)
def test_each_http_status_raises_its_own_exception(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    status: int,
    envelope: bool,
    kind: type[APIStatusError],
    outcome: str,
) -> None:
    iplaygames_sandbox.fault(
        "start_a_game_session", status=status, envelope=envelope, message="Why not"
    )
    client = iplaygames_client.with_options(max_retries=0, call_id="call-1")
    with pytest.raises(APIStatusError) as caught:
        client.sessions.start(**START)
    error = caught.value
    assert type(error) is kind and (error.status_code, error.outcome) == (status, outcome)
    assert (
        error.operation == "start_a_game_session"
        and error.call_id == "call-1"
        and error.attempts == 1
    )
    assert error.request_id and error.elapsed >= 0
    if envelope:
        assert error.message == "Why not" and error.body["success"] is False
    elif status != 302:
        assert "Why not" in (error.body_text or "")


def test_a_start_is_sent_once_and_has_the_outcome_unknown_after_a_lost_response(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", drop="after")
    with pytest.raises(ConnectionLostError) as caught:
        iplaygames_client.sessions.start(**START)
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 1)
    assert isinstance(caught.value, APIConnectionError)
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 1


def test_a_422_keeps_the_server_s_list_of_errors(iplaygames_client: Client) -> None:
    with pytest.raises(UnprocessableEntityError) as caught:
        iplaygames_client.call(
            "create_a_new_promotion", name="x", promotion_type="", cycle_type="daily"
        )
    assert caught.value.body["errors"]


def test_retry_after_is_in_seconds(iplaygames_sandbox: Sandbox, iplaygames_client: Client) -> None:
    iplaygames_sandbox.fault("list_games", status=429, retry_after=3600)
    with pytest.raises(RateLimitError) as caught:
        iplaygames_client.call("list_games")
    assert caught.value.retry_after == 3600 and caught.value.retryable


def test_a_timeout_is_a_timeout_error_of_python(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault("list_games", delay_ms=60_000)
    with pytest.raises(TimeoutError) as caught:
        iplaygames_client.with_options(timeout=0.05).call("list_games")
    assert type(caught.value) is APITimeoutError and caught.value.outcome == "unknown"


def test_a_response_over_the_size_limit_raises_response_too_large_error(
    iplaygames_sandbox: Sandbox,
) -> None:
    with iplaygames_sandbox.client(max_response_bytes=1000) as client:
        iplaygames_sandbox.fault("list_games", oversize_bytes=2000)
        with pytest.raises(ResponseTooLargeError):
            client.call("list_games")


def test_an_unreachable_server_raises_connect_error() -> None:
    with Client(base_url="http://127.0.0.1:1", max_retries=0) as client:
        with pytest.raises(ConnectError) as caught:
            client.call("list_games")
    assert caught.value.outcome == "not_sent" and caught.value.retryable
    with Client(base_url="https://no-such-host.invalid", max_retries=0) as client:
        with pytest.raises((ResolveError, ConnectError)):
            client.call("list_games")


def test_a_closed_client_raises_closed_error(iplaygames_client: Client) -> None:
    iplaygames_client.close()
    iplaygames_client.close()
    with pytest.raises(ClosedError):
        iplaygames_client.call("list_games")
    with pytest.raises(ClosedError):
        iplaygames_client.sessions.watch("x")
    with pytest.raises(ClosedError):
        iplaygames_client.prewarm()


SAMPLES = [
    _errors.from_document(document)
    for document in (
        (
            '{"error": {"code": 404, "name": "IPG_ERR_NOT_FOUND", "message": "Gone", "operation": "list_games",'
            ' "outcome": "rejected", "retryable": false, "attempts": 2, "elapsed_ms": 1500, "http_status": 404,'
            ' "request_id": "r", "call_id": "c", "retry_after_ms": 2500, "field": null, "body": {"n": 0.10}}}'
        ),
        (
            '{"error": {"code": 203, "name": "IPG_ERR_TIMEOUT", "message": "Late", "operation": null,'
            ' "outcome": "unknown", "retryable": true, "attempts": 1, "elapsed_ms": 1, "http_status": null,'
            ' "request_id": null, "call_id": null, "retry_after_ms": null, "field": null, "body": null,'
            ' "body_text": "half"}}'
        ),
        (
            '{"error": {"code": 777, "name": "IPG_ERR_UNKNOWN", "message": "New", "operation": null,'
            ' "outcome": "unknown", "retryable": true, "attempts": 1, "elapsed_ms": 1, "http_status": null,'
            ' "request_id": null, "call_id": null, "retry_after_ms": null, "field": "/a~1b/0", "body": null}}'
        ),
    )
] + [
    _errors.invalid_argument("/currency", "Bad"),
    _errors.interpreter_exiting_error(),
    IPlayGamesError(),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_pickles_and_copies_with_every_attribute(error: IPlayGamesError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error) and other is not error
        assert other.to_dict() == error.to_dict() and other.args == error.args
        assert str(other) == str(error) and repr(other) == repr(error)


def test_an_error_has_the_fields_of_its_document_and_a_readable_text() -> None:
    error = SAMPLES[0]
    assert (error.elapsed, error.retry_after, str(error.body["n"])) == (1.5, 2.5, "0.10")
    assert str(error) == "Gone [IPG_ERR_NOT_FOUND, HTTP 404, outcome rejected]"
    assert SAMPLES[2].parameter == "a/b.0" and type(SAMPLES[2]) is IPlayGamesError
    assert str(SAMPLES[3]) == "Bad (currency) [IPG_ERR_INVALID_ARGUMENT]"


def test_a_user_defined_subclass_of_an_error_pickles() -> None:
    restored = pickle.loads(pickle.dumps(_Users(1, 2)))
    assert type(restored) is _Users and restored.message == "3"


class _Users(NotFoundError):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(str(a + b))


KEY = "sk-very-secret-key"


def test_no_error_and_no_repr_has_the_key(iplaygames_sandbox: Sandbox) -> None:
    with Client(
        api_key=KEY, base_url=iplaygames_sandbox.base_url, headers={"X-T": "hush-hush"}
    ) as client:
        iplaygames_sandbox.fault("list_games", status=400, body=f'{{"message": "{KEY} hush-hush"}}')
        with pytest.raises(BadRequestError) as caught:
            client.call("list_games")
        texts = [repr(client), str(caught.value), repr(caught.value), str(caught.value.to_dict())]
        assert not any(secret in text for text in texts for secret in (KEY, "hush-hush"))
        with pytest.raises(TypeError):
            pickle.dumps(client)
    wrong: list[dict[str, Any]] = [
        {"api_key": KEY + "\n"},
        {"api_key": KEY, "proxy": f"ftp://u:{KEY}@x"},
    ]
    for options in wrong:
        with pytest.raises(ValidationError) as refused:
            Client(**options)
        assert KEY not in str(refused.value) + str(refused.value.to_dict())


def test_a_call_over_max_in_flight_raises_busy_error(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client(max_in_flight=1) as client:
        watch = client.sessions.watch("x")
        with pytest.raises(BusyError) as caught:
            client.call("list_games")
        assert caught.value.outcome == "not_sent" and caught.value.retryable
        watch.close()
        client.call("list_games")


def test_closing_a_client_ends_a_call_on_another_thread(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    from threading import Timer

    iplaygames_sandbox.fault("list_games", delay_ms=60_000)
    timer = Timer(0.1, iplaygames_client.close)
    timer.start()
    with pytest.raises((CanceledError, ClosedError)):
        iplaygames_client.call("list_games")
    timer.join()
