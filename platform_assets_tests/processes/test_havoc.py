"""Runs that are killed, and a store that fails, at random moments: nothing is lost, double, or half visible.

`python -m platform_assets_tests.benchmarks.havoc` does the same hundreds of times.
"""

from __future__ import annotations

from pathlib import Path

from platform_assets_tests.support.processes.havoc import Havoc
from platform_assets_tests.support.services.s3 import s3_server


def test_killed_runs_lose_nothing_and_leave_nothing_that_clean_does_not_remove(tmp_path: Path) -> None:
    havoc = Havoc(tmp_path, seed=3)
    while havoc.tally["killed"] < 1:
        havoc.kill_runs()


def test_a_store_that_fails_at_random_costs_runs_and_nothing_else(tmp_path: Path) -> None:
    with s3_server(tmp_path / "s3") as server:
        havoc = Havoc(tmp_path / "site", 5, server)
        while havoc.tally["faults"] < 2:
            havoc.fail_requests()
