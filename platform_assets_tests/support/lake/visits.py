"""A small contract and its table, for tests of the lake."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.domain import Domain
from platform_assets.assets.tables import TableDefinition
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.settings import settings_for

COLUMNS = "day date, page string, visits bigint, note string"


class Visits(Contract):
    """Visits of pages."""

    day: T.DateType = Field(description="UTC day of the visits")
    page: T.StringType = Field(description="Page")
    visits: T.LongType = Field(ge=0, description="How often it was visited")
    note: T.StringType = Field(nullable=True, description="Remark")

    class Config:
        unique = ["day", "page"]


def january(day: int) -> date:
    """A day of January 2026."""
    return date(2026, 1, day)


def visits_table(place: Path | str, contract: type[Contract] = Visits) -> Table:
    """The table `shop/visits` in a lake of its own, below a folder or in a bucket."""
    return Table("shop", "visits", compiled(contract), storage.join(str(place), "lake", "shop", "visits"))


def visits_catalog(table: Table) -> Catalog:
    """A catalog of that table alone, made of nothing."""

    def visits() -> DataFrame:
        raise NotImplementedError

    one = TableDefinition(Domain("shop", owner="team:shop"), "visits", visits, table.contract)
    return Catalog(settings_for(lake=table.url.removesuffix("/shop/visits")), [one])


def visits(engine: Engine, *rows: tuple[Any, ...], columns: str = COLUMNS) -> DataFrame:
    """Rows (day of January, page, visits, note) as a DataFrame."""
    dated = [(january(row[0]) if row[0] else None, *row[1:]) for row in rows]
    return engine.session.createDataFrame(dated, columns)


def stage(engine: Engine, table: Table, run: str, days: Iterable[int], *rows: tuple[Any, ...]) -> Staged:
    """Stage such rows for some days of January."""
    return table.stage(engine, visits(engine, *rows) if rows else None, run, [january(day) for day in days])


def publish(engine: Engine, table: Table, run: str, days: Iterable[int], *rows: tuple[Any, ...]) -> int:
    """Stage and publish them; the version that it made."""
    return table.publish(stage(engine, table, run, days, *rows))


def published(table: Table, version: int | None = None) -> list[tuple[Any, ...]]:
    """The rows that a reader who knows nothing of the platform finds: (day of January, page, visits, note)."""
    found = pa.table(open_delta(table.url, version).to_pyarrow_table()).to_pylist()
    return sorted((row["day"].day, row["page"], row["visits"], row["note"]) for row in found)


def files(table: Table) -> list[str]:
    """Every file below the table's folder, but for logs, records, and the checksums that Spark puts beside files."""
    names = [file.url.removeprefix(f"{table.url}/") for file in storage.walk(table.url)]
    return sorted(
        name for name in names if not name.startswith(("_delta_log/", "_made/")) and not name.endswith(".crc")
    )
