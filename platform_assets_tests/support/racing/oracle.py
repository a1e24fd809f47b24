"""The rules of the racing domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timezone
from typing import Any

from platform_assets_tests.support import csv_oracle
from platform_assets_tests.support.csv_oracle import Column, Feed, iso_date, text, whole
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.landing.parcels import Deliveries

NOTHING = ("", "null")


RACES = Feed(
    {
        "race_id": Column("raceId", True, whole(64)),
        "year": Column("year", True, whole(32)),
        "round": Column("round", True, whole(32)),
        "name": Column("name", True, text),
        "date": Column("date", True, iso_date),
        "time": Column("time", False, text, "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"),
    },
    nothing=NOTHING,
    equals_are_one=True,
)
RESULTS = Feed(
    {
        "result_id": Column("resultId", True, whole(64)),
        "race_id": Column("raceId", True, whole(64)),
        "driver_id": Column("driverId", True, whole(64)),
        "position": Column("position", False, whole(32)),
        "fastest_lap_time": Column("fastestLapTime", False, text, r"[0-9]{2}:[0-5][0-9]\.[0-9]"),
    },
    nothing=NOTHING,
    equals_are_one=True,
)


def raw_races(delivered: Deliveries) -> list[Row]:
    """The rows of the raw table that the files of all deliveries of races become."""
    return csv_oracle.raw_rows(delivered, RACES)


def raw_results(delivered: Deliveries) -> list[Row]:
    """The rows of the raw table that the files of all deliveries of results become."""
    return csv_oracle.raw_rows(delivered, RESULTS)


def _newest(raw: Iterable[Row], feed: Feed, day: date) -> list[Row]:
    """Of each key the good row of the newest delivery up to a day; what is rejected is as if it were not there."""
    newest: dict[int, Row] = {}
    for row in raw:
        before = newest.get(row[feed.key])
        is_newer = before is None or row["delivery_day"] >= before["delivery_day"]
        if not row["violations"] and row["delivery_day"] <= day and is_newer:
            newest[row[feed.key]] = row
    return [{"day": day, **{name: row[name] for name in feed.columns}} for row in newest.values()]


def races(raw: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day the newest version of every race."""
    every = list(raw)
    return [row for day in days for row in _newest(every, RACES, day)]


def result_versions(raw: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day the newest version of every result, those included that are rejected for their race."""
    every = list(raw)
    return [row for day in days for row in _newest(every, RESULTS, day)]


def _judged(versions: Iterable[Row], race_rows: Iterable[Row]) -> list[tuple[Row, str | None]]:
    """Results, each with why it is rejected as of its day, if it is."""
    known = {(race["day"], race["race_id"]) for race in race_rows}
    every = list(versions)
    of_race: dict[tuple[date, int], int] = {}
    for row in every:
        if row["position"] == 1:
            place = row["day"], row["race_id"]
            of_race[place] = of_race.get(place, 0) + 1
    judged: list[tuple[Row, str | None]] = []
    for row in every:
        place = row["day"], row["race_id"]
        reason = None
        if place not in known:
            reason = "no_race"
        elif row["position"] == 1 and of_race[place] > 1:
            reason = "two_winners"
        judged.append((row, reason))
    return judged


def results(versions: Iterable[Row], race_rows: Iterable[Row]) -> list[Row]:
    """As of each day the newest version of every result of a race, but those of one of two winners."""
    return [row for row, reason in _judged(versions, race_rows) if reason is None]


def rejected_results(versions: Iterable[Row], race_rows: Iterable[Row]) -> list[Row]:
    """As of each day the results without a race, and those of the winners of races that have several."""
    return [row | {"reason": reason} for row, reason in _judged(versions, race_rows) if reason]


def race_stats(race_rows: Iterable[Row], result_rows: Iterable[Row], *, fastest_lap: str = "winner") -> list[Row]:
    """As of each day every race, with its winner and the lap of the `winner`, or the fastest lap of the `race`."""
    of_race: dict[tuple[date, int], list[Row]] = {}
    for result in result_rows:
        of_race.setdefault((result["day"], result["race_id"]), []).append(result)
    rows = []
    for race in race_rows:
        own = of_race.get((race["day"], race["race_id"]), [])
        winners = [result for result in own if result["position"] == 1]
        assert len(winners) <= 1
        timed = winners if fastest_lap == "winner" else own
        laps = [result["fastest_lap_time"] for result in timed if result["fastest_lap_time"] is not None]
        at = time.fromisoformat(race["time"] or "00:00:00")
        rows.append(
            {
                "day": race["day"],
                "year": race["year"],
                "race_id": race["race_id"],
                "race_name": race["name"],
                "race_round": race["round"],
                "race_datetime": datetime.combine(race["date"], at, timezone.utc),
                "winning_driver_id": winners[0]["driver_id"] if winners else None,
                "fastest_lap": min(laps, default=None),
            }
        )
    return rows


def season_stats(stats: Iterable[Row], day: date) -> dict[int, list[dict[str, Any]]]:
    """What is in the documents of a day, by the year that `stats_{year}.json` is named after."""
    own = sorted((row for row in stats if row["day"] == day), key=lambda row: (row["race_round"], row["race_id"]))
    documents: dict[int, list[dict[str, Any]]] = {}
    for row in own:
        at = row["race_datetime"].replace(tzinfo=None)
        documents.setdefault(row["year"], []).append(
            {
                "Race Name": row["race_name"],
                "Race Round": row["race_round"],
                "Race Datetime": at.isoformat(timespec="milliseconds"),
                "Race Winning driverId": row["winning_driver_id"],
                "Race Fastest Lap": row["fastest_lap"],
            }
        )
    return documents


def tables(
    delivered_races: Deliveries, delivered_results: Deliveries, days: list[date], *, fastest_lap: str = "winner"
) -> dict[str, list[Row]]:
    """The rows of every table of the domain, by its name."""
    raw = {"raw_races": raw_races(delivered_races), "raw_results": raw_results(delivered_results)}
    race_rows, versions = races(raw["raw_races"], days), result_versions(raw["raw_results"], days)
    kept = results(versions, race_rows)
    return {
        **{name: [row for row in rows if row["delivery_day"] in days] for name, rows in raw.items()},
        "races": race_rows,
        "result_versions": versions,
        "results": kept,
        "rejected_results": rejected_results(versions, race_rows),
        "race_stats": race_stats(race_rows, kept, fastest_lap=fastest_lap),
    }
