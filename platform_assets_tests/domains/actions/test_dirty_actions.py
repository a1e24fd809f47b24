"""Every kind of bad line of the actions, in CSV and JSON, each a file of its own: its rules; and odd good ones."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform, checks

DAY = "2026-01-05"
RAW, ACTIONS = "actions/raw_actions", "actions/actions"
AT = datetime(2026, 1, 5, 10, 15, tzinfo=timezone.utc)
TIME, SECONDS = "2026-01-05T10:15:00.000Z", 1767608100
CSV = f"{TIME},Open"
VALUES: dict[str, Any] = {"time": AT, "action": "Open", "extra_fields": []}
BAD_ACTION, BAD_TIME = ["invalid_action"], ["invalid_time"]
Bad = dict[str, tuple[str, list[str]]]
Good = dict[str, tuple[str, dict[str, Any]]]


def cell(written: str) -> str:
    """A line of CSV with an action written so."""
    return f"{TIME},{written}"


def at(time: str) -> str:
    return f"{time},Open"


def both(time: str, action: str) -> str:
    """A line of JSON with values written so."""
    return f'{{"time": {time}, "action": {action}}}'


def seconds(written: str) -> str:
    return both(written, '"Open"')


def action(written: str) -> str:
    return both(str(SECONDS), written)


JSON = action('"Open"')
MALFORMED_CSV = {
    "one field": TIME,
    "three fields": CSV + ",x",
    "a comma behind": CSV + ",",
    "a comma before": "," + CSV,
    "a tab for the comma": CSV.replace(",", "\t"),
    "a semicolon for the comma": CSV.replace(",", ";"),
    "one empty field in quotes": '""',
    "a word": "word",
    "an object": JSON.split(",")[0] + "}",
    "a quote that is never closed": cell('"Open'),
    "a quote that is never closed, before": '"' + CSV,
    "a quote behind": cell('Open"'),
    "a quote inside": cell('Op"en'),
    "a quote by itself": '"',
    "three quotes": cell('"""'),
    "a quote inside quotes that is not doubled": cell('"Op"en"'),
    "doubled quotes around": cell('""Open""'),
    "text behind a quote": cell('"Open"x'),
    "a blank behind a quote": cell('"Open" '),
    "a blank before a quote": cell(' "Open"'),
    "a blank before the first quote": f' "{TIME}",Open',
    "a carriage return behind a quote": cell('"Open"\r'),
    "a backslash before a quote": cell('"Op\\"en"'),
    "the whole line in quotes": f'"{CSV}"',
    "a comma in quotes that are never closed": cell('"Open,Close'),
    "quotes around the comma": f'{TIME}","Open',
    "many quotes, one too many": cell('"' + '""' * 50_000),
    "no-break space": "\u00a0",
    "a NUL": "\0",
}
WRONG_CSV: Bad = {
    "the header again": ("time,action", [*BAD_TIME, *BAD_ACTION]),
    "the header again, in quotes": ('"time","action"', [*BAD_TIME, *BAD_ACTION]),
    "the header behind a byte order mark": ("\ufefftime,action", [*BAD_TIME, *BAD_ACTION]),
    "no time": (",Open", ["missing_time"]),
    "an empty time in quotes": ('"",Open', ["missing_time"]),
    "no action": (f"{TIME},", ["missing_action"]),
    "an empty action in quotes": (cell('""'), ["missing_action"]),
    "an action of blanks": (cell(" \t "), ["missing_action"]),
    "an action of blanks in quotes": (cell('" \t"'), ["missing_action"]),
    "nothing but a comma": (",", ["missing_time", "missing_action"]),
    "two empty fields in quotes": ('"",""', ["missing_time", "missing_action"]),
    "fields in the wrong order": (f"Open,{TIME}", [*BAD_TIME, *BAD_ACTION]),
    "a quoted comma": (cell('"Open,Close"'), BAD_ACTION),
    "a comma and a quote in quotes": (cell('"Open"",""Close"'), BAD_ACTION),
    "a quote inside quotes": (cell('"Op""en"'), BAD_ACTION),
    "quotes inside quotes": (cell('"""Open"""'), BAD_ACTION),
    "nothing but a quote in quotes": (cell('""""'), BAD_ACTION),
    "nearly a megabyte": (cell("x" * 990_000), BAD_ACTION),
    "nearly a megabyte of quotes in quotes": (cell('"' + '""' * 490_000 + '"'), BAD_ACTION),
    "nearly a megabyte of commas in quotes": (cell('"' + "," * 990_000 + '"'), BAD_ACTION),
    "a quoted time with a blank": (f'" {TIME}",Open', BAD_TIME),
    "no time and a wrong action": (",Shut", ["missing_time", *BAD_ACTION]),
    "a wrong time and no action": ("now,", [*BAD_TIME, "missing_action"]),
    "too early and a wrong action": ("2025-12-31T23:59:59.999Z,Shut", [*BAD_ACTION, "before_start"]),
    **{
        f"action {written!r}": (cell(written), BAD_ACTION)
        for written in (
            *("Opened", "Opn", "Open Close", "Op en", "O", "0", "true", "null", "NA", "None", "'Open'", "Open.", "-"),
            *("ope\u0301n", "\uff2fpen", "Op\u0435n", "\u00a0Open", "Open\u00a0", "Open\r", "\rOpen", "Open\x0b"),
            *("\u2028Open", "Open\0", "\ufeffOpen", "🚪", "Clo\u017fe", "open-close", "{}"),
        )
    },
    **{
        f"time {written!r}": (at(written), BAD_TIME)
        for written in (
            *("2026-01-05T10:15:00Z", "2026-01-05T10:15:00.0Z", "2026-01-05T10:15:00.00Z", "2026-01-05T10:15:00.0000Z"),
            *("2026-01-05T10:15:00.000", "2026-01-05T10:15:00.000z", "2026-01-05t10:15:00.000Z", "2026-01-05"),
            *("2026-01-05 10:15:00.000Z", "2026-01-05T10:15:00.000+00:00", "2026-01-05T10:15:00.000000Z"),
            *("2026-01-05T24:00:00.000Z", "2026-01-05T23:60:00.000Z", "2026-01-05T23:59:60.000Z"),
            *("2026-02-29T10:15:00.000Z", "2026-13-05T10:15:00.000Z", "2026-01-32T10:15:00.000Z"),
            *("0000-01-05T10:15:00.000Z", "12026-01-05T10:15:00.000Z", "26-01-05T10:15:00.000Z"),
            *(f" {TIME}", f"{TIME} ", f"\t{TIME}", f"\u00a0{TIME}", f"{TIME}\r", "٢٠٢٦-01-05T10:15:00.000Z"),
            *(str(SECONDS), f"{SECONDS}000", "NA", "null", "now", " ", "05/01/2026 10:15:00"),
        )
    },
    "the last moment before the start": (at("2025-12-31T23:59:59.999Z"), ["before_start"]),
    "the first year": (at("0001-01-01T00:00:00.000Z"), ["before_start"]),
    "two days after the delivery": (at("2026-01-07T00:00:00.000Z"), ["after_delivery"]),
    "the last year": (at("9999-12-31T23:59:59.999Z"), ["after_delivery"]),
}
MALFORMED_JSON = {
    "a line of CSV": CSV,
    "the header of CSV": "time,action",
    "cut short": JSON[:-1],
    "an array": f"[{JSON}]",
    "two objects": JSON + JSON,
    "a comma behind": JSON + ",",
    "a number": str(SECONDS),
    "null": "null",
    "single quotes": JSON.replace('"', "'"),
    "a bare word as action": action("Open"),
    "a leading zero": seconds(f"0{SECONDS}"),
    "a plus sign": seconds(f"+{SECONDS}"),
    "a time that is not quoted": seconds(TIME),
    "NaN": seconds("NaN"),
    "a time beyond a double": seconds("1e999"),
    "a raw tab in an action": action('"Op\ten"'),
}
WRONG_JSON: Bad = {
    "an empty object": ("{}", ["missing_time", "missing_action"]),
    "names in capital letters": (JSON.replace("time", "Time"), ["missing_time"]),
    "no time": ('{"action": "Open"}', ["missing_time"]),
    "a null time": (seconds("null"), ["missing_time"]),
    "an empty time": (seconds('""'), ["missing_time"]),
    "no action": (f'{{"time": {SECONDS}}}', ["missing_action"]),
    **{
        f"action {written}": (action(written), ["missing_action"])
        for written in ("null", '""', '" "', '"\\t \\t"', '"\\u0020"')
    },
    **{
        f"action {written}": (action(written), BAD_ACTION)
        for written in (
            *("1", "1.5", "true", "[]", "{}", '["Open"]', '{"action": "Open"}', '"Shut"', '"null"', '"Open\\n"'),
            *('"\\u00a0Open"', '"Open\\u0000"', '"Op\\"en"', '"Open,Close"', '"Open\\r"'),
        )
    },
    **{
        f"time {written}": (seconds(written), BAD_TIME)
        for written in (
            *(f"{SECONDS}.0", f"{SECONDS}.5", f"{SECONDS / 1e9}e9", "1e9", "-1e9", "0.0", "0e0", "true", "false"),
            *("[]", "{}", f"[{SECONDS}]", f'{{"time": {SECONDS}}}', f'"{TIME}"', '"2026-01-05T10:15:00Z"', '"now"'),
            *(f'"{SECONDS}.0"', f'" {SECONDS}"', f'"{SECONDS} "', f'"+{SECONDS}"', f'"-{SECONDS}"', '"1e9"', '"null"'),
            *(f"{SECONDS}000", f'"{SECONDS}000"', "253402300800", "-62135596801", '"253402300800"', "999999999999"),
            *("9223372036854775807", "9223372036854775808", "9" * 40, "-" + "9" * 40, f'"{"9" * 40}"', '" "', '"٥"'),
        )
    },
    "the start of seconds": (seconds("0"), ["before_start"]),
    "a negative number": (seconds("-1"), ["before_start"]),
    "the last second before the start": (seconds(str(SECONDS - 4 * 86400 - 36901)), ["before_start"]),
    "the first year": (seconds("-62135596800"), ["before_start"]),
    "two days after the delivery": (seconds(str(SECONDS + 2 * 86400 - 36900)), ["after_delivery"]),
    "the last year": (seconds("253402300799"), ["after_delivery"]),
    "two wrong types": (both('"Open"', str(SECONDS)), [*BAD_TIME, *BAD_ACTION]),
    "the last of two actions counts": (JSON[:-1] + ', "action": 5}', BAD_ACTION),
    "a name hidden by an escape": (JSON.replace("action", "\\u0061ction").replace('"Open"', "5"), BAD_ACTION),
    "an extra field and no action": (f'{{"time": {SECONDS}, "x": 1}}', ["missing_action"]),
}
BAD: dict[str, Bad] = {
    "csv": {f"malformed: {name}": (line, ["malformed"]) for name, line in MALFORMED_CSV.items()} | WRONG_CSV,
    "jsonl": {f"malformed: {name}": (line, ["malformed"]) for name, line in MALFORMED_JSON.items()} | WRONG_JSON,
}
WRITTEN = {
    **dict.fromkeys(("Open", "open", "OPEN", "oPEN", " open", "Open\t", " \t OpEn \t "), "Open"),
    **dict.fromkeys(("Close", "close", "CLOSE", "cLoSe", "\tclose "), "Close"),
}
OK: dict[str, Good] = {
    "csv": {
        **{f"action {written!r}": (cell(written), {"action": name}) for written, name in WRITTEN.items()},
        **{f"action {written!r} in quotes": (cell(f'"{written}"'), {"action": it}) for written, it in WRITTEN.items()},
        "a quoted time": (f'"{TIME}",Open', {}),
        "both quoted": (f'"{TIME}","Open"', {}),
        "a byte order mark": ("\ufeff" + CSV, {}),
        "byte order marks before a quote": (f'\ufeff\ufeff"{TIME}",Open', {}),
        "a megabyte of blanks": (cell("Open" + " " * 1_000_000), {}),
        "a megabyte of blanks in quotes": (cell(f'"{" " * 1_000_000}Open"'), {}),
        **{
            f"time {written}": (at(written), {"time": datetime.fromisoformat(written.replace("Z", "+00:00"))})
            for written in (
                *("2026-01-01T00:00:00.000Z", "2026-01-05T10:15:00.001Z", "2026-01-05T10:15:00.999Z"),
                *("2026-01-05T23:59:59.999Z", "2026-01-06T23:59:59.999Z"),
            )
        },
    },
    "jsonl": {
        **{f"action {text!r}": (action(json.dumps(text)), {"action": it}) for text, it in WRITTEN.items()},
        "escaped": (action('"\\u004f\\u0070en\\u0020"').replace("time", "\\u0074ime"), {}),
        "the other order": (f'{{"action": "Open", "time": {SECONDS}}}', {}),
        "blanks and a carriage return all around": (f" \t{JSON.replace(', ', chr(13) + ',')} \t", {}),
        "text of digits": (seconds(f'"{SECONDS}"'), {}),
        "text of digits with zeros before": (seconds(f'"{"0" * 30}{SECONDS}"'), {}),
        "the first second": (
            seconds(str(SECONDS - 4 * 86400 - 36900)),
            {"time": AT - timedelta(days=4, seconds=36900)},
        ),
        "the last second of the next day": (
            seconds(str(SECONDS + 2 * 86400 - 36901)),
            {"time": AT + timedelta(days=2, seconds=-36901)},
        ),
        "the last of two fields counts": (f'{{"action": 5, "time": null, {JSON[1:]}', {}),
        "extra fields": (
            JSON[:-1] + ', "b": null, "a": {"time": 5, "action": 5}, "Time": 1}',
            {"extra_fields": ["Time", "a", "b"]},
        ),
    },
}
NOT_UTF8 = {
    "csv": (cell("Open").encode() + b"\xff", CSV + "\ufffd"),
    "jsonl": (JSON.encode().replace(b"Open", b"\xc3pen"), JSON.replace("Open", "\ufffdpen")),
}
FILES = {
    f"{kind}-{number:03}.{suffix}": (suffix, name)
    for kind, cases in (("bad", BAD), ("ok", OK))
    for suffix, own in cases.items()
    for number, name in enumerate(own)
} | {f"bytes.{suffix}": (suffix, "not UTF-8") for suffix in NOT_UTF8}
LINES = [(suffix, name) for suffix, own in BAD.items() for name in own]
GOOD_LINES = [(suffix, name) for suffix, own in OK.items() for name in own]
Rows = dict[tuple[str, str], list[dict[str, Any]]]


