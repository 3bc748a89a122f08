"""Mistakes that clients of such APIs often make, and that both clients of this package avoid.

Examples: an error that counts as a success, a response that is discarded, a value that changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from importlib.metadata import version
from operator import attrgetter
from typing import Any

import pytest
from conftest import START

import iplaygames_native
from iplaygames_native import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    Client,
    ConnectError,
    ConnectionLostError,
    InternalServerError,
    IPlayGamesError,
    NotFoundError,
    RedirectError,
    Reply,
    Sandbox,
    ValidationError,
)

MULTI: dict[str, Any] = {name: value for name, value in START.items() if name != "game_id"}
# A successful response of every typed call.
SUCCESS = (
    '{"success": true, "data": {"session_id": "x", "game_url": "https://g.example/", "multi_session_id": "x",'
    ' "swipe_url": "https://g.example/", "status": "active"}}'
)


class Play:
    """Calls a method of a client by its name, such as `sessions.start`. Returns its result."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.client = client

    def __call__(self, method: str, *args: Any, **arguments: Any) -> Any:
        result = attrgetter(method)(self.client)(*args, **arguments)
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    def with_options(self, **options: Any) -> Play:
        return Play(self.client.with_options(**options))


@pytest.fixture(params=["sync", "async"])
def play(request: pytest.FixtureRequest, iplaygames_sandbox: Sandbox) -> Play:
    """Makes a client, one of each kind."""
    if request.param == "async":
        return Play(iplaygames_sandbox.async_client())
    return Play(iplaygames_sandbox.client())


def sent(sandbox: Sandbox) -> list[str]:
    """Returns the request lines that the server received."""
    return [f"{each['method']} {each['target']}" for each in sandbox.requests()]


# Every typed call: operation, method, positional arguments, keyword arguments.
TYPED: list[Any] = [
    pytest.param("start_a_game_session", "sessions.start", (), START, id="start"),
    pytest.param("get_session_status", "sessions.status", ("x",), {}, id="status"),
    pytest.param("end_a_game_session", "sessions.end", ("x",), {}, id="end"),
    pytest.param("start_a_multi_session", "multi_sessions.start", (), MULTI, id="multi_start"),
    pytest.param(
        "get_multi_session_status", "multi_sessions.status", ("x",), {}, id="multi_status"
    ),
    pytest.param("end_multi_session", "multi_sessions.end", ("x",), {}, id="multi_end"),
]
typed = pytest.mark.parametrize(("operation", "method", "args", "arguments"), TYPED)


# ---- responses that are no success ---------------------------------------------------------------


@typed
def test_a_200_with_success_false_raises_an_error_with_the_server_s_message(
    iplaygames_sandbox: Sandbox, play: Play, operation: str, method: str, args: Any, arguments: Any
) -> None:
    iplaygames_sandbox.fault(
        operation, status=200, body='{"success": false, "message": "Not today"}'
    )
    with pytest.raises(APIStatusError) as caught:
        play(method, *args, **arguments)
    error = caught.value
    assert (error.message, error.code, error.status_code, error.outcome) == (
        "Not today",
        499,
        200,
        "rejected",
    )


