"""Player tokens: JSON Web Tokens (RFC 7519) that your login service signs with HS256.

PyJWT checks them. A token says who the player is; the game cannot change that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

AUDIENCE = "iplaygames-relay"
# The clocks of two servers may differ by this time.
LEEWAY_SECONDS = 10


class InvalidTokenError(Exception):
    """The player token is missing, wrong or expired."""


@dataclass(frozen=True)
class Player:
    """What the login service says about a player."""

    player_id: str
    currency: str
    country_code: str


def verify_token(token: str | None, secrets: Sequence[str]) -> Player:
    """Returns the player of a token. Raises `InvalidTokenError` if the token is not valid."""
    if not token:
        raise InvalidTokenError("The header X-Player-Token is missing.")
    for secret in secrets:
        try:
            claims = jwt.decode(
                token,
                secret,
                # The token must not choose its own algorithm.
                algorithms=["HS256"],
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub", "aud"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError as error:
            raise InvalidTokenError("The player token has expired: log in again.") from error
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError("The player token is not valid.") from error
        return Player(
            _claim(claims, "sub"), _claim(claims, "currency"), _claim(claims, "country_code")
        )
    raise InvalidTokenError("The player token is not valid.")


def _claim(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidTokenError(f"The player token has no {name}.")
    return value


def sign_token(player: Player, secret: str, expires_at: float) -> str:
    """Returns a token. Your login service does this; the tests and the load program do it, too."""
    claims = {
        "sub": player.player_id,
        "currency": player.currency,
        "country_code": player.country_code,
        "aud": AUDIENCE,
        "exp": int(expires_at),
    }
    return jwt.encode(claims, secret, algorithm="HS256")
