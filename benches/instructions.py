"""Counts user instructions with callgrind and compares them with `instructions.json`: `make
instructions`.

Instructions do not depend on who else uses the machine, so that growth is found in CI, where times
say nothing. Each figure is the difference of two run lengths: start-up cancels out. The server
answers after a pause, so that a call finds its answer in the same way each time: not yet there,
then waited for. What stays is a little noise of hash seeds and addresses; the lowest of some runs
is taken.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "compare"))

import build
import machine
import report
from measure import Bench, Contender
from servers import Held

BASELINE = Path(__file__).resolve().parent / "instructions.json"
# Growth that fails. Another compiler makes other code, another processor gets other
# code of the C library: then the allowance is wider.
ALLOWED, ALLOWED_ELSEWHERE = 0.05, 0.20
# Timers and sockets make this one differ by up to a tenth from run to run.
NOISY = {"tick with 100 waiting": 0.10}
# Long enough for the client, which valgrind makes fifty times slower, to be waiting when the answer
# comes.
PAUSE_US = 4000

# What is counted: mode, lengths, options. Both lengths are whole rounds of start, status, end.
SCENARIOS = {
    "blocking start, status, end": ("session", 90, 390, {"warm": 60}),
    "blocking status": ("status", 90, 390, {"warm": 60}),
    "submit and wait": ("wait", 90, 390, {"warm": 60}),
    "tick with 100 waiting": ("ticks", 200, 2200, {"flight": 100, "connections": 100, "session": "held"}),
    "idle tick": ("idle", 1000, 21_000, {"warm": 100}),
    "a start refused": ("refused", 200, 1200, {"warm": 100}),
    "ipg_json_get": ("get", 200, 1200, {"warm": 100}),
}


def count(programs):
    bench = Bench()
    ours = Contender("ours", [programs["ours"]])
    counted = {}
    for name, (mode, short, long, options) in SCENARIOS.items():
        # What makes no call needs no pause; a tick scenario's own questions are answered at once
        # anyway.
        with Held(programs["server"], PAUSE_US) as server:
            counted[name] = bench.instructions(ours, mode, server.url, short, long, **options)
    return counted


def versions():
    facts = machine.facts(build.ROOT)
    return {key: facts[key] for key in ("rustc", "libc", "valgrind", "cpu")}


def compare(counted, baseline, allowed):
    """Rows for people, and the names of what grew too much or has no baseline."""
    rows, bad = [], []
    for name, now in counted.items():
        before = baseline.get(name)
        growth = None if before is None else now / before - 1
        word = (
            "not in the baseline" if growth is None else "GREW" if growth > max(allowed, NOISY.get(name, 0)) else "ok"
        )
        if word != "ok":
            bad.append(name)
        rows.append([name, before, now, "–" if growth is None else f"{growth:+.1%}", word])
    return rows, bad + [f"{name} (counted no more)" for name in baseline if name not in counted]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="make what is counted now the baseline")
    parser.add_argument("--runs", type=int, default=2, help="how often everything is counted (2)")
    given = parser.parse_args()
    build.debian({"valgrind": "valgrind"})
    programs = build.c_programs("ours", "server")
    runs = []
    for number in range(given.runs):
        build.say(f"counting, {number + 1} of {given.runs}")
        runs.append(count(programs))
    counted = {name: round(min(run[name] for run in runs), 1) for name in SCENARIOS}
    spread = {name: max(run[name] for run in runs) / min(run[name] for run in runs) - 1 for name in SCENARIOS}
    worst = max(spread, key=spread.get)
    now = versions()
    if given.accept:
        BASELINE.write_text(json.dumps({"versions": now, "instructions": counted}, indent=2) + "\n")
        report.table("Instructions, accepted", ["", "instructions"], counted.items())
        print(f"\nThe runs differed by {spread[worst]:.2%} at most ({worst}).")
        return
    kept = json.loads(BASELINE.read_text())
    other = {key: (kept["versions"].get(key), now[key]) for key in now if kept["versions"].get(key) != now[key]}
    allowed = ALLOWED_ELSEWHERE if other else ALLOWED
    for key, (before, after) in other.items():
        print(f"The baseline was counted with {before}; this is {after}: {allowed:.0%} of growth is let pass.")
    rows, bad = compare(counted, kept["instructions"], allowed)
    report.table(f"Instructions, at most {allowed:.0%} more than the baseline", ["", "baseline", "now", "", ""], rows)
    print(f"\nThe runs differed by {spread[worst]:.2%} at most ({worst}).")
    if bad:
        print(f"Too many: {', '.join(bad)}. If that is as it should be: make instructions ACCEPT=1")
    print(f"{len(rows) - len([row for row in rows if row[-1] != 'ok'])} passed, {len(bad)} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
