"""Measures this library beside what its users would take instead, in one run: `make bench`.

Starts nginx on loopback, builds every contender, runs them interleaved, prints tables and the
verdict on each target, and writes the figures and their plots. docs/performance.md says what is
measured, and how.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

import build
import machine
import report
import servers
import targets
from measure import Bench, Contender, interleaved

PARTS = ["calls", "apart", "instructions", "flight", "ticks", "bodies", "small", "startup", "size"]
WARM = 300
# The machine wanders by a third within seconds: many short rounds, so that neighbours in time can
# be compared.
SHORTER = 6


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls: a minute or two")
    parser.add_argument("--rounds", type=int, help="how often each contender runs (5; quick: 2)")
    parser.add_argument("--calls", type=int, help="calls of a run (6000; quick: 1500)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="only these parts")
    parser.add_argument("--name", default="latest", help="what the results are called")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    given = parser.parse_args()
    given.rounds = given.rounds or (2 if given.quick else 5)
    given.calls = (given.calls or (1500 if given.quick else 6000)) // 3 * 3
    return given


class Comparison:
    def __init__(self, given, bench, beside, nginx, programs, contenders):
        # On a processor of its own, and on the server's.
        self.given, self.bench, self.beside, self.nginx = given, bench, beside, nginx
        self.programs, self.contenders = programs, contenders
        # For curves, whose points support each other.
        self.few = min(given.rounds, 3)
        self.results = {}

    def _ca(self, transport):
        return None if transport == "http" else self.nginx.ca

    def calls(self):
        """One call at a time, over each transport, on the server's processor: there each call is a
        switch from one to the other and back. On two, each waits twice for a processor that has
        gone to sleep, which takes as long as all the rest and is the machine's own."""
        ways = [("session", "http"), ("status", "http"), ("session", "https"), ("session", "h2")]
        self.results["calls"] = self._one_at_a_time(self.beside, ways)

    def apart(self):
        """The same with a processor for the server and one for the contender."""
        self.results["apart"] = self._one_at_a_time(self.bench, [("session", "http")])

    def _one_at_a_time(self, bench, ways):
        results = {}
        for mode, transport in ways:
            build.say(f"one call at a time: {mode} over {transport}")
            who = [c for c in self.contenders if c.tls or transport == "http"]
            # The Python and JavaScript clients know no HTTP/2.
            who = [c for c in who if c.slow == 1 or transport == "http"]
            entries = interleaved(
                who,
                self.given.rounds * SHORTER,
                lambda c: bench.run(
                    c,
                    mode,
                    self.nginx.urls[transport],
                    self.given.calls // SHORTER // c.slow // 3 * 3,
                    warm=WARM,
                    ca=self._ca(transport),
                ),
            )
            results[f"{mode} over {transport}"] = entries
        return results

    def instructions(self):
        """Into the entries of `calls`: what does not depend on who else uses this machine."""
        modes = ["session"] if self.given.quick else ["session", "status"]
        for mode in modes:
            what = f"{mode} over http"
            entries = self.results.setdefault("calls", {}).get(what)
            if entries is None:
                raise SystemExit("--only instructions needs calls as well")
            for c in self.contenders:
                # An interpreter under callgrind takes a minute: the main job alone, and not in a
                # hurry.
                if not c.countable or c.slow > 1 and (self.given.quick or mode == "status"):
                    continue
                build.say(f"instructions and allocations: {c.name}, {mode}")
                short, long = (60, 360) if c.slow == 1 else (30, 90)
                url = self.nginx.urls["http"]
                entries[c.name]["instructions"] = self.bench.instructions(c, mode, url, short, long, warm=30)
                entries[c.name]["allocations"] = self.bench.allocations(
                    c, mode, url, 300, 1500, self.programs["mallocs"], warm=30
                )

    def flight(self):
        """Many calls at a time in one thread; a thousand is what the target speaks of."""
        ours = [str(self.programs["ours"])]
        multi = [str(self.programs["curl_multi"])]
        ways = {
            "ours": (ours, {}, True),
            "ours, 32 sockets": (ours, {"connections": 32}, False),
            "libcurl multi, epoll": (multi, {"driver": "epoll"}, False),
            "libcurl multi, poll": (multi, {"driver": "poll"}, False),
            "libcurl multi, epoll, 32 sockets": (multi, {"driver": "epoll", "connections": 32}, False),
            "libcurl multi, poll, 32 sockets": (multi, {"driver": "poll", "connections": 32}, False),
            "reqwest async": ([str(self.programs["reqwest_async"])], {}, False),
        }
        self.results["flight"] = {}
        counts = {"http": [1, 8, 64, 512, 1000, 4096], "h2": [1, 8, 64, 512]}
        if self.given.quick:
            counts = {"http": [1, 64, 1000], "h2": [64]}
        for transport, all_counts in counts.items():
            by_flight = self.results["flight"][transport] = {}
            for count in all_counts:
                build.say(f"{count} calls in flight over {transport}")
                # Over HTTP/2 all go through few connections anyway.
                who = [
                    Contender(name, command)
                    for name, (command, options, _) in ways.items()
                    if count > 32 and transport == "http" or "32" not in name
                ]

                def measure(c):
                    _, options, own_limit = ways[c.name]
                    options = options | ({"connections": min(count, 4096)} if own_limit else {})
                    # A single call at a time is slower than many: fewer of them say as much.
                    calls = max(4 * count, self.given.calls * (1 if count == 1 else 2))
                    return self.bench.run(
                        c,
                        "flight",
                        self.nginx.urls[transport],
                        calls,
                        flight=count,
                        warm=2 * count,
                        ca=self._ca(transport),
                        **options,
                    )

                by_flight[str(count)] = interleaved(who, self.few, measure)

    def ticks(self):
        """One round of the loop while so many calls wait and none is ready."""
        self.results["ticks"] = {}
        for count in [10, 1000] if self.given.quick else [1, 10, 100, 1000, 4096]:
            build.say(f"a tick with {count} calls waiting")
            ways = {
                "ours": ([self.programs["ours"], "ticks"], {"connections": count}),
                "libcurl multi, epoll": ([self.programs["curl_multi"], "ticks"], {"driver": "epoll"}),
                "libcurl multi, poll": ([self.programs["curl_multi"], "ticks"], {"driver": "poll"}),
                "epoll_wait alone": ([self.programs["ours"], "epoll"], {}),
            }

            def measure(c):
                (program, mode), options = ways[c.name]
                # Each run has a server of its own: it counts what it holds.
                with servers.Held(self.programs["server"], cpus=self.nginx.cpus) as held:
                    calls = 1000 if "poll" in c.name and count > 100 else 5000
                    return self.bench.run(
                        Contender(c.name, [program]), mode, held.url, calls, flight=count, session="held", **options
                    )

            who = [Contender(name, []) for name in ways]
            self.results["ticks"][str(count)] = interleaved(who, self.few, measure)

    def bodies(self):
        """A blocking status call whose answer has so many bytes."""
        self.results["bodies"] = {}
        who = [c for c in self.contenders if c.slow == 1]
        for size in servers.SIZES[::3] if self.given.quick else servers.SIZES:
            build.say(f"answers of {size} bytes")
            calls = max(200, min(self.given.calls, 200_000_000 // (size * 10)))
            self.results["bodies"][str(size)] = interleaved(
                who,
                self.few,
                lambda c: self.beside.run(c, "status", self.nginx.urls["http"], calls, warm=50, session=f"size-{size}"),
            )

    def small(self):
        """What makes no call at all."""
        build.say("idle ticks, ipg_json_get, refused arguments")
        ours = Contender("ours", [self.programs["ours"]])
        self.results["small"] = {}
        for name, mode in [("idle tick", "idle"), ("ipg_json_get", "get"), ("a start refused", "refused")]:
            count = 1_000_000 if mode == "idle" else 100_000
            runs = [
                self.bench.run(ours, mode, self.nginx.urls["http"], count, warm=1000, latencies=False)
                for _ in range(self.given.rounds)
            ]
            self.results["small"][name] = {
                "ns": statistics.median(r["seconds"] / r["calls"] * 1e9 for r in runs),
                "instructions": self.bench.instructions(ours, mode, self.nginx.urls["http"], 1000, 11_000, warm=100),
                "allocations": self.bench.allocations(
                    ours, mode, self.nginx.urls["http"], 1000, 11_000, self.programs["mallocs"], warm=100
                ),
            }

    def startup(self):
        """Each in a fresh process; over TLS with the system's certificates loaded beside our CA."""
        build.say("start-up")
        bundle = build.OUT / "bundle.pem"
        system = next(
            (
                p
                for p in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
                if os.path.exists(p)
            ),
            None,
        )
        bundle.write_bytes((open(system, "rb").read() if system else b"") + self.nginx.ca.read_bytes())
        curl = subprocess.run(["ldd", self.programs["curl_easy"]], capture_output=True, text=True).stdout
        curl = next(line.split()[2] for line in curl.splitlines() if "libcurl.so" in line)
        self.results["startup"] = {}
        for transport in ("http", "https", "h2"):
            url, tls = self.nginx.urls[transport], transport != "http"
            ways = {
                "ours": [
                    self.programs["startup_ours"],
                    build.LIBRARY / "libiplaygames.so",
                    url,
                    *([self.nginx.ca] if tls else []),
                ],
                "libcurl easy": [self.programs["startup_curl"], curl, url, *([bundle] if tls else [])],
            }
            seen = {name: [] for name in ways}
            for _ in range(self.given.rounds * 6):
                for name, command in ways.items():
                    seen[name].append(json.loads(self.bench.output(command)))
            self.results["startup"][transport] = {
                name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
                for name, runs in seen.items()
            }

    def size(self):
        """Bytes on disk: ours has its TLS inside, libcurl brings a family of libraries along."""
        listing = subprocess.run(["ldd", self.programs["curl_easy"]], capture_output=True, text=True).stdout
        files = [line.split()[2] for line in listing.splitlines() if "=> /" in line]
        own = subprocess.run(["ldd", self.programs["raw_socket"]], capture_output=True, text=True).stdout
        family = [os.path.realpath(file) for file in files if file not in own]
        self.results["size"] = {
            "ours": (build.LIBRARY / "libiplaygames.so").stat().st_size,
            "libcurl": next(os.path.getsize(file) for file in family if "libcurl" in file),
            "libcurl and what it needs": sum(map(os.path.getsize, family)),
            "libraries of libcurl": len(family),
        }


def show(results):
    for what, entries in results.get("calls", {}).items():
        report.calls(f"One call at a time: {what}, on the server's processor. × is divided by ours", entries)
    for what, entries in results.get("apart", {}).items():
        report.calls(f"One call at a time: {what}, on another processor than the server", entries)
    for transport, by_flight in results.get("flight", {}).items():
        for count, entries in by_flight.items():
            report.calls(f"{count} calls in flight, one thread, over {transport}", entries)
    if "ticks" in results:
        names = list(next(iter(results["ticks"].values())))
        report.table(
            "One round of the loop while nothing is ready, p50 in µs",
            ["waiting", *names],
            [[count, *(entries[name]["p50_us"] for name in names)] for count, entries in results["ticks"].items()],
        )
    if "bodies" in results:
        names = list(next(iter(results["bodies"].values())))
        report.table(
            "Blocking call against the size of its answer, p50 in µs",
            ["bytes", *names],
            [[size, *(entries[name]["p50_us"] for name in names)] for size, entries in results["bodies"].items()],
        )
    if "small" in results:
        report.table(
            "Without a call",
            ["", "ns", "instructions", "allocations"],
            [[name, *row.values()] for name, row in results["small"].items()],
        )
    if "startup" in results:
        report.table(
            "Start-up, µs, fresh process each",
            ["", "dlopen", "client", "first call", "next call", "2nd client", "its first call", "RSS MB"],
            [
                [
                    f"{name} over {transport}",
                    row["open_us"],
                    row["make_us"],
                    row["first_us"],
                    row["next_us"],
                    row["make_again_us"],
                    row["first_again_us"],
                    row["rss_kb"] / 1024,
                ]
                for transport, rows in results["startup"].items()
                for name, row in rows.items()
            ],
        )
    if "size" in results:
        report.table("Size", ["", ""], [[name, value] for name, value in results["size"].items()])
    report.verdicts("Targets", results["targets"])
    warn_of_load(results["machine"])


def warn_of_load(facts):
    if facts["load before"] > 0.3 * facts["cores"]:
        print(
            f"\nThe machine was busy (load {facts['load before']:.1f} on {facts['cores']} cores): times are to be "
            "measured again when it is quiet. Instructions, allocations, threads and sizes stand."
        )


def processors(given):
    """One for the server and one for the contender, if it is not beside the server: moving about is
    the largest noise there is."""
    all_of_them = sorted(os.sched_getaffinity(0))
    if given.no_pin or len(all_of_them) < 2:
        return None, None
    return {all_of_them[-1]}, {all_of_them[0]}


def main():
    given = arguments()
    # Ends as an interrupt does: the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    began = time.monotonic()
    build.debian(build.DEBIAN)
    programs = build.c_programs() | build.rust_programs()
    python = build.venv(["iplaygames-api", "matplotlib"])
    ours_python = build.python_package(python)
    javascript = build.javascript()
    scripts = build.HERE / "contenders"
    contenders = [
        Contender("ours", [programs["ours"]]),
        Contender("libcurl easy", [programs["curl_easy"]]),
        Contender("raw socket", [programs["raw_socket"]], tls=False),
        Contender("reqwest::blocking", [programs["reqwest_blocking"]]),
        Contender("official Python", [python, scripts / "python" / "official.py"], slow=3),
    ]
    if ours_python:
        contenders.insert(4, Contender("ours, Python", [python, scripts / "python" / "ours.py"], slow=3))
    if javascript:
        contenders.append(
            Contender(
                "official JavaScript",
                ["node", scripts / "official.js"],
                {"IPLAYGAMES_JS": javascript},
                countable=False,
                slow=3,
            )
        )
    server_cpus, own_cpus = processors(given)
    facts = machine.facts(build.ROOT, python) | {
        "rounds": given.rounds,
        "calls": given.calls,
        "pinned": own_cpus is not None,
        "javascript": None if not javascript else "took part",
    }
    bench, beside = Bench(own_cpus), Bench(server_cpus)
    with servers.Nginx(build.OUT / "nginx", server_cpus) as nginx:
        comparison = Comparison(given, bench, beside, nginx, programs, contenders)
        for part in PARTS:
            if part in given.only:
                getattr(comparison, part)()
                build.say(f"{time.monotonic() - began:.0f} s since the beginning")
    results = {"machine": facts, **comparison.results}
    results["targets"] = targets.verdicts(targets.NATIVE, results)
    show(results)
    write(results, given.name, python)
    print(f"\nThe whole run took {time.monotonic() - began:.0f} s.")


def slim(part):
    """The whole distribution of times is kept where it is drawn, and nowhere else."""
    drawn = {"calls"}
    if not isinstance(part, dict):
        return part
    return {key: value if key in drawn else slim(value) for key, value in part.items() if key != "quantiles_us"}


def write(results, name, python):
    folder = build.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    text = json.dumps(slim(results), indent=1, ensure_ascii=False)
    # A list of numbers on one line, for people who look inside.
    text = re.sub(r"\[[\d\s.,-]*\]", lambda numbers: re.sub(r"\s+", " ", numbers[0]), text)
    file.write_text(text + "\n")
    plots = folder / name
    shutil.rmtree(plots, ignore_errors=True)
    build.run([python, build.HERE / "plots.py", file, plots])
    print(f"\nFigures: {file.relative_to(build.ROOT)}; plots: {plots.relative_to(build.ROOT)}/", file=sys.stdout)


if __name__ == "__main__":
    main()
