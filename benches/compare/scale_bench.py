"""Measures what watched sessions cost, from 10 to 100,000 of them: `make bench-scale`.

One client, one thread, 250 ticks a second; the server is `server.c` in a process of its own. And
how many calls a second so many connections carry when answers take their time; and how many bytes a
call is. docs/scaling.md draws the conclusions.
"""

import argparse
import json

import bench
import build
import machine
import report
import servers
from measure import Bench, Contender

COUNTS = [10, 100, 1_000, 10_000, 100_000]
CONNECTIONS = [1, 8, 32, 128, 512]
DELAYS_MS = [5, 20, 80]


def watches(runner, programs, cpus, count):
    # Two thousand readings a second at most: the pace is what is measured, and not the server's
    # end.
    interval_ms = max(1000, count // 2)
    seconds = max(5, interval_ms // 1000)
    with servers.Held(programs["server"], cpus=cpus) as server:
        words = [programs["ours"], "watch", server.url, seconds * 1000, f"flight={count}", f"warm={interval_ms}"]
        row = json.loads(runner.output(words))
    return row | {
        "kb_per_watch": (row["rss_kb"] - row["rss_before_kb"]) / count,
        "cpu_us_per_reading": row["cpu_s"] * 1e6 / max(row["readings"], 1),
        "cpu_share": row["cpu_s"] / row["seconds"],
        "tick_mean_us": row["tick_mean_ns"] / 1e3,
        "tick_worst_us": row["tick_worst_ns"] / 1e3,
        "make_us": row["make_ns"] / 1e3,
        "pace": row["readings"] / row["wanted"],
    }


def wire(runner, ours, cpus):
    """Bytes of a status call over each transport, TLS's own left out: of the last call, with all
    tables warm."""
    rows = {}
    with servers.Nginx(build.OUT / "nginx-wire", cpus) as nginx:
        for transport, url in nginx.urls.items():
            runner.run(
                ours, "status", url, 20, latencies=False, session="wire", ca=None if transport == "http" else nginx.ca
            )
    # Once nginx has ended, its log is whole.
    for transport in nginx.urls:
        request, answer = nginx.wire(transport)[-1]
        rows[transport] = {"request": request, "answer": answer, "document": len(servers.status_of("wire"))}
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 10,000 watches alone")
    parser.add_argument("--name", default="latest", help="what the results are called")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    given = parser.parse_args()
    programs = build.c_programs("ours", "server")
    python = build.venv(["matplotlib"])
    server_cpus, own_cpus = bench.processors(given)
    runner = Bench(own_cpus)
    results = {"machine": machine.facts(build.ROOT) | {"pinned": own_cpus is not None}, "watches": {}, "delays": {}}
    for count in COUNTS[:-1] if given.quick else COUNTS:
        build.say(f"{count:,} watches")
        results["watches"][str(count)] = watches(runner, programs, server_cpus, count)
    ours = Contender("ours", [programs["ours"]])
    results["wire"] = wire(runner, ours, server_cpus)
    for connections in CONNECTIONS[1:4] if given.quick else CONNECTIONS:
        build.say(f"{connections} connections")
        rows = results["delays"][str(connections)] = {}
        for delay in DELAYS_MS:
            with servers.Held(programs["server"], delay_us=delay * 1000, cpus=server_cpus) as server:
                # A second or two of it.
                calls = min(20_000, max(50, connections * 1500 // delay))
                run = runner.run(
                    ours,
                    "flight",
                    server.url,
                    calls,
                    latencies=False,
                    flight=4 * connections,
                    warm=4 * connections,
                    connections=connections,
                    driver="sleep",
                )
            rows[str(delay)] = {key: run[key] for key in ("calls_per_s", "cpu_us")}
    keys = [
        "kb_per_watch",
        "make_us",
        "first_round_s",
        "readings",
        "pace",
        "cpu_us_per_reading",
        "cpu_share",
        "tick_mean_us",
        "tick_worst_us",
        "threads",
    ]
    report.table(
        "Watches",
        [
            "watches",
            "kB each",
            "begin µs",
            "1st round s",
            "readings",
            "of wanted",
            "CPU µs/reading",
            "CPU share",
            "tick µs",
            "worst µs",
            "threads",
        ],
        [[f"{int(count):,}", *(row[key] for key in keys)] for count, row in results["watches"].items()],
    )
    report.table(
        "calls/s of so many connections, HTTP/1.1, and connections divided by the answer's time",
        ["connections", *(f"{ms} ms{what}" for ms in DELAYS_MS for what in ("", ", law"))],
        [
            [count, *(x for ms in DELAYS_MS for x in (rows[str(ms)]["calls_per_s"], int(count) * 1000 / ms))]
            for count, rows in results["delays"].items()
        ],
    )
    report.table(
        "Bytes of a status call",
        ["", "request", "answer", "of it document"],
        [[transport, *row.values()] for transport, row in results["wire"].items()],
    )
    bench.warn_of_load(results["machine"])
    bench.write(results, f"{given.name}-scale", python)


if __name__ == "__main__":
    main()
