#!/usr/bin/env python3
"""Writes the typed calls of the Python package from src/api/operations.json.

    bindings/python/generate.py                write all files
    bindings/python/generate.py --check        fail if a file differs from the table

Written are, in iplaygames_native: `_resources/*.py`, the methods of the resources, blocking and
asynchronous; `_resources/_raw.pyi`, the types of `with_raw_response`; `_models_*.py`, the results;
`_param_types.py`, the types of arguments that are objects; `_operation_names.py`. The results of
sessions are written by hand in `_results.py`.
`make lint` runs the check. The files are formatted with ruff.
"""

import argparse
import json
import keyword
import re
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "python/iplaygames_native"
TABLE = HERE.parent.parent / "src/api/operations.json"
HEAD = "# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.\n"
# The results that are written by hand.
BY_HAND = {
    "EndedMultiSession", "EndedSession", "MultiSessionGame", "MultiSessionStatus", "SessionGame",
    "SessionStatus", "StartedMultiSession", "StartedSession",
}  # fmt: skip
# The results that no module of results defines.
WITHOUT_FIELDS = {"DownloadedFile", "Reply", "Row", "RowPage", "SavedFile"}
# The class and the description of each resource. The hand-written `Sessions` has a base class here.
RESOURCES = {
    "sessions": ("SessionCalls", "game sessions"),
    "multi_sessions": ("MultiSessions", "multi-sessions, which are sets of games to swipe through"),
    "games": ("Games", "games and their studios"),
    "transactions": ("Transactions", "game transactions and their exports"),
    "freespins": ("Freespins", "free spins that need no session"),
    "widgets": ("Widgets", "the domains and tokens of widgets"),
    "jackpot": ("Jackpot", "jackpot pools, their settings and contributions"),
    "promotions": ("Promotions", "promotions"),
    "external_games": ("ExternalGames", "the operator's own games"),
}
# Sentences about calls that differ from what their summary lets expect.
NOTES = {
    "start_a_game_session": "Never sent twice. After a failure with the outcome `unknown` a session may exist.",
    "start_a_multi_session": "Never sent twice. After a failure with the outcome `unknown` a multi-session may exist.",
    "end_a_game_session": "The call is retried after a lost response. If the session has ended by then, the call succeeds.",
    "end_multi_session": "The call is retried after a lost response. If the multi-session has ended by then, the call succeeds.",
}
OPTIONS = {
    "extra": ("Mapping[str, Any]", "Fields that this version of the package does not know."),
    "timeout": ("float", "The time limit of the whole call in seconds."),
    "max_retries": ("int", "The greatest number of retries."),
    "call_id": ("str", "The id of the call, sent as `X-Request-Id`."),
    "headers": ("Mapping[str, str]", "Headers of this call."),
}
# The arguments of a download to a file.
TARGET = {
    "file": ("FileTarget", "A path, or a file that is open for bytes."),
    "progress": (
        "Progress",
        (
            "A function that is called with the number of bytes so far and the size of the file, "
            "or None while the size is not known. If it raises, the download is canceled."
        ),
    ),
}
SCALARS = {
    "boolean": "bool",
    "datetime": "datetime",
    "integer": "int",
    "number": "decimal",
    "string": "str",
}
RESULT_TYPES = {
    "bool": "bool",
    "datetime": "datetime",
    "decimal": "Decimal",
    "int": "int",
    "str": "str",
}


def wrap(text, indent, first=""):
    """Returns the lines of a text, with continuation lines that are indented by four more."""
    pad = " " * indent
    more = pad + "    " if first else pad
    return "\n".join(
        textwrap.wrap(
            first + text, 100, initial_indent=pad, subsequent_indent=more, break_on_hyphens=False
        )
    )


def docstring(sentence, indent, *blocks):
    """Returns a docstring: a summary line, then blocks."""
    pad = " " * indent
    blocks = [block for block in blocks if block]
    if not blocks and len(sentence) + indent <= 94:
        return f'{pad}"""{sentence}"""\n'
    summary, _, rest = sentence.partition(". ")
    body = [wrap(rest, indent)] if rest else []
    text = "\n\n".join([f'{pad}"""{summary}{"." if rest else ""}', *body, *blocks])
    return f'{text}\n{pad}"""\n'


