"""Delimited files: headers of every kind, at every place, and files that have none."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from platform_assets.domains.actions.raw_actions import raw_actions
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import first_look
from platform_assets.landing import lines as lines_module
from platform_assets.plan.checks import NO_MISSING_DAYS, UP_TO_DATE
from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.platforms import Platform, checks, failure

FEED = "actions"
RAW = "actions/raw_actions"
DAY = "2026-01-05"
BOM = b"\xef\xbb\xbf"
HEADER = b"time,action"


def at(number: int) -> bytes:
    return f"2026-01-05T10:15:00.{number:03}Z".encode()


def opened(number: int) -> bytes:
    """A good line, told from others by its milliseconds."""
    return at(number) + b",Open"


A, B, C = map(opened, (1, 2, 3))

MANY = ("part-", "turned-")
# Content to the rows: milliseconds of good ones, rules and text of rejected ones.
Expected = list[int | tuple[str, ...]]
REPEATED = ("invalid_time", "invalid_action", "time,action")
CONTENTS: dict[str, tuple[bytes, Expected]] = {
    "lf.csv": (HEADER + b"\n" + A + b"\n" + B + b"\n", [1, 2]),
    "no_last_line_end.csv": (HEADER + b"\n" + A + b"\n" + B, [1, 2]),
    "crlf.csv": (HEADER + b"\r\n" + A + b"\r\n" + B + b"\r\n", [1, 2]),
    "mixed_line_ends.csv": (HEADER + b"\r\n" + A + b"\n" + B + b"\r\n", [1, 2]),
    "bom.csv": (BOM + HEADER + b"\n" + A + b"\n", [1]),
    "bom_crlf.csv": (BOM + HEADER + b"\r\n" + A, [1]),
    "boms.csv": (BOM * 3 + HEADER + b"\n" + BOM + A + b"\n" + BOM * 2 + B, [1, 2]),
    "blank_lines_before.csv": (b"\n \t\r\n\r\n" + HEADER + b"\n\n" + A + b"\n \n", [1]),
    "bom_and_blank_lines_before.csv": (BOM + b"\n" + BOM + b"\t\n" + BOM + HEADER + b"\n" + A, [1]),
    "packed.csv.gz": (gzip.compress(HEADER + b"\n" + A + b"\n" + B), [1, 2]),
    "packed_bom_crlf.csv.gz": (gzip.compress(BOM + HEADER + b"\r\n" + A + b"\r\n"), [1]),
    "packed_repeated.csv.gz": (gzip.compress((HEADER + b"\n") * 3 + A), [REPEATED, REPEATED, 1]),
    "other_order.csv": (b"action,time\nOpen," + at(1) + b"\nClose," + at(2) + b"\n", [1, 2]),
    "lines_in_the_wrong_order.csv": (
        b"action,time\n" + A,
        [("invalid_time", "invalid_action", A.decode())],
    ),
    "quoted_names.csv": (b'"time","action"\n' + A + b'\n"' + at(2) + b'","Open"', [1, 2]),
    "one_quoted_name.csv": (b'"action",time\n"Open",' + at(1), [1]),
    "extra_columns.csv": (
        b"device,time,,action,zone\ntablet,"
        + at(1)
        + b",,Open,\n,"
        # The empty name is a name, too.
        + at(2)
        + b",x,Close,UTC\n,"
        + at(3)
        + b",,Open,\n"
        + A
        + b"\n",
        [1, 2, 3, ("malformed", A.decode())],
    ),
    "extra_column_with_an_odd_name.csv": (b'time,"a ""b"", c",action\n' + at(1) + b",5,Open", [1]),
    "header_only.csv": (HEADER + b"\n", []),
    "header_only_no_line_end.csv": (HEADER, []),
    "header_only_bom_crlf.csv": (BOM + HEADER + b"\r\n", []),
    "header_twice.csv": ((HEADER + b"\n") * 2, [REPEATED]),
    "header_in_the_middle.csv": (HEADER + b"\n" + A + b"\n" + HEADER + b"\n" + B, [1, REPEATED, 2]),
    "header_at_the_end.csv": (HEADER + b"\n" + A + b"\n" + HEADER + b"\n", [1, REPEATED]),
    "header_at_the_end_no_line_end.csv": (HEADER + b"\n" + A + b"\n" + HEADER, [1, REPEATED]),
    "header_at_the_end_bom_carriage_return.csv": (HEADER + b"\n" + BOM * 2 + HEADER + b"\r", [REPEATED]),
    "header_seven_times.csv": (b"\r\n".join([*[HEADER] * 6, A, BOM + HEADER]), [1, *[REPEATED] * 6]),
    "header_in_other_words.csv": (
        HEADER + b'\n"time","action"\naction,time\ntime,action \n time,action\n' + A,
        [
            *(
                ("invalid_time", "invalid_action", text)
                for text in ('"time","action"', "action,time", "time,action ", " time,action")
            ),
            1,
        ],
    ),
    "lines_that_begin_or_end_with_the_header.csv": (
        HEADER + b"\n" + HEADER + b",x\nx," + HEADER + b"\ntime,actio\n" + A,
        [
            ("malformed", "time,action,x"),
            ("malformed", "x,time,action"),
            ("invalid_time", "invalid_action", "time,actio"),
            1,
        ],
    ),
    "header_and_a_carriage_return.csv": (
        HEADER + b"\n" + HEADER + b"\r\r\n" + HEADER + b"\r\n" + A,
        [("invalid_time", "invalid_action", "time,action\r"), REPEATED, 1],
    ),
    "header_that_ends_in_a_carriage_return.csv": (
        b"time,action,x\r\r\n" + A + b",\r\ntime,action,x\r\ntime,action,x\r\r",
        [
            1,
            ("invalid_time", "invalid_action", "time,action,x"),
            ("invalid_time", "invalid_action", "time,action,x\r"),
        ],
    ),
    "not_utf8_below_the_header.csv": (
        HEADER + b"\n" + A + b"\n" + B + b"\xff\n" + HEADER + b"\n",
        [1, ("not_utf8", B.decode() + "\ufffd"), REPEATED],
    ),
    "only_blank_lines.csv": (b"\n \r\n", []),
    **{f"part-{number:02}.csv": (HEADER + b"\n" + opened(number), [number]) for number in range(40)},
    **{
        f"turned-{number:02}.csv.gz": (gzip.compress(b"action,time\nOpen," + at(number)), [number])
        for number in range(9)
    },
    "beside.jsonl": (b'{"time": 1767608100, "action": "Open"}\n' + HEADER, [0, ("malformed", "time,action")]),
}
TOO_LONG = "the first line is longer than 65,536 bytes"
# What these names say is also what their files lack; all their lines are rejected.
WITHOUT_HEADER: dict[str, tuple[bytes, str]] = {
    "no_header.csv": (A + b"\n" + B + b"\n", "the header has no time, action"),
    "no_header_crlf.csv.gz": (gzip.compress(BOM + A + b"\r\n\r\n" + B), "the header has no time, action"),
    "no_action.csv": (b"time\n" + at(1) + b"\n", "the header has no action"),
    "no_time.csv": (b"at,action\n" + A, "the header has no time"),
    "capital_letters.csv": (b"Time,ACTION\n" + A, "the header has no time, action"),
    "blanks_around_names.csv": (b"time, action \n" + A, "the header has no action"),
    "other_delimiter.csv": (b"time;action\n" + A, "the header has no time, action"),
    "time_twice.csv": (b"time,action,time\n" + A + b"," + at(2), "the header names time more than once"),
    "long_first_line.csv": (HEADER + b"," + b"x" * 65_536 + b"\n" + A, TOO_LONG),
    "long_first_line_packed.csv.gz": (gzip.compress(HEADER + b"," + b"x" * 300_000 + b"\n" + A), TOO_LONG),
    "long_only_line.csv": (b"x" * 65_537, TOO_LONG),
    "header_far_behind_blanks.csv": (b" " * 70_000 + HEADER + b"\n" + A, TOO_LONG),
    "all_twice.csv": (b"time,action,action,x,time,x", "the header names action, time, x more than once"),
    "no_time_and_action_twice.csv": (b"action,action\n" + A, "the header has no time"),
    "quote_never_closed.csv": (b'time,"action\n' + A, "the header has a quote where none may be"),
    "quote_inside_a_name.csv": (b'ti"me,action\n' + A, "the header has a quote where none may be"),
    "text_behind_a_quote.csv": (b'"ti"me,action\n' + A, "the header has a quote where none may be"),
    "carriage_return_in_a_name.csv": (b"time\r,action\n" + A, "the header has no time"),
    "carriage_return_behind.csv": (b"time,action\r\r\n" + A + b"\ntime,action\r\n", "the header has no action"),
    "nul.csv": (b"time,action\0\n" + A, "the header has no action"),
    "comment_before.csv": (b"# exported\n" + HEADER + b"\n" + A, "the header has no time, action"),
    "header_behind_a_line.csv": (A + b"\n" + HEADER + b"\n" + B, "the header has no time, action"),
    "not_utf8.csv": (b"time,action,gr\xf6\xdfe\n" + A + b",5\n", "the header is not UTF-8"),
    "not_utf8_at_the_end.csv": (HEADER + b"\xc3\n" + A, "the header is not UTF-8"),
    "utf16.csv": ("time,action".encode("utf-16"), "the header is not UTF-8"),
}


def rejected(content: bytes) -> Expected:
    """A row for each line that is not blank, malformed, or rejected for bytes that are not UTF-8."""
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    texts = [line.decode(errors="replace") for line in feed_oracle.lines(plain)]
    return [("not_utf8" if "\ufffd" in text else "malformed", text) for text in texts]


ROWS = {name: expected for name, (_, expected) in CONTENTS.items()} | {
    name: rejected(content) for name, (content, _) in WITHOUT_HEADER.items()
}


# What is looked at in chunks, no engine looks at.
CHUNKS = pytest.param("in small chunks", marks=pytest.mark.only("sail"))


@pytest.fixture(scope="module", params=["bundled", "each by itself", CHUNKS])
def delivered(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered all these files on one day, of many headers and of none."""
    platform = Platform(tmp_path_factory.mktemp("delimited"), reject_share=1.0)
    for name, (content, _) in (CONTENTS | WITHOUT_HEADER).items():
        platform.deliver(FEED, DAY, "_", b"").with_name(name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "each by itself":
            patched.setattr(lines_module, "_MANY", 1000)
        if request.param == "in small chunks":
            patched.setattr(first_look, "_CHUNK", 5)
        return platform, platform.materialise(DAY, select=f'key:"{RAW}"')


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, list[Row]]:
    """The rows of the raw table, by file."""
    found: dict[str, list[Row]] = {}
    for row in delivered[0].rows(RAW):
        found.setdefault(row["source_file"], []).append(row)
    return found


