"""The law of days in actions: however days are split into runs, the tables are those of one batch over all actions."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.actions import oracle
from platform_assets_tests.support.actions.feeds import deliveries
from platform_assets_tests.support.days import Range, deliver, differences, in_any_order, rows_of, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform

FIRST = date(2026, 1, 1)
DELIVERIES = [FIRST + timedelta(days=n) for n in range(4)]
# The last delivery may bring actions of the day after it.
DAYS = [*DELIVERIES, FIRST + timedelta(days=4)]
RAW = "actions/raw_actions"
BY_DAY = ("actions/actions", "actions/windows", "actions/minutes")
AS_OF = ("actions/window_summary", "actions/top_windows")
ALL = (RAW, *BY_DAY, *AS_OF)


@settings(
    max_examples=examples(2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    delivered=deliveries(DELIVERIES),
    minutes=st.sampled_from((10, 10, 1, 4 * 60 + 48, 1440)),
    ranges=in_any_order(DAYS),
    in_order=splits(DAYS),
    again=tails(DAYS),
)
def test_any_split_into_runs_gives_what_one_batch_over_all_actions_gives(
    engine: Engine,
    delivered: Deliveries,
    minutes: int,
    ranges: list[Range],
    in_order: list[Range],
    again: list[Range],
) -> None:
    raw = rows_of(delivered, partial(oracle.raw_rows, start=FIRST))
    tables = oracle.tables(raw, oracle.actions(raw), DAYS, minutes_of_window=minutes)
    rows = {f"actions/{name}": of_table for name, of_table in tables.items()}
    assert set(rows) == set(ALL)

    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words = {"landing": str(landing), "reject_share": 1.0, "actions_window_minutes": minutes}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "actions", delivered)

        run(whole, [(DAYS[0], DAYS[-1])], ALL)
        assert differences(whole, rows) == []

        run(parts, ranges, [RAW])
        run(parts, ranges, BY_DAY)
        run(parts, in_order, AS_OF)
        assert differences(parts, rows) == []
        run(parts, again, ALL)
        assert differences(parts, rows) == []