def test_a_200_with_success_false_raises_for_an_operation_without_a_documented_response(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    iplaygames_sandbox.fault("get_pool_winners", body='{"success": false, "message": "Not today"}')
    with pytest.raises(APIStatusError, match="Not today"):
        play("call", "get_pool_winners", poolId="1")


def test_a_200_with_success_false_is_an_error_of_a_watch_and_of_bulk_calls(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault(
        "*", status=200, body='{"success": false, "message": "Not today"}', times=0
    )
    with pytest.raises(APIStatusError, match="Not today"):
        next(iplaygames_client.sessions.watch("x", interval=0.01))
    sessions = iplaygames_client.sessions
    for result in (*sessions.status_many(["x"]), *sessions.end_many(["x"])):
        assert not result.ok and isinstance(result.error, APIStatusError)


def test_a_200_with_success_false_at_the_end_of_a_block_raises(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault(
        "end_a_game_session", status=200, body='{"success": false, "message": "Not today"}'
    )
    with pytest.raises(APIStatusError, match="Not today"), iplaygames_client.sessions.open(**START):
        pass


@typed
@pytest.mark.parametrize("success", ['"false"', '"true"', "0", "1", "null", "[]", "{}"])
def test_a_success_member_that_is_not_a_boolean_is_a_bad_response(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    operation: str,
    method: str,
    args: Any,
    arguments: Any,
    success: str,
) -> None:
    body = SUCCESS.replace('"success": true', f'"success": {success}')
    iplaygames_sandbox.fault(operation, status=200, body=body)
    with pytest.raises(BadResponseError, match="success"):
        Play(iplaygames_client)(method, *args, **arguments)


# The response of an end has no required field.
@pytest.mark.parametrize(
    ("operation", "method", "args", "arguments"),
    [each for each in TYPED if "end" not in str(each.id)],
)
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 204, "empty": True},
        {"status": 200, "empty": True},
        {"status": 201, "empty": True},
        {"status": 200, "body": "null"},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": '"active"'},
        {"status": 200, "body": '{"success": true}'},
        {"status": 200, "body": '{"success": true, "data": null}'},
        {"status": 200, "body": '{"success": true, "data": []}'},
    ],
    ids=str,
)
def test_a_response_without_its_required_fields_raises_with_the_outcome_unknown(
    iplaygames_sandbox: Sandbox,
    play: Play,
    operation: str,
    method: str,
    args: Any,
    arguments: Any,
    fault: dict[str, Any],
) -> None:
    iplaygames_sandbox.fault(operation, **fault)
    with pytest.raises(BadResponseError) as caught:
        play(method, *args, **arguments)
    assert (caught.value.outcome, caught.value.status_code) == ("unknown", fault["status"])


@typed
@pytest.mark.parametrize(
    "fault",
    [
        {"body": "<html>Welcome to the hotel</html>", "content_type": "text/html"},
        {"body": "OK", "content_type": "text/plain"},
        {"body": '{"data": {"status": "act'},
        {"body": '{"data": {"status": NaN}}'},
        {"body_base64": "/wD+"},
    ],
    ids=str,
)
def test_a_200_that_is_not_json_is_a_bad_response(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    operation: str,
    method: str,
    args: Any,
    arguments: Any,
    fault: dict[str, Any],
) -> None:
    iplaygames_sandbox.fault(operation, status=200, **fault)
    with pytest.raises(BadResponseError):
        Play(iplaygames_client)(method, *args, **arguments)


