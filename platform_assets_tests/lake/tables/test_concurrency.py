"""Several runs that publish one table at the same time, and runs that are interrupted while they do."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from platform_assets.assets.io_managers import TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.errors import TemporaryError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import commits
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.publishers import publish_at_once
from platform_assets_tests.support.lake.visits import files, january, publish, published, stage, visits_table

# Run to the days it publishes: the first four fight for the same day, others for none, the last for a whole range.
DAYS = {"a": [1], "b": [1], "c": [1], "d": [1], "e": [2], "f": [3], "g": [4], "h": [3, 4, 5]}


@pytest.fixture
def table(place: str) -> Table:
    """The table `shop/visits`, not published yet, on disk and on S3."""
    return visits_table(place)


@pytest.mark.parametrize("exists", [False, True], ids=["new_table", "published_table"])
def test_processes_that_publish_at_once_all_succeed_and_every_day_is_of_one_run(
    engine: Engine, table: Table, exists: bool
) -> None:
    if exists:
        publish(engine, table, "before", range(1, 7), *[(day, "/a", 0, "before") for day in range(1, 7)])
    staged = [
        stage(engine, table, run, days, *[(day, f"/{n}", n, run) for day in days for n in range(3)])
        for run, days in DAYS.items()
    ]
    versions = publish_at_once(staged)
    history = table.history()
    by_version = {commit["version"]: commit.get("dagster_run_id") for commit in history}
    assert [by_version[version] for version in versions] == list(DAYS)
    assert sum(commit["operation"] == "CREATE TABLE" for commit in history) == 1
    assert [by_version[version] for version in sorted(versions)] == [
        commit["dagster_run_id"] for commit in reversed(history) if commit.get("dagster_run_id") in DAYS
    ]
    last = {day: max(versions[n] for n, days in enumerate(DAYS.values()) if day in days) for day in range(1, 6)}
    expected = [(day, f"/{n}", n, by_version[version]) for day, version in last.items() for n in range(3)]
    if exists:
        expected.append((6, "/a", 0, "before"))
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


def test_two_runs_that_fill_the_same_empty_day_leave_the_rows_of_the_last_one(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    second = stage(engine, table, "run-2", [1], (1, "/a", 2, None))
    around_the_commit(monkeypatch, before=lambda: print(table.publish(first)))
    assert table.publish(second) == 2
    assert published(table) == [(1, "/a", 2, None)]
    assert published(table, version=1) == [(1, "/a", 1, None)]


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


def hand_over(staged: Staged) -> None:
    """Give staged rows to the IO manager as a step does."""
    manager = TableIOManager({dg.AssetKey(["shop", "visits"]): staged.table}, EngineResource(), {})
    manager.handle_output(dg.build_output_context(asset_key=dg.AssetKey(["shop", "visits"])), staged)


def test_what_cannot_be_published_is_removed(engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("the disk is gone")

    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    before = files(table)
    staged = stage(engine, table, "run-2", [1], (1, "/a", 2, None))
    around_the_commit(monkeypatch, before=fail)
    with pytest.raises(OSError, match="the disk is gone"):
        hand_over(staged)
    assert files(table) == before
    assert published(table) == [(1, "/a", 1, None)]


def test_a_run_interrupted_right_behind_its_commit_keeps_what_readers_see_already(
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
