"""The law of repair: whatever has happened, applying the plan ends in the tables of one batch over what has landed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.actions import feeds as actions
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.listening import plays
from platform_assets_tests.support.purchases import feeds as purchases
from platform_assets_tests.support.racing import feeds as racing
from platform_assets_tests.support.repairs import Choices, History
from platform_assets_tests.support.retail import feeds as retail
from platform_assets_tests.support.telemetry import feeds as telemetry
from platform_assets_tests.support.web import feeds as web

DELIVERIES = [date(2026, 1, 1) + timedelta(days=n) for n in range(4)]
DOMAINS: dict[str, tuple[dict[str, st.SearchStrategy[Deliveries]], Choices]] = {
    "actions": ({"actions": actions.deliveries(DELIVERIES)}, {"actions_window_minutes": (10, 1, 1440)}),
    "listening": (
        {"plays": plays.deliveries(DELIVERIES)},
        {
            "listening_gap_seconds": (1200, 1, 86400),
            "listening_top_sessions": (50, 1, 2),
            "listening_rank_by": ("plays", "duration"),
            "listening_song_key": ("artist_and_title", "title"),
        },
    ),
    "purchases": ({"purchases": purchases.deliveries(DELIVERIES)}, {"purchases_start": (DELIVERIES[0],)}),
    "racing": (
        {"races": racing.races(DELIVERIES), "results": racing.results(DELIVERIES)},
        {"racing_fastest_lap": ("winner", "race")},
    ),
    "retail": (
        {"sales": retail.sales(DELIVERIES), **{feed: retail.dimension(feed, DELIVERIES) for feed in retail.DIMENSIONS}},
        {"retail_coupon_amount": (Decimal(10000), Decimal("24.50"))},
    ),
    "telemetry": (
        {"telemetry": telemetry.deliveries(DELIVERIES)},
        {
            "telemetry_max_sensors": (1000, 1, 3),
            "telemetry_gap_factor": (10.0, 0.5),
            "telemetry_gap_seconds": (600, 0),
        },
    ),
    "web": (
        {"web_events": web.deliveries(DELIVERIES)},
        {"web_gap_seconds": (1800, 900, 86400), "web_hosts": ("raw", "bare"), "web_date_order": ("dmy", "mdy")},
    ),
}
ALWAYS = {"purchases": "a.csv", "retail": retail.ALWAYS}
"""A delivery of snapshots has a good row, or is none: the file that has one comes with every other."""


@pytest.mark.parametrize("domain", DOMAINS)
def test_whatever_has_happened_applying_the_plan_ends_in_what_one_batch_gives(engine: Engine, domain: str) -> None:
    feeds, choices = DOMAINS[domain]

    @settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), pool=st.lists(st.fixed_dictionaries(feeds), min_size=2, max_size=3))
    def holds(seed: int, pool: list[dict[str, Deliveries]]) -> None:
        with TemporaryDirectory() as folder:
            history = History(Path(folder), domain, seed, pool, choices, ALWAYS.get(domain, ""))
            history.files_come()
            for _ in range(history.random.randint(1, 7)):
                if history.random.random() < 0.3:
                    history.apply()
                history.happen()
            history.apply()
            assert not any(history.due().days.values()), history.said
            assert history.apply() == []
            assert history.unlike_one_batch() == [], history.said

    holds()
