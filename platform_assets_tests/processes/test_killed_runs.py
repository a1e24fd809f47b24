"""Runs that are killed, stopped or overtaken at the worst moment: readers never see anything of it."""

import os
import signal
from pathlib import Path

import dagster as dg
import pytest
from deltalake import DeltaTable

from platform_assets_tests.support.processes.sites import DAYS, MATERIALIZE, Site, events, kill, wait_for

HELD = ("-m", "platform_assets_tests.support.processes.held")
RAW = (*MATERIALIZE, "--select", "web/raw_events", "--partition-range", f"{DAYS[0]}...{DAYS[1]}")


@pytest.fixture
def published(site: Site) -> Site:
    """A platform with two days published, and more delivered for the second since."""
    for n, day in enumerate(DAYS[:2]):
        site.deliver("web_events", day, "events.jsonl", events(day, f"a{n}"))
    site.materialise(DAYS[0], DAYS[1], select="web/raw_events")
    site.deliver("web_events", DAYS[1], "more.jsonl", events(DAYS[1], "late"))
    return site


def seen_by_a_reader(site: Site) -> tuple[object, ...]:
    """All that a reader of the raw table can see."""
    table = DeltaTable(str(site.folder("web/raw_events")))
    return table.version(), sorted(table.file_uris()), site.rows("web/raw_events"), table.history()


def run_folders(site: Site) -> set[Path]:
    """What runs have left in the raw table's folder."""
    return set((site.folder("web/raw_events") / "runs").iterdir())


@pytest.mark.parametrize("moment", ["staged", "audited"])
def test_a_killed_run_changes_nothing_for_readers_and_the_next_one_does_its_work(published: Site, moment: str) -> None:
    before, folders = seen_by_a_reader(published), run_folders(published)
    ready, go = published.root / "ready", published.root / "go"
    with published.started(*HELD, moment, str(ready), str(go), *RAW) as process:
        wait_for("the run has staged its rows", lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None
        kill(process)
    (left,) = run_folders(published) - folders
    assert list(left.rglob("*.parquet"))
    assert seen_by_a_reader(published) == before
    published.materialise(DAYS[1], select="web/raw_events")
    assert published.event_ids("web/raw_events") == [(DAYS[0], "a0"), (DAYS[1], "a1"), (DAYS[1], "late")]
    assert left.exists()


def test_what_a_killed_run_has_published_is_known_to_the_plan_though_dagster_was_told_of_no_day(
    published: Site,
) -> None:
    ready, go = published.root / "ready", published.root / "go"
    with published.started(*HELD, "published", str(ready), str(go), *RAW) as process:
        wait_for("the run has published", lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None
        kill(process)
    with published.instance_on_disk() as instance:
        assert len(instance.get_runs()) == 1
        assert instance.get_materialized_partitions(dg.AssetKey(["web", "raw_events"])) == set()
    before = seen_by_a_reader(published)
    assert published.event_ids("web/raw_events") == [(DAYS[0], "a0"), (DAYS[1], "a1"), (DAYS[1], "late")]
    due, left = published.commands(
        ["plan", "web/raw_events", "--until", DAYS[1]], ["clean", "--older-than", "0", "--yes"]
    )
    assert due.strip() == "Nothing is due."
    assert left.strip() == "There is nothing to remove."
    assert seen_by_a_reader(published) == before


def test_a_run_that_is_told_to_stop_leaves_nothing(published: Site) -> None:
    before, folders = seen_by_a_reader(published), run_folders(published)
    ready, go = published.root / "ready", published.root / "go"
    with published.started(*HELD, "audited", str(ready), str(go), *RAW) as process:
        wait_for("the run is about to publish", lambda: ready.exists() or process.poll() is not None)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) != 0
    said = next(published.root.glob("output-*.txt")).read_text()
    assert said.splitlines()[-2:] == [
        "ERROR: Interrupted while web/raw_events was published: it is whole, as before or as new, and the plan says "
        "which.",
        "Error: Materialization failed.",
    ]
    assert "Stack Trace" not in said
    assert run_folders(published) == folders
    assert seen_by_a_reader(published) == before


def test_two_runs_that_create_and_fill_the_same_table_at_once_both_end_well(site: Site) -> None:
    for n, day in enumerate(DAYS[:2]):
        site.deliver("web_events", day, "events.jsonl", events(day, f"a{n}", f"b{n}"))
    go, ready = site.root / "go", [site.root / "ready-1", site.root / "ready-2"]
    with site.instance_on_disk():
        pass  # Dagster's own history is made once, not by both at the same moment
    with (
        site.started(*HELD, "audited", str(ready[0]), str(go), *RAW) as one,
        site.started(*HELD, "audited", str(ready[1]), str(go), *RAW) as other,
    ):
        ended = [one, other]
        wait_for(
            "both are about to publish",
            lambda: all(path.exists() for path in ready) or any(process.poll() is not None for process in ended),
        )
        go.touch()
        assert [process.wait(timeout=300) for process in ended] == [0, 0]
    commits = DeltaTable(str(site.folder("web/raw_events"))).history()
    assert [commit["operation"] for commit in commits] == ["WRITE", "WRITE", "CREATE TABLE"]
    assert len({commit["dagster_run_id"] for commit in commits[:2]}) == 2
    expected = [(DAYS[0], "a0"), (DAYS[0], "b0"), (DAYS[1], "a1"), (DAYS[1], "b1")]
    assert site.event_ids("web/raw_events") == expected
    paths = DeltaTable(str(site.folder("web/raw_events"))).file_uris()
    assert all(f"/runs/{commits[0]['dagster_run_id']}/" in path for path in paths)
