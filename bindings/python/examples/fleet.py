"""Starts, watches and ends a hundred sessions at once, with a progress bar for each step.

    python fleet.py                          # with the sandbox
    python fleet.py --sessions 1000 --seconds 10
    python fleet.py --live                   # with the service; needs IPLAYGAMES_API_KEY

Ctrl-C ends all sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack

from iplaygames_native import AsyncClient, IPlayGamesError, sandbox


class Bar:
    """A progress bar of plain text. Prints a line for each tenth without a terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tenths = 0

    def __call__(self, done: int, total: int | None) -> None:
        """Updates the bar. `status_many` and `end_many` call this function as `progress`."""
        if not total:
            return
        bar = (
            f"{self.title:>8} [{'#' * (30 * done // total):.<30}] {done:>{len(str(total))}}/{total}"
        )
        if sys.stderr.isatty():
            print("\r" + bar, end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif self.tenths < 10 * done // total:
            self.tenths = 10 * done // total
            print(bar, file=sys.stderr, flush=True)


class Fleet:
    """The sessions of one client, and the errors of their calls."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.ids: list[str] = []
        self.problems: list[str] = []
        self.ended = 0

    async def start(self, count: int) -> None:
        """Starts sessions. The client has 32 connections: further calls wait for a connection."""
        bar, done = Bar("starting"), 0

        async def one(number: int) -> None:
            nonlocal done
            player = f"player_{number}"
            try:
                session = await self.client.sessions.start(
                    game_id=1 + number % 200,
                    player_id=player,
                    currency="USD",
                    country_code="US",
                    ip_address="192.0.2.1",
                )
                self.ids.append(session.session_id)
            except IPlayGamesError as error:
                hint = "; a session may exist" if error.outcome == "unknown" else ""
                self.problems.append(f"{player} was not started: {error}{hint}")
            done += 1
            bar(done, count)

        await asyncio.gather(*(one(number) for number in range(count)))

    async def play(self, seconds: float) -> None:
        """Watches all sessions for some seconds. A watch ends earlier if its session is over."""
        bar = Bar("playing")
        playing: set[str] = set()

        async def one(session_id: str) -> None:
            try:
                async with self.client.sessions.watch(session_id, interval=1.0) as changes:
                    async for status in changes:
                        if status.status == "active":
                            playing.add(session_id)
                            bar(len(playing), len(self.ids))
            except IPlayGamesError as error:
                self.problems.append(f"a session was not watched: {error}")

        watches = [asyncio.create_task(one(session_id)) for session_id in self.ids]
        try:
            if watches:
                await asyncio.wait(watches, timeout=seconds)
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)

    async def end(self) -> None:
        """Ends all sessions. A failed call does not stop the others."""
        async for result in self.client.sessions.end_many(
            self.ids, concurrency=32, progress=Bar("ending")
        ):
            if result.error is None:
                self.ended += 1
            else:
                self.problems.append(f"a session was not ended: {result.error}")


async def main(count: int, seconds: float, live: bool) -> int:
    with ExitStack() as stack:
        client = AsyncClient() if live else stack.enter_context(sandbox()).async_client()
        async with client:
            fleet = Fleet(client)
            try:
                await fleet.start(count)
                await fleet.play(seconds)
            finally:
                await fleet.end()
                print(
                    f"{len(fleet.ids)} started, {fleet.ended} ended, {len(fleet.problems)} problems"
                )
                for problem in fleet.problems:
                    print(problem)
            return 1 if fleet.problems else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Starts, watches and ends many sessions.")
    parser.add_argument(
        "--sessions", type=int, default=100, metavar="N", help="number of sessions (100)"
    )
    parser.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="seconds to watch them (2)"
    )
    parser.add_argument(
        "--live", action="store_true", help="use the service instead of the sandbox"
    )
    arguments = parser.parse_args()
    try:
        sys.exit(asyncio.run(main(arguments.sessions, arguments.seconds, arguments.live)))
    except KeyboardInterrupt:
        sys.exit(130)
