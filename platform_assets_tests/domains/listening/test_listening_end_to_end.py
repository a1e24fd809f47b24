"""The listening domain from the shipped plays of a week to the top songs, in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets.registry import listed_settings
from platform_assets.settings import Settings, WrongSettings
from platform_assets_tests.support.deliveries import DAYS, FIRST_DAY, SHIPPED, shipped
from platform_assets_tests.support.listening import oracle
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.settings import DOMAINS, tables_of

TABLES = tables_of("listening")

LAST = DAYS[-1]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """The week, in one run."""
    platform = Platform(tmp_path_factory.mktemp("week"), landing=str(SHIPPED))
    return platform, platform.materialise(DAYS[0].isoformat(), LAST.isoformat(), select="group:listening")


@pytest.fixture(scope="module")
def tables(run: tuple[Platform, dg.ExecuteInProcessResult]) -> Rows:
    """The rows of each table, by its name."""
    return {name: run[0].rows(f"listening/{name}") for name in TABLES}


@pytest.fixture(scope="module")
def expected() -> Rows:
    """The rows of each table in plain Python."""
    raw = [
        row
        for day, name, content in shipped("plays", ".tsv")
        for row in oracle.raw_rows(content, day, name, start=FIRST_DAY)
    ]
    played = [play for play in oracle.plays(raw) if play["day"] <= LAST]
    return {
        "raw_plays": raw,
        "plays": played,
        "open_sessions": oracle.open_sessions(played, DAYS),
        "sessions": oracle.sessions(played, DAYS),
        "top_sessions": oracle.top_sessions(played, DAYS),
        "top_session_tracks": oracle.top_session_tracks(played, DAYS),
        "top_songs": oracle.top_songs(played, DAYS),
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_plain_python_computes(tables: Rows, expected: Rows, name: str) -> None:
    assert len(tables[name]) >= len(DAYS)
    assert oracle.comparable(tables[name]) == oracle.comparable(expected[name])


def test_every_row_is_kept_and_every_good_one_is_a_play_in_one_session(tables: Rows) -> None:
    raw, played = tables["raw_plays"], tables["plays"]
    assert len(raw) == 7 * 500
    good = [row for row in raw if not row["violations"]]
    assert len(good) < len(raw)
    assert sum(row["day"] <= LAST for row in good) == len(played)
    closed = sum(session["plays"] for session in tables["sessions"])
    still = sum(session["plays"] for session in tables["open_sessions"] if session["day"] == LAST)
    assert still > 0
    assert closed + still == len(played)


def test_the_checks_of_the_run_say_how_the_totals_agree_and_warn_of_an_odd_file(
    run: tuple[Platform, dg.ExecuteInProcessResult], tables: Rows
) -> None:
    for table in TABLES:
        found = checks(run[1], f"listening/{table}")
        assert found
        unlike = {name: check for name, check in found.items() if not check.passed}
        # A file of the sample is not as it should be, which is said and stops nothing.
        assert list(unlike) == (["no_empty_files"] if table == "raw_plays" else [])
        for check in unlike.values():
            assert check.severity == dg.AssetCheckSeverity.WARN
            assert "empty.tsv" in str(check.description) + str(check.metadata)
    played = len(tables["plays"])
    closed = sum(session["plays"] for session in tables["sessions"])
    balance = checks(run[1], "listening/sessions")["every_play_is_in_a_session"]
    assert balance.description == (
        f"plays {played} + open_sessions_before 0 = {closed} + {played - closed} open_sessions"
    )


def test_sessions_go_on_over_midnights_and_keep_their_identity(tables: Rows) -> None:
    days_open: dict[str, list[Any]] = {}
    for session in tables["open_sessions"]:
        days_open.setdefault(session["session_id"], []).append(session["day"])
    assert max(map(len, days_open.values())) >= 3
    closed = {session["session_id"]: session for session in tables["sessions"]}
    ended = {name: days for name, days in days_open.items() if days[-1] != LAST}
    assert ended.keys() <= closed.keys()
    for name, days in ended.items():
        assert closed[name]["started_at"].date() == days[0]
        assert (closed[name]["day"] - days[0]).days == len(days)


def test_the_top_songs_are_written_as_tab_separated_files_without_quoting(
    run: tuple[Platform, dg.ExecuteInProcessResult], expected: Rows
) -> None:
    folder = Path(run[0].settings.exports) / "listening" / "top_songs_tsv"
    assert sorted(path.name for path in folder.iterdir()) == [*(day.isoformat() for day in DAYS), "latest"]
    for place, day in [*((day.isoformat(), day) for day in DAYS), ("latest", LAST)]:
        written = (folder / place / "top_songs.tsv").read_bytes()
        assert written == oracle.top_songs_tsv(expected["top_songs"], day).encode()
        lines = written.decode().split("\n")
        assert [len(line.split("\t")) for line in lines] == [5] * 11 + [1]
        assert [line.split("\t")[0] for line in lines[1:-1]] == [str(rank) for rank in range(1, 11)]
    assert '\t12" Lantern Mix\t' in (folder / "latest" / "top_songs.tsv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["listening_gap_seconds", "web_gap_seconds"])
@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "greater than or equal to 1"),
        (-1, "greater than or equal to 1"),
        (86401, "less than or equal to 86400"),
        ("20 minutes", "valid integer"),
    ],
)
def test_a_gap_of_nothing_or_of_more_than_a_day_is_an_error_when_settings_load(
    variable: Callable[[str, str], None], name: str, seconds: int | str, said: str
) -> None:
    variable(f"PLATFORM_{name.upper()}", str(seconds))
    with pytest.raises(WrongSettings, match=f"PLATFORM_{name.upper()} is set to .*{said}"):
        listed_settings(DOMAINS, Settings())


@pytest.mark.parametrize("name", ["listening_gap_seconds", "web_gap_seconds"])
@pytest.mark.parametrize("seconds", [1, 86400])
def test_a_gap_may_be_anything_from_a_second_to_a_day(
    variable: Callable[[str, str], None], name: str, seconds: int
) -> None:
    variable(f"PLATFORM_{name.upper()}", str(seconds))
    told = {setting.variable: setting.value for setting in listed_settings(DOMAINS, Settings())}
    assert told[f"PLATFORM_{name.upper()}"] == str(seconds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listening_rank_by", "length"),
        ("listening_song_key", "artist"),
        ("listening_top_sessions", "0"),
        ("listening_top_songs", "0"),
    ],
)
def test_a_list_that_cannot_be_made_is_an_error_when_settings_load(
    variable: Callable[[str, str], None], name: str, value: str
) -> None:
    variable(f"PLATFORM_{name.upper()}", value)
    with pytest.raises(WrongSettings, match=f"PLATFORM_{name.upper()} is set to "):
        listed_settings(DOMAINS, Settings())
