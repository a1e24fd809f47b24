"""Text as values: what is exactly written as a value of the type is that value, all else is none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pyspark.sql.types as T
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import parsing
from platform_assets_tests.support.engines import examples

Parse = Callable[[Column], Column]


def values(engine: Engine, parse: Parse, texts: list[str]) -> list[Any]:
    """The value of each text."""
    frame = engine.session.createDataFrame(list(enumerate(texts)), "n int, text string")
    found = frame.select("n", parse(F.col("text")).alias("value")).collect()
    return [row["value"] for row in sorted(found, key=lambda row: row["n"])]


ODD = (
    "",
    " ",
    "1 ",
    " 1",
    "+1",
    "--1",
    "1.",
    ".5",
    "1,5",
    "1_000",
    "0x10",
    "\uff11",
    "٣",
    "1\n",
    "NaN",
    "inf",
    "null",
    "one",
)


@pytest.mark.parametrize(
    ("parse", "known"),
    [
        (
            partial(parsing.integer, dtype=T.LongType()),
            {
                "0": 0,
                "-0": 0,
                "007": 7,
                "-12": -12,
                str(2**63 - 1): 2**63 - 1,
                str(2**63): None,
                "1e3": None,
                "1.0": None,
            },
        ),
        (partial(parsing.integer, dtype=T.IntegerType()), {str(2**31 - 1): 2**31 - 1, str(2**31): None}),
        (
            parsing.iso_date,
            {
                "2024-02-29": date(2024, 2, 29),
                "0001-01-01": date(1, 1, 1),
                "9999-12-31": date(9999, 12, 31),
                "1582-10-10": date(1582, 10, 10),
                **dict.fromkeys(("2023-02-29", "2023-04-31", "2023-00-01", "2023-13-01", "0000-01-01", "1")),
                **dict.fromkeys(
                    ("2023-1-1", "20230101", "2023/01/01", "01-01-2023", "2023-01-01T00:00:00", "12023-01-01")
                ),
            },
        ),
        (
            partial(parsing.decimal, dtype=T.DecimalType(5, 2)),
            {
                "1": Decimal("1.00"),
                "-1.5": Decimal("-1.50"),
                "999.99": Decimal("999.99"),
                "0000999.9": Decimal("999.90"),
                "0": Decimal("0.00"),
                **dict.fromkeys(("1000", "1.005", "1e2", "99999", "-")),
            },
        ),
        (
            partial(parsing.decimal, dtype=T.DecimalType(2, 2)),
            {"0.25": Decimal("0.25"), "1.25": None, "00.5": Decimal("0.50")},
        ),
        (
            partial(parsing.decimal, dtype=T.DecimalType(38, 0)),
            {"9" * 38: Decimal("9" * 38), "9" * 39: None, "1.0": None},
        ),
        (
            parsing.double,
            {
                "1": 1.0,
                "-1.5": -1.5,
                "1e3": 1000.0,
                "2.5E-3": 0.0025,
                "1e308": 1e308,
                "1e309": None,
                "-1e999": None,
                "1e": None,
            },
        ),
        (
            parsing.boolean,
            {"true": True, "false": False, "True": None, "FALSE": None, "1": None, "0": None, "yes": None, "t": None},
        ),
    ],
)
def test_a_text_is_a_value_when_it_is_written_as_one_and_in_no_other_case(
    engine: Engine, parse: Parse, known: dict[str, Any]
) -> None:
    assert dict(zip(known, values(engine, parse, list(known)), strict=True)) == known
    assert values(engine, parse, list(ODD)) == [None] * len(ODD)


AMOUNTS = st.from_regex(r"\A-?[0-9]{0,7}(\.[0-9]{0,4})?(e[0-9])?\Z", fullmatch=True)


@settings(max_examples=examples(20), deadline=None)
@given(texts=st.lists(AMOUNTS, min_size=1, max_size=40))
def test_amounts_are_those_of_python_where_the_type_holds_them_exactly(engine: Engine, texts: list[str]) -> None:
    def amount(text: str) -> Decimal | None:
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
            return None
        value = Decimal(text)
        fits = value == round(value, 2) and abs(value) < 1000
        return value if fits and len(text.partition(".")[2]) <= 2 else None

    assert values(engine, partial(parsing.decimal, dtype=T.DecimalType(5, 2)), texts) == [
        amount(text) for text in texts
    ]


@settings(max_examples=examples(20), deadline=None)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_numbers_as_python_writes_them_are_read_as_they_were(engine: Engine, numbers: list[float]) -> None:
    texts = [repr(number) for number in numbers]
    found = values(engine, parsing.double, texts)
    assert [(number, math.copysign(1, number)) for number in found] == [
        (number, math.copysign(1, number)) for number in numbers
    ]
