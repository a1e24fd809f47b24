"""Fingerprints: what the rows of a day come to, whatever their order, their files and the engine that counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract
from platform_assets.contracts.contract import GOOD_ROW, Versions
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import WHOLE

# What one number has bits for: one of them says of each column whether it is NULL.
_BITS = 62
# Decimals of more digits have hashes that differ from one engine to the next; their text has not.
_EXACT_DIGITS = 18
_FAR_DAYS = 366


@dataclass(frozen=True)
class Fingerprint:
    """How many rows there are, and the sums of the halves of their hashes: those of parts add up to the whole's."""

    rows: int = 0
    low: int = 0
    high: int = 0

    def __add__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint(self.rows + other.rows, self.low + other.low, self.high + other.high)

    def __sub__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint(self.rows - other.rows, self.low - other.low, self.high - other.high)

    def __str__(self) -> str:
        return f"{self.rows}.{self.low:x}.{self.high:x}"

    @classmethod
    def of(cls, text: str) -> Fingerprint:
        """A fingerprint from its text."""
        rows, low, high = text.split(".")
        return cls(int(rows), int(low, 16), int(high, 16))


NOTHING = Fingerprint()
"""The fingerprint of no rows."""


@dataclass(frozen=True)
class Fingerprints:
    """What the rows of a run come to, by partition day.

    Of raw tables of events also by delivery day and event day (None: the row has no event day, or one more than a year
    after its delivery, and is rejected for it): all rows, and the good ones. Of tables of versions by day: what the
    versions say that begin then, those that end then, and those of the beginning ones that are the first of their row.
    """

    days: Mapping[date, Fingerprint] = field(default_factory=dict)
    events: Mapping[date, Mapping[date | None, Sequence[Fingerprint]]] = field(default_factory=dict)

    def of(self, day: date) -> Fingerprint:
        """The rows of a partition day."""
        return self.days.get(day, NOTHING)


def fingerprints(engine: Engine, rows: DataFrame, contract: CompiledContract) -> Fingerprints:
    """The fingerprints of rows that follow a contract, in one aggregate over them."""
    known = engine.with_columns_unknown(rows, contract.matched)
    hashed = engine.without_constants(known.withColumn("_hash", F.expr(row_hash(contract))))
    if not contract.has_events:
        column = contract.partition_column
        found = hashed.groupBy(*([column] if column else [])).agg(*_sums("all", "true")).collect()
        its = {row[column] if column else WHOLE: _read("all", row) for row in found}
        return Fingerprints(its, {WHOLE: _by_validity(engine, rows, contract.versions)} if contract.versions else {})
    # Days in a far future, all of rejected rows, would be groups of their own, and there may be any number.
    hashed = hashed.withColumn("_event", F.expr(f"CASE WHEN day <= delivery_day + {_FAR_DAYS} THEN day END"))
    hashed = hashed.withColumn("_good", F.expr(GOOD_ROW))
    days: dict[date, Fingerprint] = {}
    events: dict[date, dict[date | None, tuple[Fingerprint, Fingerprint]]] = {}
    for row in hashed.groupBy("delivery_day", "_event", "_good").agg(*_sums("all", "true")).collect():
        day, some = row["delivery_day"], _read("all", row)
        days[day] = days.get(day, NOTHING) + some
        of_day = events.setdefault(day, {})
        every, good = of_day.get(row["_event"], (NOTHING, NOTHING))
        of_day[row["_event"]] = (every + some, good + some if row["_good"] else good)
    return Fingerprints(days, events)


def _by_validity(engine: Engine, rows: DataFrame, versions: Versions) -> Mapping[date | None, Sequence[Fingerprint]]:
    """What versions say, by the day on which they begin and that on which they end."""
    said = [F.col(name) for name in versions.says]
    hashed = engine.without_constants(
        rows.withColumn("_hash", F.xxhash64(*said, *[column.isNull() for column in said])).select(
            "_hash",
            (F.col(versions.number) == 1).alias("_first"),
            F.col(versions.valid_from).alias("_from"),
            F.col(versions.valid_until).alias("_until"),
        )
    )
    found: dict[date | None, list[Fingerprint]] = defaultdict(lambda: [NOTHING, NOTHING, NOTHING])
    begin = hashed.groupBy("_from").agg(*_sums("all", "true"), *_sums("first", "_first")).collect()
    for row in begin:
        found[row["_from"]][0], found[row["_from"]][2] = _read("all", row), _read("first", row)
    for row in hashed.where("_until IS NOT NULL").groupBy("_until").agg(*_sums("all", "true")).collect():
        found[row["_until"]][1] = _read("all", row)
    return found


