"""Odd lines that break no rule: what their rows hold, and which unknown fields are counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform, checks

DAY = "2026-01-05"
GOOD = {
    "event_id": "e1",
    "user": {"session_id": "s1", "id": 7, "ip": "1.2.3.4"},
    "action": "page_view",
    "url": "https://www.example.com/a",
    "timestamp": "05/01/2026 10:15:00",
}
TEXT = json.dumps(GOOD)
AT = datetime(2026, 1, 5, 10, 15, tzinfo=timezone.utc)
VALUES = {
    "event_id": "e1",
    "user_id": 7,
    "user_session_id": "s1",
    "user_ip": "1.2.3.4",
    "action": "page_view",
    "url": "https://www.example.com/a",
    "timestamp": AT,
    "extra_fields": [],
}


def with_field(written: str) -> str:
    return f"{TEXT[:-1]}, {written}}}"


def of_user(written: str) -> str:
    return TEXT.replace('"id": 7', f'"id": 7, {written}')


def action(text: str) -> tuple[str, dict[str, Any]]:
    return json.dumps(GOOD | {"action": text}, ensure_ascii=False), {"action": text}


USER_IDS = {
    **{"0": 0, "-7": -7, "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63)},
    **{'"7"': 7, '"007"': 7, '"9223372036854775807"': 2**63 - 1, f'"{"0" * 30}5"': 5},
}
TIMES = {
    "5/1/2026 10:15:00": AT,
    "05/1/2026 10:15:00": AT,
    "5/01/2026 10:15:00": AT,
    "01/01/2026 00:00:00": datetime(2026, 1, 1, tzinfo=timezone.utc),
    "06/01/2026 23:59:59": datetime(2026, 1, 6, 23, 59, 59, tzinfo=timezone.utc),
}
URLS = (
    *(
        "www.x.org/a",
        "localhost",
        "w3.x.org",
        "HTTPS://X.ORG",
        "https://a:b@x.org:80/",
        "http://x",
        "https://[::1]:80/a",
    ),
    *("x.org?u=http://y.org/z", "ftp://x", "https://x.org/a b", "https://x.org/%zz", "/@x.org"[1:], "X.org."),
)
TEXTS = (
    *("null", "NA", "None", "true", "5", "{}", "[]", " page view ", "\t", "\\", '"', '"action": 5', "\\u0041", "_"),
    *("é", "e\u0301", "😀👩\u200d👩", "\u2028", "\u0085", "\ufeff", "\ufffd", "\0", "\n", "\r\n", "\x7f", "ﷺ" * 100),
)
ESCAPES = '\\n\\"\\\\' * 7_000
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "as the sample": (TEXT, {}),
    "byte order marks": ("\ufeff\ufeff" + TEXT, {}),
    "without blanks": (json.dumps(GOOD, separators=(",", ":")), {}),
    "blanks all around": (f" \t{TEXT.replace(': ', chr(9) + ': ')} \t", {}),
    "lone carriage returns as blanks": (TEXT.replace(", ", ",\r"), {}),
    "all characters escaped": (json.dumps(GOOD).replace("page_view", "\\u0070age\\u005fview"), {}),
    "names escaped": (TEXT.replace('"action"', '"\\u0061ction"').replace('"user"', '"us\\u0065r"'), {}),
    "a pair of escapes for one character": (TEXT.replace("page_view", "\\ud83d\\ude00"), {"action": "😀"}),
    "no session": (json.dumps(GOOD | {"user": {"id": 7}}), {"user_session_id": None, "user_ip": None}),
    "null session": (TEXT.replace('"s1"', "null"), {"user_session_id": None}),
    "empty session and address": (
        TEXT.replace('"s1"', '""').replace('"1.2.3.4"', '""'),
        {
            "user_session_id": None,
            "user_ip": None,
        },
    ),
    "no address at all": (TEXT.replace("1.2.3.4", "999.x"), {"user_ip": "999.x"}),
    "the last of two fields counts": (f'{{"action": 5, "user": 5, "event_id": null, {TEXT[1:]}', {}),
    "the last of two users counts": (
        f'{{"user": 5, "user": {{"id": 8, "ip": "x", "a": 1}}, {TEXT[1:]}',
        {},
    ),
    "what looks like half a surrogate pair": (TEXT.replace("page_view", "\\\\ud83d"), {"action": "\\ud83d"}),
    "numbers that doubles just hold": (
        with_field(f'"sizes": [1e308, -1e308, 1e-999, {"9" * 308}]'),
        {"extra_fields": ["sizes"]},
    ),
    "a number with many digits": (with_field(f'"size": 0.{"1" * 1500}'), {"extra_fields": ["size"]}),
    "the text of a huge number": (TEXT.replace("page_view", "1e999"), {"action": "1e999"}),
    "the same name in an unknown object": (
        with_field('"page": {"action": 5, "url": [], "user": {"id": true}, "timestamp": null}'),
        {"extra_fields": ["page"]},
    ),
    "the same name in an unknown array": (with_field('"all": [{"action": 5}]'), {"extra_fields": ["all"]}),
    "the same name in the user": (of_user('"action": 5, "url": {}'), {"extra_fields": ["user.action", "user.url"]}),
    "the user's names outside": (
        with_field('"id": "x", "ip": 5, "session_id": []'),
        {
            "extra_fields": ["id", "ip", "session_id"],
        },
    ),
    "one unknown field": (with_field('"device": "tablet"'), {"extra_fields": ["device"]}),
    "unknown fields that are null and empty": (
        with_field('"device": null, "b": ""'),
        {"extra_fields": ["b", "device"]},
    ),
    "unknown fields of the user": (of_user('"device": {"id": 5}'), {"extra_fields": ["user.device"]}),
    "an unknown field twice": (with_field('"device": 1, "device": 2'), {"extra_fields": ["device"]}),
    "an unknown field with a dot": (with_field('"user.id": 5'), {"extra_fields": ["user.id"]}),
    "an unknown field with an odd name": (with_field('"": 1, "a\\"b": 2, "ü": 3'), {"extra_fields": ["", 'a"b', "ü"]}),
    "thousands of escapes where types are in doubt": (
        with_field(f'"page": {{"action": 5, "note": "{ESCAPES}"}}'),
        {"extra_fields": ["page"]},
    ),
    "thousands of escapes beside a number that a double holds": (
        with_field(f'"note": "{ESCAPES}", "size": 1e308'),
        {"extra_fields": ["note", "size"]},
    ),
    "thousands of escapes beside a user who stands twice": (
        f'{{"user": 5, "note": "{ESCAPES}", {TEXT[1:]}',
        {"extra_fields": ["note"]},
    ),
    "deep unknown objects": (with_field(f'"deep": {"[" * 100}{"]" * 100}'), {"extra_fields": ["deep"]}),
    **{f"user id {text}": (TEXT.replace('"id": 7', f'"id": {text}'), {"user_id": n}) for text, n in USER_IDS.items()},
    **{f"time {text}": (TEXT.replace("05/01/2026 10:15:00", text), {"timestamp": at}) for text, at in TIMES.items()},
    **{f"url {url!r}": (json.dumps(GOOD | {"url": url}), {"url": url}) for url in URLS},
    **{f"action {text!r}": action(text) for text in TEXTS},
    "a colon in a text is no field": action('a": b'),
}
NAMES = {f"{number:03}.json": case for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def delivered(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered each case as the one line of a file, on one day."""
    platform = Platform(tmp_path_factory.mktemp("odd_good_lines"))
    for name, case in NAMES.items():
        platform.deliver("web_events", DAY, name, CASES[case][0] + "\r\n")
    return platform, platform.materialise(DAY, select="web/raw_events")


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, dict[str, Any]]:
    """The rows of the raw table, by case."""
    return {NAMES[row["source_file"]]: row for row in delivered[0].rows("web/raw_events")}


@pytest.mark.parametrize("case", CASES)
def test_an_odd_line_is_good_and_its_values_are_as_written(case: str, rows: dict[str, dict[str, Any]]) -> None:
    row = rows[case]
    assert (row["violations"], row["raw"]) == ([], None)
    assert {name: row[name] for name in VALUES} == VALUES | CASES[case][1]
    assert row["day"] == row["timestamp"].date()


def test_each_line_is_one_row(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    assert len(delivered[0].rows("web/raw_events")) == len(CASES)


def test_unknown_fields_are_counted_by_name(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    counted = checks(delivered[1], "web/raw_events")["reject_limit"].metadata["extra_fields"].value
    expected = Counter(name for _, values in CASES.values() for name in values.get("extra_fields", []))
    assert counted == expected
