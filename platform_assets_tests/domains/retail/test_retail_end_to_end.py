"""The sample deliveries of retail, from the files to the marts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import delivered
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.retail.differences import FEEDS, unlike

SAMPLES = Path(__file__).parents[3] / "data" / "landing"
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(7)]


def test_the_samples_become_what_the_rules_make_of_them(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path, landing=str(SAMPLES))
    result = platform.materialise(str(DAYS[0]), str(DAYS[-1]), select="group:retail")
    assert unlike(platform, {feed: delivered(SAMPLES / feed, DAYS) for feed in FEEDS}, DAYS[0], DAYS[-1]) == []
    held_back = checks(result, "retail/customers_changes")["deletes_held_back"]
    assert not held_back.passed
    assert "2026-01-06" in str(held_back.description)
