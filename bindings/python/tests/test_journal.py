"""The journal: what is recorded, and what another process can do with it."""

from __future__ import annotations

import asyncio
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import START

from iplaygames_native import (
    AsyncClient,
    Client,
    JournalEntry,
    JournalError,
    Sandbox,
    UnsupportedError,
    ValidationError,
)


def make_client(box: Sandbox, journal: Path) -> Client:
    return Client(base_url=box.base_url, api_key=box.api_key, journal=journal)


def test_a_session_is_listed_until_it_has_ended(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        session = client.sessions.start(**START)
        [entry] = client.journal.open()
        assert (entry.state, entry.session_id) == ("open", session.session_id)
        assert (entry.player_id, entry.game_id, entry.currency) == ("player_456", "123", "USD")
        assert entry.outcome_at is not None and entry.started_at <= entry.outcome_at
        assert "player_456" in repr(entry)
        assert pickle.loads(pickle.dumps(entry)) == entry and len({entry, entry}) == 1
        with pytest.raises(AttributeError):
            entry.state = "ended"
        assert client.journal.open(player_id="someone else") == []
        client.sessions.end(session.session_id)
        assert client.journal.open() == []
        [entry] = client.journal.open(states=["ended"])
        assert entry.ended_at is not None
        assert client.journal.compact(older_than_days=0) == 1
        assert client.stats()["journal"]["rows"] == 1


def test_another_client_ends_the_sessions_of_a_process_that_was_killed(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    script = f"""
import os, signal
from iplaygames_native import Client
client = Client(base_url={iplaygames_sandbox.base_url!r}, api_key={iplaygames_sandbox.api_key!r},
                journal={str(tmp_path / "journal")!r})
for _ in range(3):
    client.sessions.start(**{START!r})
# Windows ends a process without a word for every other signal, too.
os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
"""
    killed = subprocess.run([sys.executable, "-c", script], timeout=60)
    assert killed.returncode == (signal.SIGTERM if sys.platform == "win32" else -signal.SIGKILL)
    seen: list[tuple[int, str, object]] = []

    def progress(done: int, entry: JournalEntry, error: Exception | None) -> None:
        seen.append((done, entry.state, error))

    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        result = client.journal.end_all(progress=progress)
        assert (result.ended, result.failed, result.without_id) == (3, 0, 0)
        assert seen == [(1, "open", None), (2, "open", None), (3, "open", None)]
        assert client.journal.open() == []
    assert iplaygames_sandbox.control("counts")["sessions"]["active"] == 0


@pytest.mark.parametrize("is_callable", [False, True])
def test_the_end_of_a_client_closes_the_file(
    iplaygames_sandbox: Sandbox, tmp_path: Path, is_callable: bool
) -> None:
    journal, log = tmp_path / "journal", tmp_path / "journal-wal"
    key = iplaygames_sandbox.api_key
    options: dict[str, Any] = {
        "base_url": iplaygames_sandbox.base_url,
        "api_key": (lambda: key) if is_callable else key,
        "journal": journal,
    }
    with Client(**options) as client:
        session = client.sessions.start(**START)
        assert log.exists()
    # The last connection removes the log. Windows would not remove a file that is open.
    assert not log.exists()
    journal.unlink()

    async def run() -> None:
        async with AsyncClient(**options) as client:
            await client.sessions.end(session.session_id)
            await client.sessions.start(**START)
            assert log.exists()
            # The end of the client needs no thread of the loop's pool.
            await asyncio.get_running_loop().shutdown_default_executor()
        assert not log.exists()
        journal.unlink()

    asyncio.run(run())


# Locks a file until its standard input ends.
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not tried with the locks of Windows")
def test_the_exit_waits_once_for_the_journals_of_all_clients(
    iplaygames_sandbox: Sandbox, tmp_path: Path, run: Callable[..., Any]
) -> None:
    script = f"""
import subprocess, sys, threading, time
from iplaygames_native import Client
path = {str(tmp_path / "journal")!r}
options = dict(base_url={iplaygames_sandbox.base_url!r}, api_key={iplaygames_sandbox.api_key!r})
clients = [Client(**options, journal=path) for _ in range(8)]
sessions = [client.sessions.start(**{START!r}) for client in clients]
command = [sys.executable, "-c", {LOCK!r}, path]
other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert other.stdout.readline().strip() == b"locked"
def end(client, session):
    try:
        client.sessions.end(session.session_id)
    except Exception:
        pass
for each in zip(clients, sessions):
    threading.Thread(target=end, args=each, daemon=True).start()
time.sleep(0.3)
print(time.time(), flush=True)
# Without this, Popen warns at the exit that its process is running.
other.returncode = 0
"""
    done = run(script)
    assert done.returncode == 0, done.stderr
    # One after the other they would wait 16 seconds.
    assert time.time() - float(done.stdout) < 10


def test_an_exception_of_the_progress_function_stops(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    def progress(done: int, entry: JournalEntry, error: Exception | None) -> None:
        raise LookupError(done)

    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        for _ in range(3):
            client.sessions.start(**START)
        with pytest.raises(LookupError):
            client.journal.end_all(progress=progress)
        assert len(client.journal.open()) == 2


def test_a_failed_call_is_passed_to_the_progress_function(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    errors: list[Exception | None] = []
    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        client.sessions.start(**START)
        iplaygames_sandbox.control(
            "fault", operation="get_session_status", status=403, envelope=True
        )
        result = client.journal.end_all(progress=lambda done, entry, error: errors.append(error))
        assert result.failed == 1
        assert "PermissionDeniedError" in repr(errors[0])


def test_a_start_without_a_journal_that_can_be_written_is_not_sent(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    path.write_text("no journal at all " * 100)
    with make_client(iplaygames_sandbox, path) as client:
        with pytest.raises(JournalError) as raised:
            client.sessions.start(**START)
        assert raised.value.outcome == "not_sent"
    assert iplaygames_sandbox.control("counts")["sessions"]["total"] == 0


def test_wrong_uses_are_errors(iplaygames_sandbox: Sandbox, tmp_path: Path) -> None:
    with Client(base_url=iplaygames_sandbox.base_url, api_key="k") as client:
        with pytest.raises(UnsupportedError):
            client.journal.open()
    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        with pytest.raises(ValidationError) as raised:
            client.journal.open(states=["lost"])
        assert raised.value.field == "/states"
        with pytest.raises(ValidationError):
            client.journal.resolve(99, "There is no such entry.")
    with pytest.raises(ValidationError):
        Client(api_key="k", journal={"path": "x", "durability": "none"})


def test_the_asynchronous_client_has_the_same_journal(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    async def main() -> None:
        async with AsyncClient(
            base_url=iplaygames_sandbox.base_url,
            api_key=iplaygames_sandbox.api_key,
            journal={"path": str(tmp_path / "journal"), "durability": "normal"},
        ) as client:
            await asyncio.gather(*(client.sessions.start(**START) for _ in range(50)))
            entries = await client.journal.open()
            assert len(entries) == 50
            await client.journal.resolve(entries[0].id, "Ended by hand.")
            done: list[int] = []
            result = await client.journal.end_all(
                progress=lambda number, entry, error: done.append(number)
            )
            assert result.ended == 49
            await asyncio.sleep(0)
            assert done == list(range(1, 50))
            assert await client.journal.compact(older_than_days=0) == 50
            assert await client.journal.open() == []

    asyncio.run(main())


def test_an_exception_of_the_progress_function_stops_the_asynchronous_end_all(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    def progress(done: int, entry: JournalEntry, error: Exception | None) -> None:
        raise LookupError(done)

    async def main() -> None:
        async with AsyncClient(
            base_url=iplaygames_sandbox.base_url,
            api_key=iplaygames_sandbox.api_key,
            journal=tmp_path / "journal",
        ) as client:
            for _ in range(3):
                await client.sessions.start(**START)
            iplaygames_sandbox.control(
                "fault", operation="get_session_status", delay_ms=50_000, after=2
            )
            with pytest.raises(LookupError, match="1"):
                await client.journal.end_all(progress=progress)
            assert len(await client.journal.open()) >= 1

    asyncio.run(asyncio.wait_for(main(), 40))


def test_canceling_the_task_of_end_all_stops_it(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    async def main() -> None:
        async with AsyncClient(
            base_url=iplaygames_sandbox.base_url,
            api_key=iplaygames_sandbox.api_key,
            journal=tmp_path / "journal",
        ) as client:
            await client.sessions.start(**START)
            iplaygames_sandbox.control("fault", operation="get_session_status", delay_ms=50_000)
            ending = asyncio.create_task(client.journal.end_all())
            await asyncio.sleep(0.2)
            ending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await ending
            assert len(await client.journal.open()) == 1

    asyncio.run(asyncio.wait_for(main(), 40))


@pytest.mark.parametrize("how", ["exception", "cancel"])
def test_a_fast_end_all_stops_between_two_sessions(
    iplaygames_sandbox: Sandbox, tmp_path: Path, how: str
) -> None:
    ending: asyncio.Task[Any]

    def progress(done: int, entry: JournalEntry, error: Exception | None) -> None:
        if how == "exception":
            raise LookupError(done)
        ending.cancel()

    async def main() -> None:
        nonlocal ending
        async with AsyncClient(
            base_url=iplaygames_sandbox.base_url,
            api_key=iplaygames_sandbox.api_key,
            journal={"path": str(tmp_path / "journal"), "durability": "normal"},
        ) as client:
            await asyncio.gather(*(client.sessions.start(**START) for _ in range(500)))
            ending = asyncio.create_task(client.journal.end_all(progress=progress))
            with pytest.raises(LookupError if how == "exception" else asyncio.CancelledError):
                await ending
            left = len(await client.journal.open())
            assert left > 100
            # Nothing goes on in the background.
            await asyncio.sleep(0.3)
            assert len(await client.journal.open()) >= left - 1

    asyncio.run(asyncio.wait_for(main(), 60))
    assert iplaygames_sandbox.active > 100


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_a_signal_stops_a_fast_end_all(
    iplaygames_sandbox: Sandbox, tmp_path: Path, run_ok: Callable[..., str]
) -> None:
    script = f"""
import signal
from iplaygames_native import Client
client = Client(base_url={iplaygames_sandbox.base_url!r}, api_key={iplaygames_sandbox.api_key!r},
                journal={{"path": {str(tmp_path / "journal")!r}, "durability": "normal"}})
# Loads what a call needs: Python ignores the exception of a signal in the last step of an import.
client.journal.end_all()
for result in client.sessions.start_many([{START!r}] * 2000):
    result.unwrap()
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    client.journal.end_all()
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run_ok(script) == "interrupted"
    assert iplaygames_sandbox.active > 100


def test_the_repr_of_an_entry_does_not_show_the_id_of_a_multi_session(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    with make_client(iplaygames_sandbox, tmp_path / "journal") as client:
        session = client.multi_sessions.start(
            player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1"
        )
        [entry] = client.journal.open()
        assert entry.session_id == session.multi_session_id
        assert session.multi_session_id not in repr(entry)
        assert "player_id='p'" in repr(entry)


def test_the_import_of_the_package_does_not_load_the_journal(run_ok: Callable[..., str]) -> None:
    script = "import sys, iplaygames_native; print('iplaygames_native._journal' in sys.modules)"
    assert run_ok(script) == "False"
