"""Values under names that nobody knows beforehand: each is stored with its type, or rejected by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from pathlib import Path
from random import Random
from struct import unpack
from typing import Annotated, Any

import pytest

from platform_assets import (
    JSON_LINES,
    Domain,
    Feed,
    NamedValues,
    RawRows,
    RejectedValues,
    T,
    named_values,
    raw_table,
    rejected_values,
    source,
)
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import named_values as named_values_module
from platform_assets.landing.named_values import no_rejected_values
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import settings_for

DAY = "2026-01-05"
NAMED = "telemetry/raw_readings"
START = '{"truck_id": "T-1", "timestamp": "2026-01-05T10:15:30.250Z", '
Expected = tuple[dict[str, Any], list[tuple[str, str, str]], list[str]]
GOOD: list[str] = []
LONG = "n" * 64

# What stands after truck and time; what is stored, what is rejected, and the rules that the line breaks.
LINES: dict[str, Expected] = {
    '"readings": {"engine_temperature": 91.5, "door_open": true, "gear": "N"}}': (
        {"engine_temperature": 91.5, "door_open": True, "gear": "N"},
        [],
        GOOD,
    ),
    '"readings": {"a": "5", "b": 5, "c": "true", "d": "null", "e": null, "f": "", "g": false}}': (
        {"a": "5", "b": 5.0, "c": "true", "d": "null", "f": "", "g": False},
        [],
        GOOD,
    ),
    '"readings": {"doorOpen": 1, "HTTPLoad": 2, "Tire-1 . front": 3, "a__b": 4, "x_": 5, "Z9Y": 6, "a.": 7}}': (
        {"door_open": 1.0, "httpload": 2.0, "tire_1_front": 3.0, "a_b": 4.0, "x_": 5.0, "z9_y": 6.0, "a_": 7.0},
        [],
        GOOD,
    ),
    '"readings": {"a": "quote \\" and \\\\", "b": "\\\\\\"", "c": "\\u0041\\n\\/", "\\u0064": "\u00e9\U0001f69a"}}': (
        {"a": 'quote " and \\', "b": '\\"', "c": "A\n/", "d": "\u00e9\U0001f69a"},
        [],
        GOOD,
    ),
    '"readings": {"a": "_", "b": "#1", "c": "#", "d": "{", "e": "[1]", "f": "a: \\"b\\": 1, {}"}}': (
        {"a": "_", "b": "#1", "c": "#", "d": "{", "e": "[1]", "f": 'a: "b": 1, {}'},
        [],
        GOOD,
    ),
    '"readings": {"a": -0, "b": -0.0, "c": 1e-400, "d": 12345678901234567890123, "e": 1E5, "f": 0.3000000000000000}}': (
        {"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.2345678901234568e22, "e": 1e5, "f": 0.3},
        [],
        GOOD,
    ),
    '"readings": {"a": 1e400, "b": 2, "c": "1e400", "d": -1e999, "e": "x"}, "f": 1e308}': (
        {"b": 2.0, "c": "1e400", "e": "x", "f": 1e308},
        [("a", "1e400", "invalid_value"), ("d", "-1e999", "invalid_value")],
        GOOD,
    ),
    '"readings": {"a": {"b": [1, "x y", {"_c": "#d"}]}, "e": [], "f": {}, "g": 1}}': (
        {"g": 1.0},
        [
            ("a", '{"b":[1,"x y",{"_c":"#d"}]}', "invalid_value"),
            ("e", "[]", "invalid_value"),
            ("f", "{}", "invalid_value"),
        ],
        GOOD,
    ),
    '"readings": {"a": {"b": 1e400, "c": "x"}, "g": 1}}': (
        {"g": 1.0},
        [("a", '{"b":1e400,"c":"x"}', "invalid_value")],
        GOOD,
    ),
    f'"readings": {{"1a": 1, "": "x", "\u00e4": true, "a/b": 2, "{LONG}n": 3, "{LONG}": 4, "a\\"b": 5, "1": null}}}}': (
        {LONG: 4.0},
        [
            *(("1a", "1.0", "invalid_name"), ("", "x", "invalid_name"), ("\u00e4", "true", "invalid_name")),
            *(("a/b", "2.0", "invalid_name"), (f"{LONG}n", "3.0", "invalid_name"), ('a"b', "5.0", "invalid_name")),
        ],
        GOOD,
    ),
    f'"readings": {{"{LONG.upper()}": 1, "{LONG.upper()}N": 2, "{"Door.Open " * 6}Dooo": 3, "{"a" * 63}-": 4}}}}': (
        {LONG: 1.0, "door_open_" * 6 + "dooo": 3.0, "a" * 63 + "_": 4.0},
        [(f"{LONG.upper()}N", "2.0", "invalid_name")],
        GOOD,
    ),
    '"readings": {"a\\n": 1, "B\\n": 2, "\\na": 3, "9": {}, "c": []}}': (
        {},
        [
            *(("a\n", "1.0", "invalid_name"), ("B\n", "2.0", "invalid_name"), ("\na", "3.0", "invalid_name")),
            *(("9", "{}", "invalid_name"), ("c", "[]", "invalid_value")),
        ],
        GOOD,
    ),
    '"readings": {"a": 1, "b": null, "c": [1]}, "A": 2, "b": 3, "c": "x", "doorOpen": false, "9": 1}': (
        {"a": 1.0, "b": 3.0, "c": "x", "door_open": False},
        [("c", "[1]", "invalid_value"), ("A", "2.0", "also_in_readings"), ("9", "1.0", "invalid_name")],
        GOOD,
    ),
    '"x": true, "gear": "N", "readings": {"x": 1, "Gear": "R"}}': (
        {"x": 1.0, "gear": "R"},
        [("x", "true", "also_in_readings"), ("gear", "N", "also_in_readings")],
        GOOD,
    ),
    '"readings": {"a": 1, "a": "last"}, "b": 1, "b": 2}': ({"a": "last", "b": 2.0}, [], GOOD),
    '"readings": {"a": 1, "a": null}}': ({}, [], GOOD),
    '"readings" : { "a"\t: 1 , "b" : "x" } , "c" : 2 }': ({"a": 1.0, "b": "x", "c": 2.0}, [], GOOD),
    '"readings": null, "a": 1}': ({"a": 1.0}, [], GOOD),
    '"readings": {}}': ({}, [], GOOD),
    '"a": 1}': ({"a": 1.0}, [], GOOD),
    '"r": 1, "\\u0072eadings": {"a": 1}}': ({"r": 1.0, "a": 1.0}, [], GOOD),
    '"readings": 5, "readings": {"a": 1}}': ({"a": 1.0}, [], GOOD),
    '"readings": [1]}': ({}, [], ["invalid_readings"]),
    '"readings": "{}"}': ({}, [], ["invalid_readings"]),
    '"readings": 1e400}': ({}, [], ["invalid_readings"]),
    '"readings": ""}': ({}, [], ["invalid_readings"]),
    '"readings": {"a": 1}, "readings": true}': ({}, [], ["invalid_readings"]),
    '"readings": {"a": 01}}': ({}, [], ["malformed"]),
    '"readings": {"a": 1.}}': ({}, [], ["malformed"]),
    '"readings": {"a": 1e999e}}': ({}, [], ["malformed"]),
    '"readings": {"a": NaN}}': ({}, [], ["malformed"]),
    '"readings": {"a": Infinity}}': ({}, [], ["malformed"]),
    '"readings": {"a": 1}': ({}, [], ["malformed"]),
    '"readings": {"a": 1}}}': ({}, [], ["malformed"]),
    '"readings": {"a": "\\ud800"}}': ({}, [], ["malformed"]),
    '"readings": {"a": "\\x"}}': ({}, [], ["malformed"]),
    "\"readings\": {'a': 1}}": ({}, [], ["malformed"]),
    '"readings": {a: 1}}': ({}, [], ["malformed"]),
    f'"readings": {{"a": {"[" * 200}{"]" * 200}}}}}': ({}, [], ["malformed"]),
}
WHOLE: dict[str, tuple[list[str], dict[str, Any]]] = {
    "{}": (["missing_truck_id", "missing_timestamp"], {}),
    "[]": (["malformed"], {}),
    "5": (["malformed"], {}),
    '"x"': (["malformed"], {}),
    '{"a": 1}': (["missing_truck_id", "missing_timestamp"], {}),
    '{"truck_id": 7, "timestamp": "2026-01-05T10:15:30.250Z"}': (["invalid_truck_id"], {}),
    '{"truck_id": 1e400, "timestamp": 1e400}': (["invalid_truck_id", "invalid_timestamp"], {}),
    '{"truck_id": "", "timestamp": null}': (["missing_truck_id", "missing_timestamp"], {}),
    '{"truck_id": {"x": 1}, "timestamp": "2026-01-05T10:15:30Z"}': (["invalid_truck_id", "invalid_timestamp"], {}),
    '{"truck_id": "_#\\"7", "timestamp": "2026-01-05T23:59:59.999Z"}': ([], {"truck_id": '_#"7'}),
}


def told(value: dict[str, Any]) -> Any:
    """A stored value as JSON has it."""
    if value["value_type"] == "text":
        assert value["value"] is None
        return value["value_text"]
    assert value["value_text"] is None
    return bool(value["value"]) if value["value_type"] == "boolean" else value["value"]


def comparable(rejected: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Engines write the numbers of rejected values in their own ways."""

    def number(text: str) -> str:
        try:
            return str(float(text)) if "1e" not in text else text
        except ValueError:
            return text

    return sorted((name, number(value), reason) for name, value, reason in rejected)


