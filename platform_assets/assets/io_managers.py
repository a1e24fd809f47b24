"""The IO managers: publish what a run has staged, and read inputs for the days that a run needs."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.failures import as_failures, of_reading, of_writing
from platform_assets.assets.provenance import refuse_other_settings
from platform_assets.assets.resources import EngineResource
from platform_assets.errors import PlatformError
from platform_assets.exports.documents import StagedDocuments
from platform_assets.exports.sql.loading import StagedPeriods
from platform_assets.lake.tables.reads import DaysRead, Source
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import NotPublished, Table
from platform_assets.settings import prefix_of

Log = logging.Logger | dg.DagsterLogManager


class TableIOManager(dg.IOManager):
    """Publishes staged rows (`handle_output`) and hands out DataFrames of the run's days (`load_input`)."""

    def __init__(self, catalog: Catalog, engine: EngineResource) -> None:
        self.catalog = catalog
        self._engine = engine
        self._read: MutableMapping[DataFrame, DaysRead] = WeakKeyDictionary()

    def handle_output(self, context: dg.OutputContext, obj: Staged) -> None:
        """Publish; what cannot be published is removed."""
        table = self.catalog.tables[context.asset_key]
        with as_failures(context, of_writing(table.key, "PLATFORM_LAKE", table.url)):
            try:
                version = table.publish(obj)
            except BaseException:
                # Interrupted right after its commit, a run must not remove what readers see already: what is not
                # surely no part of a version stays, and `clean` removes it later.
                with suppress(Exception):
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
        table = self.catalog.tables[context.asset_key]
        if not context.has_asset_partitions:
            with as_failures(context, of_reading(table.key, table.url)):
                return self.read_all(context.asset_key, context.log)
        days = sorted(date.fromisoformat(key) for key in context.asset_partition_keys)
        with as_failures(context, of_reading(table.key, table.url)):
            if not days:
                return self._no_rows(table)
            frame, read = table.read(self._engine.engine, days[0], days[-1])
            self._handed_out(context.asset_key, frame, read, context.log)
        context.log.info("%s: reading %s...%s of version %s", table.key, days[0], days[-1], read.version)
        return frame

    def read_day(self, key: dg.AssetKey, day: date, log: Log) -> DataFrame:
        """The rows of the day before a run; no rows before the first day of the table's domain.

        Raises `PlatformError` when the day was never published, or was made with other settings than those now.
        """
        table = self.catalog.tables[key]
        if day < self.catalog.first_day(key):
            return self._no_rows(table)
        try:
            frame, read = table.read(self._engine.engine, day, day)
        except NotPublished as missing:
            raise PlatformError(
                f"{table.key} was never materialised for {day}, from which this run would go on. Each day of it needs "
                "the one before: materialise the days before first, from the first day of the domain "
                f"({prefix_of(table.domain)}START) on, or take them into this run."
            ) from missing
        return self._handed_out(key, frame, read, log)

    def read_before(self, key: dg.AssetKey, day: date, log: Log) -> DataFrame:
        """The rows of all days of a table before a day; no rows when that is the first.

        Raises `PlatformError` when one of them was never published, or was made with other settings than those now.
        """
        table, first = self.catalog.tables[key], self.catalog.first_day(key)
        if day <= first:
            return self._no_rows(table)
        try:
            return self._handed_out(key, *table.read(self._engine.engine, first, day - timedelta(days=1)), log)
        except NotPublished as missing:
            raise PlatformError(
                f"{missing} Each day of it needs all before: materialise them first, from the first day of the domain "
                f"({prefix_of(table.domain)}START) on, or take them into this run."
            ) from missing

    def read_newest(
        self, keys: Collection[dg.AssetKey], days: Collection[date], spans: Sequence[tuple[date, date]], log: Log
    ) -> list[tuple[date | None, dict[dg.AssetKey, DataFrame], list[Source]]]:
        """Of each span the newest day that all these tables have, their rows of it, and what was read.

        What was read has changed, too, as soon as a newer day of the span is published. A span before the first day of
        one of the tables has no rows. Raises `PlatformError` when one of `days` was never published.
        """
        tables = {key: self.catalog.tables[key] for key in keys}
        opened = {
            key: table.opened([str(day) for day in days if day >= self.catalog.first_day(key)])
            for key, table in tables.items()
        }
        there = set.intersection(*(tables[key].published_days(delta) for key, delta in opened.items()))
        begin = max(map(self.catalog.first_day, keys))
        found: list[tuple[date | None, dict[dg.AssetKey, DataFrame], list[Source]]] = []
        for first, last in spans:
            newest = max((day for day in there if str(max(first, begin)) <= day <= str(last)), default=None)
            if newest is None:
                found.append((None, {key: self._no_rows(table) for key, table in tables.items()}, []))
                continue
            day, frames, sources = date.fromisoformat(newest), dict[dg.AssetKey, DataFrame](), list[Source]()
            for key, table in tables.items():
                frame, read = table.read(self._engine.engine, day, day, opened[key])
                frames[key] = self._handed_out(key, frame, read, log)
                sources.append(DaysRead.of(table, opened[key], day, last))
                log.info("%s: reading %s of version %s, the newest day up to %s", table.key, day, read.version, last)
            found.append((day, frames, sources))
        return found

    def read_all(self, key: dg.AssetKey, log: Log) -> DataFrame:
        """All rows of a table.

        Raises `PlatformError` when it was never published, for days made with other settings than those now, and for
        days that were made when those before them were others.
        """
        frame, read = self.catalog.tables[key].read_all(self._engine.engine)
        self._refuse_days_that_do_not_fit(key, read)
        return self._handed_out(key, frame, read, log)

    def _refuse_days_that_do_not_fit(self, key: dg.AssetKey, read: DaysRead) -> None:
        name = key.to_user_string()
        own = [reading for reading in self.catalog.readings(key) if reading.key == key]
        for day in read.days if own else ():
            made = read.known.made.get(day)
            for span in (span for reading in own if (span := reading.span(day))):
                then = made.read.get(name, {}).get(str(span)) if made else None
                if then and (now := read.known.total(max(span.first, read.first), span.last)) and now != then:
                    raise PlatformError(
                        f"{name} of {day} was made when the days before it were others: what is made of all days would "
                        f"follow neither. Build the days from then on first: `platform-assets apply {key.path[0]}`."
                    )

    def _handed_out(self, key: dg.AssetKey, frame: DataFrame, read: DaysRead, log: Log) -> DataFrame:
        self._refuse_other_settings(key, read, log)
        self._read[frame] = read
        return frame

    def reads(self, frames: Mapping[str, DataFrame]) -> dict[str, DaysRead]:
        """What was read for DataFrames that this manager has handed out, by the names that they are given here."""
        return {name: self._read[frame] for name, frame in frames.items() if frame in self._read}

    def _refuse_other_settings(self, key: dg.AssetKey, read: DaysRead, log: Log) -> None:
        days = read.days
        refuse_other_settings(read.table.key, read.known, days, self.catalog.recipe(key))
        if unknown := [day for day in days if read.known.fingerprint(day) is None]:
            log.warning(
                "%s: nobody knows what %s days were made from, such as %s: a version of the platform published them "
                "that kept no record. `platform-assets apply --adopt` takes them as they are.",
                read.table.key,
                len(unknown),
                unknown[0],
            )

    def _no_rows(self, table: Table) -> DataFrame:
        return self._engine.engine.session.createDataFrame([], table.contract.spark_schema)


