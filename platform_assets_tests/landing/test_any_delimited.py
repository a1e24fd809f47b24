"""Any content of delimited files, of headers and of none, gives the rows that a second reader of it gives."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.assets.raw_tables import RawTableDefinition, raw_table
from platform_assets.contracts.contract import RawRows, T, source
from platform_assets.domains.actions.raw_actions import raw_actions
from platform_assets.domains.listening.domain import listening
from platform_assets.domains.listening.raw_plays import raw_plays
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import first_look
from platform_assets.landing import lines as lines_module
from platform_assets.landing.delimited import CSV, TSV
from platform_assets.landing.feeds import Feed
from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.actions import feeds as action_feeds
from platform_assets_tests.support.actions import oracle as actions_oracle
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.feed_oracle import Row, comparable
from platform_assets_tests.support.landing.cells import cells
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.listening import oracle as listening_oracle
from platform_assets_tests.support.listening import plays as play_feeds
from platform_assets_tests.support.settings import settings_for

BOM = b"\xef\xbb\xbf"


class RawThings(RawRows):
    """Things, which may have a note and a size."""

    key: T.StringType = source("key", required=True, description="What it is called")
    note: T.StringType = source("a,b", description="What was written about it")
    size: T.LongType = source("size", description="How large it is")


@raw_table(RawThings, Feed("things", (CSV, TSV)), domain=listening)
def raw_things() -> dict[str, Any]:
    """Nothing needs a parse of its own."""
    return {}


FIELDS = {"key": "key", "note": "a,b", "size": "size"}
THINGS_DAY = date(2026, 1, 2)


def things(content: bytes, source_file: str) -> list[Row]:
    """The rows that a file of things becomes, by the cells of its lines."""
    lines = feed_oracle.lines(content)
    delimiter, quotes, names = "\t", False, [*FIELDS.values()]
    if source_file.endswith(".csv") and lines:
        delimiter, quotes, names = ",", True, _names(lines[0]) or []
        lines = lines[bool(names) :]
    return [_thing(line, source_file, delimiter, quotes, names) for line in lines]


def _names(header: bytes) -> list[str] | None:
    try:
        names = cells(header.decode(), ",", quotes=True)
    except UnicodeDecodeError:
        return None
    return names if names and "key" in names and len(set(names)) == len(names) else None


def _thing(line: bytes, source_file: str, delimiter: str, quotes: bool, names: list[str]) -> Row:
    text = line.decode(errors="replace")
    cut = cells(text, delimiter, quotes=quotes)
    given: dict[str, str] | None = (
        dict(zip(names, cut, strict=True)) if cut is not None and len(cut) == len(names) else None
    )
    values = {column: (given or {}).get(field) or None for column, field in FIELDS.items()}
    size = values["size"]
    is_whole = size is not None and re.fullmatch("-?[0-9]+", size) and -(2**63) <= int(size) < 2**63
    broken = ["missing_key"] * (values["key"] is None) + ["invalid_size"] * (size is not None and not is_whole)
    if given is None:
        broken = ["malformed"]
    if text.encode() != line:
        broken = ["not_utf8"]
    return values | {
        "size": int(size) if size is not None and is_whole else None,
        "delivery_day": THINGS_DAY,
        "source_file": source_file,
        "raw": text if broken else None,
        "violations": broken,
        "extra_fields": sorted(name for name, value in (given or {}).items() if value and name not in FIELDS.values()),
    }


PIECES = (
    *('"', '""', '"', ",", "\t", "a", "7", "-7", "x,y", " ", "\r", "é", "\0", "\u2028", "😀", "\\", "'", "$1", "key"),
    *('"a"', '"x,y"', '""""', '"a""b"', '","', "9" * 19),
)
LINE_HEADERS = ("key", 'key,"a,b",size', 'size,key,"a,b"', '"a,b",key,"",x', '"key"', 'x,"y""z",key,é')
NO_HEADERS = ("key,key", "a,b", 'key,"a,b', '"key"x', "Key", 'k"ey,key', "key,\0,\0", "size", "key\r,size", "", '"')
ENDS = (b"\n", b"\r\n", b"\n", b"\r\r\n", b"\n \t\n", b"\n" + BOM)


@st.composite
def lines_of_things(draw: st.DrawFn) -> bytes:
    """A line that may be anything, at times not UTF-8."""
    made = draw(st.lists(st.sampled_from(PIECES), max_size=8)).copy()
    joined = draw(st.sampled_from(("", "", ",", "\t"))).join(made).encode()
    return joined + draw(st.sampled_from((b"", b"", b"", b"\xff")))


