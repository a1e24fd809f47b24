"""Several runs that publish one table at the same time, and runs that are interrupted while they do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from platform_assets.assets.io_managers import TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.domains.web.raw_events import raw_events
from platform_assets.errors import Outdated, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import commits, log, staging
from platform_assets.lake.tables.reads import DaysRead, PartitionsRead
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.publishers import publish_at_once
from platform_assets_tests.support.lake.visits import (
    files,
    january,
    publish,
    published,
    stage,
    visits_catalog,
    visits_table,
)
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import events

# Run to the days it publishes: the first four fight for the same day, others for none, the last for a whole range.
DAYS = {"a": [1], "b": [1], "c": [1], "d": [1], "e": [2], "f": [3], "g": [4], "h": [3, 4, 5]}


@pytest.fixture
def table(place: str) -> Table:
    """The table `shop/visits`, not published yet, on disk and on S3."""
    return visits_table(place)


@pytest.mark.parametrize("exists", [False, True], ids=["new_table", "published_table"])
def test_of_processes_that_publish_at_once_those_of_different_days_all_succeed_and_of_one_day_the_first(
    engine: Engine, table: Table, exists: bool
) -> None:
    if exists:
        publish(engine, table, "before", range(1, 7), *[(day, "/a", 0, "before") for day in range(1, 7)])
    staged = [
        stage(engine, table, run, days, *[(day, f"/{n}", n, run) for day in days for n in range(3)])
        for run, days in DAYS.items()
    ]
    outcomes = publish_at_once(staged)
    versions = {run: made for run, made in zip(DAYS, outcomes, strict=True) if isinstance(made, int)}
    refused = [str(made) for made in outcomes if not isinstance(made, int)]
    assert all("Another run has published shop/visits for days of 2026-01-0" in said for said in refused)
    won = [day for run in versions for day in DAYS[run]]
    assert sorted(set(won)) == sorted(won), "a day was published over another run's"
    assert {1, 2, 3, 4} <= set(won)
    assert "e" in versions
    history = table.history()
    assert {commit["version"]: commit["dagster_run_id"] for commit in history if "attempt" in commit} == {
        version: run for run, version in versions.items()
    } | ({1: "before"} if exists else {})
    assert sum(commit["operation"] == "CREATE TABLE" for commit in history) == 1
    expected = [(day, f"/{n}", n, run) for run in versions for day in DAYS[run] for n in range(3)]
    if exists:
        expected += [(day, "/a", 0, "before") for day in range(1, 7) if day not in won]
    assert published(table) == sorted(expected)


Write = Callable[..., Any]


def around_the_commit(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
) -> None:
    """Do something right before or right after the next commit of a write, once."""
    write = DeltaTable.create_write_transaction

    def once(self: DeltaTable, *arguments: Any, **words: Any) -> None:
        monkeypatch.setattr(DeltaTable, "create_write_transaction", write)
        before()
        write(self, *arguments, **words)
        after()

    monkeypatch.setattr(DeltaTable, "create_write_transaction", once)


def test_of_two_runs_that_fill_the_same_empty_day_the_second_is_refused(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    second = stage(engine, table, "run-2", [1, 2], (1, "/a", 2, None))
    around_the_commit(monkeypatch, before=lambda: print(table.publish(first)))
    with pytest.raises(Outdated, match=r"Another run has published shop/visits for days of 2026-01-01...2026-01-02"):
        table.publish(second)
    assert published(table) == [(1, "/a", 1, None)]


def test_two_runs_of_different_days_that_come_in_each_others_way_both_publish(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    second = stage(engine, table, "run-2", [2], (2, "/a", 2, None))
    around_the_commit(monkeypatch, before=lambda: print(table.publish(first)))
    assert table.publish(second) == 2
    assert published(table) == [(1, "/a", 1, None), (2, "/a", 2, None)]


def test_a_day_that_was_published_or_restored_since_a_run_staged_its_own_is_not_replaced(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, "run-1", [1, 2], (1, "/a", 1, None))
    publish(engine, table, "run-2", [1], (1, "/a", 2, None))
    staged = stage(engine, table, "run-3", [1], (1, "/a", 3, None))
    other_day = stage(engine, table, "run-4", [2], (2, "/a", 4, None))
    table.restore(1)
    with pytest.raises(Outdated, match="Another run has published shop/visits"):
        table.publish(staged)
    table.publish(other_day)
    assert published(table) == [(1, "/a", 1, None), (2, "/a", 4, None)]


@dataclass(frozen=True)
class Told:
    """A source that says what it is told to."""

    changed_by: str

    def changed(self) -> str:
        """What is no longer as it was read."""
        return self.changed_by


def test_a_run_whose_source_has_changed_publishes_nothing(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    sources = [Told(""), Told("plays/2026-01-01 has one file more.")]
    staged = replace(stage(engine, table, "run-2", [1], (1, "/a", 2, None)), sources=tuple(sources))
    with pytest.raises(Outdated, match=r"^plays/2026-01-01 has one file more\. shop/visits was not published"):
        table.publish(staged)
    assert published(table) == [(1, "/a", 1, None)]
    table.publish(replace(staged, sources=(Told(""),)))
    assert published(table) == [(1, "/a", 2, None)]


def test_days_that_were_read_have_changed_when_their_files_have_and_not_when_those_of_others_have(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, "run-1", [1, 2, 3], (1, "/a", 1, None), (2, "/a", 2, None))
    _, read = table.read(engine, january(1), january(2))
    publish(engine, table, "run-2", [3], (3, "/a", 2, None))
    publish(engine, table, "run-3", [4], (4, "/a", 2, None))
    assert read.changed() == ""
    publish(engine, table, "run-4", [2], (2, "/a", 2, None))
    assert read.changed() == "shop/visits has changed in 2026-01-01...2026-01-02 since this run has read it."
    _, again = table.read(engine, january(2), january(2))
    assert again.changed() == ""
    storage.remove(table.url)
    assert again.changed() == "shop/visits has changed in 2026-01-02 since this run has read it."


def test_a_restore_loses_to_a_publication_that_came_first_and_is_made_again(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    publish(engine, table, "run-2", [1], (1, "/b", 2, None))
    staged = stage(engine, table, "run-3", [2], (2, "/a", 3, None))
    restore = DeltaTable.restore

    def publish_first(self: DeltaTable, *arguments: Any, **words: Any) -> Any:
        monkeypatch.setattr(DeltaTable, "restore", restore)
        table.publish(staged)
        return restore(self, *arguments, **words)

    monkeypatch.setattr(DeltaTable, "restore", publish_first)
    assert table.restore(1) == 4
    assert published(table) == [(1, "/a", 1, None)]


def test_a_commit_that_stands_although_its_call_failed_counts(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DeltaError("no checkpoint could be written")

    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    around_the_commit(monkeypatch, after=fail)
    assert table.publish(staged) == 1
    assert published(table) == [(1, "/a", 1, None)]


def test_a_run_that_others_always_overtake_says_so(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(self: DeltaTable, *arguments: Any, **words: Any) -> None:
        raise CommitFailedError("0")

    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    monkeypatch.setattr(commits, "_MOST_CONFLICTS", 2)
    monkeypatch.setattr(DeltaTable, "create_write_transaction", overtaken)
    with pytest.raises(TemporaryError, match=r"Nothing was committed to .*/shop/visits: 2 times in a row"):
        table.publish(staged)
    assert published(table) == []


def test_a_commit_whose_answer_was_lost_counts_however_many_versions_have_come_since(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtake_and_fail() -> None:
        for number in range(3):
            publish(engine, table, f"other-{number}", [1], (1, "/b", number, None))
        raise CommitFailedError("a commit of version 1 is there already")

    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    around_the_commit(monkeypatch, after=overtake_and_fail)
    hand_over(staged)
    assert published(table) == [(1, "/b", 2, None)]
    assert [commit["dagster_run_id"] for commit in table.history()[:4]] == ["other-2", "other-1", "other-0", "run-1"]
    assert published(table, version=1) == [(1, "/a", 1, None)]


def test_a_publication_of_files_that_are_gone_fails_before_it_commits(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    staged = stage(engine, table, "run-2", [1], (1, "/a", 2, None))
    storage.remove(storage.join(table.url, staged.files[0].path))
    with pytest.raises(TemporaryError, match=r"1 of 1 files that this run has written for shop/visits are gone, such"):
        table.publish(staged)
    assert published(table) == [(1, "/a", 1, None)]


def hand_over(staged: Staged) -> None:
    """Give staged rows to the IO manager as a step does."""
    manager = TableIOManager(visits_catalog(staged.table), EngineResource())
    manager.handle_output(dg.build_output_context(asset_key=dg.AssetKey(["shop", "visits"])), staged)


def test_what_cannot_be_published_is_removed(engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("the disk is gone")

    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    before = files(table)
    staged = stage(engine, table, "run-2", [1], (1, "/a", 2, None))
    around_the_commit(monkeypatch, before=fail)
    with pytest.raises(dg.Failure, match="the disk is gone"):
        hand_over(staged)
    assert files(table) == before
    assert published(table) == [(1, "/a", 1, None)]


def test_what_a_store_that_is_away_cannot_say_is_no_reason_to_remove_anything(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(table: Table) -> None:
        raise OSError("the store is away")

    def lose_the_answer() -> None:
        monkeypatch.setattr(Table, "delta", away)
        raise OSError("the answer was lost")

    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    around_the_commit(monkeypatch, after=lose_the_answer)
    with pytest.raises(dg.Failure, match="the answer was lost"):
        hand_over(staged)
    monkeypatch.undo()
    assert published(table) == [(1, "/a", 1, None)]


def test_a_run_interrupted_right_after_its_commit_keeps_what_readers_see_already(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    around_the_commit(monkeypatch, after=interrupt)
    with pytest.raises(KeyboardInterrupt):
        hand_over(staged)
    assert published(table) == [(1, "/a", 1, None)]
    rows, _ = table.read(engine, january(1), january(1))
    assert rows.count() == 1


def test_only_what_was_published_in_the_partitions_that_a_run_has_read_outdates_it(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, "run-1", [1, 2], (1, "/a", 1, None))
    read, _ = PartitionsRead.of(table, [january(1)])
    publish(engine, table, "run-2", [2], (2, "/a", 1, None))
    assert read.changed() == ""
    publish(engine, table, "run-3", [1], (1, "/b", 1, None))
    assert read.changed() == "shop/visits has changed in 2026-01-01 since it was read."


def test_a_delivery_without_good_rows_outdates_no_reader(platform: Platform) -> None:
    raw = raw_events.table(platform.settings)
    platform.deliver("web_events", "2026-01-05", "a.jsonl", events("2026-01-05", "x"))
    platform.materialise("2026-01-05", select="web/raw_events")
    read = DaysRead.of(raw, raw.delta(), january(5), january(5))
    platform.deliver("web_events", "2026-01-06", "bad.jsonl", ["{broken"])
    platform.materialise("2026-01-06", select="web/raw_events")
    assert read.changed() == ""


def test_a_commit_is_found_though_later_ones_were_cleaned_away(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    publish(engine, table, "run-2", [2], (2, "/a", 1, None))
    commit = log.read_commit(table.url, 1)
    assert commit
    storage.remove(log.commit_file(table.url, 2))
    assert commits.version_made_by(commit.info[commits.ATTEMPT], table.url, -1, 2) == 1


def test_an_interrupted_run_leaves_nothing_of_what_it_staged(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(staging, "_staged_files", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    assert files(table) == []
