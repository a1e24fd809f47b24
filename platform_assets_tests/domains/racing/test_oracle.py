"""Examples of races that a reader can check by eye, and the official files, for the oracle of the racing tables."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.racing import feeds, oracle

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(4)]
FIRST, SECOND, THIRD, _ = DAYS
RACES = "raceId,year,round,name,date,time"
RESULTS = "resultId,raceId,driverId,position,fastestLapTime"
Rows = list[dict[str, Any]]


def delivered(header: str, *contents: str) -> Deliveries:
    """A file for each day from the first on, its rows set apart by blanks; names have none."""
    return {
        day: {"a.csv": "\r\n".join([header, *content.split()]).encode()}
        for day, content in zip(DAYS, contents, strict=False)
    }


def tables(races: list[str], results: list[str], **words: str) -> dict[str, Rows]:
    return oracle.tables(delivered(RACES, *races), delivered(RESULTS, *results), DAYS, **words)


def brief(rows: Rows, day: date, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of a day's rows, in order."""
    return sorted((tuple(row[name] for name in names) for row in rows if row["day"] == day), key=str)


def winners(rows: Rows, day: date) -> list[tuple[Any, ...]]:
    return brief(rows, day, "race_id", "winning_driver_id", "fastest_lap")


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ("1,2024,12,British Grand Prix,2024-07-07,14:00:00", []),
        ('1,2024,12,"Corsa, ""lunga""",2024-07-07,null', []),
        ("1,2024,12,Null,2024-07-07,", []),
        ("null,,12,null,2024-07-07,24:00:00", ["missing_race_id", "missing_year", "missing_name", "invalid_time"]),
        ("1,2147483648,1.0,x,2024-7-7,14:00", ["invalid_year", "invalid_round", "invalid_date", "invalid_time"]),
        ("1,2024,12,x,NULL,NULL", ["invalid_date", "invalid_time"]),
        ("1,2024,12,x,2024-07-07", ["malformed"]),
    ],
)
def test_a_line_is_a_race_or_breaks_rules(line: str, violations: list[str]) -> None:
    (row,) = oracle.raw_races({FIRST: {"a.csv": f"{RACES}\r\n{line}\r\n".encode()}})
    assert (row["violations"], row["raw"]) == (violations, line if violations else None)
    assert violations or row["time"] in ("14:00:00", None)
    assert "day" not in row


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ("1,2,3,1,01:29.4", []),
        ('"1","2","3","null",""', []),
        ("1,2,3,R,1:29.4", ["invalid_position", "invalid_fastest_lap_time"]),
        ("1,2,3,,01:60.0", ["invalid_fastest_lap_time"]),
        ("1,2,3,,01:29.43", ["invalid_fastest_lap_time"]),
        (",null,,,", ["missing_result_id", "missing_race_id", "missing_driver_id"]),
        ("1,2,3,1,01:29.4,", ["malformed"]),
    ],
)
def test_a_line_is_a_result_or_breaks_rules(line: str, violations: list[str]) -> None:
    (row,) = oracle.raw_results({FIRST: {"a.csv": f"{RESULTS}\n{line}".encode()}})
    assert row["violations"] == violations


