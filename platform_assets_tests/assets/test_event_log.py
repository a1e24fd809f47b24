"""The history of runs on disk: Dagster's own files with Dagster's own content, whoever writes at the same time."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.assets import event_log
from platform_assets.errors import PlatformError
from platform_assets_tests.support.histories import instance


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
def hats(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """An asset that says something."""
    context.log.info("hats are made")
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset_check(asset=hats)
def hats_fit() -> dg.AssetCheckResult:
    """A check of the asset."""
    return dg.AssetCheckResult(passed=False)


def materialised(instance: dg.DagsterInstance) -> str:
    """A run of the asset and its check; the run's id."""
    return dg.materialize([hats, hats_fit], instance=instance, partition_key="a").run_id


def told(instance: dg.DagsterInstance, run: str) -> list[tuple[str, str]]:
    """What is known of a run: its events, and the asset's materialisation and check."""
    key = hats.key
    events = [(str(event.dagster_event_type), event.user_message) for event in instance.all_logs(run)]
    found = instance.fetch_materializations(key, limit=1).records[0]
    assert found.partition_key == "a"
    assert instance.get_latest_materialization_event(key)
    return events


def test_what_it_has_written_dagsters_own_log_reads_and_the_other_way_round(tmp_path: Path) -> None:
    with instance(tmp_path / "home") as ours:
        by_ours = materialised(ours)
        seen = told(ours, by_ours)
    with instance(tmp_path / "home", ours=False) as dagsters:
        assert told(dagsters, by_ours) == seen
        by_dagster = materialised(dagsters)
        assert [kind for kind, _ in told(dagsters, by_dagster)] == [kind for kind, _ in seen]
    with instance(tmp_path / "home") as ours:
        assert len(told(ours, by_dagster)) == len(seen) > 10
        assert {run.run_id for run in ours.get_runs()} == {by_ours, by_dagster}


def test_what_many_tell_at_the_same_time_is_in_one_history(tmp_path: Path) -> None:
    with instance(tmp_path / "home") as one, instance(tmp_path / "home") as other:

        def tell(number: int) -> None:
            hat = dg.AssetMaterialization(hats.key, partition=f"{number}")
            (one, other)[number % 2].report_runless_asset_event(hat)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(tell, range(40)))
        for each in (one, other):
            found = each.fetch_materializations(hats.key, limit=100).records
            assert {record.partition_key for record in found} == {f"{number}" for number in range(40)}
            assert len(found) == 40


def test_it_keeps_few_files_open_and_none_when_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_MOST", 2)

    def files() -> int:
        open_now = [Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
        return sum(
            str(tmp_path) in os.readlink(path) and ".db" in path.resolve().name for path in open_now if path.exists()
        )

    with instance(tmp_path / "home") as ours:
        runs = [materialised(ours) for _ in range(4)]
        for run in runs:
            told(ours, run)
        assert 0 < files() <= 2 * 3 + 1  # with what SQLite writes ahead and shares, and the list of runs
        ours.event_log_storage.dispose()
        assert files() <= 1


def test_a_damaged_log_of_one_run_is_named_and_those_of_others_are_looked_through(tmp_path: Path) -> None:
    @dg.op
    def talk(context: dg.OpExecutionContext) -> None:
        context.log.info("hello")

    @dg.job
    def talks() -> None:
        talk()

    with instance(tmp_path / "home") as history:
        runs = sorted(talks.execute_in_process(instance=history).run_id for _ in range(3))
        log = history.event_log_storage
        assert isinstance(log, event_log.EventLog)
        log.dispose()
        damaged = Path(log.path_for_shard(runs[0]))
        damaged.write_bytes(b"no database at all " * 100)
        with pytest.raises(
            PlatformError, match=rf"^[1-9]\d* entries .* 1 files .*{runs[0]}.db \(file is not a database\)"
        ):
            log.forget(datetime.now(timezone.utc) + timedelta(days=1), [])
        damaged.unlink()
        kept = {entry.dagster_event_type for run in runs[1:] for entry in history.all_logs(run)}
        assert dg.DagsterEventType.RUN_SUCCESS in kept
        assert not kept & {None, dg.DagsterEventType.STEP_START}
