"""Results: construction for tests, immutability, conversions, and objects that are not made."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Optional

import pytest
from conftest import START

import iplaygames_native
from iplaygames_native import (
    Client,
    Game,
    GamePage,
    IPlayGamesError,
    MultiSessionGame,
    MultiSessionStatus,
    Reply,
    Sandbox,
    SessionStatus,
    StartedSession,
    Transaction,
    TransactionDetails,
    TransactionGame,
    UnprocessableEntityError,
)

KINDS = [
    kind
    for name in iplaygames_native.__all__
    if isinstance(kind := getattr(iplaygames_native, name), type)
    and issubclass(kind, iplaygames_native.Model | Reply)
]
VALUES: dict[str, Any] = {
    "str": "x", "int": 5, "bool": True, "decimal": Decimal("1.50"), "strings": ("a", "b"),
    "datetime": datetime(2024, 1, 1, 12, tzinfo=timezone.utc), "object": {"a": {"b": [1]}},
    "model": {"id": 5}, "models": [{"position": 0}],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_result_is_constructed_from_its_attributes(kind: Any) -> None:
    given = {name: VALUES[field[0]] for name, field in kind._fields.items()}
    result = kind.construct(**given)
    for name, value in given.items():
        found = getattr(result, name)
        if kind._fields[name][0] in ("model", "models"):
            assert found
        else:
            assert found == value
    assert pickle.loads(pickle.dumps(result)) == result == copy.copy(result)
    assert hash(result) == hash(kind.construct(**given))
    assert repr(result) and repr(kind.construct())
    for name in kind._fields:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(result, name, 1)
    assert result != kind.construct() or not given


def test_a_constructed_result_has_the_document_that_the_server_would_send() -> None:
    started = datetime(2024, 1, 1, 10, tzinfo=timezone.utc)
    status = SessionStatus.construct(
        session_id="abc", status="active", game_id=123, started_at=started
    )
    assert status.json == (
        '{"data":{"session_id":"abc","status":"active","game":{"id":123},'
        '"started_at":"2024-01-01T10:00:00Z"}}'
    )
    assert (status.game_id, status.started_at, status.started_at_text) == (
        123, started, "2024-01-01T10:00:00Z",
    )  # fmt: skip
    assert status.player_id is None and status.status_code is None and status.headers == {}
    row = Transaction.construct(amount=Decimal("0.10"), game=TransactionGame.construct(id=1))
    assert row.amount == Decimal("0.10") and str(row.amount) == "0.10" and row.game
    page = GamePage.construct([Game.construct(id=1), {"id": 2}], total=7)
    assert [game.id for game in page] == [1, 2] and page.total == 7
    games = [MultiSessionGame.construct(position=0)]
    assert MultiSessionStatus.construct(games=games).games == tuple(games)


@pytest.mark.parametrize(("name", "hint"), [("sesion_id", "session_id"), ("zzzzz", "no attribute")])
def test_an_attribute_that_does_not_exist_is_refused_with_the_nearest_name(
    name: str, hint: str
) -> None:
    with pytest.raises(TypeError, match=hint):
        StartedSession.construct(**{name: "x"})


def mutations(document: Any) -> list[Any]:
    data, games = document["data"], document["data"]["games"]
    return [
        lambda: data.__setitem__("status", "x"), lambda: data.__delitem__("status"), data.clear,
        lambda: data.pop("status"), data.popitem, lambda: data.setdefault("new", 1),
        lambda: data.update(status="x"), lambda: data.__ior__({"status": "x"}),
        lambda: games.append(1), lambda: games.__setitem__(0, 1), lambda: games.__delitem__(0),
        lambda: games.extend([1]), lambda: games.insert(0, 1), games.pop, games.clear,
        lambda: games.remove(games[0]), games.reverse, games.sort, lambda: games.__iadd__([1]),
        lambda: games.__imul__(2), lambda: games[0].update(position=9),
    ]  # fmt: skip


def test_a_result_cannot_be_changed_through_its_documents() -> None:
    status = MultiSessionStatus.construct(
        status="active", games=[MultiSessionGame.construct(position=0)]
    )
    before = hash(status)
    for document in (status.raw, {"data": status["data"]}, {"data": status.get("data")}):
        for mutate in mutations(document):
            with pytest.raises(TypeError, match="immutable"):
                mutate()
    raw: Any = status.games[0].raw
    with pytest.raises(TypeError, match="to_dict"):
        raw["position"] = 9
    assert hash(status) == before and status.status == "active" and len(status.games) == 1
    changed = status.to_dict()
    changed["data"]["games"].append(1)
    assert status.to_dict() != changed
    row = status.games[0].to_dict()
    row["position"] = 9
    assert status.games[0].position == 0


def test_documents_of_results_are_ordinary_dicts_and_lists() -> None:
    status = MultiSessionStatus.construct(games=[MultiSessionGame.construct(position=0)])
    raw = status.raw
    assert isinstance(raw, dict) and isinstance(raw["data"]["games"], list)
    assert json.loads(json.dumps(raw)) == raw == pickle.loads(pickle.dumps(raw))
    assert copy.deepcopy(raw) == raw and hash(raw) == hash(copy.copy(raw))
    match raw:
        case {"data": {"games": [{"position": position}]}}:
            assert position == 0
        case _:
            raise AssertionError


# ---- conversions ---------------------------------------------------------------------------------


@dataclasses.dataclass
class Row:
    session_id: str
    status: str
    game_id: Optional[int] = None  # noqa: UP045
    mine: str = "default"


def test_a_result_becomes_a_dataclass() -> None:
    status = SessionStatus.construct(session_id="abc", status="active", game_id=123)
    assert status.to_dataclass(Row) == Row("abc", "active", 123)
    with pytest.raises(TypeError, match="not a dataclass"):
        status.to_dataclass(dict)
    assert status.to_fields() == {"session_id": "abc", "status": "active", "game_id": 123}


def test_a_result_becomes_a_pydantic_model() -> None:
    from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

    class Mine(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        session_id: str
        game_id: int
        started_at: datetime

    class Holder(BaseModel):
        status: SessionStatus
        rows: list[Transaction] = []

    started = datetime(2024, 1, 1, 10, tzinfo=timezone.utc)
    status = SessionStatus.construct(session_id="a", status="active", game_id=5, started_at=started)
    mine = Mine.model_validate(status)
    assert (mine.session_id, mine.game_id, mine.started_at) == ("a", 5, started)

    row = Transaction.construct(id=1, amount=Decimal("0.10"), created_at=started)
    holder = Holder(status=status, rows=[row])
    assert holder.status is status and holder.rows == [row]
    text = holder.model_dump_json()
    assert json.loads(text)["rows"] == [
        {"id": 1, "amount": 0.1, "created_at": "2024-01-01T10:00:00Z"}
    ]
    again = Holder.model_validate_json(text)
    assert again.status == status and again.rows[0].created_at == started
    assert holder.model_dump()["status"]["game_id"] == 5
    assert holder.model_dump()["rows"][0]["amount"] == Decimal("0.10")
    schema = Holder.model_json_schema()
    assert schema["properties"]["status"]["properties"]["started_at"]["format"] == "date-time"
    for wrong in (5, "x", {"sesion_id": "a"}):
        with pytest.raises(ValidationError):
            TypeAdapter(SessionStatus).validate_python(wrong)


def test_importing_the_package_does_not_import_pydantic(run_ok: Any) -> None:
    assert (
        run_ok("""
        import sys
        from iplaygames_native import SessionStatus
        SessionStatus.construct(status="active").to_dict()
        print("pydantic" in sys.modules, "pydantic_core" in sys.modules)
    """)
        == "False False"
    )


def test_a_route_of_fastapi_returns_results(iplaygames_sandbox: Sandbox) -> None:
    import asyncio

    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    api = iplaygames_sandbox.client()
    session = api.sessions.start(**START)

    def typed() -> SessionStatus:
        return api.sessions.status(session.session_id)

    def many() -> list[Game]:
        return list(api.games.list())

    def plain() -> Any:
        return api.sessions.status(session.session_id)

    app.get("/typed", response_model=SessionStatus)(typed)
    app.get("/many", response_model=list[Game])(many)
    app.get("/plain", response_model=None)(plain)

    async def get(path: str) -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://relay") as client:
            return (await client.get(path)).json()

    typed_json = asyncio.run(get("/typed"))
    assert (typed_json["status"], typed_json["game_id"]) == ("active", 123)
    assert asyncio.run(get("/many"))[0]["title"] == "Sweet Bonanza"
    assert asyncio.run(get("/plain"))["data"]["status"] == "active"
    assert "200" in asyncio.run(get("/openapi.json"))["paths"]["/typed"]["get"]["responses"]


# ---- errors --------------------------------------------------------------------------------------


def test_the_facts_of_an_error_can_be_written_as_json(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    body = '{"message": "no", "errors": {"amount": ["x"]}, "limit": 0.10, "big": 1.00000000000000000001}'
    iplaygames_sandbox.fault("list_games", status=422, body=body)
    with pytest.raises(UnprocessableEntityError) as caught:
        iplaygames_client.call("list_games")
    facts = json.loads(json.dumps(caught.value.to_dict()))
    assert facts["body"] == {
        "message": "no", "errors": {"amount": ["x"]}, "limit": 0.1, "big": "1.00000000000000000001",
    }  # fmt: skip
    assert caught.value.body["limit"] == Decimal("0.10")
    assert set(facts) == set(IPlayGamesError.__annotations__)


@pytest.mark.parametrize("kind", [*KINDS, Client, Sandbox], ids=lambda kind: kind.__name__)
def test_an_object_that_is_not_made_has_a_repr(kind: Any) -> None:
    assert repr(kind.__new__(kind))


def test_an_error_that_is_not_made_has_a_repr_and_a_text() -> None:
    class Mine(IPlayGamesError):
        def __init__(self) -> None:
            """Does not call the base class."""

    assert str(Mine()) == "" and "Mine" in repr(Mine())


def test_details_of_a_transaction_keep_the_digits_of_the_server(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    body = '{"success": true, "data": {"id": 5, "amount": 10.10, "extra_data": {"a": [1.50]}}}'
    iplaygames_sandbox.fault("get_transaction_details", status=200, body=body)
    details = iplaygames_client.transactions.get(5)
    assert isinstance(details, TransactionDetails) and str(details.amount) == "10.10"
    assert details.extra_data is not None and str(details.extra_data["a"][0]) == "1.50"