def seen(found: list[Row]) -> Counter[Any]:
    """Milliseconds of good rows, rules and text of rejected ones."""
    return Counter(
        (*row["violations"], row["raw"]) if row["violations"] else row["time"].microsecond // 1000 for row in found
    )


@pytest.mark.parametrize("name", [name for name in ROWS if not name.startswith(MANY)])
def test_a_file_becomes_the_rows_of_its_lines_but_its_header(name: str, rows: dict[str, list[Row]]) -> None:
    assert seen(rows.get(name, [])) == Counter(ROWS[name])


def test_many_small_files_of_two_headers_are_read(rows: dict[str, list[Row]]) -> None:
    many = {name: seen(found) for name, found in rows.items() if name.startswith(MANY)}
    assert many == {name: Counter(found) for name, found in ROWS.items() if name.startswith(MANY)}
    assert len(many) == 49


def test_columns_are_found_by_their_names(rows: dict[str, list[Row]]) -> None:
    values = {
        name: sorted((row["action"], row["time"].microsecond // 1000) for row in rows[name])
        for name in ("other_order.csv", "one_quoted_name.csv", "quoted_names.csv")
    }
    assert values == {
        "other_order.csv": [("Close", 2), ("Open", 1)],
        "one_quoted_name.csv": [("Open", 1)],
        "quoted_names.csv": [("Open", 1), ("Open", 2)],
    }


def test_columns_that_the_feed_does_not_know_are_named_where_they_are_not_empty(
    delivered: tuple[Platform, dg.ExecuteInProcessResult], rows: dict[str, list[Row]]
) -> None:
    named = {row["time"].microsecond // 1000: row["extra_fields"] for row in rows["extra_columns.csv"] if row["time"]}
    assert named == {1: ["device"], 2: ["", "zone"], 3: []}
    assert [row["extra_fields"] for row in rows["extra_column_with_an_odd_name.csv"]] == [['a "b", c']]
    counted = checks(delivered[1], RAW)["reject_limit"].metadata["extra_fields"].value
    assert counted == {"": 1, 'a "b", c': 1, "device": 1, "x\r": 2, "zone": 1}


def test_nothing_of_a_file_without_header_becomes_a_value(rows: dict[str, list[Row]]) -> None:
    for name in WITHOUT_HEADER:
        assert {(row["time"], row["action"], row["day"]) for row in rows[name]} == {(None, None, None)}
        assert all(row["extra_fields"] == [] for row in rows[name])


def test_files_without_a_header_that_names_the_columns_are_warned_of_by_name_and_stop_nothing(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    check = checks(delivered[1], RAW)["headers_name_columns"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["files"].value == [
        f"{DAY}/{name}: {why}" for name, (_, why) in sorted(WITHOUT_HEADER.items())
    ]


def test_every_line_is_a_row_or_blank_or_the_header_of_its_file(
    delivered: tuple[Platform, dg.ExecuteInProcessResult], rows: dict[str, list[Row]]
) -> None:
    check = checks(delivered[1], RAW)["every_line_kept"]
    assert check.passed
    counted: dict[str, Any] = {name: value.value for name, value in check.metadata.items()}
    # Of the files that have rows, a header each; one is of objects.
    headers = len([name for name, (_, expected) in CONTENTS.items() if expected]) - 1
    assert counted["files"] == len([name for name, expected in ROWS.items() if expected])
    assert counted["lines"] - counted["blank_lines"] - headers == sum(map(len, rows.values()))
    # 5 + 2 + 1 lines are blank, in the order of the files above that have others.
    assert counted["blank_lines"] == 8


def land(platform: Platform, name: str, *lines: bytes, day: str = DAY) -> None:
    platform.deliver(FEED, day, name, b"".join(line + b"\n" for line in lines))


def run(platform: Platform, first: str = DAY, last: str | None = None) -> dg.ExecuteInProcessResult:
    return platform.materialise(first, last, select=f'key:"{RAW}"', check=False)


def test_the_check_of_headers_passes_when_every_file_has_one(platform: Platform) -> None:
    land(platform, "a.csv", HEADER, A)
    land(platform, "b.csv", b"action,time")
    land(platform, "c.json", b"{}")
    check = checks(run(platform), RAW)["headers_name_columns"]
    assert (check.passed, check.metadata["files"].value) == (True, [])


def test_a_feed_whose_files_have_no_header_has_no_check_of_headers(platform: Platform) -> None:
    platform.deliver("plays", DAY, "a.tsv", b"ann\t2026-01-05T10:15:00Z\t\tA\t\tx\n")
    result = platform.materialise(DAY, select='key:"listening/raw_plays"')
    assert result.success
    assert "headers_name_columns" not in checks(result, "listening/raw_plays")
    assert "every_line_kept" in checks(result, "listening/raw_plays")


def test_a_large_file_without_header_is_more_than_the_limit_and_the_failed_run_names_it(platform: Platform) -> None:
    land(platform, "good.csv", HEADER, *map(opened, range(50)))
    land(platform, "no_header.csv", *map(opened, range(10)))
    result = run(platform)
    assert not result.success
    assert "10 of 60 rows rejected (malformed 10)" in failure(result)
    named = checks(result, RAW)["headers_name_columns"].metadata["files"].value
    assert named == [f"{DAY}/no_header.csv: the header has no time, action"]
    assert platform.version(RAW) is None


def test_a_file_is_judged_by_its_own_header_on_every_day_of_a_range(platform: Platform) -> None:
    land(platform, "a.csv", HEADER, A, day="2026-01-05")
    land(platform, "a.csv", b"action,time", b"Open," + at(2), day="2026-01-06")
    land(platform, "a.csv", C, HEADER, day="2026-01-07")
    assert run(platform, "2026-01-05", "2026-01-07").success
    found = [(row["delivery_day"].day, *seen([row])) for row in platform.rows(RAW)]
    assert sorted(found, key=repr) == [
        (5, 1),
        (6, 2),
        (7, ("malformed", C.decode())),
        (7, ("malformed", HEADER.decode())),
    ]


def test_files_of_a_header_alone_are_empty_and_their_day_is_a_good_run_without_rows(platform: Platform) -> None:
    land(platform, "a.csv", HEADER)
    land(platform, "b.csv", b"action,time")
    result = run(platform)
    assert result.success
    of_delivery = [
        check for check in checks(result, RAW).values() if check.check_name not in (UP_TO_DATE, NO_MISSING_DAYS)
    ]
    (warned,) = [check for check in of_delivery if not check.passed]
    assert (warned.check_name, warned.severity) == ("no_empty_files", dg.AssetCheckSeverity.WARN)
    assert warned.metadata["files"].value == [f"{DAY}/a.csv", f"{DAY}/b.csv"]
    assert platform.rows(RAW) == []


def test_a_header_of_64_kibibytes_with_its_line_end_is_read(platform: Platform) -> None:
    name = "x" * (65_536 - len(HEADER + b",\n"))
    land(platform, "wide.csv", HEADER + b"," + name.encode(), at(1) + b",Open,5")
    told = checks(run(platform), RAW)["reject_limit"].metadata["extra_fields"].value
    (row,) = platform.rows(RAW)
    assert (row["violations"], row["extra_fields"]) == ([], [name])
    assert told == {f"{name[:200]}…": 1}


def test_a_header_repeated_at_any_place_in_any_chunk_is_counted(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / FEED / DAY
    folder.mkdir(parents=True)
    # Lines as long as the header, shorter ones and longer ones, so that it begins at every place of a chunk.
    lines = [line for number in range(14) for line in (HEADER, b"x" * number, BOM + HEADER + b"\r", HEADER + b"x")]
    (folder / "a.csv").write_bytes(b"\n".join([*lines, HEADER]))
    for chunk in range(1, 32):
        with patch.object(first_look, "_CHUNK", chunk):
            (file,) = raw_actions.feed.landed(str(tmp_path), [date(2026, 1, 5)], raw_actions.sourced).files
        assert (file.headers, file.lines, file.blank_lines, file.rows) == (29, 57, 1, 55), f"chunks of {chunk}"
