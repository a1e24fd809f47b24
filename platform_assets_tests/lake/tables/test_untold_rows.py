"""Files whose writers have not said how many rows they have: every count is that of the files themselves."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.automation.metrics import REJECTED, ROWS, gathered
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.contents import contents_of
from platform_assets.lake.tables.log import Damaged, commit_file
from platform_assets.lake.tables.maintenance import restoration
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.shelf import shelf_at, sold

KEY = dg.AssetKey(["shelf", "raw_sales"])
BAD = "item,sold_at\nfour,2026-01-02T10:00:00Z\n"


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """Sales of two days, of which one is rejected; the second day was delivered twice."""
    platform = shelf_at(tmp_path)
    sold(platform, 1, 1, 2)
    sold(platform, 2, 1)
    platform.materialise("2026-01-01", "2026-01-02", select="key:shelf/raw_sales")
    sold(platform, 2, 1, 2, 3)
    platform.deliver("shelf_sales", "2026-01-02", "bad.csv", BAD)
    platform.materialise("2026-01-02", select="key:shelf/raw_sales")
    return platform


def untold(table: Table, *words: str) -> None:
    """Let the log say nothing of some statistics of any file, or of all."""
    for version in (1, 2):
        path = Path(commit_file(table.url, version))
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        for added in (action["add"] for action in actions if "add" in action):
            stats = {name: value for name, value in json.loads(added["stats"]).items() if name not in words}
            added["stats"] = json.dumps(stats) if words and stats else None
        path.write_text("".join(f"{json.dumps(action)}\n" for action in actions))


@pytest.mark.parametrize("words", [(), ("numRecords",), ("nullCount",)])
def test_what_the_log_does_not_say_is_counted_in_the_files(platform: Platform, words: tuple[str, ...]) -> None:
    table = platform.catalog.tables[KEY]
    delta, rows = table.delta(), {"2026-01-01": 2, "2026-01-02": 4}
    assert delta
    before, asked = contents_of(table, delta), restoration(table, 1)
    assert asked
    assert (before.rows_by_day, before.rejected) == (rows, 1)
    untold(table, *words)
    delta = table.delta()
    assert delta
    assert contents_of(table, delta) == before
    assert table.published_rows_by_day() == rows
    assert restoration(table, 1) == asked
    assert asked.days == {"2026-01-02": (4, 1)}
    found, problems = gathered(platform.catalog, None)
    assert (found[ROWS][KEY], found[REJECTED][KEY], problems) == (6, 1, [])


def test_a_file_that_is_gone_is_told_where_its_rows_are_to_be_counted(platform: Platform) -> None:
    table = platform.catalog.tables[KEY]
    untold(table)
    delta = table.delta()
    assert delta
    (gone, *_) = [Path(url) for url in delta.file_uris() if "2026-01-02" in url]
    gone.unlink()
    with pytest.raises(Damaged, match=gone.name):
        contents_of(table, delta)
    found, (problem,) = gathered(platform.catalog, None)
    assert gone.name in problem
    assert KEY not in found[ROWS]