def test_equal_rows_of_a_key_are_one_and_others_are_all_rejected() -> None:
    files = {
        "a.csv": f"{RESULTS}\n1,2,3,1,01:29.4\n1,2,3,01,01:29.4\n2,2,3,1,null\n2,2,3,2,null\n".encode(),
        "b.csv": b"driverId,raceId,resultId,position\n3,2,1,1\n3,2,2,x\n7,2,4,1\n7,2,4,",
        "c.csv": f"{RESULTS}\n3,2,3,,\n3,2,3,x,\n5,2,3,1,\xff\n".encode("latin-1") + b"5,2,3,2,",
    }
    rows = oracle.raw_results({FIRST: files})
    assert [(row["result_id"], row["violations"]) for row in rows] == [
        *((1, ["duplicate_result_id"]), (1, ["duplicate_result_id"])),
        *((2, ["duplicate_result_id"]), (2, ["duplicate_result_id"])),
        *((1, ["duplicate_result_id"]), (2, ["invalid_position", "duplicate_result_id"])),
        *((4, ["duplicate_result_id"]), (4, ["duplicate_result_id"])),
        # Both have no position, but one of them is wrong about it.
        *((3, ["duplicate_result_id"]), (3, ["invalid_position", "duplicate_result_id"])),
        *((5, ["not_utf8"]), (5, [])),
    ]
    same = {"a.csv": files["a.csv"][:-26], "b.csv": f"{RESULTS}\n1,2,3,1,01:29.4".encode()}
    assert [row["violations"] for row in oracle.raw_results({FIRST: same})] == [[], [], []]


def test_the_newest_good_version_of_a_key_is_the_one_as_of_a_day() -> None:
    found = tables(
        ["1,2024,1,A,2024-03-01,null", "1,2025,1,B,2024-03-01,null", "1,x,1,C,2024-03-01,null"],
        ["11,1,44,1,01:29.4", "", "11,1,44,2,01:29.4 11,1,44,3,01:29.4", "11,1,44,null,01:29.4"],
    )
    assert [row["name"] for row in found["races"]] == ["A", "B", "B", "B"]
    assert [row["position"] for row in found["results"]] == [1, 1, 1, None]
    assert list(found["races"][0]) == ["day", "race_id", "year", "round", "name", "date", "time"]


def test_a_result_without_a_race_is_rejected_until_the_race_comes() -> None:
    found = tables(["", "1,2024,1,A,2024-03-01,null"], ["11,1,44,1,01:29.4 12,1,7,1,01:20.0"])
    # That they are two winners as well is not said.
    assert brief(found["rejected_results"], FIRST, "result_id", "reason") == [(11, "no_race"), (12, "no_race")]
    assert brief(found["rejected_results"], SECOND, "result_id", "reason") == [(11, "two_winners"), (12, "two_winners")]
    assert [row["day"] for row in found["race_stats"]] == DAYS[1:]


def test_a_race_with_two_winners_has_none_and_keeps_its_other_results() -> None:
    found = tables(
        ["1,2024,1,A,2024-03-01,10:00:00 2,2024,2,B,2024-03-08,null"],
        ["11,1,44,1,01:29.4 12,1,7,1,01:20.0 13,1,8,3,01:30.0", "12,1,7,2,01:20.0"],
    )
    assert brief(found["results"], FIRST, "result_id") == [(13,)]
    assert winners(found["race_stats"], FIRST) == [(1, None, None), (2, None, None)]
    assert winners(found["race_stats"], SECOND) == [(1, 44, "01:29.4"), (2, None, None)]
    versions = brief(found["result_versions"], FIRST, "result_id")
    assert versions == sorted(
        brief(found["results"], FIRST, "result_id") + brief(found["rejected_results"], FIRST, "result_id")
    )


def test_the_fastest_lap_is_the_winners_or_that_of_all_drivers() -> None:
    races = ["1,2024,1,A,2024-03-01,null 2,2024,2,B,2024-03-08,null"]
    results = ["11,1,44,1,01:29.4 12,1,7,2,01:28.3 13,1,8,null,01:20.0 21,2,44,1,null 22,2,7,2,10:00.0"]
    assert winners(tables(races, results)["race_stats"], FIRST) == [(1, 44, "01:29.4"), (2, 44, None)]
    fastest = tables(races, results, fastest_lap="race")["race_stats"]
    assert winners(fastest, FIRST) == [(1, 44, "01:20.0"), (2, 44, "10:00.0")]


