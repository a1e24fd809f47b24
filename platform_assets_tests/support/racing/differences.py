"""Where a platform's tables and documents of racing are not what plain Python makes of the deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from platform_assets_tests.support.days import differences
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.racing import oracle

EXPORT = "racing/season_stats"


def unlike(
    platform: Platform, races: Deliveries, results: Deliveries, days: Sequence[date], fastest_lap: str
) -> list[str]:
    """The tables and documents that are not what the oracle makes of the deliveries."""
    rows = oracle.tables(races, results, days, fastest_lap=fastest_lap)
    wrong = differences(platform, {f"racing/{name}": its for name, its in rows.items()})
    expected = {
        f"{day}/stats_{year}.json": its
        for day in days
        for year, its in oracle.season_stats(rows["race_stats"], day).items()
    }
    newest = max((place.split("/")[0] for place in expected), default="")
    expected |= {f"latest/{place.split('/')[1]}": its for place, its in expected.items() if place.startswith(newest)}
    folder = Path(platform.settings.exports) / EXPORT
    found = {str(path.relative_to(folder)): json.loads(path.read_text()) for path in folder.glob("*/*.json")}
    return wrong + sorted(place for place in found.keys() | expected if found.get(place) != expected.get(place))
