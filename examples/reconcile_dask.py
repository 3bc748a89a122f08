"""Checks the sessions of a CSV or Parquet file on a Dask cluster, and writes a CSV report.

    python reconcile_dask.py sessions.csv report.csv             # needs IPLAYGAMES_API_KEY
    python reconcile_dask.py sessions.parquet report.csv --workers 8
    python reconcile_dask.py --demo 100000                       # with the sandbox

The file has a column `session_id`. The report has one line for each of its lines. Each worker makes
its own client from the environment of its machine, so no key passes through the scheduler.
docs/fleet.md explains the design.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from distributed import Client as Cluster
from distributed import LocalCluster, WorkerPlugin, as_completed, get_worker
from iplaygames_native import AsyncClient, Client, sandbox

COLUMNS = ("session_id", "status", "player_id", "started_at", "error", "call_id")
Row = tuple[str, str, str, str, str, str]


class OneClient(WorkerPlugin):
    """Gives each worker a client of its own, which keeps its connections between the tasks."""

    name = "iplaygames-client"

    def setup(self, worker: object) -> None:
        """Makes the client when the worker starts."""
        worker.iplaygames = Client(user_agent="reconcile/1")  # type: ignore[attr-defined]

    def teardown(self, worker: object) -> None:
        """Closes the client when the worker stops."""
        worker.iplaygames.close()  # type: ignore[attr-defined]


def check(ids: list[str], concurrency: int) -> list[Row]:
    """Checks sessions on a worker.

    A status only reads, so Dask may run this function again on another worker if this one dies.
    """
    client: Client = get_worker().iplaygames
    rows = []
    for result in client.sessions.status_many(ids, concurrency=concurrency):
        if result.error is not None:
            error = result.error
            rows.append((result.id, error.outcome, "", "", error.message, error.call_id or ""))
        else:
            status = result.unwrap()
            started_at = status.started_at_text or ""
            rows.append((result.id, status.status, status.player_id or "", started_at, "", ""))
    return rows


def read_ids(path: Path) -> Iterator[str]:
    """Reads the column `session_id` without loading the whole file."""
    if path.suffix == ".parquet":
        from pyarrow.parquet import ParquetFile

        for batch in ParquetFile(path).iter_batches(columns=["session_id"]):
            yield from batch.column(0).to_pylist()
        return
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.DictReader(file)
        if "session_id" not in (lines.fieldnames or ()):
            raise SystemExit(f"{path} has no column session_id: name the column in its first line.")
        for line in lines:
            yield line["session_id"]


def batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Splits ids into lists."""
    source = iter(ids)
    while batch := list(islice(source, size)):
        yield batch


def reconcile(cluster: Cluster, ids: Iterable[str], report: Path, *, batch: int, concurrency: int) -> Counter[str]:
    """Checks sessions and writes the report. Returns the number of lines for each status.

    Keeps four batches for each worker in flight, so that a file of any size needs little memory.
    The report gets its name when it is complete.
    """
    cluster.register_plugin(OneClient())
    lists = batches(ids, batch)
    counts: Counter[str] = Counter()
    part = report.with_name(report.name + ".part")

    def submit(count: int) -> list[object]:
        # `pure=False`: the status of a session changes, so Dask must not reuse an old result.
        return [cluster.submit(check, each, concurrency, pure=False) for each in islice(lists, count)]

    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        running = as_completed(submit(4 * len(cluster.scheduler_info()["workers"])))
        for future in running:
            rows = future.result()
            future.release()
            writer.writerows(rows)
            counts.update(row[1] for row in rows)
            running.update(submit(1))
    os.replace(part, report)
    return counts


async def start_sessions(config: dict[str, str], count: int) -> list[str]:
    """Starts the sessions of the demonstration, and ends each tenth."""
    async with AsyncClient(**config) as client:

        async def start(number: int) -> str:
            session = await client.sessions.start(
                game_id=1 + number % 200,
                player_id=f"player_{number}",
                currency="USD",
                country_code="US",
                ip_address="192.0.2.1",
            )
            return session.session_id

        ids: list[str] = []
        for first in range(0, count, 1000):
            numbers = range(first, min(first + 1000, count))
            ids += await asyncio.gather(*(start(number) for number in numbers))
        async for result in client.sessions.end_many(ids[::10], concurrency=32):
            result.unwrap()
        return ids


def main() -> int:
    """Runs the command. Returns the exit code: 1 if a session could not be checked."""
    parser = argparse.ArgumentParser(description="Checks many sessions on a Dask cluster.")
    parser.add_argument("sessions", nargs="?", type=Path, help="a CSV or Parquet file")
    parser.add_argument("report", nargs="?", type=Path, help="the CSV file to write")
    parser.add_argument("--demo", type=int, metavar="N", help="check N sessions of a sandbox")
    parser.add_argument("--scheduler", metavar="URL", help="a running cluster (a local one)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="local processes")
    parser.add_argument("--batch", type=int, default=500, help="sessions of a task (500)")
    parser.add_argument("--concurrency", type=int, default=16, help="calls at once, each worker (16)")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        sessions, report = arguments.sessions, arguments.report
        if arguments.demo:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            sessions, report = folder / "sessions.csv", arguments.report or folder / "report.csv"
            box = stack.enter_context(sandbox())
            os.environ["IPLAYGAMES_BASE_URL"] = box.base_url
            os.environ["IPLAYGAMES_API_KEY"] = box.api_key
            ids = asyncio.run(start_sessions(box.config, arguments.demo))
            sessions.write_text("\n".join(["session_id", *ids, ""]), "utf-8")
        elif report is None:
            parser.error("name the file of sessions and the report, or use --demo")
        if arguments.scheduler:
            cluster = stack.enter_context(Cluster(arguments.scheduler))
        else:
            # One thread for each worker: a call runs `concurrency` requests at once by itself.
            local = LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None)
            cluster = stack.enter_context(Cluster(stack.enter_context(local)))
        began = time.monotonic()
        counts = reconcile(
            cluster,
            read_ids(sessions),
            report,
            batch=arguments.batch,
            concurrency=arguments.concurrency,
        )
        seconds = time.monotonic() - began
    total = sum(counts.values())
    print(f"{total} sessions checked in {seconds:.1f} s: {total / seconds:,.0f} per second")
    for status, count in sorted(counts.items()):
        print(f"{status}: {count}")
    return 1 if counts["unknown"] or counts["not_sent"] else 0


if __name__ == "__main__":
    sys.exit(main())
