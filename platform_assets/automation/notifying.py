"""The sensor `notices`: it looks for runs that have ended and for checks, and sends what is to be told of them."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import dagster as dg
from pydantic import ValidationError

from platform_assets.assets.catalog import Catalog
from platform_assets.automation.notice_texts import kind_of, text_of, title_of
from platform_assets.automation.notices import STATES, Notice, Position, Report, State
from platform_assets.automation.reports import Reports
from platform_assets.receivers import Receiver
from platform_assets.settings import Settings

_ENDS: Final = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_CANCELED)
# A sensor is cut short after a minute, and what it has done then is done again.
_READING_SECONDS, _SENDING_SECONDS, _ANSWER_SECONDS = 15.0, 15.0, 15.0
# More than are remembered as seen, so that one look always comes further than the one before.
_PAGE = 1000
_EVERY_SECONDS = 30


def notices_sensor(
    catalog: Catalog, settings: Settings, default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED
) -> dg.SensorDefinition:
    """The sensor that tells the receivers of `PLATFORM_NOTIFY` of what fails, and of what is well again.

    Nothing is told of before its first look. From then on each receiver is told of all at least once: of some twice,
    when its answer was lost, or when the daemon dies before the end of a look.
    """

    @dg.sensor(
        name="notices",
        minimum_interval_seconds=_EVERY_SECONDS,
        default_status=default_status,
        description="Tells the receivers of PLATFORM_NOTIFY of failed runs, checks that do not pass, and recovery.",
    )
    def notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        receivers = [Receiver(url.get_secret_value()) for url in settings.notify]
        reports = Reports(context.instance, catalog)
        state = _remembered(context)
        checks = _checks(context)
        if state is None:
            _, number = reports.of_checks(checks, -1)
            state = State(Position(_newest(context.instance)), number)
        now = time.time()
        found, position = _of_runs(context, reports, state.runs, now)
        of_checks, number = reports.of_checks(checks, state.checks)
        state = replace(state, runs=position, checks=number)
        state = state.learned([*found, *of_checks], [one.name for one in receivers], now)
        taken = _sent(receivers, state.outbox, settings.ui_url)
        state = state.sent(taken)
        context.update_cursor(STATES.dump_json(state).decode())
        return dg.SkipReason(_said(receivers, taken, state))

    return notices


def _remembered(context: dg.SensorEvaluationContext) -> State | None:
    if not context.cursor:
        return None
    try:
        return STATES.validate_json(context.cursor)
    except ValidationError:
        context.log.error("The cursor of this sensor is none that it has written: it begins anew, from now on.")
        return None


def _checks(context: dg.SensorEvaluationContext) -> Sequence[dg.AssetCheckKey]:
    repository = context.repository_def
    return list(repository.asset_graph.asset_check_keys) if repository else []


def _newest(instance: dg.DagsterInstance) -> int:
    """The number of the newest event of a run that has ended."""
    newest = (instance.fetch_run_status_changes(kind, limit=1).records for kind in _ENDS)
    return max((record.storage_id for records in newest for record in records), default=-1)


def _ended(instance: dg.DagsterInstance, after: int) -> list[dg.EventLogRecord]:
    """Events of runs that have ended, behind a number, in order: as far as all of them are known."""
    records: list[dg.EventLogRecord] = []
    last = None
    for kind in _ENDS:
        wanted = dg.RunStatusChangeRecordsFilter(kind, after_storage_id=after)
        page = instance.fetch_run_status_changes(wanted, limit=_PAGE, ascending=True)
        records += page.records
        if page.has_more:
            last = min(last or page.records[-1].storage_id, page.records[-1].storage_id)
    return sorted(
        (record for record in records if last is None or record.storage_id <= last),
        key=lambda record: record.storage_id,
    )


def _of_runs(
    context: dg.SensorEvaluationContext, reports: Reports, position: Position, now: float
) -> tuple[list[Report], Position]:
    """The reports of runs that have ended since, and the position behind them; of very many the first."""
    until = time.monotonic() + _READING_SECONDS
    found: list[Report] = []
    done: list[tuple[int, float]] = []
    for record in _ended(context.instance, position.after):
        if record.storage_id not in position.seen:
            if time.monotonic() > until:
                break
            run = context.instance.get_run_by_id(record.run_id)
            if run is not None and _is_ours(context, run):
                found += reports.of_run(run, record.event_log_entry)
        done.append((record.storage_id, record.timestamp))
    return found, position.moved(done, now)


def _is_ours(context: dg.SensorEvaluationContext, run: dg.DagsterRun) -> bool:
    """Whether a run is of this code location, or of none: then it is of a command."""
    ours, its = context.code_location_origin, run.remote_job_origin
    return not (ours and its) or its.repository_origin.code_location_origin.location_name == ours.location_name


def _sent(receivers: Sequence[Receiver], outbox: Mapping[str, Sequence[Notice]], ui_url: str) -> dict[str, int]:
    """Send each receiver what it has not taken, in order, until it does not answer; how many it has taken."""
    until = time.monotonic() + _SENDING_SECONDS

    def send(receiver: Receiver) -> int:
        for number, notice in enumerate(outbox[receiver.name]):
            late = time.monotonic() > until
            title, text = title_of(notice), text_of(notice, ui_url)
            if late or not receiver.takes(title, text, kind_of(notice), _ANSWER_SECONDS):
                return number
        return len(outbox[receiver.name])

    with ThreadPoolExecutor(max_workers=max(len(receivers), 1)) as pool:
        return dict(zip([one.name for one in receivers], pool.map(send, receivers), strict=True))


def _said(receivers: Sequence[Receiver], taken: Mapping[str, int], state: State) -> str:
    waiting = [
        f"not taken by receiver {number} of {len(receivers)}: {len(state.outbox[one.name])}"
        for number, one in enumerate(receivers, 1)
        if state.outbox[one.name]
    ]
    return "; ".join([f"notices sent: {sum(taken.values())}", *waiting])
