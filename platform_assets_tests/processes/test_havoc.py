"""A store that fails at random moments: nothing is lost, double, or half visible.

`python -m platform_assets_tests.benchmarks.havoc` does the same hundreds of times, and kills runs at random moments.
"""

from __future__ import annotations

from pathlib import Path

from platform_assets_tests.support.processes.havoc import Havoc
from platform_assets_tests.support.services.s3 import s3_server


def test_a_store_that_fails_at_random_costs_runs_and_nothing_else(tmp_path: Path) -> None:
    with s3_server(tmp_path / "s3") as server:
        havoc = Havoc(tmp_path / "site", 5, server)
        while havoc.tally["faults"] < 2:
            havoc.fail_requests()
