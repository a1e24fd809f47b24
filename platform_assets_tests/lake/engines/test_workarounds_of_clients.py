"""The defects of client libraries that the code works around: Spark Connect's client, deltalake and DuckDB.

A test that fails here says that a library is mended: the workaround, its entry in the register and the test can go.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import reduce
from pathlib import Path

import duckdb
import grpc
import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.lake.fresh_process import in_a_process_of_its_own
from platform_assets_tests.support.services.ports import listening

pytestmark = pytest.mark.only("sail")

LATE = "platform_assets_tests.support.lake.late_goodbye"
SCHEMA = Schema([Field("id", PrimitiveType("long")), Field("day", PrimitiveType("date"))])
DAY = "2026-01-01"


def table(url: Path, **configuration: str) -> DeltaTable:
    """An empty Delta table by days."""
    return DeltaTable.create(str(url), SCHEMA, partition_by=["day"], configuration=configuration)


def replace_day(of: DeltaTable, file: str) -> None:
    """Replace a day by one file, of which only the log has to know."""
    statistics = json.dumps({"numRecords": 1})
    of.create_write_transaction(
        [AddAction(file, 1, {"day": DAY}, int(time.time() * 1000), True, statistics)],
        mode="overwrite",
        schema=SCHEMA,
        partition_by=["day"],
        partition_filters=[("day", "in", [DAY])],
    )


def files(url: Path) -> set[str]:
    """The files of the current version."""
    return set(pa.table(DeltaTable(url).get_add_actions())["path"].to_pylist())


@pytest.mark.shows("connect-waits-at-exit")
def test_a_session_that_is_stopped_at_the_very_end_still_waits_for_ever_from_python_3_12_on() -> None:
    if sys.version_info < (3, 12):
        assert in_a_process_of_its_own(LATE).stdout == "3\n"
        return
    with pytest.raises(subprocess.TimeoutExpired) as waited:
        in_a_process_of_its_own(LATE, timeout=15)
    assert waited.value.stdout == b"3\n"


@pytest.mark.shows("connect-tries-ten-minutes")
def test_the_client_of_spark_connect_still_tries_ten_minutes_where_no_server_is() -> None:
    class NobodyThere(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.UNAVAILABLE

    policy = DefaultPolicy()
    assert policy.can_retry(NobodyThere())
    state, milliseconds = policy.to_state(), 0.0
    while (wait := state.next_attempt()) is not None:
        milliseconds += wait
    assert milliseconds >= 10 * 60 * 1000


@pytest.mark.shows("connect-loopback-through-proxies")
def test_grpc_still_asks_a_proxy_for_a_server_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_grpc_proxy", "no_proxy", "grpc_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with listening() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        channel = DefaultChannelBuilder("sc://127.0.0.1:4711").toChannel()
        grpc.channel_ready_future(channel)
        asked, _ = proxy.accept()
        with asked:
            assert asked.recv(100).startswith(b"CONNECT 127.0.0.1:4711 ")
        channel.close()


@pytest.mark.shows("connect-log-comes-on")
def test_the_log_of_spark_connect_still_comes_on_when_somebody_sets_up_logs() -> None:
    program = (
        "from logging.config import dictConfig; from pyspark.sql.connect.logging import getLogLevel; "
        "print(getLogLevel()); dictConfig({'version': 1, 'disable_existing_loggers': False}); print(getLogLevel())"
    )
    outside = {name: value for name, value in os.environ.items() if name != "SPARK_CONNECT_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", program], env=outside, capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert (before, after == "None") == ("None", False)


@pytest.mark.shows("connect-mode-stays-on")
def test_the_mode_of_spark_connect_still_stays_on_when_its_session_is_stopped() -> None:
    done = in_a_process_of_its_own("platform_assets_tests.support.lake.mode_left_on")
    assert (done.returncode, done.stdout) == (0, "CONNECT_URL_NOT_SET\n"), done.stderr


@pytest.mark.shows("connect-deep-plans")
def test_the_client_of_spark_connect_still_cannot_send_a_chain_of_a_thousand_unions(engine: Engine) -> None:
    frames = [engine.session.range(1)] * 1000
    chain = reduce(DataFrame.union, frames)
    with pytest.raises(RecursionError):
        chain.count()


@pytest.mark.shows("deltalake-history-counts-down")
def test_deltalake_still_numbers_commits_from_the_version_it_has_loaded(tmp_path: Path) -> None:
    table(tmp_path)
    loaded = DeltaTable(tmp_path)
    replace_day(DeltaTable(tmp_path), "a.parquet")
    named = [(commit["version"], commit["operation"]) for commit in loaded.history()]
    assert named == [(0, "WRITE"), (-1, "CREATE TABLE")]


@pytest.mark.shows("deltalake-fills-a-day-twice")
def test_deltalake_still_lets_two_writers_fill_the_same_empty_day(tmp_path: Path) -> None:
    table(tmp_path)
    writers = [DeltaTable(tmp_path), DeltaTable(tmp_path)]
    for writer, file in zip(writers, ["a.parquet", "b.parquet"], strict=True):
        replace_day(writer, file)
    assert files(tmp_path) == {"a.parquet", "b.parquet"}


@pytest.mark.shows("deltalake-fails-after-a-commit")
def test_deltalake_still_raises_for_a_commit_that_stands_when_its_checkpoint_fails(tmp_path: Path) -> None:
    table(tmp_path, **{"delta.checkpointInterval": "1"})
    # Where the last checkpoint should be named there is a folder.
    (tmp_path / "_delta_log" / "_last_checkpoint").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_day(DeltaTable(tmp_path), "a.parquet")
    os.rmdir(tmp_path / "_delta_log" / "_last_checkpoint")
    assert files(tmp_path) == {"a.parquet"}


@pytest.mark.shows("deltalake-reads-empty-commits")
def test_deltalake_still_reads_an_empty_commit_as_one_that_changes_nothing(tmp_path: Path) -> None:
    table(tmp_path)
    replace_day(DeltaTable(tmp_path), "a.parquet")
    (tmp_path / "_delta_log" / "00000000000000000001.json").write_bytes(b"")
    assert (DeltaTable(tmp_path).version(), files(tmp_path)) == (1, set())


@pytest.mark.shows("duckdb-nan-in-json")
def test_duckdb_still_writes_nan_into_json(tmp_path: Path) -> None:
    duckdb.sql(f"COPY (SELECT 'nan'::DOUBLE AS value) TO '{tmp_path}/rows.json' (FORMAT json)")
    assert (tmp_path / "rows.json").read_text() == '{"value":NaN}\n'
