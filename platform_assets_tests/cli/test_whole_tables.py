"""The command line on tables without days."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from platform_assets_tests.support.engines import SPARK_FOR_MANY_TESTS
from platform_assets_tests.support.platforms import Platform

Cli = Callable[..., Result]
HISTORY = "purchases/history"
HEADER = "PurchaseID,product,user,date\n"


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Two snapshots of two purchases, of which one changes, and another comes."""
    platform = Platform(tmp_path_factory.mktemp("purchases"))
    for day, lines in (("2026-01-01", "1,10,7,2025-12-01\n"), ("2026-01-02", "1,11,7,2025-12-01\n2,10,8,2026-01-02\n")):
        platform.deliver("purchases", day, "a.csv", HEADER + lines)
        platform.materialise(day, select="group:purchases")
    return platform


@pytest.fixture(autouse=True)
def _engine_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_SPARK_CONFIG", json.dumps(SPARK_FOR_MANY_TESTS))


@pytest.fixture
def cli(purchases: Platform, at: Callable[[Platform], Cli]) -> Cli:
    """The command line on these purchases, which the test does not change."""
    return at(purchases)


def words(done: Result) -> list[list[str]]:
    return [line.split() for line in done.stdout.splitlines()]


def test_it_is_listed_without_days(cli: Cli) -> None:
    (line,) = [line for line in words(cli("tables")) if line[0] == HISTORY]
    assert line[1:5] == ["3", "-", "-", "-"]
    assert cli("summary").exit_code == 0


def test_all_its_rows_are_shown_in_the_order_of_its_key(cli: Cli) -> None:
    done = cli("show", HISTORY)
    assert done.exit_code == 0
    assert [(line[0], line[1], line[-1]) for line in words(done)[1:]] == [
        ("1", "10", "false"),
        ("1", "11", "true"),
        ("2", "10", "true"),
    ]
    assert done.stderr == "3 of 3 rows of purchases/history.\n"


@pytest.mark.parametrize("days", [("--day", "2026-01-01"), ("--from", "2026-01-01"), ("--to", "2026-01-02")])
def test_of_days_that_it_has_not_nothing_is_shown_or_exported(cli: Cli, tmp_path: Path, days: tuple[str, str]) -> None:
    for command in (("show", HISTORY), ("export", HISTORY, "-o", str(tmp_path / "x.csv"))):
        done = cli(*command, *days)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "purchases/history has no days: leave --day, --from and --to out." in done.stderr


def test_it_is_exported_whole(cli: Cli, tmp_path: Path) -> None:
    done = cli("export", HISTORY, "-o", str(tmp_path / "history.csv"))
    assert done.exit_code == 0
    assert (tmp_path / "history.csv").read_text().splitlines() == [
        "purchase_id,product,user,date,version,valid_from,valid_until,recorded_from,recorded_until,is_current",
        "1,10,7,2025-12-01,1,2025-12-01,2026-01-02,2026-01-01,2026-01-02,false",
        "1,11,7,2025-12-01,2,2026-01-02,,2026-01-02,,true",
        "2,10,8,2026-01-02,1,2026-01-02,,2026-01-02,,true",
    ]


def test_what_it_was_made_from_is_told_without_a_day(cli: Cli) -> None:
    done = cli("why", HISTORY)
    assert done.exit_code == 0
    assert done.stdout.startswith("purchases/history all rows: nothing is due\n")
    assert "  purchases/changes all days, fingerprint 3." in done.stdout
    day = cli("why", "purchases/changes", "2026-01-02")
    assert "  purchases/changes days until 2026-01-01, fingerprint 1." in day.stdout
    for command, said in (
        (("why", HISTORY, "2026-01-01"), "purchases/history: it has no days, leave the day out."),
        (("why", "purchases/changes"), "purchases/changes: say which day."),
    ):
        wrong = cli(*command)
        assert (wrong.exit_code, said in wrong.stderr) == (2, True)


def test_the_plan_names_no_days_of_it(purchases: Platform, at: Callable[[Platform], Cli], tmp_path: Path) -> None:
    shutil.copytree(purchases.root, tmp_path / "copy")
    other = Platform(tmp_path / "copy")
    other.deliver("purchases", "2026-01-03", "a.csv", f"{HEADER}1,11,7,2025-12-01\n")
    cli = at(other)
    found = json.loads(cli("plan", "--json").stdout)
    due = {one["table"]: one for one in found["due"]}
    assert due[HISTORY] == {"table": HISTORY, "reasons": [{"reason": "upstream", "of": "purchases/changes"}]}
    assert {"tables": [HISTORY]} in found["runs"]
    assert [HISTORY, "all", "rows", "upstream", "purchases/changes"] in words(cli("plan"))
    done = cli("apply", "purchases", "--yes")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "Building all rows: purchases/history" in done.stdout
    assert cli("plan", "--check").exit_code == 0
    versions = words(cli("history", HISTORY))
    assert [line[-3:-1] for line in versions[1:4]] == [["rows", "3"], ["rows", "3"], ["rows", "1"]]

    asked = cli("restore", HISTORY, "1", "--yes")
    assert asked.exit_code == 0
    assert ["all", "rows", "3", "1"] in words(asked)
    assert cli("plan", "--check").exit_code == 1
