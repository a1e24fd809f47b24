"""The law of days in purchases: however days are split into runs, the tables are those of one batch."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, differences, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.purchases import feeds, oracle

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(7)]
ALL = ("purchases/raw_purchases", "purchases/changes", "purchases/history")


def unlike(platform: Platform, snapshots: Deliveries) -> list[str]:
    """The tables that are not what the oracle makes of the snapshots."""
    rows = oracle.tables(snapshots, DAYS)
    return differences(platform, {f"purchases/{name}": its for name, its in rows.items()})


@settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    snapshots=feeds.deliveries(DAYS),
    late=st.sampled_from(DAYS),
    in_order=splits(DAYS, most=5),
    again=tails(DAYS),
)
def test_any_split_into_runs_gives_what_one_batch_over_all_snapshots_gives(
    engine: Engine, snapshots: Deliveries, late: date, in_order: list[Range], again: list[Range]
) -> None:
    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        whole, parts = (
            Platform(Path(folder) / name, landing=str(landing), reject_share=1.0) for name in ("whole", "parts")
        )
        (landing / "purchases").mkdir(parents=True)
        on_time = {day: files for day, files in snapshots.items() if day != late}
        deliver(landing, "purchases", on_time)
        run(parts, in_order, ALL)
        assert unlike(parts, on_time) == []

        deliver(landing, "purchases", snapshots)
        run(whole, [(DAYS[0], DAYS[-1])], ALL)
        assert unlike(whole, snapshots) == []
        run(parts, [(late, DAYS[-1])], ALL)
        assert unlike(parts, snapshots) == []
        run(parts, again, ALL)
        assert unlike(parts, snapshots) == []