def third_person(sentence):
    """Changes the verb: `List games.` becomes `Lists games.`"""
    verb, _, rest = sentence.partition(" ")
    suffix = "es" if verb.endswith(("s", "ch", "sh", "x")) else "s"
    return f"{verb}{suffix} {rest}"


def python_name(param):
    """Returns the name of an argument."""
    name = param.get("alias") or re.sub(
        r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), param["name"]
    )
    return name + "_" if keyword.iskeyword(name) else name


def literal(values):
    return f"Literal[{', '.join(json.dumps(value) for value in values)}]"


def param_type(param):
    """Returns the type of an argument."""
    values = param.get("values")
    kind, place = param["type"], param.get("in")
    if kind == "array":
        items = {"string": "str | int", "integer": "int", "object": "Mapping[str, Any]"}[
            param["items"]
        ]
        if param.get("model"):
            items = param["model"] + "Param"
        return f"Sequence[{literal(values) if values else items}]"
    if values:
        return literal(values)
    if place == "file":
        return "CsvFile"
    if kind == "string" and param.get("format") == "ip":
        return "str | IPv4Address | IPv6Address"
    if kind == "string" and (place == "path" or param["name"] == "per_page"):
        return "str | int"
    return {
        "string": "str", "integer": "int", "boolean": "bool", "object": "Mapping[str, Any]",
        "number": "Decimal | int | float", "numeric": "Decimal | int | float | str",
        "datetime": "datetime | date | str",
    }[kind]  # fmt: skip


class Models:
    """The classes of results, merged over the operations that return them."""

    def __init__(self, operations):
        self.parts, self.replies, self.pages, self.resource = {}, {}, {}, {}
        for operation in operations:
            result = operation.get("result")
            if not result or result["model"] in BY_HAND:
                continue
            self.resource.setdefault(result["model"], operation["resource"])
            fields = {field["name"]: field for field in result["fields"]}
            data, meta, message = (fields.get(name) for name in ("data", "meta", "message"))
            if "paging" in operation:
                self.part(result["model"], data["fields"], operation["resource"])
                rows = [
                    (field, ("meta", field["name"])) for field in (meta or {}).get("fields", ())
                ]
                self.pages[result["model"]] = rows
                continue
            rows = [(field, ("data", field["name"])) for field in (data or {}).get("fields", ())]
            rows += [(message, ("message",))] if message else []
            self.merge(self.replies.setdefault(result["model"], []), rows)
        for rows in [*self.replies.values(), *self.pages.values(), *list(self.parts.values())]:
            for field, _ in rows:
                self.nested(field)
        # A model that several resources use is in the file of the first.
        for model, rows in [*self.replies.items(), *self.pages.items(), *self.parts.items()]:
            for field, _ in rows:
                if field.get("model"):
                    self.resource.setdefault(field["model"], self.resource[model])

    def nested(self, field):
        if field.get("model") and field["model"] not in BY_HAND:
            self.part(field["model"], field["fields"], None)
            for each in field["fields"]:
                self.nested(each)

    def part(self, model, fields, resource):
        if resource:
            self.resource.setdefault(model, resource)
        self.merge(
            self.parts.setdefault(model, []), [(field, (field["name"],)) for field in fields]
        )

    @staticmethod
    def merge(known, rows):
        names = {field["name"]: field for field, _ in known}
        for field, path in rows:
            other = names.get(field["name"])
            if other is None:
                known.append((field, path))
            elif (other["type"], other.get("items")) != (field["type"], field.get("items")):
                sys.exit(f"{field['name']} has two types: {other} and {field}")


def names_tuple(names):
    return f"({', '.join(map(json.dumps, names))}{',' if len(names) == 1 else ''})"


def field_kind(field):
    """Returns the type of a field, as `_fields` names it."""
    if field["type"] == "array":
        return "models" if field["items"] == "object" else "strings"
    if field["type"] == "object":
        return "model" if field.get("model") else "object"
    return SCALARS[field["type"]]


