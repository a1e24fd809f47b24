"""The law of days: however days are split into runs, and however often they are run, the tables are the same."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, differences, in_any_order, rows_of, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.web import oracle
from platform_assets_tests.support.web.feeds import deliveries

FIRST = date(2026, 1, 1)
DELIVERIES = 4
# The last delivery may bring events of the day after it.
DAYS = [FIRST + timedelta(days=n) for n in range(DELIVERIES + 1)]
RAW = "web/raw_events"
HITS = "web/user_web_hits"
STATISTICS = ("web/aggregated_web_stats", "web/aggregated_web_page_stats")
SESSIONS = ("web/open_sessions", "web/sessions")


@settings(
    max_examples=examples(2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(delivered=deliveries(DAYS[:DELIVERIES]), ranges=in_any_order(DAYS), in_order=splits(DAYS), again=tails(DAYS))
def test_any_split_into_runs_gives_the_tables_of_one_run_over_all_days(
    engine: Engine,
    delivered: Deliveries,
    ranges: list[Range],
    in_order: list[Range],
    again: list[Range],
) -> None:
    raw = rows_of(delivered, partial(oracle.raw_rows, start=FIRST))
    hits = oracle.hits(raw)
    rows = {
        RAW: raw,
        HITS: hits,
        STATISTICS[0]: oracle.statistics(hits, "url_level1"),
        STATISTICS[1]: oracle.statistics(hits, "url_level1", "url_level2"),
        SESSIONS[0]: oracle.open_sessions(hits, DAYS),
        SESSIONS[1]: oracle.sessions(hits, DAYS),
    }

    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words = {"landing": str(landing), "reject_share": 1.0}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "web_events", delivered)

        run(whole, [(DAYS[0], DAYS[-1])], rows)
        assert differences(whole, rows) == []

        run(parts, ranges, [RAW])
        run(parts, ranges, [HITS, *STATISTICS])
        run(parts, in_order, SESSIONS)
        assert differences(parts, rows) == []
        run(parts, again, rows)
        assert differences(parts, rows) == []
