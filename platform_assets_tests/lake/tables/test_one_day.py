"""Files that are written for a window of one day: no engine sorts their rows, and nobody sees how that was done."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Annotated

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import (
    COLUMNS,
    files,
    january,
    publish,
    published,
    stage,
    visits,
    visits_table,
)

NAMES = [column.split()[0] for column in COLUMNS.split(", ")]


@pytest.fixture
def table(place: str) -> Table:
    return visits_table(place)


def test_every_reader_finds_the_columns_of_the_contract_alone(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 3, None), (1, "/b", 4, "x"))
    assert published(table) == [(1, "/a", 3, None), (1, "/b", 4, "x")]
    assert stage(engine, table, "run-2", [2], (2, "/a", 1, None)).read(engine).columns == NAMES
    read, _ = table.read(engine, january(1), january(1))
    assert [read.columns, engine.session.read.format("delta").load(engine.folder(table.url)).columns] == [NAMES, NAMES]
    assert pl.scan_delta(table.url, storage_options=storage.options(table.url)).collect().columns == NAMES
    assert duckdb.from_arrow(open_delta(table.url).to_pyarrow_dataset()).columns == NAMES


def test_what_the_log_says_of_a_file_is_of_columns_of_the_contract(engine: Engine, table: Table) -> None:
    for file in stage(engine, table, "run-1", [1], (1, "/a", 3, None)).files:
        said = [of for of in json.loads(file.stats).values() if isinstance(of, dict)]
        assert said
        assert {name for of in said for name in of} <= set(NAMES)


@pytest.mark.parametrize(
    ("days", "by_day"),
    [
        ([2, 3], {"2026-01-02": 1, "2026-01-03": 1}),
        ([1, 2], {"2026-01-01": 1, "2026-01-02": 1}),
        ([1, 1], {"2026-01-01": 2, "2026-01-02": 0}),
        ([1, 3], {"2026-01-01": 1, "2026-01-02": 0, "2026-01-03": 1}),
        ([2, None], {None: 1, "2026-01-02": 1}),
        ([None, None], {None: 2, "2026-01-02": 0}),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in_one_file", "in_files_of_their_own"])
def test_rows_of_other_days_stay_what_they_are(
    engine: Engine, table: Table, days: list[int | None], by_day: dict[str | None, int], together: bool
) -> None:
    rows = [(day, f"/{number}", 1, None) for number, day in enumerate(days)]
    frames = [visits(engine, *rows)] if together else [visits(engine, row) for row in rows]
    staged = table.stage(engine, reduce(DataFrame.union, frames), "run-1", [january(2)])
    assert staged.rows_by_day == by_day
    found = staged.read(engine).select(*NAMES).collect()
    assert {(row["day"], row["page"]) for row in found} == {(january(d) if d else None, page) for d, page, *_ in rows}
    staged.discard()
    assert files(table) == []


def test_a_window_without_rows_has_one_empty_file(engine: Engine, table: Table) -> None:
    none = visits(engine, (1, "/a", 1, None)).where("visits > 1")
    staged = table.stage(engine, none, "run-1", [january(1)])
    assert staged.rows_by_day == {"2026-01-01": 0}
    table.publish(staged)
    assert published(table) == []


def test_rows_of_one_day_and_of_several_lie_in_files_of_their_days(engine: Engine, table: Table) -> None:
    made = engine.session.range(10_000).selectExpr("id as visits", "cast(null as string) as note")
    named = made.withColumn("page", F.concat(F.lit("/"), F.col("visits")))
    for days in ([1], [1, 2, 3]):
        rows = named.withColumn("day", F.date_add(F.lit(january(1)), (F.col("visits") % len(days)).cast("int")))
        staged = table.stage(engine, rows, f"run-{len(days)}", [january(day) for day in days])
        assert {file.partition_values["day"] for file in staged.files} == {january(day).isoformat() for day in days}
        for file in staged.files:
            with storage.reading(storage.join(table.url, file.path)) as content:
                numbers = pq.read_table(content).column("visits").to_pylist()
            assert {number % len(days) for number in numbers} == {int(str(file.partition_values["day"])[-2:]) - 1}
        table.publish(staged)
        assert sorted(row[2] for row in published(table)) == list(range(10_000))


class Sums(Contract):
    """Sums that no float can hold."""

    day: T.DateType = Field(description="UTC day")
    amount: Annotated[T.DecimalType, 38, 9] = Field(description="Amount")


def test_the_smallest_and_largest_decimals_are_said_to_the_last_digit(engine: Engine, tmp_path: Path) -> None:
    table = Table("shop", "sums", compiled(Sums), str(tmp_path))
    exact = "12345678901234567890.123456789"
    rows = engine.session.sql(f"SELECT date'2026-01-01' AS day, cast('{exact}' AS decimal(38, 9)) AS amount")
    staged = table.stage(engine, rows, "run", [january(1)])
    (file,) = (file for file in staged.files if json.loads(file.stats)["numRecords"])
    assert file.stats.count(exact) == 2
