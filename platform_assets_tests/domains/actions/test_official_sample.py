"""The official sample of actions, value by value, and every table against plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.actions import documents, oracle
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.settings import tables_of

TABLES = tables_of("actions")

# The file comes on the day after its last actions.
DAYS = [date(2016, 7, 26) + timedelta(days=n) for n in range(4)]
START, LAST_ACTIONS, DELIVERY = DAYS[0], DAYS[2], DAYS[3]
TOP = [
    (185, "26 20:10"),
    *((184, f"27 {at}") for at in ("00:00", "07:40", "08:20", "15:00", "20:50")),
    *((182, f"27 {at}") for at in ("06:50", "13:20", "14:30")),
    (180, "27 05:40"),
]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run(
    engine: Engine, official: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """The sample, in one run over all days."""
    platform = Platform(tmp_path_factory.mktemp("official"), actions_start=START)
    sample = (official / "actions" / "events.csv").read_bytes()
    platform.deliver("actions", DELIVERY.isoformat(), "events.csv", sample)
    return platform, platform.materialise(START.isoformat(), DELIVERY.isoformat(), select="group:actions")


@pytest.fixture(scope="module")
def tables(run: tuple[Platform, dg.ExecuteInProcessResult]) -> Rows:
    """The rows of each table, by its name."""
    return {name: run[0].rows(f"actions/{name}") for name in TABLES}


@pytest.fixture(scope="module")
def expected(official: Path) -> Rows:
    """The rows of each table in plain Python."""
    sample = (official / "actions" / "events.csv").read_bytes()
    raw = oracle.raw_rows(sample, DELIVERY, "events.csv", start=START)
    acts = oracle.actions(raw)
    return oracle.tables(raw, acts, DAYS)


def by_start(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["window_start"])


def test_the_sample_has_100000_actions_half_of_them_opens_and_none_is_rejected(tables: Rows) -> None:
    assert len(tables["raw_actions"]) == 100_000
    assert all((row["violations"], row["raw"], row["extra_fields"]) == ([], None, []) for row in tables["raw_actions"])
    assert Counter(act["action"] for act in tables["actions"]) == {"Open": 50_000, "Close": 50_000}
    assert {act["day"] for act in tables["actions"]} == {START, DAYS[1], LAST_ACTIONS}


def test_the_sample_has_313_windows_from_its_first_action_to_its_last(tables: Rows) -> None:
    windows = by_start(tables["windows"])
    assert len(windows) == 313
    assert windows[0]["window_start"] == datetime(2016, 7, 26, 2, 40, tzinfo=timezone.utc)
    assert windows[-1]["window_start"] == datetime(2016, 7, 28, 6, 40, tzinfo=timezone.utc)
    assert windows[-1]["window_end"] == datetime(2016, 7, 28, 6, 50, tzinfo=timezone.utc)
    assert sum(window["open"] for window in windows) == sum(window["close"] for window in windows) == 50_000


def test_the_first_windows_of_the_sample_are_those_that_are_known(tables: Rows) -> None:
    first, second, *_ = by_start(tables["windows"])
    assert (first["close"], first["open"], first["average_actions"]) == (0, 32, 16.0)
    assert (first["total_actions"], first["opens_per_minute"], first["closes_per_minute"]) == (32, 3.2, 0.0)
    assert (second["close"], second["open"], second["average_actions"]) == (11, 147, 79.0)
    assert (second["total_actions"], second["opens_per_minute"], second["closes_per_minute"]) == (158, 14.7, 1.1)


def test_the_sample_has_3121_minutes_with_actions(tables: Rows) -> None:
    assert len(tables["minutes"]) == 3_121
    assert sum(minute["open"] + minute["close"] for minute in tables["minutes"]) == 100_000


def test_the_summary_of_the_sample_is_the_one_known_and_stays_on_a_day_without_actions(tables: Rows) -> None:
    summary = {row["day"]: row for row in tables["window_summary"]}
    assert sorted(summary) == DAYS
    for day in (LAST_ACTIONS, DELIVERY):
        assert (summary[day]["windows"], summary[day]["total_actions"]) == (313, 100_000)
        assert summary[day]["average_actions_per_window"] == 319.4888178913738


@pytest.mark.parametrize("day", [LAST_ACTIONS, DELIVERY])
def test_the_top_windows_of_the_sample_are_those_that_are_known(tables: Rows, day: date) -> None:
    top = sorted((row for row in tables["top_windows"] if row["day"] == day), key=lambda row: row["rank"])
    assert [row["rank"] for row in top] == list(range(1, 11))
    assert [(row["open"], f"{row['window_start']:%d %H:%M}") for row in top] == TOP


def test_on_its_first_day_the_top_windows_are_of_that_day(tables: Rows) -> None:
    first = [row for row in tables["top_windows"] if row["day"] == START]
    assert len(first) == 10
    assert {row["window_start"].date() for row in first} == {START}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_plain_python_computes(tables: Rows, expected: Rows, name: str) -> None:
    assert oracle.comparable(tables[name]) == oracle.comparable(expected[name])


def test_the_documents_of_the_sample_are_those_of_its_tables(
    run: tuple[Platform, dg.ExecuteInProcessResult], expected: Rows
) -> None:
    folder = Path(run[0].settings.exports) / "actions"
    for name, columns in (("windows", documents.WINDOWS), ("top_windows", documents.TOP_WINDOWS)):
        for day in DAYS:
            written = (folder / f"{name}_csv" / day.isoformat() / f"{name}.csv").read_bytes()
            assert written == documents.text(expected[name], day, columns).encode()


def test_every_check_of_the_run_has_passed_but_that_it_names_days_without_a_delivery(
    run: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    for table in TABLES:
        found = checks(run[1], f"actions/{table}")
        assert found
        warned = ["delivered"] if table == "raw_actions" else []
        assert [check for check, result in found.items() if not result.passed] == warned
