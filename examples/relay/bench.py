"""Measures how many requests per second one process of the relay forwards.

    python bench.py [--requests N] [--concurrency N]

The sandbox, the relay and the load are three processes. A quarter of the requests are starts, a
quarter are ends, and the others are reads.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

from iplaygames_native import AsyncClient, IPlayGamesError

from relay.tokens import Player, sign_token

SECRET = "a-secret-for-the-load-program-with-32-bytes-or-more"
HERE = Path(__file__).parent


async def play(client: AsyncClient, lives: int, latencies: list[float]) -> None:
    """Starts, checks twice and ends sessions, one after another."""
    for _ in range(lives):
        session = await client.sessions.start(
            game_id=123,
            player_id="filled in by the relay",
            currency="EUR",
            country_code="DE",
            ip_address="192.0.2.1",
        )
        for call in (client.sessions.status, client.sessions.status, client.sessions.end):
            began = time.perf_counter()
            await call(session.session_id)
            latencies.append(time.perf_counter() - began)


async def load(port: int, requests: int, concurrency: int) -> tuple[float, list[float]]:
    """Returns the seconds for one request, and the latencies of all but the starts."""
    token = sign_token(Player("alice", "EUR", "DE"), SECRET, time.time() + 3600)
    client = AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"X-Player-Token": token},
        max_connections=concurrency,
    )
    latencies: list[float] = []
    async with client:
        deadline = time.monotonic() + 30
        while True:
            try:
                await client.prewarm()
                break
            except IPlayGamesError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
        await asyncio.gather(*(play(client, 5, []) for _ in range(concurrency)))
        lives = max(1, requests // 4 // concurrency)
        began = time.perf_counter()
        await asyncio.gather(*(play(client, lives, latencies) for _ in range(concurrency)))
        return (time.perf_counter() - began) / (lives * concurrency * 4), latencies


def main() -> None:
    """Runs the three processes and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=32)
    arguments = parser.parse_args()
    box = subprocess.Popen(
        [sys.executable, "-c", _SANDBOX], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert box.stdout and box.stdin
    base_url, api_key = box.stdout.readline().split()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "IPLAYGAMES_BASE_URL": base_url,
        "IPLAYGAMES_API_KEY": api_key,
        "RELAY_TOKEN_SECRETS": SECRET,
        "RELAY_PORT": str(port),
        "RELAY_RATE": "1000000",
        "RELAY_BURST": "1000000",
        "RELAY_ACCESS_LOG": "0",
    }
    relay = subprocess.Popen(
        [sys.executable, "-m", "relay"], cwd=HERE, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        seconds, latencies = asyncio.run(load(port, arguments.requests, arguments.concurrency))
    finally:
        relay.terminate()
        relay.wait(60)
        box.communicate("", timeout=60)
    latencies.sort()
    p50, p99 = (1000 * latencies[int(len(latencies) * share)] for share in (0.5, 0.99))
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{1 / seconds:,.0f} requests/s, {arguments.concurrency} at a time")
    print(f"latency of a status or an end: median {p50:.1f} ms, 99th percentile {p99:.1f} ms")


_SANDBOX = """
import sys
from iplaygames_native import sandbox
with sandbox() as box:
    print(box.base_url, box.api_key, flush=True)
    sys.stdin.read()
"""

if __name__ == "__main__":
    main()
