"""Spark Connect: runs that share one server, each step in a process of its own, and servers that will not do."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from platform_assets_tests.processes.test_secrets import MARK, places_of
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import (
    LONGEST,
    MATERIALIZE,
    SAMPLES,
    TABLES,
    TWO_DAYS,
    Process,
    Site,
    wait_for,
)
from platform_assets_tests.support.services.ports import answers
from platform_assets_tests.support.services.spark import ConnectServer, connect_server

TWO_TABLES = TABLES[:2]
SELECT = (*MATERIALIZE, "--select", ",".join(TWO_TABLES))
RANGE = (*SELECT, "--partition-range", "...".join(TWO_DAYS))
HELD = ("-m", "platform_assets_tests.support.processes.held", "audited")


def client_of(server: str, root: Path, **settings: Any) -> Site:
    """A platform whose transforms run on a Spark Connect server."""
    return Site(root, landing=str(SAMPLES), **{"engine": "spark", "spark_master": server} | settings)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, jars: Path) -> Iterator[ConnectServer]:
    """A server with Delta, which the last test kills."""
    with connect_server(tmp_path_factory.mktemp("connect"), jars) as server:
        yield server


@pytest.mark.java
def test_two_runs_with_a_process_for_each_step_share_a_server_and_give_the_tables_of_the_embedded_engine(
    server: ConnectServer, two_sample_days: Platform, tmp_path: Path
) -> None:
    few = {"spark.sql.shuffle.partitions": "2"}
    site = client_of(server.url, tmp_path, spark_config=few, executor="multiprocess")
    with site.instance_on_disk():
        pass  # Dagster's own history is made once, not by both at the same moment
    day = ("-m", "dagster", *SELECT, "--partition")
    with site.started(*day, TWO_DAYS[0]) as one, site.started(*day, TWO_DAYS[1]) as other:
        assert [run.wait(timeout=LONGEST) for run in (one, other)] == [0, 0]
    assert answers(int(server.url.rpartition(":")[2]))
    for table in TWO_TABLES:
        assert site.rows(table) == two_sample_days.rows(table), table
        writers = {commit.get("dagster_run_id") for commit in DeltaTable(str(site.folder(table))).history(2)}
        assert len(writers - {None}) == 2, table


def held_after_its_first_table(site: Site) -> AbstractContextManager[Process]:
    """A run that has staged its first table, and is to ask the server for the second."""
    return site.started(*HELD, str(site.root / "ready"), str(site.root / "go"), *SELECT, "--partition", TWO_DAYS[0])


def goes_on(site: Site, run: Process) -> None:
    """Let it go on."""
    wait_for("the first table is staged", lambda: (site.root / "ready").exists() or run.poll() is not None)
    assert run.poll() is None
    (site.root / "go").touch()


@pytest.mark.java
def test_a_run_whose_server_no_longer_answers_ends_within_ten_seconds_of_being_told_to(
    server: ConnectServer, tmp_path: Path
) -> None:
    site = client_of(server.url, tmp_path)
    with held_after_its_first_table(site) as run:
        wait_for("the first table is staged", lambda: (tmp_path / "ready").exists() or run.poll() is not None)
        server.signal(signal.SIGSTOP)
        try:
            goes_on(site, run)
            wait_for("the first table is published", lambda: site.version(TWO_TABLES[0]) == 1)
            time.sleep(2)
            assert run.poll() is None
            told = time.monotonic()
            run.terminate()
            assert run.wait(timeout=60) != 0
            assert time.monotonic() - told < 10
        finally:
            server.signal(signal.SIGCONT)


@pytest.mark.java
def test_a_run_whose_server_dies_ends_within_a_minute_and_says_so(server: ConnectServer, tmp_path: Path) -> None:
    site = client_of(server.url, tmp_path)
    with held_after_its_first_table(site) as run:
        wait_for("the first table is staged", lambda: (tmp_path / "ready").exists() or run.poll() is not None)
        server.signal(signal.SIGKILL)
        died = time.monotonic()
        goes_on(site, run)
        assert run.wait(timeout=LONGEST) != 0
        assert time.monotonic() - died < 60
    (said,) = (file.read_text(encoding="utf-8") for file in tmp_path.glob("output-*.txt"))
    gone = f"{TWO_TABLES[1]}: the Spark Connect server at {server.url} was there, and no longer answers. Start it again"
    assert said.count(f"ERROR: {gone}") == 1
    assert site.version(TWO_TABLES[0]) == 1
    assert site.version(TWO_TABLES[1]) is None


@pytest.mark.java
def test_a_server_without_delta_and_one_that_ignores_an_option_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with connect_server(tmp_path, None) as server:
        site = client_of(server.url, tmp_path)
        done = site.dagster(*RANGE)
        assert done.returncode != 0, done.stdout
        assert f"The Spark Connect server {server.url} has no Delta (spark.sql.extensions, " in done.stdout
        options = {"spark.executor.memory": "7g", "spark.authenticate.secret": MARK}
        site.variables["PLATFORM_SPARK_CONFIG"] = json.dumps(options)
        done = site.dagster(*RANGE)
        assert done.returncode != 0
        assert "does not take these options of PLATFORM_SPARK_CONFIG from a client" in done.stdout
        assert "  - spark.executor.memory is not set there, not 7g" in done.stdout
        assert "  - spark.authenticate.secret is not set there, not **********" in done.stdout
        assert places_of(MARK, tmp_path) == []
    assert not (tmp_path / "lake").exists()
