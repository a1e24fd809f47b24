"""Which event days the files of a raw table may hold, by what the log says of them: any, where it says nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import RawContract, T, source
from platform_assets.lake.fingerprints import NOTHING
from platform_assets.lake.tables import log
from platform_assets.lake.tables.made import Made
from platform_assets.lake.tables.published import Published
from platform_assets.lake.tables.reads import DaysRead
from platform_assets_tests.support.lake.visits import january


class RawWords(RawContract):
    """Words as they came."""

    word: T.StringType = source("word", required=True, description="A word")


@pytest.fixture
def table(tmp_path: Path) -> Published:
    """A raw table of two deliveries: on day 5 events of days 2 to 4, on day 9 of day 8 and without a day."""
    table = Published("shop", "raw_words", compiled(RawWords), str(tmp_path / "lake" / "shop" / "raw_words"))
    for delivery, days in ((5, [2, 4]), (9, [8, None])):
        write_deltalake(table.url, rows(delivery, days), mode="append", partition_by=["delivery_day"])
    return table


def rows(delivery: int, days: list[int | None]) -> pa.Table:
    """A row for each event day of a delivery."""
    columns = {"delivery_day": [january(delivery)] * len(days), "day": [january(day) if day else None for day in days]}
    return pa.table(columns, pa.schema([("delivery_day", pa.date32()), ("day", pa.date32())]))


def forget(table: Published, *words: str) -> None:
    """Make the log of the first delivery say nothing of some statistics of its file."""
    path = Path(log.commit_file(table.url, 0))
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    for entry in (entry["add"] for entry in entries if "add" in entry):
        stats = json.loads(entry["stats"])
        stats = {name: value for name, value in stats.items() if name not in words}
        entry["stats"] = json.dumps(stats) if stats else None
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))


def may_be_of(table: Published) -> dict[int, list[int]]:
    """Per event day of January the deliveries whose files a reader of that day takes for files with rows of it."""
    delta = table.delta()
    assert delta is not None
    found = {}
    for day in range(1, 11):
        read = DaysRead.of(table, delta, january(day), january(day))
        found[day] = sorted(int(re.findall(r"delivery_day=2026-01-(\d\d)", path)[0]) for path in read.files)
    return {day: deliveries for day, deliveries in found.items() if deliveries}


def not_known(table: Published) -> list[int]:
    """The event days of January of which nobody knows what a reader reads."""
    known = table.known()
    found = [day for day in range(1, 11) if known.fingerprint(january(day)) is None]
    assert all(known.fingerprint(january(day)) == str(NOTHING) for day in range(1, 11) if day not in found)
    return found


def test_a_delivery_may_hold_the_days_from_its_first_to_its_last(table: Published) -> None:
    assert may_be_of(table) == {2: [5], 3: [5], 4: [5], 8: [9]}
    assert not_known(table) == [2, 3, 4, 8]


@pytest.mark.parametrize(
    "words",
    [
        ("minValues",),
        ("maxValues",),
        ("minValues", "maxValues"),
        ("minValues", "maxValues", "nullCount"),
        ("minValues", "maxValues", "nullCount", "numRecords"),
    ],
)
def test_a_file_of_which_the_log_does_not_say_the_days_may_hold_any_that_it_does_not_rule_out(
    table: Published, words: tuple[str, ...]
) -> None:
    forget(table, *words)
    may = [day for day in range(1, 11) if (day >= 2 or "minValues" in words) and (day <= 4 or "maxValues" in words)]
    assert not_known(table) == sorted({*may, 8})
    assert [day for day, of in may_be_of(table).items() if 5 in of] == may


def test_where_the_log_says_nothing_of_any_file_each_may_hold_any_day(tmp_path: Path) -> None:
    table = Published("shop", "raw_words", compiled(RawWords), str(tmp_path / "raw_words"))
    nothing = {"delta.dataSkippingNumIndexedCols": "0"}
    write_deltalake(table.url, rows(5, [2]), partition_by=["delivery_day"], configuration=nothing)
    every_day = list(range(1, 11))
    assert not_known(table) == every_day
    assert may_be_of(table) == {day: [5] for day in every_day}


def test_a_delivery_with_a_record_makes_no_day_unknown(table: Published) -> None:
    attempts = table.known().attempts
    table.records.append(
        [Made(day=day, attempt=attempts[day], rows=2, fingerprint="1.1.1") for day in (january(5), january(9))]
    )
    assert not_known(table) == []


def test_rows_are_counted_in_the_files_where_the_log_does_not_say_how_many_there_are(table: Published) -> None:
    counted = table.published_rows_by_day()
    assert sum(counted.values()) > 0
    forget(table, "minValues", "maxValues", "nullCount", "numRecords")
    assert table.published_rows_by_day() == counted
