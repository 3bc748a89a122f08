"""Bulk calls that fail: each id has a result, which agrees with the state of the server."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from enum import Enum
from typing import Any

import pytest
from conftest import START

from iplaygames_native import (
    ArgumentTypeError,
    AsyncClient,
    BulkResult,
    CanceledError,
    Client,
    ClosedError,
    Sandbox,
    ValidationError,
)

RunOk = Callable[..., str]


class RunError(Exception):
    """The exception of a bulk run, and the results before it."""

    def __init__(self, results: list[BulkResult[Any]], problem: BaseException) -> None:
        super().__init__(problem)
        self.results = results
        self.problem = problem


class Many:
    """Collects the results of `end_many` or `status_many` of either client."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.client = client

    def __call__(self, method: str, ids: Any, **more: Any) -> list[BulkResult[Any]]:
        if isinstance(self.client, AsyncClient):
            return asyncio.run(self._collect_async(self.client, method, ids, more))
        results: list[BulkResult[Any]] = []
        try:
            for each in getattr(self.client.sessions, method)(ids, **more):
                results.append(each)
        except Exception as problem:
            raise RunError(results, problem) from problem
        return results

    async def _collect_async(
        self, client: AsyncClient, method: str, ids: Any, more: Any
    ) -> list[BulkResult[Any]]:
        results: list[BulkResult[Any]] = []
        try:
            async for each in getattr(client.sessions, method)(ids, **more):
                results.append(each)
        except Exception as problem:
            raise RunError(results, problem) from problem
        return results


@pytest.fixture(params=["sync", "async"])
def many(request: pytest.FixtureRequest, iplaygames_sandbox: Sandbox) -> Many:
    """Makes a client, one of each kind."""
    if request.param == "async":
        return Many(iplaygames_sandbox.async_client())
    return Many(iplaygames_sandbox.client())


@pytest.fixture
def ids(iplaygames_client: Client) -> list[str]:
    """Starts sessions. Returns their ids."""
    return [iplaygames_client.sessions.start(**START).session_id for _ in range(30)]


def closed(sandbox: Sandbox) -> int:
    """Returns the number of sessions that the server has ended."""
    count: int = sandbox.counts()["sessions"]["closed"]
    return count


class Broken(str, Enum):
    """A string whose value cannot be read."""

    ID = "x"

    @property
    def value(self) -> Any:
        raise LookupError("no value")


@pytest.mark.parametrize(
    "bad", [None, 5, 2.5, b"a", ["a"], object(), "", "..", "\ud800", Broken.ID], ids=repr
)
def test_an_invalid_id_has_its_own_result_and_the_other_sessions_are_ended(
    many: Many, ids: list[str], iplaygames_sandbox: Sandbox, bad: Any
) -> None:
    given = [*ids[:2], bad, *ids[2:4]]
    progress_calls: list[tuple[int, int | None]] = []
    results = many(
        "end_many", given, concurrency=2, progress=lambda *each: progress_calls.append(each)
    )
    assert len(results) == 5 and closed(iplaygames_sandbox) == 4
    assert {each.id for each in results if each.ok} == set(ids[:4])
    (failed,) = [each for each in results if not each.ok]
    assert failed.id is bad or failed.id == bad
    assert isinstance(failed.error, ValidationError) and failed.error.outcome == "not_sent"
    assert progress_calls == [(done, 5) for done in range(1, 6)]


def test_invalid_ids_only_send_no_request(many: Many, iplaygames_sandbox: Sandbox) -> None:
    results = many("end_many", iter([None] * 50))
    assert [type(each.error) for each in results] == [ArgumentTypeError] * 50
    assert iplaygames_sandbox.requests() == []


@pytest.mark.parametrize(
    "one", ["abc", b"abc", bytearray(b"abc"), memoryview(b"abc"), 5, None], ids=repr
)
@pytest.mark.parametrize("method", ["end_many", "status_many"])
def test_an_argument_that_is_not_an_iterable_of_ids_is_a_type_error_before_any_request(
    many: Many, iplaygames_sandbox: Sandbox, method: str, one: Any
) -> None:
    with pytest.raises(TypeError):
        getattr(many.client.sessions, method)(one)
    assert iplaygames_sandbox.requests() == []