def model_class(name, base, rows, sentence):
    """Returns the lines of a class with typed fields."""
    lines = [f"class {name}({base}):\n", docstring(sentence, 4), "\n    __slots__ = ()\n"]
    if rows:
        shown = [
            field["name"] + ("_text" if field_kind(field) == "datetime" else "")
            for field, _ in rows
            if field_kind(field) not in ("models", "model", "object", "strings")
            and not field.get("secret")
        ]
        match = [field["name"] for field, _ in rows]
        lines.append(f"    __match_args__ = {names_tuple(match)}\n")
        lines.append("    _fields = {\n")
        for field, path in rows:
            words = ", ".join(json.dumps(word) for word in (field_kind(field), *path))
            lines.append(f"        {json.dumps(field['name'])}: ({words}),\n")
        lines.append("    }\n")
        if shown:
            lines.append(f"    _repr_fields = {names_tuple(shown[:6])}\n")
    for field, path in rows:
        kind, words = field_kind(field), ", ".join(map(json.dumps, path))
        if kind == "models":
            returns, body = (
                f"tuple[{field['model']}, ...]",
                f"self._get_models({field['model']}, {words})",
            )
        elif kind == "model":
            returns, body = (
                f"{field['model']} | None",
                f"self._get_model({field['model']}, {words})",
            )
        elif kind == "object":
            returns, body = "Mapping[str, Any] | None", f"self._get_object({words})"
        elif kind == "strings":
            returns, body = "tuple[str, ...]", f"self._get_strings({words})"
        else:
            returns, body = f"{RESULT_TYPES[kind]} | None", f"self._get_{kind}({words})"
        doc = field["summary"]
        if kind == "datetime":
            doc += " Has a time zone if the server sent one."
        lines.append(f"\n    @property\n    def {field['name']}(self) -> {returns}:\n")
        lines.append(docstring(doc, 8) + f"        return {body}\n")
        if kind == "datetime":
            lines.append(f"\n    @property\n    def {field['name']}_text(self) -> str | None:\n")
            lines.append('        """The text that the server sent for this time."""\n')
            lines.append(f"        return self._get_str({words})\n")
    return "".join(lines)


def models_files(models):
    """Yields the files of the results."""
    for resource in RESOURCES:
        names = [name for name, where in models.resource.items() if where == resource]
        if not names:
            continue
        blocks = []
        # Classes that others use come first.
        for name in sorted(
            names, key=lambda name: (name in models.pages or name in models.replies, name)
        ):
            if name in models.parts:
                blocks.append(model_class(name, "Model", models.parts[name], title(name)))
            if name in models.replies:
                blocks.append(model_class(name, "Reply", models.replies[name], title(name)))
            if name in models.pages:
                page = model_class(
                    f"{name}Page",
                    f'Page["{name}"]',
                    models.pages[name],
                    f"A page of a list of {spaced(name)}s.",
                )
                blocks.append(
                    page.replace(
                        "    __slots__ = ()\n", f"    __slots__ = ()\n    _row_kind = {name}\n", 1
                    )
                )
        text = "\n\n".join(blocks)
        imports = []
        if "(Model)" in text:
            imports.append("from ._model import Model\n")
        if "(Page[" in text:
            imports.append("from ._page import Page\n")
        if "(Reply)" in text:
            imports.append("from ._reply import Reply\n")
        checked = [
            line
            for word, line in (
                ("Mapping[", "    from collections.abc import Mapping\n"),
                ("datetime |", "    from datetime import datetime\n"),
                ("Decimal |", "    from decimal import Decimal\n"),
                ("Any]", "    from typing import Any\n"),
            )
            if word in text
        ]
        if checked:
            imports.append("\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n" + "".join(checked))
        head = f'"""The results of `client.{resource}`."""\n\n{HEAD}\nfrom __future__ import annotations\n\n'
        yield f"_models_{resource}.py", head + "".join(imports) + "\n\n" + text


def spaced(name):
    return re.sub(
        r"(?<=[a-z])([A-Z])", lambda match: " " + match[1].lower(), name[0].lower() + name[1:]
    )


def title(name):
    words = spaced(name)
    if words.endswith(("meta", "details", "summary", "game")) and words != "game":
        head, _, tail = words.rpartition(" ")
        return f"The {tail} of a {head}."
    if words == "message":
        return "The message of a call that returns nothing else."
    return f"A {words}."


