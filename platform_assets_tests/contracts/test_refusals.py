"""A contract that says something which no rule would carry out does not load, and says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Optional

import pandera.pyspark as pa
import pytest
from pandera.api.extensions import register_check_method
from pandera.typing import FieldType
from pyspark.sql import DataFrame

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, RawContract, RawRows, T, source
from platform_assets.contracts.errors import UncompilableRule

MONEY = Annotated[T.DecimalType, 9, 2]


def contract(columns: Mapping[str, tuple[Any, Any]], base: type[Contract] = Contract, **words: Any) -> type[Contract]:
    """The contract `Broken` with a `day` and these columns; `words` are its Config's."""
    day = {} if base is RawContract else {"day": (T.DateType, Field(description="Day"))}
    columns = day | dict(columns)
    body: dict[str, Any] = {name: field for name, (_, field) in columns.items()}
    body |= {"__annotations__": {name: kind for name, (kind, _) in columns.items()}, "__doc__": "Broken on purpose."}
    return type("Broken", (base,), body | ({"Config": type("Config", (), words)} if words else {}))


def refusal(broken: type[Contract]) -> str:
    """What is said when the contract is compiled; always with its name."""
    with pytest.raises(UncompilableRule) as error:
        compiled(broken)
    said = str(error.value)
    assert said.startswith(f"{broken.__name__}: ")
    return said


def described(**words: Any) -> Any:
    return Field(description="A column", **words)


@register_check_method(statistics=["most"])
def at_most_rows(frame: DataFrame, *, most: int) -> bool:
    """A table-wide check that Pandera knows and the platform does not."""
    return frame.count() <= most


