"""Arguments: the values that are sent, and the values that are refused."""

from __future__ import annotations

import enum
import ipaddress
import json
import uuid
from collections import OrderedDict, UserDict, deque
from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest
from conftest import START

from iplaygames_native import (
    ArgumentTypeError,
    Client,
    Sandbox,
    UnknownOperationError,
    ValidationError,
)


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(str):
    def __str__(self) -> str:
        return "not this"


class Loud(float):
    def __repr__(self) -> str:
        return "not this"


class Index:
    def __index__(self) -> int:
        return 42


@pytest.mark.parametrize(
    ("value", "json"),
    [
        ('é\n"\\\u2028', '"é\\n\\"\\\\\u2028"'),
        (0, "0"),
        (-(2**63), "-9223372036854775808"),
        (10**40, "1" + "0" * 40),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (-0.0, "-0.0"),
        (Decimal("0.50"), "0.50"),
        (Decimal("123456789012345678901234567890.10"), "123456789012345678901234567890.10"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+200"), "1E+200"),
        (Decimal("-0"), "-0"),
        (Colour.RED, '"red"'),
        (Level.HIGH, "3"),
        (Word("this"), '"this"'),
        (Loud(0.5), "0.5"),
        (Index(), "42"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc), '"2030-01-02T03:04:05+00:00"'),
        (date(2030, 1, 2), '"2030-01-02"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (ipaddress.ip_address("2001:db8::1"), '"2001:db8::1"'),
        ([1, (2, [])], "[1,[2,[]]]"),
        (deque([1]), "[1]"),
        (range(3), "[0,1,2]"),
        ({"a": {"b": None}}, '{"a":{"b":null}}'),
        (OrderedDict(z=1, a=2), '{"z":1,"a":2}'),
        (UserDict({"a": 1}), '{"a":1}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
    ],
)
def test_values_are_written_with_their_exact_digits(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, value: Any, json: str
) -> None:
    iplaygames_client.sessions.start(**START, extra={"value": value})
    assert iplaygames_sandbox.requests()[-1]["body"].endswith(f'"value":{json}}}')


def circle() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("value", "parameter", "message"),
    [
        (float("nan"), "value", "NaN"),
        (float("-inf"), "value", "infinity"),
        (Decimal("NaN"), "value", "NaN"),
        (Decimal("sNaN"), "value", "NaN"),
        (Decimal("Infinity"), "value", "infinity"),
        ([0, {"a/b~c": float("nan")}], "value.1.a/b~c", "NaN"),
        ("\ud800", "value", "surrogate"),
        ({"\ud800": 1}, "value", "surrogate"),
        (circle(), None, "nested too deep"),
        (10**5000, "value", "digits"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_json_cannot_represent_raise_an_error_that_names_the_argument(
    iplaygames_sandbox: Sandbox,
    iplaygames_client: Client,
    value: Any,
    parameter: str | None,
    message: str,
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        iplaygames_client.sessions.start(**START, extra={"value": value})
    assert isinstance(caught.value, ValueError) and caught.value.outcome == "not_sent"
    if parameter:
        assert caught.value.parameter == parameter
    assert iplaygames_sandbox.requests() == []


@pytest.mark.parametrize(
    ("value", "parameter", "message"),
    [
        (b"bytes", "value", "decode"),
        (object(), "value", "object"),
        ({1: 2}, "value", "key"),
        ({1, 2}, "value", "set"),
        (1j, "value", "complex"),
        (Fraction(1, 3), "value", "Fraction"),
        ([{"a": object()}], "value.0.a", "object"),
    ],
)
def test_types_that_cannot_be_sent_raise_an_error_that_names_the_argument(
    iplaygames_client: Client, value: Any, parameter: str, message: str
) -> None:
    with pytest.raises(ArgumentTypeError, match=message) as caught:
        iplaygames_client.sessions.start(**START, extra={"value": value})
    assert caught.value.parameter == parameter
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, ValueError)


def test_an_exception_of_an_argument_object_is_raised_unchanged(iplaygames_client: Client) -> None:
    class Broken(UserDict[str, Any]):
        def items(self) -> Any:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        iplaygames_client.call("list_games", search=Broken())


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"currency": "dollars and cents"}, "currency"),
        ({"country_code": "USA"}, "country_code"),
        ({"ip_address": "localhost"}, "ip_address"),
        ({"expire_days": 999}, "expire_days"),
        ({"game_id": "one"}, "game_id"),
        ({"game_id": True}, "game_id"),
        ({"player_id": 5}, "player_id"),
        ({"freespin_bet_amount": float("nan")}, "freespin_bet_amount"),
        ({"freespin_bet_amount": "a lot"}, "freespin_bet_amount"),
    ],
)
def test_a_field_with_an_invalid_format_is_refused_before_the_request_is_sent(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client, change: dict[str, Any], parameter: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        iplaygames_client.sessions.start(**(START | change))
    assert caught.value.parameter == parameter and iplaygames_sandbox.requests() == []


@pytest.mark.parametrize("session_id", ["", ".", "..", None])
def test_an_id_that_is_not_a_valid_path_segment_is_refused(
    iplaygames_client: Client, session_id: Any
) -> None:
    for call in (iplaygames_client.sessions.status, iplaygames_client.sessions.end):
        with pytest.raises(ValidationError) as caught:
            call(session_id)
        assert caught.value.parameter == "session_id"


def test_an_unknown_operation_raises_unknown_operation_error(iplaygames_client: Client) -> None:
    with pytest.raises(UnknownOperationError, match="start_a_gme"):
        iplaygames_client.call("start_a_gme")  # type: ignore[arg-type]


# Has the required fields of every operation's response.
ANY = """{"data": {"any": 1.10, "session_id": "x", "game_url": "x", "status": "x", "multi_session_id": "x",
    "swipe_url": "x"}}"""


def test_every_operation_can_be_called(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    samples = {
        "string": "x", "integer": 1, "number": Decimal("1.5"), "numeric": "1.5", "boolean": True,
        "object": {"a": 1}, "strings": ["x"], "integers": [1], "objects": [{"external_game_id": "x", "name": "y"}],
    }  # fmt: skip
    rules = {"currency": "USD", "country_code": "US", "ip_address": "192.0.2.1"}
    operations = iplaygames_client.operations()
    assert len(operations) == 65 and len(set(operations)) == 65
    for operation in operations:
        arguments = {
            param.name: rules.get(param.name, samples[param.type])
            for param in operation.params
            if param.required
        }
        iplaygames_sandbox.fault(operation.id, status=200, body=ANY)
        reply = iplaygames_client.call(operation.id, **arguments)
        # The document of a download has the file as text.
        document = json.loads(reply["text"], parse_float=Decimal) if "text" in reply.raw else reply
        assert str(document["data"]["any"]) == "1.10"
        request = iplaygames_sandbox.requests()[-1]
        assert (request["operation"], request["method"]) == (operation.id, operation.method)


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x")])
def test_bytes_are_refused_in_every_form(iplaygames_client: Client, value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="is bytes, which JSON cannot represent"):
        iplaygames_client.call("list_games", search=value)
    with pytest.raises(ArgumentTypeError, match="is bytes"):
        iplaygames_client.promotions.update(1, extra={"colour": {"a": [value]}})
