"""What was promised before anything was measured. A target is not changed here because it is not
met."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    what: str
    limit: float
    # "at most" or "at least"
    sense: str
    unit: str
    # Finds the measured value in the results; None when that part did not run.
    find: Callable[[dict], float | None]

    def met(self, value):
        return value <= self.limit if self.sense == "at most" else value >= self.limit


def call(results, contender, key, mode="session", transport="http"):
    return results["calls"][f"{mode} over {transport}"][contender][key]


def ratio(part, key, other, mode="session"):
    return lambda r: call(r, part, key, mode) / call(r, other, key, mode)


def paired(one, other, key):
    """How two stood in the middle round: each is compared with its neighbour in time, as the
    machine wanders."""
    return statistics.median(a / b for a, b in zip(one[key], other[key], strict=True))


def p50(other):
    return lambda r: paired(
        r["calls"]["session over http"]["ours"], r["calls"]["session over http"][other], "p50_rounds_us"
    )


def flight(ours):
    """Ours against the better of libcurl's two ways, with a thousand calls in flight."""

    def find(r):
        at = r["flight"]["http"]["1000"]
        theirs = [
            at[name]["calls_per_s"]
            for name in (
                ["libcurl multi, epoll, 32 sockets", "libcurl multi, poll, 32 sockets"]
                if "32" in ours
                else ["libcurl multi, epoll", "libcurl multi, poll"]
            )
        ]
        return at[ours]["calls_per_s"] / max(theirs)

    return find


def threads_made(r):
    runs = [entry["ours"]["threads"] for entry in r["calls"].values()]
    runs += [at[name]["threads"] for at in r["flight"]["http"].values() for name in at if name.startswith("ours")]
    return max(runs) - 1


def tick_over_epoll(r):
    at = r["ticks"]["1000"]
    return at["ours"]["p50_us"] - at["epoll_wait alone"]["p50_us"]


NATIVE = [
    Target("blocking call, one thread, p50 against libcurl easy", 0.90, "at most", "×", p50("libcurl easy")),
    Target("blocking call, one thread, p50 against a raw socket", 1.35, "at most", "×", p50("raw socket")),
    Target(
        "user instructions per call against libcurl easy",
        0.60,
        "at most",
        "×",
        ratio("ours", "instructions", "libcurl easy"),
    ),
    Target(
        "1,000 in flight, one thread, calls/s against libcurl multi, a socket each",
        1.2,
        "at least",
        "×",
        flight("ours"),
    ),
    Target(
        "1,000 in flight, one thread, calls/s against libcurl multi, 32 sockets each",
        1.2,
        "at least",
        "×",
        flight("ours, 32 sockets"),
    ),
    Target("threads made by blocking and ticked use", 0, "at most", "", threads_made),
    Target("idle tick", 50, "at most", "ns", lambda r: r["small"]["idle tick"]["ns"]),
    Target("allocations of an idle tick", 0, "at most", "", lambda r: r["small"]["idle tick"]["allocations"]),
    Target("tick with 1,000 waiting and nothing ready, over epoll_wait", 2, "at most", "µs", tick_over_epoll),
    Target(
        "shared library, slim build, stripped, with TLS and HTTP/2",
        3_000_000,
        "at most",
        "bytes",
        lambda r: r["size"]["ours"],
    ),
    Target(
        "dlopen and ipg_client_new",
        2_000,
        "at most",
        "µs",
        lambda r: r["startup"]["http"]["ours"]["open_us"] + r["startup"]["http"]["ours"]["make_us"],
    ),
]

PYTHON = [
    Target(
        "sync calls/s against the official client",
        3,
        "at least",
        "×",
        lambda r: paired(r["python"]["sync"]["ours"], r["python"]["sync"]["official"], "calls_per_s_rounds"),
    ),
    Target(
        "32-way async calls/s against the official client (32 threads)",
        4,
        "at least",
        "×",
        lambda r: r["python"]["32-way"]["ours"]["calls_per_s"] / r["python"]["32-way"]["official"]["calls_per_s"],
    ),
    Target(
        "import time against `import ssl`",
        0.5,
        "at most",
        "×",
        lambda r: r["python"]["import"]["ours"]["ms"] / r["python"]["import"]["ssl"]["ms"],
    ),
]


def verdicts(targets, results):
    """One row a target: what, target, measured, and whether it is met (None: not measured in this
    run)."""
    rows = []
    for target in targets:
        try:
            value = target.find(results)
        except KeyError:
            value = None
        rows.append(
            {
                "what": target.what,
                "target": f"{target.sense} {target.limit:,} {target.unit}".strip(),
                "measured": value,
                "unit": target.unit,
                "met": None if value is None else target.met(value),
            }
        )
    return rows
