"""Every kind of bad line, delivered as a file of its own: the rules that its row breaks, and its text."""

from __future__ import annotations

import json
from collections import Counter
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
ABSENT = object()


def event(**changes: Any) -> str:
    """A good event with some fields changed or left out; `user_id` and the like are the user's."""
    user = dict(GOOD["user"])
    found = GOOD | {"user": user}
    for name, value in changes.items():
        of_user = name.startswith("user_")
        holder, field = (user, name.removeprefix("user_")) if of_user else (found, name)
        if value is ABSENT:
            del holder[field]
        else:
            holder[field] = value
    return json.dumps(found, ensure_ascii=False)


def at(time: str) -> str:
    return event(timestamp=time)


def user_id(written: str) -> str:
    return TEXT.replace('"id": 7', f'"id": {written}')


MALFORMED = {
    "cut short": TEXT[:60],
    "no closing brace": TEXT[:-1],
    "trailing comma": TEXT[:-1] + ",}",
    "text behind": TEXT + " and more",
    "two objects": TEXT + TEXT,
    "comma behind": TEXT + ",",
    "a NUL behind": TEXT + "\0",
    "no-break space before": "\u00a0" + TEXT,
    "only a no-break space": "\u00a0",
    "an array": f"[{TEXT}]",
    "an empty array": "[]",
    "a number": "5",
    "a bare word": "rotated",
    "null": "null",
    "true": "true",
    "a text": '"event"',
    "single quotes": TEXT.replace('"', "'"),
    "keys without quotes": '{event_id: "e1"}',
    "a comment": TEXT[:-1] + "/* last */}",
    "no colon": '{"event_id" "e1"}',
    "no value": '{"event_id":}',
    "a raw tab in a text": TEXT.replace("page_view", "page\tview"),
    "a raw NUL in a text": TEXT.replace("page_view", "page\0view"),
    "a lone carriage return in a text": TEXT.replace("page_view", "page\rview"),
    "an unknown escape": TEXT.replace("page_view", "\\x41"),
    "half a surrogate pair": TEXT.replace("page_view", "\\ud83d"),
    "NaN": TEXT.replace("7", "NaN", 1),
    "a leading zero": user_id("07"),
    "a plus sign": user_id("+7"),
    "a number beyond a double": TEXT[:-1] + ', "size": 1e999}',
    "an integer beyond a double": TEXT[:-1] + f', "size": {"9" * 400}}}',
    "a long way to a number beyond a double": TEXT[:-1] + ', "size": 1e0000309}',
    "half a surrogate pair behind a whole one": TEXT.replace("page_view", "\\ud83d\\ude00\\ude00"),
    "an object that is not closed, behind": TEXT + ' {"event_id":',
    "objects too deep in objects": TEXT[:-1] + f', "deep": {"[" * 127}{"]" * 127}}}',
    "broken inside the user": user_id("7, }"),
    "an unknown word as value": TEXT[:-1] + ', "size": tru}',
    "a byte order mark behind a blank": " \ufeff" + TEXT,
}
MISSING = {
    f"{how} {column}": (event(**{column: value}), [f"missing_{column}"])
    for how, value in {"absent": ABSENT, "null": None, "empty": ""}.items()
    for column in ("event_id", "user_id", "action", "url", "timestamp")
} | {
    "no user": (event(user=ABSENT), ["missing_user_id"]),
    "null user": (event(user=None), ["missing_user_id"]),
    "empty user": (event(user={}), ["missing_user_id"]),
    "an empty object": ("{}", [f"missing_{c}" for c in ("event_id", "user_id", "action", "url", "timestamp")]),
    "only unknown fields": (
        '{"a": 1}',
        [f"missing_{c}" for c in ("event_id", "user_id", "action", "url", "timestamp")],
    ),
    "a capital letter in a name": (TEXT.replace('"action"', '"Action"'), ["missing_action"]),
    "a missing one of two": (TEXT[:-1] + ', "action": null}', ["missing_action"]),
}
WRONG_TYPE = {
    f"{json.dumps(value)} as {column}": (event(**{column: value}), [f"invalid_{column}"])
    for value in (5, -1.5, True, False, {}, {"action": "x"}, [], ["x"])
    for column in ("event_id", "user_session_id", "user_ip", "action", "url", "timestamp")
}
WRONG_USER = {
    f"user id {written}": (user_id(written), ["invalid_user_id"])
    for written in (
        *("7.0", "1e3", "0.5", "true", "[7]", '{"id": 7}', '" 7"', '"7 "', '"+7"', '"-7"', '"7.0"', '"1e3"', '"x"'),
        *(
            '"٧"',
            '"-"',
            "9223372036854775808",
            "-9223372036854775809",
            '"9223372036854775808"',
            "12345678901234567890123",
        ),
    )
} | {
    f"user {json.dumps(user)}": (event(user=user), ["invalid_user_id"]) for user in (5, "", "7", True, [], [{"id": 7}])
}
WRONG_URL = {
    f"url {url!r}": (event(url=url), ["invalid_url"])
    for url in (
        *("/path", "https:///x", "?x", "#x", "https://", "https://?q", "https://#f", "://www.x.org", "//www.x.org/a"),
        *(":80/x", "https://:80/x", "https://user@/x", "user@:80", "@", " ", "https:// /x", "http://?u=http://x.org"),
    )
}
WRONG_TIME = {
    f"time {time!r}": (at(time), ["invalid_timestamp"])
    for time in (
        *("31/02/2026 09:30:00", "29/02/2026 09:30:00", "05/13/2026 09:30:00", "00/01/2026 09:30:00"),
        *("05/00/2026 09:30:00", "32/01/2026 09:30:00", "05/01/2026 9:30:00", "05/01/2026 09:3:00"),
        *("2026-01-05T09:30:00Z", "2026-01-05 09:30:00", "05/01/0000 09:30:00", "05/01/2026 24:00:00"),
        *("05/01/2026 23:60:00", "05/01/2026 23:59:60", "05/01/2026 09:30:00 ", " 05/01/2026 09:30:00"),
        *("05/01/2026 09:30:00\n", "05/01/2026 09:30:00.0", "05/01/2026 09:30:00Z", "05/01/2026T09:30:00"),
        *("05/01/2026", "05/01/26 09:30:00", "005/01/2026 09:30:00", "05-01-2026 09:30:00", "05/01/2026  09:30:00"),
        *("٠٥/01/2026 09:30:00", "today"),
    )
}
OUT_OF_TIME = {
    "the last second before the start": (at("31/12/2025 23:59:59"), ["before_start"]),
    "the first year": (at("01/01/0001 00:00:00"), ["before_start"]),
    "two days after the delivery": (at("07/01/2026 00:00:00"), ["after_delivery"]),
    "the last year": (at("31/12/9999 23:59:59"), ["after_delivery"]),
}
SEVERAL = {
    "three broken rules": (
        event(event_id=7, action=None, url="/x", timestamp="06/02/2026 00:00:00"),
        ["invalid_event_id", "missing_action", "invalid_url", "after_delivery"],
    ),
    "all columns wrong": (
        event(event_id=1, user_id=1.5, user_session_id=2, user_ip=3, action=4, url=5, timestamp=6),
        [f"invalid_{c}" for c in ("event_id", "user_id", "user_session_id", "user_ip", "action", "url", "timestamp")],
    ),
    "an early event without id": (
        event(event_id="", timestamp="01/01/2020 00:00:00"),
        ["missing_event_id", "before_start"],
    ),
    "a name hidden by an escape": (TEXT.replace('"action": "page_view"', '"\\u0061ction": 5'), ["invalid_action"]),
    "the last of two counts": (TEXT[:-1] + ', "action": 5}', ["invalid_action"]),
    "the last of two users is none": (TEXT[:-1] + ', "user": 5}', ["invalid_user_id"]),
    "the last of two users is null": (TEXT[:-1] + ', "us\\u0065r": null}', ["missing_user_id"]),
    "the last of two users lacks an id": (TEXT[:-1] + ', "user": {"ip": "x"}}', ["missing_user_id"]),
}
CASES: dict[str, tuple[str, list[str]]] = {
    **{f"malformed: {name}": (line, ["malformed"]) for name, line in MALFORMED.items()},
    **MISSING,
    **WRONG_TYPE,
    **WRONG_USER,
    **WRONG_URL,
    **WRONG_TIME,
    **OUT_OF_TIME,
    **SEVERAL,
}
NAMES = {f"{number:03}.jsonl": case for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def delivered(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered each case as the one line of a file, on one day."""
    platform = Platform(tmp_path_factory.mktemp("dirty_lines"), reject_share=1.0)
    for number, (name, case) in enumerate(NAMES.items()):
        # Every other last line has no line end.
        platform.deliver("web_events", DAY, name, CASES[case][0] + "\n" * (number % 2))
    return platform, platform.materialise(DAY)


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the raw table, by case."""
    found: dict[str, list[dict[str, Any]]] = {case: [] for case in CASES}
    for row in delivered[0].rows("web/raw_events"):
        found[NAMES[row["source_file"]]].append(row)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_bad_line_is_kept_with_its_text_and_all_rules_it_breaks(
    case: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    line, violations = CASES[case]
    (row,) = rows[case]
    assert row["violations"] == violations
    assert row["raw"] == line.removeprefix("\ufeff")


def test_a_bad_value_is_null_and_the_good_ones_beside_it_are_there(rows: dict[str, list[dict[str, Any]]]) -> None:
    (row,) = rows["three broken rules"]
    assert (row["event_id"], row["action"], row["url"]) == (None, None, None)
    assert (row["user_id"], row["user_session_id"], row["user_ip"]) == (7, "s1", "1.2.3.4")
    assert f"{row['day']} {row['timestamp']:%Y-%m-%d %H:%M:%S}" == "2026-02-06 2026-02-06 00:00:00"


def test_nothing_of_a_malformed_line_becomes_a_value(rows: dict[str, list[dict[str, Any]]]) -> None:
    columns = ["event_id", "user_id", "user_session_id", "user_ip", "action", "url", "timestamp", "day"]
    for name in MALFORMED:
        (row,) = rows[f"malformed: {name}"]
        assert {row[column] for column in columns} == {None}
        assert row["extra_fields"] == []


def test_the_check_counts_the_rejected_rows_by_rule(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    check = checks(delivered[1], "web/raw_events")["reject_limit"]
    expected = Counter(rule for _, violations in CASES.values() for rule in violations)
    assert check.passed
    assert check.metadata["rejected"].value == len(CASES)
    assert check.metadata["by_rule"].value == expected


def test_no_rejected_row_becomes_a_hit(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    assert delivered[0].rows("web/user_web_hits") == []
