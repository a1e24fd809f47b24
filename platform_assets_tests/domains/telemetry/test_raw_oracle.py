"""Examples of lines that a reader can check by eye, for the oracle that telemetry's raw table is compared with."""

from __future__ import annotations

import gzip
from datetime import date, datetime, timezone

import pytest

from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.telemetry import raw

DAY = date(2026, 1, 1)
START = '{"truck_id": "T-1", "timestamp": "2026-01-01T10:15:30.250Z", '


def row_of(line: str | bytes) -> Row:
    """The raw row of a line delivered on the first day."""
    content = line if isinstance(line, bytes) else line.encode()
    (row,) = raw.raw_readings({DAY: {"a.json": content}}, start=DAY)
    return row


def test_a_line_is_readings_by_their_names_with_their_types() -> None:
    row = row_of(
        START
        + '"readings" : {"engine_temperature": 91.5, "doorOpen" : true, "Gear": "N", "x": null}, "oil . level": 0}'
    )
    assert row == {
        "truck_id": "T-1",
        "timestamp": datetime(2026, 1, 1, 10, 15, 30, 250000, tzinfo=timezone.utc),
        "readings": [
            ("engine_temperature", 91.5, None, "number"),
            ("door_open", 1.0, None, "boolean"),
            ("gear", None, "N", "text"),
            ("oil_level", 0.0, None, "number"),
        ],
        "written_as": ["engine_temperature", "doorOpen", "Gear", "oil . level"],
        "rejected_readings": [],
        "delivery_day": DAY,
        "day": DAY,
        "source_file": "a.json",
        "raw": None,
        "violations": [],
        "extra_fields": [],
    }


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        *(("doorOpen", "door_open"), ("Door-Open", "door_open"), ("door . open", "door_open")),
        *(("HTTPLoad", "httpload"), ("tire1Front", "tire1_front"), ("a_B", "a_b"), ("a-_ .B", "a_b")),
        *(("a.", "a_"), ("a__", "a_"), ("aBC", "a_bc"), ("A1b", "a1b"), ("a B", "a_b")),
    ],
)
def test_names_are_stored_in_lower_snake_case(written: str, stored: str) -> None:
    assert raw.sensor_name(written) == stored


@pytest.mark.parametrize(
    ("written", "value", "value_text", "value_type"),
    [
        *(("-0", 0.0, None, "number"), ("-0.0", 0.0, None, "number"), ("-1e-400", 0.0, None, "number")),
        *(("1E2", 100.0, None, "number"), ("12345678901234567890123", 12345678901234567890123.0, None, "number")),
        *(("false", 0.0, None, "boolean"), ('""', None, "", "text"), ('"true"', None, "true", "text")),
        *((r'"\u0061\"\\\/"', None, 'a"\\/', "text"), (r'"\ud83d\ude9a"', None, "\U0001f69a", "text")),
    ],
)
def test_a_value_is_a_number_a_boolean_or_a_text(
    written: str, value: float | None, value_text: str | None, value_type: str
) -> None:
    (reading,) = row_of(f'{START}"readings": {{"a": {written}}}}}')["readings"]
    assert repr(tuple(reading)) == repr(("a", value, value_text, value_type))


@pytest.mark.parametrize(
    ("members", "stored", "rejected"),
    [
        ('"readings": {"1a": 1, "": "x", "ä": 1.50}', [], [("1a", "1"), ("", "x"), ("ä", "1.50")]),
        (f'"{"n" * 64}": 1, "{"n" * 65}": "x y"', ["n" * 64], [("n" * 65, "x y")]),
        (r'"a\"b": true, "\u0061": 1, "1a": null, "a\n": 2', ["a"], [('a"b', "true"), ("a\n", "2")]),
        # A bad name is told before a bad value.
        ('"9": [], "T": {}', [], [("9", "[]"), ("T", "{}")]),
        (
            '"readings": {"a": [1, {"b" : null}], "b": 1e400, "c": -1E999}',
            [],
            [("a", '[1,{"b":null}]'), ("b", "1e400"), ("c", "-1E999")],
        ),
        # The last of equal names counts.
        ('"readings": {"a": 1, "a": {}, "b": 1, "b": null, "c": [], "c": 2}', ["c"], [("a", "{}")]),
        # Two names of one sensor in one object are both stored.
        ('"readings": {"doorOpen": 1, "door-open": 2}', ["door_open", "door_open"], []),
        ('"doorOpen": 1, "door-open": 2', ["door_open", "door_open"], []),
        # What is in `readings` counts, if it can be stored.
        (
            '"A": 2, "b": 3, "c": "x", "readings": {"a": 1, "b": null, "c": {}}',
            ["a", "b", "c"],
            [("c", "{}"), ("A", "2")],
        ),
        ('"A": {}, "readings": {"a": 1}', ["a"], [("A", "{}")]),
        # These names mean something at the top level only.
        ('"readings": {"truck_id": 1, "readings": 2}, "Truck_ID": 3', ["truck_id", "readings"], [("Truck_ID", "3")]),
    ],
)
def test_what_cannot_be_stored_is_rejected_alone(
    members: str, stored: list[str], rejected: list[tuple[str, str]]
) -> None:
    row = row_of(f"{START}{members}}}")
    assert row["violations"] == []
    assert [reading.sensor for reading in row["readings"]] == stored
    assert [(one.name, one.value) for one in row["rejected_readings"]] == rejected