FIELDS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no description": (T.LongType, {"description": ""}, 'write Field(description="...")'),
    "unique": (T.LongType, {"unique": True}, "Config.unique"),
    "coerce": (T.LongType, {"coerce": True}, "cast the column in the transform"),
    "regex": (T.LongType, {"regex": True}, 'write alias=r"^.+_mean$"'),
    "default": (T.LongType, {"default": 1}, "fill the column in the transform"),
    "alias": (T.LongType, {"alias": "other"}, "name the attribute as the column"),
    "not required": (T.LongType, {"required": False}, "Field(nullable=True)"),
    "a field that may be None": (FieldType[T.LongType | None], {}, "Field(nullable=True)"),
    "optional": (Optional[T.LongType], {}, "Field(nullable=True)"),  # noqa: UP045
    "nulls in a check": (T.LongType, {"ge": 1, "ignore_na": False}, "use nullable=False"),
    "groups in a check": (T.LongType, {"ge": {"min_value": 1, "groupby": "day"}}, "use columns_agree"),
    "an unknown check": (T.LongType, {"at_most_rows": 3}, "no SQL is known"),
    "values that must all occur": (T.LongType, {"unique_values_eq": [1, 2]}, "no SQL is known"),
    "a source outside of a raw table": (T.LongType, {"metadata": source("x").metadata}, "write Field(...)"),
    "Python's int": (int, {}, "T.LongType"),
    "Python's bytes": (bytes, {}, "T.StringType"),
    "any type": (Any, {}, "annotate it with one of T.StringType"),
    "a time without a zone": (T.TimestampNTZType, {}, "annotate it with one of T.StringType"),
    "binary": (T.BinaryType, {}, "annotate it with one of T.StringType"),
    "too many digits": (Annotated[T.DecimalType, 39, 2], {}, "at most 38 digits"),
    "more scale than digits": (Annotated[T.DecimalType, 2, 3], {}, "at most 38 digits"),
    "a decimal without scale": (Annotated[T.DecimalType, 9], {}, "Annotated[T.DecimalType, 18, 2]"),
    "a decimal without digits": (T.DecimalType, {}, "Annotated[T.DecimalType, 18, 2]"),
    "digits in Field": (T.DecimalType, {"dtype_kwargs": {"precision": 9, "scale": 2}}, "Annotated[T.DecimalType"),
    "a type that was made": (T.DecimalType(9, 2), {}, "Annotated[T.DecimalType, 18, 2]"),
    "an array without a type": (T.ArrayType, {}, "Annotated[T.ArrayType, T.StringType(), True]"),
    "a type with too many words": (Annotated[T.LongType, 64], {}, "T.LongType"),
    "no NULL inside an array": (Annotated[T.ArrayType, T.LongType(), False], {}, "write True"),
    "no NULL inside a map": (Annotated[T.MapType, T.StringType(), T.LongType(), False], {}, "write True"),
    "no NULL inside a struct": (
        Annotated[T.ArrayType, T.StructType([T.StructField("page", T.StringType(), nullable=False)]), True],
        {},
        "no rule checks for NULL inside struct<page:string>",
    ),
    "no NULL in one field of a struct": (
        Annotated[
            T.ArrayType,
            T.StructType([T.StructField("page", T.StringType()), T.StructField("hits", T.LongType(), nullable=False)]),
            True,
        ],
        {},
        "no rule checks for NULL inside struct<page:string,hits:bigint>",
    ),
    "no NULL inside a struct's array": (
        Annotated[
            T.ArrayType, T.StructType([T.StructField("pages", T.ArrayType(T.StringType(), containsNull=False))]), True
        ],
        {},
        "no rule checks for NULL inside array<string>",
    ),
    "no NULL as a struct of an array": (
        Annotated[T.ArrayType, T.StructType([T.StructField("page", T.StringType())]), False],
        {},
        "no rule checks for NULL inside array<struct<page:string>>",
    ),
    "binary inside a struct": (
        Annotated[T.ArrayType, T.StructType([T.StructField("page", T.BinaryType())]), True],
        {},
        "binary is no type of what a column holds",
    ),
    "a decimal that is none inside a struct": (
        Annotated[T.ArrayType, T.StructType([T.StructField("price", T.DecimalType(2, 3))]), True],
        {},
        "decimal(2,3) does not exist",
    ),
    "a struct of its own": (T.StructType([T.StructField("page", T.StringType())]), {}, "annotate it with one of"),
    "an empty struct": (
        Annotated[T.ArrayType, T.StructType([]), True],
        {},
        "struct<> cannot be written: give it a field",
    ),
    "fields of a struct that differ only in case": (
        Annotated[
            T.ArrayType, T.StructType([T.StructField("a", T.LongType()), T.StructField("A", T.LongType())]), True
        ],
        {},
        "field A stands twice",
    ),
    "a field of a struct whose name is no word": (
        Annotated[T.ArrayType, T.StructType([T.StructField("a b", T.LongType())]), True],
        {},
        "field 'a b' must be named by a letter",
    ),
    "an array of binary": (Annotated[T.ArrayType, T.BinaryType(), True], {}, "binary is no type"),
    "a rule on an array": (Annotated[T.ArrayType, T.LongType(), True], {"eq": 1}, "not a value of a column of type"),
    "a text rule on a number": (T.LongType, {"str_length": 3}, "type bigint"),
    "a pattern on a number": (T.LongType, {"str_matches": "a"}, "type bigint"),
    "a prefix of a date": (T.DateType, {"str_startswith": "2026"}, "type date"),
    "an order of booleans": (T.BooleanType, {"gt": False}, "use eq or ne"),
    "a range of booleans": (T.BooleanType, {"in_range": (False, True)}, "use eq or ne"),
    "a number for a text": (T.StringType, {"eq": 1}, "1 is not a value of a column of type string"),
    "a text for a number": (T.LongType, {"ge": "1"}, "'1' is not a value of a column of type bigint"),
    "a boolean for a number": (T.LongType, {"eq": True}, "True is not a value of a column of type bigint"),
    "NULL in a list": (T.StringType, {"isin": ["a", None]}, "None is not a value of a column of type string"),
    "a time for a date": (T.DateType, {"ge": datetime(2026, 1, 1)}, "type date"),
    "a date for a time": (T.TimestampType, {"ge": date(2026, 1, 1)}, "type timestamp"),
    "a time before the first year": (
        T.TimestampType,
        {"ge": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))},
        "years 1 to 9999",
    ),
    "half of a whole number": (T.LongType, {"ge": 0.5}, "0.5 is not a value of a column of type bigint"),
    "a bound beyond the type": (T.ByteType, {"le": 128}, "128 is not a value of a column of type tinyint"),
    "a bound beyond long": (T.LongType, {"le": 2**63}, "not a value of a column of type bigint"),
    "a bound beyond float": (T.FloatType, {"le": 1e39}, "not a value of a column of type float"),
    "a bound that no double is": (T.DoubleType, {"le": 2**53 + 1}, "not a value of a column of type double"),
    "an enormous bound": (T.DoubleType, {"le": 10**400}, "not a value of a column of type double"),
    "a bound that is no money": (MONEY, {"ge": 0.1}, "Decimal('0.1')"),
    "too many digits for money": (MONEY, {"le": Decimal("12345678.9")}, "decimal(9,2)"),
    "a bound that is not a number": (T.DoubleType, {"ge": float("nan")}, "leave it out"),
    "an infinite bound": (T.LongType, {"le": float("inf")}, "leave it out"),
    "an infinite decimal": (MONEY, {"le": Decimal("Infinity")}, "leave it out"),
    "NaN in a list": (T.DoubleType, {"isin": [1.0, float("nan")]}, "not a finite number"),
    "a text as a list": (T.StringType, {"isin": "ab"}, "write the values as a list"),
    "a tuple of one": (T.StringType, {"isin": ("ab",)}, "write the values as a list"),
    "a generator": (T.StringType, {"notin": (letter for letter in "ab")}, "write the values as a list"),
    "a length that is no number": (T.StringType, {"str_length": {"min_value": 1.5}}, "1.5 is not a value"),
    "flags of a pattern": (T.StringType, {"str_matches": re.compile("a", re.IGNORECASE)}, "write both cases"),
    "a pattern engines lack": (T.StringType, {"str_contains": r"\bword\b"}, "name the characters"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_column_is_refused_for(name: str) -> None:
    kind, words, advice = FIELDS[name]
    said = refusal(contract({"x": (kind, Field(**({"description": "A column"} | words)))}))
    assert said.startswith(f"Broken: column {words.get('alias', 'x')}: ")
    assert advice in said


@pytest.mark.parametrize("name", ["a b", "a`", "a-b", "é", "1a", "a\n", ""])
def test_a_column_whose_name_is_no_word_is_refused(name: str) -> None:
    assert f"column {name!r} must be named by a letter" in refusal(contract({name: (T.LongType, described())}))


@pytest.mark.parametrize(("first", "second"), [("page", "Page"), ("Page", "page")])
def test_columns_that_differ_only_in_case_are_refused(first: str, second: str) -> None:
    said = refusal(contract({first: (T.LongType, described()), second: (T.LongType, described())}))
    assert f"column {second} stands twice" in said


def test_a_warning_on_a_column_of_a_feed_is_refused() -> None:
    said = refusal(contract({"x": (T.LongType, source("x", ge=1, raise_warning=True, description="X"))}, RawContract))
    assert "column x: a row is good or rejected: leave raise_warning out" in said


CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "a key without the day": ({"unique": ["x"]}, "column day: the key (Config.unique) lacks it"),
    "a key of one other column": ({"unique": "x"}, "column day: the key (Config.unique) lacks it"),
    "a key of a column that is not there": ({"unique": ["day", "z"]}, "column z of the key (Config.unique)"),
    "a key of a measure": (
        {"unique": ["day", "measure"]},
        "column measure of the key (Config.unique): not every engine",
    ),
    "a key of a list": ({"unique": ["day", "tags"]}, "column tags of the key (Config.unique): not every engine"),
    "a check that the platform lacks": ({"at_most_rows": {"most": 3}}, "Config.at_most_rows has no SQL"),
    "a check of columns": ({"greater_than": 0}, "Config.greater_than has no SQL"),
    "a word that nobody knows": ({"columns_agre": {"rules": {"a": "b"}}}, "Config.columns_agre has no SQL"),
    "strict": ({"strict": "filter"}, "Config.strict would do nothing"),
    "coerce": ({"coerce": True}, "Config.coerce would do nothing"),
    "ordered": ({"ordered": True}, "Config.ordered would do nothing"),
    "a type for all": ({"dtype": T.LongType}, "Config.dtype would do nothing"),
    "a second description": ({"description": "another"}, "Config.description would do nothing"),
    "dropping bad rows": ({"drop_invalid_rows": True}, "Config.drop_invalid_rows would do nothing"),
    "no rules at all": ({"columns_agree": {"rules": {}}}, 'columns_agree = {"rules": {"name_of_the_rule"'),
    "rules without names": ({"columns_agree": ["x > 1"]}, 'columns_agree = {"rules": {"name_of_the_rule"'),
    "a rule whose name is no word": ({"columns_agree": {"rules": {"x > 1": "x > 1"}}}, "rule 'x > 1' must be named"),
    "a rule named as another": ({"columns_agree": {"rules": {"x_not_null": "x > 1"}}}, "rule x_not_null stands twice"),
    "a rule named as the key": (
        {"unique": ["day", "x"], "columns_agree": {"rules": {"unique_key": "x > 1"}}},
        "rule unique_key stands twice",
    ),
    "a condition that is no text": ({"columns_agree": {"rules": {"x_is_odd": True}}}, "condition of x_is_odd"),
    "an empty condition": ({"columns_agree": {"rules": {"x_is_odd": " "}}}, "condition of x_is_odd"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_refused_for(name: str) -> None:
    words, advice = CONFIGS[name]
    columns = {
        "x": (T.LongType, described()),
        "measure": (T.DoubleType, described()),
        "tags": (Annotated[T.ArrayType, T.StringType(), True], described()),
    }
    assert advice in refusal(contract(columns, **words))


def test_rules_of_one_column_with_the_same_name_are_refused() -> None:
    words = {"ge": {"min_value": 1, "name": "limit"}, "le": {"max_value": 2, "name": "limit"}}
    assert "rule x_limit stands twice" in refusal(contract({"x": (T.LongType, described(**words))}))


def test_a_contract_without_a_day_is_refused() -> None:
    class Dayless(Contract):
        """No day."""

        x: T.LongType = Field(description="X")

    assert "column day: the partition must be there" in refusal(Dayless)


@pytest.mark.parametrize(
    ("kind", "words"), [(T.StringType, {}), (T.TimestampType, {}), (T.DateType, {"nullable": True})]
)
def test_a_day_that_is_no_date_or_may_be_null_is_refused(kind: Any, words: dict[str, Any]) -> None:
    assert "column day: the partition must be there" in refusal(contract({"day": (kind, described(**words))}))


def test_a_contract_without_a_docstring_is_refused() -> None:
    class Silent(Contract):
        day: T.DateType = Field(description="Day")

    assert "docstring" in refusal(Silent)


def test_checks_in_python_are_refused() -> None:
    class Checked(Contract):
        """A check of one column."""

        day: T.DateType = Field(description="Day")
        x: T.LongType = Field(description="X")

        # It bears the name of a rule that could be compiled.
        @pa.check("x")
        def equal_to(cls, column: Any) -> bool:
            return True

    class CheckedWhole(Contract):
        """A check of the whole table."""

        day: T.DateType = Field(description="Day")

        @pa.dataframe_check
        def columns_agree(cls, frame: Any) -> bool:
            return True

    said = refusal(Checked)
    assert "column x: the check equal_to is Python" in said
    assert "columns_agree" in said
    assert "the table-wide check columns_agree has no SQL" in refusal(CheckedWhole)


def test_parsers_that_the_engine_would_never_run_are_refused() -> None:
    import pandera.pandas as pandas_words

    class Parsed(Contract):
        """A parser of one column."""

        day: T.DateType = Field(description="Day")
        x: T.LongType = Field(description="X")

        @pandas_words.parser("x")
        def doubled(cls, column: Any) -> Any:
            return column * 2

    class ParsedWhole(Contract):
        """A parser of the whole table."""

        day: T.DateType = Field(description="Day")

        @pandas_words.dataframe_parser
        def doubled(cls, frame: Any) -> Any:
            return frame

    assert "the parser of x would never run" in refusal(Parsed)
    assert "the parser of doubled would never run" in refusal(ParsedWhole)


def test_a_raw_table_has_days() -> None:
    class Broken(RawRows, whole=True):
        """Broken on purpose."""

        name: T.StringType = source("name", description="Name")

    assert "whole=True: a raw table has the days of its deliveries, leave it out" in refusal(Broken)
