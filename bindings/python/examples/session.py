"""Starts a session, checks its status and ends it.

Uses the service if IPLAYGAMES_API_KEY is set, and the sandbox otherwise.

    python session.py
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from iplaygames_native import APIStatusError, Client, IPlayGamesError, sandbox


def main() -> int:
    with ExitStack() as stack:
        if "IPLAYGAMES_API_KEY" in os.environ:
            client = stack.enter_context(Client(timeout=10))
        else:
            client = stack.enter_context(sandbox()).client(timeout=10)
        try:
            with client.sessions.open(
                game_id=123,
                player_id="player_456",
                currency="USD",
                country_code="US",
                ip_address="192.0.2.1",
            ) as session:
                print("started", session.session_id, "until", session.expires_at)
                status = client.sessions.status(session.session_id)
                print(
                    status.player_id, "plays", status.game_title, "- the session is", status.status
                )
                ended = client.sessions.end(session.session_id)
                print("ended:", ended.message)
            print("checked again:", client.sessions.status(session.session_id).status)
        except APIStatusError as error:
            print(f"the API refused: {error.message} ({error.status_code})", file=sys.stderr)
            return 1
        except IPlayGamesError as error:
            print(f"no response: {error}; the outcome is {error.outcome}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
