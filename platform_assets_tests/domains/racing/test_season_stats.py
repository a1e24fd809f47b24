"""The files of seasons: which race stands where, by a few rows that a reader can check by eye."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from platform_assets.domains.racing.season_stats import NAMES, season_stats
from platform_assets.settings import Settings


def test_races_are_in_the_order_of_their_rounds_and_of_one_round_in_that_of_their_identities(tmp_path: Path) -> None:
    races = [(2, 1, "C"), (1, 9, "B"), (1, 10, "A")]
    rows = pa.table(
        {
            "race_round": [number for number, _, _ in races],
            "race_id": [race for _, race, _ in races],
            "race_name": [name for _, _, name in races],
            **dict.fromkeys(["race_datetime", "winning_driver_id", "fastest_lap"], pa.array([None] * 3, pa.string())),
        }
    )
    target = tmp_path / "stats_2024.json"
    season_stats.format.write({target: ds.dataset(rows)}, Settings(_env_file=None))
    found = json.loads(target.read_bytes())
    assert [(race["Race Round"], race["Race Name"]) for race in found] == [(1, "B"), (1, "A"), (2, "C")]
    assert list(found[0]) == list(NAMES)
