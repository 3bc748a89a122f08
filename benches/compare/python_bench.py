"""Measures our Python package beside what a Python programmer would take instead: `make bench-python`.

One call at a time and 32 at a time, against the same nginx, interleaved; and what an import costs.
Writes results and plots beside those of `make bench`, as NAME-python.
"""

import argparse
import re
import subprocess

import bench
import build
import machine
import report
import servers
import targets
from measure import Bench, Contender, interleaved

# Contender, the file in contenders/python, and what it imports.
CONTENDERS = [
    ("ours", "ours", "iplaygames_native"),
    ("official", "official", "iplaygames_api"),
    ("requests", "requests_", "requests"),
    ("httpx", "httpx_", "httpx"),
    ("aiohttp", "aiohttp_", "aiohttp"),
    ("pycurl", "pycurl_", "pycurl"),
]
AT_A_TIME = 32


def imports(python, modules, rounds):
    """The best of so many fresh processes, in ms, as `-X importtime` tells it. Interleaved, too."""
    best = {}
    for _ in range(rounds):
        for name, module in modules:
            done = subprocess.run([python, "-I", "-X", "importtime", "-c", f"import {module}"],
                                  capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"import {module}:\n{done.stderr}")
            # self [us] | cumulative | name; a module's own line has no blanks before its name.
            total = re.search(rf"\|\s*(\d+) \| {re.escape(module)}$", done.stderr, re.M)
            best[name] = min(best.get(name, float("inf")), int(total[1]) / 1000)
    return {name: {"ms": ms} for name, ms in best.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls")
    parser.add_argument("--name", default="latest", help="what the results are called")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    given = parser.parse_args()
    rounds, calls = (4, 450) if given.quick else (20, 750)
    build.debian(build.DEBIAN)
    # pycurl is built from source where there is no wheel: hence libcurl's headers.
    python = build.venv(["iplaygames-api", "requests", "httpx", "aiohttp", "pycurl", "matplotlib"])
    ours = build.python_package(python)
    known = [row for row in CONTENDERS if ours or row[0] != "ours"]
    who = [Contender(name, [python, build.HERE / "contenders" / "python" / f"{file}.py"]) for name, file, _ in known]
    server_cpus, own_cpus = bench.processors(given)
    runner = Bench(own_cpus)
    results = {"machine": machine.facts(build.ROOT, python) | {"rounds": rounds, "calls": calls,
                                                               "pinned": own_cpus is not None}}
    results["python"] = {}
    with servers.Nginx(build.OUT / "nginx-python", server_cpus) as nginx:
        url = nginx.urls["http"]
        # As `bench.py` does, and for the same reason.
        for name, where in [("sync", Bench(server_cpus)), ("sync, apart", runner)]:
            build.say(f"one call at a time: {name}")
            results["python"][name] = interleaved(
                who, rounds, lambda c, where=where: where.run(c, "session", url, calls, warm=300))
        build.say(f"{AT_A_TIME} at a time")
        results["python"]["32-way"] = interleaved(
            who, rounds, lambda c: runner.run(c, "flight", url, calls, warm=300, flight=AT_A_TIME))
    build.say("imports")
    modules = [(name, module) for name, _, module in known] + [("ssl", "ssl")]
    results["python"]["import"] = imports(python, modules, 5 if given.quick else 20)
    results["targets"] = targets.verdicts(targets.PYTHON, results)
    report.calls("Python: start, status, end, one call at a time, on the server's processor. × is divided by ours",
                 results["python"]["sync"])
    report.calls("Python: the same, on another processor than the server", results["python"]["sync, apart"])
    report.calls(f"Python: status, {AT_A_TIME} at a time", results["python"]["32-way"])
    report.table("Python: import, the best of fresh processes", ["", "ms"],
                 [[name, row["ms"]] for name, row in results["python"]["import"].items()])
    report.verdicts("Targets", results["targets"])
    bench.warn_of_load(results["machine"])
    bench.write(results, f"{given.name}-python", python)


if __name__ == "__main__":
    main()
