"""Runs that build nothing and only end as a test says: recorded by Dagster like any other, in a moment."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from platform_assets.assets.failures import as_failures


def ended(instance: dg.DagsterInstance, request: dg.RunRequest, **errors: Exception) -> str:
    """Carry out what was requested, so that some tables fail, and all others say that they were built; the run's id."""
    tables = [_table(key, errors) for key in request.asset_selection or ()]
    job = dg.Definitions(tables).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=dict(request.tags), raise_on_error=False).run_id


def _table(key: dg.AssetKey, errors: Mapping[str, Exception]) -> dg.AssetsDefinition:
    @dg.asset(key=key)
    def built() -> None:
        with as_failures():
            if error := errors.get(key.path[-1]):
                raise error

    return built


def died(instance: dg.DagsterInstance, request: dg.RunRequest, at: float) -> str:
    """A run of what was requested, of which nothing is known but that it failed, and when; its id."""
    return _over(instance, request, at, dg.DagsterEventType.RUN_FAILURE)


def stopped(instance: dg.DagsterInstance, request: dg.RunRequest, at: float) -> str:
    """A run of what was requested that somebody has stopped, and when; its id."""
    return _over(instance, request, at, dg.DagsterEventType.RUN_CANCELED)


def succeeded(instance: dg.DagsterInstance, request: dg.RunRequest, at: float) -> str:
    """A run of what was requested, of which nothing is known but that it succeeded, and when; its id."""
    return _over(instance, request, at, dg.DagsterEventType.RUN_SUCCESS)


def _over(instance: dg.DagsterInstance, request: dg.RunRequest, at: float, how: dg.DagsterEventType) -> str:
    @dg.op
    def nothing() -> None: ...

    job = dg.GraphDefinition(name="nothing_at_all", node_defs=[nothing]).to_job()
    run = instance.create_run_for_job(job, tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)
    instance.report_dagster_event(dg.DagsterEvent(how.value, run.job_name), run.run_id, timestamp=at)
    return run.run_id