def result_type(operation):
    result = operation.get("result")
    if "paging" in operation:
        return (result["model"] + "Page", result["model"]) if result else ("RowPage", "Row")
    if operation["response"] == "file":
        return "DownloadedFile", None
    return (result["model"], None) if result else ("Reply", None)


def arguments(operation):
    """Returns the arguments of a method: (name, type, default or None, description, parameter)."""
    rows = []
    for param in sorted(
        operation.get("params", ()),
        key=lambda param: (param["in"] != "path", not param.get("required")),
    ):
        required = param.get("required", False)
        kind = param_type(param) + ("" if required else " | None")
        rows.append((python_name(param), kind, required, param["summary"], param))
    return rows


def signature(operation, is_async, returns, indent=4, to_file=False):
    pad = " " * indent
    rows = arguments(operation)
    # Before other arguments the path has at most two; they may be given by position.
    by_position = [row for row in rows if row[4]["in"] == "path"]
    method_name = operation["name"] + ("_to" if to_file else "")
    lines = [f"{pad}{'async ' if is_async else ''}def {method_name}(\n{pad}    self,\n"]
    for name, kind, _required, _, _ in by_position:
        lines.append(f"{pad}    {name}: {kind},\n")
    if to_file:
        lines.append(f"{pad}    file: {TARGET['file'][0]},\n")
    lines.append(f"{pad}    *,\n")
    if to_file:
        lines.append(f"{pad}    progress: {TARGET['progress'][0]} | None = None,\n")
    for name, kind, required, _, param in rows:
        if param["in"] != "path":
            lines.append(f"{pad}    {name}: {kind}{'' if required else ' = None'},\n")
    for name, (kind, _) in OPTIONS.items():
        lines.append(f"{pad}    {name}: {kind} | None = None,\n")
    lines.append(f"{pad}) -> {returns}:\n")
    return "".join(lines)


def example(operation, is_async, kind, is_paged):
    """Returns the lines of the example in the docstring of a method."""
    needed = [
        (name, param["in"]) for name, _, required, _, param in arguments(operation) if required
    ]
    given = [name for name, place in needed if place == "path"]
    given += ["…"] if any(place != "path" for _, place in needed) else []
    call = f"client.{operation['resource']}.{operation['name']}({', '.join(given)})"
    if is_paged:
        loop = "async for" if is_async else "for"
        return f"            {loop} row in {call}:\n                print(row)"
    name = {"Reply": "reply", "DownloadedFile": "file"}.get(kind, "result")
    return f"            {name} = {'await ' if is_async else ''}{call}"


def method(operation, is_async):
    """Returns the lines of a method."""
    kind, row = result_type(operation)
    is_paged = row is not None
    returns = f"{'Async' if is_async else ''}Pager[{row}, {kind}]" if is_paged else kind
    rows = arguments(operation)
    described = [wrap(text, 12, f"{name}: ") for name, _, _, text, _ in rows]
    described += [wrap(text, 12, f"{name}: ") for name, (_, text) in OPTIONS.items()]
    notes = []
    if operation["id"] in NOTES:
        notes.append(wrap(NOTES[operation["id"]], 8))
    if kind == "Reply":
        notes.append(
            wrap(
                'The API does not document the fields of the response: read it as `reply["data"]`.',
                8,
            )
        )
    notes.append(f"        Example:\n{example(operation, is_async, kind, is_paged)}")
    doc = docstring(
        third_person(operation["summary"]), 8, *notes, "        Args:\n" + "\n".join(described)
    )
    values = ", ".join(
        f'"{param["name"]}": {"read_csv(file)" if param["in"] == "file" else name}'
        for name, _, _, _, param in rows
    )
    options = ", ".join(OPTIONS)
    if is_paged:
        call = (
            f'{"Async" if is_async else ""}Pager(self._caller, "{operation["id"]}", {kind}, '
            f'"{operation["paging"]}", to_arguments({{{values}}}, extra), '
            f"to_overrides(timeout, max_retries, call_id, headers))"
        )
    else:
        given = f"{{{values}}}" if all(row[2] for row in rows) else f"without_none({{{values}}})"
        call = f'self._call("{operation["id"]}", {kind}, {given}, {options})'
        call = f"await {call}" if is_async else call
    return (
        signature(operation, is_async and not is_paged, returns) + doc + f"        return {call}\n"
    )


