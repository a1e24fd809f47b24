"""Snapshots compared: each rule by a few rows that a reader can check by eye, and the joins with a history."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.scd2 import as_known_on, as_of_join, changes, deletions, held_back, history

KEY, ATTRIBUTES = ["id"], ["price", "date"]
SNAPSHOTS = pa.schema(
    {
        "delivery_day": pa.date32(),
        "id": pa.int64(),
        "price": pa.string(),
        "date": pa.date32(),
        "violations": pa.list_(pa.string()),
    }
)
CHANGES = "day date, id bigint, operation string, price string, date date, version int"
Row = dict[str, Any]


def july(day: int | str) -> date:
    return date(2023, 7, int(day))


def snapshots(engine: Engine, *days: str) -> DataFrame:
    """Snapshots, each as `day: id price date!rule, ...`; days are of July 2023, `-` is NULL, rules reject a row."""
    rows = []
    for text in days:
        day, _, written = text.partition(":")
        for row in written.split(","):
            words, *rules = row.strip().split("!")
            cells: list[str | None] = [None if cell == "-" else cell for cell in words.split(" ")]
            identity, price, own = (*cells, None, None)[:3]
            values = (july(day), identity and int(identity), price, own and july(own), rules)
            rows.append(dict(zip(SNAPSHOTS.names, values, strict=True)))
    return engine.session.createDataFrame(pa.Table.from_pylist(rows, SNAPSHOTS))


def nothing(engine: Engine) -> DataFrame:
    """No changes: what the first run goes on from."""
    return engine.session.createDataFrame([], CHANGES)


def changed(engine: Engine, *days: str, so_far: DataFrame | None = None) -> DataFrame:
    """The changes of some snapshots in one run."""
    before = nothing(engine) if so_far is None else so_far
    return changes(snapshots(engine, *days), before, key=KEY, attributes=ATTRIBUTES)


def day_by_day(engine: Engine, *days: str) -> DataFrame:
    """The changes of some snapshots, each in a run of its own."""
    known = nothing(engine)
    for day in days:
        rows = known.unionByName(changed(engine, day, so_far=known)).toArrow()
        known = engine.session.createDataFrame(rows) if rows.num_rows else nothing(engine)
    return known


def shown(rows: DataFrame) -> list[str]:
    """Each change as `day id operation price version`."""
    found = sorted(rows.toArrow().to_pylist(), key=lambda row: (row["day"], row["id"], row["price"] or ""))
    return [f"{row['day'].day} {row['id']} {row['operation']} {row['price'] or '-'} {row['version']}" for row in found]


RULES = {
    "the same again changes nothing": (["1: 7 a", "2: 7 a", "5: 7 a"], ["1 7 insert a 1"]),
    "new, changed, absent": (
        ["1: 7 a, 8 b", "2: 7 c, 9 d"],
        ["1 7 insert a 1", "1 8 insert b 1", "2 7 update c 2", "2 8 delete b 1", "2 9 insert d 1"],
    ),
    "null is equal to null, and to nothing else": (
        ["1: 7 -", "2: 7 -", "3: 7 a", "4: 7 -"],
        ["1 7 insert - 1", "3 7 update a 2", "4 7 update - 3"],
    ),
    "a key that returns counts on, also as it was": (
        ["1: 7 a, 8 b", "2: 8 b", "3: 8 b", "4: 7 a, 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "2 7 delete a 1", "4 7 insert a 2"],
    ),
    "deleted again": (
        ["1: 7 a, 8 b", "2: 8 b", "3: 7 c, 8 b", "4: 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "2 7 delete a 1", "3 7 insert c 2", "4 7 delete c 2"],
    ),
    "back to an older value": (
        ["1: 7 a", "2: 7 b", "3: 7 a"],
        ["1 7 insert a 1", "2 7 update b 2", "3 7 update a 3"],
    ),
    "a rejected row of a living key": (
        ["1: 7 a, 8 b", "2: 7 x!invalid_date, 8 b", "3: 7 a, 8 b", "4: 7 -!invalid_date!duplicate_id, 8 b", "5: 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "5 7 delete a 1"],
    ),
    "changed behind rejected rows": (
        ["1: 7 a, 8 b", "2: 7 x!bad, 8 b", "3: 7 x!bad, 8 b", "4: 7 c, 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "4 7 update c 2"],
    ),
    "a rejected row of an unknown key": (
        ["1: 7 x!bad, 8 b", "2: 7 a, 8 b"],
        ["1 8 insert b 1", "2 7 insert a 1"],
    ),
    "a rejected row of an unknown key that goes": (["1: 7 x!bad, 8 b", "2: 8 b"], ["1 8 insert b 1"]),
    "a rejected row of a deleted key": (
        ["1: 7 a, 8 b", "2: 8 b", "3: 7 x!bad, 8 b", "4: 7 x!bad, 8 b", "5: 8 b", "6: 7 a, 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "2 7 delete a 1", "6 7 insert a 2"],
    ),
    "a repeated key": (
        ["1: 7 a, 8 b", "2: 7 c!duplicate_id, 7 d!duplicate_id, 8 b", "3: 8 b"],
        ["1 7 insert a 1", "1 8 insert b 1", "3 7 delete a 1"],
    ),
    "a snapshot with a lost key deletes nothing, the next one does": (
        ["1: 7 a, 8 b, 9 c", "2: 8 d, - x!missing_id", "3: 8 d, 9 c"],
        ["1 7 insert a 1", "1 8 insert b 1", "1 9 insert c 1", "2 8 update d 2", "3 7 delete a 1"],
    ),
    "back before it could be deleted": (
        ["1: 7 a, 8 b", "2: 8 b, - -!malformed", "3: 8 b, - -!not_utf8", "4: 7 a, 8 b", "5: 8 b, 0 -!invalid_id"],
        ["1 7 insert a 1", "1 8 insert b 1"],
    ),
    "a wrong key of another table is no lost key": (
        ["1: 7 a, 8 b", "2: 8 b, 9 x!missing_date!invalid_user"],
        ["1 7 insert a 1", "1 8 insert b 1", "2 7 delete a 1"],
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_what_snapshots_change(engine: Engine, rule: str) -> None:
    days, expected = RULES[rule]
    assert shown(changed(engine, *days)) == expected


# Spark does what any split into runs gives with random snapshots.
@pytest.mark.only("sail")
@pytest.mark.parametrize("rule", RULES)
def test_what_snapshots_change_day_by_day(engine: Engine, rule: str) -> None:
    days, expected = RULES[rule]
    assert shown(day_by_day(engine, *days)) == expected


def test_changes_have_the_columns_and_types_of_their_table(engine: Engine) -> None:
    table = changed(engine, "1: 7 a 1").toArrow()
    assert table.schema.names == ["day", *KEY, "operation", *ATTRIBUTES, "version"]
    assert [table.schema.field(name).type for name in ("day", "version")] == [pa.date32(), pa.int32()]


def test_without_snapshots_nothing_changes(engine: Engine) -> None:
    known = changed(engine, "1: 7 a")
    empty = snapshots(engine, "2: 7 a").where("false")
    assert changes(empty, known, key=KEY, attributes=ATTRIBUTES).toArrow().num_rows == 0
    assert held_back(empty, known, key=KEY).toArrow().num_rows == 0


def test_a_key_of_several_columns_is_known_by_all_of_them(engine: Engine) -> None:
    rows = snapshots(engine, "1: 7 a 1, 7 b 1", "2: 7 a 2, 7 - 3!missing_price", "3: 7 a 2, 8 b 1")
    found = changes(rows, nothing(engine), key=["id", "price"], attributes=["date"])
    assert shown(found) == ["1 7 insert a 1", "1 7 insert b 1", "2 7 update a 2", "3 7 delete b 1", "3 8 insert b 1"]


def test_a_null_that_moves_from_one_attribute_to_another_is_a_change(engine: Engine) -> None:
    columns = "delivery_day date, id bigint, a bigint, b bigint, violations array<string>"
    rows = [(july(1), 7, None, 3, []), (july(1), 8, None, 3, []), (july(2), 7, 3, None, []), (july(2), 8, None, 3, [])]
    frame = engine.session.createDataFrame(rows, columns)
    empty = "day date, id bigint, operation string, a bigint, b bigint, version int"
    words = {"key": KEY, "attributes": ["a", "b"]}
    first = changes(frame.where("delivery_day = '2023-07-01'"), engine.session.createDataFrame([], empty), **words)
    found = changes(frame.where("delivery_day = '2023-07-02'"), first, **words)
    assert [tuple(row.values()) for row in _rows(found)] == [(july(2), 7, "update", 3, None, 2)]


def test_values_of_any_type_are_compared(engine: Engine) -> None:
    moment = datetime(2023, 7, 1, tzinfo=timezone.utc)
    values: dict[str, tuple[pa.DataType, list[Any]]] = {
        "flag": (pa.bool_(), [False, True]),
        "price": (pa.decimal128(12, 2), [Decimal("1.10"), Decimal("1.11")]),
        "amount": (pa.float64(), [0.25, 0.5]),
        "at": (pa.timestamp("us", "UTC"), [moment, moment + timedelta(microseconds=1)]),
        "name": (pa.string(), ["", "é"]),
    }
    fields = {"delivery_day": pa.date32(), "id": pa.int64(), **{name: kind for name, (kind, _) in values.items()}}
    schema = pa.schema({**fields, "violations": pa.list_(pa.string())})
    # On the first day all keys are alike; on the second the key of a number has another value in the column there.
    rows = [
        {"delivery_day": july(day), "id": n, "violations": []}
        | {name: two[day == 2 and n == place] for place, (name, (_, two)) in enumerate(values.items())}
        for day in (1, 2)
        for n in range(len(values) + 1)
    ]
    frame = engine.session.createDataFrame(pa.Table.from_pylist(rows, schema))
    types = "flag boolean, price decimal(12,2), amount double, at timestamp, name string"
    known = engine.session.createDataFrame([], f"day date, id bigint, operation string, {types}, version int")
    first = changes(frame.where("delivery_day = '2023-07-01'"), known, key=KEY, attributes=list(values))
    found = changes(frame.where("delivery_day = '2023-07-02'"), first, key=KEY, attributes=list(values))
    assert sorted((row["id"], row["operation"], row["version"]) for row in _rows(found)) == [
        (n, "update", 2) for n in range(len(values))
    ]


def test_a_row_without_attributes_comes_and_goes(engine: Engine) -> None:
    rows = snapshots(engine, "1: 7 a, 8 b", "2: 8 c", "3: 7 d, 8 e")
    found = changes(rows, nothing(engine).drop(*ATTRIBUTES), key=KEY, attributes=[])
    lines = sorted(f"{row['day'].day} {row['id']} {row['operation']} {row['version']}" for row in _rows(found))
    assert lines == ["1 7 insert 1", "1 8 insert 1", "2 7 delete 1", "3 7 insert 2"]


def test_absent_keys_that_a_snapshot_did_not_delete_are_counted(engine: Engine) -> None:
    days = ["1: 7 a, 8 b, 9 c", "2: 9 c, - x!missing_id", "3: 7 x!bad, 9 c, - x!malformed", "4: 7 a, 9 c", "5: 9 c"]
    days += ["6: 8 b, - x!missing_id", "7: 8 b, 9 c, - x!missing_id"]
    found = held_back(snapshots(engine, *days), nothing(engine), key=KEY)
    assert {row["day"].day: row["keys"] for row in _rows(found)} == {2: 2, 3: 1, 6: 1}
    known = day_by_day(engine, *days[:2])
    later = held_back(snapshots(engine, *days[2:]), known, key=KEY)
    assert {row["day"].day: row["keys"] for row in _rows(later)} == {3: 1, 6: 1}


def test_deletions_are_told_beside_the_keys_that_were_living(engine: Engine) -> None:
    days = ["1: 7 a, 8 b, 9 c", "2: 9 d", "3: 7 a, 9 d", "4: 8 b"]
    known = day_by_day(engine, *days[:2])
    new = changed(engine, *days[2:], so_far=known)
    assert [tuple(row.values()) for row in _rows(deletions(known, new))] == [(july(4), 2, 2)]
    assert [tuple(row.values()) for row in _rows(deletions(nothing(engine), known))] == [(july(2), 3, 2)]


def _rows(frame: DataFrame) -> list[Row]:
    return list(frame.toArrow().to_pylist())


def told(rows: DataFrame) -> list[str]:
    """Each version as `id price version valid_from>valid_until recorded_from>recorded_until`, and `now`."""

    def short(day: date | None) -> str:
        return "" if day is None else str(day.day) if day.month == 7 else f"{day:%Y-%m-%d}"

    return [
        f"{row['id']} {row['price']} {row['version']} {short(row['valid_from'])}>{short(row['valid_until'])} "
        f"{short(row['recorded_from'])}>{short(row['recorded_until'])}{' now' * row['is_current']}"
        for row in sorted(_rows(rows), key=lambda row: (row["id"], row["version"]))
    ]


def made(engine: Engine, *days: str, own_date: str | None = "date") -> DataFrame:
    """The history that some snapshots make."""
    return history(changed(engine, *days), key=KEY, attributes=ATTRIBUTES, own_date=own_date)


def test_the_history_of_the_specification(engine: Engine) -> None:
    schema = {name: pa.int64() for name in ("PurchaseID", "product", "user")} | {"date": pa.date32()}
    first = [(1002313003, 12, 1003431, "2022-05-20"), (1002313002, 13, 1003432, "2021-06-19")]
    days = {1: [*first, (1002313004, 14, 1003433, "2023-07-21")]}
    days[2] = [*first, (1002313004, 10, 1003433, "2023-07-22"), (1002313005, 15, 1003434, "2023-07-22")]
    rows = [
        dict(zip(schema, (*row[:3], date.fromisoformat(row[3])), strict=True))
        | {"delivery_day": july(20 + day), "violations": []}
        for day, delivered in days.items()
        for row in delivered
    ]
    delivered_schema = pa.schema({**schema, "delivery_day": pa.date32(), "violations": pa.list_(pa.string())})
    frame = engine.session.createDataFrame(pa.Table.from_pylist(rows, delivered_schema))
    of = {"key": ["PurchaseID"], "attributes": ["product", "user", "date"]}
    known = engine.session.createDataFrame(
        [], "day date, PurchaseID bigint, operation string, product bigint, user bigint, date date, version int"
    )
    columns = (*schema, "version", "valid_from", "valid_until")
    found = history(changes(frame, known, **of), **of, own_date="date").select(*columns)
    lines = [",".join("" if cell is None else str(cell) for cell in row.values()) for row in _rows(found)]
    assert sorted(lines) == [
        "1002313002,13,1003432,2021-06-19,1,2021-06-19,",
        "1002313003,12,1003431,2022-05-20,1,2022-05-20,",
        "1002313004,10,1003433,2023-07-22,2,2023-07-22,",
        "1002313004,14,1003433,2023-07-21,1,2023-07-21,2023-07-22",
        "1002313005,15,1003434,2023-07-22,1,2023-07-22,",
    ]


TIMES = {
    "without a date of its own, from the snapshot day": (
        ["3: 7 a -", "5: 7 b -"],
        ["7 a 1 3>5 3>5", "7 b 2 5> 5> now"],
    ),
    "a date not later than the one before": (["3: 7 a 2", "5: 7 b 2"], ["7 a 1 2>5 3>5", "7 b 2 5> 5> now"]),
    "a date between the one before and its snapshot": (["5: 7 a 1", "9: 7 b 3"], ["7 a 1 1>3 5>9", "7 b 2 3> 9> now"]),
    "a date after its snapshot": (["3: 7 a 9", "5: 7 b 8"], ["7 a 1 3>5 3>5", "7 b 2 5> 5> now"]),
    "the one before is from its snapshot day": (
        ["3: 7 a 2", "6: 7 b 1", "9: 7 c 4", "11: 7 d 10", "12: 7 e 10"],
        ["7 a 1 2>6 3>6", "7 b 2 6>9 6>9", "7 c 3 9>10 9>11", "7 d 4 10>12 11>12", "7 e 5 12> 12> now"],
    ),
    "deleted": (["3: 7 a 2, 8 b 1", "5: 8 b 1"], ["7 a 1 2>5 3>5", "8 b 1 1> 3> now"]),
    "back, with a date before it was deleted": (
        ["3: 7 a 2, 8 b 1", "5: 8 b 1", "9: 7 c 4, 8 b 1"],
        ["7 a 1 2>5 3>5", "7 c 2 9> 9> now", "8 b 1 1> 3> now"],
    ),
    "back, with the date on which it was deleted": (
        ["3: 7 a 2, 8 b 1", "5: 8 b 1", "9: 7 c 5, 8 b 1"],
        ["7 a 1 2>5 3>5", "7 c 2 5> 9> now", "8 b 1 1> 3> now"],
    ),
    "back as it was": (
        ["3: 7 a 2, 8 b 1", "5: 8 b 1", "9: 7 a 2, 8 b 1"],
        ["7 a 1 2>5 3>5", "7 a 2 9> 9> now", "8 b 1 1> 3> now"],
    ),
}


@pytest.mark.parametrize("times", TIMES)
def test_when_versions_were_true_and_when_they_were_told(engine: Engine, times: str) -> None:
    days, expected = TIMES[times]
    assert told(made(engine, *days)) == expected


def test_without_an_own_date_both_histories_are_of_the_snapshot_days(engine: Engine) -> None:
    versions = made(engine, "3: 7 a 1", "5: 7 b 2", own_date=None)
    assert told(versions) == ["7 a 1 3>5 3>5", "7 b 2 5> 5> now"]


def test_what_was_believed_on_a_day(engine: Engine) -> None:
    versions = made(engine, "3: 7 a 1, 8 b 1", "5: 7 c 2, 8 b 1", "7: 8 b 1", "9: 7 d 8, 8 b 1")
    eight = "8 b 1 1> 3> now"
    assert told(as_known_on(versions, july(2))) == []
    assert told(as_known_on(versions, july(4))) == ["7 a 1 1> 3> now", eight]
    assert told(as_known_on(versions, july(6))) == ["7 a 1 1>2 3>5", "7 c 2 2> 5> now", eight]
    assert told(as_known_on(versions, july(8))) == ["7 a 1 1>2 3>5", "7 c 2 2>7 5>7", eight]
    assert told(as_known_on(versions, july(9))) == told(versions)


def test_facts_join_the_version_of_their_date(engine: Engine) -> None:
    versions = made(engine, "3: 7 a, 8 b", "5: 7 c, 8 b", "7: 8 b", "9: 7 d, 8 b", "11: 8 b")
    facts = [(fact, 7, july(day)) for fact, day in enumerate([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 31])]
    facts += [(20, 8, july(1)), (20, 8, july(1)), (21, 6, july(4)), (22, None, july(4)), (23, 8, None)]
    frame = engine.session.createDataFrame(facts, "fact int, id bigint, sold date")
    joined = as_of_join(frame, versions, key=KEY, on="sold", columns=["price"])
    assert joined.columns == ["fact", "id", "sold", "price", "version", "closed"]
    rows = sorted((row["fact"], row["price"], row["version"], row["closed"]) for row in _rows(joined))
    found = [(price, version, closed) for fact, price, version, closed in rows if fact < 20]
    assert found == [
        *(("a", 1, False), ("a", 1, False), ("a", 1, False), ("c", 2, False), ("c", 2, False)),
        *(("c", 2, True), ("c", 2, True), ("d", 3, False), ("d", 3, False), ("d", 3, True), ("d", 3, True)),
    ]
    assert [row[1:] for row in rows if row[0] >= 20] == [("b", 1, False)] * 2 + [(None, None, None)] * 3
