"""Random snapshots, split into runs at random and corrected later, against plain loops over all of them.

A row without a key concerns its whole snapshot, so that histories of the same days share a calendar: which days have a
snapshot, and which of these have a row without a key. Each example is a calendar with hundreds of histories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from random import Random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms import scd2
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.snapshots_oracle import (
    Change,
    Followed,
    Key,
    Raw,
    Values,
    Version,
    follow,
    history,
    version_on,
)

HISTORIES, DAYS = 500, 9
FIRST = date(2026, 1, 28)
KEY, ATTRIBUTES = ("history", "id"), ("product", "name", "date")
_VALUES = {"history": pa.int64(), "id": pa.string(), "product": pa.int64(), "name": pa.string(), "date": pa.date32()}
RAW = pa.schema({"delivery_day": pa.date32(), **_VALUES, "violations": pa.list_(pa.string())})
CHANGES = pa.schema({"day": pa.date32(), "operation": pa.string(), **_VALUES, "version": pa.int32()})
_LOST = (
    Raw((None, None), (None, None, None), ("malformed",)),
    Raw((None, None), (None, None, None), ("not_utf8",)),
    Raw((3, None), (1, "a", None), ("missing_id", "missing_date")),
    Raw((None, "a"), (1, "a", None), ("invalid_history",)),
    Raw((-2, "a"), (1, "a", None), ("invalid_id",)),
)
Snapshots = dict[date, list[Raw]]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def random_snapshots(random: Random) -> Snapshots:
    """Snapshots of some days, with hundreds of histories that change little, or much, or come and go."""
    days = [number for number in range(DAYS) if number == 0 or random.random() < 0.8]
    found: Snapshots = {day(number): [] for number in days}
    for number in range(HISTORIES):
        absent, rejected, changed = (random.choice((0, 0.1, 0.4)) for _ in range(3))
        for name in random.choice(("a", "ab", "abc")):
            values = _values(random)
            for delivered in days:
                if random.random() < changed:
                    values = _values(random)
                if random.random() >= absent:
                    found[day(delivered)].extend(_delivered(random, (number, name), values, rejected))
    for rows in found.values():
        # A published snapshot has a good row.
        rows.append(Raw((-1, "always"), (0, None, None)))
        if random.random() < 0.25:
            rows.append(random.choice(_LOST))
    return found


def _values(random: Random) -> Values:
    own = random.choice((None, date(2019, 5, 1), *(day(random.randrange(-3, DAYS + 3)) for _ in range(4))))
    return random.choice((None, 1, 2)), random.choice((None, "a", "b")), own


def _delivered(random: Random, key: Key, values: Values, rejected: float) -> Iterable[Raw]:
    if random.random() >= rejected:
        return [Raw(key, values)]
    if random.random() < 0.3:
        return [Raw(key, values, ("duplicate_key",)), Raw(key, _values(random), ("duplicate_key", "invalid_date"))]
    return [Raw(key, (*values[:2], None), ("invalid_date",))]


def frame(engine: Engine, snapshots: Snapshots) -> DataFrame:
    rows = [
        (delivered, *row.key, *row.values, list(row.violations))
        for delivered in snapshots
        for row in snapshots[delivered]
    ]
    return table(engine, rows, RAW)


def table(engine: Engine, rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> DataFrame:
    if not rows:
        words = {pa.date32(): "date", pa.int32(): "int", pa.int64(): "bigint", pa.string(): "string"}
        return engine.session.createDataFrame([], ", ".join(f"{field.name} {words[field.type]}" for field in schema))
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return engine.session.createDataFrame(pa.Table.from_arrays(arrays, schema=schema))


def frame_of_changes(engine: Engine, changes: Iterable[Change]) -> DataFrame:
    return table(engine, [(one.day, one.operation, *one.key, *one.values, one.version) for one in changes], CHANGES)


def read_changes(rows: DataFrame) -> list[Change]:
    found = rows.toArrow().to_pylist()
    return sorted(
        (
            Change(row["day"], _key(row), row["operation"], tuple(row[name] for name in ATTRIBUTES), row["version"])
            for row in found
        ),
        key=str,
    )


def _key(row: Mapping[str, object]) -> Key:
    return tuple(row[name] for name in KEY)


def read_history(rows: DataFrame) -> list[Version]:
    found = rows.toArrow().to_pylist()
    assert all(row["is_current"] == (row["recorded_until"] is None) for row in found)
    times = ("version", "valid_from", "valid_until", "recorded_from", "recorded_until")
    return sorted(
        (Version(_key(row), tuple(row[name] for name in ATTRIBUTES), *(row[name] for name in times)) for row in found),
        key=str,
    )


def run(engine: Engine, snapshots: Snapshots, so_far: list[Change]) -> list[Change]:
    """The changes of a run; what it says of deletions and of keys held back is compared with the plain loops."""
    raw, known = frame(engine, snapshots), frame_of_changes(engine, so_far)
    return read_changes(scd2.changes(raw, known, key=KEY, attributes=ATTRIBUTES))


def in_runs(engine: Engine, random: Random, snapshots: Snapshots, so_far: list[Change]) -> list[Change]:
    """The changes of snapshots in runs of random lengths, each going on from those before."""
    days = sorted(snapshots)
    while days:
        length = random.randint(1, len(days))
        so_far = so_far + run(engine, {one: snapshots[one] for one in days[:length]}, so_far)
        days = days[length:]
    return so_far


def correct(random: Random, snapshots: Snapshots) -> tuple[Snapshots, date]:
    """The snapshots, one of which is delivered again, or late, or taken away; and its day."""
    others = random_snapshots(random)
    corrected = random.choice(sorted(others)[1:])
    if corrected in snapshots and random.random() < 0.3:
        return {one: rows for one, rows in snapshots.items() if one != corrected}, corrected
    return {**snapshots, corrected: others[corrected]}, corrected


seeds = given(seed=st.integers(0, 2**32))
# No seed is simpler than another.
some = settings(
    max_examples=examples(10),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@some
@seeds
def test_any_split_into_runs_and_any_correction_give_what_the_loops_give(engine: Engine, seed: int) -> None:
    random = Random(seed)
    snapshots = random_snapshots(random)
    found = in_runs(engine, random, snapshots, [])
    assert sorted(found, key=str) == sorted(follow(snapshots, KEY).changes, key=str)
    corrected, since = correct(random, snapshots)
    later = {one: rows for one, rows in corrected.items() if one >= since}
    again = in_runs(engine, random, later, [one for one in found if one.day < since])
    assert sorted(again, key=str) == sorted(follow(corrected, KEY).changes, key=str)


@some
@seeds
def test_what_is_held_back_and_deleted(engine: Engine, seed: int) -> None:
    random = Random(seed)
    snapshots = random_snapshots(random)
    told = follow(snapshots, KEY)
    first = random.choice(sorted(snapshots))
    now = frame(engine, {one: rows for one, rows in snapshots.items() if one >= first})
    known = frame_of_changes(engine, [one for one in told.changes if one.day < first])
    held = scd2.held_back(now, known, key=KEY).toArrow().to_pylist()
    assert {row["day"]: row["keys"] for row in held} == _since(told.held_back, first)
    new = frame_of_changes(engine, [one for one in told.changes if one.day >= first])
    deleted = scd2.deletions(known, new).toArrow().to_pylist()
    assert {row["day"]: (row["living"], row["deleted"]) for row in deleted} == _since(told.deletions, first)
    assert len(held) == len({row["day"] for row in held})
    assert len(deleted) == len({row["day"] for row in deleted})


def _since(told: Mapping[date, object], first: date) -> dict[date, object]:
    return {one: figures for one, figures in told.items() if one >= first}


@some
@seeds
@pytest.mark.parametrize("own_date", ["date", None])
def test_histories_never_overlap_and_say_what_was_known_on_each_day(
    engine: Engine, own_date: str | None, seed: int
) -> None:
    random = Random(seed)
    told = follow(random_snapshots(random), KEY)
    own = None if own_date is None else ATTRIBUTES.index(own_date)
    changes = frame_of_changes(engine, told.changes)
    versions = scd2.history(changes, key=KEY, attributes=ATTRIBUTES, own_date=own_date)
    found = read_history(versions)
    assert found == sorted(history(told.changes, own), key=str)
    _are_in_order(found)
    for when in random.sample([day(number) for number in range(-1, DAYS + 1)], 3):
        state = {
            one.key: (one.values, one.version) for one in found if _holds(one.recorded_from, when, one.recorded_until)
        }
        assert state == _state(told, when)
        known = read_history(scd2.as_known_on(versions, when))
        assert known == sorted(history([one for one in told.changes if one.day <= when], own), key=str)
        _are_in_order(known)


def _holds(begin: date, when: date, end: date | None) -> bool:
    return begin <= when and (end is None or when < end)


def _state(told: Followed, when: date) -> dict[Key, tuple[Values, int]]:
    days = [one for one in told.states if one <= when]
    return told.states[max(days)] if days else {}


def _are_in_order(versions: Iterable[Version]) -> None:
    """Neither of the two intervals of a key's versions is empty, nor overlaps that of the next one."""
    of_keys = defaultdict(list)
    for version in sorted(versions, key=lambda version: version.version):
        of_keys[version.key].append(version)
    for of_key in of_keys.values():
        for begin, end in (("valid_from", "valid_until"), ("recorded_from", "recorded_until")):
            for place, version in enumerate(of_key, 1):
                begins, ends = getattr(version, begin), getattr(version, end)
                assert ends is None or begins < ends
                assert place == len(of_key) or ends <= getattr(of_key[place], begin)


