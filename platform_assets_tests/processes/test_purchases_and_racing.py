"""Purchases and racing as users build them: by the command line, day by day and in one range."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platform_assets_tests.support.processes.sites import MATERIALIZE, Site

DAYS = ("2026-01-01", "2026-01-02")
SNAPSHOTS = {
    DAYS[0]: "1002313003,12,1003431,2022-05-20\n1002313002,13,1003432,2021-06-19\n1002313004,14,1003433,2023-07-21\n",
    DAYS[1]: "1002313003,12,1003431,2022-05-20\n1002313002,13,1003432,2021-06-19\n1002313004,10,1003433,2023-07-22\n"
    "1002313005,15,1003434,2023-07-22\n",
}
HISTORY = [
    ("1002313002", "13", "1003432", "2021-06-19", "1", "2021-06-19", "None"),
    ("1002313003", "12", "1003431", "2022-05-20", "1", "2022-05-20", "None"),
    ("1002313004", "14", "1003433", "2023-07-21", "1", "2023-07-21", "2023-07-22"),
    ("1002313004", "10", "1003433", "2023-07-22", "2", "2023-07-22", "None"),
    ("1002313005", "15", "1003434", "2023-07-22", "1", "2023-07-22", "None"),
]
SHOWN = ("purchase_id", "product", "user", "date", "version", "valid_from", "valid_until")
RACES = (
    "raceId,year,round,name,date,time\r\n"
    "2,2024,12,British Grand Prix,2024-07-07,14:00:00\r\n1,2024,11,Austrian Grand Prix,2024-06-30,null\r\n"
)
RESULTS = "resultId,raceId,driverId,position,fastestLapTime\r\n1,2,1,1,01:29.4\r\n2,2,830,2,01:28.3\r\n"


@pytest.mark.parametrize("days", [(f"{DAYS[0]}...{DAYS[1]}",), DAYS], ids=["in one range", "day by day"])
def test_the_history_is_that_of_the_snapshots(site: Site, days: tuple[str, ...]) -> None:
    site.forget_events()
    for day, rows in SNAPSHOTS.items():
        site.deliver("purchases", day, "purchases.csv", ["PurchaseID,product,user,date", *rows.splitlines()])
    for day in days:
        option = "--partition-range" if "..." in day else "--partition"
        done = site.dagster(*MATERIALIZE, "--select", "group:purchases", option, day)
        assert done.returncode == 0, done.stdout
    found = [tuple(str(row[name]) for name in SHOWN) for row in site.rows("purchases/history")]
    assert sorted(found, key=lambda row: (row[0], row[4])) == HISTORY


def test_each_season_is_a_file(site: Site) -> None:
    site.forget_events()
    site.deliver("races", DAYS[0], "races.csv", RACES.splitlines())
    site.deliver("results", DAYS[0], "results.csv", RESULTS.splitlines())
    done = site.dagster(*MATERIALIZE, "--select", "group:racing", "--partition-range", f"{DAYS[0]}...{DAYS[1]}")
    assert done.returncode == 0, done.stdout
    folder = Path(site.root) / "exports" / "racing" / "season_stats"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json")) == [
        *(f"{day}/stats_2024.json" for day in DAYS),
        "latest/stats_2024.json",
    ]
    assert json.loads((folder / "latest" / "stats_2024.json").read_text()) == [
        {
            "Race Name": "Austrian Grand Prix",
            "Race Round": 11,
            "Race Datetime": "2024-06-30T00:00:00.000",
            "Race Winning driverId": None,
            "Race Fastest Lap": None,
        },
        {
            "Race Name": "British Grand Prix",
            "Race Round": 12,
            "Race Datetime": "2024-07-07T14:00:00.000",
            "Race Winning driverId": 1,
            "Race Fastest Lap": "01:29.4",
        },
    ]
