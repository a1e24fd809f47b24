"""What the sample deliveries of `races` and `results` promise; not how the platform reads the feeds."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from platform_assets.domains.racing.samples import DIRT_RULES, WRITERS, planned_rows, world_of
from platform_assets.samples import write_samples
from platform_assets_tests.support.deliveries import DAYS, FIRST_DAY, ROWS
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.racing import oracle

RACES, DRIVERS = 48, 10
Rows = list[dict[str, Any]]


def written(landing: Path, *, days: int = len(DAYS), rows: int = ROWS, seed: int = 1) -> dict[str, Deliveries]:
    """Write samples and return the files of each day by feed."""
    delivered: dict[str, Deliveries] = {feed: {} for feed in WRITERS}
    for path in write_samples(WRITERS, landing, first_day=FIRST_DAY, days=days, rows=rows, seed=seed):
        of_feed = delivered[path.parent.parent.name]
        of_feed.setdefault(date.fromisoformat(path.parent.name), {})[path.name] = path.read_bytes()
    return delivered


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deliveries]:
    """A week of deliveries."""
    return written(tmp_path_factory.mktemp("landing"))


@pytest.fixture(scope="module")
def tables(delivered: dict[str, Deliveries]) -> dict[str, Rows]:
    """The tables that the week gives."""
    return oracle.tables(delivered["races"], delivered["results"], DAYS)


def of_day(rows: Rows, day: date) -> Rows:
    return [row for row in rows if row["day"] == day]


@pytest.mark.parametrize("feed", WRITERS)
def test_every_kind_of_dirt_comes_within_a_week(feed: str) -> None:
    plans = [planned_rows(feed, day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS]
    assert {kind for plan in plans for kind in plan} == set(DIRT_RULES[feed])


@pytest.mark.parametrize("feed", WRITERS)
def test_the_rows_of_a_delivery_break_the_rules_that_are_planned(feed: str, tables: dict[str, Rows]) -> None:
    for number, day in enumerate(DAYS):
        found = Counter(r for row in tables[f"raw_{feed}"] if row["delivery_day"] == day for r in row["violations"])
        plan = planned_rows(feed, day, first_day=FIRST_DAY, rows=ROWS)
        expected = Counter(DIRT_RULES[feed][kind] for kind in plan.elements())
        if number % 3 == 2:
            expected[f"duplicate_{'race' if feed == 'races' else 'result'}_id"] += 2
        assert found == expected
        assert found.total() < 10


def test_the_first_delivery_has_two_whole_seasons_and_later_ones_what_is_new_and_corrected(
    tables: dict[str, Rows],
) -> None:
    years = Counter(row["year"] for row in of_day(tables["races"], DAYS[-1]))
    assert years == {2024: RACES // 2, 2025: RACES // 2}
    for feed in WRITERS:
        numbers = Counter(row["delivery_day"] for row in tables[f"raw_{feed}"])
        assert all(0 < numbers[day] < numbers[FIRST_DAY] / 5 for day in DAYS[1:])
        newest = tables["races" if feed == "races" else "result_versions"]
        texts = [{tuple(row.values())[1:] for row in of_day(newest, day)} for day in DAYS]  # all but the day
        # New rows or changed ones each day, and most stay.
        assert all(after - before for before, after in pairwise(texts))
        assert all(len(before & after) > 0.8 * len(before) for before, after in pairwise(texts))


def test_a_race_comes_after_its_results(tables: dict[str, Rows]) -> None:
    reasons = [Counter(row["reason"] for row in of_day(tables["rejected_results"], day)) for day in DAYS]
    assert [reason["no_race"] for reason in reasons] == [DRIVERS] * 3 + [0] * 4


def test_a_race_has_two_winners_until_that_is_corrected(tables: dict[str, Rows]) -> None:
    reasons = [Counter(row["reason"] for row in of_day(tables["rejected_results"], day)) for day in DAYS]
    assert [reason["two_winners"] for reason in reasons] == [2] * 2 + [0] * 5


def test_two_races_never_have_results_and_the_others_one_a_day(tables: dict[str, Rows]) -> None:
    counts = []
    for day in DAYS:
        races = {row["race_id"] for row in of_day(tables["races"], day)}
        run = {row["race_id"] for row in of_day(tables["results"], day)}
        counts.append((len(races), len(races - run)))
    assert counts == [(45, 5), (46, 5), (46, 4), (47, 3), (48, 3), (48, 2), (48, 2)]


def test_the_same_row_comes_twice_and_contradicting_ones_change_nothing(tables: dict[str, Rows]) -> None:
    for feed, key in (("races", "race_id"), ("results", "result_id")):
        good = [row for row in tables[f"raw_{feed}"] if not row["violations"]]
        keys = Counter((row["delivery_day"], row[key]) for row in good)
        assert {day for (day, _), count in keys.items() if count == 2} == {DAYS[1], DAYS[4]}
        for day in (DAYS[2], DAYS[5]):
            own = [row for row in tables[f"raw_{feed}"] if row["delivery_day"] == day]
            (twice,) = {row[key] for row in own if f"duplicate_{key}" in row["violations"]}
            newest = tables["races" if feed == "races" else "result_versions"]
            versions = {tuple(row.values())[1:] for row in newest if row[key] == twice}
            assert len(versions) == 1


def test_corrections_change_winners_laps_and_races(tables: dict[str, Rows]) -> None:
    first, last = ({row["race_id"]: row for row in of_day(tables["race_stats"], day)} for day in (DAYS[0], DAYS[-1]))
    for name in ("winning_driver_id", "fastest_lap", "race_name", "race_datetime"):
        assert [race for race in first if first[race][name] and first[race][name] != last[race][name]], name
    assert [row for row in last.values() if row["winning_driver_id"] and not row["fastest_lap"]]


def test_files_are_like_the_official_ones_and_the_stewards_packed(delivered: dict[str, Deliveries]) -> None:
    for feed, days in delivered.items():
        for day, files in days.items():
            assert sorted(files) == [f"{feed}-stewards.csv.gz", f"{feed}.csv"]
            content = files[f"{feed}.csv"]
            assert content.count(b"\r\n") == content.count(b"\n")
            assert content.endswith(b"\r\n") is (feed == "races"), day
        whole = b"".join(files[f"{feed}.csv"] for files in days.values())
        for missing in (rb",null\r\n", rb",\r\n"):
            assert re.search(missing, whole)
    names = delivered["races"][FIRST_DAY]["races.csv"]
    assert b'"Tre Torri, Corsa Lunga"' in names + delivered["races"][DAYS[3]]["races.csv"]
    assert "São Tibério".encode() in b"".join(files["races.csv"] for files in delivered["races"].values())


def test_no_race_is_an_official_one(delivered: dict[str, Deliveries], official: Path) -> None:
    ours = oracle.raw_races(delivered["races"])
    theirs = oracle.raw_races({FIRST_DAY: {"races.csv": (official / "racing" / "races.csv").read_bytes()}})
    for name in ("race_id", "name"):
        assert {row[name] for row in ours if row[name]} & {row[name] for row in theirs} == set()


def test_more_rows_are_more_seasons_and_few_are_a_part_of_two() -> None:
    assert [world_of(rows, 1)[1:] for rows in (1, 41, 500, 960, 4800)] == [
        *((2, 1, 1), (2, 4, 10), (2, 48, 10), (2, 48, 20), (10, 240, 20))
    ]


@pytest.mark.parametrize(("days", "rows", "seed"), [(90, 130, 2), (20, 1200, 3), (12, 1, 4), (20, 9, 5), (12, 60, 6)])
def test_no_delivery_of_any_length_is_refused(tmp_path: Path, days: int, rows: int, seed: int) -> None:
    every = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    delivered = written(tmp_path, days=days, rows=rows, seed=seed)
    for feed, raw in (("races", oracle.raw_races), ("results", oracle.raw_results)):
        assert sorted(delivered[feed]) == every
        found = raw(delivered[feed])
        rejected = Counter(row["delivery_day"] for row in found if row["violations"])
        assert all(count < 10 for count in rejected.values())
        assert max(Counter(row["delivery_day"] for row in found).values()) <= rows
    # However often races are corrected, each has one winner in the end.
    last = oracle.tables(delivered["races"], delivered["results"], every[-1:])
    assert last["rejected_results"] == [] or rows < 10