def test_an_html_page_is_a_bad_response_of_an_operation_without_a_documented_response(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    iplaygames_sandbox.fault(
        "delete_an_external_game", status=200, body="<html></html>", content_type="text/html"
    )
    with pytest.raises(BadResponseError):
        play("call", "delete_an_external_game", id="7")


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_2xx_is_a_success_of_an_operation_without_a_documented_response(
    iplaygames_sandbox: Sandbox, play: Play, status: int
) -> None:
    iplaygames_sandbox.fault("delete_an_external_game", status=status, empty=True)
    reply = play("call", "delete_an_external_game", id="7")
    assert isinstance(reply, Reply) and reply["success"] is True and reply.status_code == status


# ---- requests and responses of other operations --------------------------------------------------

RESPONSE = '{"success": true, "data": [{"place": 1, "amount": 10.10}]}'


@pytest.mark.parametrize(
    ("operation", "arguments", "line"),
    [
        ("get_current_configuration_with_games", {}, "GET /api/v1/jackpot/configuration"),
        ("get_pool_winners", {"poolId": "7"}, "GET /api/v1/jackpot/pools/7/winners"),
        ("manually_trigger_pool_release", {"poolId": "7"}, "POST /api/v1/jackpot/pools/7/release"),
        (
            "opt_in_operator_to_a_platformnetwork_promotion",
            {"id": "7"},
            "POST /api/v1/promotions/7/opt-in",
        ),
        (
            "opt_out_operator_from_a_platformnetwork_promotion",
            {"id": "7"},
            "POST /api/v1/promotions/7/opt-out",
        ),
        ("list_promotions_for_the_operator", {}, "GET /api/v1/promotions"),
        ("get_a_specific_promotion", {"id": "7"}, "GET /api/v1/promotions/7"),
        ("get_leaderboard_for_a_promotion", {"id": "7"}, "GET /api/v1/promotions/7/leaderboard"),
        ("get_winners_for_a_promotion", {"id": "7"}, "GET /api/v1/promotions/7/winners"),
        ("manage_games_for_a_promotion", {"id": "7"}, "POST /api/v1/promotions/7/games"),
        ("get_api_v1_games_id", {"id": "7"}, "GET /api/v1/games/7"),
        ("list_operators_jackpot_pools", {}, "GET /api/v1/jackpot/pools"),
        ("get_pool_details", {"poolId": "7"}, "GET /api/v1/jackpot/pools/7"),
        ("get_games_for_a_pool_type_or_all_pool_types", {}, "GET /api/v1/jackpot/games"),
    ],
)
def test_a_successful_call_sends_one_request_and_returns_its_response(
    iplaygames_sandbox: Sandbox, play: Play, operation: str, arguments: dict[str, Any], line: str
) -> None:
    iplaygames_sandbox.fault(operation, status=200, body=RESPONSE)
    reply = play("call", operation, **arguments)
    assert reply.json == RESPONSE and reply["data"][0]["amount"] == Decimal("10.10")
    assert sent(iplaygames_sandbox) == [line]


def test_operations_that_read_use_get_and_all_others_do_not(iplaygames_client: Client) -> None:
    operations = iplaygames_client.operations()
    for operation in operations:
        reads = operation.id.startswith(("get_", "list_"))
        assert (operation.method == "GET") == reads == (operation.idempotency == "safe"), (
            operation.id
        )


def test_json_is_the_server_s_document_byte_for_byte(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    text = '{"success":true,"data":{"id":7,"note":"it\'s \\"quoted\\"","ok":true,"none":null}}'
    iplaygames_sandbox.fault("get_transaction_details", status=200, body=text)
    reply = play("call", "get_transaction_details", id=7)
    assert reply.json == text and json.loads(reply.json) == reply.to_dict()


# ---- values of responses -------------------------------------------------------------------------


def test_a_started_session_has_a_token_and_an_expiry_time(play: Play) -> None:
    session = play("sessions.start", **START)
    assert session.session_token and session.expires_at and session.expires_at.tzinfo


def test_a_status_has_the_values_of_the_response_and_no_invented_values(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    session = play("sessions.start", **START)
    status = play("sessions.status", session.session_id)
    assert status.started_at and status.last_activity and status.game_title == "Book of Dead"
    # The id is a value of the response and not the argument.
    iplaygames_sandbox.fault(
        "get_session_status", status=200, body='{"data": {"status": "active"}}'
    )
    bare = play("sessions.status", session.session_id)
    assert (bare.session_id, bare.player_id, bare.game_id, bare.started_at) == (
        None,
        None,
        None,
        None,
    )
    assert not hasattr(bare, "created_at") and bare.to_dict() == {"data": {"status": "active"}}


def test_an_ended_session_has_the_server_s_message(iplaygames_sandbox: Sandbox, play: Play) -> None:
    for operation, method in (
        ("end_a_game_session", "sessions.end"),
        ("end_multi_session", "multi_sessions.end"),
    ):
        iplaygames_sandbox.fault(
            operation, status=200, body='{"success": true, "message": "Adiós"}'
        )
        assert play(method, "x").message == "Adiós"


def test_the_games_of_a_multi_session_keep_their_position_and_status(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    games = '[{"position": 3, "game_name": "A", "status": "ready"}, {"position": 0, "game_name": 5}, {"new": 1}]'
    body = f'{{"data": {{"status": "active", "total_games": 0, "current_index": 0, "games": {games}}}}}'
    iplaygames_sandbox.fault("get_multi_session_status", status=200, body=body)
    status = play("multi_sessions.status", "x")
    assert [(game.position, game.game_name, game.status) for game in status.games] == [
        (3, "A", "ready"),
        (0, "5", None),
        (None, None, None),
    ]
    assert status.games[2].raw == {"new": 1} and status.games[0].game_image is None
    # Zero is a value, and a missing value is not zero.
    assert (status.total_games, status.current_index, status.active_sessions) == (0, 0, None)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 299])
@typed
def test_any_2xx_is_a_success(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    operation: str,
    method: str,
    args: Any,
    arguments: Any,
    status: int,
) -> None:
    iplaygames_sandbox.fault(operation, status=status, body=SUCCESS)
    reply = Play(iplaygames_client)(method, *args, **arguments)
    assert reply.status_code == status and reply.json == SUCCESS


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain", "application/vnd.api+json", "nonsense"]
)
def test_json_is_parsed_with_any_content_type(
    iplaygames_sandbox: Sandbox, play: Play, content_type: str
) -> None:
    iplaygames_sandbox.fault(
        "get_session_status", status=200, body=SUCCESS, content_type=content_type
    )
    assert play("sessions.status", "x").status == "active"
    iplaygames_sandbox.fault(
        "get_session_status", status=404, body='{"message": "Gone"}', content_type=content_type
    )
    with pytest.raises(NotFoundError, match="Gone"):
        play("sessions.status", "x")


def test_a_response_field_of_an_unexpected_type_fails_no_call(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    body = '{"success": true, "data": {"status": "active", "game": {"id": "123", "title": 5}, "started_at": 7}}'
    iplaygames_sandbox.fault("get_session_status", status=200, body=body)
    status = play("sessions.status", "x")
    assert (status.status, status.game_id, status.game_title, status.started_at) == (
        "active",
        123,
        "5",
        None,
    )
    # The document itself is not converted.
    assert status["data"]["game"] == {"id": "123", "title": 5}


def test_numbers_of_a_response_keep_every_digit(iplaygames_sandbox: Sandbox, play: Play) -> None:
    body = '{"success": true, "data": {"id": 9007199254740993, "cents": 10.99, "left": 0, "big": 1E400}}'
    iplaygames_sandbox.fault("get_pool_details", status=200, body=body)
    data = play("call", "get_pool_details", poolId="7")["data"]
    assert (data["id"], data["left"]) == (9007199254740993, 0)
    assert data["cents"] * 100 == 1099 and data["big"] == Decimal("1E400")


# ---- requests ------------------------------------------------------------------------------------


def test_fields_that_were_left_out_are_not_sent_as_null(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    play("sessions.start", **START)
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"]) == START
    play("multi_sessions.start", **MULTI)
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"]) == MULTI


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("list_games", {}),
        ("cancel_a_standalone_freespin", {"freespin_id": "7"}),
        ("configure_jackpot_settings_for_the_operator", {}),
        ("update_domain_settings", {"id": 7}),
        ("end_a_game_session", {"session_id": "x"}),
    ],
)
def test_a_body_that_was_left_out_is_not_sent_as_null(
    iplaygames_sandbox: Sandbox, play: Play, operation: str, arguments: dict[str, Any]
) -> None:
    iplaygames_sandbox.fault(operation, status=200, body=RESPONSE)
    play("call", operation, **arguments)
    request = iplaygames_sandbox.requests()[-1]
    assert request["body"] == "" and "content-type" not in request["headers"]


@pytest.mark.parametrize("amount", ["19.99", "0.29", "1.15", "4.35", "8.2", "0.50", "0", "1"])
def test_an_amount_is_sent_with_its_own_digits(
    iplaygames_sandbox: Sandbox, play: Play, amount: str
) -> None:
    def arrived(value: Any) -> str:
        play("sessions.start", **START, freespin_bet_amount=value)
        body: str = iplaygames_sandbox.requests()[-1]["body"]
        return body.split('"freespin_bet_amount":')[1].rstrip("}")

    assert arrived(Decimal(amount)) == amount
    assert arrived(amount) == f'"{amount}"'
    assert Decimal(arrived(float(amount))) == Decimal(amount)


@pytest.mark.parametrize(
    "amount", ["a lot", "", float("nan"), float("inf"), Decimal("NaN"), True, []]
)
def test_an_invalid_amount_is_refused_and_not_sent_as_null(
    iplaygames_sandbox: Sandbox, play: Play, amount: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        play("sessions.start", **START, freespin_bet_amount=amount)
    assert caught.value.parameter == "freespin_bet_amount" and iplaygames_sandbox.requests() == []


def test_falsy_values_are_sent(iplaygames_sandbox: Sandbox, play: Play) -> None:
    zeros = {"freespin_count": 0, "freespin_bet_amount": 0, "return_url": ""}
    with pytest.raises(NotFoundError):
        play("sessions.start", **(START | {"game_id": 0, "player_id": "0"}), **zeros)
    body = json.loads(iplaygames_sandbox.requests()[-1]["body"])
    assert body == START | {"game_id": 0, "player_id": "0"} | zeros
    play("call", "update_domain_settings", id=7, is_active=False, allowed_widgets=[])
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"]) == {
        "is_active": False,
        "allowed_widgets": [],
    }


def test_a_datetime_is_sent_in_iso_format(iplaygames_sandbox: Sandbox, play: Play) -> None:
    expires_at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    play("call", "generate_a_widget_token", domain_token="d", expires_at=expires_at)
    body = json.loads(iplaygames_sandbox.requests()[-1]["body"])
    assert datetime.fromisoformat(body["expires_at"]) == expires_at


def test_the_filters_of_a_read_are_sent_in_the_query(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    play("call", "get_player_contribution_history", player_id="a b", limit=5)
    request = iplaygames_sandbox.requests()[-1]
    assert "player_id=a%20b" in request["target"] and "limit=5" in request["target"]
    assert request["body"] == "" and "content-type" not in request["headers"]
    with pytest.raises(ValidationError) as caught:
        play("call", "get_player_contribution_history")
    assert caught.value.parameter == "player_id"


@pytest.mark.parametrize(
    ("operation", "arguments", "line"),
    [
        ("get_domain_details", {"id": 7}, "GET /api/v1/widget/domains/7"),
        ("update_domain_settings", {"id": 7}, "PUT /api/v1/widget/domains/7"),
        ("remove_a_domain", {"id": 7}, "DELETE /api/v1/widget/domains/7"),
        ("regenerate_domain_token", {"id": 7}, "POST /api/v1/widget/domains/7/regenerate-token"),
        ("list_widget_tokens", {"domain_id": 7}, "GET /api/v1/widget/tokens?domain_id=7"),
        ("get_token_details", {"id": 7}, "GET /api/v1/widget/tokens/7"),
        ("revoke_a_token", {"id": 7}, "DELETE /api/v1/widget/tokens/7"),
        ("bulk_revoke_tokens", {"token_ids": [1, "2"]}, "POST /api/v1/widget/tokens/bulk-revoke"),
        ("get_a_specific_promotion", {"id": 7}, "GET /api/v1/promotions/7"),
    ],
)
def test_a_numeric_id_may_be_an_int(
    iplaygames_sandbox: Sandbox, play: Play, operation: str, arguments: dict[str, Any], line: str
) -> None:
    play("call", operation, **arguments)
    assert sent(iplaygames_sandbox) == [line]


def test_the_game_ids_of_a_multi_session_may_be_ints_or_strings(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    assert play("multi_sessions.start", **MULTI, game_ids=[123, "7"]).total_games == 2
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"])["game_ids"] == [123, "7"]


def test_a_promotion_sends_its_required_fields_and_is_refused_without_them(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    promotion = {"name": "x", "promotion_type": "race", "cycle_type": "daily"}
    play("call", "create_a_new_promotion", **promotion)
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"]) == promotion
    with pytest.raises(ValidationError) as caught:
        play("call", "create_a_new_promotion", name="x")
    assert caught.value.parameter == "promotion_type"


def test_an_unknown_field_in_extra_is_sent(iplaygames_sandbox: Sandbox, play: Play) -> None:
    extra = {"action": "add"}
    play("call", "manage_games_for_a_promotion", id=7, extra=extra, game_ids=[1])
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"]) == {
        "action": "add",
        "game_ids": [1],
    }
    play("sessions.start", **START, extra={"demo": True})
    assert json.loads(iplaygames_sandbox.requests()[-1]["body"])["demo"] is True


def test_an_unknown_argument_raises_an_error_with_the_nearest_name(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    with pytest.raises(ValidationError, match="did you mean `per_page`") as caught:
        play("call", "list_games", perPage="20")
    assert caught.value.parameter == "perPage"
    with pytest.raises(ValidationError, match="`extra`"):
        play("call", "list_games", colour="red")
    assert iplaygames_sandbox.requests() == []


def test_an_upload_is_sent_as_a_file_with_a_name(iplaygames_sandbox: Sandbox, play: Play) -> None:
    play("call", "import_external_games_from_csv_file", file="external_game_id,name\n1,Fünf\n")
    request = iplaygames_sandbox.requests()[-1]
    assert request["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="file"; filename="games.csv"' in request["body"]
    assert "\r\n\r\nexternal_game_id,name\n1,Fünf\n\r\n" in request["body"]


def test_a_start_without_a_player_is_refused(iplaygames_sandbox: Sandbox, play: Play) -> None:
    nobody = {name: value for name, value in START.items() if name != "player_id"}
    with pytest.raises(TypeError, match="player_id"):
        play("sessions.start", **nobody)
    with pytest.raises(TypeError, match="demo"):
        play("sessions.start", **START, demo=True)
    with pytest.raises(ValidationError) as caught:
        play("call", "start_a_game_session", **nobody)
    assert caught.value.parameter == "player_id" and iplaygames_sandbox.requests() == []


def test_a_start_without_arguments_raises_an_error_that_names_the_first_required_field(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    for operation, parameter in (
        ("start_a_game_session", "game_id"),
        ("start_a_multi_session", "player_id"),
    ):
        with pytest.raises(ValidationError) as caught:
            play("call", operation)
        assert caught.value.parameter == parameter
    assert iplaygames_sandbox.requests() == []


def test_the_arguments_of_a_start_are_keyword_only(iplaygames_sandbox: Sandbox, play: Play) -> None:
    for method, arguments in (("sessions.start", START), ("multi_sessions.start", MULTI)):
        with pytest.raises(TypeError, match="positional"):
            play(method, *arguments.values())
    assert iplaygames_sandbox.requests() == []


@pytest.mark.parametrize(
    ("after", "path"), [("", ""), ("/", ""), ("/relay", "/relay"), ("/relay/", "/relay")]
)
def test_the_base_url_may_have_a_path_and_a_trailing_slash(
    iplaygames_sandbox: Sandbox, after: str, path: str
) -> None:
    iplaygames_sandbox.fault("*", status=200, body=RESPONSE)
    with iplaygames_sandbox.client(base_url=iplaygames_sandbox.base_url + after) as client:
        client.call("list_games")
    assert sent(iplaygames_sandbox) == [f"GET {path}/api/v1/games"]


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8080", "api.example.com", "//api.example.com", "", "https://"]
)
def test_an_invalid_base_url_is_refused_when_the_client_is_made(base_url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Client(api_key="key-123", base_url=base_url)
    assert caught.value.parameter == "base_url"


def test_requests_have_the_package_version_in_their_user_agent(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    play("call", "list_games")
    headers = iplaygames_sandbox.requests()[-1]["headers"]
    assert headers["user-agent"] == f"iplaygames-native/{version('iplaygames-native')}"
    assert headers["accept"] == "application/json, */*;q=0.1"
    assert iplaygames_native.__version__ == version("iplaygames-native")
    assert iplaygames_native.DEFAULT_BASE_URL == "https://api.iplaygames.ai"


def test_a_star_import_binds_the_lazy_names(run_ok: Callable[..., str]) -> None:
    printed = run_ok(
        "from iplaygames_native import *\nprint(Client.__name__, AsyncClient.__name__, sandbox.__name__)"
    )
    assert printed == "Client AsyncClient sandbox"


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"success": false, "message": "Why not"}', "Why not"),
        ('{"error": "Unauthorized", "message": "Why not", "code": 401}', "Why not"),
        ('{"error": "Why not"}', "Why not"),
        ('{"message": "Why not", "errors": {"currency": ["bad"]}}', "Why not"),
        ('{"message": {"not": "text"}}', "HTTP 400 Bad Request"),
        ("{}", "HTTP 400 Bad Request"),
        ("[1]", "HTTP 400 Bad Request"),
    ],
)
def test_an_error_has_the_server_s_message_from_any_known_error_format(
    iplaygames_sandbox: Sandbox, play: Play, body: str, message: str
) -> None:
    iplaygames_sandbox.fault("get_session_status", status=400, body=body)
    with pytest.raises(BadRequestError) as caught:
        play("sessions.status", "x")
    assert caught.value.message == message and caught.value.body == json.loads(body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (404, NotFoundError),
        (418, APIStatusError),
        (500, InternalServerError),
    ],
)
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"body": "<h1>Oops</h1>", "content_type": "text/html"}, "<h1>Oops</h1>"),
        ({"body": "Oops", "content_type": "text/plain"}, "Oops"),
        ({"empty": True}, None),
    ],
    ids=str,
)
def test_an_error_response_that_is_not_json_keeps_its_status_and_text(
    iplaygames_sandbox: Sandbox,
    play: Play,
    status: int,
    kind: type[APIStatusError],
    fault: dict[str, Any],
    text: str | None,
) -> None:
    iplaygames_sandbox.fault("get_transaction_details", status=status, **fault)
    with pytest.raises(APIStatusError) as caught:
        play("call", "get_transaction_details", id=7)
    assert type(caught.value) is kind and caught.value.body_text == text
    assert caught.value.status_code == status and str(status) in caught.value.message


