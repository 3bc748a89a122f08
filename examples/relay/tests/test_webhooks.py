"""Webhooks: the signature, the payload and the wallet."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from conftest import WEBHOOK_SECRET, Relay

from relay.webhooks import is_signed

PATH = "/webhooks/iplaygames"
BET = {
    "type": "bet",
    "player_id": "alice",
    "currency": "EUR",
    "timestamp": "2026-01-01T00:00:00Z",
    "transaction_id": 9007199254740993,
    "amount": 300,
}


def sign(body: bytes) -> str:
    return hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def post(relay: Relay, payload: Any) -> httpx.Response:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return relay.send("POST", PATH, content=body, headers={"X-Signature": sign(body)})


def test_the_signature_is_the_documented_one() -> None:
    signature = "5910e62016ef5034272c926c27071992a465c2335cecf41851bda071577f4f6d"
    body = b'{"a":1}'
    assert is_signed(body, signature, "s3cret")
    wrong = [
        None,
        "",
        signature.upper(),
        "sha256=" + signature,
        signature + " ",
        signature[:-1],
        "é" * 64,
    ]
    for each in wrong:
        assert not is_signed(body, each, "s3cret")
    assert not is_signed(body + b" ", signature, "s3cret")
    assert not is_signed(body, signature, "s3cret2")


def test_a_webhook_with_a_wrong_signature_changes_nothing(relay: Relay) -> None:
    body = json.dumps(BET).encode()
    for given in ({}, {"X-Signature": sign(body + b" ")}, {"X-Signature": sign(body).upper()}):
        response = relay.send("POST", PATH, content=body, headers=given)
        assert (response.status_code, response.json()) == (401, {"error": "Invalid signature"})
    assert relay.wallet.balances == {"alice": 1000}


def test_the_balance_is_answered_in_cents(relay: Relay) -> None:
    for kind in ("authenticate", "balance_check"):
        response = post(relay, {**BET, "type": kind})
        assert response.json() == {"status": "success", "balance": 1000}


def test_each_transaction_changes_the_balance_once(relay: Relay) -> None:
    for kind, balance in (("bet", 700), ("win", 1000), ("reward", 1300)):
        webhook = {**BET, "type": kind, "transaction_id": f"{kind}-1"}
        assert post(relay, webhook).json() == {"status": "success", "balance": balance}
        again = {"status": "success", "balance": balance, "already_processed": True}
        assert post(relay, webhook).json() == again


def test_transaction_ids_above_two_to_the_53_are_different(relay: Relay) -> None:
    assert post(relay, BET).json()["balance"] == 700
    other = {**BET, "transaction_id": 9007199254740992}
    assert post(relay, other).json()["balance"] == 400


def test_a_bet_above_the_balance_is_refused_but_not_when_it_was_applied_before(
    relay: Relay,
) -> None:
    assert post(relay, {**BET, "amount": 900}).json()["balance"] == 100
    again = post(relay, {**BET, "amount": 900}).json()
    assert again == {"status": "success", "balance": 100, "already_processed": True}
    response = post(relay, {**BET, "transaction_id": 2})
    assert response.status_code == 200 and response.json() == {
        "status": "error",
        "error_code": "INSUFFICIENT_FUNDS",
        "error_message": "Insufficient funds",
        "balance": 100,
    }


def test_a_bet_is_rolled_back_once(relay: Relay) -> None:
    post(relay, {**BET, "transaction_id": "bet"})
    rollback = {**BET, "type": "rollback", "original_transaction_id": "bet"}
    for number in (1, 1, 2):
        answer = post(relay, {**rollback, "transaction_id": f"rollback-{number}"}).json()
        assert answer["balance"] == 1000


def test_a_bet_that_arrives_after_its_rollback_changes_nothing(relay: Relay) -> None:
    rollback = {**BET, "type": "rollback", "original_transaction_id": "bet"}
    assert post(relay, {**rollback, "transaction_id": "rollback"}).json()["balance"] == 1000
    assert post(relay, {**BET, "transaction_id": "bet"}).json()["balance"] == 1000


def test_an_unknown_player_is_answered_by_code(relay: Relay) -> None:
    answer = post(relay, {**BET, "player_id": "nobody"}).json()
    assert answer["error_code"] == "PLAYER_NOT_FOUND"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 60_000,
        {**BET, "type": "unheard_of"},
        {**BET, "type": ["bet"]},
        {**BET, "player_id": None},
        {**BET, "player_id": {"a": 1}},
        {**BET, "transaction_id": None},
        {**BET, "transaction_id": 1.5},
        {**BET, "amount": 10.99},
        {**BET, "amount": "1000"},
        {**BET, "amount": -1},
        {**BET, "amount": True},
        {**BET, "amount": None},
        b'{"type": "bet", "player_id": "alice", "transaction_id": 1, "amount": NaN}',
    ],
)
def test_a_payload_that_cannot_be_used_is_a_400_and_changes_nothing(
    relay: Relay, payload: Any
) -> None:
    response = post(relay, payload)
    assert response.status_code == 400 and response.json()["error"]
    assert relay.wallet.balances == {"alice": 1000}


def test_a_payload_that_is_too_large_is_refused(relay: Relay) -> None:
    assert post(relay, b" " * 70_000).status_code == 413


def test_without_a_secret_there_is_no_webhook_endpoint(relay_with: Callable[..., Relay]) -> None:
    assert post(relay_with(webhook_secret=None), BET).status_code == 404
