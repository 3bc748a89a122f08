"""Signals, fork, exit, subinterpreters and leaks, which crash or hang other extension modules.

Each script runs in a new process, which must end by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
RunOk = Callable[..., str]

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork")

# The first lines of each script.
PREAMBLE = """
import asyncio, gc, os, signal, sys, threading, time, warnings
import iplaygames_native as ipg
# Python 3.12 warns about a fork in a process with threads. The sandbox has threads.
warnings.filterwarnings("ignore", category=DeprecationWarning)
START = dict(game_id=123, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1")
box = ipg.sandbox()
client = box.client()

def arrived(count=1):
    while box.counts()["requests"]["total"] < count:
        time.sleep(0.005)

def interrupt(calls=1):
    "Sends SIGINT half a second after the given number of calls has reached the server."
    def later():
        arrived(calls)
        time.sleep(0.5)
        global interrupted_at
        interrupted_at = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=later, daemon=True).start()
"""


def with_preamble(script: str) -> str:
    import textwrap

    return PREAMBLE + textwrap.dedent(script)


# ---- signals -------------------------------------------------------------------------------------


@posix
def test_ctrl_c_ends_a_call_within_a_fifth_of_a_second_and_closes_its_connection(
    run_ok: RunOk,
) -> None:
    script = with_preamble(
        """
        box.fault("list_games", delay_ms=3000)
        interrupt()
        try:
            client.call("list_games")
        except KeyboardInterrupt:
            print(time.monotonic() - interrupted_at)
        while box.counts()["connections"]["open"]:
            time.sleep(0.01)
        assert client.stats()["in_flight"] == 0
        # The client works after that.
        box.clear_faults()
        client.call("list_games")
        """
    )
    # On a busy machine one of five attempts must keep the limit. No attempt may wait until the call
    # ends by itself.
    times: list[float] = []
    while len(times) < 5 and not any(each < 0.2 for each in times):
        times.append(float(run_ok(script)))
    assert min(times) < 0.2 and max(times) < 2.0, times


@posix
@pytest.mark.parametrize(
    "wait",
    [
        "next(client.sessions.watch(client.sessions.start(**START).session_id + 'x', interval=60))",
        "list(client.sessions.status_many(['a', 'b']))",
        "client.sessions.start(**START)",
        "asyncio.run(play_async())",
    ],
)
def test_ctrl_c_ends_every_kind_of_wait(run_ok: RunOk, wait: str) -> None:
    script = with_preamble(
        """
        async def play_async():
            async with box.async_client() as asynchronous:
                await asynchronous.sessions.start(**START)

        box.fault("get_session_status", delay_ms=60_000, times=0)
        box.fault("start_a_game_session", delay_ms=60_000, times=0, after=int(%r.startswith("next")))
        interrupt()
        try:
            %s
        except KeyboardInterrupt:
            print("ended")
        assert client.stats()["in_flight"] == 0
        """
        % (wait, wait)
    )
    assert run_ok(script) == "ended"


@posix
def test_ctrl_c_in_a_block_ends_the_session_of_the_block(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        async def play_async():
            async with box.async_client() as asynchronous:
                async with asynchronous.sessions.open(**START) as session:
                    await asynchronous.sessions.status(session.session_id)

        def play_sync():
            with client.sessions.open(**START) as session:
                client.sessions.status(session.session_id)

        for play in (play_sync, lambda: asyncio.run(play_async())):
            box.reset()
            box.fault("get_session_status", delay_ms=60_000)
            # Two calls: the start and the status.
            interrupt(2)
            try:
                play()
            except KeyboardInterrupt:
                print(box.counts()["sessions"]["closed"])
        """
    )
    assert run_ok(script).split() == ["1", "1"]


