"""The typed calls of all operations: their requests, their results and their documentation."""

from __future__ import annotations

import asyncio
import inspect
import json
import pydoc
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import iplaygames_native
from iplaygames_native import AsyncClient, Client, Page, Reply, Sandbox, ValidationError
from iplaygames_native._fields import Fields

HERE = Path(__file__).parent.parent
OPERATIONS: list[dict[str, Any]] = json.loads(
    (HERE.parent.parent / "src/api/operations.json").read_text("utf-8")
)
BY_ID = {operation["id"]: operation for operation in OPERATIONS}
# Has the required fields of every operation's response.
ANY = """{"success": true, "data": {"session_id": "5", "freespin_id": "5", "game_url": "x", "status": "x",
    "multi_session_id": "x", "swipe_url": "x", "id": 5}, "new_field": 1.10}"""
SAMPLES: dict[str, Any] = {
    "string": "5", "integer": 5, "number": Decimal("1.50"), "numeric": Decimal("0.50"),
    "boolean": True, "object": {"a": 1}, "datetime": "2024-01-01T00:00:00Z",
}  # fmt: skip
ITEMS: dict[str, Any] = {
    "string": ["5"], "integer": [5], "object": [{"external_game_id": "5", "name": "One"}],
}  # fmt: skip
FORMATS = {"currency": "USD", "country": "US", "ip": "192.0.2.1", "expire_days": 7}


def sample(param: dict[str, Any]) -> Any:
    if "values" in param:
        return param["values"][:1] if param["type"] == "array" else param["values"][0]
    if "format" in param:
        return FORMATS[param["format"]]
    return ITEMS[param["items"]] if param["type"] == "array" else SAMPLES[param["type"]]


def python_name(param: dict[str, Any]) -> str:
    name: str = param.get("alias") or re.sub(
        "(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), param["name"]
    )
    return "async_" if name == "async" else name


def arguments(operation: dict[str, Any], only_required: bool) -> dict[str, Any]:
    return {
        python_name(param): sample(param)
        for param in operation.get("params", ())
        if param.get("required") or not only_required
    }


def call(client: Client, operation: dict[str, Any], given: dict[str, Any]) -> Any:
    result = getattr(getattr(client, operation["resource"]), operation["name"])(**given)
    return next(result.pages()) if "paging" in operation else result


def call_async(client: AsyncClient, operation: dict[str, Any], given: dict[str, Any]) -> Any:
    async def run() -> Any:
        result = getattr(getattr(client, operation["resource"]), operation["name"])(**given)
        if "paging" in operation:
            return await result.pages().__anext__()
        return await result

    return asyncio.run(run())


def respond_with_any(box: Sandbox, operation: dict[str, Any]) -> None:
    # A file is not JSON, so the sandbox answers as it does without a fault.
    if operation["response"] != "file":
        box.fault(operation["id"], status=200, body=ANY)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["id"])
def test_every_operation_has_a_method_that_sends_its_arguments(
    operation: dict[str, Any], iplaygames_sandbox: Sandbox
) -> None:
    client, other = iplaygames_sandbox.client(), iplaygames_sandbox.async_client()
    for only_required in (True, False):
        given = arguments(operation, only_required)
        results: list[Any] = []
        for make, of in ((call, client), (call_async, other)):
            respond_with_any(iplaygames_sandbox, operation)
            results.append(make(of, operation, given))  # type: ignore[arg-type]
            request = iplaygames_sandbox.requests()[-1]
            assert (request["operation"], request["method"]) == (
                operation["id"], operation["method"],
            )  # fmt: skip
        assert results[0] == results[1] and isinstance(results[0], Reply)