def test_an_error_response_of_a_download_is_parsed(iplaygames_sandbox: Sandbox, play: Play) -> None:
    for operation, name in (
        ("get_transaction_details", "id"),
        ("get_api_v1_transaction_exports_export_id_download", "export_id"),
    ):
        iplaygames_sandbox.fault(operation, status=500, body='{"message": "Server Error"}')
        with pytest.raises(InternalServerError) as caught:
            play("call", operation, **{name: 7})
        assert caught.value.message == "Server Error" and caught.value.body == {
            "message": "Server Error"
        }


@pytest.mark.parametrize(
    ("fault", "kind", "outcome"),
    [
        ({"drop": "before"}, ConnectionLostError, "unknown"),
        ({"drop": "after"}, ConnectionLostError, "unknown"),
        ({"reset": True}, ConnectionLostError, "unknown"),
        ({"truncate": True}, ConnectionLostError, "unknown"),
        ({"delay_ms": 600_000}, APITimeoutError, "unknown"),
    ],
    ids=str,
)
def test_a_transport_failure_is_an_iplaygames_error_and_a_start_is_sent_once(
    iplaygames_sandbox: Sandbox,
    play: Play,
    fault: dict[str, Any],
    kind: type[APIConnectionError],
    outcome: str,
) -> None:
    iplaygames_sandbox.fault("start_a_game_session", **fault, times=0)
    # Long enough for the request to reach the server on a busy machine.
    limited = play.with_options(timeout=2) if "delay_ms" in fault else play
    with pytest.raises(IPlayGamesError) as caught:
        limited("sessions.start", **START)
    assert isinstance(caught.value, kind) and caught.value.outcome == outcome
    assert sent(iplaygames_sandbox) == ["POST /api/v1/game-sessions/start"]


