"""What maintenance removes, what it must never touch, and going back to a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from deltalake import DeltaTable

from platform_assets.errors import Outdated
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import maintenance, traces
from platform_assets.lake.tables.maintenance import NotRestorable, RunState, Waste
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.ages import age
from platform_assets_tests.support.lake.visits import files, publish, published, stage, visits_table

DAY = timedelta(days=1)
NOTHING = timedelta(0)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """The table `shop/visits`, not published yet."""
    return visits_table(tmp_path)


def run(name: str) -> str:
    """The id of a run, as Dagster gives them."""
    return str(uuid5(NAMESPACE_URL, name))


def unknown(run_id: str) -> RunState:
    """What is known of runs without a Dagster instance."""
    return "unknown"


def always(state: RunState) -> Callable[[str], RunState]:
    """An instance on which every run is in a state."""
    return lambda run_id: state


def clean(table: Table, state: Callable[[str], RunState] = unknown, older_than: timedelta = DAY) -> list[Waste]:
    """Find and remove what runs left."""
    found = maintenance.leftovers(table, state, older_than)
    for waste in found:
        maintenance.remove(waste)
    return found


def vacuum(table: Table, older_than: timedelta) -> Waste | None:
    """Find and remove replaced files."""
    left = maintenance.leftovers(table, unknown, DAY)
    waste = maintenance.replaced_files(table, older_than, left)
    if waste:
        maintenance.remove(waste)
    return waste


def restore(table: Table, version: int) -> int | None:
    """Go back to a version."""
    asked = maintenance.restoration(table, version)
    return asked.carry_out() if asked else None


def test_what_a_killed_run_has_staged_is_removed_and_what_was_published_stays(engine: Engine, table: Table) -> None:
    publish(engine, table, run("good"), [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    before = files(table)
    stage(engine, table, run("killed"), [1], (1, "/b", 9, None))
    age(table, hours=25)
    staged = [path for path in Path(table.url, "runs", run("killed")).rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in staged)
    (waste,) = clean(table)
    assert (waste.run_id, waste.files, waste.size, waste.kept) == (run("killed"), len(staged), size, "")
    assert files(table) == before
    assert not Path(table.url, "runs", run("killed")).exists()
    assert clean(table) == []


def test_the_first_run_of_a_table_may_have_been_killed(engine: Engine, table: Table) -> None:
    stage(engine, table, run("killed"), [1], (1, "/b", 9, None))
    age(table, hours=25)
    assert [waste.run_id for waste in clean(table)] == [run("killed")]
    assert files(table) == []


def test_a_run_that_may_still_be_at_work_is_left_alone(engine: Engine, table: Table) -> None:
    staged = stage(engine, table, run("run"), [1], (1, "/a", 1, None))
    age(table, hours=23)
    (waste,) = clean(table)
    assert waste.kept == "written in the last 24 hours"
    assert table.publish(staged) == 1
    assert published(table) == [(1, "/a", 1, None)]


def test_no_age_is_asked_for_when_nothing_runs(engine: Engine, table: Table) -> None:
    stage(engine, table, run("killed"), [1], (1, "/a", 1, None))
    assert [waste.kept for waste in clean(table, older_than=NOTHING)] == [""]
    assert files(table) == []


def test_a_run_in_progress_is_never_touched_however_old(engine: Engine, table: Table) -> None:
    staged = stage(engine, table, run("slow"), [1], (1, "/a", 1, None))
    age(table, days=9)
    (waste,) = clean(table, always("in progress"), NOTHING)
    assert waste.kept == "the run is in progress"
    assert table.publish(staged) == 1
    assert published(table) == [(1, "/a", 1, None)]


def test_what_a_run_wrote_of_late_stays_though_dagster_calls_it_finished_as_its_process_may_live(
    engine: Engine, table: Table
) -> None:
    staged = stage(engine, table, run("lost"), [1], (1, "/a", 1, None))
    assert [waste.kept for waste in clean(table, always("finished"))] == ["written in the last 24 hours"]
    assert table.publish(staged) == 1
    stage(engine, table, run("failed"), [1], (1, "/b", 1, None))
    age(table, hours=25)
    assert [waste.kept for waste in clean(table, always("finished"))] == [""]
    assert published(table) == [(1, "/a", 1, None)]


@pytest.mark.parametrize("state", ["finished", "unknown"])
def test_no_version_of_a_table_loses_a_row_by_cleaning(engine: Engine, table: Table, state: RunState) -> None:
    publish(engine, table, run("run-1"), [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    publish(engine, table, run("run-2"), [1, 2], (1, "/b", 3, None), (2, "/b", 4, None))
    publish(engine, table, run("run-3"), [2])
    table.restore(1)
    stage(engine, table, run("killed"), [1], (1, "/c", 5, None))
    age(table, days=50)
    before = [published(table, version) for version in range(5)]
    assert [waste.run_id for waste in clean(table, always(state), NOTHING)] == [run("killed")]
    assert [published(table, version) for version in range(5)] == before
    assert before[4] == before[1] == [(1, "/a", 1, None), (2, "/a", 2, None)]


def test_of_a_run_that_tried_twice_only_the_published_attempt_stays(engine: Engine, table: Table) -> None:
    stage(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    killed = files(table)
    publish(engine, table, run("run-1"), [1], (1, "/b", 2, None))
    publish(engine, table, run("run-2"), [1], (1, "/c", 3, None))
    age(table, days=2)
    attempt = Path(table.url, *Path(killed[0]).parts[:3])
    left = [path for path in attempt.rglob("*") if path.is_file()]
    (waste,) = clean(table)
    assert (waste.run_id, waste.files) == (run("run-1"), len(left))
    assert not set(files(table)) & set(killed)
    assert [published(table, version) for version in (1, 2)] == [[(1, "/b", 2, None)], [(1, "/c", 3, None)]]


def test_repaired_lines_that_a_published_run_left_are_removed(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    before = files(table)
    repaired = Path(table.url, "runs", run("run-1"), "_landing", "0", "0.txt")
    repaired.parent.mkdir(parents=True)
    repaired.write_text("{}\n")
    age(table, days=2)
    assert [(waste.files, waste.size) for waste in clean(table)] == [(1, 3)]
    assert files(table) == before


def test_repaired_lines_are_removed_also_where_nothing_else_of_the_run_is_left(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    assert vacuum(table, NOTHING)
    repaired = Path(table.url, "runs", run("run-1"), "_landing", "0", "0.txt")
    repaired.parent.mkdir(parents=True)
    repaired.write_text("{}\n")
    age(table, days=2)
    assert [waste.run_id for waste in clean(table)] == [run("run-1")]
    assert [path.name for path in Path(table.url, "runs").iterdir()] == [run("run-2")]


def test_a_finished_run_that_wrote_nothing_leaves_no_folder(engine: Engine, table: Table) -> None:
    Path(table.url, "runs", run("empty")).mkdir(parents=True)
    assert [waste.kept for waste in clean(table)] == ["written in the last 24 hours"]
    assert [waste.files for waste in clean(table, always("finished"))] == [0]
    assert not Path(table.url, "runs", run("empty")).exists()
    Path(table.url, "runs", run("empty")).mkdir()
    assert [waste.kept for waste in clean(table, older_than=NOTHING)] == [""]
    assert not Path(table.url, "runs", run("empty")).exists()


def test_only_looking_removes_nothing(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    stage(engine, table, run("killed"), [1], (1, "/c", 3, None))
    age(table, days=9)
    before = files(table)
    left = maintenance.leftovers(table, unknown, DAY)
    assert left
    assert maintenance.replaced_files(table, DAY, left)
    assert files(table) == before


def test_old_versions_give_up_their_files_and_those_that_were_current_since_keep_theirs(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    age(table, days=10)
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    age(table, days=20)  # version 2 was made 20 days ago, and is the one that was current 5 days ago
    publish(engine, table, run("run-3"), [1], (1, "/c", 3, None))
    waste = vacuum(table, timedelta(days=5))
    assert waste
    assert (waste.files, waste.kept) == (1, "")
    assert published(table) == [(1, "/c", 3, None)]
    with pytest.raises(
        NotRestorable, match=r"Version 1 of shop/visits cannot be restored: 1 of its 1 files are gone, such as runs/"
    ):
        restore(table, 1)
    assert published(table) == [(1, "/c", 3, None)]
    assert restore(table, 2)
    assert published(table) == [(1, "/b", 2, None)]


def test_no_folder_of_a_run_stays_behind_its_last_file(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    assert vacuum(table, NOTHING)
    assert [path.name for path in Path(table.url, "runs").iterdir()] == [run("run-2")]


def test_what_was_replaced_a_moment_ago_stays_restorable_for_its_days(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    age(table, days=100)
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    # A checkpoint forgets who replaced the file, and the file is old: the version that reads it is not.
    delta = DeltaTable(table.url)
    delta.alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 0 seconds"})
    DeltaTable(table.url).create_checkpoint()
    assert vacuum(table, timedelta(days=30)) is None
    assert restore(table, 1)
    assert published(table) == [(1, "/a", 1, None)]


@pytest.mark.parametrize("days", [0, 9])
def test_vacuum_leaves_what_runs_in_progress_have_staged(engine: Engine, table: Table, days: int) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    young = stage(engine, table, run("run-3"), [2], (2, "/c", 3, None))
    again = stage(engine, table, run("run-2"), [3], (3, "/d", 4, None))
    age(table, days=days)
    waste = maintenance.replaced_files(table, NOTHING, maintenance.leftovers(table, always("in progress"), NOTHING))
    assert waste
    maintenance.remove(waste)
    assert waste.files == 1
    table.publish(young)
    table.publish(again)
    assert published(table) == [(1, "/b", 2, None), (2, "/c", 3, None), (3, "/d", 4, None)]


def test_vacuum_leaves_what_a_run_begins_to_stage_meanwhile(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    left = maintenance.leftovers(table, unknown, DAY)
    staged = stage(engine, table, run("run-3"), [2], (2, "/c", 3, None))
    waste = maintenance.replaced_files(table, NOTHING, left)
    assert waste
    maintenance.remove(waste)
    assert waste.files == 1
    table.publish(staged)
    assert published(table) == [(1, "/b", 2, None), (2, "/c", 3, None)]


def test_a_run_that_the_log_has_forgotten_is_no_leftover(engine: Engine, table: Table) -> None:
    table = replace(table, keep_versions_days=1)
    publish(engine, table, run("run-1"), [1, 2], (1, "/a", 1, None), (2, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    DeltaTable(table.url).alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 0 seconds"})
    DeltaTable(table.url).create_checkpoint()
    age(table, days=60)
    publish(engine, table, run("run-3"), [2], (2, "/c", 3, None))
    DeltaTable(table.url).cleanup_metadata()
    assert [commit["version"] for commit in table.history()] == [4, 3]
    assert clean(table, always("finished"), NOTHING) == []
    # Of its two files one was replaced before what the log remembers, the other is still needed by version 3.
    waste = vacuum(table, timedelta(days=30))
    assert waste
    assert [url.split("/runs/")[1].split("/")[0] for url in waste.urls] == [run("run-1")]
    assert published(table) == [(1, "/b", 2, None), (2, "/c", 3, None)]
    assert restore(table, 3)
    assert published(table) == [(1, "/b", 2, None), (2, "/a", 1, None)]


def test_an_unpublished_table_has_nothing_replaced(table: Table) -> None:
    assert vacuum(table, NOTHING) is None


def test_what_a_restore_would_change_is_known_before_it_changes_anything(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    publish(engine, table, run("run-2"), [2, 3], (2, "/b", 3, None), (3, "/b", 4, None))
    asked = maintenance.restoration(table, 1)
    assert asked
    assert (asked.current, asked.rows, asked.rows_before) == (2, 2, 3)
    assert asked.days == {"2026-01-02": (1, 1), "2026-01-03": (1, None)}
    assert asked.emptied == ["2026-01-03"]
    assert published(table) == [(1, "/a", 1, None), (2, "/b", 3, None), (3, "/b", 4, None)]
    assert asked.carry_out() == 3
    assert published(table) == [(1, "/a", 1, None), (2, "/a", 2, None)]
    newest = table.history(1)[0]
    assert (newest["operation"], newest["restored_version"]) == ("RESTORE", "1")
    assert restore(table, 2) == 4
    assert published(table) == [(1, "/a", 1, None), (2, "/b", 3, None), (3, "/b", 4, None)]


def test_a_restore_that_others_overtake_changes_nothing(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    asked = maintenance.restoration(table, 1)
    assert asked
    publish(engine, table, run("run-3"), [2], (2, "/c", 3, None))
    with pytest.raises(Outdated, match="shop/visits was published meanwhile, as version 3: nothing was changed"):
        asked.carry_out()
    assert published(table) == [(1, "/b", 2, None), (2, "/c", 3, None)]


def test_history_and_restore_reach_as_far_back_as_the_setting_says_and_no_further(engine: Engine, table: Table) -> None:
    table = replace(table, keep_versions_days=60)
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    age(table, days=30)
    publish(engine, table, run("run-3"), [2], (2, "/c", 3, None))
    age(table, days=20)
    # At every hundredth commit the library makes a checkpoint, and removes what is older than the table says.
    for number in range(100):
        publish(engine, table, run(f"empty-{number}"), [3])
    assert list(Path(table.url, "_delta_log").glob("*.checkpoint.parquet"))
    assert len(table.history()) == 104
    assert published(table, 1) == [(1, "/a", 1, None)]
    assert restore(table, 1) == 104
    age(table, days=61)
    open_delta(table.url).create_checkpoint()
    open_delta(table.url).cleanup_metadata()
    said = r"Version 1 of shop/visits is no longer in its history, which begins with version \d+: it is kept for "
    with pytest.raises(NotRestorable, match=said + "PLATFORM_KEEP_VERSIONS_DAYS=60 days"):
        maintenance.restoration(table, 1)


def test_restoring_the_current_version_makes_no_commit(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    assert restore(table, 1) is None
    assert DeltaTable(table.url).version() == 1


def test_a_version_that_never_was_is_named(engine: Engine, table: Table) -> None:
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    with pytest.raises(NotRestorable, match="shop/visits has no version 8, its newest is 1"):
        restore(table, 8)


def test_what_a_restore_empties_is_told_when_the_day_stays_published(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1])
    publish(engine, table, "run-2", [1], (1, "/a", 1, None))
    asked = maintenance.restoration(table, 1)
    assert asked
    assert (asked.days, asked.emptied) == ({"2026-01-01": (1, 0)}, ["2026-01-01"])


def test_a_link_is_nobodys_leftover_whatever_its_name(tmp_path: Path) -> None:
    (elsewhere := tmp_path / "mine.parquet").write_bytes(b"x")
    link = tmp_path / "run" / "0123abcd" / "day=2026-01-01" / "part-00000-x.parquet"
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    assert list(traces.staged(str(tmp_path / "run"))) == []