class DocumentIOManager(dg.IOManager):
    """Puts the documents of a run where their readers look."""

    def handle_output(self, context: dg.OutputContext, obj: StagedDocuments) -> None:
        """Publish the documents, each whole or not at all, and those of a day together."""
        url = obj.folder.url
        with as_failures(context, of_writing(url, "PLATFORM_EXPORTS", url)):
            obj.publish()
        context.add_output_metadata({"dagster/uri": url, "rows": obj.rows, "bytes": obj.size, "files": obj.count})
        context.log.info("%s: %s documents, %s rows", url, obj.count, f"{obj.rows:,}")

    def load_input(self, context: dg.InputContext) -> Any:
        """Documents are for people and other systems; raises `dagster.Failure`: read the table instead."""
        raise dg.Failure(f"{context.asset_key.to_user_string()} is a document: depend on its table instead.")


class SqlIOManager(dg.IOManager):
    """Writes the rows of a run into the table of a database."""

    def handle_output(self, context: dg.OutputContext, obj: StagedPeriods) -> None:
        """Replace the rows of each period, each whole or not at all."""
        target = obj.target
        with as_failures(context, of_writing(target.key, "PLATFORM_LAKE", target.records.folder)):
            obj.publish()
        periods = ", ".join(sorted(obj.written))
        context.add_output_metadata({"database": target.place, "rows": obj.count, "periods": periods})
        context.log.info("%s: %s rows of %s in %s", target.key, f"{obj.count:,}", periods, target.place)

    def load_input(self, context: dg.InputContext) -> Any:
        """A database's table is for other systems; raises `dagster.Failure`: read the table of the lake instead."""
        raise dg.Failure(
            f"{context.asset_key.to_user_string()} is a table of a database: depend on the lake's own instead."
        )
