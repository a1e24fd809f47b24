"""Staging, publishing, reading and restoring tables."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import staging
from platform_assets.lake.tables.published import commit_time, open_delta
from platform_assets.lake.tables.table import Table
from platform_assets.transforms.counts import count_with_distinct
from platform_assets.transforms.events import first_of_each
from platform_assets_tests.support.lake.lost_answers import losing_the_answer_to_a_commit
from platform_assets_tests.support.lake.visits import files, january, publish, published, stage, visits, visits_table
from platform_assets_tests.support.services.s3 import S3Server


@pytest.fixture
def table(place: str) -> Table:
    """The table `shop/visits`, not published yet, on disk and on S3."""
    return visits_table(place)


def test_staged_rows_are_seen_by_nobody_until_they_are_published(engine: Engine, table: Table) -> None:
    staged = stage(engine, table, "run-1", [1, 2], (1, "/a", 3, None), (2, "/a", 4, "x"), (2, "/b", 5, None))
    assert table.delta() is None
    assert table.published_rows_by_day() == {}
    assert (staged.rows, staged.rows_by_day) == (3, {"2026-01-01": 1, "2026-01-02": 2})
    assert (staged.nulls("note"), staged.nulls("page"), staged.nulls("day")) == (2, 0, 0)
    assert staged.size == sum(file.size for file in storage.walk(staged.url) if file.name.endswith(".parquet"))
    assert table.publish(staged) == 1
    assert published(table) == [(1, "/a", 3, None), (2, "/a", 4, "x"), (2, "/b", 5, None)]
    assert table.published_rows_by_day() == {"2026-01-01": 1, "2026-01-02": 2}


def test_what_files_say_of_their_rows_is_read_once_however_many_days_ask(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = stage(engine, table, "run-1", [1, 2], (1, "/a", 3, None), (2, "/b", 5, None))
    read = Mock(side_effect=staging._rows)
    monkeypatch.setattr(staging, "_rows", read)
    assert [staged.rows_by_day[day.isoformat()] for day in staged.days] == [1, 1]
    assert read.call_count == len(staged.files) == 2


def test_rows_are_staged_although_the_store_loses_an_answer(
    aws: S3Server, bucket: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = visits_table(bucket)
    with losing_the_answer_to_a_commit(aws) as proxy, monkeypatch.context() as within:
        within.setattr(storage, "options", lambda url: {"AWS_ENDPOINT_URL": proxy.endpoint})
        staged = stage(engine, table, "run-1", [1, 2])
    assert len(proxy.injected) == 1
    publish(engine, table, "run-2", [3], (3, "/a", 4, "x"))
    assert table.publish(staged) == 2
    assert published(table) == [(3, "/a", 4, "x")]


def test_files_that_an_engine_commits_twice_are_staged_once(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = storage.entries
    with monkeypatch.context() as within:
        within.setattr(storage, "entries", lambda url: [*entries(url), *entries(url)])
        staged = stage(engine, table, "run-1", [1, 2], (1, "/a", 1, None), (1, "/b", 2, None))
    assert (staged.rows, staged.rows_by_day) == (2, {"2026-01-01": 2, "2026-01-02": 0})
    table.publish(staged)
    assert published(table) == [(1, "/a", 1, None), (1, "/b", 2, None)]


def test_nulls_are_not_known_where_a_file_does_not_count_them(engine: Engine, table: Table) -> None:
    staged = stage(engine, table, "run-1", [1, 2], (1, "/a", 1, None))
    silent = [replace(file, stats='{"numRecords": 1, "nullCount": {"page": 0}}') for file in staged.files]
    assert (staged.nulls("note"), staged.nulls("page")) == (1, 0)
    unknown = replace(staged, files=(staged.files[0], *silent))
    assert (unknown.nulls("note"), unknown.nulls("page")) == (None, 0)


@pytest.mark.parametrize(
    "said",
    ["lacks the necessary privileges", "AccessDenied: no", "Access Denied", "403 Forbidden", "SignatureDoesNotMatch"],
)
def test_a_store_that_denies_access_is_told_with_its_bucket_and_is_not_asked_again(said: str) -> None:
    table = visits_table("s3://bucket")
    with (
        pytest.raises(
            PlatformError, match=r"^PLATFORM_LAKE: the bucket bucket refused access: .* shop/visits is as it was"
        ) as told,
        table.access(),
    ):
        raise OSError(said)
    assert (told.value.retry, str(told.value.__cause__)) == (False, said)
    with pytest.raises(OSError, match="slow down"), table.access():
        raise OSError("slow down")


def test_publishing_a_day_replaces_it_and_no_other(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2, 3], (1, "/a", 1, None), (2, "/a", 2, None), (3, "/a", 3, None))
    publish(engine, table, "run-2", [2], (2, "/b", 9, None))
    assert published(table) == [(1, "/a", 1, None), (2, "/b", 9, None), (3, "/a", 3, None)]


def test_a_day_that_a_range_leaves_empty_disappears(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2, 3], (1, "/a", 1, None), (2, "/a", 2, None), (3, "/a", 3, None))
    publish(engine, table, "run-2", [1, 2], (1, "/b", 9, None))
    assert published(table) == [(1, "/b", 9, None), (3, "/a", 3, None)]
    publish(engine, table, "run-3", [1])
    assert published(table) == [(3, "/a", 3, None)]


def test_the_first_publication_may_be_empty(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2])
    assert published(table) == []
    assert table.read(engine, january(1), january(2))[0].collect() == []


def test_publishing_the_same_rows_again_changes_nothing_but_the_version(engine: Engine, table: Table) -> None:
    rows = [(1, "/a", 1, None), (2, "/a", 2, "x")]
    assert publish(engine, table, "run-1", [1, 2], *rows) == 1
    before = published(table)
    assert publish(engine, table, "run-2", [1, 2], *rows) == 2
    assert published(table) == before == published(table, version=1)


def test_a_commit_and_its_files_name_the_run_that_made_them(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    newest = table.history()[0]
    assert (newest["dagster_run_id"], newest["days"], newest["rows"]) == ("run-1", "2026-01-01...2026-01-02", "2")
    assert commit_time(newest).tzinfo is not None
    paths = pa.table(open_delta(table.url).get_add_actions())["path"].to_pylist()
    assert paths == files(table)
    assert all(path.startswith("runs/run-1/") for path in paths)


def test_no_log_of_the_staging_is_left_behind(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    publish(engine, table, "run-2", [1])
    assert not [file.url for file in storage.walk(table.url) if "/runs/" in file.url and "_delta_log" in file.url]
    assert {Path(name).suffix for name in files(table)} == {".parquet"}


def test_discarded_rows_leave_nothing_behind(engine: Engine, table: Table) -> None:
    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    staged.discard()
    staged.discard()
    assert storage.entries(storage.join(table.url, "runs")) == []


def test_days_that_a_run_leaves_out_stay_as_they_are_and_nothing_of_them_is_left(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2, 3], (1, "/a", 1, None), (2, "/a", 1, None), (3, "/a", 1, None))
    staged = stage(engine, table, "run-2", [1, 2, 3], (1, "/a", 2, None), (2, "/a", 2, None))
    kept = staged.without([january(1), january(3)])
    assert (kept.days, kept.rows_by_day) == ((january(2),), {"2026-01-02": 1})
    there = {file.url for file in storage.walk(staged.url) if file.name.endswith(".parquet")}
    assert there == {storage.join(table.url, file.path) for file in kept.files}
    table.publish(kept)
    assert published(table) == [(1, "/a", 1, None), (2, "/a", 2, None), (3, "/a", 1, None)]


def test_a_write_that_fails_half_way_leaves_nothing_behind(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    before = files(table)
    rows = visits(engine, (1, "/a", 2, None))
    out_of_paper = F.raise_error(F.lit("out of paper"))
    bad = rows.withColumn("note", F.when(F.col("visits") > 1, out_of_paper).otherwise(F.col("note")))
    with pytest.raises(Exception, match="out of paper"):
        table.stage(engine, bad, "run-2", [january(1)])
    assert files(table) == before
    assert [folder.name for folder in storage.entries(storage.join(table.url, "runs"))] == ["run-1"]


def test_a_step_that_its_run_repeats_leaves_the_files_alone_that_it_published_before(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    again = stage(engine, table, "run-1", [1], (1, "/a", 2, None))
    assert published(table) == [(1, "/a", 1, None)]
    again.discard()
    assert published(table) == [(1, "/a", 1, None)]


def test_long_texts_do_not_bloat_the_log(engine: Engine, table: Table) -> None:
    longest = ["x" * 1_000_000, "é" * 500_000, "\U0010fffd" * 300_000]
    publish(engine, table, "run-1", [1], *[(1, f"/{n}", 1, text) for n, text in enumerate([*longest, "short"])])
    log = sum(file.size for file in storage.walk(storage.join(table.url, "_delta_log")))
    assert log < 10_000
    assert [row[3] for row in published(table)] == [*longest, "short"]
    found = table.read(engine, january(1), january(1))[0].where("note = 'short'").collect()
    assert [row["page"] for row in found] == ["/3"]


def test_a_plan_reads_the_version_that_was_there_when_it_was_made(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    rows, read = table.read(engine, january(1), january(1))
    publish(engine, table, "run-2", [1], (1, "/b", 2, None))
    assert read.version == 1
    assert [row["page"] for row in rows.collect()] == ["/a"]


def test_only_the_days_asked_for_are_read(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", range(1, 6), *[(day, "/a", day, None) for day in range(1, 6)])
    rows, _ = table.read(engine, january(2), january(4))
    assert sorted(row["visits"] for row in rows.collect()) == [2, 3, 4]


SAME = {
    "one row": [(1, "/a", 1, None)],
    "the same row twice": [(1, "/a", 1, "x"), (1, "/a", 1, "x")],
    "two rows of one page": [(1, "/a", 1, None), (1, "/a", 2, None)],
}


@pytest.mark.parametrize("rows", list(SAME.values()), ids=list(SAME))
def test_columns_that_are_the_same_in_every_row_can_be_grouped_counted_and_deduplicated(
    engine: Engine, table: Table, rows: list[tuple[Any, ...]]
) -> None:
    publish(engine, table, "run-1", [1], *rows)
    read, _ = table.read(engine, january(1), january(1))
    counted = read.groupBy("day", "page").agg(F.count("*").alias("n"))
    assert counted.agg(F.sum("n")).first()[0] == len(rows)
    assert counted.groupBy("day").agg(F.sum("n")).first()[1] == len(rows)
    assert read.join(counted, "page").agg(F.sum("n")).first()[0] == len(rows) ** 2
    users = count_with_distinct(read, ["day", "page"], "visits", count="rows", distinct="different").first()
    assert (users["rows"], users["different"]) == (len(rows), len(set(rows)))
    assert first_of_each(read, key=["day", "page"], order=["visits"]).collect()[0]["visits"] == 1


def test_reading_a_table_that_was_never_published_says_what_to_do(engine: Engine, table: Table) -> None:
    stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    with pytest.raises(PlatformError, match="shop/visits has no data yet for 2026-01-01: materialise it first"):
        table.read(engine, january(1), january(1))


def test_a_day_without_rows_is_known_as_published_until_a_restore_to_before_it(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 3], (1, "/a", 1, None))
    publish(engine, table, "run-2", [2])
    assert table.published_rows_by_day() == {"2026-01-01": 1, "2026-01-02": 0, "2026-01-03": 0}
    assert len(files(table)) == 3
    assert [row["page"] for row in table.read(engine, january(1), january(3))[0].collect()] == ["/a"]
    assert table.read(engine, january(2), january(2))[0].collect() == []
    table.restore(1)
    assert table.published_rows_by_day() == {"2026-01-01": 1, "2026-01-03": 0}
    assert table.read(engine, january(3), january(3))[0].collect() == []
    with pytest.raises(PlatformError, match="shop/visits has no data yet for 2026-01-02: materialise it first"):
        table.read(engine, january(1), january(3))


def test_of_days_that_were_not_published_the_first_is_named_and_the_others_counted(
    engine: Engine, table: Table
) -> None:
    publish(engine, table, "run-1", [2, 4], (2, "/a", 1, None))
    spans = {(2, 3): "2026-01-03:", (1, 4): "2026-01-01 and 1 more days:", (3, 9): "2026-01-03 and 5 more days:"}
    for (first, last), said in spans.items():
        with pytest.raises(PlatformError, match=f"shop/visits has no data yet for {said} materialise it first"):
            table.read(engine, january(first), january(last))


def test_days_without_rows_are_read_by_every_reader_of_delta_tables(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", [1, 2, 3, 4], (2, "/a", 1, None), (2, "/b", 2, "x"), (4, "/a", 3, None))
    expected = [(2, "/a", 1, None), (2, "/b", 2, "x"), (4, "/a", 3, None)]
    assert published(table) == expected
    delta = open_delta(table.url)
    assert len(delta.file_uris()) == 4
    scanned = duckdb.from_arrow(delta.to_pyarrow_dataset())
    assert sorted((day.day, *other) for day, *other in scanned.select("day", "page", "visits", "note").fetchall()) == (
        expected
    )
    assert scanned.filter("day = DATE '2026-01-03'").fetchall() == []
    frame = pl.read_delta(table.url)
    assert sorted((day.day, *other) for day, *other in frame.select("day", "page", "visits", "note").rows()) == expected
    assert pl.scan_delta(table.url).filter(pl.col("day") == january(1)).collect().rows() == []
    assert pl.scan_delta(table.url).filter(pl.col("visits") > 1).select("page").collect()["page"].sort().to_list() == [
        *("/a", "/b")
    ]


def test_restoring_brings_a_version_back_as_a_new_one(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    publish(engine, table, "run-2", [1], (1, "/b", 9, None))
    assert table.restore(1) == 3
    assert published(table) == published(table, version=1) == [(1, "/a", 1, None), (2, "/a", 2, None)]
    assert publish(engine, table, "run-3", [2], (2, "/c", 5, None)) == 4
    assert published(table) == [(1, "/a", 1, None), (2, "/c", 5, None)]


def test_a_version_whose_files_are_gone_cannot_be_restored(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    publish(engine, table, "run-2", [1], (1, "/b", 2, None))
    (gone,) = [name for name in files(table) if "run-1" in name]
    storage.remove(storage.join(table.url, gone))
    with pytest.raises(Exception, match="file"):
        table.restore(1)
    assert published(table) == [(1, "/b", 2, None)]


@pytest.mark.parametrize("name", ["my lake", "jörg", "a[1]", "what?", "50*", "c#", "{a,b}", "it's"])
def test_a_lake_may_lie_in_a_folder_of_any_name(engine: Engine, tmp_path: Path, name: str) -> None:
    table = visits_table(tmp_path / name)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    rows, _ = table.read(engine, january(1), january(1))
    assert [row["page"] for row in rows.collect()] == ["/a"]
    assert published(table) == [(1, "/a", 1, None)]
    assert [path.name for path in tmp_path.iterdir()] == [name]
