"""The defects of Apache Spark, and of Delta for it, that the code works around, each on Spark itself.

A test that fails here says that Spark is mended: the workaround, its entry in the register and the test can go.
"""

from __future__ import annotations

import gc
import re
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from py4j.protocol import Py4JJavaError
from pyarrow import parquet
from pyspark import java_gateway
from pyspark.errors import IllegalArgumentException
from pyspark.sql import functions as F
from pyspark.sql.types import Row

from platform_assets.lake.engines.engine import Engine

pytestmark = pytest.mark.only("spark")


def java(engine: Engine) -> Any:
    """The classes of the session's Java."""
    return engine.session._jvm


def parsed(engine: Engine, line: str, kind: str) -> Any:
    """What `from_json` makes of a line."""
    lines = engine.session.createDataFrame([(line,)], "line string")
    return lines.select(F.from_json("line", kind)).first()[0]


@pytest.mark.shows("spark-java-outlives-its-start")
def test_java_still_outlives_a_start_that_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    others = set(psutil.Process().children())
    with monkeypatch.context() as patch:
        patch.setattr(java_gateway.time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            java_gateway.launch_gateway()
    gc.collect()  # and with it the pipe whose end Java sees
    (process,) = set(psutil.Process().children()) - others
    try:
        with pytest.raises(psutil.TimeoutExpired):
            process.wait(timeout=20)
    finally:
        process.kill()


@pytest.mark.shows("spark-takes-sigint")
def test_spark_still_takes_sigint_from_whoever_handles_it(engine: Engine) -> None:
    assert engine.session
    assert getattr(signal.getsignal(signal.SIGINT), "__module__", None) == "pyspark.core.context"


@pytest.mark.shows("spark-int96-timestamps")
def test_spark_still_writes_timestamps_as_int96_unless_told_otherwise(engine: Engine, tmp_path: Path) -> None:
    untold = engine.session.newSession()
    untold.conf.unset("spark.sql.parquet.outputTimestampType")
    untold.sql("SELECT TIMESTAMP '2026-01-01 00:00:00' AS time").write.parquet(f"{tmp_path}/times")
    (file,) = tmp_path.glob("times/*.parquet")
    assert parquet.ParquetFile(file).schema.column(0).physical_type == "INT96"


@pytest.mark.shows("spark-names-with-colons")
def test_the_usual_local_file_system_of_spark_still_opens_no_file_with_a_colon_in_its_name(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "a:b").write_text("line")
    hadoop = java(engine).org.apache.hadoop.fs
    path = hadoop.Path(java(engine).java.net.URI(f"file://{tmp_path}/a:b"))
    for usual, opens in ((hadoop.RawLocalFileSystem(), True), (hadoop.LocalFileSystem(), False)):
        usual.initialize(java(engine).java.net.URI("file:///"), engine.session._jsc.hadoopConfiguration())
        if opens:
            assert usual.open(path).read() == ord("l")
        else:
            with pytest.raises(IllegalArgumentException, match="Relative path in absolute URI"):
                usual.open(path)


@pytest.mark.shows("spark-marks-at-the-start")
def test_spark_still_takes_a_byte_order_mark_off_a_file_and_off_no_other_line(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("\ufeffone\n\ufefftwo", encoding="utf-8")
    assert engine.session.read.text(f"{tmp_path}/file").collect() == [("one",), ("\ufefftwo",)]


@pytest.mark.shows("spark-deep-regexes")
def test_regular_expressions_of_java_still_overflow_the_stack_on_a_long_quoted_cell(engine: Engine) -> None:
    # Not by a query: Spark would end the whole process.
    cell = '"' + '""' * 20_000 + '"'
    matcher = java(engine).java.util.regex.Pattern.compile('"(?:[^"]|"")*"').matcher(cell)
    with pytest.raises(Py4JJavaError, match="StackOverflowError"):
        matcher.find()


@pytest.mark.shows("spark-json-text-after-a-value")
@pytest.mark.parametrize("line", ['{"a": 1} x', '{"a": 1, "b": {"c": 2, "d" 5}}'])
def test_spark_still_takes_json_that_is_broken_behind_what_it_reads(engine: Engine, line: str) -> None:
    assert parsed(engine, line, "a string, b string") == Row(a="1", b=None)


@pytest.mark.shows("spark-json-half-pairs")
def test_spark_still_makes_a_question_mark_of_half_a_surrogate_pair(engine: Engine) -> None:
    assert parsed(engine, r'{"a": "\ud800"}', "a string").a == "?"


@pytest.mark.shows("spark-json-numbers-as-doubles")
def test_spark_still_shows_numbers_of_json_as_doubles(engine: Engine) -> None:
    line = '{"a": 0.10000000000000000555, "b": 12345678901234567.89}'
    (read,) = engine.session.range(1).select(F.from_json(F.lit(line), "a string, b string")).collect()
    assert list(read[0]) == ["0.1", "1.2345678901234568E16"]


@pytest.mark.shows("spark-json-huge-numbers")
def test_spark_still_gives_a_number_beyond_a_double_as_infinity_in_quotes(engine: Engine) -> None:
    assert parsed(engine, '{"a": 1e999}', "a string").a == '"Infinity"'


@pytest.mark.shows("spark-json-earlier-objects")
def test_spark_still_keeps_an_object_whose_field_stands_again_as_something_else(engine: Engine) -> None:
    twice = '{"user": {"id": "u1"}, "user": 5}'
    assert parsed(engine, twice, "user struct<id: string>").user == Row(id="u1")
    assert parsed(engine, twice, "user string").user == "5"


@pytest.mark.shows("spark-json-names-twice")
def test_spark_still_makes_maps_of_json_in_which_a_key_stands_twice(engine: Engine) -> None:
    lines = engine.session.createDataFrame([('{"a": 1, "a": 2}',)], "line string")
    assert lines.select(F.map_keys(F.from_json("line", "map<string,string>"))).first() == (["a", "a"],)


@pytest.mark.shows("delta-older-hadoop")
def test_the_package_of_delta_still_asks_for_unity_catalog_and_a_second_logger(engine: Engine) -> None:
    assert engine.session.range(1).count() == 1  # Spark has loaded its packages.
    cache = Path(java(engine).java.lang.System.getProperty("user.home"))
    asked = "".join(file.read_text(encoding="utf-8") for file in cache.glob(".ivy2*/cache/io.*/*/ivy-*.xml"))
    for name in ("unitycatalog-hadoop", "log4j-slf4j2-impl"):
        assert re.search(rf'<dependency [^>]*name="{name}"[^>]*conf="compile->', asked)
