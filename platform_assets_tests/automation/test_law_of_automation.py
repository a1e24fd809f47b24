"""The law of automation: whatever has happened, what is requested by itself ends in what one batch gives."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support import kiosk
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.repairs import Choices, History
from platform_assets_tests.support.settings import DOMAINS
from platform_assets_tests.support.web import feeds as web

ALONE = {**AT_ONCE, "rebuild_on_change": True, "allow_emptied": True}
FEEDS: dict[str, tuple[dict[str, st.SearchStrategy[Deliveries]], Choices, int]] = {
    "kiosk": ({"sold": kiosk.deliveries()}, {"kiosk_least": (1, 2, 3)}, 4),
    "web": (
        {"web_events": web.deliveries(kiosk.DAYS)},
        {"web_gap_seconds": (1800, 86400), "web_hosts": ("raw", "bare")},
        1,
    ),
}


@pytest.mark.parametrize("domain", FEEDS)
def test_whatever_has_happened_what_is_requested_ends_in_what_one_batch_gives(engine: Engine, domain: str) -> None:
    feeds, choices, times = FEEDS[domain]
    domains = (kiosk.FOUND,) if domain == "kiosk" else DOMAINS

    @settings(max_examples=examples(times), deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), pool=st.lists(st.fixed_dictionaries(feeds), min_size=2, max_size=3))
    def holds(seed: int, pool: list[dict[str, Deliveries]]) -> None:
        with TemporaryDirectory() as folder:
            history = History(Path(folder), domain, seed, pool, choices, domains=domains, **ALONE)
            daemon = Daemon(history.platform, domain, domains)
            history.files_come()
            for _ in range(history.random.randint(1, 7)):
                for _ in range(history.random.randrange(3)):
                    history.daemon_looks(daemon)
                history.happen()
            while history.daemon_looks(daemon):
                pass
            assert not any(history.due().days.values()), history.said
            assert daemon.said == "Nothing is due."
            assert history.unlike_one_batch() == [], history.said

    holds()
