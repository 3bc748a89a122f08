"""What ends badly in other extension modules: signals, fork, exit, other interpreters, leaks. Each scene is
a process of its own, which must end by itself, and as it should.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Ran = Callable[..., str]

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork")

# What the scenes begin with.
SCENE = """
import asyncio, gc, os, signal, sys, threading, time, warnings
import iplaygames_native as ipg
# From Python 3.12 on a fork beside threads warns: the sandbox has one.
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
        global struck
        struck = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=later, daemon=True).start()
"""


def scene(script: str) -> str:
    import textwrap

    return SCENE + textwrap.dedent(script)


# ---- signals -------------------------------------------------------------------------------------


@posix
def test_ctrl_c_ends_a_call_within_a_fifth_of_a_second_and_closes_its_connection(ran: Ran) -> None:
    script = scene(
        """
        box.fault("list_games", delay_ms=3000)
        interrupt()
        try:
            client.call("list_games")
        except KeyboardInterrupt:
            print(time.monotonic() - struck)
        while box.counts()["connections"]["open"]:
            time.sleep(0.01)
        assert client.stats()["in_flight"] == 0
        # The client goes on.
        box.clear_faults()
        client.call("list_games")
        """
    )
    # The promise is for a machine that is not busy with something else: one of five must keep it, and
    # none may wait for the call's own end.
    times: list[float] = []
    while len(times) < 5 and not any(each < 0.2 for each in times):
        times.append(float(ran(script)))
    assert min(times) < 0.2 and max(times) < 2.0, times


@posix
@pytest.mark.parametrize(
    "wait",
    [
        "next(client.sessions.watch(client.sessions.start(**START).session_id + 'x', interval=60))",
        "list(client.sessions.status_many(['a', 'b']))",
        "client.sessions.start(**START)",
        "asyncio.run(awaited())",
    ],
)
def test_ctrl_c_ends_every_kind_of_waiting(ran: Ran, wait: str) -> None:
    script = scene(
        """
        async def awaited():
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
    assert ran(script) == "ended"


@posix
def test_ctrl_c_inside_a_block_ends_its_session(ran: Ran) -> None:
    script = scene(
        """
        async def awaited():
            async with box.async_client() as asynchronous:
                async with asynchronous.sessions.open(**START) as session:
                    await asynchronous.sessions.status(session.session_id)

        def waited_for():
            with client.sessions.open(**START) as session:
                client.sessions.status(session.session_id)

        for play in (waited_for, lambda: asyncio.run(awaited())):
            box.reset()
            box.fault("get_session_status", delay_ms=60_000)
            # The start and the status.
            interrupt(2)
            try:
                play()
            except KeyboardInterrupt:
                print(box.counts()["sessions"]["closed"])
        """
    )
    assert ran(script).split() == ["1", "1"]


@posix
def test_a_signal_that_is_handled_lets_the_call_go_on(ran: Ran) -> None:
    script = scene(
        """
        seen = []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
        box.fault("list_games", delay_ms=700)
        client.call("list_games")
        # While the interpreter ends nobody handles it any more.
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(len(seen) >= 3)
        """
    )
    assert ran(script) == "True"


