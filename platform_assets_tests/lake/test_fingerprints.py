"""Fingerprints of rows: the same whatever their order and the engine, another one for any other content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, RawContract, T, source
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import NOTHING, Fingerprint, Fingerprints, fingerprints
from platform_assets_tests.support.engines import examples

DAY = date(2026, 1, 1)
PAIR = T.StructType([T.StructField("x", T.StringType()), T.StructField("y", T.LongType())])
LISTS = T.StructType([T.StructField("of", T.DateType()), T.StructField("n", T.ArrayType(T.LongType(), True))])


class Everything(Contract):
    """A column of every kind."""

    day: T.DateType = Field(description="UTC day")
    number: T.LongType = Field(nullable=True, description="Any")
    text: T.StringType = Field(nullable=True, description="Any")
    other: T.StringType = Field(nullable=True, description="Any")
    words: Annotated[T.ArrayType, T.StringType(), True] = Field(nullable=True, description="Any")
    more: Annotated[T.ArrayType, T.StringType(), True] = Field(nullable=True, description="Any")
    pairs: Annotated[T.ArrayType, PAIR, True] = Field(nullable=True, description="Any")
    by_name: Annotated[T.MapType, T.StringType(), T.LongType(), True] = Field(nullable=True, description="Any")
    share: T.DoubleType = Field(nullable=True, description="Any")
    money: Annotated[T.DecimalType, 30, 2] = Field(nullable=True, description="Any")
    time: T.TimestampType = Field(nullable=True, description="Any")


class RawWords(RawContract):
    """Words as they came."""

    word: T.StringType = source("word", required=True, description="A word")


class Recent(Contract):
    """Lists in lists."""

    day: T.DateType = Field(description="UTC day")
    recent: Annotated[T.ArrayType, LISTS, True] = Field(nullable=True, description="Any")


FULL: dict[str, Any] = {
    "number": -7,
    "text": "a",
    "other": "b",
    "words": ["v", "w"],
    "more": [],
    "pairs": [("p", 1), ("q", None)],
    "by_name": {"one": 1, "two": None},
    "share": 0.25,
    "money": Decimal("1234567890123456789.25"),
    "time": datetime(2026, 1, 1, 10, 15, 0, 7),
}


def of(engine: Engine, *rows: dict[str, Any]) -> Fingerprints:
    """The fingerprints of rows of the contract; what a row does not say is NULL."""
    schema = compiled(Everything).spark_schema
    full = [tuple(row.get(name, DAY if name == "day" else None) for name in schema.names) for row in rows]
    return fingerprints(engine, engine.session.createDataFrame(full, schema), compiled(Everything))


def test_a_fingerprint_is_the_same_on_every_engine(engine: Engine) -> None:
    # Of a lake that another engine has written: these numbers must never change.
    assert str(of(engine, FULL, {}).of(DAY)) == "2.1086c26f8.109e7a5d4"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": "a"}, {"other": "a"}),
        ({"text": "a"}, {"text": "a", "other": ""}),
        ({"words": ["a"], "more": []}, {"words": [], "more": ["a"]}),
        ({"words": ["a", "b"], "more": []}, {"words": ["a"], "more": ["b"]}),
        ({"words": None}, {"words": []}),
        ({"words": [None, "a"]}, {"words": ["a", None]}),
        ({"words": ["a", "b"]}, {"words": ["b", "a"]}),
        ({"pairs": [("a", None)]}, {"pairs": [(None, None)]}),
        ({"pairs": [("a", 1), ("a", 2)]}, {"pairs": [("a", 2), ("a", 1)]}),
        ({"pairs": [("a", None), (None, 1)]}, {"pairs": [(None, 1), ("a", None)]}),
        ({"pairs": [(None, None)]}, {"pairs": [(None, None), (None, None)]}),
        ({"pairs": [(None, None)]}, {"pairs": [None]}),
        ({"pairs": []}, {"pairs": [None]}),
        ({"pairs": []}, {"pairs": None}),
        ({"by_name": {"a": 1}}, {"by_name": {"a": None}}),
        ({"number": 1}, {"number": None}),
        ({"money": Decimal("0.01")}, {"money": Decimal("0.10")}),
        ({"time": datetime(2026, 1, 1)}, {"time": datetime(2026, 1, 1, 0, 0, 0, 1)}),
        ({"day": DAY, "number": 1}, {"day": date(2026, 1, 2), "number": 1}),
    ],
    ids=str,
)
def test_rows_that_differ_have_different_fingerprints(
    engine: Engine, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert of(engine, one).days != of(engine, other).days


def test_lists_in_lists_are_told_apart_by_their_own_lengths_and_nulls(engine: Engine) -> None:
    recent = [
        *(None, [], [None], [(DAY, None)], [(DAY, [])], [(DAY, [None])], [(DAY, [None, None])], [(None, [])]),
        *([(DAY, [1]), (DAY, [2])], [(DAY, [1, 2]), (DAY, [])], [(DAY, []), (DAY, [1, 2])], [(DAY, [2]), (DAY, [1])]),
        *([(DAY, [None, 1])], [(DAY, [1, None])], [(DAY, [1]), (DAY, None)], [(DAY, None), (DAY, [1])]),
    ]
    contract = compiled(Recent)

    def print_of(value: Any) -> str:
        rows = engine.session.createDataFrame([(DAY, value)], contract.spark_schema)
        return str(fingerprints(engine, rows, contract).of(DAY))

    assert len(set(map(print_of, recent))) == len(recent)


def test_maps_have_no_order(engine: Engine) -> None:
    assert of(engine, {"by_name": {"a": 1, "b": 2}}).days == of(engine, {"by_name": {"b": 2, "a": 1}}).days


def test_rows_that_stand_twice_are_counted_twice(engine: Engine) -> None:
    assert of(engine, FULL, FULL).of(DAY) == of(engine, FULL).of(DAY) + of(engine, FULL).of(DAY)


rows = st.lists(
    st.fixed_dictionaries(
        {"day": st.sampled_from((DAY, date(2026, 1, 2))), "number": st.none() | st.integers(-(2**63), 2**63 - 1)},
        optional={"text": st.text(max_size=3), "words": st.lists(st.none() | st.text(max_size=2), max_size=2)},
    ),
    max_size=6,
)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(some=rows, more=rows, random=st.randoms())
def test_fingerprints_of_parts_in_any_order_add_up_to_that_of_the_whole(
    engine: Engine, some: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]], random: Any
) -> None:
    whole = [*some, *more]
    random.shuffle(whole)
    one, other, both = of(engine, *some), of(engine, *more), of(engine, *whole)
    for day in (DAY, date(2026, 1, 2)):
        assert one.of(day) + other.of(day) == both.of(day)
        assert both.of(day) - other.of(day) == one.of(day)
        assert Fingerprint.of(str(both.of(day))) == both.of(day)


def test_raw_rows_are_told_apart_by_delivery_day_event_day_and_whether_they_are_good(engine: Engine) -> None:
    contract = compiled(RawWords)
    lines = [
        ("good", 1, 1, []),
        ("bad", 1, 1, ["invalid_word"]),
        ("late", 2, 1, []),
        ("no day", 2, None, ["malformed"]),
        ("early", 2, 25, ["after_delivery"]),
    ]
    data = [
        (word, date(2026, 1, came), day and date(2026, 1, day), "f", None, broken, [])
        for word, came, day, broken in lines
    ]
    # A day in a far future is none that is told apart: there may be any number of such days.
    data.append(("far off", date(2026, 1, 2), date(2027, 1, 4), "f", None, ["after_delivery"], []))
    found = fingerprints(engine, engine.session.createDataFrame(data, contract.spark_schema), contract)
    assert {day.day: print.rows for day, print in found.days.items()} == {1: 2, 2: 4}
    counts = {
        (came.day, day and day.day): (every.rows, good.rows)
        for came, events in found.events.items()
        for day, (every, good) in events.items()
    }
    assert counts == {(1, 1): (2, 1), (2, 1): (1, 1), (2, 25): (1, 0), (2, None): (2, 0)}
    assert found.of(date(2026, 1, 9)) == NOTHING


def test_of_many_nullable_columns_it_counts_which_one_is_null(engine: Engine) -> None:
    columns = {f"c{n}": Field(nullable=True, description="Any") for n in range(70)}
    types = {"day": T.DateType, **dict.fromkeys(columns, T.LongType)}
    day = {"day": Field(description="UTC day")}
    contract = compiled(type("Wide", (Contract,), {"__doc__": "Wide.", "__annotations__": types, **day, **columns}))

    def found(**values: int) -> str:
        row = [values.get(column.name) if column.name != "day" else DAY for column in contract.columns]
        frame = engine.session.createDataFrame([tuple(row)], contract.spark_schema)
        return str(fingerprints(engine, frame, contract).of(DAY))

    assert found(c65=1) != found(c66=1)
