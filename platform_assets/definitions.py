"""All that Dagster is told: the tables of every domain, what they are built with, and who builds them when."""

from __future__ import annotations

from itertools import chain
from typing import Any

import dagster as dg

from platform_assets.assets.documents import DOCUMENTS_IO, DocumentIOManager
from platform_assets.assets.io_managers import TableIOManager
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.tables import ENGINE, TABLES_IO
from platform_assets.domains import actions, listening, web
from platform_assets.lake.engines.engine import EngineResource
from platform_assets.lake.storage import any_on_s3
from platform_assets.settings import Settings, current

DOMAINS = (web, listening, actions)
TABLES = tuple(chain.from_iterable(domain.TABLES for domain in DOMAINS))
EXPORTS = tuple(chain.from_iterable(domain.EXPORTS for domain in DOMAINS))
# In one process there is one engine: starting one for each step would cost more than most steps.
EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


def build_definitions(settings: Settings) -> dg.Definitions:
    """The definitions for some settings; tests and deployments of a user's own build theirs with this."""
    engine = EngineResource(places=settings.places)
    tables = {table.key: table.table(settings) for table in TABLES}
    built = [definition.asset(settings) for definition in (*TABLES, *EXPORTS)]
    feeds = [table.landing_spec(settings) for table in TABLES if isinstance(table, RawTableDefinition)]
    resources: dict[str, Any] = {
        ENGINE: engine,
        TABLES_IO: TableIOManager(tables, engine),
        DOCUMENTS_IO: DocumentIOManager(),
    }
    if any_on_s3(settings.places):
        # Imported only where it is needed: it takes a second.
        from platform_assets.lake.storage.s3 import resource

        resources["s3"] = resource()
    return dg.Definitions(
        assets=[*feeds, *built],
        resources=resources,
        executor=EXECUTORS[settings.executor],
    )


defs = build_definitions(current())
