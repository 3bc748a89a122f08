"""Draws the results of a run: `python plots.py RESULTS.json FOLDER [png]`. Needs matplotlib."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

plt.rcParams.update(
    {
        "figure.figsize": (8, 4.6),
        "figure.dpi": 110,
        "font.size": 10,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "iplaygames",
        "legend.frameon": False,
    }
)
COLOURS = {
    "ours": "#c2185b",
    "ours, 32 sockets": "#f06292",
    "libcurl easy": "#1565c0",
    "libcurl multi, epoll": "#1565c0",
    "libcurl multi, poll": "#64b5f6",
    "libcurl multi, epoll, 32 sockets": "#0d47a1",
    "libcurl multi, poll, 32 sockets": "#90caf9",
    "raw socket": "#616161",
    "epoll_wait alone": "#616161",
    "reqwest::blocking": "#ef6c00",
    "reqwest async": "#ef6c00",
    "official Python": "#2e7d32",
    "ours, Python": "#8e24aa",
    "official JavaScript": "#9e9d24",
    "official": "#2e7d32",
}


def style(name):
    return {
        "color": COLOURS.get(name),
        "linewidth": 2.4 if name.startswith("ours") else 1.4,
        "linestyle": "--" if "32 sockets" in name else "-",
    }


def finish(figure, folder, name, kinds):
    figure.tight_layout()
    for kind in kinds:
        # Without the date a picture of the same figures is the same file.
        figure.savefig(folder / f"{name}.{kind}", metadata={"Date": None} if kind == "svg" else None)
    plt.close(figure)


def latencies(results):
    for what, entries in results["calls"].items():
        figure, axes = plt.subplots()
        for name, entry in entries.items():
            times = entry["quantiles_us"]
            shares = [i / 200 for i in range(200)] + [0.999, 1.0]
            axes.plot(times[:-1], shares[:-1], label=f"{name} ({entry['p50_us']:.0f} µs)", **style(name))
        axes.set(
            xscale="log",
            xlabel="time of a call, µs",
            ylabel="share of calls that took no longer",
            title=f"One call at a time: {what} (median)",
        )
        axes.legend(fontsize=8, loc="lower right")
        yield f"latency-{what.replace(' ', '-')}", figure


def curves(by_x, key, xlabel, ylabel, title, yscale="log"):
    figure, axes = plt.subplots()
    xs = sorted(by_x, key=int)
    for name in dict.fromkeys(name for x in xs for name in by_x[x]):
        points = [(int(x), by_x[x][name][key]) for x in xs if name in by_x[x]]
        axes.plot(*zip(*points), marker="o", markersize=4, label=name, **style(name))
    axes.set(xscale="log", yscale=yscale, xlabel=xlabel, ylabel=ylabel, title=title)
    axes.set_xticks([int(x) for x in xs], [f"{int(x):,}" for x in xs])
    axes.minorticks_off()
    if yscale == "linear":
        axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return figure


def bars(rows, title, unit):
    figure, axes = plt.subplots()
    names = list(rows)[::-1]
    axes.barh(names, [rows[name] for name in names], color=[COLOURS.get(name, "#90a4ae") for name in names])
    for i, name in enumerate(names):
        axes.text(
            rows[name], i, f" {rows[name]:,.0f}" if rows[name] >= 100 else f" {rows[name]:.3g}", va="center", fontsize=8
        )
    axes.set(xlabel=unit, title=title)
    axes.grid(axis="y", visible=False)
    return figure


def pictures(results):
    if "calls" in results:
        yield from latencies(results)
    for transport, by_flight in results.get("flight", {}).items():
        yield (
            f"flight-{transport}",
            curves(
                by_flight,
                "calls_per_s",
                "calls in flight",
                "calls/s",
                f"Throughput against calls in flight, one thread ({transport})",
                "linear",
            ),
        )
    if "ticks" in results:
        yield (
            "ticks",
            curves(
                results["ticks"],
                "p50_us",
                "calls waiting, none ready",
                "µs",
                "One round of the loop while nothing is ready (median)",
            ),
        )
    if "bodies" in results:
        yield (
            "bodies",
            curves(
                results["bodies"],
                "p50_us",
                "bytes of the answer",
                "µs",
                "Blocking call against the size of its answer (median)",
            ),
        )
    if "watches" in results:
        rows = {count: {"ours": row} for count, row in results["watches"].items()}
        for key, label, title in [
            ("kb_per_watch", "kB", "Memory of a watch"),
            ("cpu_us_per_reading", "µs", "CPU of a reading"),
            ("tick_mean_us", "µs", "Mean tick, 250 ticks a second"),
        ]:
            yield f"watch-{key}", curves(rows, key, "sessions watched", label, title, "linear")
    if "delays" in results:
        yield (
            "delays",
            curves(
                {
                    count: {f"answers after {ms} ms": row for ms, row in rows.items()}
                    for count, rows in results["delays"].items()
                },
                "calls_per_s",
                "connections",
                "calls/s",
                "HTTP/1.1: calls/s against connections",
            ),
        )
    python = results.get("python", {})
    for mode in ("sync", "32-way"):
        if mode in python:
            yield (
                f"python-{mode}",
                bars({name: e["calls_per_s"] for name, e in python[mode].items()}, f"Python, {mode}", "calls/s"),
            )
    if "import" in python:
        yield "python-import", bars({name: e["ms"] for name, e in python["import"].items()}, "Import time", "ms")


def main(results, folder, *kinds):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(results) as file:
        for name, figure in pictures(json.load(file)):
            finish(figure, folder, name, ("svg", *kinds))


if __name__ == "__main__":
    main(*sys.argv[1:])
