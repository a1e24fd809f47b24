"""What is known of runs, with a Dagster instance and without one."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from platform_assets.assets.runs import dagster_runs


def test_without_an_instance_every_run_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with dagster_runs() as state_of:
        assert state_of("any") == "unknown"


def test_the_instance_tells_which_runs_are_at_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def idle() -> None:
        nothing()

    statuses = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.STARTED)
    with dg.DagsterInstance.get() as instance:
        runs = [instance.create_run_for_job(idle, status=status).run_id for status in statuses]
    with dagster_runs() as state_of:
        assert [state_of(run) for run in runs] == ["finished", "finished", "in progress"]
        assert state_of("other") == "unknown"
