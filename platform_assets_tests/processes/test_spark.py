"""The sample files through Apache Spark on this machine alone, which loads its jars itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets_tests.platform import Platform
from platform_assets_tests.processes.site import MATERIALIZE, SAMPLES, TABLES, TWO_DAYS, Site
from platform_assets_tests.services.spark import QUICK


@pytest.mark.java
@pytest.mark.timeout(1500)  # on a machine that has no jars yet, Spark loads them first
def test_spark_loads_its_jars_and_gives_the_tables_of_the_embedded_engine(
    two_sample_days: Platform, tmp_path: Path
) -> None:
    site = Site(
        tmp_path,
        landing=str(SAMPLES),
        engine="spark",
        engine_memory="2GiB",
        spark_config=QUICK,
    )
    done = site.dagster(*MATERIALIZE, "--select", ",".join(TABLES), "--partition-range", "...".join(TWO_DAYS))
    assert done.returncode == 0, done.stdout[-5000:]
    for table in TABLES:
        assert site.rows(table) == two_sample_days.rows(table), table
