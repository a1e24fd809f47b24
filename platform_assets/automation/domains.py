"""What runs a domain by itself: its job, the schedule of every day, and the sensor that looks at landing."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta, timezone
from textwrap import shorten

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.failures import as_failures
from platform_assets.assets.publication import DUE_ONLY
from platform_assets.assets.runs import in_flight, switched_on
from platform_assets.automation.history import History, tags
from platform_assets.automation.requests import Answer, Desk, Request
from platform_assets.automation.told import Told
from platform_assets.errors import PlatformError
from platform_assets.lake.tables.days import span_text
from platform_assets.landing.deliveries import some
from platform_assets.plan.checks import NO_MISSING_DAYS, daily, over, specs, verdicts
from platform_assets.plan.state import State, through
from platform_assets.registry import FoundDomain

_SHOWN = 5
# A refusal may show many lines of a file: whoever wants them all opens its run.
_LETTERS = 400
_NOT_BEGUN = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED]


class Automation:
    """The job, schedule and sensor of a domain."""

    def __init__(self, catalog: Catalog, domains: Sequence[FoundDomain], domain: FoundDomain) -> None:
        self._catalog = catalog
        self._settings = catalog.settings
        self._domains = domains
        self._name = domain.name
        self._keys = [one.key for one in domain.declared if not one.left_out(self._settings)]
        self._checks = [spec.key for spec in specs(catalog, domain.name)]
        self._sensor_name = f"{domain.name}_landing"
        self.job = dg.define_asset_job(
            domain.name,
            selection=dg.AssetSelection.assets(*self._keys),
            description=f"Builds tables and documents of {domain.name}; what, is said by who starts it",
        )

    @property
    def schedule(self) -> dg.ScheduleDefinition:
        """Every day: the days that are over, those without a delivery included."""
        hour, minute = map(int, self._settings.daily_at.split(":"))
        on = dg.DefaultScheduleStatus.RUNNING if self._settings.automation else dg.DefaultScheduleStatus.STOPPED

        @dg.schedule(
            name=daily(self._name),
            job=self.job,
            cron_schedule=f"{minute} {hour} * * *",
            execution_timezone="UTC",
            default_status=on,
            description=f"Builds what is due of {self._name} up to the day before, delivered or not. While the sensor "
            f"{self._sensor_name} is on, that builds it.",
        )
        def every_day(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
            if switched_on(context.instance, self._sensor_name, self._settings.automation):
                return dg.SkipReason(f"The sensor {self._sensor_name} is on, and builds what is due.")
            if said := self._flying(context.instance, self._made_by(context)):
                return dg.SkipReason(said)
            now = datetime.now(timezone.utc)
            day = through(now, self._settings.daily_at)
            history = History(context.instance, self._name)
            with as_failures():
                state = State.of(self._catalog, self._keys, through=day)
                desk = Desk(state, self._domains, self._name, history, day, now, until=day)
                answer = desk.answer(in_one_go=True)
            if not answer.requests:
                return dg.SkipReason(_told(answer))
            context.log.info(_told(answer))
            return [run_request(one, self._name) for one in answer.requests]

        return every_day

    @property
    def sensor(self) -> dg.SensorDefinition:
        """Every `PLATFORM_LANDING_EVERY_SECONDS`: what was delivered, and everything else that is due."""
        on = dg.DefaultSensorStatus.RUNNING if self._settings.automation else dg.DefaultSensorStatus.STOPPED

        @dg.sensor(
            name=self._sensor_name,
            job=self.job,
            minimum_interval_seconds=self._settings.landing_every_seconds,
            default_status=on,
            description=f"Builds what is due of {self._name}: deliveries when they are complete, then what is made of "
            "them. While a run is in flight it waits. What was refused is not tried again until something changes.",
        )
        def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
            if flying := self._flying(context.instance):
                return dg.SensorResult(skip_reason=flying, cursor=context.cursor)
            now = datetime.now(timezone.utc)
            told = Told.of(context.cursor)
            until = over(context.instance, self._catalog, self._name, now)
            day = through(now, self._settings.daily_at)
            history = History(context.instance, self._name)
            try:
                state = State.of(self._catalog, self._keys, through=until)
                answer = Desk(state, self._domains, self._name, history, day, now).answer()
            except PlatformError as error:
                events, cursor = told.cannot_look(self._checks, error, now)
                return dg.SensorResult(skip_reason=str(error), cursor=cursor, asset_events=events)
            # A day that is about to be built is not missing.
            asked = [check for check in self._checks if check.name != NO_MISSING_DAYS or not answer.requests]
            events, cursor = told.news(verdicts(answer.due, asked, now, until))
            if not answer.requests:
                return dg.SensorResult(skip_reason=_told(answer), cursor=cursor, asset_events=events)
            context.log.info(_told(answer))
            requests = [run_request(one, self._name) for one in answer.requests]
            return dg.SensorResult(run_requests=requests, cursor=cursor, asset_events=events)

        return landing

    def _made_by(self, context: dg.ScheduleEvaluationContext) -> list[str]:
        """What this very tick has requested, and nobody has begun: a daemon that died then asks for it once more."""
        at = context.scheduled_execution_time.astimezone(timezone.utc).isoformat()
        tags = {"dagster/schedule_name": daily(self._name), ".dagster/scheduled_execution_time": at}
        return [run.run_id for run in context.instance.get_runs(dg.RunsFilter(tags=tags, statuses=_NOT_BEGUN))]

    def _flying(self, instance: dg.DagsterInstance, but: Collection[str] = ()) -> str:
        runs = [run for run in in_flight(instance, {self._name}) if run not in but]
        if not runs:
            return ""
        return f"{len(runs)} of {self._name}'s runs are in flight, such as {runs[0]}: what is due waits for them."


def run_request(request: Request, domain: str) -> dg.RunRequest:
    """A request as Dagster is told it."""
    return dg.RunRequest(
        run_key=request.key,
        asset_selection=list(request.run.keys),
        tags=tags(request.run, domain, request.states) | {DUE_ONLY: "1"},
    )


def _told(answer: Answer) -> str:
    """What is requested, and what waits, in words."""
    said = [
        f"requested: {span_text(one.run.first, one.run.last)} of {', '.join(key.path[-1] for key in one.run.keys)}"
        for one in answer.requests
    ]
    waits: dict[tuple[str, str], list[date]] = {}
    for wait in answer.waits:
        if not wait.follows:
            why = shorten(wait.why, _LETTERS, placeholder=" ...")
            waits.setdefault((wait.key.path[-1], why), []).append(wait.day)
    said += [f"{table} waits on {some(_spans(days), _SHOWN)}: {why}" for (table, why), days in waits.items()][:_SHOWN]
    if len(waits) > _SHOWN:
        said.append(f"and {len(waits) - _SHOWN} more")
    if follow := dict.fromkeys(wait.key.path[-1] for wait in answer.waits if wait.follows):
        said.append(f"what is made of it waits, too: {some(list(follow), _SHOWN)}")
    return "; ".join(said) or "Nothing is due."


def _spans(days: Sequence[date]) -> list[str]:
    """Days, in order, as ranges of those that follow each other."""
    starts = [n for n, day in enumerate(days) if n == 0 or day - days[n - 1] != timedelta(days=1)]
    ends = [*(n - 1 for n in starts[1:]), len(days) - 1]
    return [span_text(days[first], days[last]) for first, last in zip(starts, ends, strict=True)]