def download_method(operation, is_async):
    """Returns the lines of the method that downloads to a file."""
    rows = arguments(operation)
    described = [wrap(text, 12, f"{name}: ") for name, _, _, text, _ in rows]
    for name, (_, text) in [*TARGET.items(), *OPTIONS.items()]:
        described.append(wrap(text, 12, f"{name}: "))
    note = (
        "The file is written while it arrives, so its size is not limited. A path gets the file "
        "when the download has succeeded; after an error nothing is left, and an old file stays. A "
        "file object gets the content then, from a temporary file."
    )
    call = f"client.{operation['resource']}.{operation['name']}_to"
    example = (
        f'        Example:\n            saved = {"await " if is_async else ""}{call}(7, "export.csv", '
        "timeout=600)\n            print(saved.size, saved.filename)"
    )
    doc = docstring(
        third_person(operation["summary"]).removesuffix(".") + " to a file.",
        8,
        wrap(note, 8),
        wrap("`timeout` limits the whole download.", 8),
        example,
        "        Args:\n" + "\n".join(described),
    )
    values = ", ".join(f'"{param["name"]}": {name}' for name, _, _, _, param in rows)
    passed = ", ".join([*TARGET, *OPTIONS])
    call = f'self._download("{operation["id"]}", {{{values}}}, {passed})'
    head = signature(operation, is_async, "SavedFile", to_file=True)
    return head + doc + f"        return {'await ' if is_async else ''}{call}\n"


def resource_file(resource, operations, models):
    """Returns the file of a resource."""
    name, what = RESOURCES[resource]
    attribute = f"client.{resource}"
    blocks = []
    for is_async in (False, True):
        prefix = "Async" if is_async else ""
        sentence = f"The calls for {what}. Returned by `{'AsyncClient' if is_async else 'Client'}.{resource}`."
        methods = []
        for operation in operations:
            methods.append(method(operation, is_async))
            if operation["response"] == "file":
                methods.append(download_method(operation, is_async))
        raw = f"{prefix}{name}WithRawResponse"
        blocks.append(
            f"class {prefix}{name}({prefix}Resource):\n"
            + docstring(sentence, 4)
            + "\n    @property\n"
            f"    def with_raw_response(self) -> {raw}:\n"
            '        """The same calls. They return the response with its headers, not parsed."""\n'
            f"        raw: {raw} = self._with_raw_response()\n"
            "        return raw\n\n" + "\n".join(methods)
        )
    text = "\n\n".join(blocks)
    imports = []
    used = {result_type(operation) for operation in operations}
    kinds = {kind for kind, _ in used} | {row for _, row in used if row}
    if "Pager[" in text:
        imports.append("from .._options import to_overrides\n")
        imports.append("from .._pager import AsyncPager, Pager\n")
        imports.append("from .._resource import AsyncResource, Resource, to_arguments\n")
    else:
        imports.append("from .._resource import AsyncResource, Resource\n")
    if "without_none(" in text:
        imports.append("from .._resource import without_none\n")
    if "read_csv" in text:
        imports.append("from .._resource import read_csv\n")
    if "Reply" in kinds:
        imports.append("from .._reply import Reply\n")
    if "RowPage" in kinds:
        imports.append("from .._page import RowPage\n")
    if "DownloadedFile" in kinds:
        imports.append("from .._file import DownloadedFile\n")
    by_hand = sorted(kinds & BY_HAND)
    if by_hand:
        imports.append(f"from .._results import {', '.join(by_hand)}\n")
    generated = {}
    for kind in kinds - BY_HAND - WITHOUT_FIELDS:
        generated.setdefault(models.resource[kind.removesuffix("Page")], set()).add(kind)
    runtime = {kind for kind, _ in used}
    checked = set()
    for where, names in sorted(generated.items()):
        at_run = sorted(names & runtime)
        if at_run:
            imports.append(f"from .._models_{where} import {', '.join(at_run)}\n")
        if names - runtime:
            checked.add(f"    from .._models_{where} import {', '.join(sorted(names - runtime))}\n")
    for pattern, line in (
        (r"\bMapping\[|\bSequence\[", "    from collections.abc import {}\n"),
        (r"\bdatetime \|", "    from datetime import date, datetime\n"),
        (r"\bDecimal \|", "    from decimal import Decimal\n"),
        (r"\bIPv4Address\b", "    from ipaddress import IPv4Address, IPv6Address\n"),
        (r"\bAny\b|\bLiteral\[", "    from typing import {}\n"),
        (r"\bCsvFile\b", "    from .._resource import CsvFile\n"),
        (r"\bFileTarget\b", "    from .._file import SavedFile\n"),
        (r"\bProgress\b", "    from .._resource import FileTarget, Progress\n"),
        (r"\[Row,", "    from .._model import Row\n"),
    ):
        if re.search(pattern, text):
            names = [word for word in ("Mapping", "Sequence") if re.search(rf"\b{word}\[", text)]
            if "typing" in line:
                names = [word for word in ("Any", "Literal") if re.search(rf"\b{word}\b", text)]
            checked.add(line.format(", ".join(names)))
    params = sorted(set(re.findall(r"\b\w+Param\b", text)))
    if params:
        checked.add(f"    from .._param_types import {', '.join(params)}\n")
    checked.add(f"    from ._raw import Async{name}WithRawResponse, {name}WithRawResponse\n")
    head = f'"""The calls of `{attribute}`."""\n\n{HEAD}\nfrom __future__ import annotations\n\n'
    check = "\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n" + "".join(sorted(checked))
    return head + "".join(imports) + check + "\n\n" + text


