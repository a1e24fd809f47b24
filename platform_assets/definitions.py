"""All that Dagster is told: the tables of every domain found, what they are built with, and who builds them when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import click
import dagster as dg

from platform_assets.assets import stopping
from platform_assets.assets.declared import ENGINE, TABLES_IO
from platform_assets.assets.documents import DOCUMENTS_IO
from platform_assets.assets.io_managers import DocumentIOManager, SqlIOManager, TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.assets.sql_tables import SQL_IO
from platform_assets.automation import maintenance
from platform_assets.automation.domains import Automation
from platform_assets.automation.notifying import notices_sensor
from platform_assets.errors import PlatformError
from platform_assets.lake.storage import any_on_s3
from platform_assets.plan.checks import checks
from platform_assets.registry import FoundDomain, catalog_of, found, refuse_clashes
from platform_assets.settings import Settings, current, debugging

# In one process there is one engine: starting one for each step would cost more than most steps.
EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


class NotLoaded(click.ClickException):
    """Why there are no definitions: of this kind the commands of Dagster print the sentence alone."""


def build_definitions(settings: Settings | None = None, domains: Sequence[FoundDomain] | None = None) -> dg.Definitions:
    """The definitions of some domains with some settings; tests and deployments of a user's own build theirs with this.

    The settings are those of the process if not given, the domains those that the settings choose. Raises
    `PlatformError` for settings that cannot be, and `DeclarationError` for domains that do not go together.
    """
    domains = found(settings) if domains is None else domains
    settings = settings or current()
    refuse_clashes(domains)
    engine = EngineResource.of(settings)
    catalog = catalog_of(domains, settings)
    resources: dict[str, Any] = {
        ENGINE: engine,
        TABLES_IO: TableIOManager(catalog, engine),
        DOCUMENTS_IO: DocumentIOManager(),
        SQL_IO: SqlIOManager(),
    }
    if any_on_s3(settings.places):
        # Imported only where it is needed: it takes a second.
        from platform_assets.assets.s3 import s3_resource

        resources["s3"] = s3_resource()
    alive = [domain for domain in domains if domain.declared]
    automation = [Automation(catalog, domains, domain) for domain in alive]
    on = dg.DefaultSensorStatus.RUNNING if settings.automation else dg.DefaultSensorStatus.STOPPED
    notices = [notices_sensor(catalog, settings, on)] if settings.notify else []
    upkeep = [*(maintenance.job(catalog, domain) for domain in alive), maintenance.history_job(settings)]
    return dg.Definitions(
        assets=[
            *(raw.landing_spec(settings) for domain in domains for raw in domain.raw_tables),
            *(declared.asset(settings) for domain in domains for declared in domain.declared),
        ],
        jobs=[*(one.job for one in automation), *upkeep],
        schedules=[*(one.schedule for one in automation), *(maintenance.schedule(settings, job) for job in upkeep)],
        sensors=[*(one.sensor for one in automation), *notices],
        asset_checks=[checks(catalog, domain.name) for domain in alive],
        resources=resources,
        executor=EXECUTORS[settings.executor],
    )


@cache
def _of_this_process() -> dg.Definitions:
    # For one run Dagster asks seven times, and would resolve the graph of all assets as often.
    return build_definitions()


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: built when it asks, so that an import of this module needs no domain and no setting.

    Raises `NotLoaded` for what is wrong with the settings or the domains.
    """
    stopping.expect()
    try:
        return _of_this_process()
    except PlatformError as error:
        if debugging():
            raise
        raise NotLoaded(str(error)) from None
