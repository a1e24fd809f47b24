"""Rows of a run that wait in Parquet files: the engine writes them once, then they are looked at, and loaded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow.dataset as ds
from pyspark.sql import Column, DataFrame

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.exports.aside import rows_by
from platform_assets.exports.sql.periods import Monthly, Period
from platform_assets.exports.sql.rows import Rows
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine

# Of which period a row is: the rows keep their own column.
_OF_PERIOD = "of_period"


@dataclass(frozen=True)
class Spool:
    """The folder of a run in which rows wait, in one of its own for each period."""

    url: str
    contract: CompiledContract
    period: Period

    @classmethod
    def of(cls, folder: str, run_id: str, contract: CompiledContract, period: Period) -> Spool:
        """That of a run, below a folder of the lake."""
        return cls(storage.join(folder, f".{run_id}"), contract, period)

    def add(self, engine: Engine, rows: DataFrame, period: Column) -> None:
        """Let the engine write rows, each of the period that the column says."""
        written = rows.select(*self.contract.names, period.cast("string").alias(_OF_PERIOD))
        written.write.mode("append").partitionBy(_OF_PERIOD).parquet(engine.folder(self.url))

    def read(self, engine: Engine) -> DataFrame:
        """The rows, for the engine; there must be some."""
        return engine.session.read.parquet(engine.folder(self.url))

    def rows(self) -> dict[str, Rows]:
        """The rows of each period that has some."""
        return {
            period: Rows(self.contract, dataset, count)
            for period, dataset in rows_by(_OF_PERIOD, self.url).items()
            if (count := dataset.count_rows())
        }

    def of_others(self, rows: Mapping[str, Rows], periods: Collection[str]) -> dict[str, int]:
        """How many rows are of another period than they are to stand for, or of none of these."""
        found = {period: its.count for period, its in rows.items() if period not in periods}
        its_period = ds.field(self.period.column)
        for period, its in rows.items():
            if isinstance(self.period, Monthly) and its.dataset is not None:
                others = its.dataset.count_rows(filter=its_period.is_null() | (its_period != period))
                found |= {period: others} if others else {}
        return found
