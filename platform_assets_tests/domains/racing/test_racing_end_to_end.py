"""The sample races and results, from the files to the documents."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import delivered
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.racing.differences import unlike

SAMPLES = Path(__file__).parents[3] / "data" / "landing"
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(7)]


@pytest.mark.parametrize("fastest_lap", ["winner", "race"])
def test_the_samples_become_what_the_rules_make_of_them(engine: Engine, tmp_path: Path, fastest_lap: str) -> None:
    platform = Platform(tmp_path, landing=str(SAMPLES), racing_fastest_lap=fastest_lap)
    races, results = (delivered(SAMPLES / feed, DAYS) for feed in ("races", "results"))
    platform.materialise(str(DAYS[0]), str(DAYS[-1]), select="group:racing")
    assert unlike(platform, races, results, DAYS, fastest_lap) == []