@st.composite
def files_of_things(draw: st.DrawFn) -> bytes:
    """A file that may begin with a header, which may stand in it more than once, whole and in part."""
    usual = st.sampled_from(LINE_HEADERS)
    header = draw(st.one_of(usual, usual, usual, st.sampled_from(NO_HEADERS))).encode()
    header = draw(st.one_of(st.just(header), st.just(header), st.just(header), lines_of_things()))
    width = (cells(header.decode(errors="replace"), ",", quotes=True) or []) + ["x"]
    fitting = st.lists(
        st.sampled_from(('"x,y"', '""', "", "a", " ", "12", '"3"', '"a""b"', '""""', "é")),
        min_size=max(1, len(width) - 1),
        max_size=max(1, len(width) - 1),
    ).map(lambda row: ",".join(row).encode())
    again = st.sampled_from((header, header, header[:-1], header + b"\r", header + b"x", BOM + header))
    tabbed = st.sampled_from((b"k\tn\t5", b"k\t\t", b"\tn\t", b'"k\t"n"\tx', b"k\tn", b"k\tn\t5\t", b"k\t \t-0"))
    lines = draw(st.lists(st.one_of(fitting, again, tabbed, lines_of_things()), max_size=6))
    start = draw(st.sampled_from((b"", b"", BOM, b"\n", BOM + b"\r\n \n")))
    content = start + b"".join(line + draw(st.sampled_from(ENDS)) for line in (header, *lines))
    return content if draw(st.booleans()) else content.rstrip(b"\r\n")


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that all examples of a test share."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def read(
    engine: Engine, room: Path, table: RawTableDefinition, delivered: Deliveries, *, bundled: bool, chunk: int = 1 << 20
) -> tuple[list[Row], Counter[tuple[date, str]]]:
    """The raw rows that files become, and how many rows are due to each file."""
    for day, files in delivered.items():
        for name, content in files.items():
            path = room / table.feed.name / day.isoformat() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    with patch.object(lines_module, "_MANY", 0 if bundled else 1000), patch.object(first_look, "_CHUNK", chunk):
        found = table.feed.landed(str(room), sorted(delivered), table.sourced).files
        if not found:
            return [], Counter()
        rows = table.read(engine, found, settings_for(), str(room / "rewritten"))
        return rows.toArrow().to_pylist(), Counter({(file.day, file.name): file.rows for file in found if file.rows})


def due(rows: list[Row]) -> Counter[tuple[date, str]]:
    return Counter((row["delivery_day"], row["source_file"]) for row in rows)


PROPERTY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=examples(30), deadline=None, suppress_health_check=PROPERTY)
@given(
    first=files_of_things(),
    second=files_of_things(),
    tabs=files_of_things(),
    bundled=st.booleans(),
    chunk=st.sampled_from((1, 2, 3, 7, 1 << 20)),
)
def test_any_three_files_give_the_rows_that_their_cells_say(
    engine: Engine, room: Path, first: bytes, second: bytes, tabs: bytes, bundled: bool, chunk: int
) -> None:
    files = {"a.csv": first, "b.csv": second, "c.tsv": tabs}
    expected = [row for name, content in files.items() for row in things(content, name)]
    rows, lines = read(engine, room, raw_things, {THINGS_DAY: files}, bundled=bundled, chunk=chunk)
    assert comparable(rows) == comparable(expected)
    assert lines == due(expected)


@given(line=lines_of_things())
def test_cells_are_those_of_the_csv_module_where_it_is_strict(line: bytes) -> None:
    text = line.decode(errors="replace").replace("\r", " ").replace("\0", " ")
    found = cells(text, ",", quotes=True)
    try:
        strict = next(csv.reader([text], strict=True)) or [""]
    except csv.Error:
        assert found is None
    else:
        # The module takes a quote inside a cell that is not quoted for a character.
        assert found == strict or (found is None and '"' in "".join(strict))


FIRST = date(2026, 1, 1)
DAYS = [FIRST, date(2026, 1, 2)]


@pytest.mark.parametrize(
    ("table", "strategy", "raw_rows"),
    [
        (raw_plays, play_feeds.deliveries(DAYS), listening_oracle.raw_rows),
        (raw_actions, action_feeds.deliveries(DAYS), actions_oracle.raw_rows),
    ],
    ids=["plays", "actions"],
)
def test_any_delivery_of_a_delimited_feed_gives_the_rows_that_its_rules_say(
    engine: Engine,
    table: RawTableDefinition,
    strategy: st.SearchStrategy[Deliveries],
    raw_rows: Callable[..., list[Row]],
) -> None:
    @settings(max_examples=examples(10), deadline=None, suppress_health_check=PROPERTY)
    @given(delivered=strategy, bundled=st.booleans(), chunk=st.sampled_from((1, 7, 1 << 20)))
    def holds(delivered: Deliveries, bundled: bool, chunk: int) -> None:
        expected = [
            row
            for day, files in delivered.items()
            for name, content in files.items()
            for row in raw_rows(content, day, name, start=FIRST)
        ]
        with TemporaryDirectory() as folder:
            rows, lines = read(engine, Path(folder), table, delivered, bundled=bundled, chunk=chunk)
        assert comparable(rows) == comparable(expected)
        assert lines == due(expected)

    holds()
