"""A week of telemetry as it is delivered, through all tables: what they hold, what they warn of, what they grow by."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import pytest

from platform_assets.domains.telemetry.samples import write_telemetry
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.tables.published import open_delta
from platform_assets.plan.due import due
from platform_assets_tests.support.days import delivered
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.telemetry.differences import unlike

FIRST = date(2026, 1, 1)
ALL = "group:telemetry"


@pytest.fixture(scope="module")
def days(engine: Engine) -> list[date]:
    """A week; with Spark two days, which take it as long."""
    return [FIRST + timedelta(days=n) for n in range(7 if isinstance(engine, Sail) else 2)]


@pytest.fixture(scope="module")
def week(engine: Engine, days: list[date], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The samples of the days, built day by day, and those days again whose late lines came with the next."""
    platform = Platform(tmp_path_factory.mktemp("telemetry"))
    for day in days:
        folder = platform.root / "landing" / "telemetry" / str(day)
        write_telemetry(folder, day, first_day=FIRST, rows=500, seed=7)
    for day in days if isinstance(engine, Sail) else []:
        platform.materialise(str(day), select=ALL)
    platform.materialise(str(days[0]), str(days[-1]), select=ALL)
    return platform


def columns(platform: Platform) -> list[str]:
    return [field.name for field in open_delta(platform.url("telemetry/truck_hours")).schema().fields]


def test_every_table_is_what_plain_python_makes_of_the_files(week: Platform, days: list[date]) -> None:
    files = delivered(week.root / "landing" / "telemetry", days)
    known = {day: {name: its for name, its in own.items() if not name.endswith(".txt")} for day, own in files.items()}
    assert unlike(week, known, days, first_day=FIRST) == []


def test_nothing_is_due_after_it(week: Platform) -> None:
    keys = [key for key in week.catalog.declared if key.path[0] == "telemetry"]
    assert not any(due(week.catalog, keys).days.values())


def test_a_sensor_has_columns_from_the_day_it_appears_and_null_before(week: Platform) -> None:
    assert {"engine_temperature_mean", "engine_temperature_n", "cargo_temperature_mean"} <= set(columns(week))
    hours = week.rows("telemetry/truck_hours", "day", "cargo_temperature_mean", "cargo_temperature_n")
    seen = {row["day"] for row in hours if row["cargo_temperature_n"]}
    assert min(seen) == date(2026, 1, 2)
    assert all(row["cargo_temperature_mean"] is None for row in hours if row["day"] == FIRST)
    assert "gear_mean" not in columns(week)


def test_the_pages_of_a_run_show_the_columns_that_it_had(week: Platform) -> None:
    result = week.materialise(str(FIRST), select='key:"telemetry/truck_hours"')
    (event,) = result.asset_materializations_for_node("telemetry__truck_hours")
    schema = event.metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    shown = {column.name: column.type for column in schema.columns}
    assert shown["engine_temperature_mean"] == "double"
    assert shown["engine_temperature_n"] == "bigint"
    assert "cargo_temperature_n" not in shown


def test_a_run_over_many_days_keeps_its_columns_in_the_event_of_its_last_day_alone(week: Platform) -> None:
    result = week.materialise(str(FIRST), "2026-01-02", select='key:"telemetry/truck_hours"')
    events = result.asset_materializations_for_node("telemetry__truck_hours")
    assert {event.partition: "dagster/column_schema" in event.metadata for event in events} == {
        "2026-01-01": False,
        "2026-01-02": True,
    }
    assert all(event.metadata["fingerprint"].value for event in events)


def test_checks_say_on_which_day_sensors_appear(week: Platform, days: list[date]) -> None:
    result = week.materialise(str(FIRST), str(days[-1]), select='key:"telemetry/sensors"')
    found = checks(result, "telemetry/sensors")
    assert not found["new_sensors"].passed
    assert "cargo_temperature (2026-01-02)" in str(found["new_sensors"].metadata)
    assert found["sensor_not_null"].passed


def test_single_values_that_are_rejected_are_told_by_name_and_reason(week: Platform, days: list[date]) -> None:
    result = week.materialise(str(days[1]), select='key:"telemetry/raw_readings"')
    found = checks(result, "telemetry/raw_readings")["no_rejected_readings"]
    assert not found.passed
    assert "invalid_value" in str(found.metadata)


def test_a_table_that_goes_back_to_an_older_version_keeps_its_columns(week: Platform) -> None:
    table = week.catalog.tables[dg.AssetKey(["telemetry", "truck_hours"])]
    before, newest = columns(week), week.version("telemetry/truck_hours")
    table.restore(1)
    assert sorted(columns(week)) == sorted(before)
    assert FIRST in {row["day"] for row in week.rows("telemetry/truck_hours", "day")}
    assert newest is not None
    table.restore(newest)
    assert sorted(columns(week)) == sorted(before)
