"""The listening domain by the platform, timed: `python -m ...benchmarks.platform_listening FEED OUT FIRST LAST`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from platform_assets_tests.benchmarks.platform_run import run_domain
from platform_assets_tests.support.platforms import Platform

TABLES = ("raw_plays", "plays", "sessions", "open_sessions", "top_sessions", "top_session_tracks")


def latest_top_songs(platform: Platform, last: date) -> Mapping[str, Any]:
    """The top songs as of the last day, in order."""
    rows = [row for row in platform.rows("listening/top_songs") if row["day"] == last]
    columns = ("artist_name", "track_name", "plays", "sessions")
    songs = [[row[column] for column in columns] for row in sorted(rows, key=lambda row: int(row["rank"]))]
    return {"top_songs": songs}


if __name__ == "__main__":
    run_domain("listening", TABLES, latest_top_songs)
