"""A shop of two small tables, of which the first is made by any transform: for tests of what `@table` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.declared import ENGINE, TABLES_IO
from platform_assets.assets.domain import Domain
from platform_assets.assets.io_managers import TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.assets.tables import TableDefinition, table
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake.audit import Balance
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.published import open_delta
from platform_assets_tests.support.instances import in_memory
from platform_assets_tests.support.lake.visits import Visits, files, publish
from platform_assets_tests.support.platforms import END, START
from platform_assets_tests.support.settings import settings_for

web = Domain("web", owner="team:web")
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
SOURCE = [(1, "/a", 1, None), (2, "/a", 2, None), (2, "/b", 3, None), (3, "/a", 4, None)]


class PageVisits(Contract):
    """Visits of pages, summed up."""

    day: T.DateType = Field(description="UTC day of the visits")
    page: T.StringType = Field(description="Page")
    visits: T.LongType = Field(ge=1, description="How often it was visited")

    class Config:
        unique = ["day", "page"]


@table(Visits, domain=web)
def visits() -> DataFrame:
    """Published by the tests themselves."""
    raise NotImplementedError


def summed(visits: DataFrame) -> DataFrame:
    """Visits per day and page."""
    return visits.groupBy("day", "page").agg(F.sum("visits").alias("visits"))


@table(PageVisits, domain=web)
def busy_pages(page_visits: DataFrame) -> DataFrame:
    """Pages visited more than once a day."""
    return page_visits.where("visits > 1")


class Shop:
    """The table `visits`, published; `page_visits` made from it by any transform; `busy_pages` behind that."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.settings = settings_for(lake=str(folder / "lake"))
        self.instance = in_memory()
        self.source_key = web.key("visits")
        self.source = web.table("visits", compiled(Visits), self.settings)
        publish(engine, self.source, "before", [1, 2, 3], *SOURCE)

    def definition(self, transform: Callable[..., DataFrame], *balances: Balance) -> TableDefinition:
        """`page_visits`, made by a transform."""
        return TableDefinition(web, "page_visits", transform, compiled(PageVisits), balances)

    def definitions(self, definition: TableDefinition) -> dg.Definitions:
        """What Dagster is told of the three tables."""
        catalog = Catalog(self.settings, [visits, definition, busy_pages])
        vars(catalog)["tables"] = dict(catalog.tables) | {self.source_key: self.source}
        engine = EngineResource()
        return dg.Definitions(
            assets=[
                dg.AssetSpec(self.source_key, partitions_def=web.days(self.settings)).with_io_manager_key(TABLES_IO),
                definition.asset(self.settings),
                busy_pages.asset(self.settings),
            ],
            resources={
                ENGINE: engine,
                TABLES_IO: TableIOManager(catalog, engine),
            },
            executor=dg.in_process_executor,
        )

    def run(self, definition: TableDefinition, first: str, last: str | None = None) -> dg.ExecuteInProcessResult:
        """Materialise the two tables in one run, as a user does."""
        job = self.definitions(definition).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[definition.key, busy_pages.key],
            tags={START: first, END: last or first},
            raise_on_error=False,
        )

    def rows(self) -> list[tuple[int, str, int]]:
        """The rows of `page_visits`: (day of January, page, visits)."""
        url = self.definition(summed).table(self.settings).url
        found = pa.table(open_delta(url).to_pyarrow_table()).to_pylist()
        return sorted((row["day"].day, row["page"], row["visits"]) for row in found)

    def state(self) -> list[Any]:
        """All that a reader can see of both tables, and every file in their folders."""
        both = [self.definition(summed).table(self.settings), busy_pages.table(self.settings)]
        return [(one.history(), one.published_rows_by_day(), files(one)) for one in both]

    def recorded(self, check: str) -> list[bool]:
        """The verdicts of a check of `page_visits` in the instance, newest first."""
        key = dg.AssetCheckKey(web.key("page_visits"), check)
        history = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        events = [record.event.dagster_event for record in history if record.event]
        evaluations = [event.event_specific_data for event in events if event]
        return [found.passed for found in evaluations if isinstance(found, dg.AssetCheckEvaluation)]
