"""The actions domain from the shipped actions of a week to its documents, in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.domains.actions.domain import ActionsSettings, actions
from platform_assets.lake.engines.engine import Engine
from platform_assets.settings import Settings, WrongSettings
from platform_assets_tests.support.actions import documents, oracle
from platform_assets_tests.support.deliveries import DAYS, FIRST_DAY, SHIPPED, shipped
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.settings import tables_of

TABLES = tables_of("actions")

LAST = DAYS[-1]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """The week, in one run."""
    platform = Platform(tmp_path_factory.mktemp("week"), landing=str(SHIPPED))
    return platform, platform.materialise(DAYS[0].isoformat(), LAST.isoformat(), select="group:actions")


@pytest.fixture(scope="module")
def tables(run: tuple[Platform, dg.ExecuteInProcessResult]) -> Rows:
    """The rows of each table, by its name."""
    return {name: run[0].rows(f"actions/{name}") for name in TABLES}


@pytest.fixture(scope="module")
def expected() -> Rows:
    """The rows of each table in plain Python."""
    raw = [
        row
        for day, name, content in shipped("actions", ".csv", ".json", ".jsonl")
        for row in oracle.raw_rows(content, day, name, start=FIRST_DAY)
    ]
    acts = [act for act in oracle.actions(raw) if act["day"] <= LAST]
    return oracle.tables(raw, acts, DAYS)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_plain_python_computes(tables: Rows, expected: Rows, name: str) -> None:
    assert len(tables[name]) >= len(DAYS)
    assert oracle.comparable(tables[name]) == oracle.comparable(expected[name])


def test_every_row_is_kept_and_every_good_one_is_counted_once_in_windows_and_minutes(tables: Rows) -> None:
    raw, acts = tables["raw_actions"], tables["actions"]
    assert len(raw) == 7 * 500
    good = [row for row in raw if not row["violations"]]
    assert len(good) < len(raw)
    assert sum(row["day"] <= LAST for row in good) == len(acts)
    assert sum(window["total_actions"] for window in tables["windows"]) == len(acts)
    for kind, name in (("Open", "open"), ("Close", "close")):
        number = sum(act["action"] == kind for act in acts)
        assert [sum(row[name] for row in tables[table]) for table in ("windows", "minutes")] == [number, number]
    newest = max(tables["window_summary"], key=lambda row: row["day"])
    assert (newest["windows"], newest["total_actions"]) == (len(tables["windows"]), len(acts))


def test_the_checks_of_the_run_say_how_the_totals_agree_and_warn_of_an_odd_file(
    run: tuple[Platform, dg.ExecuteInProcessResult], tables: Rows
) -> None:
    for table in TABLES:
        found = checks(run[1], f"actions/{table}")
        assert found
        unlike = {name: check for name, check in found.items() if not check.passed}
        # A file of the sample is not as it should be, which is said and stops nothing.
        assert list(unlike) == (["no_unknown_files"] if table == "raw_actions" else [])
        for check in unlike.values():
            assert check.severity == dg.AssetCheckSeverity.WARN
            assert "actions-doors.csv.bak" in str(check.description) + str(check.metadata)
    number = len(tables["actions"])
    for name in ("windows", "minutes"):
        assert checks(run[1], f"actions/{name}")["every_action_once"].description == f"actions {number} = {number}"


def test_windows_and_top_windows_are_written_for_each_day_and_as_the_latest(
    run: tuple[Platform, dg.ExecuteInProcessResult], expected: Rows
) -> None:
    folder = Path(run[0].settings.exports) / "actions"
    for name, columns in (("windows", documents.WINDOWS), ("top_windows", documents.TOP_WINDOWS)):
        places = {path.parent.name: path.read_bytes() for path in (folder / f"{name}_csv").glob(f"*/{name}.csv")}
        by_day = {day.isoformat(): documents.text(expected[name], day, columns).encode() for day in DAYS}
        assert places == by_day | {"latest": by_day[LAST.isoformat()]}
        assert all(len(written.splitlines()) > 10 for written in places.values())


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ("7", "a window must not cross midnight: take a number of minutes that divides 1440"),
        ("1439", "a window must not cross midnight: take a number of minutes that divides 1440"),
        ("0", "greater than or equal to 1"),
        ("-10", "greater than or equal to 1"),
        ("2880", "less than or equal to 1440"),
        ("2.5", "valid integer"),
    ],
)
def test_a_window_that_does_not_divide_a_day_is_an_error_when_settings_load(
    variable: Callable[[str, str], None], minutes: str, said: str
) -> None:
    variable("PLATFORM_ACTIONS_WINDOW_MINUTES", minutes)
    with pytest.raises(WrongSettings, match=f"PLATFORM_ACTIONS_WINDOW_MINUTES is set to .*{said}"):
        actions.values(Settings())


@pytest.mark.parametrize("minutes", [1, 10, 480, 1440])
def test_a_window_may_be_any_part_of_a_day(variable: Callable[[str, str], None], minutes: int) -> None:
    variable("PLATFORM_ACTIONS_WINDOW_MINUTES", str(minutes))
    assert Settings().of(actions.name, ActionsSettings).window_minutes == minutes
