"""A table whose contract has patterns gets the columns that its runs bring, and loses none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.log import FILES_AFTER
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.lake.publishers import publish_at_once
from platform_assets_tests.support.lake.visits import january


class Counts(Contract):
    """Counts by name."""

    day: T.DateType = Field(description="UTC day")
    key: T.StringType = Field(description="What is counted")
    n: T.LongType = Field(alias="^.+_n$", regex=True, nullable=True, ge=1, description="How many")


@pytest.fixture
def table(place: str) -> Table:
    """The table `shop/counts`, not published yet, on disk and on S3."""
    return Table("shop", "counts", compiled(Counts), storage.join(place, "lake", "shop", "counts"))


def stage(engine: Engine, table: Table, day: int, run: str = "run", **counts: int) -> Staged:
    """Stage a row with these columns for a day of January."""
    values = ", ".join(f"{count}L AS {name}_n" for name, count in counts.items())
    rows = engine.session.sql(f"SELECT date'{january(day)}' AS day, 'k' AS key{', ' if values else ''}{values}")
    return table.stage(engine, rows, run, [january(day)])


def publish(engine: Engine, table: Table, day: int, **counts: int) -> int:
    return table.publish(stage(engine, table, day, **counts))


def rows(table: Table) -> dict[int, dict[str, Any]]:
    """Per day of January the counts that are there, read by nobody's engine."""
    found = pa.table(open_delta(table.url).to_pyarrow_table()).to_pylist()
    return {row["day"].day: {name: row[name] for name in row if name.endswith("_n") and row[name]} for row in found}


def columns(table: Table) -> list[str]:
    return [field.name for field in open_delta(table.url).schema().fields]


def test_a_run_that_brings_columns_adds_them_in_the_commit_of_its_rows(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, b=1)
    assert columns(table) == ["day", "key", "b_n"]
    before = open_delta(table.url).version()
    publish(engine, table, 2, c=1, a=2)
    assert open_delta(table.url).version() == before + 1
    assert columns(table) == ["day", "key", "b_n", "a_n", "c_n"]
    assert rows(table) == {1: {"b_n": 1}, 2: {"a_n": 2, "c_n": 1}}
    publish(engine, table, 3, aa=1, d=1)
    publish(engine, table, 4, bb=1)
    assert columns(table) == ["day", "key", "b_n", "a_n", "c_n", "aa_n", "d_n", "bb_n"]
    described = {field.name: field for field in open_delta(table.url).schema().fields}
    assert described["a_n"].nullable
    assert described["a_n"].metadata["comment"] == "How many"


def test_a_run_without_a_column_leaves_it_to_the_other_days(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, a=1, b=1)
    publish(engine, table, 2)
    publish(engine, table, 1, b=2)
    assert columns(table) == ["day", "key", "a_n", "b_n"]
    assert rows(table) == {1: {"b_n": 2}, 2: {}}


def test_every_reader_sees_null_before_a_columns_first_day(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, a=1)
    publish(engine, table, 2, b=2)
    frame, _ = table.read(engine, january(1), january(2))
    assert frame.columns == ["day", "key", "a_n", "b_n"]
    expected = [(january(1), "k", 1, None), (january(2), "k", None, 2)]
    assert [tuple(row) for row in frame.orderBy("day").collect()] == expected
    one_day, _ = table.read(engine, january(1), january(1))
    assert [tuple(row) for row in one_day.collect()] == expected[:1]
    if not table.url.startswith("s3://"):
        assert polars.read_delta(table.url).sort("day").rows() == expected
        delta = DeltaTable(table.url).to_pyarrow_dataset()
        assert duckdb.sql("SELECT * FROM delta ORDER BY day").fetchall() == expected
        del delta


def test_an_older_version_is_read_with_the_columns_that_it_had(engine: Engine, table: Table) -> None:
    first = publish(engine, table, 1, a=1)
    publish(engine, table, 1, b=2)
    old = open_delta(table.url, first)
    assert [tuple(row) for row in table.rows(engine, old).collect()] == [(january(1), "k", 1)]


def test_a_restored_version_keeps_the_columns_that_came_after_it(engine: Engine, table: Table) -> None:
    first = publish(engine, table, 1, a=1)
    publish(engine, table, 1, b=2)
    made = table.restore(first)
    assert made == open_delta(table.url).version()
    assert columns(table) == ["day", "key", "a_n", "b_n"]
    assert rows(table) == {1: {"a_n": 1}}
    frame, _ = table.read(engine, january(1), january(1))
    assert [tuple(row) for row in frame.collect()] == [(january(1), "k", 1, None)]
    publish(engine, table, 2, c=3)
    assert columns(table) == ["day", "key", "a_n", "b_n", "c_n"]
    assert table.restore(first) == made + 3
    assert columns(table) == ["day", "key", "a_n", "b_n", "c_n"]


