"""Columns that a contract knows by a pattern of their names."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from platform_assets.contracts.compiled import CompiledContract, compiled
from platform_assets.contracts.contract import Contract, Field, RawRows, T, source
from platform_assets.contracts.errors import UncompilableRule
from platform_assets.lake.audit import audit_columns, audit_rules
from platform_assets.lake.engines.engine import Engine


def mean(**words: Any) -> Any:
    return Field(**{"alias": "^.+_mean$", "regex": True, "nullable": True, "description": "A mean"} | words)


class Hours(Contract):
    """Means per hour."""

    day: T.DateType = Field(description="UTC day")
    truck: T.StringType = Field(description="The truck")
    means: T.DoubleType = mean(ge=0)
    n: T.LongType = Field(alias="^.+_n$", regex=True, nullable=True, ge=1, le=9, description="How many there were")

    class Config:
        unique = ["day", "truck"]


HOURS = compiled(Hours)
ROW = "day date, truck string"


def broken(engine: Engine, columns: str, *rows: tuple[Any, ...]) -> dict[str, int]:
    """The rules that rows with these columns break, and by how many rows."""
    frame = engine.session.createDataFrame(list(rows), f"truck string, {columns}").selectExpr(
        "date'2026-01-01' AS day", "*"
    )
    contract = HOURS.having(frame.columns)
    findings, _ = audit_rules(contract.rules, engine, frame, len(rows))
    return {finding.check: finding.details["rows"] for finding in findings if not finding.passed}


def test_a_column_that_matches_a_pattern_is_one_of_the_contracts() -> None:
    found = HOURS.having(["truck", "x_n", "b_mean", "a_mean", "other"])
    assert found.names == ["day", "truck", "x_n", "b_mean", "a_mean"]
    assert found.matched == ("x_n", "b_mean", "a_mean")
    assert [column.dtype for column in found.columns[2:]] == [T.LongType(), T.DoubleType(), T.DoubleType()]
    assert all(column.nullable for column in found.columns[2:])


def test_columns_that_come_later_stand_after_those_that_are_there() -> None:
    found = HOURS.having(["m_mean", "z_n"]).having(["a_mean", "m_mean", "b_n"])
    assert found.names == ["day", "truck", "m_mean", "z_n", "a_mean", "b_n"]
    assert HOURS.names == ["day", "truck"]


def test_a_contract_demands_the_same_whatever_columns_are_there() -> None:
    class OtherRule(Hours):
        """Means per hour."""

        means: T.DoubleType = mean(ge=1)

    class OtherNames(Hours):
        """Means per hour."""

        means: T.DoubleType = mean(ge=0, alias="^.+_average$")

    class NoRule(Hours):
        """Means per hour."""

        means: T.DoubleType = mean()

    class OtherType(Hours):
        """Means per hour."""

        means: T.FloatType = mean()

    others = (OtherRule, OtherNames, NoRule, OtherType)
    assert len({HOURS.fingerprint, *(compiled(one).fingerprint for one in others)}) == 5
    assert [rule.name for rule in HOURS.having(["a_n"]).rules] == [rule.name for rule in HOURS.rules]


def test_a_rule_of_a_pattern_holds_for_every_value_of_each_of_its_columns(engine: Engine) -> None:
    columns = "a_mean double, b_mean double, a_n bigint, b_n bigint"
    good = [("t1", 0.0, None, 1, None), ("t2", None, None, None, None), ("t3", 1e300, 0.5, 9, 9)]
    assert broken(engine, columns, *good) == {}
    bad = [("t4", None, -0.1, None, 0), ("t5", -1.0, -1.0, 10, 1), ("t6", 1.0, 1.0, None, 10)]
    assert broken(engine, columns, *good, *bad) == {
        "means_greater_than_or_equal_to": 2,
        "n_greater_than_or_equal_to": 1,
        "n_less_than_or_equal_to": 2,
    }
    assert broken(engine, "a_n bigint", ("t1", 0)) == {"n_greater_than_or_equal_to": 1}


def test_rules_hold_for_columns_that_were_there_before_others_came(engine: Engine) -> None:
    contract = HOURS.having(["a_mean", "a_n"]).having(["b_mean", "c_mean"]).having(["day", "b_mean"])
    row = "date'2026-01-01' AS day, 't' AS truck, {}D AS a_mean, 1L AS a_n, {}D AS b_mean, {}D AS c_mean"
    for values in ((-1, 0, 0), (0, -1, 0), (0, 0, -1)):
        findings, _ = audit_rules(contract.rules, engine, engine.session.sql(f"SELECT {row.format(*values)}"), 1)
        assert [one.check for one in findings if not one.passed] == ["means_greater_than_or_equal_to"]


def test_a_column_that_is_neither_named_nor_of_a_pattern_is_refused(engine: Engine) -> None:
    def said(columns: str) -> str:
        return audit_columns(HOURS, engine.session.createDataFrame([], f"{ROW}, {columns}")).summary

    assert said("a_mean double, b_n bigint") == "4 columns as agreed"
    assert said("a_means double") == "a_means is not in the contract"
    assert said("x_a_mean_x double") == "x_a_mean_x is not in the contract"
    assert said("a_mean double, A_mean double") == "; ".join(
        f"{name} differs from another by its case alone" for name in ("a_mean", "A_mean")
    )
    assert said("`a b_mean` double") == "a b_mean has more than letters, digits and _"
    assert said("a_mean float") == "a_mean has type float, the contract says double"
    assert said("a_n double, b_n string") == "; ".join(
        f"{name} has type {kind}, the contract says bigint" for name, kind in (("a_n", "double"), ("b_n", "string"))
    )
    assert (
        "day is missing" in audit_columns(HOURS, engine.session.createDataFrame([], "truck string, a_n bigint")).summary
    )


def test_a_column_of_two_patterns_is_refused(engine: Engine) -> None:
    class Torn(Contract):
        """Torn."""

        day: T.DateType = Field(description="UTC day")
        one: T.DoubleType = mean(alias="^a.*$")
        other: T.DoubleType = mean(alias="^.*z$")

    found = audit_columns(compiled(Torn), engine.session.createDataFrame([], "day date, a double, z double, az double"))
    assert found.summary == "az matches the patterns of one and other"


def refusal(base: type[Contract], **fields: tuple[Any, Any]) -> str:
    body = {"__annotations__": {name: kind for name, (kind, _) in fields.items()}, "__doc__": "Broken on purpose."}
    words = {"whole": True} if "whole" in fields else {}
    own = type("Broken", (base,), body | {name: field for name, (_, field) in fields.items()}, **words)
    with pytest.raises(UncompilableRule) as error:
        compiled(own)
    return str(error.value)


DAY = (T.DateType, Field(description="UTC day"))
REFUSED: dict[str, tuple[tuple[Any, Any], str]] = {
    "no pattern": ((T.LongType, mean(alias=None)), 'write alias=r"^.+_mean$"'),
    "a part of a name": ((T.LongType, mean(alias="_mean$")), "needs the pattern of whole names"),
    "the start of a name": ((T.LongType, mean(alias="^mean_")), "needs the pattern of whole names"),
    "no expression": ((T.LongType, mean(alias="^(.+$")), "is no regular expression"),
    "never missing": ((T.LongType, mean(nullable=False)), "write nullable=True"),
    "arrays": ((Annotated[T.ArrayType, T.LongType(), True], mean()), "single values"),
    "maps": ((Annotated[T.MapType, T.StringType(), T.LongType(), True], mean()), "single values"),
    "personal": ((T.DoubleType, mean(personal=True)), "give personal columns names of their own"),
    "unique": ((T.DoubleType, mean(unique=True)), "Field(unique=...) has no rule"),
    "cast": ((T.DoubleType, mean(coerce=True)), "Field(coerce=...) has no rule"),
    "filled": ((T.DoubleType, mean(default=1.0)), "Field(default=...) has no rule"),
    "typed elsewhere": ((T.DoubleType, mean(dtype_kwargs={"precision": 1})), "Field(dtype_kwargs=...) has no rule"),
    "not described": ((T.DoubleType, mean(description=None)), "it has no description"),
    "the day": ((T.DateType, mean(alias="^d.y$")), "column day matches the pattern ^d.y$ of means: rename it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_pattern_that_cannot_be_carried_out_is_refused(case: str) -> None:
    field, said = REFUSED[case]
    assert said in refusal(Contract, day=DAY, means=field)


def test_tables_without_days_and_raw_ones_have_no_columns_by_a_pattern() -> None:
    said = "only a table with days, and no raw one, has columns by a pattern"
    assert said in refusal(Contract, whole=(T.LongType, Field(description="A number")), means=(T.DoubleType, mean()))
    assert said in refusal(RawRows, a=(T.StringType, source("a", description="A")), means=(T.DoubleType, mean()))


def test_a_key_has_no_columns_by_a_pattern() -> None:
    class Keyed(Hours):
        """Keyed."""

        class Config:
            unique = ["day", "a_n"]

    with pytest.raises(UncompilableRule, match="column a_n of the key"):
        compiled(Keyed)


def test_rows_with_the_same_values_are_the_same_whatever_other_columns_there_are(engine: Engine) -> None:
    from platform_assets.lake.fingerprints import fingerprints

    def of(columns: str, *values: Any) -> str:
        frame = engine.session.createDataFrame([("t", *values)], f"truck string, {columns}")
        frame = frame.selectExpr("date'2026-01-01' AS day", "*")
        contract: CompiledContract = HOURS.having(frame.columns)
        (found,) = fingerprints(engine, frame, contract).days.values()
        return str(found)

    one = of("a_n bigint", 5)
    assert one == of("a_n bigint, b_n bigint, a_mean double", 5, None, None)
    assert one == of("b_mean double, a_n bigint", None, 5)
    others = [of("b_n bigint", 5), of("a_n bigint", 6), of("a_n bigint, b_n bigint", 5, 5), of("a_mean double", 5.0)]
    swapped = [of("a_n bigint, b_n bigint", 1, 2), of("a_n bigint, b_n bigint", 2, 1), of("a_n bigint", None)]
    assert len({one, *others, *swapped}) == 8
