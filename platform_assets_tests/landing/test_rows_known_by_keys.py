"""Deliveries of rows that are known by a key: which of them are rejected, and what else their fields may say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest

from platform_assets import CSV, JSON_LINES, Domain, Feed, RawContract, RawRows, T, raw_table, source
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.contracts.compiled import compiled
from platform_assets.errors import DeclarationError
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

shop = Domain("shop", owner="team:shop")
DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)


class RawItems(RawRows):
    """Items of a shop."""

    item_id: T.LongType = source("id", required=True, ge=1, aliases=("item", "no"), description="Which")
    price: Annotated[T.DecimalType, 8, 2] = source("price", nulls=("null", "n/a"), description="Price")
    cost: Annotated[T.DecimalType, 8, 2] = source("cost", trimmed=True, nulls=("-",), description="Cost")

    class Config:
        columns_agree = {"rules": {"sold_at_a_loss": "cost <= price", "odd_price": "price <> 13"}}


def nothing() -> Mapping[str, Any]:
    """No parse of their own."""
    return {}


def raw_items(**kind: Any) -> RawTableDefinition:
    return raw_table(RawItems, Feed("items", (CSV,)), domain=shop, **kind)(nothing)


def read(engine: Engine, folder: Path, table: RawTableDefinition, *files: str) -> list[tuple[Any, ...]]:
    """The rows of a delivery: item, price, cost, violations, in order."""
    for number, content in enumerate(files):
        path = folder / table.feed.name / str(DAY) / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = table.feed.landed(str(folder), [DAY], table.sourced).files
    rows = table.read(engine, found, settings_for(), str(folder / "room"))
    assert rows.columns == table.contract.names
    shown = [
        (
            row["item_id"],
            *(row[name] and str(row[name]) for name in ("price", "cost")),
            row["violations"],
            bool(row["raw"]),
        )
        for row in rows.collect()
    ]
    return sorted(shown, key=lambda row: (str(row[0]), row[3], row[1:3] != (None, None), str(row[1:3])))


def test_of_a_snapshot_all_rows_of_a_key_that_it_has_twice_are_rejected(engine: Engine, tmp_path: Path) -> None:
    table = raw_items(snapshot_of="item_id")
    rows = read(engine, tmp_path, table, "id,price\n1,1\n1,1\n2,2\n3,3\n", "id,price\n3,4\n4,4\n4,free\n")
    assert [(row[0], row[3]) for row in rows] == [
        (1, ["duplicate_item_id"]),
        (1, ["duplicate_item_id"]),
        (2, []),
        (3, ["duplicate_item_id"]),
        (3, ["duplicate_item_id"]),
        (4, ["duplicate_item_id"]),
        (4, ["invalid_price", "duplicate_item_id"]),
    ]


def test_of_versions_rows_that_are_equal_are_one_and_others_of_their_key_are_rejected(
    engine: Engine, tmp_path: Path
) -> None:
    table = raw_items(versions_of="item_id")
    lines = "1,1,\n1,1.00,\n2,2,\n2,,2\n3,,\n3,,\n4,5,\n4,,\n5,x,\n5,,\n6,x,\n6,y,\n7,x,\n7,,x\n"
    rows = read(engine, tmp_path, table, f"id,price,cost\n{lines}")
    assert [(row[0], row[3]) for row in rows] == [
        (1, []),
        (1, []),
        (2, ["duplicate_item_id"]),
        (2, ["duplicate_item_id"]),
        (3, []),
        (3, []),
        (4, ["duplicate_item_id"]),
        (4, ["duplicate_item_id"]),
        # Rows without a price differ when they are wrong about something else.
        (5, ["duplicate_item_id"]),
        (5, ["invalid_price", "duplicate_item_id"]),
        (6, ["invalid_price"]),
        (6, ["invalid_price"]),
        (7, ["invalid_cost", "duplicate_item_id"]),
        (7, ["invalid_price", "duplicate_item_id"]),
    ]


def test_a_key_comes_again_with_each_delivery(engine: Engine, tmp_path: Path) -> None:
    for kind in ("snapshot_of", "versions_of"):
        table = raw_items(**{kind: "item_id"})
        for day, price in ((DAY, 1), (NEXT, 2)):
            path = tmp_path / kind / "items" / str(day) / "a.csv"
            path.parent.mkdir(parents=True)
            path.write_text(f"id,price\n1,{price}\n")
        found = table.feed.landed(str(tmp_path / kind), [DAY, NEXT], table.sourced).files
        rows = table.read(engine, found, settings_for(), str(tmp_path / "room")).collect()
        assert sorted((row["delivery_day"], row["violations"]) for row in rows) == [(DAY, []), (NEXT, [])]


class RawStock(RawRows):
    """Items of several shops, each with a price."""

    shop: T.StringType = source("shop", required=True, description="Which shop")
    item_id: T.LongType = source("id", required=True, description="Which item")
    price: T.LongType = source("price", description="Price")

    class Config:
        columns_agree = {"rules": {"has_a_price": "price IS NOT NULL"}}


def test_a_key_may_be_of_several_columns(engine: Engine, tmp_path: Path) -> None:
    table = raw_table(RawStock, Feed("stock", (CSV,)), domain=shop, snapshot_of=("shop", "item_id"))(nothing)
    (tmp_path / "stock" / str(DAY)).mkdir(parents=True)
    lines = "a,1,1\na,2,1\nb,1,1\nb,1,2\nc,,1\nc,,2\n"
    (tmp_path / "stock" / str(DAY) / "a.csv").write_text(f"shop,id,price\n{lines}")
    found = table.feed.landed(str(tmp_path), [DAY], table.sourced).files
    rows = table.read(engine, found, settings_for(), str(tmp_path / "room")).collect()
    assert sorted((row["shop"], str(row["item_id"]), row["violations"]) for row in rows) == [
        ("a", "1", []),
        ("a", "2", []),
        ("b", "1", ["duplicate_shop_item_id"]),
        ("b", "1", ["duplicate_shop_item_id"]),
        ("c", "None", ["missing_item_id"]),
        ("c", "None", ["missing_item_id"]),
    ]


def test_of_a_line_that_nobody_can_read_nothing_else_is_asked(engine: Engine, tmp_path: Path) -> None:
    table = raw_table(RawStock, Feed("stock", (CSV,)), domain=shop, snapshot_of=("shop", "item_id"))(nothing)
    (tmp_path / "stock" / str(DAY)).mkdir(parents=True)
    lines = b"a,1,1\na,1,\xff\na,1\na,2,\n"
    (tmp_path / "stock" / str(DAY) / "a.csv").write_bytes(b"shop,id,price\n" + lines)
    found = table.feed.landed(str(tmp_path), [DAY], table.sourced).files
    rows = table.read(engine, found, settings_for(), str(tmp_path / "room")).collect()
    assert sorted(row["violations"] for row in rows) == [[], ["has_a_price"], ["malformed"], ["not_utf8"]]


def test_a_row_whose_key_is_not_known_is_no_duplicate_of_another(engine: Engine, tmp_path: Path) -> None:
    for table in (raw_items(snapshot_of="item_id"), raw_items(versions_of=["item_id"])):
        rows = read(engine, tmp_path, table, "id,price\n,1\n,2\nx,1\nx,2\n0,1\n0,2\n1\n2\n5,1\n")
        assert [(row[0], row[3]) for row in rows] == [
            (0, ["invalid_item_id"]),
            (0, ["invalid_item_id"]),
            (5, []),
            (None, ["invalid_item_id"]),
            (None, ["invalid_item_id"]),
            (None, ["malformed"]),
            (None, ["malformed"]),
            (None, ["missing_item_id"]),
            (None, ["missing_item_id"]),
        ]


def test_rows_break_rules_over_several_columns_one_by_one(engine: Engine, tmp_path: Path) -> None:
    rows = read(engine, tmp_path, raw_items(snapshot_of="item_id"), "id,price,cost\n1,13,14\n2,3,2\n3,,9\n4,x,9\n5,9\n")
    assert rows == [
        (1, "13.00", "14.00", ["sold_at_a_loss", "odd_price"], True),
        (2, "3.00", "2.00", [], False),
        (3, None, "9.00", [], False),
        (4, None, "9.00", ["invalid_price"], True),
        (None, None, None, ["malformed"], True),
    ]


def test_texts_that_stand_for_no_value_are_none(engine: Engine, tmp_path: Path) -> None:
    lines = "id,price,cost\n1,null,-\n2,n/a, - \n3,NULL,\n4, null,-1\n5,5, \t \n"
    rows = read(engine, tmp_path, raw_items(snapshot_of="item_id"), lines)
    assert rows == [
        (1, None, None, [], False),
        (2, None, None, [], False),
        (3, None, None, ["invalid_price"], True),
        (4, None, "-1.00", ["invalid_price"], True),
        (5, "5.00", None, [], False),
    ]


@pytest.mark.parametrize("header", ["id,price", "item,price", "no,price", "price,no"])
def test_a_header_may_name_a_field_otherwise(engine: Engine, tmp_path: Path, header: str) -> None:
    rows = read(engine, tmp_path, raw_items(snapshot_of="item_id"), f"{header}\n7,7\n")
    assert rows == [(7, "7.00", None, [], False)]


def test_a_header_with_two_names_of_a_field_names_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "items" / str(DAY) / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("id,item,price\n1,2,3\n")
    table = raw_items(snapshot_of="item_id")
    found = table.feed.landed(str(tmp_path), [DAY], table.sourced)
    assert found.without_header == {f"{DAY}/a.csv": "the header names id more than once"}


class Timed(RawContract):
    """Rows with a day of their own."""

    at: T.TimestampType = source("at", description="When")


class Structured(RawRows):
    """Rows with what nobody writes in one way only."""

    at: T.TimestampType = source("at", description="When")
    tags: Annotated[T.ArrayType, T.StringType(), True] = source("tags", description="Tags")


class Optional(RawRows):
    """Rows that may be without what tells them apart."""

    name: T.StringType = source("name", description="Name")


class Twice(RawRows):
    """Rows with two columns of a field."""

    name: T.StringType = source("name", description="Name")
    title: T.StringType = source("title", aliases="name", description="Title")


class Renamed(RawRows):
    """Rows with a field of two names."""

    name: T.StringType = source("name", aliases=("title",), description="Name")


def _parses_at() -> dict[str, Any]:
    return {"at": None}


@pytest.mark.parametrize(
    ("contract", "function", "kind", "said"),
    [
        (RawItems, nothing, {"event_time": "item_id"}, "events have an event_time and a RawContract"),
        (Timed, _parses_at, {"snapshot_of": "at"}, "derive their contract from RawRows"),
        (RawItems, nothing, {"snapshot_of": "id"}, "it says that id tells its rows apart, and the feed fills no such"),
        (RawItems, nothing, {"snapshot_of": "item_id", "versions_of": "item_id"}, "its rows are of one kind: give one"),
        (Optional, nothing, {"snapshot_of": "name"}, "name tells its rows apart, and so none can be without"),
        (RawItems, nothing, {"versions_of": ("item_id", "price")}, "price tells its rows apart, and so none can be"),
        (Twice, nothing, {}, "two of its columns are filled by a field named name: leave one out"),
        (Structured, _parses_at, {}, "tags: a column of type array<string> needs a parse of its own"),
        (Structured, nothing, {}, "at: a column of type timestamp needs a parse of its own"),
    ],
)
def test_a_raw_table_that_cannot_be_is_refused_where_it_is_declared(
    contract: type[RawRows], function: Any, kind: dict[str, Any], said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        raw_table(contract, Feed("items", (CSV,)), domain=shop, **kind)(function)


def test_one_text_for_no_value_is_that_text_and_not_its_letters() -> None:
    class Notes(RawRows):
        """Notes."""

        note: T.StringType = source("note", nulls="NA", aliases="text", description="Note")

    (column,) = compiled(Notes).sourced
    assert column.source
    assert (column.source.nulls, column.source.aliases) == (("NA",), ("text",))


def test_a_feed_has_formats() -> None:
    for formats in (CSV, (), [CSV]):
        with pytest.raises(DeclarationError, match=r"The feed items has formats=.*: write a tuple, such as \(CSV,\)"):
            Feed("items", formats)  # type: ignore[arg-type]


def test_only_a_header_has_aliases() -> None:
    with pytest.raises(DeclarationError, match="name has aliases, which only a header can have"):
        raw_table(Renamed, Feed("items", (CSV, JSON_LINES)), domain=shop)(nothing)
