"""Webhooks of the platform: the signature, the payload, and the answers of a wallet.

`MemoryWallet` stands for your own wallet. It shows the order of the checks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

log = logging.getLogger("relay.webhooks")

READS = frozenset({"authenticate", "balance_check"})
CHANGES = frozenset({"bet", "win", "rollback", "reward"})


class InvalidWebhookError(ValueError):
    """The payload of a webhook cannot be used. The message names the field."""


def is_signed(body: bytes, signature: str | None, secret: str) -> bool:
    """Returns whether `X-Signature` is the lower-case hexadecimal HMAC-SHA256 of the raw body."""
    if not signature or not signature.isascii():
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    # Takes the same time for every wrong signature.
    return hmac.compare_digest(expected, signature)


@dataclass(frozen=True)
class Webhook:
    """A webhook whose fields have been checked. Amounts are in cents."""

    type: str
    player_id: str
    currency: str
    transaction_id: str | None
    amount: int
    original_transaction_id: str | None
    raw: dict[str, Any] = field(repr=False)


def parse_webhook(body: bytes) -> Webhook:
    """Parses a payload. Raises `InvalidWebhookError`.

    Amounts are whole cents; a fraction is refused and not rounded, because it is money. Ids may be
    numbers or strings, and are compared as strings: no digit is lost.
    """
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidWebhookError("The body is not JSON.") from error
    if not isinstance(document, dict):
        raise InvalidWebhookError("The body is not a JSON object.")
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in READS | CHANGES:
        raise InvalidWebhookError("The type of the webhook is unknown.")
    transaction_id = _to_id(document, "transaction_id")
    amount: Any = 0
    player_id = _to_id(document, "player_id")
    if player_id is None:
        raise InvalidWebhookError("player_id is missing.")
    if kind in CHANGES:
        if transaction_id is None:
            raise InvalidWebhookError("transaction_id is missing.")
        amount = document.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
            raise InvalidWebhookError("amount is not a whole number of cents.")
    return Webhook(
        type=kind,
        player_id=player_id,
        currency=str(document.get("currency") or ""),
        transaction_id=transaction_id,
        amount=amount,
        original_transaction_id=_to_id(document, "original_transaction_id"),
        raw=document,
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _to_id(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidWebhookError(f"{name} is neither a string nor a whole number.")
    return str(value)


class Wallet(Protocol):
    """What the relay needs of your wallet."""

    async def handle(self, webhook: Webhook) -> dict[str, Any]:
        """Applies a webhook once, and returns the answer for the platform."""
        ...


@dataclass
class MemoryWallet:
    """A wallet in memory, for tests.

    A real wallet does the same in one database transaction, with a unique index on
    `transaction_id`: two copies of a webhook may arrive at the same time.
    """

    balances: dict[str, int]
    # The transactions that were applied: the player, and the change of the balance.
    applied: dict[str, tuple[str, int]] = field(default_factory=dict)
    rolled_back: set[str] = field(default_factory=set)

    async def handle(self, webhook: Webhook) -> dict[str, Any]:
        """Applies a webhook once, and returns the answer for the platform."""
        balance = self.balances.get(webhook.player_id)
        if balance is None:
            return _error("PLAYER_NOT_FOUND", "Player not found")
        if webhook.type in READS:
            return {"status": "success", "balance": balance}
        # This check comes before the check of the balance: a bet that was applied already must not
        # be answered with INSUFFICIENT_FUNDS.
        assert webhook.transaction_id is not None
        if webhook.transaction_id in self.applied:
            return {"status": "success", "balance": balance, "already_processed": True}
        change = self._change(webhook)
        if balance + change < 0:
            return _error("INSUFFICIENT_FUNDS", "Insufficient funds") | {"balance": balance}
        self.applied[webhook.transaction_id] = (webhook.player_id, change)
        self.balances[webhook.player_id] = balance + change
        log.info("%s %s: %+d", webhook.type, webhook.transaction_id, change)
        return {"status": "success", "balance": balance + change}

    def _change(self, webhook: Webhook) -> int:
        if webhook.transaction_id in self.rolled_back:
            return 0
        if webhook.type == "bet":
            return -webhook.amount
        original = webhook.original_transaction_id
        if webhook.type != "rollback" or original is None:
            return webhook.amount
        # A transaction is rolled back once, and only for its own player. A rollback may arrive
        # before its bet; then the bet changes nothing.
        player_id, change = self.applied.get(original, (webhook.player_id, 0))
        if original in self.rolled_back or player_id != webhook.player_id:
            return 0
        self.rolled_back.add(original)
        return -change


def _error(code: str, message: str) -> dict[str, Any]:
    return {"status": "error", "error_code": code, "error_message": message}
