"""Apache Spark on a standalone cluster, the driver in the Dagster process: where it ran, and workers that die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from platform_assets.samples import write_samples
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import (
    LONGEST,
    MATERIALIZE,
    TABLES,
    TWO_DAYS,
    Process,
    Site,
    wait_for,
)
from platform_assets_tests.support.services.ports import free_port
from platform_assets_tests.support.services.spark import LOOPBACK, QUICK, Cluster, Worker, cluster, page
from platform_assets_tests.support.settings import WRITERS

TWO_TABLES = TABLES[:2]


@pytest.fixture(scope="module")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster of two workers, one of which is killed."""
    with cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def on(spark_cluster: Cluster, root: Path, jars: Path, landing: Path, **options: str) -> Site:
    """A platform whose driver gets its executors from the cluster."""
    return Site(
        root,
        landing=str(landing),
        engine="spark",
        engine_memory="1GiB",
        spark_master=spark_cluster.master,
        spark_jars=str(jars),
        spark_config=QUICK | {"spark.driver.host": LOOPBACK} | options,
    )


class Driver:
    """What the driver of the one application on a cluster says of its executors."""

    def __init__(self, port: int) -> None:
        self.port = port

    def executor(self, executor_id: str) -> dict[str, int]:
        """An executor, gone or not; nothing before the driver knows it."""
        for application in page(self.port, "/api/v1/applications") or ():
            for executor in page(self.port, f"/api/v1/applications/{application['id']}/allexecutors") or ():
                if executor["id"] == executor_id:
                    return dict(executor)
        return {}

    def works_on(self, worker: Worker) -> bool:
        """Whether the worker's executor is at work, and has been for a while."""
        executors = [self.executor(str(running["id"])) for running in worker.executors()]
        return any(each and each["completedTasks"] > 2 and each["activeTasks"] for each in executors)

    def has_lost_tasks(self) -> bool:
        """Whether tasks have failed; an executor that is gone is not asked, what it lost may be counted too late."""
        return any(
            stage["numFailedTasks"]
            for application in page(self.port, "/api/v1/applications") or ()
            for stage in page(self.port, f"/api/v1/applications/{application['id']}/stages") or ()
        )


def while_running(run: Process, what: str, ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true, and return it; fails when the run ends before."""

    def answer() -> Any:
        assert run.poll() is None, f"the run has ended before {what}"
        return ask()

    return wait_for(what, answer)


@pytest.mark.java
def test_a_range_runs_on_both_workers_of_a_cluster_and_loses_and_doubles_no_row_when_one_is_killed_in_the_middle(
    spark_cluster: Cluster, jars: Path, tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    write_samples(WRITERS, landing, first_day=date(2026, 1, 1), days=2, rows=8_000, seed=1)
    embedded = Platform(tmp_path / "embedded", landing=str(landing))
    embedded.materialise(*TWO_DAYS, select=" or ".join(f'key:"{table}"' for table in TWO_TABLES))
    driver = Driver(free_port())
    options = {"spark.ui.port": str(driver.port), "spark.sql.files.maxPartitionBytes": "64k"}
    site = on(spark_cluster, tmp_path, jars, landing, **options)
    site.forget_events()

    doomed, other = spark_cluster.workers
    with site.started(
        "-m", "dagster", *MATERIALIZE, "--select", ",".join(TWO_TABLES), "--partition-range", "...".join(TWO_DAYS)
    ) as run:
        while_running(run, "both workers are at work", lambda: driver.works_on(doomed) and other.executors())
        doomed.kill()
        # Now and then it has just ended its tasks, and the run goes on, or ends, without having lost one.
        wait_for("its tasks are lost, or the run has ended", lambda: driver.has_lost_tasks() or run.poll() is not None)
        assert run.wait(timeout=LONGEST) == 0
    (application,) = spark_cluster.state()["completedapps"]
    assert (application["name"], application["state"]) == ("platform_assets", "FINISHED")
    # The worker may tell of it a moment after the master does.
    wait_for("the other worker is done", other.finished_executors)
    assert [ran["appid"] for ran in other.finished_executors()] == [application["id"]]
    for table in TWO_TABLES:
        assert site.rows(table) == embedded.rows(table), table
