"""The tables of a snapshot feed's history: their guards, and what reads versions, which is due where these differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import dagster as dg
import pytest
from pyspark.sql import Column

from platform_assets import (
    CSV,
    Contract,
    Domain,
    Feed,
    Field,
    RawRows,
    T,
    changes_table,
    history_table,
    raw_table,
    source,
    table,
)
from platform_assets.assets.tables import TableDefinition
from platform_assets.errors import DeclarationError
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.club import (
    came,
    club_at,
    joined,
    member_changes,
    members,
    raw_members,
    raw_visits,
)
from platform_assets_tests.support.due import applied, reasons
from platform_assets_tests.support.platforms import Platform, checks, failure
from platform_assets_tests.support.purchases.oracle import comparable
from platform_assets_tests.support.settings import settings_for

SHOP = Domain("shop", owner="team:shop")
DAYS = [f"2026-01-{day:02}" for day in range(1, 6)]


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """Two members, of whom one moves on the third day, and their visits of five days."""
    platform = club_at(tmp_path)
    joined(platform, 1, m1="Bonn", m2="Köln")
    joined(platform, 3, m1="Mainz", m2="Köln")
    for day in range(1, 6):
        came(platform, day, 1, 2, 9)
    return platform


def towns(platform: Platform, member: int) -> list[str | None]:
    found = [(row["day"], row["town"]) for row in platform.rows("club/visits") if row["member_id"] == member]
    return [town for _, town in sorted(found)]


def built_of_visits(platform: Platform) -> list[int]:
    """The days of visits that applying the plan builds."""
    outcomes, _ = applied(platform, "club")
    return sorted({day.day for one in outcomes for day in one.run.days for key in one.built if key.path[1] == "visits"})


def test_each_day_joins_what_was_true_on_it(platform: Platform) -> None:
    applied(platform, "club")
    assert towns(platform, 1) == ["Bonn", "Bonn", "Mainz", "Mainz", "Mainz"]
    assert towns(platform, 2) == ["Köln"] * 5
    assert towns(platform, 9) == [None] * 5
    assert reasons(platform, "club") == {}


def test_a_member_who_moves_makes_due_the_days_from_then_on(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 4, m1="Mainz", m2="Trier")
    assert built_of_visits(platform) == [4, 5]
    assert towns(platform, 2) == ["Köln", "Köln", "Köln", "Trier", "Trier"]
    assert reasons(platform, "club") == {}


def test_every_visit_may_be_due_until_it_is_known_what_a_snapshot_has_changed(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 4, m1="Mainz", m2="Trier")
    assert reasons(platform, "club")["visits"] == {f"{day:02}": ["upstream members"] for day in range(1, 6)}


def test_a_move_that_comes_to_light_later_makes_due_the_days_of_the_versions_that_it_renumbers(
    platform: Platform,
) -> None:
    applied(platform, "club")
    joined(platform, 2, m1="Ulm", m2="Köln")
    assert built_of_visits(platform) == [2, 3, 4, 5]
    visits = sorted((row["day"].day, row["version"]) for row in platform.rows("club/visits") if row["member_id"] == 1)
    assert visits == [(1, 1), (2, 2), (3, 3), (4, 3), (5, 3)]
    assert reasons(platform, "club") == {}


def test_a_new_member_makes_no_day_due_before_they_came(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 5, m1="Mainz", m2="Köln", m3="Ulm")
    assert built_of_visits(platform) == [5]


def test_a_member_who_leaves_makes_due_the_days_from_then_on(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 4, m1="Mainz")
    assert built_of_visits(platform) == [4, 5]


def test_what_was_wrong_from_the_first_day_makes_every_day_due(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 1, m1="Bonn", m2="Neuss")
    joined(platform, 3, m1="Mainz", m2="Neuss")
    assert built_of_visits(platform) == [1, 2, 3, 4, 5]
    assert towns(platform, 2) == ["Neuss"] * 5


def test_a_first_version_that_begins_later_is_joined_by_days_before_and_they_follow_it(platform: Platform) -> None:
    joined(platform, 3, m1="Mainz", m2="Köln", m9="Ulm")
    applied(platform, "club")
    assert towns(platform, 9) == ["Ulm"] * 5
    joined(platform, 3, m1="Mainz", m2="Köln", m9="Hof")
    assert built_of_visits(platform) == [1, 2, 3, 4, 5]
    assert towns(platform, 9) == ["Hof"] * 5


def test_a_snapshot_that_says_the_same_makes_no_visit_due(platform: Platform) -> None:
    applied(platform, "club")
    joined(platform, 5, m2="Köln", m1="Mainz")
    assert built_of_visits(platform) == []
    assert reasons(platform, "club") == {}


def many(count: int, *, but: int = 0) -> dict[str, str]:
    return {f"m{number}": "Bonn" for number in range(1, count + 1) if number > but}


def test_a_snapshot_that_deletes_too_much_stops_the_run(engine: Engine, tmp_path: Path) -> None:
    platform = club_at(tmp_path)
    joined(platform, 1, **many(20))
    joined(platform, 2, **many(20, but=11))
    result = platform.materialise(DAYS[0], DAYS[1], select="group:club", check=False)
    said = failure(result)
    assert "few_deletes: 1 snapshots would delete more than 50% of all rows: 2026-01-02: 11 of 20" in said
    assert "PLATFORM_SNAPSHOT_DELETE_SHARE" in said
    assert platform.version("club/raw_members") == 1
    assert platform.version("club/member_changes") is None

    allowed = club_at(tmp_path, snapshot_delete_share=0.55)
    assert allowed.materialise(DAYS[0], DAYS[1], select="group:club").success
    assert len(allowed.rows("club/member_changes")) == 31
    # It decides whether a run ends well, and changes no table.
    assert reasons(club_at(tmp_path), "club") == {}


@pytest.mark.parametrize(("living", "gone", "stops"), [(18, 9, False), (20, 10, False), (19, 10, True), (10, 10, True)])
def test_ten_deletes_of_more_than_half_are_too_many(
    engine: Engine, tmp_path: Path, living: int, gone: int, stops: bool
) -> None:
    platform = club_at(tmp_path)
    joined(platform, 1, **many(living))
    joined(platform, 2, "100,Bonn", **many(living, but=gone))
    select = 'key:"club/raw_members" or key:"club/member_changes"'
    result = platform.materialise(DAYS[0], DAYS[1], select=select, check=False)
    assert result.success is not stops
    assert checks(result, "club/member_changes")["few_deletes"].passed is not stops


def test_a_share_of_all_rows_is_exact(engine: Engine) -> None:
    """29 of 100 rows are not more than 0.29, but more than 0.29 * 100 in floating point."""
    schema = member_changes.contract.spark_schema
    inserted = [(date(2026, 1, 1), number, "insert", "Bonn", 1) for number in range(100)]
    deleted = [(date(2026, 1, 2), number, "delete", "Bonn", 1) for number in range(30)]
    none = engine.session.createDataFrame([], raw_members.contract.spark_schema)
    inputs = {"raw_members": none, "member_changes_so_far": engine.session.createDataFrame(inserted, schema)}
    (guard,) = member_changes.guards
    for few, passes in ((deleted[:29], True), (deleted, False)):
        rows = engine.session.createDataFrame(few, schema)
        found, _ = guard.judge(rows, inputs, settings_for(snapshot_delete_share=0.29))
        assert (found.check, found.passed) == ("few_deletes", passes)


def test_a_row_whose_key_is_not_known_holds_deletes_back(engine: Engine, tmp_path: Path) -> None:
    platform = club_at(tmp_path, reject_share=1.0)
    joined(platform, 1, m1="Bonn", m2="Köln", m3="Ulm")
    joined(platform, 2, "x,Köln", m1="Bonn")
    joined(platform, 3, m1="Bonn", m3="Ulm")
    result = platform.materialise(DAYS[0], DAYS[3], select="group:club")
    held_back = checks(result, "club/member_changes")["deletes_held_back"]
    assert (held_back.passed, held_back.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "2026-01-02: 2" in str(held_back.description)
    changes = [(row["day"].day, row["member_id"], row["operation"]) for row in platform.rows("club/member_changes")]
    assert sorted(changes) == [(1, 1, "insert"), (1, 2, "insert"), (1, 3, "insert"), (3, 2, "delete")]
    assert comparable(platform.rows("club/members")) != []


def test_an_interval_of_a_history_is_not_empty(engine: Engine) -> None:
    one, two = date(2026, 1, 1), date(2026, 1, 2)
    contract = members.contract
    for *times, broken in [
        (one, two, one, two, False, []),
        (one, None, one, None, True, []),
        (two, two, one, two, False, ["valid_for_some_time"]),
        (one, two, two, two, False, ["recorded_for_some_time"]),
        (one, two, one, two, True, ["current_is_recorded_still"]),
        (one, None, one, None, False, ["current_is_recorded_still"]),
    ]:
        rows = engine.session.createDataFrame([(1, "Bonn", 1, *times)], contract.spark_schema)
        assert [
            rule.name for rule in contract.rules if rule.kind == "agreement" and rows.where(rule.broken).count()
        ] == broken


def raw_prices() -> Mapping[str, Column]:
    """Nothing needs a parse of its own."""
    return {}


class RawReleases(RawRows):
    """Every row of every snapshot of what has a version of its own."""

    item_id: T.LongType = source("id", required=True, description="Which item")
    version: T.IntegerType = source("version", description="Its version")


raw_releases = raw_table(RawReleases, Feed("releases", (CSV,)), domain=SHOP, snapshot_of="item_id")(raw_prices)


class Plain(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")
    name: T.StringType = Field(description="Name")


@table(Plain, domain=SHOP)
def plain() -> None:
    """No changes."""


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: changes_table(raw_visits, "x", "X."), "club/raw_visits has no snapshots: give its @raw_table"),
        (lambda: history_table(plain, "x", "X."), "shop/plain is no table of changes: declare it by changes_table"),
        (
            lambda: history_table(member_changes, "x", "X.", own_date="town"),
            "own_date='town' is no column with a date",
        ),
        (lambda: changes_table(raw_members, "x", " "), "it has no docstring"),
        (lambda: changes_table(raw_releases, "x", "X."), "two of its columns are named version: rename one"),
    ],
)
def test_a_mistake_is_said_with_the_file_of_the_domain(declare: object, said: str) -> None:
    with pytest.raises(DeclarationError, match=rf"test_histories\.py:\d+: x: .*{said}"):
        declare()  # type: ignore[operator]


def test_the_columns_of_changes_are_those_of_the_feed() -> None:
    assert isinstance(member_changes, TableDefinition)
    assert member_changes.contract.names == ["day", "member_id", "operation", "town", "version"]
    nullable = {column.name: column.nullable for column in member_changes.contract.columns}
    assert nullable == {"day": False, "member_id": False, "operation": False, "town": True, "version": False}


class RawPrices(RawRows):
    """Every row of every snapshot of some prices."""

    item_id: T.LongType = source("id", required=True, description="Which item")
    price: Annotated[T.DecimalType, 8, 2] = source("price", required=True, description="Its price")
    note: T.StringType = source("note", description="Remark")


def test_a_history_has_the_columns_of_the_feed_as_they_are_and_those_without_an_end_may_be_null() -> None:
    feed = raw_table(RawPrices, Feed("prices", (CSV,)), domain=SHOP, snapshot_of="item_id")
    contract = history_table(changes_table(feed(raw_prices), "price_changes", "Changes."), "price_history", "History.")
    columns = {column.name: (column.dtype.simpleString(), column.nullable) for column in contract.contract.columns}
    assert columns == {
        "item_id": ("bigint", False),
        "price": ("decimal(8,2)", False),
        "note": ("string", True),
        "version": ("int", False),
        "valid_from": ("date", False),
        "valid_until": ("date", True),
        "recorded_from": ("date", False),
        "recorded_until": ("date", True),
        "is_current": ("boolean", False),
    }
    assert contract.contract.key == ("item_id", "version")
