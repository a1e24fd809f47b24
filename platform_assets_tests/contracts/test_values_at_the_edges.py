"""Values that languages and engines like to disagree on: here they agree, row by row, and in files as in memory."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pandera.api.checks import Check

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.contracts.rules import value_rule
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.contracts.kinds import KINDS
from platform_assets_tests.support.contracts.verdicts import compiled_verdicts, pandera_verdicts, rules_of

NAN, INF = float("nan"), float("inf")
UTC = timezone.utc
MICROSECOND = timedelta(microseconds=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

EDGES: dict[str, tuple[str, list[Any], Check, set[int]]] = {
    "length counts characters": ("string", ["é", "e\u0301", "😀", "👩\u200d🚀", ""], Check.str_length(1), {1, 3, 4}),
    "$ is before one last line feed": ("string", ["ab", "ab\n", "ab\n\n", "ab\r\n"], Check.str_matches("ab$"), {2, 3}),
    "\\Z is the very end": ("string", ["ab", "ab\n"], Check.str_matches(r"ab\Z"), {1}),
    ". is all but a line feed": ("string", ["a\nb", "a\rb", "a\u2028b", "a😀b"], Check.str_matches("a.b"), {0}),
    "^ is the start of the text": ("string", ["b", "a\nb"], Check.str_contains("^b"), {1}),
    "digits of any script": ("string", ["12", "\uff11\u0662", "½"], Check.str_matches(r"\d+$"), {2}),
    "% and _ are characters": ("string", ["a%_", "abc"], Check.str_startswith("a%"), {1}),
    "a NUL before digits": ("string", ["\x0012", "\n", "12"], Check.eq("\x0012"), {1, 2}),
    "a column's name in a text": ("string", ["`x`", "x"], Check.eq("`x`"), {1}),
    "text that looks like SQL": ("string", ["' OR '1'='1", "x"], Check.isin(["' OR '1'='1"]), {1}),
    "text that looks like a variable": ("string", ["${HOME}", "/root"], Check.eq("${HOME}"), {1}),
    "no prefix is a prefix of all": ("string", ["", "a", None], Check.str_startswith(""), set()),
    "text is ordered by code points": ("string", ["Z", "a", "é", "😀", "\uffff"], Check.le("\uffff"), {3}),
    "one zero": ("double", [0.0, -0.0, 5e-324, -5e-324], Check.ge(0), {3}),
    "one zero in a list": ("double", [0.0, -0.0, 5e-324], Check.isin([-0.0]), {2}),
    "one zero in a long list": ("float", [0.0, -0.0, 7.0], Check.notin([0.0, *map(float, range(1, 20))]), {0, 1, 2}),
    "NaN and NULL break only not_null": ("double", [NAN, None, INF, -INF, 1.0], Check.le(1e308), {2}),
    "NaN in a list": ("double", [NAN, None, 2.0], Check.isin([1.0]), {2}),
    "a decimal and a whole number": ("decimal", [Decimal("1.00"), Decimal("1.01")], Check.isin([1]), {1}),
    "a decimal and half of one": ("decimal", [Decimal("0.50"), Decimal("0.49")], Check.ge(0.5), {1}),
    "the largest long": ("long", [2**63 - 1, 2**63 - 2, -(2**63)], Check.lt(2**63 - 1), {0}),
    "the first and the last day": ("date", [date.min, date.max, None], Check.gt(date.min), {0}),
    "a microsecond": ("timestamp", [NEW_YEAR, NEW_YEAR - MICROSECOND], Check.ge(NEW_YEAR), {1}),
    "an instant in another zone": (
        "timestamp",
        [NEW_YEAR, NEW_YEAR + MICROSECOND],
        Check.isin([datetime(2026, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))]),
        {1},
    ),
    "no value is allowed": ("boolean", [True, False, None], Check.isin([]), {0, 1}),
    "no value is forbidden": ("boolean", [True, False, None], Check.notin([]), set()),
}

# Where the pandas backend has a habit that is not what the rule says: the meaning is kept, not the habit.
MEANT: dict[str, tuple[str, list[Any], Check, set[int]]] = {
    # pandas looks 0.1 up among 32-bit numbers as the 64-bit number that it is not; its own `==` finds it.
    "0.1 is in a float column": ("float", [0.1, 0.2], Check.isin([0.1]), {1}),
    # pandas cannot order a time that has a zone and one that has none; ours are UTC.
    "a time without a zone is UTC": (
        "timestamp",
        [NEW_YEAR, NEW_YEAR - MICROSECOND],
        Check.ge(datetime(2026, 1, 1)),
        {1},
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_the_engine_and_pandera_agree_on(engine: Engine, name: str) -> None:
    kind, values, check, broken = EDGES[name]
    conditions = [rule.broken for rule in rules_of(KINDS[kind], [check])]
    found = compiled_verdicts(engine, KINDS[kind].table(values), conditions)
    assert found == pandera_verdicts(KINDS[kind], values, [check])
    assert found[1] == broken


@pytest.mark.parametrize("name", MEANT)
def test_the_meaning_is_kept_where_pandas_has_habits(engine: Engine, name: str) -> None:
    kind, values, check, broken = MEANT[name]
    condition = value_rule("x", KINDS[kind].dtype, check).broken
    assert compiled_verdicts(engine, KINDS[kind].table(values), [condition]) == [broken]


def test_a_columns_name_can_be_replaced_in_a_condition_and_never_in_its_texts(engine: Engine) -> None:
    kind, texts = KINDS["string"], ["`x`", "`x` ${x}", "`renamed`", None]
    conditions = [
        value_rule("renamed", kind.dtype, check).broken.replace("`renamed`", "`x`")
        for check in (Check.eq("`renamed`"), Check.isin(["`x`"]), Check.str_contains("`renamed`"))
    ]
    assert "$" not in value_rule("x", kind.dtype, Check.eq("${x}")).broken
    assert compiled_verdicts(engine, kind.table(texts), conditions) == [{0, 1}, {1, 2}, {0, 1}]


class Extremes(Contract):
    """Every type, with a rule that some extreme value breaks."""

    day: T.DateType = Field(description="Day")
    number: T.LongType = Field(nullable=True, gt=-(2**63), description="Long")
    measure: T.DoubleType = Field(nullable=True, ge=0, lt=1e308, description="Double")
    zero: T.DoubleType = Field(nullable=True, notin=[0.0, 1.0, 2.0, 3.0, 4.0], description="Double")
    text: T.StringType = Field(nullable=True, str_matches=r"[^\s]*\Z", description="Text")
    moment: T.TimestampType = Field(nullable=True, ge=datetime(1970, 1, 1, tzinfo=UTC), description="Timestamp")
    since: T.DateType = Field(nullable=True, ne=date.max, description="Date")


def test_rules_find_the_same_rows_in_files_as_in_memory(engine: Engine, tmp_path: Path) -> None:
    contract = compiled(Extremes)
    day = date(2026, 1, 1)
    columns = {
        "number": [-(2**63), 2**63 - 1, 0, None],
        "measure": [NAN, -INF, -0.0, 1.7e308],
        "zero": [-0.0, 0.0, NAN, 0.5],
        "text": ["a\n", "\u2028", "", "\0"],
        "moment": [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None, NEW_YEAR],
        "since": [date.min, date.max, None, date(1582, 10, 10)],
    }
    arrow = {
        "number": pa.int64(),
        "measure": pa.float64(),
        "zero": pa.float64(),
        "text": pa.string(),
        "moment": pa.timestamp("us", tz="UTC"),
        "since": pa.date32(),
    }
    rows = pa.table({"day": [day] * 4} | {name: pa.array(columns[name], arrow[name]) for name in columns})
    memory = engine.session.createDataFrame(rows)
    table = Table("tests", "extremes", contract, str(tmp_path / "extremes"))
    staged = table.stage(engine, memory, "run", [day]).read(engine)
    rules = [rule for rule in contract.rules if rule.kind == "value"]
    counted = staged.selectExpr(*[f"count_if({rule.broken})" for rule in rules]).toArrow().to_pylist()[0].values()
    filtered = [staged.where(rule.broken).count() for rule in rules]
    expected = [memory.where(rule.broken).count() for rule in rules]
    assert list(counted) == filtered == expected == [1, 1, 1, 2, 2, 1, 1]