def row_hash(contract: CompiledContract) -> str:
    """The hash of a row, as SQL; engines agree on it.

    A hash leaves out what is NULL, and takes arrays for their elements alone: which columns are NULL, and how long an
    array is, is hashed as well.
    """
    named = [column for column in contract.columns if column.name not in contract.matched]
    nullable = [column.name for column in named if column.nullable]
    marks = [
        " + ".join(f"CASE WHEN `{name}` IS NULL THEN {1 << bit}L ELSE 0L END" for bit, name in enumerate(some))
        for some in (nullable[at : at + _BITS] for at in range(0, len(nullable), _BITS))
    ]
    parts = [part for column in named for part in _hashed(f"`{column.name}`", column.dtype)]
    own = f"xxhash64({', '.join([*marks, *parts])})"
    matched = [column for column in contract.columns if column.name in contract.matched]
    return f"xxhash64({own} ^ ({_hashed_by_name(matched)}))" if matched else own


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") >> 1


def _hashed_by_name(columns: Sequence[ColumnSpec]) -> str:
    """A number for the values of columns of which a row has some: a column without a value is as good as none."""
    hashes = [
        f"CASE WHEN `{column.name}` IS NULL THEN 0L "
        f"ELSE xxhash64(xxhash64({', '.join(_hashed(f'`{column.name}`', column.dtype))}) ^ {_number(column.name)}L) END"
        for column in columns
    ]
    # As a tree: an expression that goes a thousand levels deep is more than engines read.
    while len(hashes) > 1:
        hashes = [" ^ ".join(f"({one})" for one in hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _hashed(value: str, kind: T.DataType) -> list[str]:
    """What is hashed of a value, so that two values with the same hash are the same."""
    if isinstance(kind, T.DecimalType) and kind.precision > _EXACT_DIGITS:
        return [f"cast({value} AS string)"]
    if isinstance(kind, T.StructType):
        fields = [(f"{value}.`{field.name}`", field.dataType) for field in kind.fields]
        return [part for name, inner in fields for part in (f"{name} IS NULL", *_hashed(name, inner))]
    if isinstance(kind, T.MapType):
        # Engines hash no map, and its entries have no order.
        entry = T.StructType([T.StructField("key", kind.keyType), T.StructField("value", kind.valueType)])
        return _hashed(f"array_sort(map_entries({value}))", T.ArrayType(entry, False))
    if isinstance(kind, T.ArrayType) and isinstance(kind.elementType, T.StructType):
        return [*_hashed_by_field(value, kind.elementType), f"size({value})"]
    if isinstance(kind, T.ArrayType):
        inner = _hashed("x", kind.elementType)
        marks = ["x IS NULL"] if kind.containsNull else []
        if inner == ["x"] and not marks:
            return [value, f"size({value})"]
        return [f"transform({value}, x -> struct({', '.join([*marks, *inner])}))", f"size({value})"]
    return [value]


def _hashed_by_field(value: str, kind: T.StructType) -> list[str]:
    """What is hashed of an array of structs: an array for each field, which takes an engine a fraction of the time."""
    tests = ["x IS NULL", *[f"x.`{name}` IS NULL" for name in kind.names]]
    marks = [
        " + ".join(f"CASE WHEN {test} THEN {1 << bit}L ELSE 0L END" for bit, test in enumerate(some))
        for some in (tests[at : at + _BITS] for at in range(0, len(tests), _BITS))
    ]
    arrays = [f"transform({value}, x -> {mark})" for mark in marks]
    for inner in kind.fields:
        # Where a field is NULL is hashed already.
        arrays += _hashed(f"transform({value}, x -> x.`{inner.name}`)", T.ArrayType(inner.dataType, False))
    return arrays


def _sums(name: str, where: str) -> list[Column]:
    return [
        F.expr(f"count_if({where})").alias(f"{name}_rows"),
        # Of the halves: a sum of whole hashes is too large for one engine, and begins again from the least in another.
        F.expr(f"sum(CASE WHEN {where} THEN _hash & 4294967295L END)").alias(f"{name}_low"),
        F.expr(f"sum(CASE WHEN {where} THEN shiftrightunsigned(_hash, 32) END)").alias(f"{name}_high"),
    ]


def _read(name: str, row: Row) -> Fingerprint:
    return Fingerprint(row[f"{name}_rows"], row[f"{name}_low"] or 0, row[f"{name}_high"] or 0)
