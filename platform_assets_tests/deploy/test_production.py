"""The production instance as it is shipped: PostgreSQL, logs on S3, and three processes that may die at any time."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from platform_assets_tests.support.processes.production import BUCKET, CODE, DAEMON, WEB, Production, production
from platform_assets_tests.support.processes.sites import TABLES, events, wait_for

RAW = TABLES[0]
JANUARY = [f"2026-01-{number:02}" for number in range(1, 32)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """A production site, which all tests of this file share: each has days of its own."""
    with production(tmp_path_factory.mktemp("production")) as site:
        yield site


def deliver(running: Production, *days: str) -> None:
    """Land two good events on each day."""
    for day in days:
        running.site.deliver("web_events", day, "events.jsonl", events(day, f"a-{day}", f"b-{day}"))


def published(running: Production, table: str, *days: str) -> list[str]:
    """The event ids that a table has of some days."""
    if running.site.version(table) is None:
        return []
    return [event_id for day, event_id in running.site.event_ids(table) if day in days]


def delivered(*days: str) -> list[str]:
    """The event ids that `deliver` has landed."""
    return [f"{letter}-{day}" for day in days for letter in "ab"]


def answered(ask: Callable[[], Any]) -> Any:
    """What the webserver says; None while its connections to the database are those of before."""
    try:
        return ask()
    except urllib.error.HTTPError:
        return None


def publishers(running: Production, table: str, day: str) -> list[str]:
    """The runs that have published a table's day, the last one first."""
    commits = DeltaTable(str(running.site.folder(table))).history()
    return [commit["dagster_run_id"] for commit in commits if day in str(commit.get("days"))]


def ended(running: Production, *runs: str) -> list[list[dict[str, Any]]] | None:
    """The attempts of runs, None while any of them has not succeeded in the end."""
    attempts = [running.web.attempts(run) for run in runs]
    return attempts if all("SUCCESS" in [attempt["status"] for attempt in each] for each in attempts) else None


def test_every_daemon_that_the_instance_needs_is_healthy(running: Production) -> None:
    wait_for("all daemons are healthy", lambda: all(running.web.daemons().values()))
    assert {"BACKFILL", "MONITORING", "QUEUED_RUN_COORDINATOR", "EVENT_LOG_CONSUMER"} <= set(running.web.daemons())


def test_a_backfill_ends_well_though_the_daemon_is_killed_and_the_site_is_upgraded(running: Production) -> None:
    days = JANUARY[:2]
    deliver(running, *days)
    backfill = running.web.backfill(days)
    running.kill(WEB, DAEMON)
    running.start(WEB, DAEMON)
    (run,) = wait_for("the backfill has launched its run", lambda: running.web.runs_of(backfill))
    wait_for("its run has started", lambda: running.web.status(run) == "STARTED")
    running.kill(WEB, DAEMON)
    assert running.end(CODE) == 0
    assert {table: publishers(running, table, days[0]) for table in TABLES} == {table: [run] for table in TABLES}
    migrated = running.site.dagster("instance", "migrate")
    assert migrated.returncode == 0, migrated.stdout
    running.start(DAEMON)
    waits = f"Backfill {backfill} was unable to continue"
    wait_for("the backfill waits for the code server", lambda: running.has_said(waits), longest=120)
    running.kill(DAEMON)
    running.start(CODE)
    running.start(WEB, DAEMON)
    assert wait_for("the backfill has ended", lambda: running.web.end_of(backfill)) == "COMPLETED_SUCCESS"
    assert running.web.runs_of(backfill) == [run]
    assert published(running, "web/user_web_hits", *days) == delivered(*days)


def test_a_run_with_bad_data_fails_and_is_not_tried_again(running: Production) -> None:
    day = JANUARY[4]
    deliver(running, day)
    running.site.deliver("web_events", day, "broken.jsonl", ["{"] * 20)
    run = running.web.run(day, *TABLES)
    decided = "Not retrying run since it failed due to an asset or op failure"
    wait_for(
        "the daemon has decided",
        lambda: any(decided in said for said in running.web.messages(run)) or len(running.web.attempts(run)) > 1,
    )
    assert [attempt["status"] for attempt in running.web.attempts(run)] == ["FAILURE"]
    assert published(running, RAW, day) == []


