"""Spark Connect: runs that share one server, each step in a process of its own, and servers that will not do."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import LONGEST, MATERIALIZE, SAMPLES, TABLES, TWO_DAYS, Site
from platform_assets_tests.support.services.ports import answers
from platform_assets_tests.support.services.spark import connect_server

TWO_TABLES = TABLES[:2]
RANGE = (*MATERIALIZE, "--select", ",".join(TWO_TABLES), "--partition-range", "...".join(TWO_DAYS))


def client_of(server: str, root: Path, **options: str) -> Site:
    """A platform whose transforms run on a Spark Connect server."""
    return Site(
        root,
        landing=str(SAMPLES),
        engine="spark",
        spark_master=server,
        spark_config=options,
        executor="multiprocess",
    )


@pytest.mark.java
def test_two_runs_with_a_process_for_each_step_share_a_server_and_give_the_tables_of_the_embedded_engine(
    jars: Path, two_sample_days: Platform, tmp_path: Path
) -> None:
    with connect_server(tmp_path, jars) as server:
        site = client_of(server, tmp_path, **{"spark.sql.shuffle.partitions": "2"})
        with site.instance_on_disk():
            pass  # Dagster's own history is made once, not by both at the same moment
        day = ("-m", "dagster", *MATERIALIZE, "--select", ",".join(TWO_TABLES), "--partition")
        with site.started(*day, TWO_DAYS[0]) as one, site.started(*day, TWO_DAYS[1]) as other:
            assert [run.wait(timeout=LONGEST) for run in (one, other)] == [0, 0]
        assert answers(int(server.rpartition(":")[2]))
    for table in TWO_TABLES:
        assert site.rows(table) == two_sample_days.rows(table), table
        writers = {commit.get("dagster_run_id") for commit in DeltaTable(str(site.folder(table))).history(2)}
        assert len(writers - {None}) == 2, table


@pytest.mark.java
def test_a_server_without_delta_and_one_that_ignores_an_option_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with connect_server(tmp_path, None) as server:
        site = client_of(server, tmp_path)
        site.variables["PLATFORM_EXECUTOR"] = "in_process"
        done = site.dagster(*RANGE)
        assert done.returncode != 0, done.stdout
        assert f"The Spark Connect server {server} has no Delta (spark.sql.extensions, " in done.stdout
        site.variables["PLATFORM_SPARK_CONFIG"] = '{"spark.executor.memory": "7g"}'
        done = site.dagster(*RANGE)
        assert done.returncode != 0
        assert "does not take these options of PLATFORM_SPARK_CONFIG from a client" in done.stdout
        assert "  - spark.executor.memory is not set there, not 7g" in done.stdout
    assert not (tmp_path / "lake").exists()
