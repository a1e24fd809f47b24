"""Examples of snapshots that a reader can check by eye, and laws, for the oracle of the purchases tables."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.purchases import oracle
from platform_assets_tests.support.purchases.feeds import deliveries

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(6)]
HEADER = "PurchaseID,product,user,date\n"
EXPECTED = """\
PurchaseID,product,user,date,version,valid_from,valid_until
1002313002,13,1003432,2021-06-19,1,2021-06-19,
1002313003,12,1003431,2022-05-20,1,2022-05-20,
1002313004,14,1003433,2023-07-21,1,2023-07-21,2023-07-22
1002313004,10,1003433,2023-07-22,2,2023-07-22,
1002313005,15,1003434,2023-07-22,1,2023-07-22,
"""


def delivered(*snapshots: str | None) -> Deliveries:
    """A file of these lines for each day from the first on; None is a day without a folder."""
    return {
        day: {"a.csv": (HEADER + "\n".join(snapshot.split())).encode()}
        for day, snapshot in zip(DAYS, snapshots, strict=False)
        if snapshot is not None
    }


def changes(*snapshots: str | None, delete_share: float = 0.5) -> list[str]:
    """What changes: the day's number, the operation, the key, the product, the version."""
    found = oracle.changes(delivered(*snapshots), DAYS, delete_share=delete_share)
    return [f"{r['day']:%d} {r['operation']} {r['purchase_id']} {r['product']} v{r['version']}" for r in found]


def history(*snapshots: str | None) -> list[dict[str, Any]]:
    return oracle.history(oracle.changes(delivered(*snapshots), DAYS))


def intervals(*snapshots: str | None) -> list[str]:
    """Of each version of a history when it was true and when it was said, as days of January or other dates."""

    def short(day: date | None) -> str:
        return "" if day is None else f"{day:%d}" if (day.year, day.month) == (2026, 1) else str(day)

    names = ("valid_from", "valid_until", "recorded_from", "recorded_until")
    return [f"v{row['version']} " + " ".join(short(row[name]) or "-" for name in names) for row in history(*snapshots)]


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ("1,2,3,2026-01-01", []),
        ('"1","2",3,"2026-01-01"', []),
        ("-1,007,0,2020-02-29", []),
        (",2,3,2026-01-01", ["missing_purchase_id"]),
        ("1,2,3", ["malformed"]),
        ("1,2,3,2026-01-01,", ["malformed"]),
        ("1.0,,x,2026-01-01", ["invalid_purchase_id", "missing_product", "invalid_user"]),
        ("1,null,3,null", ["invalid_product", "invalid_date"]),
        ("1,2,3,2026-01-02", ["date_after_delivery"]),
        ("1,,3,9999-12-31", ["missing_product", "date_after_delivery"]),
        ("1,2,9223372036854775808,2026-02-30", ["invalid_user", "invalid_date"]),
    ],
)
def test_a_line_is_a_purchase_or_breaks_rules(line: str, violations: list[str]) -> None:
    (row,) = oracle.raw_rows({DAYS[0]: {"a.csv": f"{HEADER}{line}".encode()}})
    assert (row["violations"], row["raw"]) == (violations, line if violations else None)
    assert "day" not in row


def test_all_rows_of_a_key_that_comes_twice_are_rejected_if_it_is_known() -> None:
    files = {
        "a.csv": HEADER.encode() + b"1,2,3,2026-01-01\n1,2,3,x\n2,2,3,2026-01-01\n2,2,3\n2,2,\xff,2026-01-01",
        "b.CSV": b'\xef\xbb\xbf"date",user,product,PurchaseID,note\r\n2026-01-02,3,2,1,gift\r\n',
        "_c.csv": b"x",
        "d.txt": b"x",
    }
    rows = oracle.raw_rows({DAYS[0]: files})
    assert [(row["purchase_id"], row["violations"]) for row in rows] == [
        (1, ["duplicate_purchase_id"]),
        (1, ["invalid_date", "duplicate_purchase_id"]),
        (2, []),
        (None, ["malformed"]),
        (2, ["not_utf8"]),
        (1, ["date_after_delivery", "duplicate_purchase_id"]),
    ]
    assert [row["extra_fields"] for row in rows] == [*[[]] * 5, ["note"]]