def content(number: int, suffix: str, name: str) -> bytes:
    """The file of a case: its line, behind a header where the format has one."""
    line = NOT_UTF8[suffix][0] if name == "not UTF-8" else {**BAD[suffix], **OK[suffix]}[name][0].encode()
    header = b"time,action\n" if suffix == "csv" else b""
    # A line that ends in a carriage return has its own before a line end's.
    return header + line + (b"\r\n" if number % 2 or line.endswith(b"\r") else b"")


@pytest.fixture(scope="module")
def delivered(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered each case as the one line of a file, on one day."""
    platform = Platform(tmp_path_factory.mktemp("dirty_actions"), reject_share=1.0)
    for number, (file, (suffix, name)) in enumerate(FILES.items()):
        platform.deliver("actions", DAY, file, content(number, suffix, name))
    return platform, platform.materialise(DAY, select=f'key:"{RAW}" or key:"{ACTIONS}"')


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> Rows:
    """The rows of the raw table, by case."""
    found: Rows = {case: [] for case in FILES.values()}
    for row in delivered[0].rows(RAW):
        found[FILES[row["source_file"]]].append(row)
    return found


@pytest.mark.parametrize(("suffix", "name"), LINES)
def test_a_bad_line_is_kept_with_its_text_and_all_rules_it_breaks(suffix: str, name: str, rows: Rows) -> None:
    line, violations = BAD[suffix][name]
    (row,) = rows[suffix, name]
    assert row["violations"] == violations
    same = row["raw"] == line.removeprefix("\ufeff")
    assert same, row["raw"][:200]


@pytest.mark.parametrize("suffix", NOT_UTF8)
def test_a_line_that_is_not_utf8_is_kept_with_its_bad_bytes_replaced(suffix: str, rows: Rows) -> None:
    (row,) = rows[suffix, "not UTF-8"]
    assert (row["violations"], row["raw"]) == (["not_utf8"], NOT_UTF8[suffix][1])


@pytest.mark.parametrize(("suffix", "name"), GOOD_LINES)
def test_an_odd_line_is_good_and_says_what_was_done_and_when(suffix: str, name: str, rows: Rows) -> None:
    (row,) = rows[suffix, name]
    assert (row["violations"], row["raw"]) == ([], None)
    assert {column: row[column] for column in VALUES} == VALUES | OK[suffix][name][1]
    assert row["day"] == row["time"].date()


def test_nothing_of_a_malformed_line_becomes_a_value(rows: Rows) -> None:
    for suffix, name in LINES:
        if BAD[suffix][name][1] == ["malformed"]:
            (row,) = rows[suffix, name]
            assert (row["time"], row["action"], row["day"], row["extra_fields"]) == (None, None, None, [])


def test_a_bad_value_is_null_and_the_good_one_beside_it_is_there(rows: Rows) -> None:
    values = {case: [(row["time"], row["action"]) for row in rows[case]] for case in rows}
    assert values["csv", "action 'Opened'"] == values["jsonl", "action 1"] == [(AT, None)]
    assert values["csv", "time 'now'"] == values["jsonl", "time 1e9"] == [(None, "Open")]


def test_the_checks_count_every_line_and_the_rejected_ones_by_rule(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    found = checks(delivered[1], RAW)
    assert found["every_line_kept"].passed
    assert found["headers_name_columns"].passed
    by_rule = Counter(rule for suffix, name in LINES for rule in BAD[suffix][name][1])
    assert found["reject_limit"].metadata["by_rule"].value == by_rule | Counter(not_utf8=len(NOT_UTF8))
    assert found["reject_limit"].metadata["rejected"].value == len(LINES) + len(NOT_UTF8)
    assert found["reject_limit"].metadata["rows"].value == len(FILES)


def test_only_good_lines_are_actions_and_all_of_them_though_they_are_the_same(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    acts = Counter((row["occurred_at"], row["action"]) for row in delivered[0].rows(ACTIONS))
    values = [VALUES | OK[suffix][name][1] for suffix, name in GOOD_LINES]
    # The table has actions of one day.
    assert acts == Counter((it["time"], it["action"]) for it in values if it["time"].date() == AT.date())
    assert acts[AT, "Open"] > 20
