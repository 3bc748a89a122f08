"""The arguments, measurements and output of every Python contender, as `contender.h` describes
them.

A contender calls `run` with `connect(base_url, ca)`, which returns a function of an operation and a
session id. A contender with concurrent calls also passes `flight(run)`; for other contenders
`threads` makes concurrent calls.
"""

import array
import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

TOKEN = "bench-key"
PLAYER = {
    "game_id": 123,
    "player_id": "player_456",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
START, STATUS, END = range(3)


def route(base_url, operation, session):
    """Returns the method and the URL, for contenders that are plain HTTP clients."""
    base = f"{base_url}/api/v1/game-sessions"
    if operation == START:
        return "POST", f"{base}/start"
    return ("GET", f"{base}/{session}/status") if operation == STATUS else ("POST", f"{base}/{session}/end")


def check(operation, status, document):
    """Ends the process if a response is not a success."""
    if status != (201 if operation == START else 200) or document.get("success") is not True:
        sys.exit(f"operation {operation}: {status} {document}")


def process_status(key):
    """Returns a number of /proc/self/status."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))


class Run:
    def __init__(self, arguments):
        self.mode, self.base_url, calls, *options = arguments
        self.calls = int(calls)
        options = dict(option.split("=", 1) for option in options)
        self.warm = int(options.pop("warm", 0))
        self.flight = int(options.pop("flight", 1))
        self.session = options.pop("session", "abc123")
        self.ca = options.pop("ca", None)
        self.latencies = options.pop("latencies", None)
        if options:
            sys.exit(f"Unknown options: {options}.")
        self.times = array.array("Q")

    def start(self):
        self.before = resource.getrusage(resource.RUSAGE_SELF)
        self.started = time.perf_counter()

    def record(self, started_ns):
        self.times.append(time.perf_counter_ns() - started_ns)

    def finish(self):
        elapsed = time.perf_counter() - self.started
        after = resource.getrusage(resource.RUSAGE_SELF)
        if len(self.times) != self.calls:
            sys.exit(f"{self.calls - len(self.times)} calls have not completed.")
        if self.latencies:
            with open(self.latencies, "wb") as file:
                self.times.tofile(file)
        print(
            json.dumps(
                {
                    "calls": self.calls,
                    "seconds": elapsed,
                    "user_s": after.ru_utime - self.before.ru_utime,
                    "sys_s": after.ru_stime - self.before.ru_stime,
                    "switches": after.ru_nvcsw + after.ru_nivcsw - self.before.ru_nvcsw - self.before.ru_nivcsw,
                    "rss_kb": process_status("VmHWM:"),
                    "threads": process_status("Threads:"),
                }
            )
        )


def one_at_a_time(run, call):
    session, operations = run.session, (START, STATUS, END) if run.mode == "session" else (STATUS,)
    for i in range(run.warm):
        call(operations[i % len(operations)], session)
    run.start()
    for i in range(run.calls):
        started = time.perf_counter_ns()
        call(operations[i % len(operations)], session)
        run.record(started)
    run.finish()


def threads(run, call):
    """Makes concurrent calls with threads, for clients without asynchronous calls."""

    def timed(_):
        started = time.perf_counter_ns()
        call(STATUS, run.session)
        return started, time.perf_counter_ns()

    with ThreadPoolExecutor(run.flight) as pool:
        list(pool.map(timed, range(run.warm)))
        run.start()
        for started, ended in pool.map(timed, range(run.calls)):
            run.times.append(ended - started)
        run.finish()


async def gather(run, call):
    """Makes concurrent calls with asyncio: each of `run.flight` tasks makes its share of the
    calls."""
    import asyncio

    async def worker(share, measured):
        for _ in range(share):
            started = time.perf_counter_ns()
            await call(run.session)
            if measured:
                run.record(started)

    def shares(total):
        return [total // run.flight + (i < total % run.flight) for i in range(run.flight)]

    await asyncio.gather(*(worker(share, False) for share in shares(run.warm)))
    run.start()
    await asyncio.gather(*(worker(share, True) for share in shares(run.calls)))
    run.finish()


def run(connect=None, flight=None):
    this = Run(sys.argv[1:])
    if this.mode == "flight":
        flight(this) if flight else threads(this, connect(this.base_url, this.ca))
    elif this.mode in ("session", "status") and connect:
        one_at_a_time(this, connect(this.base_url, this.ca))
    else:
        sys.exit(f"This contender has no mode {this.mode}.")