def test_the_timeout_limits_the_whole_call_and_not_each_attempt(
    iplaygames_sandbox: Sandbox, play: Play
) -> None:
    iplaygames_sandbox.fault("list_games", delay_ms=600_000, times=0)
    with pytest.raises(APITimeoutError) as caught:
        play.with_options(timeout=2)("call", "list_games")
    assert caught.value.attempts == 1 and sent(iplaygames_sandbox) == ["GET /api/v1/games"]


def test_the_timeout_of_a_client_limits_its_calls(iplaygames_sandbox: Sandbox) -> None:
    iplaygames_sandbox.fault("list_games", delay_ms=600_000)
    with iplaygames_sandbox.client(timeout=0.2) as client, pytest.raises(APITimeoutError):
        client.call("list_games")


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """Returns a URL whose connections are refused."""
    import socket

    # The socket is bound and does not listen: no other process gets the port.
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{port.getsockname()[1]}"


def test_a_refused_connection_raises_connect_error_with_the_outcome_not_sent(
    refusing_url: str,
) -> None:
    with (
        Client(base_url=refusing_url, max_retries=0) as client,
        pytest.raises(ConnectError) as caught,
    ):
        client.sessions.start(**START)
    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("method", "args", "arguments"), [("start", (), START), ("status", ("x",), {})]
)
def test_a_redirect_is_an_error_and_is_not_followed(
    iplaygames_sandbox: Sandbox, play: Play, status: int, method: str, args: Any, arguments: Any
) -> None:
    location = iplaygames_sandbox.base_url + "/elsewhere"
    iplaygames_sandbox.fault("*", status=status, headers={"Location": location})
    with pytest.raises(RedirectError) as caught:
        play(f"sessions.{method}", *args, **arguments)
    assert caught.value.status_code == status
    assert iplaygames_sandbox.counts()["requests"]["total"] == 1


def test_a_missing_argument_raises_an_exception_that_names_the_argument(play: Play) -> None:
    with pytest.raises(ValidationError) as caught:
        play("call", "get_session_status")
    assert isinstance(caught.value, Exception) and caught.value.parameter == "session_id"
    with pytest.raises(TypeError, match="session_id"):
        play("sessions.status")


def test_an_asynchronous_call_raises_when_it_is_awaited_and_not_before(
    iplaygames_async_client: AsyncClient,
) -> None:
    async def main() -> None:
        call = iplaygames_async_client.call("get_session_status")
        with pytest.raises(ValidationError):
            await call

    asyncio.run(main())
