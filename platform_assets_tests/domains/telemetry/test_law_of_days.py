"""The law of days in telemetry: however days are split into runs, the tables are those of plain Python over all."""

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
from platform_assets_tests.support.telemetry import feeds, oracle
from platform_assets_tests.support.telemetry.differences import unlike

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
ALL = [f"telemetry/{name}" for name in oracle.TABLES]
# Few, so that some sensors have no columns, and pauses of seconds, of which deliveries have many.
GIVEN = st.fixed_dictionaries(
    {
        "max_sensors": st.sampled_from((1, 3, 1000)),
        "gap_factor": st.sampled_from((0.5, 2.0, 10.0)),
        "gap_seconds": st.sampled_from((0, 1, 600)),
    }
)


@settings(max_examples=examples(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(delivered=feeds.deliveries(DAYS), given=GIVEN, in_order=splits(DAYS), again=tails(DAYS))
def test_any_split_into_runs_gives_what_one_batch_over_all_deliveries_gives(
    engine: Engine, delivered: Deliveries, given: dict[str, Any], in_order: list[Range], again: list[Range]
) -> None:
    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words: dict[str, Any] = {"landing": str(landing), "reject_share": 1.0}
        words |= {f"telemetry_{name}": value for name, value in given.items()}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "telemetry", delivered)
        run(whole, [(DAYS[0], DAYS[-1])], ALL)
        assert unlike(whole, delivered, DAYS, first_day=FIRST, **given) == []
        # Late lines are of days before their delivery's.
        run(parts, in_order, ALL[:1])
        run(parts, in_order, ALL[1:])
        assert unlike(parts, delivered, DAYS, first_day=FIRST, **given) == []
        run(parts, again, ALL)
        assert unlike(parts, delivered, DAYS, first_day=FIRST, **given) == []
