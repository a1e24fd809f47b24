"""What the runs and checks of an instance have found of tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.late_rows import LATE
from platform_assets.automation.days import ALL, Span
from platform_assets.automation.notices import Report
from platform_assets.plan.checks import FOR_PEOPLE, NO_MISSING_DAYS, UP_TO_DATE

_DAY, _START, _END = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)
_WILL_RETRY = "dagster/will_retry"
# What is due is what automation is there for, and other runs may be about to build it: what is left to people, and
# whether a day is missing, the sensor says.
_OF_THE_PLAN = (UP_TO_DATE, LATE, NO_MISSING_DAYS)
_STEPS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


class Reports:
    """What an instance has found of the tables of a catalog, and of what else its runs carry out, as reports."""

    def __init__(self, instance: dg.DagsterInstance, catalog: Catalog) -> None:
        self._instance = instance
        self._has_days = {key.to_user_string(): one.has_days for key, one in catalog.declared.items()}
        self._tables = {key.to_python_identifier(): key.to_user_string() for key in catalog.declared}

    def of_run(self, run: dg.DagsterRun, ended: dg.EventLogEntry) -> list[Report]:
        """The reports of a run that has ended, by the event that says so.

        A run that somebody has stopped on purpose says only what it has built and checked; so does one that died and
        is tried again by itself.
        """
        failed: dict[str, str] = {}
        built: list[str] = []
        checks: list[dg.AssetCheckEvaluation] = []
        for entry in self._instance.all_logs(run.run_id, of_type=_STEPS):
            event = entry.get_dagster_event()
            if event.event_type == dg.DagsterEventType.STEP_FAILURE:
                failed[self._subject(run, event.step_key or "")] = _sentence(event)
            elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
                built.append(self._subject(run, event.step_key or ""))
            else:
                checks.append(event.asset_check_evaluation_data)
        if ended.dagster_event_type != dg.DagsterEventType.RUN_FAILURE:
            failed = {}
        elif not failed and run.tags.get(_WILL_RETRY) != "true":
            failed = dict.fromkeys(self._not_built(run, built), self._died(run, ended))
        if ended.dagster_event_type == dg.DagsterEventType.RUN_SUCCESS:
            built.append(_job(run))
        reports = [Report(subject, self._span(run, subject), run.run_id, said) for subject, said in failed.items()]
        reports += [Report(subject, self._span(run, subject), run.run_id) for subject in built]
        for check in checks:
            table = check.asset_key.to_user_string()
            if check.check_name not in _OF_THE_PLAN and (table not in failed or check.passed or _warns(check)):
                reports.append(_of_check(check, self._span(run, table), run.run_id))
        return reports

    def of_checks(self, keys: Collection[dg.AssetCheckKey], after: int) -> tuple[list[Report], int]:
        """The newest reports of checks that no run has made, after a number, and the number of the last of them."""
        latest = self._instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(keys))
        made = {
            record.id: evaluation
            for record in latest.values()
            if not record.run_id and record.event and (evaluation := record.evaluation)
        }
        reports = [_of_check(made[number], ALL, "") for number in sorted(made) if number > after]
        return reports, max([after, *made])

    def _subject(self, run: dg.DagsterRun, step: str) -> str:
        """The table that a step builds; a step that builds none is known by its own name, and that of its job."""
        if step in self._tables or _is_of_no_job(run):
            return self._tables.get(step, step)
        return f"{run.job_name}/{step}"

    def _span(self, run: dg.DagsterRun, subject: str) -> Span:
        return _days(run.tags) if self._has_days.get(subject) else ALL

    def _not_built(self, run: dg.DagsterRun, built: Collection[str]) -> list[str]:
        """What a run was about to build when it died; its job when that is nothing, or not known."""
        planned = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        keys = {entry.get_dagster_event().asset_key for entry in planned} | set(run.asset_selection or ())
        tables = sorted(key.to_user_string() for key in keys if key)
        return [table for table in tables if table not in built] or [_job(run)]

    def _died(self, run: dg.DagsterRun, ended: dg.EventLogEntry) -> str:
        """How a run has died: who has started its process notes how that ended, such as for want of memory."""
        noted = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        messages = [entry.get_dagster_event().message or "" for entry in noted]
        of_process = [message for message in messages if f"process for {run.run_id}" in message]
        said = of_process[-1] if of_process else ended.get_dagster_event().message or "it was not told why."
        return f"The run died, and none of its steps has failed: {said}"


def _job(run: dg.DagsterRun) -> str:
    return "runs without a job" if _is_of_no_job(run) else run.job_name


def _is_of_no_job(run: dg.DagsterRun) -> bool:
    """Whether it is a run of some assets, which Dagster has a job of its own for."""
    return run.job_name.startswith("__")


def _days(tags: Mapping[str, str]) -> Span:
    """The days of a run by its tags."""
    try:
        return Span(
            date.fromisoformat(tags.get(_START) or tags[_DAY]), date.fromisoformat(tags.get(_END) or tags[_DAY])
        )
    except (KeyError, ValueError):
        return ALL


def _sentence(event: dg.DagsterEvent) -> str:
    """Why a step has failed: what it says to people, or else the error that it began with."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error and error.cause:
        error = error.cause
    return (error.message.strip() if error else "") or "The step has failed, and its log says no more."


def _warns(check: dg.AssetCheckEvaluation) -> bool:
    return check.severity == dg.AssetCheckSeverity.WARN


def _of_check(check: dg.AssetCheckEvaluation, span: Span, run_id: str) -> Report:
    is_well = check.passed or (check.check_name == UP_TO_DATE and not _is_for_people(check))
    said = "" if is_well else check.description or "It did not pass."
    return Report(check.asset_key.to_user_string(), span, run_id, said, check.check_name, _warns(check))


def _is_for_people(check: dg.AssetCheckEvaluation) -> bool:
    found = check.metadata.get(FOR_PEOPLE)
    return found is not None and bool(found.value)
