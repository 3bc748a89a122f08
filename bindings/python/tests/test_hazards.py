"""Signals, fork, exit, subinterpreters and leaks, which crash or hang other extension modules.

Each script runs in a new process, which must end by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import iplaygames_native

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
    return PREAMBLE + textwrap.dedent(script)


# ---- modules that are loaded later ---------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    ("module", "use"),
    [
        # A child would wait for ever for a module that a thread of its parent was loading.
        ("iplaygames_native._errors", "make()"),
        # It needs the lock of `logging`, whose handler takes it before the fork waits for anything.
        ("asyncio.log", "ipg.AsyncClient"),
    ],
)
def test_a_fork_while_another_thread_loads_a_module(run_ok: RunOk, module: str, use: str) -> None:
    run_ok(
        f"""
        import os, sys, threading, time, warnings
        import iplaygames_native as ipg
        import logging  # after the package, so that its handler runs first
        # Python 3.12 warns about a fork in a process with threads.
        warnings.filterwarnings("ignore", category=DeprecationWarning)

        is_loading = threading.Event()

        class Slow:
            "Loads no module. It delays one."
            def find_spec(self, name, path=None, target=None):
                if name == {module!r}:
                    is_loading.set()
                    time.sleep(0.5)

        sys.meta_path.insert(0, Slow())

        def make():
            ipg.Client(base_url="http://127.0.0.1:9", api_key="k").close()

        thread = threading.Thread(target=lambda: {use})
        thread.start()
        assert is_loading.wait(30)
        child = os.fork()
        if child == 0:
            make()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        """
    )


def test_the_exceptions_are_the_same_after_a_change_of_sys_modules(run_ok: RunOk) -> None:
    run_ok(
        """
        import sys
        from unittest.mock import patch
        import iplaygames_native as ipg

        with ipg.sandbox() as box:
            with patch.dict(sys.modules):
                client = box.client()
            assert "iplaygames_native._errors" not in sys.modules
            for load in (lambda: client.sessions, lambda: ipg.Pager):
                load()
                try:
                    client.sessions.status("nobody")
                except ipg.NotFoundError as error:
                    assert isinstance(error, ipg.IPlayGamesError)
        """
    )


def test_a_module_that_a_test_replaces_is_itself_again_afterwards(run_ok: RunOk) -> None:
    run_ok(
        """
        import sys
        from types import ModuleType
        from unittest.mock import patch
        import iplaygames_native as ipg

        for fake in (None, ModuleType("fake")):
            with patch.dict(sys.modules, {"iplaygames_native._aio": fake}):
                ipg.Client(base_url="http://127.0.0.1:9", api_key="k").close()
                try:
                    ipg.AsyncClient
                except (ImportError, AttributeError):
                    pass
                else:
                    raise AssertionError("the fake was not used")
        assert ipg.AsyncClient.__module__ == "iplaygames_native._aio"
        """
    )


# ---- limits --------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("failing", ["connect", "refused"])
def test_the_first_failure_at_the_limit_of_open_files_is_the_exception_of_its_call(
    run_ok: RunOk, failing: str
) -> None:
    run_ok(
        with_preamble(
            """
            import resource
            sessions = client.sessions
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            taken = []

            def failure():
                "Returns the exception of a start while no file can be opened."
                try:
                    while True:
                        taken.append(os.dup(0))
                except OSError:
                    pass
                try:
                    sessions.start(**START)
                except Exception as error:
                    return error
                finally:
                    while taken:
                        os.close(taken.pop())

            if sys.argv[1] == "connect":
                error = failure()
                assert isinstance(error, ipg.ResourcesError), repr(error)
                assert (error.outcome, box.counts()["requests"]["total"]) == ("not_sent", 0)
            else:
                sessions.start(**START)  # the connection is used again
                box.fault("start_a_game_session", status=409, envelope=True)
                error = failure()
                assert isinstance(error, ipg.ConflictError), repr(error)
                assert (error.outcome, error.attempts) == ("rejected", 1) and error.call_id
            """
        ),
        failing,
    )


@posix
def test_the_first_call_of_an_event_loop_at_the_limit_of_open_files_has_an_exception_of_its_own(
    run_ok: RunOk,
) -> None:
    run_ok(
        with_preamble(
            """
            import asyncio, resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

            async def main():
                async_client, taken = box.async_client(), []
                sessions, watch = async_client.sessions, client.sessions.watch
                watch("id").close()
                try:
                    while True:
                        taken.append(os.dup(0))
                except OSError:
                    pass
                for call in sessions.start(**START), async_client.call("list_games"):
                    try:
                        await call
                    except ipg.ResourcesError as error:
                        assert error.outcome == "not_sent"
                    else:
                        raise AssertionError("no exception")
                # A blocking watch has no wake-up; it waits until it can connect.
                with watch("id"):
                    for number in taken:
                        os.close(number)
                assert box.counts()["requests"]["total"] == 0
                await sessions.start(**START)

            asyncio.run(main())
            """
        )
    )


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
def test_a_child_does_not_wake_an_event_loop_of_its_parent_with_log_lines(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        import logging, select
        from iplaygames_native._loop import get_loop_state

        logging.getLogger("iplaygames_native").setLevel(logging.DEBUG)
        asynchronous = box.async_client()

        async def main():
            await asynchronous.call("list_games")
            mailbox = get_loop_state(asyncio.get_running_loop()).mailbox
            await asyncio.sleep(0.05)
            child = os.fork()
            if child == 0:
                lines = []
                handler = logging.Handler()
                handler.emit = lines.append
                logging.getLogger("iplaygames_native").addHandler(handler)
                try:
                    run_in_child()
                finally:
                    os._exit(0 if lines else 1)
            # Nothing but the child could wake this loop: it has no call in flight.
            assert os.waitpid(child, 0)[1] == 0
            return select.select([mailbox.fileno()], [], [], 0)[0]

        def run_in_child():
            asyncio._set_running_loop(None)
            asyncio.run(asynchronous.call("list_games"))

        print(asyncio.run(main()))
        """
    )
    assert run_ok(script) == "[]"


