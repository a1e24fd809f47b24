"""What keeps domains tidy, once a week: leftovers and old versions go, logs that have grown are summed up, or go."""

from datetime import datetime, timedelta, timezone

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.declared import Declared
from platform_assets.assets.event_log import InBatches
from platform_assets.assets.failures import as_failures
from platform_assets.assets.runs import IN_FLIGHT, states_of
from platform_assets.assets.upkeep import waste_of
from platform_assets.lake.tables.maintenance import remove, sum_up
from platform_assets.registry import FoundDomain
from platform_assets.settings import Settings

# What a run has written within a day may be at work still, whatever Dagster says of it.
_AGE = timedelta(hours=24)


def job(catalog: Catalog, domain: FoundDomain) -> dg.JobDefinition:
    """The maintenance of a domain: a step for each asset, in the pool of its runs, so that none is at work on it."""
    steps = [_step(catalog, one) for one in domain.declared]

    @dg.job(
        name=f"{domain.name}_maintenance",
        description=f"Removes what failed runs of {domain.name} left behind, and files of versions that were replaced "
        f"more than PLATFORM_KEEP_VERSIONS_DAYS={catalog.settings.keep_versions_days} days ago",
    )
    def maintenance() -> None:
        for step in steps:
            step()

    return maintenance


def history_job(settings: Settings) -> dg.JobDefinition:
    """The maintenance of Dagster's own history of runs."""

    @dg.op(name="forget_old_logs", description="Removes what runs have logged, and nobody looks into any more")
    def forget(context: dg.OpExecutionContext) -> None:
        log = context.instance.event_log_storage
        if not isinstance(log, InBatches):
            context.log.warning("The event log is %s: of this kind nothing is removed.", type(log).__name__)
            return
        before = datetime.now(timezone.utc) - timedelta(days=settings.keep_logs_days)
        in_flight = [run.run_id for run in context.instance.get_runs(dg.RunsFilter(statuses=IN_FLIGHT))]
        with as_failures(context):
            context.log.info("%s entries from before %s were removed", log.forget(before, in_flight), before.date())

    @dg.job(
        name="history_maintenance",
        description=f"Removes what runs logged more than PLATFORM_KEEP_LOGS_DAYS={settings.keep_logs_days} days ago",
    )
    def maintenance() -> None:
        forget()

    return maintenance


def schedule(settings: Settings, its: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Every Sunday."""
    hour, minute = map(int, settings.maintain_at.split(":"))
    on = dg.DefaultScheduleStatus.RUNNING if settings.automation else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=f"{its.name}_weekly",
        job=its,
        cron_schedule=f"{minute} {hour} * * 0",
        execution_timezone="UTC",
        default_status=on,
        description=its.description,
    )


def _step(catalog: Catalog, one: Declared) -> dg.OpDefinition:
    @dg.op(name=f"tidy__{one.key.to_python_identifier()}", pool=one.text_key, description=f"Tidies {one.text_key}")
    def tidy(context: dg.OpExecutionContext) -> None:
        settings = catalog.settings
        with as_failures(context):
            kept = timedelta(days=settings.keep_versions_days)
            wastes = waste_of(one, settings, states_of(context.instance), _AGE, kept)
            for waste in wastes:
                remove(waste)
            if one.key in catalog.tables and sum_up(catalog.tables[one.key]):
                context.log.info("%s: its log was summed up in a checkpoint", one.text_key)
        for waste in wastes:
            done = f"kept: {waste.kept}" if waste.kept else "removed"
            context.log.info("%s: %s: %s files, %s bytes %s", one.text_key, waste.what, waste.files, waste.size, done)

    return tidy
