"""Every kind of file that can be read: its rows are the lines that are not blank, each under the file's own name."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import lines
from platform_assets_tests.support.platforms import Platform, checks

DAY = "2026-01-05"
FEED = "web_events"


def event(name: str) -> str:
    return json.dumps(
        {"event_id": name, "user": {"id": 7}, "action": "a", "url": "x.org", "timestamp": "05/01/2026 10:15:00"},
        ensure_ascii=False,
    )


A, B, C = (event(name).encode() for name in "ABC")
BOM = b"\xef\xbb\xbf"
BAD = event("bad").encode().replace(b'"a"', b'"a\xff\xc3("')
BAD_TEXT = event("bad").replace('"a"', '"a\ufffd\ufffd("')
BROKEN = b'{"event_id": "cut'

# Content to the rows' event ids, or (violation, raw).
Expected = list[str | tuple[str, str]]
CONTENTS: dict[str, tuple[bytes, Expected]] = {
    "lf.json": (A + b"\n" + B + b"\n", ["A", "B"]),
    "no_last_line_end.json": (A + b"\n" + B, ["A", "B"]),
    "crlf.json": (A + b"\r\n" + B + b"\r\n", ["A", "B"]),
    "crlf_no_last_line_end.json": (A + b"\r\n" + B, ["A", "B"]),
    "mixed_line_ends.json": (A + b"\n" + B + b"\r\n" + C, ["A", "B", "C"]),
    "bom.json": (BOM + A + b"\n" + B + b"\n", ["A", "B"]),
    "bom_crlf.jsonl": (BOM + A + b"\r\n" + B + b"\r\n", ["A", "B"]),
    "two_files_with_bom_joined.json": (BOM + A + b"\n" + BOM + B + b"\n", ["A", "B"]),
    "bom_broken.json": (BOM + BROKEN + b"\r\n" + A, [("malformed", BROKEN.decode()), "A"]),
    "blank_lines.json": (b"\n \r\n\t\n" + A + b"\n\n\r\n" + B + b"\n \t \n", ["A", "B"]),
    "bom_and_blank_line.json": (BOM + b"\r\n" + A, ["A"]),
    "only_blank_lines.json": (b"\n \n\t\r\n\r\n ", []),
    "only_bom.json": (BOM, []),
    "boms.json": (BOM * 3 + A + b"\n" + BOM * 2 + B + b"\n" + BOM * 2, ["A", "B"]),
    "broken_crlf.json": (BROKEN + b"\r\n", [("malformed", BROKEN.decode())]),
    "blanks_around_a_broken_line.json": (b"  broken \t\n", [("malformed", "  broken \t")]),
    "carriage_returns.json": (b"one\rtwo\r\r\nthree\n", [("malformed", "one\rtwo\r"), ("malformed", "three")]),
    "other_line_ends.json": (
        "x\u2028y\u2029z\u0085\x0b\x0c\x1c\n".encode(),
        [("malformed", "x\u2028y\u2029z\u0085\x0b\x0c\x1c")],
    ),
    "nul.json": (b"x\0y\n\0\n" + A, [("malformed", "x\0y"), ("malformed", "\0"), "A"]),
    "emoji_broken.json": ("{👩\u200d👩: ﷺ é e\u0301}".encode(), [("malformed", "{👩\u200d👩: ﷺ é e\u0301}")]),
    "replacement_characters.json": (event("\ufffd").encode() + b"\n\xef\xbf\xbd", ["\ufffd", ("malformed", "\ufffd")]),
    "not_utf8.json": (
        A + b"\n" + BAD + b"\r\n\r\n\xe2\x82\n" + B + b"\n" + BROKEN + b"\xc3",
        ["A", "B", ("not_utf8", BAD_TEXT), ("not_utf8", "\ufffd"), ("not_utf8", BROKEN.decode() + "\ufffd")],
    ),
    "only_not_utf8.json": (BAD, [("not_utf8", BAD_TEXT)]),
    "bom_not_utf8.json": (BOM + BAD + b"\n" + BOM + A, [("not_utf8", BAD_TEXT), "A"]),
    "utf16.json": ("x".encode("utf-16-le"), [("malformed", "x\0")]),
    "utf16_bom.json": (b"\xff\xfex\0", [("not_utf8", "\ufffd\ufffdx\0")]),
    "surrogates_in_utf8.json": (b"\xed\xa0\x80", [("not_utf8", "\ufffd\ufffd\ufffd")]),
    "packed.json.gz": (gzip.compress(A + b"\r\n" + B), ["A", "B"]),
    "packed.jsonl.gz": (gzip.compress(BOM + C + b"\n\n"), ["C"]),
    "packed_in_pieces.json.gz": (b"".join(gzip.compress(part) for part in (A[:9], A[9:] + b"\n", b"", B)), ["A", "B"]),
    "packed_blank_lines.json.gz": (gzip.compress(b"\n\n"), []),
    # The same name without `.gz`, and not UTF-8 either: the two must not get in each other's way.
    "not_utf8.json.gz": (gzip.compress(C + b"\n" + b"x\xff" + b"\n"), ["C", ("not_utf8", "x\ufffd")]),
    "a_megabyte_a_line.json": (
        b"\n".join([event("A" * 1_000_000).encode(), b"x" * 1_000_000, B]),
        ["A" * 1_000_000, ("malformed", "x" * 1_000_000), "B"],
    ),
}
ODD_NAMES = (
    *(
        "with blank.json",
        " .json",
        "trailing .json",
        "h#sh.json",
        "q?.json",
        "x.json",
        "[x].json",
        "[!a].json",
        "*.json",
    ),
    *("a.json", "{a}.json", "{a,b}.json", "per%20cent.json", "%2F.json", "%.json", "ümlaut.json", "u\u0308mlaut.json"),
    *(
        "'single'.json",
        '"double".json',
        "com,ma.json",
        "back\\slash.json",
        "semi;colon.json",
        "co:lon.json",
        "a=b.json",
    ),
    *(
        "+&$@!~^.json",
        "`tick`.json",
        "<a>.json",
        "(1).json",
        "😀.json",
        "\u2028.json",
        "a.json.json",
        "-.json",
    ),
    *("[x].json.gz", "x.json.gz", "x" * 240 + ".json", "day=2026-01-05.json", "source_file=a.json"),
)
ROWS: dict[str, Expected] = {
    **{name: expected for name, (_, expected) in CONTENTS.items()},
    **{name: [name] for name in ODD_NAMES},
    **{f"part-{number:03}.json": [f"part {number}", f"part {number} again"] for number in range(200)},
}


@pytest.fixture(scope="module", params=["bundled", "each by itself"])
def delivered(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered all these files on one day: they are read the same, bundled or not."""
    platform = Platform(tmp_path_factory.mktemp("files"), reject_share=1.0)
    for name, (content, _) in CONTENTS.items():
        platform.deliver(FEED, DAY, "_", b"").with_name(name).write_bytes(content)
    for name in ODD_NAMES:
        platform.deliver(FEED, DAY, name, event(name))
    for number in range(200):
        platform.deliver(FEED, DAY, f"part-{number:03}.json", [event(f"part {number}"), event(f"part {number} again")])
    for name in (".hidden.json", "_unfinished.json", "._x.json", "..json"):
        platform.deliver(FEED, DAY, name, event("ignored"))
    platform.deliver(FEED, DAY, "_folder.json/x.json", event("ignored"))
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "bundled":
            patch.setattr(lines, "_MANY", 1000)
        return platform, platform.materialise(DAY, select="web/raw_events")


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the raw table, by file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in delivered[0].rows("web/raw_events"):
        found.setdefault(row["source_file"], []).append(row)
    return found


