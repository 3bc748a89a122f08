"""The blocking client: options, bulk calls, counters, logging. Also the names of the package."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import START

import iplaygames_native
from iplaygames_native import (
    BusyError,
    Client,
    ClosedError,
    NotFoundError,
    Sandbox,
    SessionStatus,
    ValidationError,
)

RunOk = Callable[..., str]


def test_options_apply_to_the_copy_only(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    copy = iplaygames_client.with_options(call_id="match-7")
    assert copy.sessions.start(**START).call_id == "match-7"
    assert copy.with_options(max_retries=0).call("list_games").call_id == "match-7"
    assert iplaygames_client.call("list_games").call_id != "match-7"
    # The copy uses the connection of its client.
    assert iplaygames_sandbox.counts()["connections"]["accepted"] == 1
    copy.close()
    with pytest.raises(ClosedError):
        iplaygames_client.call("list_games")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("timeout", "5"),
        ("timeout", True),
        ("attempt_timeout", 0),
        ("connect_timeout", 1e9),
        ("max_retries", -1),
        ("max_retries", 2.5),
        ("max_retries", 10**30),
        ("max_in_flight", 0),
        ("max_connections", 0),
        ("max_response_bytes", 0),
        ("base_url", "ftp://x"),
        ("base_url", "http://example.com"),
        ("api_key", ""),
        ("api_key", 5),
        ("proxy", "nonsense"),
        ("ca_file", b"bytes"),
        ("ca_file", 5),
        ("ca_file", "/no/such/file"),
        ("ca_pem", "nonsense"),
        ("ca_only", True),
        ("client_cert_file", 5),
        ("client_cert_file", "/no/such/file"),
        ("client_cert_pem", "nonsense"),
        ("client_key_file", "/no/such/file"),
        ("client_key_pem", "nonsense"),
        ("user_agent", "a\nb"),
        ("headers", {"Host": "x"}),
        ("headers", {1: "x"}),
        ("headers", ["x"]),
    ],
)
def test_an_invalid_client_option_raises_an_error_that_names_the_option(
    option: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        Client(**({"api_key": "key-123"} | {option: value}))
    assert (caught.value.parameter or "").split(".")[0] == option


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"max_retries": -1}, {"call_id": ""}, {"call_id": "a b"}]
)
def test_an_invalid_call_option_raises_an_error_that_names_the_option(
    iplaygames_client: Client, options: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as caught:
        iplaygames_client.with_options(**options).call("list_games")
    assert caught.value.parameter == next(iter(options))


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="time_out"):
        Client(time_out=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Client("key")  # type: ignore[call-arg]


def test_the_key_and_the_url_default_to_environment_variables(
    iplaygames_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match="IPLAYGAMES_API_KEY"):
        Client()
    monkeypatch.setenv("IPLAYGAMES_API_KEY", iplaygames_sandbox.api_key)
    monkeypatch.setenv("IPLAYGAMES_BASE_URL", iplaygames_sandbox.base_url)
    with Client() as client:
        assert client.base_url == iplaygames_sandbox.base_url
        client.sessions.start(**START)


def test_a_client_uses_its_headers_user_agent_and_ca_file(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"headers": {"X-Player-Token": "token"}, "user_agent": "casino/1"}
    with iplaygames_sandbox.client(
        **options, timeout=5, attempt_timeout=2.5, connect_timeout=1
    ) as client:
        client.call("list_games")
    headers = {
        name.lower(): text for name, text in iplaygames_sandbox.requests()[-1]["headers"].items()
    }
    assert headers["x-player-token"] == "token"
    assert headers["user-agent"] == f"casino/1 iplaygames-native/{iplaygames_native.__version__}"
    with pytest.raises(ValidationError, match="ca_file"):
        Client(api_key="key-123", ca_file=tmp_path / "missing.pem")


def test_prewarm_opens_the_connection_and_stats_counts_calls(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    assert 0 <= iplaygames_client.prewarm() < 60 and iplaygames_client.prewarm(timeout=30) >= 0
    iplaygames_client.call("list_games")
    with pytest.raises(NotFoundError):
        iplaygames_client.sessions.status("x")
    stats = iplaygames_client.stats()
    assert (stats["calls"], stats["succeeded"], stats["failed"], stats["in_flight"]) == (2, 1, 1, 0)
    assert iplaygames_sandbox.counts()["connections"]["accepted"] == 1


def test_bulk_results_come_in_the_order_of_completion(iplaygames_client: Client) -> None:
    sessions = iplaygames_client.sessions
    ids = [sessions.start(**START).session_id for _ in range(5)]
    progress_calls: list[tuple[int, int | None]] = []
    found = {
        each.id: each
        for each in sessions.status_many(
            [*ids, "nobody", ""],
            concurrency=3,
            progress=lambda done, total: progress_calls.append((done, total)),
        )
    }
    assert [found[id].unwrap().status for id in ids] == ["active"] * 5
    assert all(isinstance(found[id].result, SessionStatus) and found[id].ok for id in ids)
    assert isinstance(found["nobody"].error, NotFoundError) and not found["nobody"].ok
    assert isinstance(found[""].error, ValidationError)
    with pytest.raises(NotFoundError):
        found["nobody"].unwrap()
    assert progress_calls == [(done, 7) for done in range(1, 8)]
    assert {each.id for each in sessions.end_many(id for id in ids)} == set(ids)
    assert list(sessions.status_many([])) == []


def test_a_slow_call_does_not_delay_the_other_bulk_results(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault("get_session_status", delay_ms=600_000)
    results = iplaygames_client.sessions.status_many(
        [str(number) for number in range(10)], concurrency=2
    )
    seen = [next(results).id for _ in range(9)]
    assert len(set(seen)) == 9
    results.close()
    assert iplaygames_client.stats()["in_flight"] == 0


def test_bulk_calls_use_the_given_concurrency(iplaygames_sandbox: Sandbox) -> None:
    with iplaygames_sandbox.client(max_connections=100) as client:
        iplaygames_sandbox.fault("get_session_status", delay_ms=20, times=0)
        assert (
            len(list(client.sessions.status_many([str(n) for n in range(40)], concurrency=10)))
            == 40
        )
        assert 8 <= iplaygames_sandbox.counts()["connections"]["peak"] <= 10


def test_bulk_calls_check_their_arguments_before_the_first_result(
    iplaygames_client: Client,
) -> None:
    with pytest.raises(ValidationError) as caught:
        iplaygames_client.sessions.status_many(["x"], concurrency=0)
    assert caught.value.parameter == "concurrency"
    with pytest.raises(TypeError):
        iplaygames_client.sessions.status_many(5)  # type: ignore[arg-type]


def test_bulk_calls_complete_with_a_smaller_limit_of_calls_in_flight(
    iplaygames_sandbox: Sandbox,
) -> None:
    with iplaygames_sandbox.client(max_in_flight=2, timeout=0.5) as client:
        results = list(client.sessions.status_many(map(str, range(20)), concurrency=16))
        assert len(results) == 20 and all(isinstance(each.error, NotFoundError) for each in results)
        with client.sessions.watch("x"), client.sessions.watch("y"):
            assert isinstance(next(client.sessions.status_many(["z"])).error, BusyError)


def test_an_exception_of_the_progress_function_ends_a_bulk_run(iplaygames_client: Client) -> None:
    def progress(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(iplaygames_client.sessions.status_many(["a", "b"], progress=progress))
    assert iplaygames_client.stats()["in_flight"] == 0


def test_thirty_two_threads_use_one_client_at_once(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    problems: list[BaseException] = []

    def play(number: int) -> None:
        try:
            for turn in range(10):
                player = f"{number}-{turn}"
                session = iplaygames_client.sessions.start(**(START | {"player_id": player}))
                assert iplaygames_client.sessions.status(session.session_id).player_id == player
                iplaygames_client.sessions.end(session.session_id)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=play, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert iplaygames_sandbox.counts()["sessions"]["closed"] == 320


# ---- logging -------------------------------------------------------------------------------------


def test_log_lines_follow_the_level_of_their_logger(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        iplaygames_client.call("list_games")
        assert caplog.records == []
        iplaygames_sandbox.fault("list_games", status=502)
        iplaygames_client.call("list_games")
        assert [(record.name, record.levelname) for record in caplog.records] == [
            ("iplaygames_native.net", "WARNING")
        ]
        assert "502" in caplog.records[0].getMessage()
    with caplog.at_level(logging.DEBUG, "iplaygames_native.client"):
        caplog.clear()
        iplaygames_client.call("list_games")
        assert ("iplaygames_native.client", logging.INFO) in {
            (r.name, r.levelno) for r in caplog.records
        }
    assert iplaygames_sandbox.api_key not in caplog.text


def test_a_call_that_raises_is_logged_as_a_warning_and_not_as_an_error(
    iplaygames_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "iplaygames_native"):
        with pytest.raises(NotFoundError) as caught:
            iplaygames_client.sessions.status("x")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert (caught.value.call_id or "none") in caplog.records[0].getMessage()
    caplog.clear()
    with caplog.at_level(logging.ERROR, "iplaygames_native"), pytest.raises(NotFoundError):
        iplaygames_client.sessions.status("x")
    assert caplog.records == []


def test_a_log_handler_may_make_calls(
    iplaygames_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    class Calling(logging.Handler):
        calls = 0

        def emit(self, record: logging.LogRecord) -> None:
            if self.calls < 3:
                self.calls += 1
                iplaygames_client.call("list_games")

    handler = Calling()
    logging.getLogger("iplaygames_native").addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG, "iplaygames_native"):
            iplaygames_client.call("list_games")
    finally:
        logging.getLogger("iplaygames_native").removeHandler(handler)
    assert handler.calls == 3


LOGGING = """
    import sys
    from iplaygames_native import sandbox
    with sandbox() as box, box.client() as client:
        client.call("list_games")
        print(box.api_key)
        print("logging" in sys.modules)
