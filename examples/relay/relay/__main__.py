"""Runs the relay: `python -m relay`. README.md lists the environment variables."""

from __future__ import annotations

import logging
import os
import sys

import uvicorn
from iplaygames_native import AsyncClient, IPlayGamesError

from .app import create_app
from .settings import Settings


def main() -> int:
    """Runs the relay until SIGTERM or SIGINT. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # One line for each call is enough: the relay and uvicorn's access log have it.
    logging.getLogger("iplaygames_native").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
        client = AsyncClient(user_agent="iplaygames-relay/1")
        app = create_app(settings, client)
        port = int(os.environ.get("RELAY_PORT", "8080"))
    except (ValueError, IPlayGamesError) as error:
        print(error, file=sys.stderr)
        return 2
    # The player's address comes from X-Forwarded-For only if a proxy of yours has set it.
    proxies = os.environ.get("RELAY_TRUSTED_PROXIES", "")
    uvicorn.run(
        app,
        host=os.environ.get("RELAY_HOST", "127.0.0.1"),
        port=port,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        # Calls in flight get this time after a signal.
        timeout_graceful_shutdown=int(settings.drain_seconds) or 1,
        access_log=os.environ.get("RELAY_ACCESS_LOG", "1") != "0",
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