def test_the_arguments_arrive_under_the_names_of_the_api() -> None:
    seen: list[tuple[str, str, bytes]] = []

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        seen.append((method, url, body))
        return 200, [("content-type", "application/json")], ANY.encode()

    base = "http://127.0.0.1:9"
    with Client(api_key="test-key-123", base_url=base, transport=send, max_retries=0) as client:
        client.jackpot.set_pool_live_mode("7", is_live_mode=True, live_mode_window_seconds=30)
        client.promotions.distribute_prizes(3, 9)
        client.transactions.export(
            format="csv", from_date="2024-01-01", to_date="2024-02-01", async_=True
        )
        next(client.games.list(search="bonanza", per_page=20).pages())
        client.multi_sessions.status("tok")
    assert [(method, url.removeprefix(base)) for method, url, _ in seen] == [
        ("PUT", "/api/v1/jackpot/pools/7/live-mode"),
        ("POST", "/api/v1/promotions/3/periods/9/distribute"),
        ("POST", "/api/v1/game-transactions/export"),
        ("GET", "/api/v1/games?search=bonanza&per_page=20"),
        ("GET", "/api/v1/multi-sessions/tok/status"),
    ]
    assert json.loads(seen[0][2]) == {"is_live_mode": True, "live_mode_window_seconds": 30}
    assert json.loads(seen[2][2])["async"] is True


def check_fields(result: Fields, fields: list[dict[str, Any]], part: Mapping[str, Any]) -> int:
    """Compares every documented field of an object with the example. Returns their number."""
    count = 0
    for field in fields:
        name, sent = field["name"], part.get(field["name"])
        value = getattr(result, name)
        if sent is None:
            assert value in (None, ())
        elif field["type"] == "datetime":
            assert isinstance(value, datetime) and value.tzinfo is not None
            assert getattr(result, name + "_text") == sent
        elif field["type"] == "array" and field["items"] == "object":
            for each, row in zip(value, sent, strict=True):
                count += check_fields(each, field["fields"], row)
        elif "model" in field:
            count += check_fields(value, field["fields"], sent)
        elif field["type"] == "array":
            assert value == tuple(sent)
        else:
            assert value == sent
            if field["type"] == "number":
                assert isinstance(value, Decimal)
        count += 1
    return count