"""


def test_iplaygames_log_enables_log_lines_on_standard_error(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run(LOGGING, env={"IPLAYGAMES_LOG": "debug"})
    key, _ = done.stdout.split()
    assert done.returncode == 0 and "INFO iplaygames_native.client: list_games" in done.stderr
    assert "DEBUG iplaygames_native.net" in done.stderr and key not in done.stderr
    quiet = run(LOGGING)
    assert quiet.stderr == "" and quiet.stdout.split()[1] == "False"
    refused = "from iplaygames_native import sandbox\nsandbox().client().sessions.status('x')"
    assert (
        "WARNING iplaygames_native.client" in run(refused, env={"IPLAYGAMES_LOG": "error"}).stderr
    )
    wrong = run(LOGGING, env={"IPLAYGAMES_LOG": "loud"})
    assert "IPLAYGAMES_LOG must be one of" in wrong.stderr


# ---- the package ---------------------------------------------------------------------------------

HEAVY = (
    "asyncio", "dataclasses", "datetime", "decimal", "enum", "inspect", "json", "logging", "re", "socket", "ssl",
    "threading", "typing", "urllib",
)  # fmt: skip


def test_importing_the_package_loads_no_unused_module(run_ok: RunOk) -> None:
    loaded = run_ok(
        """
        import sys
        before = set(sys.modules)
        import iplaygames_native
        print(*sorted(set(sys.modules) - before))
        """,
        # Without `site`: the .pth files of an environment may load other modules.
        env={"PYTHONPATH": str(Path(iplaygames_native.__file__).parent.parent)},
    ).split()
    assert not set(HEAVY) & set(loaded), loaded


def test_every_name_in_all_is_an_attribute_of_the_package() -> None:
    assert len(iplaygames_native.__all__) == len(set(iplaygames_native.__all__))
    for name in iplaygames_native.__all__:
        assert getattr(iplaygames_native, name) is not None and name in dir(iplaygames_native)
    with pytest.raises(AttributeError, match="no_such_name"):
        iplaygames_native.no_such_name  # noqa: B018


def test_the_command_line_tool_starts_checks_and_ends_a_session(
    iplaygames_sandbox: Sandbox,
) -> None:
    command = [sys.executable, "-m", "iplaygames_native"]
    environment = {
        "IPLAYGAMES_API_KEY": iplaygames_sandbox.api_key,
        "IPLAYGAMES_BASE_URL": iplaygames_sandbox.base_url,
    }

    def tool(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *args], env=environment, capture_output=True, text=True, timeout=60
        )

    args = [
        word
        for name, value in START.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    started = tool("start", *args)
    assert (started.returncode, started.stderr) == (0, "")
    session_id = json.loads(started.stdout)["data"]["session_id"]
    assert json.loads(tool("status", session_id).stdout)["data"]["status"] == "active"
    assert tool("end", session_id).returncode == 0
    assert tool("--version").stdout == f"iplaygames {iplaygames_native.__version__}\n"
    assert tool("status", "nobody").returncode == 3 and tool("nonsense").returncode == 2
    assert tool("--help").stdout.startswith("Start, check and end game sessions")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_the_sandbox_of_the_command_line_tool() -> None:
    import signal

    command = [sys.executable, "-m", "iplaygames_native", "sandbox"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdout is not None
        config = json.loads(tool.stdout.readline())
        with Client(**config) as client:
            client.sessions.start(**START)
        tool.send_signal(signal.SIGINT)
        assert tool.wait(60) == -signal.SIGINT


@pytest.mark.iplaygames_sandbox(providers=["one"], session_lifetime_s=5)
def test_the_fixtures_start_a_new_sandbox_for_each_test(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    session = iplaygames_client.sessions.start(**START)
    assert iplaygames_sandbox.advance_clock(6)
    assert iplaygames_client.sessions.status(session.session_id).status == "expired"
    assert [each["status"] for each in iplaygames_sandbox.sessions()["sessions"]] == ["expired"]
    iplaygames_sandbox.fault(status=500, times=0)
    iplaygames_sandbox.clear_faults()
    iplaygames_sandbox.reset()
    assert iplaygames_sandbox.counts()["sessions"]["total"] == 0
    assert iplaygames_sandbox.api_key not in repr(iplaygames_sandbox)
    with pytest.raises(ValidationError) as caught:
        iplaygames_sandbox.fault("nonsense", status=500)
    assert caught.value.parameter == "operation"
