"""The law of days in racing: however days are split into runs, the tables are those of one batch."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.racing import feeds
from platform_assets_tests.support.racing.differences import unlike

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
EXPORT = "racing/season_stats"
TABLES = ("raw_races", "raw_results", "races", "result_versions", "rejected_results", "results", "race_stats")
ALL = (*(f"racing/{name}" for name in TABLES), EXPORT)


@settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    races=feeds.races(DAYS),
    results=feeds.results(DAYS),
    fastest_lap=st.sampled_from(("winner", "race")),
    in_order=splits(DAYS),
    again=tails(DAYS),
)
def test_any_split_into_runs_gives_what_one_batch_over_all_deliveries_gives(
    engine: Engine,
    races: Deliveries,
    results: Deliveries,
    fastest_lap: str,
    in_order: list[Range],
    again: list[Range],
) -> None:
    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words: dict[str, Any] = {"landing": str(landing), "reject_share": 1.0, "racing_fastest_lap": fastest_lap}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "races", races)
        deliver(landing, "results", results)
        run(whole, [(DAYS[0], DAYS[-1])], ALL)
        assert unlike(whole, races, results, DAYS, fastest_lap) == []
        run(parts, in_order, ALL)
        assert unlike(parts, races, results, DAYS, fastest_lap) == []
        run(parts, again, ALL)
        assert unlike(parts, races, results, DAYS, fastest_lap) == []
