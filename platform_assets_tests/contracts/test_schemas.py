"""What a contract says in Delta's words, in Spark's, and of a DataFrame that is not as agreed."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, RawContract, RawRows, Source, T, Versions, source
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Table

PAGE = T.StructType(
    [
        T.StructField("page", T.StringType()),
        T.StructField("hits", T.LongType()),
        T.StructField("at", T.ArrayType(T.TimestampType())),
    ]
)


class Everything(Contract):
    """Every type that a column may have.

    The second line stays a second line.
    """

    day: T.DateType = Field(description="Day")
    text: T.StringType = Field(description='What "it" is, isn\'t it? é 😀')
    yes: T.BooleanType = Field(nullable=True, description="Boolean")
    tiny: T.ByteType = Field(nullable=True, description="Byte")
    small: T.ShortType = Field(nullable=True, description="Short")
    number: T.IntegerType = Field(nullable=True, description="Integer")
    long: T.LongType = Field(nullable=True, description="Long")
    rough: T.FloatType = Field(nullable=True, description="Float")
    fine: T.DoubleType = Field(nullable=True, description="Double")
    money: Annotated[T.DecimalType, 18, 2] = Field(nullable=True, ge=0, description="Money")
    wide: Annotated[T.DecimalType, 38, 10] = Field(nullable=True, description="Wide")
    moment: T.TimestampType = Field(nullable=True, description="Moment")
    tags: Annotated[T.ArrayType, T.StringType(), True] = Field(description="Tags")
    prices: Annotated[T.MapType, T.StringType(), T.DecimalType(9, 2), True] = Field(nullable=True, description="Prices")
    nested: Annotated[T.ArrayType, T.ArrayType(T.LongType()), True] = Field(nullable=True, description="Nested")
    pages: Annotated[T.ArrayType, PAGE, True] = Field(description="Pages")

    class Config:
        unique = ["day", "text"]


ROW: dict[str, tuple[Any, pa.DataType]] = {
    "day": (date(2026, 1, 1), pa.date32()),
    "text": ("a", pa.string()),
    "yes": (True, pa.bool_()),
    "tiny": (1, pa.int8()),
    "small": (1, pa.int16()),
    "number": (1, pa.int32()),
    "long": (1, pa.int64()),
    "rough": (0.5, pa.float32()),
    "fine": (0.5, pa.float64()),
    "money": (Decimal("1.50"), pa.decimal128(18, 2)),
    "wide": (Decimal("1.5"), pa.decimal128(38, 10)),
    "moment": (datetime(2026, 1, 1, tzinfo=timezone.utc), pa.timestamp("us", tz="UTC")),
    "tags": (["x", None], pa.list_(pa.string())),
    "prices": ([("x", Decimal("1.50"))], pa.map_(pa.string(), pa.decimal128(9, 2))),
    "nested": ([[1], []], pa.list_(pa.list_(pa.int64()))),
    "pages": (
        [
            {"page": "a", "hits": 1, "at": [datetime(2026, 1, 1, tzinfo=timezone.utc), None]},
            {"page": None, "hits": None, "at": None},
            None,
        ],
        pa.list_(
            pa.struct([("page", pa.string()), ("hits", pa.int64()), ("at", pa.list_(pa.timestamp("us", tz="UTC")))])
        ),
    ),
}


def test_the_published_schema_has_types_comments_and_not_null() -> None:
    schema = compiled(Everything).delta_schema
    assert {field.name: (str(field.type.to_json()).strip('"'), field.nullable) for field in schema.fields[:12]} == {
        "day": ("date", False),
        "text": ("string", False),
        "yes": ("boolean", True),
        "tiny": ("byte", True),
        "small": ("short", True),
        "number": ("integer", True),
        "long": ("long", True),
        "rough": ("float", True),
        "fine": ("double", True),
        "money": ("decimal(18,2)", True),
        "wide": ("decimal(38,10)", True),
        "moment": ("timestamp", True),
    }
    assert [field.nullable for field in schema.fields[12:]] == [False, True, True, False]
    comments = {field.name: field.metadata["comment"] for field in schema.fields}
    assert comments["text"] == 'What "it" is, isn\'t it? é 😀'
    assert comments == {column.name: column.description for column in compiled(Everything).columns}


def test_the_staged_schema_has_the_same_columns_all_nullable() -> None:
    contract = compiled(Everything)
    published, staged = contract.delta_schema.fields, contract.staged_schema.fields
    assert [(f.name, f.type) for f in staged] == [(f.name, f.type) for f in published]
    assert all(f.nullable for f in staged)


def test_every_type_is_written_by_the_engine_and_read_as_it_was(engine: Engine, tmp_path: Path) -> None:
    columns = {name: pa.array([value], kind) for name, (value, kind) in ROW.items()}
    rows = engine.session.createDataFrame(pa.table(columns))
    contract = compiled(Everything)
    assert contract.differences(rows.schema) == {}
    table = Table("tests", "everything", contract, str(tmp_path / "everything"))
    table.publish(table.stage(engine, rows, "run", [date(2026, 1, 1)]))
    found = pa.table(DeltaTable(table.url).to_pyarrow_table()).to_pylist()
    assert found == [{name: value for name, (value, _) in ROW.items()}]


def test_differences_are_sentences_about_columns() -> None:
    contract = compiled(Everything)
    found = [field for field in contract.spark_schema.fields if field.name != "yes"]
    assert contract.differences(T.StructType(found[::-1])) == {"yes": "is missing"}
    found = [T.StructField(f.name, T.DecimalType(18, 4) if f.name == "money" else f.dataType) for f in found]
    found += [T.StructField("Yes", T.BooleanType()), T.StructField("day", T.DateType())]
    assert contract.differences(T.StructType(found)) == {
        "yes": "is missing",
        "Yes": "is not in the contract",
        "money": "has type decimal(18,4), the contract says decimal(18,2)",
        "day": "stands 2 times",
    }


def test_a_struct_with_other_fields_is_another_type() -> None:
    contract = compiled(Everything)
    said = "array<struct<page:string,hits:bigint,at:array<timestamp>>>"
    for fields, found in (
        ([PAGE.fields[1], PAGE.fields[0], PAGE.fields[2]], "hits:bigint,page:string,at:array<timestamp>"),
        (PAGE.fields[:2], "page:string,hits:bigint"),
    ):
        other = [
            T.StructField(f.name, T.ArrayType(T.StructType(fields)) if f.name == "pages" else f.dataType)
            for f in contract.spark_schema.fields
        ]
        assert contract.differences(T.StructType(other)) == {
            "pages": f"has type array<struct<{found}>>, the contract says {said}"
        }


def test_a_time_without_a_zone_is_another_type() -> None:
    fields = [
        T.StructField(f.name, T.TimestampNTZType() if f.name == "moment" else f.dataType)
        for f in compiled(Everything).spark_schema.fields
    ]
    differences = compiled(Everything).differences(T.StructType(fields))
    assert differences == {"moment": "has type timestamp_ntz, the contract says timestamp"}


def test_a_contract_is_compiled_once_and_describes_itself() -> None:
    contract = compiled(Everything)
    assert compiled(Everything) is contract
    assert (contract.name, contract.is_raw, contract.partition_column) == ("Everything", False, "day")
    assert contract.description == "Every type that a column may have.\n\nThe second line stays a second line."
    assert contract.key == ("day", "text")
    assert contract.names == list(ROW)


class RawThings(RawContract):
    """Every delivered thing."""

    thing_id: T.StringType = source("thing.id", required=True, str_length=3, description="Identity")
    size: T.LongType = source("size", text=False, ge=0, description="Size")


class MoreRawThings(RawThings):
    """Every delivered thing, with its colour."""

    colour: T.StringType = source("colour", description="Colour")


def test_a_raw_table_has_its_own_columns_first() -> None:
    common = ["delivery_day", "day", "source_file", "raw", "violations", "extra_fields"]
    assert compiled(RawThings).names == ["thing_id", "size", *common]
    assert compiled(MoreRawThings).names == ["thing_id", "size", "colour", *common]
    assert compiled(RawThings).partition_column == "delivery_day"


class RawVersions(RawRows):
    """Every delivered version of a thing."""

    thing_id: T.StringType = source("id", nulls=("-",), aliases=("thing",), description="Identity")
    size: T.LongType = source("size", description="Size")

    class Config:
        columns_agree = {"rules": {"size_is_even": "size % 2 = 0"}}


def test_a_raw_table_of_what_are_no_events_has_no_day_of_theirs() -> None:
    found = compiled(RawVersions)
    assert found.names == ["thing_id", "size", "delivery_day", "source_file", "raw", "violations", "extra_fields"]
    assert (found.partition_column, found.read_column) == ("delivery_day", "delivery_day")
    assert (found.is_raw, found.has_events) == (True, False)
    assert (compiled(RawThings).read_column, compiled(RawThings).has_events) == ("day", True)


def test_rules_over_columns_of_a_feed_reject_rows_and_are_no_rules_of_the_table() -> None:
    found = compiled(RawVersions)
    assert [rule.name for rule in found.row_rules] == ["size_is_even"]
    assert "size_is_even" not in [rule.name for rule in found.rules]
    assert found.fingerprint != compiled(RawThings).fingerprint


def test_another_rule_over_columns_of_a_feed_is_another_contract() -> None:
    class Stricter(RawVersions):
        """Every delivered version of a thing, good or rejected."""

        class Config:
            columns_agree = {"rules": {"size_is_even": "size % 4 = 0"}}

    assert compiled(Stricter).columns == compiled(RawVersions).columns
    assert compiled(Stricter).fingerprint != compiled(RawVersions).fingerprint


class Prices(Contract, whole=True):
    """A list without days."""

    name: T.StringType = Field(description="Name")

    class Config:
        unique = ["name"]


class MorePrices(Prices):
    """Another one."""

    price: T.LongType = Field(description="Price")


def test_a_table_without_days_has_no_partition_and_its_key_no_day() -> None:
    for contract in (Prices, MorePrices):
        assert (compiled(contract).partition_column, compiled(contract).read_column) == (None, None)
        assert compiled(contract).key == ("name",)
    assert compiled(Everything).partition_column == "day"


class PriceVersions(Contract, whole=True, versions=Versions(("name",), "version", "since", "until")):
    """Versions of prices."""

    name: T.StringType = Field(description="Name")
    version: T.IntegerType = Field(description="Number")
    since: T.DateType = Field(description="First day")
    until: T.DateType = Field(nullable=True, description="First day on which it was so no longer")


class NotedPriceVersions(PriceVersions):
    """The same, with a note."""

    note: T.StringType = Field(nullable=True, description="Note")


def test_a_contract_that_is_made_of_one_of_versions_is_of_versions_too() -> None:
    for contract in (PriceVersions, NotedPriceVersions):
        assert compiled(contract).versions == Versions(("name",), "version", "since", "until")
    assert compiled(Prices).versions is None


def test_what_a_source_leaves_unsaid_is_no_part_of_its_fingerprint() -> None:
    said = "Source(field='size', required=False, text=True, trimmed=False)"
    assert repr(compiled(RawVersions).columns[1].source) == said
    assert repr(compiled(RawVersions).columns[0].source) == (
        "Source(field='id', required=False, text=True, trimmed=False, nulls=('-',), aliases=('thing',))"
    )


def test_rules_of_a_feeds_columns_reject_rows_and_are_no_rules_of_the_table() -> None:
    contract = compiled(RawThings)
    assert contract.columns[0].source == Source("thing.id", required=True, text=True)
    assert [rule.name for column in contract.columns[:2] for rule in column.rules] == [
        "thing_id_str_length",
        "size_greater_than_or_equal_to",
    ]
    assert [rule.name for rule in contract.rules] == [
        "delivery_day_not_null",
        "source_file_not_null",
        "violations_not_null",
        "extra_fields_not_null",
    ]


WORDS = [
    (T.LongType, {"eq": 5}, "is 5"),
    (T.LongType, {"ne": 5}, "is not 5"),
    (T.LongType, {"gt": 5}, "is greater than 5"),
    (T.LongType, {"in_range": (0, 9, True, False)}, "is at least 0 and is less than 9"),
    (
        T.LongType,
        {"in_range": {"min_value": 0, "max_value": 9, "include_min": False}},
        "is greater than 0 and is at most 9",
    ),
    (T.StringType, {"isin": ["b", "a"]}, "is one of 'b', 'a'"),
    (T.StringType, {"notin": set("fedcba")}, "is none of 'a', 'b', 'c', 'd', 'e', 'f'"),
    (T.StringType, {"isin": []}, "is one of no values"),
    (T.StringType, {"str_matches": r"a|b\Z"}, r"starts with a match of `a|b\Z`"),
    (T.StringType, {"str_contains": "a"}, "contains a match of `a`"),
    (T.StringType, {"str_startswith": "a"}, "starts with 'a'"),
    (T.StringType, {"str_endswith": "a"}, "ends with 'a'"),
    (T.StringType, {"str_length": (1, 3)}, "has a length that is at least 1 and is at most 3"),
    (T.DateType, {"ge": date(2026, 1, 1)}, "is at least 2026-01-01"),
    (T.TimestampType, {"lt": datetime(2026, 1, 1, tzinfo=timezone.utc)}, "is less than 2026-01-01 00:00:00+00:00"),
]


@pytest.mark.parametrize(("kind", "words", "said"), WORDS, ids=[said for _, _, said in WORDS])
def test_a_rule_says_in_words_what_it_asks(kind: type[T.DataType], words: dict[str, Any], said: str) -> None:
    body = {
        "__doc__": "One rule.",
        "__annotations__": {"day": T.DateType, "x": kind},
        "day": Field(description="Day"),
        "x": Field(nullable=True, description="X", **words),
    }
    rule = compiled(type("OneRule", (Contract,), body)).columns[1].rules[0]
    assert rule.description == f"`x` {said}"
