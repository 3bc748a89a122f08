"""Compares the Python package with other Python HTTP clients: `make bench-python`.

Measures one call at a time, 32 calls at a time, and the time of an import. All clients use the same
nginx, and their runs are interleaved. Writes results and plots next to those of `make bench`, as
NAME-python.
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

# The contender, its file in contenders/python, and the module that it imports.
CONTENDERS = [
    ("ours", "ours", "iplaygames_native"),
    ("official", "official", "iplaygames_api"),
    ("requests", "requests_", "requests"),
    ("httpx", "httpx_", "httpx"),
    ("aiohttp", "aiohttp_", "aiohttp"),
    ("pycurl", "pycurl_", "pycurl"),
]
CONCURRENCY = 32


def measure_imports(python, modules, rounds):
    """Returns the shortest import time of each module in ms, of `rounds` new processes.

    `-X importtime` measures the time. The processes of the modules are interleaved.
    """
    best = {}
    for _ in range(rounds):
        for name, module in modules:
            done = subprocess.run(
                [python, "-I", "-X", "importtime", "-c", f"import {module}"], capture_output=True, text=True
            )
            if done.returncode:
                raise SystemExit(f"import {module}:\n{done.stderr}")
            # self [us] | cumulative | name; a module's own line has no blanks before its name.
            total = re.search(rf"\|\s*(\d+) \| {re.escape(module)}$", done.stderr, re.M)
            best[name] = min(best.get(name, float("inf")), int(total[1]) / 1000)
    return {name: {"ms": ms} for name, ms in best.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls")
    parser.add_argument("--name", default="latest", help="name of the results")
    parser.add_argument("--no-pin", action="store_true", help="do not pin processes to processors")
    arguments = parser.parse_args()
    rounds, calls = (4, 450) if arguments.quick else (20, 750)
    build.debian(build.DEBIAN)
    # Systems without a wheel of pycurl build it from source, which needs the headers of libcurl.
    python = build.venv(["iplaygames-api", "requests", "httpx", "aiohttp", "pycurl", "matplotlib"])
    ours = build.python_package(python)
    known = [row for row in CONTENDERS if ours or row[0] != "ours"]
    folder = build.HERE / "contenders" / "python"
    contenders = [Contender(name, [python, folder / f"{file}.py"]) for name, file, _ in known]
    server_cpus, own_cpus = bench.processors(arguments)
    runner = Bench(own_cpus)
    results = {
        "machine": machine.facts(build.ROOT, python)
        | {"rounds": rounds, "calls": calls, "pinned": own_cpus is not None}
    }
    results["python"] = {}
    with servers.Nginx(build.OUT / "nginx-python", server_cpus) as nginx:
        url = nginx.urls["http"]
        # `bench.py` measures both placements, too, and says why.
        for name, placement in [("sync", Bench(server_cpus)), ("sync, apart", runner)]:
            build.say(f"one call at a time: {name}")
            results["python"][name] = interleaved(
                contenders, rounds, lambda c, placement=placement: placement.run(c, "session", url, calls, warm=300)
            )
        build.say(f"{CONCURRENCY} at a time")
        results["python"]["32-way"] = interleaved(
            contenders, rounds, lambda c: runner.run(c, "flight", url, calls, warm=300, flight=CONCURRENCY)
        )
    build.say("imports")
    modules = [(name, module) for name, _, module in known] + [("ssl", "ssl")]
    results["python"]["import"] = measure_imports(python, modules, 5 if arguments.quick else 20)
    results["targets"] = targets.verdicts(targets.PYTHON, results)
    report.calls(
        "Python: start, status, end, one call at a time, on the server's processor. × is divided by ours",
        results["python"]["sync"],
    )
    report.calls("Python: the same, on another processor than the server", results["python"]["sync, apart"])
    report.calls(f"Python: status, {CONCURRENCY} at a time", results["python"]["32-way"])
    report.table(
        "Python: import, the best of fresh processes",
        ["", "ms"],
        [[name, row["ms"]] for name, row in results["python"]["import"].items()],
    )
    report.verdicts("Targets", results["targets"])
    bench.warn_of_load(results["machine"])
    bench.write(results, f"{arguments.name}-python", python)


if __name__ == "__main__":
    main()