def test_columns_that_a_restored_version_did_not_have_stand_in_their_order(engine: Engine, table: Table) -> None:
    first = publish(engine, table, 1, z=1)
    publish(engine, table, 1, c=2, b=1)
    publish(engine, table, 2, a=2, d=3)
    expected = ["day", "key", "z_n", "b_n", "c_n", "a_n", "d_n"]
    assert columns(table) == expected
    table.restore(first)
    assert columns(table) == expected
    assert rows(table) == {1: {"z_n": 1}}
    newest = open_delta(table.url)
    assert newest.history(1)[0][FILES_AFTER] == str(len(newest.file_uris())) == "1"


def test_two_processes_that_bring_different_columns_at_once_both_do_a_hundred_times(
    engine: Engine, table: Table
) -> None:
    times = examples(100) if not table.url.startswith("s3://") else 10
    publish(engine, table, 31, z=1)
    for first in range(0, times, 10):
        # Ten at once are five pairs, each of which meets the others, too.
        staged = [stage(engine, table, 1 + n, f"run-{first + n}", **{f"x{first + n}": 1 + n}) for n in range(10)]
        assert all(isinstance(made, int) for made in publish_at_once(staged))
        assert rows(table) == {31: {"z_n": 1}, **{1 + n: {f"x{first + n}_n": 1 + n} for n in range(10)}}
    assert sorted(columns(table)) == sorted(["day", "key", "z_n", *(f"x{n}_n" for n in range(times))])


def test_a_published_column_of_another_type_is_refused_before_anything_is_written(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, a=1)

    class Doubles(Counts):
        """Counts by name."""

        n: T.DoubleType = Field(alias="^.+_n$", regex=True, nullable=True, description="How many")

    other = Table("shop", "counts", compiled(Doubles), table.url)
    frame = engine.session.sql(f"SELECT date'{january(2)}' AS day, 'k' AS key, 1D AS b_n")
    with pytest.raises(PlatformError, match="changed in a_n, which its published days cannot follow"):
        other.stage(engine, frame, "run", [january(2)])


def test_a_published_column_that_no_longer_matches_is_refused(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, a=1)

    class Renamed(Counts):
        """Counts by name."""

        n: T.LongType = Field(alias="^.+_count$", regex=True, nullable=True, description="How many")

    other = Table("shop", "counts", compiled(Renamed), table.url)
    with pytest.raises(PlatformError, match="has changed in a_n since its days were published"):
        other.read(engine, january(1), january(1))


def test_a_column_that_differs_from_a_published_one_by_its_case_is_refused(engine: Engine, table: Table) -> None:
    publish(engine, table, 1, a=1)
    with pytest.raises(PlatformError, match="shop/counts has the column a_n, from which A_n differs by its case alone"):
        stage(engine, table, 2, A=1)


def test_of_two_runs_at_once_whose_columns_differ_by_their_case_the_second_is_refused(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, 31, z=1)
    first, second = stage(engine, table, 1, a=1), stage(engine, table, 2, A=1)
    table.publish(first)
    with pytest.raises(PlatformError, match="from which A_n differs by its case alone"):
        table.publish(second)
    assert columns(table) == ["day", "key", "z_n", "a_n"]


def test_a_thousand_columns_are_published_and_read(engine: Engine, table: Table) -> None:
    counts = {f"s{n:04}": n + 1 for n in range(examples(1_000))}
    publish(engine, table, 1, **counts)
    publish(engine, table, 2, **{f"{name}_x": 1 for name in counts})
    assert rows(table)[1] == {f"{name}_n": count for name, count in counts.items()}
    assert len(columns(table)) == 2 + 2 * len(counts)


@pytest.mark.parametrize(("width", "has_statistics"), [(30, True), (31, False)])
def test_a_log_has_statistics_of_columns_by_a_pattern_while_they_are_few(
    engine: Engine, tmp_path: Path, width: int, has_statistics: bool
) -> None:
    table = Table("shop", "counts", compiled(Counts), str(tmp_path))
    names = [f"s{n:02}_n" for n in range(width)]
    rows = engine.session.sql(f"SELECT date'2026-01-01' AS day, 'k' AS key, {', '.join(f'1L AS {n}' for n in names)}")
    staged = table.stage(engine, rows, "run", [january(1)])
    version = table.publish(staged)
    assert [staged.nulls(name) for name in names] == [0] * width
    log = tmp_path / "_delta_log" / f"{version:020}.json"
    (added,) = [json.loads(line)["add"] for line in log.read_text().splitlines() if line.startswith('{"add"')]
    stats = json.loads(added["stats"])
    told = ["key", *(names if has_statistics else [])]
    assert {what: sorted(of) if isinstance(of, dict) else of for what, of in stats.items()} == {
        "numRecords": 1,
        **dict.fromkeys(("minValues", "maxValues", "nullCount"), told),
    }
    assert polars.scan_delta(table.url).filter(polars.col("s00_n") == 1).collect().height == 1