@pytest.fixture(scope="module")
def rows(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Each line, all in one delivery, to the row that it became."""
    platform = Platform(tmp_path_factory.mktemp("named"), reject_share=1.0)
    lines = [START + end for end in LINES] + list(WHOLE)
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines):
        platform.deliver("telemetry", DAY, f"{number:03}.jsonl", line)
    platform.materialise(DAY, select="key:telemetry/raw_readings")
    for row in platform.rows(NAMED):
        found[lines[int(row["source_file"][:3])]] = row
    assert len(found) == len(lines)
    return found


@pytest.mark.parametrize("end", LINES)
def test_each_value_is_stored_with_its_type_or_rejected_with_a_reason(
    end: str, rows: dict[str, dict[str, Any]]
) -> None:
    row, (stored, rejected, violations) = rows[START + end], LINES[end]
    assert row["violations"] == violations
    # As text, which tells -0.0 from 0.0.
    found = {value["name"]: repr(told(value)) for value in row["readings"] or []}
    assert found == {name: repr(value) for name, value in stored.items()}
    assert comparable([tuple(one.values()) for one in row["rejected_readings"]]) == comparable(rejected)
    assert row["extra_fields"] == []
    if not violations:
        assert row["truck_id"] == "T-1"
    written = json.loads(START + end) if not violations else {}
    for value in row["readings"] or [] if not violations else []:
        name = value["written_as"] or value["name"]
        assert value["written_as"] != value["name"]
        assert name in {**written, **(written.get("readings") or {})}


@pytest.mark.parametrize("line", WHOLE)
def test_a_line_is_judged_by_its_own_fields(line: str, rows: dict[str, dict[str, Any]]) -> None:
    violations, values = WHOLE[line]
    assert rows[line]["violations"] == violations
    assert {name: rows[line][name] for name in values} == values


def test_numbers_are_the_doubles_that_python_reads(platform: Platform) -> None:
    random = Random(7)
    bits = [random.getrandbits(64).to_bytes(8, "big") for _ in range(2_000)]
    doubles = [value for (value,) in (unpack(">d", some) for some in bits) if isfinite(value)]
    texts = [repr(value) for value in doubles]
    texts += [f"{random.uniform(-1e6, 1e6):.{random.randrange(25)}f}" for _ in range(2_000)]
    texts += [f"{random.randrange(10**18)}e{random.randrange(-330, 290)}" for _ in range(1_000)]
    # Of one form in each line.
    forms = [[f"{random.randrange(10**9)}{e}{random.randrange(290)}" for _ in range(50)] for e in ("E", "e+", "E+")]
    texts = [text for form in forms for text in form] + texts
    lines = [
        START + '"readings": {' + ", ".join(f'"x{at + n}": {text}' for n, text in enumerate(texts[at : at + 50])) + "}}"
        for at in range(0, len(texts), 50)
    ]
    platform.deliver("telemetry", DAY, "numbers.jsonl", lines)
    platform.materialise(DAY, select=f"key:{NAMED}")
    found = {int(one["name"][1:]): one["value"] for row in platform.rows(NAMED) for one in row["readings"]}
    assert {texts[n]: found[n] for n in range(len(texts))} == {text: float(text) + 0.0 for text in texts}


class RawBoxes(RawRows):
    """Values by name, beside fields of other types; other fields are unknown."""

    id: T.StringType = source("id", required=True, description="A text")
    count: T.LongType = source("count", text=False, description="An integer")
    share: T.DoubleType = source("share", text=False, description="A double")
    amount: Annotated[T.DecimalType, 38, 2] = source("amount", text=False, description="A large amount")
    values: NamedValues = named_values("of", description="What is in it")
    rejected: RejectedValues = rejected_values("values", description="What could not be stored")


@raw_table(RawBoxes, Feed("boxes", (JSON_LINES,)), domain=Domain("shop", owner="team:shop"), versions_of="id")
def raw_boxes() -> Mapping[str, Any]:
    """No parse of their own."""
    return {}


# What stands after the identity; the fields, the values, the names of rejected ones, unknown fields, and broken rules.
BOXES: dict[str, tuple[tuple[Any, ...], dict[str, Any], list[str], list[str], list[str]]] = {
    '"count": 5, "share": 0.5, "amount": 1, "of": {"x": 1}': ((5, 0.5, Decimal(1)), {"x": 1.0}, [], [], GOOD),
    '"count": -5, "share": -1e-3, "amount": 12345678901234567.89, "of": {"x": 1E2}': (
        (-5, -0.001, Decimal("12345678901234567.89")),
        *({"x": 100.0}, [], [], GOOD),
    ),
    '"count": "5", "share": "0.5", "amount": "12345678901234567.89"': (
        (5, 0.5, Decimal("12345678901234567.89")),
        *({}, [], [], GOOD),
    ),
    '"count": "-5", "share": "-0.5", "amount": "-1"': (
        (None, None, None),
        *({}, [], [], ["invalid_count", "invalid_share", "invalid_amount"]),
    ),
    '"count": "", "share": null, "of": null': ((None, None, None), {}, [], [], GOOD),
    '"count": 1e3, "of": {"x": 0.1234567890123456}': (
        (None, None, None),
        *({"x": 0.1234567890123456}, [], [], ["invalid_count"]),
    ),
    '"z": 1, "b": {"x": 2}, "of": {"x": 3, "y": {}}, "Count": 4, "a": null, "y": 5': (
        (None, None, None),
        *({"x": 3.0}, ["y"], ["Count", "a", "b", "y", "z"], GOOD),
    ),
    '"x": 1': ((None, None, None), {}, [], ["x"], GOOD),
    '"\\u0079": "_#", "of": {"id": "_#", "count": 7}': (
        (None, None, None),
        *({"id": "_#", "count": 7.0}, [], ["y"], GOOD),
    ),
}


def test_without_others_fields_beside_the_object_have_their_own_types_or_are_unknown(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "boxes" / DAY / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(f'{{"id": "{n}", {rest}}}' for n, rest in enumerate(BOXES)))
    found = raw_boxes.feed.landed(str(tmp_path), [date.fromisoformat(DAY)], raw_boxes.sourced).files
    rows = raw_boxes.read(engine, found, settings_for(), str(tmp_path / "room")).collect()
    as_found = {
        list(BOXES)[int(row["id"])]: (
            (row["count"], row["share"], row["amount"]),
            {one["name"]: told(one) for one in row["values"]},
            [one["name"] for one in row["rejected"]],
            row["extra_fields"],
            row["violations"],
        )
        for row in rows
    }
    assert as_found == BOXES


def test_rejected_values_are_told_by_name_and_reason_the_most_frequent_first(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [("a", "1", "invalid_name"), ("b", "[]", "invalid_value"), ("b", "{}", "invalid_value")]
    rows = [([*bad, ("c", "2", "invalid_name")],), ([("b", "1", "also_in_values")],), ([],), (bad[:1],)]
    frame = engine.session.createDataFrame(rows, "rejected array<struct<name:string,value:string,reason:string>>")
    said = "single values of good lines were rejected: a (invalid_name) 2, b (invalid_value) 2, b (also_in_values) 1"
    found = no_rejected_values("no_rejected", frame, "rejected")
    assert (found.check, found.passed, found.warning) == ("no_rejected", False, True)
    assert found.summary == f"{said}, c (invalid_name) 1"
    monkeypatch.setattr(named_values_module, "_SHOWN", 4)
    assert no_rejected_values("no_rejected", frame, "rejected") == found
    monkeypatch.setattr(named_values_module, "_SHOWN", 3)
    assert no_rejected_values("no_rejected", frame, "rejected").summary == f"{said}, and more"
    assert no_rejected_values("no_rejected", frame.where("size(rejected) = 0"), "rejected").passed


def test_of_a_long_name_that_is_rejected_the_beginning_is_told(engine: Engine) -> None:
    rows = [([("x" * 201, "1", "invalid_name"), ("x" * 300, "1", "invalid_name"), ("y" * 200, "1", "invalid_name")],)]
    frame = engine.session.createDataFrame(rows, "rejected array<struct<name:string,value:string,reason:string>>")
    told = no_rejected_values("no_rejected", frame, "rejected").details["values"]
    assert told == {f"{'x' * 200}… (invalid_name)": 2, f"{'y' * 200} (invalid_name)": 1}
