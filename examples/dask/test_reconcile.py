"""Runs `examples/reconcile_dask.py` on a local cluster with two workers."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from iplaygames_native import Sandbox, sandbox

SCRIPT = Path(__file__).parent.parent / "reconcile_dask.py"
TEST_TIMEOUT = 240
START: dict[str, Any] = {
    "game_id": 123,
    "player_id": "alice",
    "currency": "USD",
    "country_code": "US",
    "ip_address": "192.0.2.1",
}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with sandbox() as box:
        yield box


def reconcile(box: Sandbox | None, *args: object) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if "IPLAYGAMES" not in name}
    if box is not None:
        environment |= {"IPLAYGAMES_BASE_URL": box.base_url, "IPLAYGAMES_API_KEY": box.api_key}
    command = [sys.executable, str(SCRIPT), *map(str, args), "--workers", "2", "--batch", "20"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TEST_TIMEOUT)


def read(report: Path) -> dict[str, dict[str, str]]:
    with report.open(newline="", encoding="utf-8") as file:
        return {row["session_id"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_report_has_the_status_of_each_session(box: Sandbox, tmp_path: Path, suffix: str) -> None:
    with box.client() as client:
        ids = [client.sessions.start(**START).session_id for _ in range(200)]
        for session_id in ids[:50]:
            client.sessions.end(session_id)
    box.fault("get_session_status", status=503, times=10)
    box.fault("get_session_status", drop="before", times=5)
    source, report = tmp_path / f"sessions.{suffix}", tmp_path / "report.csv"
    listed = [*ids, "nobody", "not an id"]
    if suffix == "csv":
        source.write_text("player,session_id\n" + "".join(f"p,{each}\n" for each in listed))
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"session_id": listed}), source)
    done = reconcile(box, source, report)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "202 sessions checked" in done.stdout and "active: 150\n" in done.stdout
    rows = read(report)
    assert {rows[each]["status"] for each in ids[:50]} == {"closed"}
    assert {rows[each]["status"] for each in ids[50:]} == {"active"}
    assert rows[ids[0]]["player_id"] == "alice" and rows[ids[0]]["started_at"].endswith("Z")
    assert rows["nobody"]["error"] == "Session not found" and rows["nobody"]["status"] == "rejected"
    assert set(rows) == set(listed) and not report.with_name("report.csv.part").exists()
    assert box.api_key not in done.stdout + done.stderr + report.read_text()


def test_sessions_that_could_not_be_checked_make_the_exit_code_1(box: Sandbox, tmp_path: Path) -> None:
    with box.client() as client:
        ids = [client.sessions.start(**START).session_id for _ in range(3)]
    box.fault("get_session_status", body="<html>", times=1000)
    source, report = tmp_path / "sessions.csv", tmp_path / "report.csv"
    source.write_text("\n".join(["session_id", *ids]))
    done = reconcile(box, source, report)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {row["status"] for row in read(report).values()} == {"unknown"}
    assert all(row["call_id"] for row in read(report).values())


def test_a_file_without_the_column_is_refused_by_name(box: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "sessions.csv"
    source.write_text("id\nx\n")
    done = reconcile(box, source, tmp_path / "report.csv")
    assert done.returncode == 1 and "has no column session_id" in done.stderr
    assert not (tmp_path / "report.csv").exists()


def test_the_demonstration_checks_its_own_sessions() -> None:
    done = reconcile(None, "--demo", 300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 sessions checked" in done.stdout
    assert "active: 270\nclosed: 30\n" in done.stdout