@some
@seeds
def test_every_fact_joins_one_version(engine: Engine, seed: int) -> None:
    random = Random(seed)
    told = follow(random_snapshots(random), KEY)
    changes = frame_of_changes(engine, told.changes)
    versions = scd2.history(changes, key=KEY, attributes=ATTRIBUTES, own_date="date")
    of_keys = defaultdict(list)
    for version in history(told.changes, ATTRIBUTES.index("date")):
        of_keys[version.key].append(version)
    facts = [
        (
            fact,
            random.choice((None, *range(HISTORIES))),
            random.choice((None, *"abcd")),
            random.choice(
                (
                    None,
                    date(1, 1, 1),
                    date(2019, 5, 1),
                    day(random.randrange(-4, DAYS + 4)),
                    day(random.randrange(-4, DAYS + 4)),
                    date(9999, 12, 31),
                )
            ),
        )
        for fact in range(2000)
    ]
    schema = pa.schema({"fact": pa.int64(), "history": pa.int64(), "id": pa.string(), "sold": pa.date32()})
    joined = scd2.as_of_join(table(engine, facts, schema), versions, key=KEY, on="sold", columns=ATTRIBUTES)
    rows = sorted(joined.toArrow().to_pylist(), key=lambda row: row["fact"])
    assert [tuple(row.values())[:4] for row in rows] == facts
    for row, (_, *key, sold) in zip(rows, facts, strict=True):
        expected = version_on(of_keys[tuple(key)], sold) if sold else None
        found = tuple(row[name] for name in ATTRIBUTES), row["version"], row["closed"]
        if expected is None:
            assert found == ((None,) * 3, None, None)
        else:
            assert found == (expected[0].values, expected[0].version, expected[1])