@pytest.mark.parametrize(
    "operation",
    # The results of sessions have other names, and tests of their own.
    [row for row in OPERATIONS if "result" in row and "sessions" not in row["resource"]],
    ids=lambda operation: operation["id"],
)
def test_a_result_has_every_documented_field(
    operation: dict[str, Any], iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    body = json.dumps(operation["example"]["body"])
    iplaygames_sandbox.fault(operation["id"], status=operation["example"]["status"], body=body)
    given = arguments(operation, True)
    if "echo" in operation:
        given[operation["echo"]["argument"]] = operation["example"]["body"]["data"][
            operation["echo"]["pointer"].rpartition("/")[2]
        ]
    result = call(iplaygames_client, operation, given)
    document = json.loads(body, parse_float=Decimal)
    assert result.raw == document and result.to_dict() == document
    fields = {field["name"]: field for field in operation["result"]["fields"]}
    data, count = document.get("data"), 0
    if isinstance(data, list):
        assert isinstance(result, Page) and len(result) == len(result.rows) == len(data)
        for row, part in zip(result, data, strict=True):
            count += check_fields(row, fields["data"]["fields"], part)
            assert row.raw == part and row["id"] == part["id"] and "id" in row
        if "meta" in document:
            count += check_fields(result, fields["meta"]["fields"], document["meta"])
    elif data is not None:
        count += check_fields(result, fields["data"]["fields"], data)
    if "message" in document:
        assert result.message == document["message"]
        count += 1
    assert count >= 1
    text = repr(result)
    for secret in ("abc123...", "full_token_here...", "new_token_here..."):
        assert secret not in text


def test_a_result_keeps_what_this_version_does_not_know(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    body = '{"data": [{"id": "123", "volatility": 1.50}], "meta": {"total": 1, "page": 1}, "v": 2}'
    iplaygames_sandbox.fault("list_games", status=200, body=body)
    (page,) = iplaygames_client.games.list().pages()
    (game,) = page
    assert (game.id, game["volatility"], page["v"]) == (123, Decimal("1.50"), 2)
    assert game.title is None and game.currencies_supported == ()
    assert page.json == body


def test_every_class_of_a_result_is_exported() -> None:
    for name in ("games", "transactions", "freespins", "widgets"):
        module = __import__(f"iplaygames_native._models_{name}", fromlist=["x"])
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                assert getattr(iplaygames_native, kind.__name__) is kind
                assert kind.__name__ in iplaygames_native.__all__


def methods() -> list[tuple[str, Any]]:
    return [
        (f"{kind.__name__}.{row['resource']}.{row['name']}",
         getattr(type(getattr(kind(api_key="k"), row["resource"])), row["name"]))
        for kind in (Client, AsyncClient)
        for row in OPERATIONS
    ]  # fmt: skip


def test_every_method_documents_its_arguments_and_takes_them_by_keyword() -> None:
    for name, method in methods():
        signature = inspect.signature(method)
        doc = inspect.getdoc(method) or ""
        assert doc.splitlines()[0].endswith(".") and "Args:" in doc, name
        operation = BY_ID[
            next(
                row["id"]
                for row in OPERATIONS
                if name.endswith(f".{row['resource']}.{row['name']}")
            )
        ]
        paths = {
            python_name(param) for param in operation.get("params", ()) if param["in"] == "path"
        }
        for parameter in list(signature.parameters.values())[1:]:
            assert f"{parameter.name}: " in doc, (name, parameter.name)
            assert parameter.annotation is not inspect.Parameter.empty
            if parameter.name not in paths:
                assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, (name, parameter.name)
        assert signature.return_annotation not in ("Any", inspect.Signature.empty), name


def public_methods(kind: type) -> dict[str, Any]:
    return {
        name: method
        for name in dir(kind)
        if not name.startswith("_") and inspect.isfunction(method := getattr(kind, name))
    }


def pairs() -> list[tuple[str, Any, Any]]:
    """Returns every public method that both clients have."""
    client, asynchronous = Client(api_key="k"), AsyncClient(api_key="k")
    objects = [(client, asynchronous), (client.journal, asynchronous.journal)]
    objects += [
        (getattr(client, name), getattr(asynchronous, name))
        for name in {row["resource"] for row in OPERATIONS}
    ]
    return [
        (f"{type(theirs).__name__}.{name}", method, getattr(type(theirs), name))
        for ours, theirs in objects
        for name, method in public_methods(type(ours)).items()
    ]


def sections(method: Any) -> dict[str, str]:
    """Returns the parts of a docstring by their headings."""
    doc = inspect.getdoc(method) or ""
    parts = re.split(r"^(Example|Args):$", f"Text:\n{doc}", flags=re.MULTILINE)
    return {"Text": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def test_asynchronous_methods_have_complete_docstrings_of_their_own() -> None:
    checked = 0
    for name, method, theirs in pairs():
        arguments = list(inspect.signature(method).parameters)[1:]
        assert list(inspect.signature(theirs).parameters)[1:] == arguments, name
        blocking, asynchronous = sections(method), sections(theirs)
        assert blocking.keys() == asynchronous.keys(), name
        for refers in ("Takes the arguments", "`Sessions.", "`Client.", "`Journal."):
            assert refers not in asynchronous["Text"] + blocking["Text"], name
        # `close`, for example, has no arguments.
        if not arguments:
            continue
        checked += 1
        for argument in arguments:
            assert f"\n    {argument}: " in asynchronous["Args"], (name, argument)
        described = " ".join(asynchronous["Args"].split())
        described = described.replace(" The iterable may be asynchronous.", "")
        if name != "AsyncSessions.watch":
            assert described == " ".join(blocking["Args"].split()), name
        if name.startswith("AsyncClient.with_options"):
            continue
        if inspect.iscoroutinefunction(theirs):
            assert "await client." in asynchronous["Example"], name
        else:
            assert re.search(r"async (for|with) .*client\.", asynchronous["Example"]), name
        example = asynchronous["Example"].replace("async ", "").replace("await ", "")
        if name not in ("AsyncSessions.watch", "AsyncJournal.end_all"):
            assert example == blocking["Example"], name
    assert checked >= len(OPERATIONS) + 10


def test_open_takes_the_arguments_of_start() -> None:
    for client in (Client(api_key="k"), AsyncClient(api_key="k")):
        kind = type(client.sessions)
        assert inspect.signature(kind.open).parameters == inspect.signature(kind.start).parameters


def test_closed_vocabularies_are_literals() -> None:
    for row in OPERATIONS:
        for param in row.get("params", ()):
            if "values" not in param:
                continue
            kind = type(getattr(Client(api_key="k"), row["resource"]))
            annotation = (
                inspect.signature(getattr(kind, row["name"]))
                .parameters[python_name(param)]
                .annotation
            )
            assert "Literal[" in annotation
            assert all(value in annotation for value in param["values"])


def test_help_lists_the_resources_and_their_arguments() -> None:
    text = pydoc.plain(pydoc.render_doc(Client))
    for row in OPERATIONS:
        assert row["resource"] in text
    assert "The calls for promotions." in text
    text = pydoc.plain(pydoc.render_doc(Client(api_key="k").promotions.create))
    assert "prize_currency: The currency code of the prizes." in text
    assert "cycle_type: 'str'" in text or "cycle_type: str" in text


def test_an_unknown_argument_is_refused(iplaygames_client: Client) -> None:
    games: Any = iplaygames_client.games
    with pytest.raises(TypeError, match="serch"):
        games.list(serch="x")
    with pytest.raises(ValidationError, match="search"):
        iplaygames_client.call("list_games", serch="x")


def test_extra_fields_are_sent_and_must_be_a_mapping(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    promotions: Any = iplaygames_client.promotions
    promotions.update(1, name="a", extra={"colour": "red", "description": None})
    for wrong in ("ab", [("a", 1)], 5, b"x"):
        with pytest.raises(TypeError, match="`extra` must be a mapping"):
            promotions.update(1, name="a", extra=wrong)
    with pytest.raises(ValidationError, match="given twice"):
        promotions.update(1, name="a", extra={"name": "b"})
    assert iplaygames_sandbox.called() == 1


def test_a_csv_file_may_be_text_bytes_a_path_or_an_open_file(
    iplaygames_client: Client, tmp_path: Path
) -> None:
    import io

    text = "external_game_id,name\n1,Fünf\n"
    path = tmp_path / "games.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    files: list[Any] = [text, text.encode(), path, io.StringIO(text), io.BytesIO(text.encode())]
    for file in files:
        assert iplaygames_client.external_games.import_csv(file=file)["success"] is True
    for wrong, message in ((b"\xff", "not UTF-8 at byte 0"), (5, "must be text, bytes")):
        given: Any = wrong
        with pytest.raises(ValidationError, match=message):
            iplaygames_client.external_games.import_csv(file=given)


def test_a_downloaded_file_is_saved_to_a_path_or_an_open_file(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, tmp_path: Path
) -> None:
    import io

    export = iplaygames_client.transactions.download_export(1)
    assert (export.filename, export.content_type) == ("transactions.csv", "text/csv")
    assert export.text is not None and export.text.startswith("id,player_id")
    path, opened = tmp_path / "export.csv", io.BytesIO()
    assert export.save(path) == export.save(opened) == len(export.content)
    assert path.read_bytes() == opened.getvalue() == export.content == export.text.encode()
    for text in ('{"rows": [1,  2]}', "[1,\n 2]", '{"success": true}'):
        iplaygames_sandbox.fault(body=text, content_type="application/json", times=1)
        assert iplaygames_client.transactions.download_export(1).content == text.encode()
    binary = iplaygames_native.DownloadedFile._from_document({"base64": "/wA="})
    assert binary.content == b"\xff\x00" and binary.text is None


@pytest.mark.skipif(sys.platform == "win32", reason="the sources are the same on every system")
def test_the_generated_files_agree_with_the_table_of_operations() -> None:
    command = [sys.executable, str(HERE / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_resource_is_loaded_on_first_use(run_ok: Any) -> None:
    assert (
        run_ok("""
        import sys
        from iplaygames_native import Client
        client = Client(api_key="k")
        def loaded():
            return sorted(name for name in sys.modules if "_resources." in name or "_models" in name)
        assert loaded() == [], loaded()
        client.games
        assert client.games is client.games
        print(loaded())
    """)
        == "['iplaygames_native._models_games', 'iplaygames_native._resources.games']"
    )
