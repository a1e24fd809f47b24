"""`dagster asset materialize` as users type it: one day, a range, and days that must not be published."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

from platform_assets_tests.support.processes.sites import DAYS, MATERIALIZE, ROOT, TABLES, Site, events

WEB = (*MATERIALIZE, "--select", "group:web")
FOUR = (*MATERIALIZE, "--select", ",".join(TABLES))


def verdicts(instance: dg.DagsterInstance, check: str) -> list[tuple[bool, str | None]]:
    """The recorded results of a check of the raw table, newest first: whether it passed, and what it said."""
    key = dg.AssetCheckKey(dg.AssetKey(["web", "raw_events"]), check)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    found = [record.event.dagster_event.event_specific_data for record in history if record.event]
    return [(each.passed, each.description) for each in found if isinstance(each, dg.AssetCheckEvaluation)]


def test_a_range_then_a_day_then_a_day_whose_delivery_is_refused(site: Site) -> None:
    for n, day in enumerate(DAYS):
        site.deliver("web_events", day, "events.jsonl", events(day, f"a{n}", f"b{n}"))
    done = site.dagster(*WEB, "--partition-range", f"{DAYS[0]}...{DAYS[-1]}")
    assert done.returncode == 0, done.stdout
    assert "web/raw_events: published 6 rows as version 1" in done.stdout
    expected = sorted((day, f"{letter}{n}") for n, day in enumerate(DAYS) for letter in "ab")
    assert site.event_ids("web/user_web_hits") == expected
    assert [site.version(table) for table in TABLES] == [1, 1, 1, 1]

    site.deliver("web_events", DAYS[1], "more.jsonl.gz", events(DAYS[1], "late"))
    done = site.dagster(*FOUR, "--partition", DAYS[1])
    assert done.returncode == 0, done.stdout
    assert site.event_ids("web/user_web_hits") == sorted([*expected, (DAYS[1], "late")])
    assert [site.version(table) for table in TABLES] == [2, 2, 2, 2]

    before = {table: site.rows(table) for table in TABLES}
    site.deliver("web_events", DAYS[2], "broken.jsonl", ["{"] * 20)
    done = site.dagster(*FOUR, "--partition", DAYS[2])
    assert done.returncode != 0
    assert "web/raw_events was not published, what was there before still is. Broken rules:" in done.stdout
    assert "  - reject_limit: 20 of 22 rows rejected (malformed 20)" in done.stdout
    # Once more after all that Dagster prints, so that nobody has to look for it.
    *_, last = done.stdout.partition("\nERROR: ")
    assert last.startswith("web/raw_events was not published, what was there before still is. Broken rules:")
    assert "Stack Trace" not in last
    assert {table: site.rows(table) for table in TABLES} == before
    assert [site.version(table) for table in TABLES] == [2, 2, 2, 2]
    with site.instance_on_disk() as instance:
        assert [passed for passed, _ in verdicts(instance, "reject_limit")] == [False, True, True]
        assert [passed for passed, _ in verdicts(instance, "every_line_kept")] == [True, True, True]
        (newest, *_) = verdicts(instance, "reject_limit")
        assert "malformed 20" in str(newest[1])
        key, days = dg.AssetKey(["web", "raw_events"]), dg.DailyPartitionsDefinition(DAYS[0])
        status = instance.get_status_by_partition(key, list(DAYS), days) or {}
        assert [status[day].name for day in DAYS if status[day]] == ["MATERIALIZED", "MATERIALIZED", "FAILED"]


def test_the_workspace_is_valid_for_dagster_and_for_dg(site: Site) -> None:
    done = site.dagster("definitions", "validate", "-w", "workspace.yaml")
    assert done.returncode == 0, done.stdout
    assert "All code locations passed validation" in done.stdout
    dg_command = Path(sys.executable).with_name("dg")
    checked = subprocess.run(
        [dg_command, "check", "defs"], cwd=ROOT, env=site.environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "All definitions loaded successfully" in checked.stdout + checked.stderr