def test_a_document_has_the_races_of_a_year_by_their_round() -> None:
    stats = tables(["2,2024,2,B,2024-03-08,14:00:00 3,2025,1,C,2025-03-01, 1,2024,1,A,2024-03-01,null"], [""])[
        "race_stats"
    ]
    found = oracle.season_stats(stats, FIRST)
    assert {year: [race["Race Name"] for race in races] for year, races in found.items()} == {
        2024: ["A", "B"],
        2025: ["C"],
    }
    assert list(found[2024][1].items()) == [
        *(("Race Name", "B"), ("Race Round", 2), ("Race Datetime", "2024-03-08T14:00:00.000")),
        *(("Race Winning driverId", None), ("Race Fastest Lap", None)),
    ]
    assert found[2025][0]["Race Datetime"] == "2025-03-01T00:00:00.000"


@settings(max_examples=50, deadline=None)
@given(races=feeds.races(DAYS), results=feeds.results(DAYS))
def test_newest_versions_are_results_and_rejected_ones_and_every_race_has_its_stats(
    races: Deliveries, results: Deliveries
) -> None:
    found = oracle.tables(races, results, DAYS)
    rejected = [{name: row[name] for name in row if name != "reason"} for row in found["rejected_results"]]
    assert oracle.comparable(found["result_versions"]) == oracle.comparable(found["results"] + rejected)
    for day in DAYS:
        assert brief(found["race_stats"], day, "race_id", "year") == brief(found["races"], day, "race_id", "year")
        first = Counter(row["race_id"] for row in found["results"] if row["day"] == day and row["position"] == 1)
        assert set(first.values()) <= {1}


@pytest.fixture(scope="module")
def official_files(official: Path) -> tuple[Deliveries, Deliveries]:
    """The official files, as if delivered on the first day."""
    races, results = ((official / "racing" / name).read_bytes() for name in ("races.csv", "results.csv"))
    return {FIRST: {"races.csv": races}}, {FIRST: {"results.csv": results}}


def test_the_official_files_have_the_figures_that_are_known(official_files: tuple[Deliveries, Deliveries]) -> None:
    found = oracle.tables(*official_files, [FIRST])
    assert (len(found["raw_races"]), len(found["raw_results"])) == (149, 2739)
    assert not [row for row in (*found["raw_races"], *found["raw_results"]) if row["violations"]]
    assert found["rejected_results"] == []
    documents = oracle.season_stats(found["race_stats"], FIRST)
    races_of_years = {year: len(documents[year]) for year in sorted(documents)}
    assert races_of_years == {2018: 21, 2019: 21, 2020: 17, 2021: 22, 2022: 22, 2023: 22, 2024: 24}
    of_rounds = {(year, race["Race Round"]): race for year, races in documents.items() for race in races}
    of_2024 = [(2024, number) for number in range(13, 25)]
    assert [place for place in sorted(of_rounds) if of_rounds[place]["Race Winning driverId"] is None] == of_2024
    without_lap = [place for place in sorted(of_rounds) if of_rounds[place]["Race Fastest Lap"] is None]
    assert without_lap == [(2021, 12), (2024, 8), *of_2024]
    assert list(of_rounds[2024, 12].items()) == [
        *(("Race Name", "British Grand Prix"), ("Race Round", 12), ("Race Datetime", "2024-07-07T14:00:00.000")),
        *(("Race Winning driverId", 1), ("Race Fastest Lap", "01:29.4")),
    ]
    assert of_rounds[2018, 1]["Race Datetime"] == "2018-03-25T00:00:00.000"


def test_the_fastest_lap_of_all_drivers_in_the_official_files(official_files: tuple[Deliveries, Deliveries]) -> None:
    stats = oracle.tables(*official_files, [FIRST], fastest_lap="race")["race_stats"]
    (british,) = (row for row in stats if row["year"] == 2024 and row["race_round"] == 12)
    assert (british["winning_driver_id"], british["fastest_lap"]) == (1, "01:28.3")
    assert british["race_datetime"] == datetime(2024, 7, 7, 14, tzinfo=timezone.utc)
