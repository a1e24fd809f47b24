"""What Prometheus is told of each table, held against what was delivered, built and broken."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from platform_assets.automation.metrics import (
    DUE,
    FAILED,
    MISSING_DAYS,
    NEWEST,
    REJECTED,
    ROWS,
    SIZE,
    Values,
    exposition,
    gathered,
)
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.contents import Contents, contents_of
from platform_assets.lake.tables.published import open_delta
from platform_assets_tests.support.platforms import END, START, Platform
from platform_assets_tests.support.shelf import shelf, shelf_at, snapshot, sold

ALL = "group:shelf"
TABLES = {"raw_items", "new_items", "price_list", "totals", "raw_sales", "sales"}
NEWEST_DAY = datetime(2026, 1, 3, tzinfo=timezone.utc).timestamp()


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """Two snapshots and sales on three days, of which one is rejected."""
    platform = shelf_at(tmp_path)
    snapshot(platform, 1, i1=10, i2=20)
    snapshot(platform, 3, i1=11, i3=30)
    for day, items in enumerate([(1, 2), (2, 9), (3,)], 1):
        sold(platform, day, *items)
    platform.deliver("shelf_sales", "2026-01-03", "bad.csv", "item,sold_at\nfour,2026-01-03T10:00:00Z\n")
    return platform


def values(platform: Platform, instance: dg.DagsterInstance | None = None) -> dict[str, dict[str, float]]:
    found, problems = gathered(platform.catalog, instance)
    assert problems == []
    return {name: {key.path[1]: value for key, value in its.items()} for name, its in found.items()}


def test_of_what_was_never_built_it_is_known_that_it_is_missing(platform: Platform) -> None:
    found = values(platform, platform.instance)
    assert found[ROWS] == found[SIZE] == found[REJECTED] == found[NEWEST] == {}
    days = {"raw_items": 3, "new_items": 3, "price_list": 1, "totals": 1, "raw_sales": 3, "sales": 3}
    assert found[DUE] == found[MISSING_DAYS] == days
    assert found[FAILED] == dict.fromkeys(TABLES, 0)


def test_of_what_was_built_rows_bytes_and_the_newest_day_are_told(platform: Platform) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=ALL)
    found = values(platform)
    assert found[ROWS] == {name: len(platform.rows(f"shelf/{name}")) for name in TABLES}
    assert found[REJECTED] == {"raw_items": 0, "raw_sales": 1}
    folders = {name: platform.folder(f"shelf/{name}") / "runs" for name in TABLES}
    assert found[SIZE] == {
        name: sum(path.stat().st_size for path in folder.rglob("*.parquet")) for name, folder in folders.items()
    }
    assert found[NEWEST] == dict.fromkeys(TABLES - {"price_list", "totals"}, NEWEST_DAY)
    assert found[DUE] == found[MISSING_DAYS] == dict.fromkeys(TABLES, 0)
    assert found[FAILED] == {}


def test_a_day_begins_by_utc_wherever_the_command_runs(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select="key:shelf/raw_sales")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = values(platform)
    time.tzset()
    assert found[NEWEST] == {"raw_sales": NEWEST_DAY}


def test_of_days_without_a_row_and_of_tables_without_a_file_it_is_told_that_they_are_empty(
    engine: Engine, tmp_path: Path
) -> None:
    platform = shelf_at(tmp_path)
    for feed in ("items", "shelf_sales"):
        (tmp_path / "landing" / feed).mkdir()
    platform.materialise("2026-01-01", select=ALL)
    found = values(platform)
    assert found[ROWS] == dict.fromkeys(TABLES, 0) | {"totals": 1}
    assert found[REJECTED] == {"raw_items": 0, "raw_sales": 0}
    key = dg.AssetKey(["shelf", "raw_sales"])
    table = platform.catalog.tables[key]
    (delta := table.delta()) and delta.delete()
    assert contents_of(table, open_delta(table.url)) == Contents({}, 0, 0)


def test_days_with_other_code_are_not_due(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select="key:shelf/raw_sales")
    monkeypatch.setitem(vars(platform.catalog[dg.AssetKey(["shelf", "raw_sales"])]), "code", "another")
    assert values(platform)[DUE]["raw_sales"] == 0


def test_days_that_are_due_again_are_not_missing(platform: Platform) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=ALL)
    sold(platform, 2, 1, 1, 1)
    sold(platform, 4, 1)
    found = values(platform)
    assert (found[DUE]["raw_sales"], found[MISSING_DAYS]["raw_sales"]) == (2, 1)


def test_days_whose_last_run_failed_are_counted_until_they_are_built(platform: Platform) -> None:
    bad = "item,sold_at\n" + "four,2026-01-02T10:00:00Z\n" * 20
    file = platform.deliver("shelf_sales", "2026-01-02", "more.csv", bad)
    platform.materialise("2026-01-01", "2026-01-03", select="key:shelf/raw_sales", check=False)
    assert values(platform, platform.instance)[FAILED] == dict.fromkeys(TABLES, 0) | {"raw_sales": 3}
    file.unlink()
    platform.materialise("2026-01-01", "2026-01-02", select="key:shelf/raw_sales")
    assert values(platform, platform.instance)[FAILED]["raw_sales"] == 1


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELED])
def test_what_a_run_is_at_work_on_or_somebody_has_stopped_has_not_failed(
    tmp_path: Path, status: dg.DagsterRunStatus
) -> None:
    platform = shelf_at(tmp_path)
    platform.instance.create_run_for_job(
        platform.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset(dg.AssetKey(["shelf", name]) for name in TABLES),
        tags={START: "2026-01-01", END: "2026-01-02"},
        status=status,
    )
    key, days = dg.AssetKey(["shelf", "sales"]), ["2026-01-01", "2026-01-02"]
    known = platform.instance.get_status_by_partition(key, days, shelf.days(platform.settings)) or {}
    assert {one and one.value for one in known.values()} == {
        "IN_PROGRESS" if status == dg.DagsterRunStatus.STARTED else None
    }
    assert gathered(platform.catalog, platform.instance)[0][FAILED] == dict.fromkeys(platform.catalog.declared, 0)


def test_a_table_without_days_has_failed_until_it_is_built(platform: Platform) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=ALL)
    (file, *_) = (platform.folder("shelf/new_items") / "runs").rglob("*.parquet")
    file.rename(platform.root / "away")
    platform.materialise("2026-01-01", select="key:shelf/price_list", check=False)
    failed = values(platform, platform.instance)[FAILED]
    assert (failed["price_list"], failed["totals"]) == (1, 0)
    (platform.root / "away").rename(file)
    platform.materialise("2026-01-01", select="key:shelf/price_list")
    assert values(platform, platform.instance)[FAILED]["price_list"] == 0


def test_a_table_without_days_that_was_built_by_a_run_that_failed_elsewhere_has_not_failed(platform: Platform) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=ALL)
    platform.deliver("shelf_sales", "2026-01-02", "more.csv", "item,sold_at\n" + "four,2026-01-02T10:00:00Z\n" * 20)
    both = "key:shelf/price_list or key:shelf/raw_sales"
    assert not platform.materialise("2026-01-02", select=both, check=False).success
    failed = values(platform, platform.instance)[FAILED]
    assert (failed["price_list"], failed["raw_sales"]) == (0, 1)


def test_a_damaged_table_keeps_the_others_from_nothing_and_is_told_once(platform: Platform, tmp_path: Path) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=ALL)
    shutil.copytree(platform.root / "lake", tmp_path / "copy" / "lake")  # of the first one it is known that it is whole
    copy = shelf_at(tmp_path / "copy", landing=platform.settings.landing)
    (newest := max((copy.folder("shelf/new_items") / "_delta_log").glob("*.json"))).write_bytes(b"")
    found, (problem,) = gathered(copy.catalog, None)
    assert newest.name in problem
    assert {key.path[1] for key in found[ROWS]} == TABLES - {"new_items"}
    assert found[DUE] == {}


def test_the_text_is_what_prometheus_reads() -> None:
    key = dg.AssetKey(["shop", "sales"])
    some: Values = {ROWS: {key: 12.0}, NEWEST: {key: NEWEST_DAY}, FAILED: {}}
    families = {family.name: family for family in text_string_to_metric_families(exposition(some))}
    assert families.keys() == {ROWS, NEWEST}
    (sample,) = families[NEWEST].samples
    assert (sample.labels, sample.value) == ({"domain": "shop", "table": "sales"}, NEWEST_DAY)
    odd: Values = {ROWS: {dg.AssetKey(['a "b"', "c\\d\n"]): 1.0}}
    (family,) = text_string_to_metric_families(exposition(odd))
    assert family.samples[0].labels == {"domain": 'a "b"', "table": "c\\d\n"}
    assert (families[ROWS].type, families[ROWS].documentation) == ("gauge", "Rows that are published.")