@pytest.mark.parametrize("concurrency", [2.5, "2", None, True, 0, -1])
def test_an_invalid_concurrency_is_a_validation_error(many: Many, concurrency: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        many.client.sessions.end_many(["a"], concurrency=concurrency)
    assert caught.value.parameter == "concurrency"


def breaking(ids: Iterable[str], after: int) -> Iterator[str]:
    """Yields ids, and raises after the given number of ids."""
    for number, id in enumerate(ids):
        if number == after:
            raise LookupError("the iterable failed")
        yield id


@pytest.mark.parametrize("after", [0, 1, 7, 29])
def test_an_iterable_that_raises_loses_no_result_and_its_exception_is_raised_last(
    many: Many, ids: list[str], iplaygames_sandbox: Sandbox, after: int
) -> None:
    with pytest.raises(RunError) as caught:
        many("end_many", breaking(ids, after), concurrency=4)
    results, problem = caught.value.results, caught.value.problem
    assert isinstance(problem, LookupError) and problem.results == []  # type: ignore[attr-defined]
    assert [each.ok for each in results] == [True] * after
    assert {each.id for each in results} == set(ids[:after]) and closed(iplaygames_sandbox) == after


@pytest.mark.parametrize("at", [1, 5, 30])
def test_a_progress_function_that_raises_loses_no_result_and_its_exception_is_raised_last(
    many: Many, ids: list[str], iplaygames_sandbox: Sandbox, at: int
) -> None:
    progress_calls: list[int] = []

    def progress(done: int, total: int | None) -> None:
        progress_calls.append(done)
        if done == at:
            raise LookupError("the progress function failed")

    with pytest.raises(RunError) as caught:
        many("end_many", ids, concurrency=4, progress=progress)
    results = caught.value.results
    assert isinstance(caught.value.problem, LookupError)
    assert at <= len(results) < at + 4 and all(each.ok for each in results)
    assert {each.id for each in results} <= set(ids) and closed(iplaygames_sandbox) == len(results)
    assert progress_calls == list(range(1, at + 1))


def test_an_exception_of_an_abandoned_run_goes_to_the_unraisable_hook(
    many: Many, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: seen.append(unraisable.exc_value))

    def use() -> None:
        results = many.client.sessions.end_many(breaking(ids, 3), concurrency=4)
        if isinstance(results, AsyncIterator):

            async def main() -> None:
                await results.__anext__()
                await results.aclose()

            asyncio.run(main())
        else:
            next(results)
            results.close()

    use()
    # The run was left before its end, so it cannot raise the exception of the iterable.
    assert [type(error) for error in seen] == [LookupError]


def test_a_client_that_is_closed_during_a_run_has_a_result_for_each_id(
    many: Many, iplaygames_sandbox: Sandbox
) -> None:
    iplaygames_sandbox.fault("end_a_game_session", after=1, delay_ms=600_000, times=0)
    results = many(
        "end_many", list("abcdef"), concurrency=3, progress=lambda *_: many.client.close()
    )
    assert sorted(each.id for each in results) == list("abcdef")
    errors = [type(each.error) for each in results]
    assert errors.count(CanceledError) == 2 and errors.count(ClosedError) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_attaches_the_results_of_the_calls_in_flight(
    ids: list[str], iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    iplaygames_sandbox.fault("end_a_game_session", after=3, delay_ms=600_000, times=0)
    results: list[BulkResult[Any]] = []

    def ids_then_ctrl_c() -> Iterator[str]:
        yield from ids[:10]
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:  # noqa: PT012
        for each in iplaygames_client.sessions.end_many(ids_then_ctrl_c(), concurrency=16):
            results.append(each)
    left: list[BulkResult[Any]] = caught.value.results  # type: ignore[attr-defined]
    assert sorted(each.id for each in results + left) == sorted(ids[:10])
    for each in left:
        assert each.error is None or each.error.outcome in ("not_sent", "unknown")
        if each.error is not None and each.error.outcome == "not_sent":
            status = iplaygames_client.sessions.status(each.id)
            assert status.status == "active"
    assert iplaygames_client.stats()["in_flight"] == 0
    assert "results of end_a_game_session" in "".join(getattr(caught.value, "__notes__"))


def test_canceling_a_task_attaches_the_results_of_the_calls_in_flight(
    iplaygames_sandbox: Sandbox, iplaygames_async_client: AsyncClient
) -> None:
    iplaygames_sandbox.fault("end_a_game_session", delay_ms=600_000, times=0)

    async def end() -> None:
        async for _ in iplaygames_async_client.sessions.end_many(list("abcd"), concurrency=3):
            raise AssertionError("the server sent a response")

    async def main() -> list[BulkResult[Any]]:
        task = asyncio.create_task(end())
        while iplaygames_sandbox.counts()["requests"]["total"] < 3:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value.results  # type: ignore[attr-defined,no-any-return]

    results = asyncio.run(main())
    assert sorted(each.id for each in results) == list("abc")
    for each in results:
        assert isinstance(each.error, CanceledError) and each.error.outcome == "unknown"