@posix
def test_a_call_continues_after_a_signal_handler_returns(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        seen = []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
        box.fault("list_games", delay_ms=700)
        client.call("list_games")
        # No handler runs while the interpreter exits.
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(len(seen) >= 3)
        """
    )
    assert run_ok(script) == "True"


@posix
def test_a_call_raises_the_exception_of_a_signal_handler(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        def handler(*_):
            raise ZeroDivisionError
        signal.signal(signal.SIGALRM, handler)
        box.fault("list_games", delay_ms=60_000)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            client.call("list_games")
        except ZeroDivisionError:
            print("came")
        """
    )
    assert run_ok(script) == "came"


# ---- the GIL -------------------------------------------------------------------------------------


def test_the_gil_is_free_during_a_call(run_ok: RunOk) -> None:
    # The server is a Python thread of the same process. It cannot respond while the GIL is held.
    script = with_preamble(
        """
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = b'{"success": true, "data": {"status": "active"}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with ipg.Client(base_url=f"http://127.0.0.1:{server.server_port}") as other:
            print(other.sessions.status("x").status)
            print(next(iter(other.sessions.status_many(["x"]))).unwrap().status)
            print(other.prewarm() >= 0)
        server.shutdown()
        server.server_close()
        """
    )
    assert run_ok(script).split() == ["active", "active", "True"]


# ---- fork ----------------------------------------------------------------------------------------


@posix
def test_a_warm_client_works_in_a_forked_child_and_in_its_parent(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        def play(who):
            for number in range(100):
                player = f"{who}-{number}"
                session = client.sessions.start(**(START | {"player_id": player}))
                assert client.sessions.status(session.session_id).player_id == player

        play("before")
        child = os.fork()
        play("child" if child == 0 else "parent")
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(box.counts()["sessions"]["total"])
        """
    )
    assert run_ok(script) == "300"


@posix
def test_parent_and_child_work_after_a_fork_with_calls_in_flight(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        asynchronous = box.async_client()
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                client.sessions.start(**START)

        async def main():
            session = await asynchronous.sessions.start(**START)
            for _ in range(20):
                status = await asynchronous.sessions.status(session.session_id)
                assert status.session_id == session.session_id

        threads = [threading.Thread(target=busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        asyncio.run(main())
        children = []
        for _ in range(5):
            child = os.fork()
            if child == 0:
                # `sys.exit` runs the exit handlers, which `os._exit` does not.
                asyncio.run(main())
                session = client.sessions.start(**START)
                assert client.sessions.status(session.session_id).status == "active"
                sys.exit(7)
            children.append(child)
        asyncio.run(main())
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        stop.set()
        for thread in threads:
            thread.join()
        print(codes)
        """
    )
    assert run_ok(script) == "[7, 7, 7, 7, 7]"


@posix
def test_a_watch_and_a_sandbox_of_the_parent_raise_invalid_handle_error_in_the_child(
    run_ok: RunOk,
) -> None:
    script = with_preamble(
        """
        watch = client.sessions.watch(client.sessions.start(**START).session_id, interval=0.01)
        assert next(watch).status == "active"
        child = os.fork()
        if child == 0:
            for use in (lambda: next(watch), lambda: box.counts()):
                try:
                    use()
                except ipg.InvalidHandleError:
                    pass
                else:
                    os._exit(1)
            watch.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        box.advance_clock(100_000)
        print(next(watch).status)
        """
    )
    assert run_ok(script) == "expired"


MULTIPROCESSING = """
import multiprocessing, sys, warnings
warnings.filterwarnings("ignore", category=DeprecationWarning)
import iplaygames_native as ipg

START = dict(game_id=123, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1")

def play(config):
    client = config if isinstance(config, ipg.Client) else ipg.Client(**config)
    session = client.sessions.start(**START)
    try:
        client.sessions.status("nobody")
    except ipg.NotFoundError as error:
        return session, client.sessions.end(session.session_id), error

if __name__ == "__main__":
    with ipg.sandbox() as box, box.client() as client:
        client.call("list_games")
        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
            for session, ended, error in pool.map(play, [box.config] * 12):
                assert session.session_id and ended.message and error.status_code == 404
            pool.close()
            pool.join()
        print(box.counts()["sessions"]["closed"])
"""