def test_what_is_expected_of_the_two_snapshots_of_the_contract() -> None:
    first = "1002313003,12,1003431,2022-05-20 1002313002,13,1003432,2021-06-19 1002313004,14,1003433,2023-07-21"
    second = first.replace("4,14,1003433,2023-07-21", "4,10,1003433,2023-07-22") + " 1002313005,15,1003434,2023-07-22"
    # The same snapshot again changes nothing.
    found = history(first, second, second)
    names = ("purchase_id", "product", "user", "date", "version", "valid_from", "valid_until")
    ordered = sorted(found, key=lambda row: (row["purchase_id"], row["version"]))
    lines = [",".join(str(row[name] if row[name] is not None else "") for name in names) for row in ordered]
    assert lines == EXPECTED.splitlines()[1:]
    assert [row["is_current"] for row in ordered] == [True, True, False, True, True]


def test_rows_come_change_go_and_return_with_versions_that_count_on() -> None:
    one, two, other = "1,1,1,2025-01-01", "2,1,1,2025-01-01", "1,9,1,2025-01-01"
    assert changes(f"{one} {two}", other, None, two, f"{other} {two}", two) == [
        *("01 insert 1 1 v1", "01 insert 2 1 v1", "02 update 1 9 v2", "02 delete 2 1 v1"),
        *("04 insert 2 1 v2", "04 delete 1 9 v2", "05 insert 1 9 v3", "06 delete 1 9 v3"),
    ]


def test_a_rejected_row_and_a_key_that_comes_twice_are_unchanged() -> None:
    one, two = "1,1,1,2025-01-01", "2,1,1,2025-01-01"
    assert changes(f"{one} {two}", f"1,x,1,2025-01-01 {two}", f"{one} {one} {two}", f"{one} {two}") == [
        *("01 insert 1 1 v1", "01 insert 2 1 v1"),
    ]


@pytest.mark.parametrize("keyless", ["x", ",1,1,2025-01-01", "x,1,1,2025-01-01"])
def test_rows_without_a_known_key_hold_deletes_back(keyless: str) -> None:
    one, two = "1,1,1,2025-01-01", "2,1,1,2025-01-01"
    assert changes(f"{one} {two}", f"{two} {keyless}", two) == [
        *("01 insert 1 1 v1", "01 insert 2 1 v1", "03 delete 1 1 v1"),
    ]


def test_a_snapshot_without_a_good_row_or_with_too_few_stops_the_days_from_it_on() -> None:
    many = " ".join(f"{key},1,1,2025-01-01" for key in range(20))
    fewer = " ".join(many.split()[:10])
    fewest = " ".join(many.split()[:9])
    assert oracle.waits_from(delivered(many, fewer)) is None
    assert oracle.waits_from(delivered(many, fewest, many)) == DAYS[1]
    assert oracle.waits_from(delivered(many, fewest), delete_share=0.6) is None
    # Nine living keys may all go, but not without a good row.
    assert oracle.waits_from(delivered(fewest, "77,1,1,2025-01-01", "x")) == DAYS[2]
    assert len(changes(many, fewest, many)) == 20
    refused = delivered(many, "x", many)
    assert oracle.days_without_good_rows(refused) == [DAYS[1]]
    tables = oracle.tables(refused, DAYS)
    assert {name: len(rows) for name, rows in tables.items()} == {"raw_purchases": 40, "changes": 20, "history": 20}


def test_when_a_version_was_true() -> None:
    # Its own date is later than that of the version before; then it is not, and the snapshot's day counts.
    assert intervals("1,1,1,2025-12-01", "1,2,1,2025-12-24", "1,3,1,2025-12-24", "1,4,1,2026-01-03") == [
        "v1 2025-12-01 2025-12-24 01 02",
        "v2 2025-12-24 03 02 03",
        "v3 03 04 03 04",
        "v4 04 - 04 -",
    ]


