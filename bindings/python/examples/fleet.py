"""A hundred sessions at once: started, watched and ended, each step with a progress bar.

    python fleet.py                          # against the sandbox
    python fleet.py --sessions 1000 --seconds 10
    python fleet.py --live                   # against the service, with IPLAYGAMES_API_KEY

Ctrl-C while they are played ends them all.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack

from iplaygames_native import AsyncClient, IPlayGamesError, sandbox


class Bar:
    """A progress bar of plain text. Where the output is no terminal, a line for each tenth."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tenths = 0

    def __call__(self, done: int, total: int | None) -> None:
        """As `progress` of `status_many` and `end_many` is called."""
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
    """Sessions of one client, and what went wrong with them."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.ids: list[str] = []
        self.problems: list[str] = []
        self.ended = 0

    async def start(self, count: int) -> None:
        """Starts so many. The client has 32 connections: the calls beyond wait their turn."""
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
                doubt = "; a session may exist" if error.outcome == "unknown" else ""
                self.problems.append(f"{player} was not started: {error}{doubt}")
            done += 1
            bar(done, count)

        await asyncio.gather(*(one(number) for number in range(count)))

    async def play(self, seconds: float) -> None:
        """Watches them all for a while. One that is over before that is no longer watched."""
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
        """Ends them all. One that cannot be ended does not stop the others."""
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
    parser.add_argument("--sessions", type=int, default=100, metavar="N", help="how many (100)")
    parser.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="how long they are played (2)"
    )
    parser.add_argument("--live", action="store_true", help="against the service, not the sandbox")
    words = parser.parse_args()
    try:
        sys.exit(asyncio.run(main(words.sessions, words.seconds, words.live)))
    except KeyboardInterrupt:
        sys.exit(130)