def test_a_run_whose_process_is_killed_goes_on_where_it_was_and_ends_well(running: Production) -> None:
    day = JANUARY[6]
    deliver(running, day)
    run = running.web.run(day, *TABLES)
    done = 'Finished execution of step "web__raw_events"'
    wait_for("its first step is done", lambda: any(done in said for said in running.web.messages(run)))
    running.kill_run(run)
    ((first, second),) = wait_for("its retry has ended", lambda: ended(running, run))
    assert (first["runId"], first["status"]) == (run, "FAILURE")
    assert publishers(running, RAW, day) == [run]
    assert publishers(running, TABLES[-1], day) == [second["runId"]]
    assert published(running, "web/user_web_hits", day) == delivered(day)


@pytest.fixture(scope="module")
def queued(running: Production) -> list[dict[str, Any]]:
    """Two runs of one table, launched at once, that have ended well."""
    days = JANUARY[9:11]
    deliver(running, *days)
    runs = [running.web.run(day, RAW) for day in days]
    (one,), (other,) = wait_for("both have ended", lambda: ended(running, *runs))
    assert published(running, RAW, *days) == delivered(*days)
    return [one, other]


def test_runs_of_one_table_wait_for_each_other(queued: list[dict[str, Any]]) -> None:
    first, second = sorted(queued, key=lambda run: float(run["startTime"]))
    assert first["endTime"] <= second["startTime"]


def test_what_a_step_has_written_is_on_s3_and_is_shown(running: Production, queued: list[dict[str, Any]]) -> None:
    run = queued[0]["runId"]
    stored = running.s3.client().list_objects_v2(Bucket=BUCKET, Prefix=f"dagster/storage/{run}/")["Contents"]
    assert {Path(each["Key"]).suffix for each in stored} == {".out", ".err"}
    assert not list((running.site.root / "logs" / run).rglob("*.err"))
    assert "web/raw_events: published 2 rows" in running.web.step_log(run)["stderr"]


def test_a_run_whose_machine_dies_is_given_up_after_its_longest_time_and_tried_again(running: Production) -> None:
    day = JANUARY[18]
    deliver(running, day)
    run = running.web.run(day, RAW, max_runtime="1")
    wait_for("the run has started", lambda: running.web.status(run) == "STARTED")
    running.kill(CODE, WEB, DAEMON)
    running.start(CODE)
    running.start(WEB, DAEMON)
    ((first, *_),) = wait_for("its retry has ended", lambda: ended(running, run))
    assert (first["runId"], first["status"]) == (run, "FAILURE")
    assert published(running, RAW, day) == delivered(day)


def test_a_run_ends_well_though_the_database_is_away_for_seconds(running: Production) -> None:
    day = JANUARY[24]
    deliver(running, day)
    # Should the run die with the database, and nobody be told, it is given up and tried again.
    run = running.web.run(day, *TABLES, max_runtime="60")
    wait_for("the run has started", lambda: running.web.status(run) == "STARTED")
    running.database.kill()
    time.sleep(5)
    running.database.start()
    wait_for("it has ended well, or its retry has", lambda: answered(lambda: ended(running, run)))
    assert published(running, "web/user_web_hits", day) == delivered(day)


def test_a_sensor_that_is_switched_on_builds_what_is_dropped_and_says_what_waits(running: Production) -> None:
    day = JANUARY[29]
    deliver(running, day)
    running.site.deliver("web_events", day, "_SUCCESS", "")
    running.web.switch_on("web_landing")
    wait_for("its events are there", lambda: published(running, "web/user_web_hits", day) == delivered(day))
    wait_for("it has come to rest", lambda: "waits on" in str(running.web.ticks("web_landing")[0]["skipReason"]))
    ticks = running.web.ticks("web_landing")
    assert {tick["status"] for tick in ticks} <= {"SUCCESS", "SKIPPED", "STARTED"}
    assert "nothing was delivered, and it is more than PLATFORM_CATCH_UP_DAYS=31 days ago" in ticks[0]["skipReason"]
