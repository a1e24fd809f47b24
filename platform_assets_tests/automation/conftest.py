"""What the sensor of notices is tried with."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from platform_assets.automation import notifying
from platform_assets_tests.support.office import Office
from platform_assets_tests.support.services.listener import listening


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office whose sensor has looked once."""
    clock = SimpleNamespace(now=notifying.time.time())
    shown = SimpleNamespace(time=lambda: clock.now, monotonic=notifying.time.monotonic)
    monkeypatch.setattr(notifying, "time", shown)
    with listening() as listener:
        office = Office(listener, clock)
        office.look()
        yield office
