"""The commands tables, summary and history, and how quickly the command line answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import TABLES

Cli = Callable[..., Result]
ROOT = Path(__file__).parents[2]


def cells(line: str) -> list[str]:
    """The cells of a piped line: two blanks part them."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def by_table(output: str) -> dict[str, dict[str, str]]:
    """The lines of `tables`, by table and heading."""
    headings, *lines = [cells(line) for line in output.splitlines()]
    return {line[0]: dict(zip(headings, line, strict=True)) for line in lines}


def history_of(platform: Platform, table: str) -> list[dict[str, Any]]:
    """The commits that made a table, newest first."""
    (definition,) = [d for d in tables_of(platform) if d.key == table]
    found: list[dict[str, Any]] = definition.history()
    return found


def tables_of(platform: Platform) -> list[Any]:
    return [definition.table(platform.settings) for definition in TABLES]


def test_tables_tells_of_each_table_what_its_log_knows(cli: Cli, built: Platform) -> None:
    done = cli("tables")
    assert (done.exit_code, done.stderr) == (0, "")
    told = by_table(done.stdout)
    assert list(told) == [table.key for table in tables_of(built)]
    files = [
        path for path in built.folder("web/raw_events").glob("runs/**/*.parquet") if "2026-01-02" not in path.parts[-2]
    ]
    raw = told["web/raw_events"]
    assert (raw["rows"], raw["rejected"], raw["version"]) == ("13", "4", "2")
    assert (raw["days"], raw["first day"], raw["last day"]) == ("3", "2026-01-01", "2026-01-03")
    assert raw["run"] == history_of(built, "web/raw_events")[0]["dagster_run_id"][:8]
    assert int(raw["bytes"]) > sum(path.stat().st_size for path in files)
    hits = told["web/user_web_hits"]
    assert (hits["rows"], hits["rejected"]) == ("9", "-")


def test_the_last_run_is_told_although_somebody_restored_a_version_after_it(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    cli = at(copy)
    before = by_table(cli("tables").stdout)["web/raw_events"]
    assert cli("restore", "raw_events", "0", "--yes").exit_code == 0
    after = by_table(cli("tables").stdout)["web/raw_events"]
    assert (after["run"], after["last run (UTC)"]) == (before["run"], before["last run (UTC)"])
    assert (after["rows"], after["rejected"], after["days"], after["version"]) == ("0", "0", "0", "3")


def test_tables_that_were_never_built_are_shown_as_such(platform: Platform, at: Callable[[Platform], Cli]) -> None:
    told = by_table(at(platform)("tables").stdout)
    assert {line["rows"] for line in told.values()} == {"not built"}


def test_history_tells_days_rows_and_runs_of_every_version(cli: Cli, built: Platform) -> None:
    headings, *lines = [cells(line) for line in cli("history", "web/user_web_hits").stdout.splitlines()]
    assert headings == ["version", "time (UTC)", "operation", "days", "rows", "run"]
    second, first = (commit["dagster_run_id"] for commit in history_of(built, "web/user_web_hits")[:2])
    assert first != second
    assert [[line[0], *line[2:]] for line in lines] == [
        ["2", "WRITE", "2026-01-02", "4", second],
        ["1", "WRITE", "2026-01-01...2026-01-03", "9", first],
        ["0", "CREATE TABLE", "-", "-", "-"],
    ]
    assert len(cli("history", "user_web_hits", "--limit", "1").stdout.splitlines()) == 2


def test_summary_tells_what_was_rejected_and_why(cli: Cli) -> None:
    done = cli("summary")
    assert done.exit_code == 0
    assert "web/raw_events: 4 of 13 delivered rows (30.8%) were rejected." in done.stdout
    lines = [cells(line) for line in done.stdout.splitlines()]
    assert ["missing_url", "2", "2026-01-02", "2026-01-02"] in lines
    assert ["malformed", "2", "2026-01-01", "2026-01-02"] in lines


def test_every_command_that_summary_proposes_works(cli: Cli) -> None:
    proposed = [
        line.split("platform-assets ")[1].split() for line in cli("summary").stdout.splitlines() if "-assets " in line
    ]
    assert [words[0] for words in proposed] == ["show", "show", "export", "history", "rejected", "settings"]
    for words in proposed:
        done = cli(*words)
        assert (words, done.exit_code) == (words, 0)
        assert done.stdout or done.stderr


def test_summary_of_an_empty_lake_says_how_to_fill_it(platform: Platform, at: Callable[[Platform], Cli]) -> None:
    done = at(platform)("summary")
    assert done.exit_code == 0
    assert f"Tables in {platform.root / 'lake'}" in done.stdout
    assert "No table has rows yet. To build them from the sample files: make demo" in done.stdout


def test_a_feed_without_a_bad_row_is_told_too(platform: Platform, at: Callable[[Platform], Cli]) -> None:
    event = {"event_id": "e", "user": {"id": 1}, "action": "a", "url": "x.com", "timestamp": "01/01/2026 00:00:00"}
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [event])
    platform.materialise("2026-01-01", select="web/raw_events")
    assert "web/raw_events: every delivered row is good." in at(platform)("summary").stdout


def python(code: str, platform: Platform, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, as a user's shell would."""
    folders = {f"PLATFORM_{name.upper()}": str(platform.root / name) for name in ("landing", "lake", "exports")}
    environment = os.environ | folders | {"PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_help_needs_none_of_the_heavy_libraries(built: Platform, tmp_path: Path) -> None:
    code = """
import sys
from platform_assets.cli import app
app(["--help"], standalone_mode=False)
print({"dagster", "pyspark", "pandera", "deltalake", "duckdb", "pyarrow"} & set(sys.modules))
"""
    done = python(code, built, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "set()"
    assert "..." not in done.stdout.split("Commands:")[1]


@pytest.mark.parametrize("words", [["tables"], ["show", "web/user_web_hits"], ["rejected", "raw_events"]])
def test_looking_starts_no_engine_and_shows_utc_on_any_machine(
    built: Platform, tmp_path: Path, words: list[str]
) -> None:
    code = f"""
import sys
from platform_assets.cli import app
app({words!r}, standalone_mode=False)
print({{"pysail"}} & set(sys.modules))
"""
    done = python(code, built, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "set()"
    assert "…" not in done.stdout
    if words[0] == "show":
        assert "2026-01-03T10:15:10Z" in done.stdout
