"""What a call does to the other greenlets of a program, with and without `with_gevent.py`.

Each test runs in a process of its own, because `monkey.patch_all` changes the whole process.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

TEST_TIMEOUT = 60
SETUP = """
from gevent import monkey
monkey.patch_all()
import gevent
from iplaygames_native import Client, NotFoundError, sandbox
from with_gevent import GeventClient

ticks = 0

def tick():
    global ticks
    while True:
        gevent.sleep(0.01)
        ticks += 1

box = sandbox()
client = box.client(timeout=30)
gevent.spawn(tick)
gevent.sleep(0.05)
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SETUP + textwrap.dedent(script)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout.strip()


def test_a_plain_call_blocks_the_other_greenlets() -> None:
    # docs/python.md says so. If this fails, the client has learned better: correct the page.
    script = """
        box.fault("list_games", delay_ms=1000)
        before = ticks
        client.call("list_games")
        print(ticks - before)
    """
    assert run(script) == "0"


def test_a_call_in_the_pool_blocks_no_other_greenlet() -> None:
    script = """
        api = GeventClient(client)
        box.fault("list_games", delay_ms=1000)
        before = ticks
        assert api.run(client.call, "list_games", per_page="20")["data"]
        print(ticks - before >= 5)
        api.close()
    """
    assert run(script) == "True"


def test_a_hundred_greenlets_call_at_once_and_each_gets_its_own_result() -> None:
    script = """
        api = GeventClient(client)
        start = dict(player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1")

        def play(game_id):
            session = api.run(client.sessions.start, game_id=game_id, **start)
            return api.run(client.sessions.status, session.session_id)["data"]["game"]["id"]

        games = [gevent.spawn(play, game_id) for game_id in range(1, 101)]
        gevent.joinall(games, raise_error=True)
        print([game.value for game in games] == list(range(1, 101)))
        api.close()
    """
    assert run(script) == "True"


def test_an_error_of_a_call_reaches_its_greenlet() -> None:
    script = """
        api = GeventClient(client)
        try:
            api.run(client.sessions.status, "nobody")
        except NotFoundError as error:
            print(error.message)
        api.close()
    """
    assert run(script) == "Session not found"
