"""The telemetry domain by the platform, timed: `python -m ...benchmarks.platform_telemetry FEED OUT FIRST LAST`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from deltalake import DeltaTable
from duckdb import sql

from platform_assets_tests.benchmarks.platform_run import run_domain
from platform_assets_tests.support.platforms import Platform

TABLES = ("raw_readings", "readings", "truck_sensors", "sensors", "truck_hours")


def _counts(platform: Platform, last: date) -> Mapping[str, Any]:
    """What the script counts, too."""
    readings, hours = (
        DeltaTable(platform.url(f"telemetry/{name}")).to_pyarrow_dataset() for name in ("readings", "truck_hours")
    )
    [[rows, numbers]] = sql("SELECT count(*), count(value) FROM readings").fetchall()
    [[of_hours]] = sql("SELECT count(*) FROM hours").fetchall()
    del readings, hours
    return {"readings": rows, "numbers": numbers, "hours": of_hours}


if __name__ == "__main__":
    run_domain("telemetry", TABLES, _counts, select=" or ".join(f'key:"telemetry/{name}"' for name in TABLES))
