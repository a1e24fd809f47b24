"""The instance files as they are shipped: both load, and agree in what keeps tables right."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster_aws.s3 import S3ComputeLogManager

from platform_assets.assets.postgres_event_log import PostgresEventLog
from platform_assets_tests.support.processes.production import CODE, DAEMON, WEB, command
from platform_assets_tests.support.processes.sites import ROOT, Site
from platform_assets_tests.support.services.postgres import Postgres, postgres
from platform_assets_tests.support.services.s3 import environment


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """An empty database."""
    with postgres() as server:
        yield server


@pytest.fixture
def local(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of one machine."""
    with Site(tmp_path / "local").instance_on_disk() as instance:
        yield instance


@pytest.fixture
def production(tmp_path: Path, database: Postgres) -> Iterator[dg.DagsterInstance]:
    """The instance of production; it does not ask its store for logs before it needs one."""
    logs = {"DAGSTER_LOGS_BUCKET": "logs", "DAGSTER_LOGS_PREFIX": "dagster", "DAGSTER_LOGS_DIR": str(tmp_path / "logs")}
    with (
        environment(database.environment | logs | {"AWS_DEFAULT_REGION": "us-east-1"}),
        Site(tmp_path / "production", instance="production").instance_on_disk() as instance,
    ):
        yield instance


def guards(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What an instance does about runs that could meet, or end badly."""
    concurrency = instance.get_concurrency_config()
    return {
        "pools": concurrency.pool_config,
        "runs are queued": concurrency.run_queue_config is not None,
        "runs are tried again": instance.run_retries_enabled and instance.run_retries_max_retries > 0,
        "bad data is tried again": instance.run_retries_retry_on_asset_or_op_failure,
        "runs are given up": instance.run_monitoring_enabled and instance.run_monitoring_max_runtime_seconds,
        "somebody else is told": instance.telemetry_enabled,
    }


def test_both_instances_guard_tables_alike(local: dg.DagsterInstance, production: dg.DagsterInstance) -> None:
    assert guards(local) == guards(production)
    pools = production.get_concurrency_config().pool_config
    assert (pools.default_pool_limit, pools.pool_granularity.value) == (1, "run")
    assert {name: on for name, on in guards(production).items() if isinstance(on, bool)} == {
        "runs are queued": True,
        "runs are tried again": True,
        "bad data is tried again": False,
        "somebody else is told": False,
    }


def test_production_keeps_its_state_in_postgresql_and_its_logs_on_s3(
    production: dg.DagsterInstance, database: Postgres
) -> None:
    assert isinstance(production.compute_log_manager, S3ComputeLogManager)
    assert isinstance(production.event_log_storage, PostgresEventLog)
    assert production.get_runs() == []
    engine = sa.create_engine(database.url)
    assert {"runs", "event_logs", "bulk_actions", "job_ticks"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_the_guide_names_every_variable_that_the_production_files_read() -> None:
    files = (ROOT / "deploy" / "production").glob("*.yaml")
    read = {name for file in files for name in re.findall(r"env: (\w+)", file.read_text(encoding="utf-8"))}
    assert read
    assert read <= set(re.findall(r"`(\w+)`", (ROOT / "deploy" / "production.md").read_text(encoding="utf-8")))


def unit(name: str) -> dict[str, str]:
    """What a unit of systemd says; of lines with the same name, the last one."""
    text = (ROOT / "deploy" / "production" / f"{name}.service").read_text(encoding="utf-8").replace("\\\n", " ")
    return dict(re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "process"), [("platform-code", CODE), ("platform-web", WEB), ("platform-daemon", DAEMON)]
)
def test_a_service_starts_what_the_guide_starts_by_hand(name: str, process: str) -> None:
    program, *words = shlex.split(unit(name)["ExecStart"])
    by_hand, *words_by_hand = command(process)
    assert (Path(program).name, words) == (Path(by_hand).name, words_by_hand)


def test_services_stop_in_an_order_that_fails_no_run() -> None:
    code, daemon = unit("platform-code"), unit("platform-daemon")
    assert daemon["PartOf"] == "platform-code.service"
    assert "platform-code.service" in daemon["After"].split()
    assert "grpc-health-check" in daemon["ExecStartPre"]
    assert (code["KillMode"], code["TimeoutStopSec"]) == ("process", "infinity")


def test_every_service_runs_in_a_locale_in_which_files_of_any_name_are_found() -> None:
    services = sorted((ROOT / "deploy" / "production").glob("*.service"))
    assert services
    for service in services:
        assert "\nEnvironment=LANG=C.UTF-8\n" in service.read_text(encoding="utf-8"), service.name
