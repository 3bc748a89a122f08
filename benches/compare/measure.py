"""Runs a contender and measures it: its own figures, instructions by callgrind, allocations by a
preload."""

import array
import json
import os
import re
import statistics
import subprocess
from dataclasses import dataclass, field

from build import OUT


@dataclass
class Contender:
    name: str
    command: list
    environment: dict = field(default_factory=dict)
    # Whether it speaks TLS; whether callgrind can count it in reasonable time; how much fewer calls
    # it gets.
    tls: bool = True
    countable: bool = True
    slow: int = 1


class Bench:
    """What runs share: where, on which processor, and how it is told."""

    def __init__(self, cpus=None):
        self.cpus = cpus

    def _settle(self):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)

    def output(self, command, environment=None, timeout=600):
        done = subprocess.run(
            [str(word) for word in command],
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            preexec_fn=self._settle,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}failed with {done.returncode}")
        return done.stdout

    def run(self, contender, mode, url, calls, latencies=True, **options):
        """One run; adds to the contender's own figures what can be worked out from them."""
        file = OUT / "latencies"
        words = [f"{key}={value}" for key, value in options.items() if value is not None]
        if latencies:
            words.append(f"latencies={file}")
        figures = json.loads(self.output([*contender.command, mode, url, calls, *words], contender.environment))
        if latencies:
            times = array.array("Q", file.read_bytes())
            figures["times"] = sorted(times)
        if "calls" in figures:
            figures["calls_per_s"] = figures["calls"] / figures["seconds"]
            figures["cpu_us"] = (figures["user_s"] + figures["sys_s"]) * 1e6 / figures["calls"]
            figures["switches_per_call"] = figures["switches"] / figures["calls"]
        return figures

    def instructions(self, contender, mode, url, short, long, **options):
        """User instructions a call: the difference of two lengths, so that start-up cancels out."""

        def total(calls):
            words = [f"{key}={value}" for key, value in options.items() if value is not None]
            file = OUT / "callgrind.out"
            self.output(
                [
                    "valgrind",
                    "--tool=callgrind",
                    f"--callgrind-out-file={file}",
                    *contender.command,
                    mode,
                    url,
                    calls,
                    *words,
                ],
                contender.environment | {"PYTHONHASHSEED": "0"},
            )
            return int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1])

        return (total(long) - total(short)) / (long - short)

    def allocations(self, contender, mode, url, short, long, preload, **options):
        """Allocations a call, counted and worked out in the same way."""

        def total(calls):
            words = [f"{key}={value}" for key, value in options.items() if value is not None]
            file = OUT / "mallocs.count"
            self.output(
                [*contender.command, mode, url, calls, *words],
                contender.environment | {"LD_PRELOAD": str(preload), "MALLOCS": str(file), "PYTHONMALLOC": "malloc"},
            )
            return int(file.read_text())

        return (total(long) - total(short)) / (long - short)


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]


def summary(rounds):
    """Several rounds in one: the median of each figure, and how far its rounds lie apart."""
    result = {}
    for key in ("calls_per_s", "cpu_us", "switches_per_call"):
        result[key] = statistics.median(r[key] for r in rounds)
    result["calls_per_s_rounds"] = [round(r["calls_per_s"]) for r in rounds]
    for key, share in (("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99)):
        each = [percentile(r["times"], share) / 1e3 for r in rounds]
        result[key] = statistics.median(each)
        result[f"{key[:-3]}_rounds_us"] = [round(value, 3) for value in each]
    result["rss_kb"] = max(r["rss_kb"] for r in rounds)
    result["threads"] = max(r["threads"] for r in rounds)
    result["calls"] = sum(r["calls"] for r in rounds)
    pooled = sorted(time for r in rounds for time in r["times"])
    result["quantiles_us"] = [round(percentile(pooled, i / 200) / 1e3, 3) for i in range(200)] + [
        round(percentile(pooled, share) / 1e3, 3) for share in (0.999, 1.0)
    ]
    return result


def interleaved(contenders, rounds, measure):
    """Runs every contender in turn, so many rounds, each beginning with another; a summary by
    name."""
    seen = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            seen[contender.name].append(measure(contender))
    return {name: summary(runs) for name, runs in seen.items()}