@pytest.mark.parametrize(
    "method", ["spawn", pytest.param("fork", marks=posix), pytest.param("forkserver", marks=posix)]
)
def test_multiprocessing_workers_make_calls_and_return_results(tmp_path: Path, method: str) -> None:
    script = tmp_path / "play.py"
    script.write_text(MULTIPROCESSING)
    command = [sys.executable, "-W", "error", str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "12\n", "")


# ---- the exit of the interpreter -----------------------------------------------------------------

EXITS = {
    "with calls in flight on daemon threads": """
        box.fault("list_games", delay_ms=60_000, times=0)
        for _ in range(8):
            threading.Thread(target=client.call, args=("list_games",), daemon=True).start()
        threading.excepthook = lambda _: None
        arrived(8)
    """,
    "with threads that never stop making calls": """
        def busy():
            while True:
                try:
                    client.call("list_games")
                except ipg.IPlayGamesError:
                    pass
        for _ in range(8):
            threading.Thread(target=busy, daemon=True).start()
        arrived(100)
    """,
    "with asynchronous calls in flight on a daemon thread": """
        box.fault("list_games", delay_ms=60_000, times=0)
        asynchronous = box.async_client()
        async def main():
            await asyncio.gather(*(asynchronous.call("list_games") for _ in range(8)), return_exceptions=True)
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        arrived(8)
    """,
    "with an event loop that makes calls on a daemon thread": """
        asynchronous = box.async_client()
        async def one():
            while True:
                try:
                    await asynchronous.call("list_games")
                except ipg.IPlayGamesError:
                    await asyncio.sleep(0.01)
        async def main():
            await asyncio.gather(*(one() for _ in range(8)))
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        arrived(100)
    """,
    "with asynchronous calls in flight on the main thread": """
        box.fault("list_games", delay_ms=60_000, times=0)
        asynchronous = box.async_client()
        async def main():
            calls = [asyncio.create_task(asynchronous.call("list_games")) for _ in range(8)]
            while box.counts()["requests"]["total"] < 8:
                await asyncio.sleep(0.005)
            # The loop is neither stopped nor closed.
            raise SystemExit
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(main())
        except SystemExit:
            pass
    """,
    "with a watch and bulk calls in flight": """
        box.fault("get_session_status", delay_ms=60_000, times=0)
        watch = client.sessions.watch("x")
        many = client.sessions.status_many(["a", "b"])
        threading.excepthook = lambda _: None
        threading.Thread(target=lambda: next(watch), daemon=True).start()
        threading.Thread(target=lambda: next(many), daemon=True).start()
        arrived(2)
    """,
    "with clients in globals, in reference cycles and in an event loop": """
        asynchronous = box.async_client()
        class Holder:
            pass
        holder = Holder()
        holder.me, holder.clients = holder, (client, asynchronous)
        async def main():
            await asynchronous.call("list_games")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        steps = asynchronous.call("list_games")
        loop.close()
        steps.close()
    """,
    "with a thread pool that makes calls": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(4)
        box.fault("list_games", delay_ms=300, times=0)
        futures = [pool.submit(client.call, "list_games") for _ in range(8)]
        arrived(1)
    """,
    "with log lines until the exit": """
        import logging
        logging.basicConfig(level=logging.DEBUG, stream=open(os.devnull, "w"), force=True)
        def busy():
            while True:
                try:
                    client.call("list_games")
                except ipg.IPlayGamesError:
                    pass
        for _ in range(4):
            threading.Thread(target=busy, daemon=True).start()
        arrived(20)
    """,
}


@pytest.mark.parametrize("end", EXITS, ids=lambda end: end.replace(" ", "_"))
def test_the_interpreter_exits_cleanly(run: Run, end: str) -> None:
    for last in ("", "sys.exit(3)", "raise SystemExit(3)"):
        done = run(with_preamble(EXITS[end]) + "\nprint('end', flush=True)\n" + last)
        assert done.returncode == (3 if last else 0), done.stderr
        assert (
            done.stdout == "end\n" and "Fatal" not in done.stderr and "panicked" not in done.stderr
        )


def test_calls_before_the_exit_handler_work_and_later_calls_are_refused(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        import atexit

        def before():
            # Registered after the import, so this runs before the handler of the package.
            print(client.call("list_games").status_code)

        atexit.register(before)

        class Late:
            def __del__(self, client=client, closed=ipg.ClosedError, print=print):
                try:
                    client.call("list_games")
                except closed as error:
                    print("refused")

        late = Late()
        sys.modules["keep"] = late
        """
    )
    assert run_ok(script).split() == ["200", "refused"]


