"""What may be removed of an asset, all of it together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg

from platform_assets.assets.upkeep import waste_of
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.maintenance import remove
from platform_assets_tests.support.lake.ages import age
from platform_assets_tests.support.lake.visits import publish, published, stage, visits_catalog, visits_table

RUNS = [f"{number}b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21" for number in range(2)]


def test_what_a_run_stages_again_is_none_of_the_files_of_its_old_versions(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    catalog = visits_catalog(table)
    for number, run in enumerate(RUNS):
        publish(engine, table, run, [1], (1, "/a", number, None))
    again = stage(engine, table, RUNS[1], [2], (2, "/b", 2, None))
    age(table, days=9)
    one = catalog[dg.AssetKey(["shop", "visits"])]
    found = waste_of(one, catalog.settings, lambda _: "in progress", timedelta(days=1), timedelta(days=8))
    assert [(waste.run_id, waste.what, waste.kept) for waste in found] == [
        (RUNS[1], "not published", "the run is in progress"),
        ("", "files of replaced versions", ""),
    ]
    for waste in found:
        remove(waste)
    table.publish(again)
    assert published(table) == [(1, "/a", 1, None), (2, "/b", 2, None)]
    only_left = waste_of(one, catalog.settings, lambda _: "finished", timedelta(0), None)
    assert only_left == []