@posix
def test_a_child_logs_after_forks_while_the_io_thread_of_its_parent_logs(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        import logging

        logging.getLogger("iplaygames_native").setLevel(5)
        asynchronous = box.async_client()
        stop = threading.Event()

        async def load():
            while not stop.is_set():
                await asyncio.gather(*[asynchronous.call("list_games") for _ in range(8)])

        async def main():
            await asynchronous.call("list_games")

        loop = threading.Thread(target=lambda: asyncio.run(load()))
        loop.start()
        codes = set()
        for _ in range(60):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                asyncio.run(main())
                os._exit(7)
            codes.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        loop.join()
        print(codes)
        """
    )
    assert run_ok(script) == "{7}"


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


# Handlers that `atexit` runs after that of the package, because they were registered before its
# import. Each is the body of a function.
EARLY_HANDLERS = {
    "a blocking call": """
        print(client.call("list_games").status_code)
    """,
    "the first call of a new client": """
        with box.client() as other:
            print(other.call("list_games").status_code)
    """,
    "the end of a session that was opened before": """
        print(client.sessions.end(session.session_id).status_code)
    """,
    "a bulk call and a watch": """
        (ended,) = client.sessions.end_many([session.session_id])
        assert next(client.sessions.watch(session.session_id)).status == "closed"
        print(ended.unwrap().status_code)
    """,
    "an asynchronous call of a client that was used before": """
        print(asyncio.run(call(asynchronous)))
    """,
    "an asynchronous call of a new client": """
        async def main():
            async with box.async_client() as other:
                return await call(other)
        print(asyncio.run(main()))
    """,
    "a call on a thread that was started before": """
        wanted.set()
        print(results.get(timeout=30))
    """,
    "a call in a child process": """
        child = os.fork()
        if child == 0:
            os._exit(client.call("list_games").status_code == 200)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        print(client.call("list_games").status_code)
    """,
    "a call of a client with a function as its transport": """
        with ipg.Client(api_key="test-key-123", base_url="http://127.0.0.1:9", transport=send) as other:
            print(other.call("list_games").status_code)
    """,
    "a fork whose child runs the other handlers": """
        child = os.fork()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            print(client.call("list_games").status_code)
        else:
            client.call("list_games")
    """,
}
# What is in flight while the handlers run.
IN_FLIGHT = """
    import queue
    async def call(client):
        return (await client.call("list_games")).status_code
    def send(method, url, headers, body):
        return 200, [("content-type", "application/json")], b'{"success": true, "data": []}'
    asynchronous = box.async_client()
    asyncio.run(call(asynchronous))
    session = client.sessions.start(**START)
    wanted, results = threading.Event(), queue.Queue()
    def work():
        wanted.wait()
        results.put(client.call("list_games").status_code)
    def busy():
        while True:
            try:
                client.call("list_games")
            except ipg.IPlayGamesError:
                pass
    async def busy_loop():
        while True:
            await asyncio.gather(*(asynchronous.call("list_games") for _ in range(4)), return_exceptions=True)
            await asyncio.sleep(0.001)
    box.fault("get_api_v1_producers", delay_ms=60_000, times=0)
    threading.excepthook = lambda _: None
    before = box.counts()["requests"]["total"]
    threading.Thread(target=work, daemon=True).start()
    for _ in range(2):
        threading.Thread(target=busy, daemon=True).start()
        threading.Thread(target=client.games.list_producers, daemon=True).start()
    threading.Thread(target=lambda: asyncio.run(busy_loop()), daemon=True).start()
    arrived(before + 20)
"""


@posix
@pytest.mark.parametrize("handler", EARLY_HANDLERS, ids=lambda name: name.replace(" ", "_"))
def test_a_handler_that_was_registered_before_the_import_may_make_calls(
    run: Run, handler: str
) -> None:
    body = textwrap.indent(textwrap.dedent(EARLY_HANDLERS[handler]), "    ")
    script = f"import atexit\n@atexit.register\ndef early():\n{body}\n" + with_preamble(IN_FLIGHT)
    started = time.monotonic()
    done = run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
    # The calls in flight, of which some would last for a minute, are canceled.
    assert time.monotonic() - started < 50


def test_a_thread_that_makes_calls_while_the_handlers_run_is_not_interrupted(run_ok: RunOk) -> None:
    script = """
        import atexit
        @atexit.register
        def early():
            print(thread_has_called.wait(30) and client.call("list_games").status_code)
    """
    script = textwrap.dedent(script) + with_preamble(
        """
        thread_has_called = threading.Event()
        handlers_run = threading.Event()
        atexit.register(handlers_run.set)
        def work():
            handlers_run.wait()
            for _ in range(20):
                client.call("list_games")
            thread_has_called.set()
        threading.Thread(target=work, daemon=True).start()
        """
    )
    assert run_ok(script) == "200"


def test_a_program_that_clears_its_exit_handlers_goes_on_making_calls(run_ok: RunOk) -> None:
    script = with_preamble(
        """
        import atexit
        atexit._clear()
        print(client.call("list_games").status_code)
        """
    )
    assert run_ok(script) == "200"


def test_threads_that_repeat_refused_calls_neither_delay_the_exit_nor_end_the_process(
    run: Run,
) -> None:
    # Each thread calls again at once after every error, as a careless program does.
    script = """
    import threading, time
    from iplaygames_native import Sandbox
    sandbox = Sandbox()
    client = sandbox.client()
    def poll():
        while True:
            try:
                client.call("list_games")
            except Exception:
                pass
    for _ in range(20):
        threading.Thread(target=poll, daemon=True).start()
    time.sleep(0.3)
    print("end")
    """
    for _ in range(3):
        started = time.monotonic()
        done = run(script)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "end", "")
        # It takes half a second; the exit would give up waiting after five.
        assert time.monotonic() - started < 5


def test_other_threads_are_refused_after_the_handlers_of_atexit_were_run(run_ok: RunOk) -> None:
    script = """
    import atexit, threading, traceback
    from iplaygames_native import ClosedError, Sandbox
    sandbox = Sandbox()
    client = sandbox.client()
    client.call("list_games")
    atexit._run_exitfuncs()
    frames = []
    def call():
        for _ in range(3):
            try:
                client.call("list_games")
            except ClosedError as error:
                frames.append(len(list(traceback.walk_tb(error.__traceback__))))
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    call()
    assert len(frames) == 6 and len(set(frames)) == 1, frames
    """
    run_ok(script)


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


def test_a_session_that_is_open_at_exit_is_reported_and_not_an_import_error(run: Any) -> None:
    done = run("""
        from iplaygames_native import sandbox
        box = sandbox()
        client = box.client()
        def play():
            with client.sessions.open(
                game_id=1, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1"
            ) as session:
                yield session
        playing = play()
        next(playing)
    """)
    assert done.returncode == 0
    assert "ImportError" not in done.stderr and "interpreter is exiting" in done.stderr


def test_a_free_threaded_interpreter_without_a_module_of_its_own_is_refused_by_name(
    run: Run,
) -> None:
    done = run(
        """
        import sys
        sys.version = sys.version.replace("(", "free-threading build (", 1)
        import iplaygames_native
        """
    )
    major, minor = sys.version_info[:2]
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(
        "ImportError: iplaygames_native does not support the free-threaded build of Python "
        f"{major}.{minor}:"
    )
    assert f"Use the other build, python{major}.{minor}," in last


def test_a_free_threaded_interpreter_with_a_module_of_its_own_is_accepted(
    run_ok: RunOk, tmp_path: Path
) -> None:
    import importlib.machinery
    import shutil

    package = Path(iplaygames_native.__file__).parent
    copy = tmp_path / "iplaygames_native"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("_core.*", "__pycache__"))
    native = iplaygames_native._core.__file__
    shutil.copy(native, copy / f"_core{importlib.machinery.EXTENSION_SUFFIXES[0]}")
    script = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        sys.version = sys.version.replace("(", "free-threading build (", 1)
        import iplaygames_native
        print(iplaygames_native.__file__)
    """
    assert run_ok(script) == str(copy / "__init__.py")


def test_an_import_from_a_zip_file_says_what_to_do(run: Any, tmp_path: Any) -> None:
    import shutil

    folder = tmp_path / "app"
    ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    package = os.path.dirname(iplaygames_native.__file__)
    shutil.copytree(package, folder / "iplaygames_native", ignore=ignored)
    archive = shutil.make_archive(str(tmp_path / "app"), "zip", folder)
    done = run(f"import sys; sys.path.insert(0, {archive!r}); import iplaygames_native")
    assert done.returncode == 1 and "do not import it from a zip file" in done.stderr
