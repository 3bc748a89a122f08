"""What every contender in Python is told, measures and answers: the same as `contender.h` says.

A contender calls `run` with `connect(base_url, ca)`, which gives a function of (operation, session id), and, if
it can have many calls at a time, `flight(run)`. What needs no more than threads for that uses `threads`.
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
    """Method and URL, for the contenders that know HTTP and no API."""
    base = f"{base_url}/api/v1/game-sessions"
    if operation == START:
        return "POST", f"{base}/start"
    return ("GET", f"{base}/{session}/status") if operation == STATUS else ("POST", f"{base}/{session}/end")


def check(operation, status, document):
    """What a careful user looks at."""
    if status != (201 if operation == START else 200) or document.get("success") is not True:
        sys.exit(f"operation {operation}: {status} {document}")


def own_status(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))


class Run:
    def __init__(self, words):
        self.mode, self.base_url, calls, *options = words
        self.calls = int(calls)
        options = dict(option.split("=", 1) for option in options)
        self.warm = int(options.pop("warm", 0))
        self.flight = int(options.pop("flight", 1))
        self.session = options.pop("session", "abc123")
        self.ca = options.pop("ca", None)
        self.latencies = options.pop("latencies", None)
        if options:
            sys.exit(f"unknown keys: {options}")
        self.times = array.array("Q")

    def begin(self):
        self.before = resource.getrusage(resource.RUSAGE_SELF)
        self.began = time.perf_counter()

    def took(self, began_ns):
        self.times.append(time.perf_counter_ns() - began_ns)

    def finish(self):
        elapsed = time.perf_counter() - self.began
        after = resource.getrusage(resource.RUSAGE_SELF)
        if len(self.times) != self.calls:
            sys.exit(f"{self.calls - len(self.times)} calls are missing")
        if self.latencies:
            with open(self.latencies, "wb") as file:
                self.times.tofile(file)
        print(json.dumps({
            "calls": self.calls,
            "seconds": elapsed,
            "user_s": after.ru_utime - self.before.ru_utime,
            "sys_s": after.ru_stime - self.before.ru_stime,
            "switches": after.ru_nvcsw + after.ru_nivcsw - self.before.ru_nvcsw - self.before.ru_nivcsw,
            "rss_kb": own_status("VmHWM:"),
            "threads": own_status("Threads:"),
        }))


def one_at_a_time(run, call):
    session, operations = run.session, (START, STATUS, END) if run.mode == "session" else (STATUS,)
    for i in range(run.warm):
        call(operations[i % len(operations)], session)
    run.begin()
    for i in range(run.calls):
        began = time.perf_counter_ns()
        call(operations[i % len(operations)], session)
        run.took(began)
    run.finish()


def threads(run, call):
    """Many at a time, for clients that have no other way."""
    def timed(_):
        began = time.perf_counter_ns()
        call(STATUS, run.session)
        return began, time.perf_counter_ns()

    with ThreadPoolExecutor(run.flight) as pool:
        list(pool.map(timed, range(run.warm)))
        run.begin()
        for began, ended in pool.map(timed, range(run.calls)):
            run.times.append(ended - began)
        run.finish()


async def gather(run, call):
    """Many at a time, for clients that are awaited: so many tasks, each calling until all is done."""
    import asyncio

    async def worker(share, measured):
        for _ in range(share):
            began = time.perf_counter_ns()
            await call(run.session)
            if measured:
                run.took(began)

    def shares(total):
        return [total // run.flight + (i < total % run.flight) for i in range(run.flight)]

    await asyncio.gather(*(worker(share, False) for share in shares(run.warm)))
    run.begin()
    await asyncio.gather(*(worker(share, True) for share in shares(run.calls)))
    run.finish()


def run(connect=None, flight=None):
    this = Run(sys.argv[1:])
    if this.mode == "flight":
        flight(this) if flight else threads(this, connect(this.base_url, this.ca))
    elif this.mode in ("session", "status") and connect:
        one_at_a_time(this, connect(this.base_url, this.ca))
    else:
        sys.exit(f"mode {this.mode}: not this contender's")
