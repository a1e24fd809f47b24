"""The IO manager of tables: publishes what a run has staged, and reads inputs for the days a run needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import EngineResource
from platform_assets.lake.tables.table import NotPublished, Staged, Table


class TableIOManager(dg.IOManager):
    """Publishes staged rows (`handle_output`) and hands out DataFrames of the run's days (`load_input`)."""

    def __init__(self, tables: Mapping[dg.AssetKey, Table], engine: EngineResource) -> None:
        self._tables = tables
        self._engine = engine

    def handle_output(self, context: dg.OutputContext, obj: Staged) -> None:
        """Publish; what cannot be published is removed."""
        table = obj.table
        try:
            version = table.publish(obj)
        except BaseException:
            # Interrupted right behind its commit, a run must not remove what readers see already.
            if not table.holds(obj):
                obj.discard()
            raise
        context.add_output_metadata(
            {
                "dagster/uri": table.url,
                "dagster/table_name": table.key.replace("/", "."),
                "dagster/row_count": sum(table.published_rows_by_day().values()),
                "version": version,
                "rows_of_run": obj.rows,
                "bytes_of_run": obj.size,
            }
        )
        context.log.info("%s: published %s rows as version %s", table.key, f"{obj.rows:,}", version)

    def load_input(self, context: dg.InputContext) -> DataFrame:
        """The upstream rows whose event day is among the partitions asked for; no rows when none is."""
        table = self._tables[context.asset_key]
        days = sorted(date.fromisoformat(key) for key in context.asset_partition_keys)
        if not days:
            return self._no_rows(table)
        frame, version = table.read(self._engine.engine, days[0], days[-1])
        context.log.info("%s: reading %s...%s of version %s", table.key, days[0], days[-1], version)
        return frame

    def read_day(self, key: dg.AssetKey, day: date | None) -> DataFrame:
        """The rows of a day that a table goes on from; no rows for None, when there is no day to go on from.

        Raises `dagster.Failure` when the day was never published.
        """
        table = self._tables[key]
        if day is None:
            return self._no_rows(table)
        try:
            return table.read(self._engine.engine, day, day)[0]
        except NotPublished as missing:
            raise dg.Failure(
                f"{table.key} was never materialised for {day}, from which this run would go on. Each day of it needs "
                "the one before: materialise the days before first, from the first day of the domain "
                f"(PLATFORM_{table.domain.upper()}_START) on, or take them into this run.",
                allow_retries=False,
            ) from missing

    def _no_rows(self, table: Table) -> DataFrame:
        return self._engine.engine.session.createDataFrame([], table.contract.spark_schema)