def seen(rows: list[dict[str, Any]]) -> Counter[Any]:
    """Event ids of good rows, (rule, raw) of rejected ones."""
    return Counter((*row["violations"], row["raw"]) if row["violations"] else row["event_id"] for row in rows)


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_becomes_the_rows_of_its_lines(name: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    assert seen(rows.get(name, [])) == Counter(CONTENTS[name][1])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_with_an_odd_name_is_read_once_and_named_as_it_is(
    name: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    assert seen(rows.get(name, [])) == Counter([name])


def test_files_whose_names_start_with_a_dot_or_a_low_line_are_ignored(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert {name for name in rows if name.startswith((".", "_"))} == set()
    assert rows.keys() == {name for name, expected in ROWS.items() if expected}


def test_two_hundred_files_of_a_delivery_are_read(rows: dict[str, list[dict[str, Any]]]) -> None:
    parts = {name: seen(found) for name, found in rows.items() if name.startswith("part-")}
    assert parts == {name: Counter(found) for name, found in ROWS.items() if name.startswith("part-")}


def test_only_rejected_rows_keep_their_text(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert all(bool(row["violations"]) == (row["raw"] is not None) for found in rows.values() for row in found)


def test_the_check_counts_files_lines_and_blank_lines(
    delivered: tuple[Platform, dg.ExecuteInProcessResult], rows: dict[str, list[dict[str, Any]]]
) -> None:
    counted = {
        name: value.value for name, value in checks(delivered[1], "web/raw_events")["every_line_kept"].metadata.items()
    }
    # 6 + 1 + 1 + 1 + 1 lines are blank, in the order of the files above that have others.
    assert counted["blank_lines"] == 10
    assert counted["files"] == len([name for name, expected in ROWS.items() if expected])
    assert counted["lines"] - counted["blank_lines"] == sum(map(len, rows.values()))


def test_nothing_is_left_of_the_files_that_were_rewritten(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    table = delivered[0].folder("web/raw_events")
    assert {path.suffix for path in table.rglob("*") if path.is_file()} == {".json", ".parquet"}
    assert not list(table.rglob("_landing"))
