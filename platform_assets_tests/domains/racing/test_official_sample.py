"""The official races and results: every table against plain Python, and the figures that are known of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import differences
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.racing import oracle

DAY = date(2026, 1, 1)
RACES = {2018: 21, 2019: 21, 2020: 17, 2021: 22, 2022: 22, 2023: 22, 2024: 24}


@pytest.fixture(scope="module", params=["winner", "race"])
def built(
    request: pytest.FixtureRequest, engine: Engine, official: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, str]:
    """The official files, delivered on one day, with each setting."""
    platform = Platform(tmp_path_factory.mktemp("racing"), racing_fastest_lap=request.param)
    for feed in ("races", "results"):
        platform.deliver(feed, str(DAY), f"{feed}.csv", (official / "racing" / f"{feed}.csv").read_bytes())
    result = platform.materialise(str(DAY), select="group:racing")
    assert not checks(result, "racing/race_stats")["every_race_has_a_winner"].passed
    return platform, request.param


def seasons(platform: Platform) -> dict[int, list[dict[str, Any]]]:
    """The documents, by year."""
    folder = Path(platform.settings.exports) / "racing" / "season_stats"
    days = {day: {file.name: file.read_bytes() for file in (folder / day).iterdir()} for day in (str(DAY), "latest")}
    assert days[str(DAY)] == days["latest"]
    return {int(name[6:10]): json.loads(content) for name, content in days["latest"].items()}


def test_every_table_is_what_plain_python_makes_of_the_files(built: tuple[Platform, str], official: Path) -> None:
    platform, fastest_lap = built
    races, results = (
        {DAY: {f"{feed}.csv": (official / "racing" / f"{feed}.csv").read_bytes()}} for feed in ("races", "results")
    )
    rows = oracle.tables(races, results, [DAY], fastest_lap=fastest_lap)
    assert differences(platform, {f"racing/{name}": its for name, its in rows.items()}) == []


def test_there_is_a_file_for_each_season_with_its_races(built: tuple[Platform, str]) -> None:
    found = seasons(built[0])
    assert {year: len(races) for year, races in found.items()} == RACES
    for races in found.values():
        rounds = [race["Race Round"] for race in races]
        assert rounds == sorted(rounds)
        assert list(races[0]) == [
            *("Race Name", "Race Round", "Race Datetime", "Race Winning driverId", "Race Fastest Lap")
        ]


def test_races_without_winners_and_laps_are_those_that_are_known(built: tuple[Platform, str]) -> None:
    platform, fastest_lap = built
    found = seasons(platform)
    nobody = [race["Race Round"] for race in found[2024] if race["Race Winning driverId"] is None]
    assert nobody == list(range(13, 25))
    if fastest_lap == "winner":
        without = [
            (year, race["Race Round"]) for year in found for race in found[year] if race["Race Fastest Lap"] is None
        ]
        assert sorted(without) == [(2021, 12), (2024, 8), *((2024, number) for number in range(13, 25))]


def test_the_british_grand_prix_of_2024_has_its_winner_and_lap(built: tuple[Platform, str]) -> None:
    platform, fastest_lap = built
    (race,) = [race for race in seasons(platform)[2024] if race["Race Name"] == "British Grand Prix"]
    assert race == {
        "Race Name": "British Grand Prix",
        "Race Round": 12,
        "Race Datetime": "2024-07-07T14:00:00.000",
        "Race Winning driverId": 1,
        "Race Fastest Lap": {"winner": "01:29.4", "race": "01:28.3"}[fastest_lap],
    }
