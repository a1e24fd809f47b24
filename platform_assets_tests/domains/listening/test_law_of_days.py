"""The law of days in listening: however days are split into runs, the tables are those of one batch over all plays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, differences, in_any_order, rows_of, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.listening import oracle
from platform_assets_tests.support.listening.plays import deliveries
from platform_assets_tests.support.platforms import Platform

FIRST = date(2026, 1, 1)
DELIVERIES = [FIRST + timedelta(days=n) for n in range(4)]
# The last delivery may bring plays of the day after it.
DAYS = [*DELIVERIES, FIRST + timedelta(days=4)]
RAW, PLAYS = "listening/raw_plays", "listening/plays"
STATE = tuple(
    f"listening/{name}" for name in ("open_sessions", "sessions", "top_sessions", "top_session_tracks", "top_songs")
)
EXPORT = "listening/top_songs_tsv"
ALL = (RAW, PLAYS, *STATE, EXPORT)

choices = st.fixed_dictionaries(
    {
        "listening_top_sessions": st.sampled_from((1, 2, 3, 50)),
        "listening_top_songs": st.sampled_from((1, 2, 10)),
        "listening_rank_by": st.sampled_from(("plays", "distinct_tracks", "duration")),
        "listening_song_key": st.sampled_from(("artist_and_title", "title")),
        "listening_gap_seconds": st.sampled_from((1200, 1200, 1, 86400)),
    }
)


def expected(delivered: Deliveries, chosen: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, by the oracle."""
    raw = rows_of(delivered, partial(oracle.raw_rows, start=FIRST))
    played = oracle.plays(raw)
    gap, limit = chosen["listening_gap_seconds"], chosen["listening_top_sessions"]
    lists: dict[str, Any] = {"rank_by": chosen["listening_rank_by"], "limit": limit, "gap": gap}
    songs = {"song_key": chosen["listening_song_key"], "songs": chosen["listening_top_songs"]}
    return {
        RAW: raw,
        PLAYS: played,
        STATE[0]: oracle.open_sessions(played, DAYS, gap=gap),
        STATE[1]: oracle.sessions(played, DAYS, gap=gap),
        STATE[2]: oracle.top_sessions(played, DAYS, **lists),
        STATE[3]: oracle.top_session_tracks(played, DAYS, **lists),
        STATE[4]: oracle.top_songs(played, DAYS, **lists, **songs),
    }


def unlike(platform: Platform, rows: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The tables and documents that are not as expected."""
    wrong = differences(platform, rows)
    found = {path.parent.name: path.read_bytes() for path in (Path(platform.settings.exports) / EXPORT).glob("*/*")}
    expected = {day.isoformat(): oracle.top_songs_tsv(rows[STATE[4]], day).encode() for day in DAYS}
    with_rows = [text for text in expected.values() if text.count(b"\n") > 1]
    if with_rows:
        expected["latest"] = with_rows[-1]
    return wrong + sorted(place for place in found.keys() | expected if found.get(place) != expected.get(place))


@settings(
    max_examples=examples(2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    delivered=deliveries(DELIVERIES),
    chosen=choices,
    ranges=in_any_order(DAYS),
    in_order=splits(DAYS),
    again=tails(DAYS),
)
def test_any_split_into_runs_gives_what_one_batch_over_all_plays_gives(
    engine: Engine,
    delivered: Deliveries,
    chosen: dict[str, Any],
    ranges: list[Range],
    in_order: list[Range],
    again: list[Range],
) -> None:
    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words = chosen | {"landing": str(landing), "reject_share": 1.0}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "plays", delivered)
        rows = expected(delivered, chosen)

        run(whole, [(DAYS[0], DAYS[-1])], ALL)
        assert unlike(whole, rows) == []

        run(parts, ranges, [RAW])
        run(parts, ranges, [PLAYS])
        run(parts, in_order, [*STATE, EXPORT])
        assert unlike(parts, rows) == []
        run(parts, again, ALL)
        assert unlike(parts, rows) == []


@settings(max_examples=examples(2), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(delivered=deliveries(DELIVERIES), late=deliveries(DELIVERIES), chosen=choices, in_order=splits(DAYS))
def test_plays_that_come_late_change_the_days_from_theirs_on_to_what_one_batch_gives(
    engine: Engine, delivered: Deliveries, late: Deliveries, chosen: dict[str, Any], in_order: list[Range]
) -> None:
    last = DELIVERIES[-1]
    # All that is late comes on the last day, with plays of any day before.
    behind = {f"late-{day}-{name}": content for day, files in late.items() for name, content in files.items()}
    whole = delivered | {last: delivered.get(last, {}) | behind}
    with TemporaryDirectory() as folder:
        platform = Platform(Path(folder), reject_share=1.0, **chosen)
        landing = Path(platform.settings.landing)
        deliver(landing, "plays", delivered)
        run(platform, [(DAYS[0], DAYS[-1])], ALL)
        assert unlike(platform, expected(delivered, chosen)) == []

        deliver(landing, "plays", {last: behind})
        run(platform, [(last, last)], [RAW])
        run(platform, in_order, [PLAYS, *STATE, EXPORT])
        assert unlike(platform, expected(whole, chosen)) == []