def test_a_rejected_reading_says_why() -> None:
    row = row_of(START + '"9": {}, "a": {}, "B": 1, "C": {}, "readings": {"b": 2, "c": 3}}')
    assert [(one.name, one.reason) for one in row["rejected_readings"]] == [
        *(("9", "invalid_name"), ("a", "invalid_value"), ("B", "also_in_readings"), ("C", "invalid_value"))
    ]


@pytest.mark.parametrize(
    ("members", "violations"),
    [
        *(('"a": 1', []), ('"readings": null', []), ('"readings": {}', []), ('"readings": 5, "readings": {}', [])),
        *(('"readings": []', ["invalid_readings"]), ('"readings": ""', ["invalid_readings"])),
        *(('"readings": 1e400', ["invalid_readings"]), ('"readings": {}, "readings": true', ["invalid_readings"])),
        ('"truck_id": null, "timestamp": ""', ["missing_truck_id", "missing_timestamp"]),
        (
            '"truck_id": "", "timestamp": null, "readings": 0',
            ["missing_truck_id", "missing_timestamp", "invalid_readings"],
        ),
        ('"truck_id": 7, "timestamp": 1e400', ["invalid_truck_id", "invalid_timestamp"]),
        ('"truck_id": {}, "timestamp": "2026-01-01T10:15:30Z"', ["invalid_truck_id", "invalid_timestamp"]),
        ('"timestamp": "2026-01-01T10:15:30.25Z"', ["invalid_timestamp"]),
        ('"timestamp": "2026-01-01 10:15:30.250Z"', ["invalid_timestamp"]),
        ('"timestamp": "2026-01-01T10:15:30.250"', ["invalid_timestamp"]),
        ('"timestamp": "2026-02-29T10:15:30.250Z"', ["invalid_timestamp"]),
        ('"timestamp": "2026-01-01T24:00:00.000Z"', ["invalid_timestamp"]),
        ('"timestamp": "0000-01-01T00:00:00.000Z"', ["invalid_timestamp"]),
        ('"timestamp": "0001-01-01T00:00:00.000Z"', ["before_start"]),
        ('"timestamp": "2025-12-31T23:59:59.999Z", "readings": 1', ["invalid_readings", "before_start"]),
        ('"timestamp": "2026-01-02T23:59:59.999Z"', []),
        ('"timestamp": "2026-01-03T00:00:00.000Z"', ["after_delivery"]),
        *((f'"a": {wrong}', ["malformed"]) for wrong in ("01", "1.", ".5", "+1", "NaN", "-Infinity", "'x'", "1e400e")),
        *((f'"a": {wrong}', ["malformed"]) for wrong in (r'"\ud800"', r'"\x"', '"a\tb"', "1}", "1,", "nul", "")),
        *(('"a": 1, a: 2', ["malformed"]), ('"a": "\\udead", "a": 1', ["malformed"])),
        *((f'"a": {"[" * 126}{"]" * 126}', []), (f'"a": {"[" * 127}{"]" * 127}', ["malformed"])),
        *((f'"a": "{"[" * 127}"', []), ('"a": {"b": [1e400]}', [])),
    ],
)
def test_a_line_breaks_rules(members: str, violations: list[str]) -> None:
    line = START + members + "}"
    row = row_of(line)
    assert (row["violations"], row["raw"]) == (violations, line if violations else None)


@pytest.mark.parametrize(
    "line", ["[]", "5", "null", '"x"', "word", "{} {}", "{", "{'a': 1}", "\ufeff1", "1e400", "[" * 5000]
)
def test_a_line_that_is_no_object_is_malformed(line: str) -> None:
    assert row_of(line)["violations"] == ["malformed"]


def test_packed_files_are_read_and_blank_lines_are_no_rows() -> None:
    content = gzip.compress(b'\xef\xbb\xbf\r\n \t\n{"a": "\xff"}\r\n{}')
    first, second = raw.raw_readings({DAY: {"a.jsonl.gz": content}}, start=DAY)
    assert (first["violations"], first["raw"]) == (["not_utf8"], '{"a": "\ufffd"}')
    assert second["violations"] == ["missing_truck_id", "missing_timestamp"]


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("1", "1.0"),
        ("-0", "0"),
        ("1e2", "100"),
        ('{"a":1,"b":[2.0]}', '{"b": [2], "a": 1.0}'),
        (r'["\u0061"]', '["a"]'),
    ],
)
def test_the_values_of_rejected_readings_are_compared_as_values(one: str, same: str) -> None:
    assert raw.comparable_value(one) == raw.comparable_value(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1e400", "2e400"), ("01", "1"), (" 1", "1"), ("[1]", '["1"]'), ("[true]", "[1]"), ("NaN", "null"), ("", "null")],
)
def test_other_values_of_rejected_readings_are_told_apart(one: str, other: str) -> None:
    assert raw.comparable_value(one) != raw.comparable_value(other)
