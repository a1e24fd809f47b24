"""The sample files through Apache Spark: the same tables as by the embedded engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from platform_assets_tests.platform import Platform

ROOT = Path(__file__).parents[2]
TABLES = ("web/raw_events", "web/user_web_hits", "web/aggregated_web_stats", "web/aggregated_web_page_stats")
FIRST, LAST = "2026-01-01", "2026-01-07"

pytestmark = [
    pytest.mark.java,
    pytest.mark.skipif(not shutil.which("java"), reason="Java is missing: install OpenJDK 17 to test the spark engine"),
]


def _rows(lake: Path, table: str) -> list[dict[str, Any]]:
    return sorted(DeltaTable(str(lake / table)).to_pyarrow_table().to_pylist(), key=repr)


@pytest.mark.timeout(1500)
def test_spark_gives_the_tables_and_documents_of_the_embedded_engine(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "sail", landing=str(ROOT / "data" / "landing"))
    platform.materialise(FIRST, LAST)
    settings = {
        "PLATFORM_ENGINE": "spark",
        "PLATFORM_ENGINE_MEMORY": "2GiB",
        "PLATFORM_LANDING": str(ROOT / "data" / "landing"),
        "PLATFORM_LAKE": str(tmp_path / "spark" / "lake"),
        "PLATFORM_EXPORTS": str(tmp_path / "spark" / "exports"),
        "DAGSTER_HOME": str(tmp_path),
    }
    # What this process's own session has set must not reach a session of another kind.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "platform_assets.definitions"]
    done = subprocess.run(
        [*command, "--select", "group:web", "--partition-range", f"{FIRST}...{LAST}"],
        cwd=ROOT,
        env=outside | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    for table in TABLES:
        assert _rows(tmp_path / "spark" / "lake", table) == _rows(platform.root / "lake", table), table
    written = {path.relative_to(platform.root): path for path in (platform.root / "exports").rglob("*.csv")}
    assert written
    for name, path in written.items():
        assert (tmp_path / "spark" / name).read_bytes() == path.read_bytes(), name
