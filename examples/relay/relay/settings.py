"""The settings of the relay, read from environment variables.

The client reads IPLAYGAMES_API_KEY and IPLAYGAMES_BASE_URL itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

# RFC 7518, section 3.2: a key of HS256 has at least 256 bits.
MIN_SECRET_BYTES = 32

DEFAULT_OPERATIONS = (
    "start_a_game_session",
    "get_session_status",
    "end_a_game_session",
    "list_games",
)


@dataclass(frozen=True)
class Settings:
    """The settings of the relay. `repr` does not contain the secrets."""

    token_secrets: tuple[str, ...] = field(repr=False)
    """The secrets that sign player tokens. The first is the current one; the others are accepted,
    so that a secret can be replaced."""
    webhook_secret: str | None = field(default=None, repr=False)
    """The secret that signs webhooks. Without a secret the relay has no webhook endpoint."""
    operations: tuple[str, ...] = DEFAULT_OPERATIONS
    """The operations that a game may call."""
    rate: float = 5.0
    """The calls per second that a player may make in the long run."""
    burst: int = 20
    """The calls that a player may make at once."""
    drain_seconds: float = 65.0
    """The time that calls in flight have after a signal to stop. An end may need two calls of 30
    seconds each, so no call is cut off."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads the settings. Raises `ValueError` with the name of a variable that is wrong."""
        secrets = tuple(_split(environment.get("RELAY_TOKEN_SECRETS", "")))
        if not secrets:
            raise ValueError("RELAY_TOKEN_SECRETS is missing: set the secret of the player tokens.")
        for secret in secrets:
            if len(secret.encode()) < MIN_SECRET_BYTES:
                raise ValueError(
                    f"A secret in RELAY_TOKEN_SECRETS is shorter than {MIN_SECRET_BYTES} bytes: "
                    "use a longer one."
                )
        operations = tuple(_split(environment.get("RELAY_OPERATIONS", "")))
        return cls(
            token_secrets=secrets,
            webhook_secret=environment.get("RELAY_WEBHOOK_SECRET") or None,
            operations=operations or DEFAULT_OPERATIONS,
            rate=_positive(environment, "RELAY_RATE", cls.rate),
            burst=max(1, int(_positive(environment, "RELAY_BURST", cls.burst))),
            drain_seconds=_positive(environment, "RELAY_DRAIN_SECONDS", cls.drain_seconds),
        )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _positive(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    # NaN fails this comparison, too.
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} is {text!r}: set a number greater than 0.")
    return number
