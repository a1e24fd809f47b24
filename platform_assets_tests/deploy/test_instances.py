"""The instance files as they are shipped: both load, and agree in what keeps tables right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3ComputeLogManager
from dagster_postgres import DagsterPostgresStorage

from platform_assets_tests.processes.site import Site
from platform_assets_tests.services.postgres import postgres
from platform_assets_tests.services.s3 import environment


@pytest.fixture
def local(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of one machine."""
    with Site(tmp_path / "local").instance_on_disk() as instance:
        yield instance


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of production, on an empty database."""
    logs = {
        "DAGSTER_LOGS_BUCKET": "logs",
        "DAGSTER_LOGS_PREFIX": "dagster",
        "DAGSTER_LOGS_DIR": str(tmp_path / "logs"),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (
        postgres() as database,
        environment(database.environment | logs),
        Site(tmp_path / "production", "production").instance_on_disk() as instance,
    ):
        yield instance


def guards(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What an instance does about runs that could meet, or end badly."""
    return {
        "pools": instance.get_concurrency_config().pool_config,
        "retries": instance.run_retries_enabled and instance.run_retries_max_retries > 0,
        "retries of bad data": instance.run_retries_retry_on_asset_or_op_failure,
        "monitoring": instance.run_monitoring_enabled,
        "telemetry": instance.telemetry_enabled,
    }


def test_runs_are_guarded_alike_on_one_machine_and_in_production(
    local: dg.DagsterInstance, shipped: dg.DagsterInstance
) -> None:
    assert guards(local) == guards(shipped)
    assert guards(shipped)["retries of bad data"] is False
    pools = shipped.get_concurrency_config().pool_config
    assert (pools.default_pool_limit, pools.pool_granularity.value) == (1, "run")
    for instance in (local, shipped):
        assert isinstance(instance.run_coordinator, type(shipped.run_coordinator))
        queue = instance.get_concurrency_config().run_queue_config
        assert queue.max_concurrent_runs > 1


def test_production_keeps_its_state_in_postgresql_and_its_logs_on_s3(shipped: dg.DagsterInstance) -> None:
    assert isinstance(shipped.compute_log_manager, S3ComputeLogManager)
    assert shipped.get_ref().storage_data.class_name == DagsterPostgresStorage.__name__
    assert shipped.get_runs() == []
