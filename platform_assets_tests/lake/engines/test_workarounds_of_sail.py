"""The defects of Sail that the code works around, each on Sail itself.

A test that fails here says that Sail is mended: the workaround, its entry in the register and the test can go.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from sys import float_info

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from pysail.spark import SparkConnectServer
from pyspark.errors import AnalysisException, IllegalArgumentException, UnsupportedOperationException
from pyspark.errors.exceptions.base import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.lake.lost_answers import losing_the_answer_to_a_commit
from platform_assets_tests.support.processes.sites import wait_for
from platform_assets_tests.support.services.ports import answers
from platform_assets_tests.support.services.s3 import S3Server

pytestmark = pytest.mark.only("sail")


def make_table(url: str, *, nullable: bool = True) -> None:
    """An empty Delta table with a column `id` of integers."""
    DeltaTable.create(url, Schema([Field("id", PrimitiveType("long"), nullable=nullable)]))


@pytest.mark.shows("sail-groups-by-constants")
def test_sail_still_fails_on_groups_by_constant_columns(engine: Engine, tmp_path: Path) -> None:
    url = f"{tmp_path}/table"
    engine.session.sql("SELECT 1 AS a, 2 AS b FROM range(3)").write.format("delta").save(url)
    rows = engine.session.read.format("delta").load(url)
    counted = rows.groupBy("a", "b").agg(F.count("*").alias("rows"))
    assert counted.collect() == [(1, 2, 3)]
    with pytest.raises(PySparkException, match="Physical input schema should be the same"):
        counted.agg(F.sum("rows")).collect()


@pytest.mark.shows("sail-quoted-folders")
def test_sail_still_writes_to_a_quoted_folder_where_the_name_has_a_blank(engine: Engine, tmp_path: Path) -> None:
    url = f"{tmp_path}/my lake"
    make_table(url)
    engine.session.range(3).write.format("delta").mode("append").save(url)
    assert DeltaTable(url).version() == 0
    assert (tmp_path / "my%20lake" / "_delta_log" / f"{0:020}.json").exists()


@pytest.mark.shows("sail-json-inexact-numbers")
def test_sail_still_reads_numbers_of_json_as_the_doubles_beside_them(engine: Engine) -> None:
    numbers = ["125440.65428931382485", "3.0540557e+88", "1.0549951e-178", "0.1"]
    of_json = [f"from_json('{{\"a\":{number}}}', 'a double').a" for number in numbers]
    (read,) = engine.session.sql(f"SELECT {', '.join(of_json)}").collect()
    assert [value == float(number) for value, number in zip(read, numbers, strict=True)] != [True] * 4
    as_text = ", ".join(f"CAST('{number}' AS double)" for number in numbers)
    assert list(engine.session.sql(f"SELECT {as_text}").collect()[0]) == [float(number) for number in numbers]


@pytest.mark.shows("sail-no-escapes-in-paths")
def test_sail_still_finds_no_file_by_an_escaped_path(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "[1]").write_text("odd")
    (tmp_path / "1").write_text("plain")
    assert engine.session.read.text(f"{tmp_path}/[1]").collect() == [("plain",)]
    with pytest.raises(PySparkException, match="not found"):
        engine.session.read.text(f"{tmp_path}/\\[1\\]").collect()


@pytest.mark.shows("sail-no-file-of-a-row")
def test_sail_still_does_not_say_which_file_a_row_is_from(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("line")
    lines = engine.session.read.text(f"{tmp_path}/file")
    with pytest.raises(AnalysisException, match="_metadata"):
        lines.select("_metadata.file_name").collect()
    with pytest.raises(UnsupportedOperationException, match="input_file_name"):
        lines.select(F.input_file_name()).collect()


@pytest.mark.shows("sail-mixed-compression")
def test_sail_still_does_not_read_packed_files_along_with_others(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("line")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"line"))
    for names in (["plain"], ["packed.gz"]):
        assert engine.session.read.text([f"{tmp_path}/{name}" for name in names]).collect() == [("line",)]
    with pytest.raises(AnalysisException, match="mixed compression"):
        engine.session.read.text([f"{tmp_path}/plain", f"{tmp_path}/packed.gz"]).collect()


@pytest.mark.shows("sail-not-null-below-filters")
def test_sail_still_refuses_nulls_that_the_query_filters_out(engine: Engine, tmp_path: Path) -> None:
    make_table(f"{tmp_path}/table", nullable=False)
    rows = engine.session.createDataFrame([(1,), (None,)], "id bigint").where("id IS NOT NULL")
    with pytest.raises(AnalysisException, match="NOT NULL constraint violated"):
        rows.write.format("delta").mode("append").save(f"{tmp_path}/table")


@pytest.mark.shows("sail-seconds-before-1970")
def test_sail_still_rounds_seconds_before_1970_up(engine: Engine) -> None:
    asked = "SELECT unix_seconds(TIMESTAMP '1969-12-31 23:59:58.5'), unix_seconds(TIMESTAMP '1970-01-01 00:00:01.5')"
    assert engine.session.sql(asked).first() == (-1, 1)


@pytest.mark.shows("sail-zeros-in-lists")
def test_sail_still_tells_the_zeros_apart_in_long_lists(engine: Engine) -> None:
    zero = engine.session.createDataFrame([(-0.0,)], "zero double")
    long = ", ".join(f"{n}.0D" for n in range(30))
    assert zero.selectExpr("zero IN (0.0D, 1.0D)", f"zero IN ({long})").first() == (True, False)


@pytest.mark.shows("sail-greatest-of-infinities")
def test_sail_still_finds_numbers_the_greatest_and_the_least_of_infinities(engine: Engine) -> None:
    rows = engine.session.createDataFrame([(1, float("-inf"), float("inf"))], "id int, low double, high double")
    found = rows.groupBy("id").agg(F.max("low"), F.min("high"))
    assert found.collect() == [(1, -float_info.max, float_info.max)]


@pytest.mark.shows("sail-unions-of-structs")
def test_sail_still_does_not_unite_structs_whose_fields_it_learns_late_to_be_never_null(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("line")

    def lines(flag: Column) -> DataFrame:
        return engine.session.read.text(f"{tmp_path}/file").select(F.struct(flag.alias("flag")).alias("flags"))

    false = F.lit(False)
    never_null = F.coalesce(F.when(F.length("value") > 1, false), false)
    with pytest.raises(UnsupportedOperationException, match="Unsupported CAST from Struct"):
        lines(false).union(lines(never_null)).collect()


@pytest.mark.shows("sail-server-is-collected")
def test_a_server_of_sail_still_stops_when_nothing_refers_to_it(engine: Engine) -> None:
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    _, port = server.listening_address
    assert answers(port)
    del server
    wait_for("the server is gone", lambda: not answers(port), longest=10)


@pytest.mark.shows("sail-commits-again")
def test_sail_still_makes_a_commit_again_whose_answer_is_lost(
    aws: S3Server, bucket: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{bucket}/table"
    make_table(url)
    with losing_the_answer_to_a_commit(aws) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        engine.session.range(3).write.format("delta").mode("append").save(url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.environment["AWS_ENDPOINT_URL"])
    assert len(proxy.injected) == 1
    table = DeltaTable(url)
    assert [commit["operation"] for commit in table.history()] == ["WRITE", "WRITE", "CREATE TABLE"]
    assert len(pa.table(table.get_add_actions())) == 1


@pytest.mark.shows("sail-removes-busy-sessions")
def test_sail_still_removes_a_session_whose_query_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAIL_SPARK__SESSION_TIMEOUT_SECS", "1")
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").create()
    with pytest.raises(IllegalArgumentException, match="is not running"):
        session.sql("SELECT sum(sin(id)) FROM range(1000000000)").collect()
    server.stop()
