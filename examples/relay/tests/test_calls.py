"""What a game may call, and what it gets as response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from conftest import ALICE, API, BOB, SECRET, Relay, token_of
from iplaygames_native import (
    APIStatusError,
    IPlayGamesError,
    NotFoundError,
    RateLimitError,
    UnavailableError,
    ValidationError,
)

from relay.app import create_app
from relay.settings import Settings
from relay.tokens import AUDIENCE

# The values of a game that the relay replaces.
CLAIMED: dict[str, Any] = {
    "player_id": "someone else",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}
START: dict[str, Any] = {"game_id": 123, **CLAIMED}


def headers(token: str) -> dict[str, str]:
    return {"X-Player-Token": token}


def test_a_game_plays_a_session_with_the_client_library_and_without_a_key(relay: Relay) -> None:
    with relay.game(ALICE) as game:
        session = game.sessions.start(**START)
        assert session.game_url.startswith(relay.sandbox.base_url)
        assert game.sessions.status(session.session_id).status == "active"
        game.sessions.end(session.session_id)
        assert game.sessions.status(session.session_id).status == "closed"
        assert game.call("list_games", search="bonanza", per_page="20")["data"]


def test_the_relay_fills_in_player_currency_country_and_address(relay: Relay) -> None:
    with relay.game(ALICE) as game:
        game.sessions.start(**START)
    (session,) = relay.sandbox.sessions()["sessions"]
    filled = {name: session[name] for name in CLAIMED}
    assert filled == {
        "player_id": "alice",
        "currency": "EUR",
        "country_code": "DE",
        "ip_address": "127.0.0.1",
    }


def test_a_session_of_another_player_does_not_exist_for_a_game(relay: Relay) -> None:
    with relay.game(ALICE) as alice, relay.game(BOB) as bob:
        session_id = alice.sessions.start(**START).session_id
        for call in (bob.sessions.status, bob.sessions.end):
            with pytest.raises(NotFoundError, match="Session not found"):
                call(session_id)
        assert alice.sessions.status(session_id).status == "active"


def test_a_second_process_of_the_relay_knows_the_player_of_a_session(
    relay_with: Callable[..., Relay],
) -> None:
    first, second = relay_with(), relay_with()
    with first.game(ALICE) as alice, second.game(ALICE) as later, second.game(BOB) as bob:
        session_id = alice.sessions.start(**START).session_id
        with pytest.raises(NotFoundError):
            bob.sessions.end(session_id)
        later.sessions.end(session_id)


@pytest.mark.parametrize("name", ["provider", "freespin_count", "return_url", "unheard_of"])
def test_a_field_that_games_may_not_set_is_refused_by_name(relay: Relay, name: str) -> None:
    fields = {**START, name: "1"}
    response = relay.send("POST", f"{API}/start", json=fields, headers=headers(token_of(ALICE)))
    assert response.status_code == 422 and list(response.json()["errors"]) == [name]
    assert relay.sandbox.counts()["requests"]["total"] == 0


def test_an_operation_that_is_not_in_the_list_is_not_found(relay: Relay) -> None:
    with relay.game(ALICE) as game, pytest.raises(NotFoundError):
        game.call("get_transaction_history")
    assert relay.sandbox.counts()["requests"]["total"] == 0


def test_an_operation_that_is_not_safe_for_games_cannot_be_put_into_the_list(relay: Relay) -> None:
    settings = Settings(token_secrets=(SECRET,), operations=("get_transaction_history",))
    from iplaygames_native import AsyncClient

    client = AsyncClient(**relay.sandbox.config)
    with pytest.raises(ValueError, match="get_transaction_history"):
        create_app(settings, client)
    client.close()


def test_the_list_of_operations_can_be_shorter(relay_with: Callable[..., Relay]) -> None:
    relay = relay_with(operations=("list_games",))
    with relay.game(ALICE) as game:
        assert game.call("list_games")["data"]
        with pytest.raises(NotFoundError):
            game.sessions.start(**START)


def other_token(**changes: Any) -> str:
    claims = {"sub": "alice", "currency": "EUR", "country_code": "DE", "aud": AUDIENCE}
    return jwt.encode(claims | {"exp": 4_000_000_000} | changes, SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "no token",
        token_of(ALICE, secret="another secret of at least 32 bytes in all"),
        token_of(ALICE, seconds=-60),
        other_token(aud="another audience"),
        other_token(sub=""),
        other_token(country_code=None),
        jwt.encode({"sub": "alice", "aud": AUDIENCE, "exp": 4_000_000_000}, None, algorithm="none"),
        jwt.encode({"sub": "alice", "aud": AUDIENCE}, SECRET, algorithm="HS256"),
    ],
)
def test_a_call_without_a_valid_token_is_refused(relay: Relay, token: str | None) -> None:
    given = {} if token is None else headers(token)
    response = relay.send("POST", f"{API}/start", json=START, headers=given)
    assert response.status_code == 401 and response.json()["success"] is False
    assert SECRET not in response.text
    assert relay.sandbox.counts()["requests"]["total"] == 0


def test_a_token_that_an_older_secret_has_signed_is_accepted(
    relay_with: Callable[..., Relay],
) -> None:
    relay = relay_with(token_secrets=("the new secret, which signs all new tokens", SECRET))
    with relay.game(ALICE) as game:
        assert game.call("list_games")["data"]


def test_a_player_above_the_rate_waits_and_another_player_does_not(
    relay_with: Callable[..., Relay],
) -> None:
    relay = relay_with(rate=0.001, burst=2)
    with relay.game(ALICE, max_retries=0) as alice, relay.game(BOB) as bob:
        for _ in range(2):
            alice.call("list_games")
        with pytest.raises(RateLimitError) as caught:
            alice.call("list_games")
        assert caught.value.retry_after and caught.value.outcome == "rejected"
        bob.call("list_games")
    assert relay.sandbox.counts()["requests"]["total"] == 3


def test_the_game_s_call_id_is_the_call_id_at_the_api(relay: Relay) -> None:
    with relay.game(ALICE) as game:
        session = game.with_options(call_id="match-7").sessions.start(**START)
    assert session.request_id == "match-7"
    (request,) = relay.sandbox.requests()
    assert request["headers"]["x-request-id"] == "match-7"


@pytest.mark.parametrize(
    ("fault", "kind", "outcome"),
    [
        ({"drop": "after"}, APIStatusError, "unknown"),
        ({"status": 500}, APIStatusError, "unknown"),
        ({"body": "<html>"}, APIStatusError, "unknown"),
        ({"status": 401}, UnavailableError, "rejected"),
        ({"status": 403}, UnavailableError, "rejected"),
        ({"status": 422}, APIStatusError, "rejected"),
    ],
)
def test_a_game_learns_the_outcome_of_a_failed_start(
    relay: Relay, fault: dict[str, Any], kind: type[IPlayGamesError], outcome: str
) -> None:
    relay.sandbox.fault("start_a_game_session", times=10, **fault)
    with relay.game(ALICE, max_retries=0) as game, pytest.raises(kind) as caught:
        game.sessions.start(**START)
    assert caught.value.outcome == outcome and caught.value.status_code != 401


def test_a_game_learns_that_the_api_cannot_be_reached(relay: Relay) -> None:
    relay.sandbox.stop()
    with relay.game(ALICE, max_retries=0) as game, pytest.raises(UnavailableError) as caught:
        game.sessions.start(**START)
    assert caught.value.outcome == "rejected"


def test_a_field_that_the_client_library_refuses_is_named(relay: Relay) -> None:
    fields = {"game_id": "one two three"}
    response = relay.send("POST", f"{API}/start", json=fields, headers=headers(token_of(ALICE)))
    assert response.status_code == 422 and list(response.json()["errors"]) == ["game_id"]
    assert issubclass(ValidationError, ValueError)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b"[" * 60_000, 400), (b" " * 70_000, 413), (b"\xff", 400)],
)
def test_a_body_that_is_not_usable_is_refused(relay: Relay, body: bytes, status: int) -> None:
    token = headers(token_of(ALICE))
    response = relay.send("POST", f"{API}/start", content=body, headers=token)
    assert response.status_code == status and response.json()["success"] is False


def test_the_relay_has_no_pages_that_describe_it(relay: Relay) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/"):
        assert relay.send("GET", path).status_code == 404


def test_the_health_endpoint_has_the_counters_of_the_client(relay: Relay) -> None:
    with relay.game(ALICE) as game:
        game.call("list_games")
    health = relay.send("GET", "/health").json()
    assert health["status"] == "ok" and health["succeeded"] == 1 and health["in_flight"] == 0