@posix
def test_an_error_of_a_signal_handler_comes_through(ran: Ran) -> None:
    script = scene(
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
    assert ran(script) == "came"


# ---- the GIL -------------------------------------------------------------------------------------


def test_the_gil_is_free_during_a_call(ran: Ran) -> None:
    # The server is Python in the same process: were the GIL held, it could never answer.
    script = scene(
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
    assert ran(script).split() == ["active", "active", "True"]


# ---- fork ----------------------------------------------------------------------------------------


@posix
def test_a_warm_client_works_in_a_forked_child_and_in_its_parent(ran: Ran) -> None:
    script = scene(
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
    assert ran(script) == "300"


@posix
def test_a_fork_beside_calls_in_flight_leaves_both_whole(ran: Ran) -> None:
    script = scene(
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
                # The exit that Python makes, and not the short one.
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
    assert ran(script) == "[7, 7, 7, 7, 7]"


@posix
def test_what_belongs_to_the_parent_says_so_in_the_child(ran: Ran) -> None:
    script = scene(
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
    assert ran(script) == "expired"


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
def test_processes_of_multiprocessing_make_calls_and_bring_their_results(
    tmp_path: Path, method: str
) -> None:
    script = tmp_path / "play.py"
    script.write_text(MULTIPROCESSING)
    command = [sys.executable, "-W", "error", str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "12\n", "")


# ---- the end of the interpreter ------------------------------------------------------------------

ENDS = {
    "with calls of daemon threads in flight": """
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
    "with awaited calls in flight in a daemon thread": """
        box.fault("list_games", delay_ms=60_000, times=0)
        asynchronous = box.async_client()
        async def main():
            await asyncio.gather(*(asynchronous.call("list_games") for _ in range(8)), return_exceptions=True)
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        arrived(8)
    """,
    "with a loop that is busy with awaited calls in a daemon thread": """
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
    "with awaited calls in flight in the main thread": """
        box.fault("list_games", delay_ms=60_000, times=0)
        asynchronous = box.async_client()
        async def main():
            calls = [asyncio.create_task(asynchronous.call("list_games")) for _ in range(8)]
            while box.counts()["requests"]["total"] < 8:
                await asyncio.sleep(0.005)
            # The loop is left as it is: neither stopped in order nor closed.
            raise SystemExit
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(main())
        except SystemExit:
            pass
    """,
    "with a watch and many in flight": """
        box.fault("get_session_status", delay_ms=60_000, times=0)
        watch = client.sessions.watch("x")
        many = client.sessions.status_many(["a", "b"])
        threading.excepthook = lambda _: None
        threading.Thread(target=lambda: next(watch), daemon=True).start()
        threading.Thread(target=lambda: next(many), daemon=True).start()
        arrived(2)
    """,
    "with clients that live in globals, in cycles and in a loop": """
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
    "with a thread of a pool in a call": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(4)
        box.fault("list_games", delay_ms=300, times=0)
        futures = [pool.submit(client.call, "list_games") for _ in range(8)]
        arrived(1)
    """,
    "with lines that are logged until the end": """
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


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.replace(" ", "_"))
def test_the_interpreter_ends_cleanly(run: Run, end: str) -> None:
    for last in ("", "sys.exit(3)", "raise SystemExit(3)"):
        done = run(scene(ENDS[end]) + "\nprint('end', flush=True)\n" + last)
        assert done.returncode == (3 if last else 0), done.stderr
        assert (
            done.stdout == "end\n" and "Fatal" not in done.stderr and "panicked" not in done.stderr
        )


def test_calls_after_the_end_are_refused_and_those_before_work(ran: Ran) -> None:
    script = scene(
        """
        import atexit

        def before():
            # Registered after the import: runs before the package's own hook.
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
    assert ran(script).split() == ["200", "refused"]


def test_threads_that_are_not_daemons_finish_their_calls(ran: Ran) -> None:
    script = scene(
        """
        box.fault("list_games", delay_ms=300)
        thread = threading.Thread(target=lambda: print(client.call("list_games").status_code))
        thread.start()
        arrived()
        """
    )
    assert ran(script) == "200"


# ---- other interpreters --------------------------------------------------------------------------


def test_a_second_interpreter_cannot_import_it_and_the_first_goes_on(ran: Ran) -> None:
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
    assert ran(script).split() == ["refused", "refused", "refused", "main"]


# ---- leaks ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.timeout(1200)
def test_calls_leave_nothing_behind(ran: Ran) -> None:
    """As many as CALLS says; a hundred thousand in CI."""
    calls = int(os.environ.get("CALLS", "20000"))
    script = f"CALLS = {calls}\n" + scene(
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
    blocks, grown, made = map(int, ran(script, timeout=1200).split())
    assert made >= calls
    # A leak of an object in two calls, or of two dozen bytes a call, would be more in CI.
    assert blocks < calls / 2 and grown < 1_000_000 + calls * 16, (blocks, grown)