def raw_file(by_resource, models):
    """Returns the types of `with_raw_response`."""
    lines = []
    kinds = set()
    for resource, operations in by_resource.items():
        for is_async in (False, True):
            prefix = "Async" if is_async else ""
            lines.append(f"\nclass {prefix}{RESOURCES[resource][0]}WithRawResponse:\n")
            for operation in operations:
                kind, row = result_type(operation)
                kinds.add(kind)
                if row:
                    kinds.add(row)
                returns = f"{prefix}Pager[{row}, {kind}]" if row else f"RawResponse[{kind}]"
                lines.append(
                    signature(operation, is_async and not row, returns).rstrip()[:-1] + ": ...\n"
                )
                if operation["response"] == "file":
                    saved = signature(operation, is_async, "RawResponse[SavedFile]", to_file=True)
                    lines.append(saved.rstrip()[:-1] + ": ...\n")
    text = "".join(lines)
    imports = ["from collections.abc import Mapping, Sequence\n", "from datetime import date, datetime\n",
               "from decimal import Decimal\n", "from ipaddress import IPv4Address, IPv6Address\n",
               "from typing import Any, Literal\n\n", "from .._model import Row\n"]  # fmt: skip
    generated = {}
    for kind in kinds - BY_HAND - WITHOUT_FIELDS:
        generated.setdefault(models.resource[kind.removesuffix("Page")], set()).add(kind)
    for where, names in sorted(generated.items()):
        imports.append(f"from .._models_{where} import {', '.join(sorted(names))}\n")
    imports += [
        "from .._file import DownloadedFile, SavedFile\n",
        "from .._page import RowPage\n",
        "from .._pager import AsyncPager, Pager\n",
    ]
    params = sorted(set(re.findall(r"\b\w+Param\b", text)))
    imports.append(f"from .._param_types import {', '.join(params)}\n")
    imports.append("from .._raw_response import RawResponse\nfrom .._reply import Reply\n")
    imports.append("from .._resource import CsvFile, FileTarget, Progress\n")
    imports.append(f"from .._results import {', '.join(sorted(kinds & BY_HAND))}\n")
    return HEAD + "\n" + "".join(imports) + text


