"""What the sample deliveries of `plays` promise; not how the platform reads the feed."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from platform_assets.domains.listening.samples import DIRT_RULES, planned_rows
from platform_assets_tests.support.deliveries import (
    BOM,
    DAYS,
    FIRST_DAY,
    ROWS,
    content_of,
    counted_once,
    lines_of,
    out_of_time,
    planned,
    write,
)

PLANS = {day: planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}
FIELDS = ["user_id", "played_at", "artist_mbid", "artist_name", "track_mbid", "track_name"]
GAP = timedelta(minutes=20)


class Row(NamedTuple):
    """A line that is not blank."""

    day: date
    file: str
    raw: bytes
    rules: set[str]

    @property
    def fields(self) -> dict[str, str]:
        return dict(zip(FIELDS, self.raw.decode().split("\t"), strict=True))

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.fields["played_at"], "%Y-%m-%dT%H:%M:%SZ")


def broken_rules(raw: bytes, day: date) -> set[str]:
    """Judge a row by an own reading of the feed's description, strictly and slowly."""
    try:
        values = raw.decode().split("\t")
    except UnicodeDecodeError:
        return {"not_utf8"}
    if len(values) != len(FIELDS):
        return {"malformed"}
    fields = dict(zip(FIELDS, values, strict=True))
    rules = {f"missing_{name}" for name in FIELDS if not fields[name] and not name.endswith("_mbid")}
    return rules | (broken_time_rules(fields["played_at"], day) if fields["played_at"] else set())


def broken_time_rules(played_at: str, day: date) -> set[str]:
    """Judge the text of a time."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", played_at):
        return {"invalid_played_at"}
    try:
        event_day = datetime.strptime(played_at, "%Y-%m-%dT%H:%M:%SZ").date()
    except ValueError:
        return {"invalid_played_at"}
    return out_of_time(event_day, day)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries."""
    return write(tmp_path_factory.mktemp("landing"), "plays")


@pytest.fixture(scope="module")
def rows(feed: Path) -> list[Row]:
    """All rows of the week."""
    return [Row(*line, broken_rules(line.raw, day)) for day in DAYS for line in lines_of(feed / day.isoformat())]


@pytest.fixture(scope="module")
def good(rows: list[Row]) -> list[Row]:
    """The rows of the week that break no rule."""
    return [row for row in rows if not row.rules]


@pytest.fixture(scope="module")
def users(good: list[Row]) -> dict[str, list[datetime]]:
    """When each user played, in order."""
    times: dict[str, list[datetime]] = {}
    for row in good:
        times.setdefault(row.fields["user_id"], []).append(row.at)
    return {user: sorted(played) for user, played in times.items()}


@pytest.fixture(scope="module")
def sessions(users: dict[str, list[datetime]]) -> list[list[datetime]]:
    """The plays of each session of each user."""
    found: list[list[datetime]] = []
    for times in users.values():
        found.append([times[0]])
        for before, after in pairwise(times):
            if after - before > GAP:
                found.append([])
            found[-1].append(after)
    return found


def test_every_kind_of_dirt_comes_within_a_week() -> None:
    assert {kind for plan in PLANS.values() for kind in plan} == set(DIRT_RULES)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_two_per_cent_of_a_delivery_break_a_rule_each(day: date, rows: list[Row]) -> None:
    broken = counted_once(row.rules for row in rows if row.day == day)
    assert broken == planned(PLANS[day], DIRT_RULES)
    assert broken.total() == 0.02 * ROWS


def test_every_rule_of_the_feed_is_broken_by_some_row(rows: list[Row]) -> None:
    required = ("user_id", "played_at", "artist_name", "track_name")
    assert set().union(*(row.rules for row in rows)) == {
        *("malformed", "not_utf8", "invalid_played_at", "before_start", "after_delivery"),
        *(f"missing_{name}" for name in required),
    }


def test_the_dirt_is_written_as_planned(rows: list[Row]) -> None:
    dirty = b"\n".join(row.raw for row in rows if row.rules)
    for part in (b"2026-02-31T", b"2026-13-", b"T24:", b":00\t", b"+01:00", b".000Z", b"\xe9", b"\t\n", b"\n\t"):
        assert part in dirty
    assert "\t".join(FIELDS).encode() in dirty.split(b"\n")
    assert {line.count(b"\t") for line in dirty.split(b"\n")} == {0, 4, 5, 6}


def test_the_radio_file_has_a_byte_order_mark_only_crlf_and_no_last_line_end(feed: Path) -> None:
    for path in feed.rglob("plays-radio.tsv"):
        content = path.read_bytes()
        assert content.startswith(BOM)
        assert content.count(b"\n") == content.count(b"\r\n") > 0
        assert not content.endswith(b"\n")


def test_the_other_files_have_only_lf_and_end_with_it(feed: Path) -> None:
    for path in (*feed.rglob("plays-app.tsv"), *feed.rglob("plays-desktop.tsv.gz")):
        assert b"\r" not in content_of(path)
        assert content_of(path).endswith(b"\n")


def test_some_days_have_an_empty_file(feed: Path) -> None:
    assert [path.parent.name[-2:] for path in sorted(feed.rglob("empty.tsv"))] == ["02", "06"]
    assert {path.stat().st_size for path in feed.rglob("empty.tsv")} == {0}


