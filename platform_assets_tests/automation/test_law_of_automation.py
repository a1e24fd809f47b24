"""The law of automation: whatever has happened, what is requested by itself ends in what one batch gives."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support import kiosk
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.repairs import History

ALONE = {**AT_ONCE, "rebuild_on_change": True, "allow_emptied": True}


def test_whatever_has_happened_what_is_requested_ends_in_what_one_batch_gives(engine: Engine) -> None:
    @settings(max_examples=examples(4), deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), pool=st.lists(kiosk.deliveries(), min_size=2, max_size=3))
    def holds(seed: int, pool: list[Deliveries]) -> None:
        with TemporaryDirectory() as folder:
            feeds, choices = [{"sold": its} for its in pool], {"kiosk_least": (1, 2, 3)}
            history = History(Path(folder), "kiosk", seed, feeds, choices, domains=[kiosk.FOUND], **ALONE)
            daemon = Daemon(history.platform)
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