def test_non_daemon_threads_finish_their_calls_before_the_exit(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        box.fault("list_games", delay_ms=300)
        thread = threading.Thread(target=lambda: print(client.call("list_games").status_code))
        thread.start()
        arrived()
        """
    )
    assert run_ok(script) == "200"


# ---- other interpreters --------------------------------------------------------------------------


def test_a_second_interpreter_cannot_import_the_package_and_the_first_continues(
    run_ok: RunOk,
) -> None:
    script = '''
        import sys
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        import iplaygames_native
        import textwrap
        CODE = textwrap.dedent("""
            try:
                import iplaygames_native
            except ImportError as error:
                print("refused")
        """)
        for _ in range(3):
            interpreter = interpreters.create()
            interpreters.run_string(interpreter, CODE)
            sys.stdout.flush()
            interpreters.destroy(interpreter)
        with iplaygames_native.sandbox() as box, box.client() as client:
            client.call("list_games")
        print("main")
    '''
    assert run_ok(script).split() == ["refused", "refused", "refused", "main"]


# ---- leaks ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.timeout(1200)
def test_calls_leak_no_memory(run_ok: RunOk) -> None:
    """The environment variable CALLS sets the number of calls: a hundred thousand in CI."""
    calls = int(os.environ.get("CALLS", "20000"))
    script = f"CALLS = {calls}\n" + with_preamble(
        """
        asynchronous = box.async_client()
        session = client.sessions.start(**START).session_id

        def resident():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def plain(count):
            for _ in range(count):
                client.sessions.status(session)

        def failing(count):
            for _ in range(count):
                try:
                    client.sessions.status("nobody")
                except ipg.NotFoundError as error:
                    error.to_dict()
                try:
                    client.sessions.start(**(START | {"currency": float("nan")}))
                except ipg.ValidationError:
                    pass

        async def awaiting(count):
            async def one():
                for _ in range(count // 20):
                    await asynchronous.sessions.status(session)
            await asyncio.gather(*(one() for _ in range(20)))
            for _ in range(count // 100):
                task = asyncio.create_task(asynchronous.sessions.status(session))
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        def many(count):
            for each in client.sessions.status_many([session, "nobody"] * (count // 2)):
                each.ok

        def round(count):
            plain(count)
            failing(count // 4)
            asyncio.run(awaiting(count))
            many(count)

        round(2000)
        blocks, before = sys.getallocatedblocks(), resident()
        for _ in range(6):
            round(CALLS // 18)
        print(sys.getallocatedblocks() - blocks, resident() - before, client.stats()["calls"] + asynchronous.stats()["calls"])
        """
    )
    blocks, grown, made = map(int, run_ok(script, timeout=1200).split())
    assert made >= calls
    # In CI, a leak of one object in two calls, or of 24 bytes per call, exceeds these limits.
    assert blocks < calls / 2 and grown < 1_000_000 + calls * 16, (blocks, grown)
