"""The instance of these tests knows of runs what an instance in memory of Dagster's own knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

from platform_assets_tests.support.platforms import Platform

DAYS = ("2026-01-01", "2026-01-02")
READ = 'key:"actions/raw_actions" or key:"actions/actions"'
TABLE = dg.AssetKey(["actions", "raw_actions"])


def known(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What an instance knows of runs and of a table, but for what is another in each run."""
    storage = instance.event_log_storage
    events = [storage.get_logs_for_run(run.run_id) for run in instance.get_runs()]
    verdicts = storage.get_asset_check_execution_history(dg.AssetCheckKey(TABLE, "reject_limit"), limit=10)
    found = instance.fetch_materializations(TABLE, limit=10).records
    materialised = [(one.partition_key, one.asset_materialization) for one in found]
    status = instance.get_status_by_partition(TABLE, DAYS, dg.DailyPartitionsDefinition(DAYS[0])) or {}
    return {
        "events": [sorted(f"{one.step_key} {one.dagster_event_type}" for one in of_run) for of_run in events],
        "verdicts": [(verdict.status, verdict.event is not None) for verdict in verdicts],
        "materialised": [
            (day, one and sorted(one.metadata), one and sorted(one.tags or ())) for day, one in materialised
        ],
        "days": status,
    }


def test_what_is_asked_for_after_runs_is_what_dagsters_own_instance_knows(platforms: Callable[..., Platform]) -> None:
    late, own = platforms("late"), platforms("own")
    own.instance = dg.DagsterInstance.ephemeral()
    for platform in (late, own):
        platform.deliver("actions", DAYS[0], "good.csv", "time,action\n2026-01-01T00:01:00.000Z,Open\n")
        platform.deliver("actions", DAYS[1], "bad.csv", "word\n" * 20)
        for day in DAYS:
            platform.materialise(day, select=READ, check=False)
    assert known(late.instance) == known(own.instance)
    assert [len(events) > 30 for events in known(late.instance)["events"]] == [True, True]
    assert set(known(late.instance)["days"]) == set(DAYS)