def test_a_users_rows_in_a_file_are_together_and_newest_first(good: list[Row]) -> None:
    blocks = [(row.day, row.file, row.fields["user_id"]) for row in good]
    changes = sum(one != other for one, other in pairwise(blocks))
    assert changes == len(set(blocks)) - 1
    pairs = [(one, other) for one, other in pairwise(zip(blocks, good, strict=True)) if one[0] == other[0]]
    assert pairs
    assert all(newer.at >= older.at for (_, newer), (_, older) in pairs)


def test_a_few_per_cent_of_the_good_plays_are_late_and_none_is_too_old(good: list[Row]) -> None:
    shift = Counter((row.at.date() - row.day).days for row in good)
    assert set(shift) == {-1, 0, 1}
    assert 0.02 < shift[-1] / len(good) < 0.10
    assert min(row.at.date() for row in good) == FIRST_DAY


def test_some_late_plays_change_sessions_of_the_day_before(good: list[Row], sessions: list[list[datetime]]) -> None:
    late = {row.at for row in good if row.at.date() < row.day}
    assert any(late & set(plays) and set(plays) - late for plays in sessions)


@pytest.mark.parametrize("seconds", [0, 1, 1199, 1200, 1201])
def test_gaps_are_exact(users: dict[str, list[datetime]], seconds: int) -> None:
    gaps = Counter(after - before for times in users.values() for before, after in pairwise(times))
    assert gaps[timedelta(seconds=seconds)] > 1


@pytest.mark.parametrize("seconds", [1199, 1200, 1201])
def test_gaps_across_midnight_are_exact(users: dict[str, list[datetime]], seconds: int) -> None:
    gap = timedelta(seconds=seconds)
    pairs = [pair for times in users.values() for pair in pairwise(times)]
    assert any(after - before == gap and before.date() < after.date() for before, after in pairs)


def test_some_users_play_exactly_at_midnight(users: dict[str, list[datetime]]) -> None:
    assert sum(any(at.time() == time() for at in times) for times in users.values()) > 1


def test_sessions_cross_midnight_within_a_delivery_and_between_deliveries(
    good: list[Row], sessions: list[list[datetime]]
) -> None:
    assert sum(plays[0].date() < plays[-1].date() for plays in sessions) > 5
    early = [row for row in good if row.at.date() > row.day]
    assert any(row.at.time() > time() for row in early)


def test_sessions_are_of_many_lengths(sessions: list[list[datetime]]) -> None:
    assert len(sessions) > 50
    assert len({len(plays) for plays in sessions}) > 20
    assert min(len(plays) for plays in sessions) == 1


def test_a_machine_plays_for_days_and_pauses(sessions: list[list[datetime]]) -> None:
    days = [plays[-1] - plays[0] for plays in sessions if plays[-1] - plays[0] > timedelta(days=2)]
    assert len(days) == 2


def test_large_deliveries_have_more_machines(tmp_path: Path) -> None:
    folder = write(tmp_path, "plays", days=1, rows=6_000) / DAYS[0].isoformat()
    users = Counter(line.raw.split(b"\t")[0] for line in lines_of(folder))
    assert [users[b"user_%06d" % number] for number in range(3)] == [72, 144, 480]


def test_repeated_rows_are_plays(good: list[Row]) -> None:
    again = Counter(row.raw for row in good)
    assert 0.005 < (len(good) - len(again)) / len(good) < 0.05


def test_few_songs_are_popular_and_most_are_rare(good: list[Row]) -> None:
    songs = Counter((row.fields["artist_name"], row.fields["track_name"]) for row in good)
    (_, first), (_, second), *_ = songs.most_common()
    assert 0.15 > first / len(good) > second / len(good) > 0.02
    assert sum(count < 10 for count in songs.values()) > len(songs) / 2
    titles: dict[str, set[str]] = {}
    for artist, title in songs:
        titles.setdefault(title, set()).add(artist)
    assert sum(len(artists) > 1 for artists in titles.values()) > 1


def test_every_ninth_track_and_some_artists_have_no_identifier(good: list[Row]) -> None:
    without = {name: sum(not row.fields[name] for row in good) / len(good) for name in ("artist_mbid", "track_mbid")}
    assert 0.09 < without["track_mbid"] < 0.13
    assert 0.01 < without["artist_mbid"] < 0.05
    one_each = {(bool(row.fields["artist_mbid"]), bool(row.fields["track_mbid"])) for row in good}
    assert len(one_each) == 4


def test_an_identifier_belongs_to_one_song_or_artist(good: list[Row]) -> None:
    songs = {(row.fields["track_mbid"], row.fields["artist_name"], row.fields["track_name"]) for row in good}
    with_identifier = [song for song in songs if song[0]]
    assert len({song[0] for song in with_identifier}) == len(with_identifier)
    artists = {(row.fields["artist_mbid"], row.fields["artist_name"]) for row in good if row.fields["artist_mbid"]}
    assert len(dict(artists)) == len(artists)


def test_good_plays_show_the_variety_of_the_feed(good: list[Row]) -> None:
    names = {name for row in good for name in (row.fields["artist_name"], row.fields["track_name"])}
    assert {"NA", "null", "None", "0", "-"} <= names
    assert any(name.count('"') % 2 for name in names)
    assert any(name.startswith('"') for name in names)
    assert any(name.startswith(" ") for name in names)
    assert any(name.endswith(" ") for name in names)
    for part in ("\u2028", "\U0001f98a", "\u00eb", "\\n", "'", "%", "#", ","):
        assert any(part in name for name in names), part
