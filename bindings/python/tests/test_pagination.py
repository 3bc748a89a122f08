"""Lists of several pages: what is requested, where a list ends, and what a failure leaves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import TEST_TIMEOUT

from iplaygames_native import (
    AsyncClient,
    BadResponseError,
    Client,
    InternalServerError,
    NotFoundError,
    Sandbox,
)

Query = dict[str, list[str]]
Respond = Callable[[Query], tuple[int, Any]]


class Server:
    """A transport that answers requests with a function, and keeps their queries."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.queries: list[Query] = []

    def __call__(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        query = parse_qs(urlsplit(url).query)
        self.queries.append(query)
        status, document = self.respond(query)
        return status, [("content-type", "application/json")], json.dumps(document).encode()

    @property
    def options(self) -> dict[str, Any]:
        return {
            "api_key": "test-key-123", "base_url": "http://127.0.0.1:9", "transport": self, "max_retries": 0,
        }  # fmt: skip


class Lists:
    """Reads lists with either client."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def read(self, server: Server, resource: str, method: str, **more: Any) -> list[Any]:
        """Returns the rows. An exception of the list has them as `partial`."""
        rows: list[Any] = []
        try:
            if self.is_async:
                asyncio.run(self._read(server, resource, method, more, rows))
            else:
                with Client(**server.options) as client:
                    for row in getattr(getattr(client, resource), method)(**more):
                        rows.append(row["id"])
        except Exception as error:
            error.partial = rows  # type: ignore[attr-defined]
            raise
        return rows

    async def _read(
        self, server: Server, resource: str, method: str, more: Any, rows: list[Any]
    ) -> None:
        async with AsyncClient(**server.options) as client:
            async for row in getattr(getattr(client, resource), method)(**more):
                rows.append(row["id"])


@pytest.fixture(params=["blocking", "asynchronous"])
def lists(request: pytest.FixtureRequest) -> Lists:
    return Lists(request.param == "asynchronous")


def rows(ids: Any) -> list[dict[str, Any]]:
    return [{"id": each} for each in ids]


def by_offset(total: int, default: int = 100, with_total: bool = True) -> Respond:
    def respond(query: Query) -> tuple[int, Any]:
        offset, limit = (
            int(query.get("offset", ["0"])[0]), int(query.get("limit", [str(default)])[0]),
        )  # fmt: skip
        meta = {"total": total, "limit": limit, "offset": offset} if with_total else {}
        return 200, {
            "success": True, "data": rows(range(total)[offset : offset + limit]), "meta": meta,
        }  # fmt: skip

    return respond


@pytest.mark.parametrize(
    ("total", "limit", "requests"), [(0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (35, 10, 4)]
)
def test_a_list_with_an_offset_is_read_to_its_end(
    lists: Lists, total: int, limit: int, requests: int
) -> None:
    server = Server(by_offset(total))
    assert lists.read(server, "transactions", "list", limit=limit) == list(range(total))
    assert [int(query.get("offset", ["0"])[0]) for query in server.queries] == [
        limit * number for number in range(requests)
    ]
    assert all(query["limit"] == [str(limit)] for query in server.queries)


@pytest.mark.parametrize("with_total", [True, False])
@pytest.mark.parametrize("size", [10, None])
def test_a_list_may_begin_at_another_page(lists: Lists, with_total: bool, size: int | None) -> None:
    def respond(query: Query) -> tuple[int, Any]:
        page, per_page = (int(query.get(name, ["10"])[0]) for name in ("page", "per_page"))
        found = rows(range(75)[(page - 1) * per_page : page * per_page])
        return 200, {
            "success": True, "data": found, "meta": {"total": 75} if with_total else {},
        }  # fmt: skip

    server = Server(respond)
    more = {} if size is None else {"per_page": size}
    assert lists.read(server, "games", "list", extra={"page": 5}, **more) == list(range(40, 75))
    pages = [query["page"] for query in server.queries]
    # Without a total and a size, only an empty page is the end.
    last = 9 if size is None and not with_total else 8
    assert pages == [[str(page)] for page in range(5, last + 1)]
    server.respond = lambda query: (500, {"success": False, "error": "broken"})
    with pytest.raises(InternalServerError) as caught:
        lists.read(server, "games", "list", extra={"page": "7"}, **more)
    assert caught.value.next_page == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("resource", "method", "more"),
    [
        ("transactions", "list", {}),
        ("jackpot", "list_contributions", {"player_id": "p"}),
        ("jackpot", "list_targeted_players", {}),
    ],
)
def test_every_list_with_an_offset_keeps_its_filters(
    lists: Lists, resource: str, method: str, more: dict[str, Any]
) -> None:
    server = Server(by_offset(25, with_total=False))
    result = lists.read(server, resource, method, limit=10, offset=5, **more)
    assert result == list(range(5, 25))
    assert [query["offset"] for query in server.queries] == [["5"], ["15"], ["25"]]
    for name, value in more.items():
        assert all(query[name] == [value] for query in server.queries)


def by_page(total: int, size: int, with_total: bool = True) -> Respond:
    def respond(query: Query) -> tuple[int, Any]:
        if query.get("per_page") == ["all"]:
            return 200, {"data": rows(range(total)), "meta": {"total": total + 100}}
        page = int(query.get("page", ["1"])[0])
        meta = {"total": total} if with_total else {}
        return 200, {"data": rows(range(total)[(page - 1) * size : page * size]), "meta": meta}

    return respond


@pytest.mark.parametrize("resource", ["games", "external_games"])
def test_a_list_with_pages_is_read_to_its_end(lists: Lists, resource: str) -> None:
    server = Server(by_page(25, 10))
    assert lists.read(server, resource, "list", per_page=10) == list(range(25))
    # The first request has only documented parameters.
    assert [query.get("page") for query in server.queries] == [None, ["2"], ["3"]]


def test_a_list_without_a_total_ends_at_the_first_short_page(lists: Lists) -> None:
    server = Server(by_page(25, 10, with_total=False))
    assert lists.read(server, "games", "list", per_page=10) == list(range(25))
    assert len(server.queries) == 3
    server = Server(by_page(20, 10, with_total=False))
    assert lists.read(server, "games", "list", per_page=10) == list(range(20))
    assert len(server.queries) == 3


def test_a_list_on_one_page_is_one_request(lists: Lists) -> None:
    server = Server(by_page(25, 10))
    assert lists.read(server, "games", "list", per_page="all") == list(range(25))
    assert len(server.queries) == 1


def test_a_nested_list_is_found(lists: Lists) -> None:
    def respond(query: Query) -> tuple[int, Any]:
        page = int(query.get("page", ["1"])[0])
        return 200, {"data": {"data": rows([page]), "total": 2, "current_page": page}}

    assert lists.read(Server(respond), "external_games", "list") == [1, 2]


def test_a_server_that_repeats_a_page_ends_the_list_with_an_error(lists: Lists) -> None:
    server = Server(lambda query: (200, {"data": rows([1, 2]), "meta": {"total": 500}}))
    with pytest.raises(
        BadResponseError, match="the same page of get_transaction_history twice"
    ) as caught:
        lists.read(server, "transactions", "list", limit=2)
    assert getattr(caught.value, "partial") == [1, 2] and len(server.queries) == 2
    assert caught.value.call_id and caught.value.status_code == 200


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": "x"}, {"data": {}}, []])
def test_a_page_without_rows_ends_the_list(lists: Lists, document: Any) -> None:
    server = Server(lambda query: (200, document))
    assert lists.read(server, "jackpot", "list_targeted_players") == []
    assert len(server.queries) == 1


def test_a_failed_page_tells_where_the_list_continues(lists: Lists) -> None:
    good = by_offset(100)

    def respond(query: Query) -> tuple[int, Any]:
        return (500, {"message": "Server Error"}) if query.get("offset") == ["20"] else good(query)

    with pytest.raises(InternalServerError) as caught:
        lists.read(Server(respond), "transactions", "list", limit=10)
    error: Any = caught.value
    assert error.partial == list(range(20))
    assert (error.rows_read, error.next_offset) == (20, 20)
    assert "The list continues at offset 20." in error.__notes__[0]


def test_an_iterator_continues_after_a_failed_page() -> None:
    good, failures = by_page(25, 10), iter([False, True, True])

    def respond(query: Query) -> tuple[int, Any]:
        return (500, {"message": "Server Error"}) if next(failures, False) else good(query)

    with Client(**Server(respond).options) as client:
        iterator = iter(client.games.list(per_page=10))
        found: list[Any] = []
        errors = []
        while True:
            try:
                found.append(next(iterator).id)
            except StopIteration:
                break
            except InternalServerError as error:
                errors.append(getattr(error, "next_page"))
    assert found == list(range(25)) and errors == [2, 2]


def test_pages_are_yielded_as_they_are_read() -> None:
    server = Server(by_offset(25))
    with Client(**server.options) as client:
        pages = client.transactions.list(limit=10).pages()
        assert server.queries == []
        first = next(pages)
        assert (first.total, first.limit, first.offset, len(first)) == (25, 10, 0, 10)
        assert [row.id for row in first] == list(range(10)) and len(server.queries) == 1
        assert [len(page) for page in pages] == [10, 5]
        # Each iteration begins anew.
        listed = client.transactions.list(limit=10)
        assert len(list(listed)) == len(list(listed)) == 25


def test_nothing_is_read_ahead() -> None:
    server = Server(by_offset(100))
    with Client(**server.options) as client:
        for row in client.transactions.list(limit=10):
            if row.id == 9:
                break
    assert len(server.queries) == 1


def test_a_list_of_the_sandbox_ends(iplaygames_sandbox: Sandbox, iplaygames_client: Client) -> None:
    assert [game.title for game in iplaygames_client.games.list()] == ["Sweet Bonanza"]
    assert [row.amount for row in iplaygames_client.transactions.list(limit=1)] == [10]
    assert [domain.domain for domain in iplaygames_client.widgets.list_domains()] == [
        "casino.example.com"
    ]
    iplaygames_sandbox.assert_called("list_registered_domains", 1)


def test_canceling_a_list_leaves_no_call(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            iplaygames_sandbox.fault("list_games", delay_ms=60_000)
            task = asyncio.ensure_future(client.games.list().pages().__anext__())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert getattr(caught.value, "next_page") == 1
            assert client.stats()["in_flight"] == 0

    asyncio.run(main())


def test_a_second_consumer_of_a_list_is_refused(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            iplaygames_sandbox.fault("list_games", delay_ms=200)
            pages = client.games.list().pages()
            first = asyncio.ensure_future(pages.__anext__())
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError, match="another consumer"):
                await pages.__anext__()
            assert len(await first) == 1

    asyncio.run(main())


@pytest.mark.parametrize("whole_pages", [False, True])
def test_a_second_thread_with_the_same_iterator_is_refused(whole_pages: bool) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()
    respond = by_offset(4)

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        is_asked.set()
        assert may_answer.wait(TEST_TIMEOUT)
        status, document = respond(parse_qs(urlsplit(url).query))
        return status, [("content-type", "application/json")], json.dumps(document).encode()

    with Client(api_key="k" * 9, base_url="http://127.0.0.1:9", transport=send) as client:
        rows = client.transactions.list(limit=2)
        iterator: Iterator[Any] = rows.pages() if whole_pages else iter(rows)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(list[Any], iterator)
            assert is_asked.wait(TEST_TIMEOUT)
            try:
                with pytest.raises(RuntimeError, match="another consumer"):
                    next(iterator)
            finally:
                may_answer.set()
            assert len(first.result()) == (2 if whole_pages else 4)


def test_options_of_a_list_apply_to_every_page() -> None:
    seen: list[Any] = []
    respond = by_offset(25)

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        seen.append((headers.get("x-tenant"), headers["x-request-id"]))
        status, document = respond(parse_qs(urlsplit(url).query))
        return status, [("content-type", "application/json")], json.dumps(document).encode()

    with Client(api_key="k" * 9, base_url="http://127.0.0.1:9", transport=send) as client:
        assert (
            len(list(client.transactions.list(limit=10, headers={"X-Tenant": "a"}, call_id="c")))
            == 25
        )
    assert seen == [("a", "c")] * 3


def test_a_list_of_a_raw_resource_has_pages_with_headers(iplaygames_client: Client) -> None:
    def check(pages: Iterator[Any]) -> None:
        assert "application/json" in next(pages).headers["Content-Type"]

    check(iplaygames_client.games.with_raw_response.list().pages())
    with pytest.raises(NotFoundError):
        iplaygames_client.sessions.with_raw_response.status("nobody")