def test_a_deleted_row_is_closed_and_one_that_returns_is_not_true_before_that() -> None:
    two = "2,1,1,2025-12-01"
    early, late = "1,1,1,2026-01-01", "1,1,1,2026-01-02"
    assert intervals(f"{early} {two}", two, two, f"{late} {two}")[::2] == ["v1 01 02 01 02", "v2 02 - 04 -"]
    assert intervals(f"{early} {two}", two, two, f"{early} {two}")[::2] == ["v1 01 02 01 02", "v2 04 - 04 -"]
    assert intervals(f"{early} {two}", f"{early} {two}", two, f"{late} {two}")[::2] == [
        "v1 01 03 01 03",
        "v2 04 - 04 -",
    ]


def test_what_was_believed_on_a_day() -> None:
    found = history("1,1,1,2025-12-01", "1,2,1,2025-12-24", "2,1,1,2025-12-25", "1,2,1,2025-12-24 2,1,1,2025-12-25")

    def believed(day: date) -> list[str]:
        rows = oracle.as_known_on(found, day)
        return [f"{r['purchase_id']} v{r['version']} {r['valid_from']} {r['valid_until']}" for r in rows]

    assert believed(DAYS[0] - timedelta(days=1)) == []
    assert believed(DAYS[0]) == ["1 v1 2025-12-01 None"]
    assert believed(DAYS[1]) == ["1 v1 2025-12-01 2025-12-24", "1 v2 2025-12-24 None"]
    closed = ["1 v1 2025-12-01 2025-12-24", "1 v2 2025-12-24 2026-01-03", "2 v1 2025-12-25 None"]
    assert believed(DAYS[2]) == closed
    assert believed(DAYS[3]) == [*closed, "1 v3 2026-01-04 None"]
    assert [row["valid_until"] for row in oracle.as_known_on(found, DAYS[5])] == [row["valid_until"] for row in found]


@settings(deadline=None)
@given(delivered=deliveries(DAYS, good=False))
def test_the_history_says_of_each_day_its_state_and_its_intervals_are_whole(delivered: Deliveries) -> None:
    changed = oracle.changes(delivered, DAYS)
    found = oracle.history(changed)
    for day in DAYS:
        # What was believed is what the history would be, had nothing come after.
        until_then = oracle.history(change for change in changed if change["day"] <= day)
        believed = oracle.as_known_on(found, day)
        assert believed == [{name: row[name] for name in one} for one, row in zip(believed, until_then, strict=True)]
        if day >= (oracle.waits_from(delivered) or oracle.FAR_FUTURE):
            break
        said = [
            row
            for row in found
            if row["recorded_from"] <= day and (not row["recorded_until"] or day < row["recorded_until"])
        ]
        living = {row["purchase_id"]: tuple(row[name] for name in oracle.ATTRIBUTES) for row in said}
        assert len(living) == len(said)
        assert living == oracle.state(delivered, day)
    for key in {row["purchase_id"] for row in found}:
        own = [row for row in found if row["purchase_id"] == key]
        assert [row["version"] for row in own] == list(range(1, len(own) + 1))
        for start, end in (("valid_from", "valid_until"), ("recorded_from", "recorded_until")):
            edges = [edge for row in own for edge in (row[start], row[end])]
            assert None not in edges[:-1]
            assert all(row[end] is None or row[start] < row[end] for row in own)
            known = [edge for edge in edges if edge is not None]
            assert known == sorted(known)


@settings(max_examples=30, deadline=None)
@given(delivered=deliveries(DAYS))
def test_every_delivery_of_the_strategy_has_a_good_row_unless_it_may_be_refused(delivered: Deliveries) -> None:
    assert oracle.days_without_good_rows(delivered) == []
    assert oracle.waits_from(delivered) is None


def test_a_packed_file_is_read_and_parquet_is_not() -> None:
    packed = gzip.compress(gzip.compress(f"{HEADER}1,2,3,2026-01-01".encode())) + b"\0" * 9
    assert [row["purchase_id"] for row in oracle.raw_rows({DAYS[0]: {"a.csv": packed}})] == [1]
    with pytest.raises(ValueError, match="Parquet"):
        oracle.raw_rows({DAYS[0]: {"snapshot.parquet": b"PAR1"}})
