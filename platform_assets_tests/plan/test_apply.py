"""Applying the plan: which runs it takes, what is refused, what waits, and what is left as it is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets import CSV, Contract, Domain, Feed, Field, RawContract, T, raw_table, source, table
from platform_assets.assets.publication import DUE_ONLY
from platform_assets.assets.runs import of_this_process
from platform_assets.domains.listening.domain import listening
from platform_assets.domains.web.domain import web
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.table import Table
from platform_assets.landing.delivery_checks import ALLOW_EMPTIED
from platform_assets.plan.apply import Outcome, Progress, apply, in_process
from platform_assets.plan.runs import Run, next_run
from platform_assets.registry import FoundDomain
from platform_assets.transforms.times import utc_instant
from platform_assets_tests.support.due import applied, built, due_of, reasons
from platform_assets_tests.support.platforms import END, START, Platform
from platform_assets_tests.support.processes.sites import events

DAYS = [f"2026-01-{day:02}" for day in range(1, 10)]
BAD = ["{"] * 20
REST = (
    *("aggregated_web_page_stats", "aggregated_web_stats", "aggregated_web_stats_csv", "open_sessions", "sessions"),
    *("user_web_hits", "user_web_hits_csv", "web_events_files"),
)


@pytest.fixture
def week(platform: Platform) -> Platform:
    """A platform to which three days were delivered."""
    for n, day in enumerate(DAYS[:3]):
        platform.deliver("web_events", day, "a.jsonl", events(day, f"a{n}", f"b{n}"))
    return platform


def play(day: str, user: str, minute: int) -> str:
    """A play at noon, of a session of its own."""
    return f"{user}\t{day}T12:{minute:02}:00Z\t\tArtist\t\tSong {minute}\n"


def test_an_empty_lake_takes_one_run_for_deliveries_and_one_for_the_rest(week: Platform) -> None:
    outcomes, _ = applied(week)
    assert built(outcomes) == [("1-3", "raw_events"), ("1-3", *REST)]
    assert reasons(week) == {}
    assert applied(week)[0] == []


def test_late_events_take_runs_over_their_days_alone(week: Platform) -> None:
    applied(week)
    week.deliver("web_events", DAYS[2], "late.jsonl", events(DAYS[0], "late"))
    outcomes, _ = applied(week)
    assert built(outcomes) == [
        ("3", "raw_events"),
        ("1", "user_web_hits"),
        ("3", "web_events_files"),
        ("1", "aggregated_web_page_stats", "aggregated_web_stats", "open_sessions", "user_web_hits_csv"),
        ("1", "aggregated_web_stats_csv", "sessions"),
    ]


def test_a_copy_of_an_event_changes_no_table_after_the_hits(week: Platform) -> None:
    applied(week)
    week.deliver("web_events", DAYS[1], "b.jsonl", events(DAYS[1], "a1"))
    outcomes, _ = applied(week)
    assert built(outcomes) == [("2", "raw_events"), ("2", "user_web_hits", "web_events_files")]


def test_a_bad_delivery_holds_back_what_is_made_from_it_and_nothing_else(week: Platform) -> None:
    week.deliver("web_events", DAYS[1], "bad.jsonl", BAD)
    _, progress = applied(week)
    left = due_of(week)
    assert {key.path[1]: sorted(day.day for day in days) for key, days in left.days.items() if days} == {
        "raw_events": [2],
        **{table: [2] for table in REST},
        **{table: [2, 3] for table in ("open_sessions", "sessions")},
    }
    waits = {(wait.key.path[1], wait.day.day): wait.why for wait in progress.waits(left)}
    assert "reject_limit" in waits["raw_events", 2]
    assert waits["user_web_hits", 2] == "web/raw_events of 2026-01-02 waits"
    assert waits["open_sessions", 3] == "web/open_sessions of 2026-01-02 waits"
    assert week.event_ids_of("web/user_web_hits") == ["a0", "a2", "b0", "b2"]

    (week.root / "landing" / "web_events" / DAYS[1] / "bad.jsonl").unlink()
    applied(week)
    assert reasons(week) == {}
    assert week.event_ids_of("web/user_web_hits") == [
        "a0",
        "a1",
        "a2",
        "b0",
        "b1",
        "b2",
    ]


def test_of_many_days_few_runs_find_the_one_that_is_bad(platform: Platform) -> None:
    for n, day in enumerate(DAYS):
        platform.deliver("web_events", day, "a.jsonl", BAD if n == 4 else events(day, f"a{n}"))
    outcomes, progress = applied(platform)
    raw = [one.run for one in outcomes if web.key("raw_events") in one.run.keys]
    assert [(run.first.day, run.last.day) for run in raw] == [(1, 9), (1, 5), (1, 3), (4, 5), (4, 4), (5, 5), (6, 9)]
    assert list(progress.refused) == [(web.key("raw_events"), date(2026, 1, 5))]
    assert len(platform.event_ids_of("web/user_web_hits")) == 8


def test_days_are_emptied_only_when_that_is_allowed(week: Platform) -> None:
    applied(week)
    (week.root / "landing" / "web_events" / DAYS[1] / "a.jsonl").unlink()
    outcomes, progress = applied(week)
    assert outcomes == []
    (first, *_) = progress.waits(due_of(week))
    assert (first.key, first.day) == (web.key("raw_events"), date(2026, 1, 2))
    assert first.why == "its files are gone from landing: bring them back, or allow it by --allow-emptied"
    applied(week, allow_emptied=True)
    assert reasons(week) == {}
    assert week.event_ids_of("web/user_web_hits") == ["a0", "a2", "b0", "b2"]


def test_a_list_so_far_that_changes_is_built_on_in_few_runs(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path, listening_top_sessions=1)
    for day in DAYS:
        platform.deliver("plays", day, "a.tsv", play(day, "ann", 1) + play(day, "ann", 2))
    applied(platform, "listening")
    # The longest session of all is on the first day: the list of each day after it changes.
    platform.deliver("plays", DAYS[8], "late.tsv", "".join(play(DAYS[0], "bob", n) for n in range(5)))
    outcomes, _ = applied(platform, "listening")
    lists = [one.run for one in outcomes if listening.key("top_sessions") in one.run.keys]
    assert [(run.first.day, run.last.day) for run in lists] == [(1, 1), (2, 3), (4, 7), (8, 9)]
    assert {row["user_id"] for row in platform.rows("listening/top_sessions")} == {"bob"}


def test_a_run_publishes_only_the_days_that_come_out_otherwise(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    for day in DAYS:
        platform.deliver("plays", day, "a.tsv", play(day, "ann", 1))
    applied(platform, "listening")
    before = platform.catalog.tables[listening.key("open_sessions")].known().made
    night = "bob\t2026-01-01T23:59:00Z\t\tA\t\tS\n"
    platform.deliver("plays", DAYS[1], "late.tsv", night)
    applied(platform, "listening")
    after = platform.catalog.tables[listening.key("open_sessions")].known().made
    built_again = [
        day.day for day, made in after.items() if made and made.attempt != getattr(before[day], "attempt", "")
    ]
    assert sorted(built_again) == [1, 2]


def test_an_asset_that_is_refused_again_and_again_is_let_be(platform: Platform) -> None:
    platform.deliver("web_events", "2026-01-30", "a.jsonl", events("2026-01-30", "a"))
    tried = []

    def refuse(run: Run) -> Outcome:
        tried.append(run)
        return Outcome(run, (), dict.fromkeys(run.keys, "the disk is full"))

    progress = Progress()
    list(apply(lambda: due_of(platform), refuse, progress))
    assert [run.keys for run in tried] == [(web.key("raw_events"),)] * 20 + [run.keys for run in tried[20:]]
    assert web.key("raw_events") not in {key for run in tried[20:] for key in run.keys}
    (*_, last) = [wait for wait in progress.waits(due_of(platform)) if wait.key == web.key("raw_events")]
    assert last.why == "20 runs in a row were refused, the last because of this: the disk is full"


def test_what_is_refused_for_no_days_sake_is_not_cut_in_two(week: Platform) -> None:
    progress = Progress()
    tried = []

    def refuse(run: Run) -> Outcome:
        tried.append(run)
        return Outcome(run, (), dict.fromkeys(run.keys, "a column is missing"), whole=run.keys)

    list(apply(lambda: due_of(week), refuse, progress))
    assert [(run.first.day, run.last.day) for run in tried][:1] == [(1, 3)]
    assert [run for run in tried if web.key("raw_events") in run.keys] == tried[:1]


def test_a_day_that_is_due_again_whatever_is_built_is_let_be(week: Platform) -> None:
    """As if something else delivered files all the time."""
    progress = Progress()

    def builds_nothing(run: Run) -> Outcome:
        return Outcome(run, run.keys, {})

    runs = list(apply(lambda: due_of(week), builds_nothing, progress))
    assert len(runs) == 20
    assert {why.split(":")[0] for why in progress.refused.values()} == {
        "it was built 20 times, and was due each time again"
    }


def test_nothing_that_is_refused_is_tried_again(week: Platform) -> None:
    progress = Progress()
    tried = []

    def refuse(run: Run) -> Outcome:
        tried.append(run)
        return Outcome(run, (), dict.fromkeys(run.keys, "no"))

    list(apply(lambda: due_of(week), refuse, progress))
    assert len(tried) == len(set(tried))
    assert next_run(due_of(week), progress.rules) is None


def test_a_contract_that_changes_is_built_anew_only_when_asked_for(week: Platform) -> None:
    applied(week)
    definition = week.catalog[web.key("user_web_hits")]
    known = definition.code
    vars(definition)["code"] = "another"
    try:
        changed = Platform(week.root)
        assert applied(changed)[0] == []
        outcomes, _ = applied(changed, rebuild=True)
        assert built(outcomes) == [("1-3", "user_web_hits")]
        assert applied(changed, rebuild=True)[0] == []
    finally:
        vars(definition)["code"] = known


def test_readers_of_days_that_a_blocked_delivery_once_touched_are_built(week: Platform) -> None:
    week.deliver("web_events", DAYS[2], "late.jsonl", events(DAYS[0], "late"))
    applied(week)
    # The delivery that has touched the first day is gone now, which is not allowed; another one touches that day again.
    shutil.rmtree(week.root / "landing" / "web_events" / DAYS[2])
    week.deliver("web_events", DAYS[1], "more.jsonl", events(DAYS[0], "more"))
    applied(week)
    left = due_of(week)
    assert {key.path[1] for key, days in left.days.items() if any(day.day == 1 for day in days)} == set()
    assert [row["day"].day for row in week.rows("web/user_web_hits") if row["event_id"] == "more"] == [1]
    assert sum(row["activity_count"] for row in week.rows("web/aggregated_web_stats") if row["day"].day == 1) == 4


def test_warnings_of_deliveries_are_told(week: Platform) -> None:
    week.deliver("web_events", DAYS[1], "notes.txt", "no data")
    outcomes, _ = applied(week)
    (key, check, said), *more = [warning for one in outcomes for warning in one.warnings]
    assert (key, check, more) == (web.key("raw_events"), "no_unknown_files", [])
    assert "2026-01-02/notes.txt" in said


def test_a_later_first_day_leaves_out_deliveries_of_before(engine: Engine, tmp_path: Path) -> None:
    first = Platform(tmp_path)
    first.deliver("web_events", DAYS[0], "a.jsonl", events(DAYS[0], "a") + events(DAYS[1], "early"))
    for n in (1, 2):
        first.deliver("web_events", DAYS[n], "a.jsonl", events(DAYS[n], f"b{n}"))
    applied(first)
    later = Platform(tmp_path, web_start=DAYS[1])
    applied(later)
    assert reasons(later) == {}
    batch = Platform(tmp_path / "batch", web_start=DAYS[1], landing=later.settings.landing)
    batch.materialise(DAYS[1], DAYS[2], select="group:web")
    for name in ("web/user_web_hits", "web/sessions", "web/aggregated_web_stats"):
        days = [row for row in later.rows(name) if str(row["day"]) >= DAYS[1]]
        assert days == batch.rows(name) != [], name
    applied(first)
    assert first.event_ids_of("web/user_web_hits") == ["a", "b1", "b2", "early"]


class Sold(RawContract):
    """Sales as they were delivered."""

    sold_at: T.TimestampType = source("sold_at", required=True, description="When")


shop = Domain("shop", owner="team:shop")


@raw_table(Sold, Feed("sales", (CSV,)), domain=shop, event_time="sold_at")
def raw_sales() -> Mapping[str, Column]:
    """All sales."""
    return {"sold_at": utc_instant(F.col("text.sold_at"))}


class Counted(Contract):
    """Rows of a day."""

    day: T.DateType = Field(description="UTC day")
    rows: T.LongType = Field(le=2, description="How many")


@table(Counted, domain=shop)
def rejected__sales(raw_sales: DataFrame) -> DataFrame:
    """Rejected rows by the day that they name."""
    return raw_sales.where("size(violations) > 0").groupBy("day").agg(F.count("*").alias("rows"))


def selling(root: Path, **settings: Any) -> Platform:
    """A platform of a shop that counts its rejected rows."""
    return Platform(root, domains=[FoundDomain(shop, __name__, (raw_sales, rejected__sales))], **settings)


def sales(*days: str) -> str:
    """A file of sales on these days."""
    return "sold_at\n" + "".join(f"{day}T10:00:00Z\n" for day in days)


def test_a_table_of_rejected_rows_follows_their_files_whatever_day_they_name(engine: Engine, tmp_path: Path) -> None:
    platform = selling(tmp_path)
    platform.deliver("sales", DAYS[0], "a.csv", sales(DAYS[0], DAYS[4]))
    platform.deliver("sales", DAYS[4], "a.csv", sales(DAYS[4]))
    applied(platform, "shop")
    assert [str(row["day"]) for row in platform.rows("shop/rejected__sales")] == [DAYS[4]]
    platform.deliver("sales", DAYS[0], "a.csv", sales(DAYS[0]))
    applied(platform, "shop")
    assert platform.rows("shop/rejected__sales") == []


def test_what_is_refused_of_an_asset_with_any_name_is_told(engine: Engine, tmp_path: Path) -> None:
    platform = selling(tmp_path)
    platform.deliver("sales", DAYS[0], "a.csv", sales(DAYS[0], *[DAYS[4]] * 3))
    platform.deliver("sales", DAYS[4], "a.csv", sales(DAYS[4]))
    _, progress = applied(platform, "shop")
    assert list(progress.refused) == [(shop.key("rejected__sales"), date(2026, 1, 5))]


def test_of_days_that_come_out_as_they_were_a_run_publishes_one(week: Platform) -> None:
    applied(week)
    hits = week.catalog.tables[web.key("user_web_hits")]
    before = known_attempts(hits)
    assert week.materialise(DAYS[0], DAYS[2], tags={DUE_ONLY: "1"}).success
    assert {day.day for day, attempt in known_attempts(hits).items() if attempt != before[day]} == {1}


def known_attempts(table: Table) -> dict[date, str]:
    """Per day the attempt that has published it."""
    return dict(table.known().attempts)


def test_an_asset_that_is_refused_now_and_then_is_not_given_up(engine: Engine, tmp_path: Path) -> None:
    progress = Progress()
    key = web.key("raw_events")
    for n in range(50):
        day = date(2026, 1, 1) + timedelta(days=n)
        run = Run((key,), day, day)
        progress.learn(Outcome(run, (key,), {}) if n % 2 else Outcome(run, (), {key: "refused"}))
    assert progress.rules.given_up == set()


def test_a_transform_without_a_column_is_refused_for_all_its_days_at_once(engine: Engine, tmp_path: Path) -> None:
    class Lacking(Contract):
        """Rows of a day."""

        day: T.DateType = Field(description="UTC day")
        rows: T.LongType = Field(description="How many")

    @table(Lacking, domain=shop)
    def lacking(raw_sales: DataFrame) -> DataFrame:
        """Without the column `rows`."""
        return raw_sales.select("day")

    platform = Platform(tmp_path, domains=[FoundDomain(shop, __name__, (raw_sales, lacking))])
    for day in DAYS[:4]:
        platform.deliver("sales", day, "a.csv", sales(day))
    outcomes, progress = applied(platform, "shop")
    assert [one.run.keys for one in outcomes if one.refused] == [(lacking.key,)]
    assert len(progress.refused) == 4


@pytest.mark.parametrize("allow_emptied", [False, True])
def test_runs_of_apply_say_which_process_they_end_with_and_publish_only_what_is_due(allow_emptied: bool) -> None:
    job = Mock()
    job.execute_in_process.return_value.all_events = []
    job.execute_in_process.return_value.get_asset_check_evaluations.return_value = []
    definitions = Mock(resolve_implicit_global_asset_job_def=Mock(return_value=job))
    execute = in_process(definitions, Mock(), allow_emptied)
    allowed = {ALLOW_EMPTIED: "1"} if allow_emptied else {}
    week = {START: "2026-01-02", END: "2026-01-05"}
    for first, last, span in ((date(2026, 1, 2), date(2026, 1, 5), week), (WHOLE, WHOLE, {})):
        execute(Run((), first, last))
        tags = job.execute_in_process.call_args.kwargs["tags"]
        assert tags == {**span, **allowed, DUE_ONLY: "1", **of_this_process()}