def param_types_file(operations):
    """Returns the types of arguments that are objects."""
    seen = {}
    for operation in operations:
        for param in operation.get("params", ()):
            if param.get("model"):
                seen[param["model"] + "Param"] = param["fields"]
    blocks = []
    for name, fields in sorted(seen.items()):
        required = [field for field in fields if field.get("required")]
        optional = [field for field in fields if not field.get("required")]
        what = spaced(name.removesuffix("Param"))
        article = "An" if what[0] in "aeiou" else "A"

        def members(rows):
            return "".join(
                f"    {field['name']}: {param_type(field)}{' | None' if field.get('nullable') else ''}\n"
                f'    """{field["summary"]}"""\n'
                for field in rows
            )

        base = "TypedDict, total=False"
        if required:
            blocks.append(
                f'class _{name}Required(TypedDict):\n    """The required members."""\n\n'
                + members(required)
            )
            base = f"_{name}Required, total=False"
        blocks.append(
            f'class {name}({base}):\n    """{article} {what}, as an argument."""\n\n'
            + members(optional)
        )
    return (
        f'"""The types of arguments that are objects. Imported by type checkers only."""\n\n{HEAD}\n'
        "from __future__ import annotations\n\nfrom collections.abc import Mapping\nfrom decimal import Decimal\n"
        "from typing import Any, TypedDict\n\n\n" + "\n\n".join(blocks)
    )


def operation_names_file(operations):
    names = "".join(
        f"    {json.dumps(operation['id'])},\n"
        for operation in sorted(operations, key=lambda row: row["id"])
    )
    return (
        f'"""The ids of the operations. Imported by type checkers only."""\n\n{HEAD}\n'
        "from __future__ import annotations\n\nfrom typing import Literal, TypeAlias\n\n"
        f"OperationName: TypeAlias = Literal[\n{names}]\n"
    )


def check_examples(operations):
    """Ends the program if a documented example has a field that its result does not have."""

    def compare(fields, value, where):
        names = {field["name"]: field for field in fields}
        for key, each in value.items():
            field = names.get(key)
            if field is None:
                sys.exit(f"{where}: the example has {key}, the result does not")
            parts = each if isinstance(each, list) else [each]
            for part in parts:
                if isinstance(part, dict) and "fields" in field:
                    compare(field["fields"], part, f"{where}.{key}")

    for operation in operations:
        if ("result" in operation) != ("example" in operation):
            sys.exit(f"{operation['id']} has an example without a result, or the reverse")
        if "result" in operation:
            compare(operation["result"]["fields"], operation["example"]["body"], operation["id"])


def files():
    """Yields the path and the text of every file, not formatted."""
    operations = json.loads(TABLE.read_text("utf-8"))
    check_examples(operations)
    models = Models(operations)
    by_resource = {
        name: [row for row in operations if row["resource"] == name] for name in RESOURCES
    }
    if sum(map(len, by_resource.values())) != len(operations):
        sys.exit("an operation has an unknown resource")
    yield from models_files(models)
    for resource, rows in by_resource.items():
        yield f"_resources/{resource}.py", resource_file(resource, rows, models)
    yield (
        "_resources/__init__.py",
        (
            f'"""The resources of the client: one file for each group of calls, loaded on first use."""\n\n{HEAD}'
        ),
    )
    yield "_resources/_raw.pyi", raw_file(by_resource, models)
    yield "_param_types.py", param_types_file(operations)
    yield "_operation_names.py", operation_names_file(operations)


def layout(text, file):
    """Returns a text as ruff formats it. ruff is beside this Python, or in the PATH."""
    beside = Path(sys.executable).with_name("ruff")
    ruff = [str(beside) if beside.exists() else "ruff"]
    name = ["--config", str(HERE / "pyproject.toml"), "--stdin-filename", str(file), "-"]
    for command in (
        ["check", "--fix-only", "--select", "I,RUF022", "--quiet"],
        ["format", "--quiet"],
    ):
        done = subprocess.run(
            ruff + command + name, input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"ruff cannot format {file.name}:\n{done.stderr}\n{text}")
        text = done.stdout
    return text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    for path, text in files():
        file = PACKAGE / path
        text = layout(text, file)
        if not options.check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            sys.exit(
                f"{path} differs from src/api/operations.json: run bindings/python/generate.py and commit it"
            )


if __name__ == "__main__":
    main()
