"""Tables without days, and tables that go on from all their days before: built, recorded, planned like all others."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from platform_assets import Contract, Domain, Field, T, table
from platform_assets.errors import DeclarationError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.maintenance import leftovers, remove, replaced_files
from platform_assets.lake.tables.published import open_delta
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.due import applied, built, due_of, reasons, reported
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.shelf import DECLARED, new_items, price_list, shelf, shelf_at, snapshot, sold

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
ALL = "group:shelf"


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """Two snapshots, with a day without one between them, and sales on each day."""
    platform = shelf_at(tmp_path)
    snapshot(platform, 1, i1=10, i2=20)
    snapshot(platform, 3, i1=11, i3=30)
    for day, items in enumerate([(1, 2), (2, 9), (3,)], 1):
        sold(platform, day, *items)
    return platform


def prices(platform: Platform) -> dict[int, int]:
    return {row["item_id"]: row["price"] for row in platform.rows("shelf/price_list")}


def sales_of(platform: Platform) -> list[tuple[int, int, int | None]]:
    return [(row["day"].day, row["item_id"], row["price"]) for row in platform.rows("shelf/sales")]


def test_a_range_builds_what_day_after_day_builds(platform: Platform, tmp_path: Path) -> None:
    platform.materialise(DAYS[0], DAYS[2], select=ALL)
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    assert platform.rows("shelf/totals") == [{"items": 3, "price": 60}]
    assert sales_of(platform) == [(1, 1, 10), (1, 2, 20), (2, 2, 20), (2, 9, None), (3, 3, 30)]
    other = shelf_at(tmp_path / "other", landing=platform.settings.landing)
    for day in DAYS:
        other.materialise(day, select=ALL)
    for name in ("new_items", "price_list", "totals", "sales"):
        assert other.rows(f"shelf/{name}") == platform.rows(f"shelf/{name}"), name
    assert reasons(platform, "shelf") == {}
    # A sale of day 1 was priced by the list of then; the plan knows which days are to be made anew.
    assert set(reasons(other, "shelf")) == {"sales"}
    applied(other, "shelf")
    assert sales_of(other) == sales_of(platform)


def test_a_table_without_days_has_no_partitions_and_one_record(platform: Platform) -> None:
    platform.materialise(DAYS[0], DAYS[2], select=ALL)
    delta = open_delta(platform.url("shelf/price_list"))
    assert delta.metadata().partition_columns == []
    known = platform.catalog.tables[price_list.key].known()
    made = known.made[WHOLE]
    assert list(known.made) == [WHOLE]
    assert made is not None
    assert (made.rows, list(made.read)) == (3, ["shelf/new_items"])
    assert list(made.read["shelf/new_items"]) == ["all days"]
    assert delta.history()[0]["days"] == "all rows"


def test_dagster_is_told_how_many_rows_a_table_without_days_has_and_of_no_partition(platform: Platform) -> None:
    result = platform.materialise(DAYS[0], DAYS[2], select=ALL)
    told = {
        event.asset_key.path[-1]: event.step_materialization_data.materialization
        for event in result.all_events
        if event.is_step_materialization and event.asset_key
    }
    assert told["price_list"].partition is None
    assert told["price_list"].metadata["dagster/row_count"].value == 3
    assert "dagster/partition_row_count" not in told["price_list"].metadata
    assert told["new_items"].metadata["dagster/partition_row_count"].value in (0, 1, 2)


def test_a_table_without_days_is_not_due_before_anything_was_delivered_and_never_outside(
    platform: Platform, tmp_path: Path
) -> None:
    assert reasons(shelf_at(tmp_path / "empty"), "shelf") == {}
    applied(platform, "shelf")
    assert due_of(platform, "shelf").outside == {}


def test_running_a_table_without_days_again_replaces_it_by_the_same(platform: Platform) -> None:
    platform.materialise(DAYS[0], DAYS[2], select=ALL)
    platform.materialise(DAYS[0], DAYS[2], select=ALL)
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    assert platform.version("shelf/price_list") == 2
    assert reasons(platform, "shelf") == {}


def test_the_plan_builds_a_table_without_days_after_all_days_that_it_is_made_of(platform: Platform) -> None:
    outcomes, _ = applied(platform, "shelf")
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    assert reasons(platform, "shelf") == {}
    assert ("all", "price_list", "totals") in built(outcomes)

    snapshot(platform, 2, i1=10, i2=20, i4=40)
    due = reasons(platform, "shelf")
    assert due["raw_items"] == {"02": ["landing items.csv"]}
    assert due["new_items"] == {"02": ["upstream raw_items"], "03": ["upstream new_items"]}
    assert due["price_list"] == {"01": ["upstream new_items"]}
    outcomes, _ = applied(platform, "shelf")
    assert prices(platform) == {1: 10, 2: 20, 3: 30, 4: 40}
    assert reasons(platform, "shelf") == {}


def test_a_snapshot_that_changes_nothing_makes_nothing_else_due(platform: Platform) -> None:
    applied(platform, "shelf")
    snapshot(platform, 3, i1=12, i3=30)
    outcomes, _ = applied(platform, "shelf")
    # The items are the same ones: what is new did not change, and nobody looks further.
    assert built(outcomes) == [("3", "raw_items"), ("3", "new_items")]


def test_a_day_that_goes_on_from_all_before_needs_all_before(platform: Platform) -> None:
    platform.materialise(DAYS[0], DAYS[2], select='key:"shelf/raw_items"')
    result = platform.materialise(DAYS[2], select='key:"shelf/new_items"', check=False)
    assert "shelf/new_items has no data yet" in failure(result)
    platform.materialise(DAYS[0], select='key:"shelf/new_items"')
    result = platform.materialise(DAYS[2], select='key:"shelf/new_items"', check=False)
    said = failure(result)
    assert "shelf/new_items has no data yet for 2026-01-02" in said
    assert "Each day of it needs all before: materialise them first" in said


def test_what_reads_a_table_without_days_that_is_not_there_says_so(platform: Platform) -> None:
    platform.materialise(DAYS[0], DAYS[2], select='key:"shelf/raw_sales"')
    for name, missing in (("sales", "price_list"), ("totals", "price_list"), ("price_list", "new_items")):
        result = platform.materialise(DAYS[0], DAYS[2], select=f'key:"shelf/{name}"', check=False)
        assert f"shelf/{missing} has no data yet: materialise it first" in failure(result)
        assert platform.version(f"shelf/{name}") is None


def test_a_table_without_days_refuses_days_made_with_other_settings(platform: Platform) -> None:
    applied(platform, "shelf")
    other = shelf_at(platform.root, shelf_least_price=15)
    for name in ("price_list", "totals", "sales"):
        result = other.materialise(DAYS[0], DAYS[2], select=f'key:"shelf/{name}"', check=False)
        assert "PLATFORM_SHELF_LEAST_PRICE=0" in failure(result), name
    assert reasons(other, "shelf")["totals"] == {"01": ["settings PLATFORM_SHELF_LEAST_PRICE", "upstream price_list"]}
    applied(other, "shelf")
    assert prices(other) == {2: 20, 3: 30}
    assert reasons(other, "shelf") == {}


def test_a_table_without_days_may_have_no_rows(platform: Platform) -> None:
    empty = shelf_at(platform.root, shelf_least_price=99)
    applied(empty, "shelf")
    assert empty.rows("shelf/price_list") == []
    assert empty.rows("shelf/totals") == [{"items": 0, "price": None}]
    assert {row[2] for row in sales_of(empty)} == {None}
    assert reasons(empty, "shelf") == {}
    applied(platform, "shelf")
    assert prices(platform) == {1: 10, 2: 20, 3: 30}


def test_what_is_restored_is_due(platform: Platform) -> None:
    applied(platform, "shelf")
    snapshot(platform, 2, i5=50)
    applied(platform, "shelf")
    platform.catalog.tables[price_list.key].restore(1)
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    assert reasons(platform, "shelf")["price_list"] == {"01": ["inputs new_items"]}
    applied(platform, "shelf")
    assert prices(platform) == {1: 10, 2: 20, 3: 30, 5: 50}


def test_a_delivery_without_a_good_row_is_no_snapshot(platform: Platform) -> None:
    for content in ("id,price\n", "id,price\nx,1\n", None):
        path = platform.deliver("items", "2026-01-02", "items.csv", content or "")
        if content is None:
            path.unlink()
        result = platform.materialise(DAYS[0], DAYS[2], select='key:"shelf/raw_items"', check=False)
        said = failure(result)
        assert "1 deliveries have a folder and not a single good row, which is no snapshot: 2026-01-02" in said
        assert "take the folders away" in said
        assert platform.version("shelf/raw_items") is None
    path.parent.rmdir()
    assert platform.materialise(DAYS[0], DAYS[2], select='key:"shelf/raw_items"').success


def test_what_goes_on_from_a_refused_snapshot_waits(platform: Platform) -> None:
    platform.deliver("items", "2026-01-02", "items.csv", "id,price\n")
    _, progress = applied(platform, "shelf")
    assert [(key.path[1], day) for key, day in progress.refused] == [("raw_items", date(2026, 1, 2))]
    assert {row["day"].day for row in platform.rows("shelf/new_items")} == {1}
    assert set(reasons(platform, "shelf")) == {"raw_items", "new_items", "price_list", "totals", "sales"}


def test_what_is_made_of_all_days_refuses_days_that_do_not_fit_together(platform: Platform) -> None:
    applied(platform, "shelf")
    snapshot(platform, 1, i1=10, i3=20)
    result = platform.materialise(DAYS[0], select=ALL, check=False)
    said = failure(result)
    assert "shelf/new_items of 2026-01-02 was made when the days before it were others" in said
    assert "`platform-assets apply shelf`" in said
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    result = platform.materialise(DAYS[0], select='key:"shelf/price_list"', check=False)
    assert not result.success
    applied(platform, "shelf")
    assert prices(platform) == {1: 10, 3: 20}
    snapshot(platform, 2, i4=40)
    result = platform.materialise(DAYS[1], select=ALL, check=False)
    assert "shelf/new_items of 2026-01-03 was made when the days before it were others" in failure(result)


def test_what_is_made_of_all_days_takes_a_day_of_which_there_is_no_record(platform: Platform) -> None:
    applied(platform, "shelf")
    records = platform.catalog.tables[new_items.key].records.delta()
    assert records
    records.delete("day = '2026-01-03'")
    assert reported(platform, "shelf") == {
        "new_items": {"03": ["unknown"]},
        "price_list": {"01": ["unknown new_items"]},
    }
    assert platform.materialise(DAYS[0], select='key:"shelf/price_list"').success
    assert prices(platform) == {1: 10, 2: 20, 3: 30}


def test_a_later_first_day_is_a_changed_setting_and_no_changed_code(platform: Platform) -> None:
    applied(platform, "shelf")
    later = shelf_at(platform.root, shelf_start=DAYS[1])
    assert reported(later, "shelf") == {}
    applied(later, "shelf")
    assert prices(later) == {1: 11, 3: 30}
    assert reasons(later, "shelf") == {}


def test_what_a_killed_run_left_of_a_table_without_days_is_cleaned_and_what_is_published_stays(
    platform: Platform, engine: Engine
) -> None:
    applied(platform, "shelf")
    table = platform.catalog.tables[price_list.key]
    assert leftovers(table, lambda run: "finished", timedelta()) == []
    run_id = str(uuid4())
    rows = engine.session.createDataFrame([(1, 1)], table.contract.spark_schema)
    table.stage(engine, rows, run_id, [WHOLE])
    (left,) = leftovers(table, lambda run: "finished", timedelta())
    assert (left.run_id, left.files > 0) == (run_id, True)
    remove(left)
    assert not (platform.folder("shelf/price_list") / "runs" / run_id).exists()
    assert prices(platform) == {1: 10, 2: 20, 3: 30}
    snapshot(platform, 2, i5=50)
    applied(platform, "shelf")
    old = replaced_files(table, timedelta(), [])
    assert old is not None
    remove(old)
    assert prices(platform) == {1: 10, 2: 20, 3: 30, 5: 50}


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")


class Whole(Contract, whole=True):
    """All."""

    name: T.StringType = Field(description="Name")


shop = Domain("shop", owner="team:shop")


def _of_events(raw_sales: object) -> None: ...
def _yesterdays(price_list_before: object) -> None: ...
def _goes_on(_goes_on_before: object) -> None: ...
def _sums(_sums_so_far: object) -> None: ...
def _takes_days(things: object, *, days: object) -> None: ...
def _of_another(things_so_far: object) -> None: ...


@pytest.mark.parametrize(
    ("contract", "transform", "said"),
    [
        (Whole, _goes_on, "a table without days has none before"),
        (Whole, _sums, "a table without days has none before"),
        (Whole, _takes_days, "a table without days has none before"),
        (Days, _of_another, "things_so_far is all days before of another table"),
    ],
)
def test_what_no_table_can_read_is_refused_where_it_is_declared(
    contract: type[Contract], transform: object, said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        table(contract, domain=shop)(transform)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("contract", "transform", "said"),
    [
        (Whole, _of_events, "raw_sales is a raw table of events, which a table without days cannot read"),
        (Days, _yesterdays, "shelf/price_list has no days, and so none before: read it as price_list"),
    ],
)
def test_what_cannot_be_read_of_another_table_is_refused_when_definitions_load(
    tmp_path: Path, contract: type[Contract], transform: object, said: str
) -> None:
    other = table(contract, domain=shelf)(transform)  # type: ignore[arg-type]
    platform = Platform(tmp_path, domains=[FoundDomain(shelf, __name__, (*DECLARED, other))])
    with pytest.raises(DeclarationError, match=rf"test_whole_tables\.py:\d+: {other.name}: {said}"):
        _ = platform.definitions
