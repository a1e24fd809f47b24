"""Any mixture of good and dirty lines gives the rows that the rules, read a second time, say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.domains.web.raw_events import raw_events
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import lines as lines_module
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.dirt import contents
from platform_assets_tests.support.landing.packing import Packing, packings
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.web import oracle

DAY = date(2026, 1, 2)
START = date(2026, 1, 1)


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that all examples of a test share."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def read(engine: Engine, room: Path, files: dict[str, bytes], order: str) -> tuple[list[dict[str, Any]], int]:
    """The raw rows that files become, and how many lines the first look has found that are not blank."""
    folder = room / "web_events" / DAY.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    found = raw_events.feed.landed(str(room), [DAY], raw_events.sourced).files
    if not found:
        return [], 0
    settings = settings_for(web_start=START, web_date_order=order)
    rows = raw_events.read(engine, found, settings, str(room / "rewritten"))
    return rows.toArrow().to_pylist(), sum(file.rows for file in found)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    first=contents(),
    second=contents(),
    packing=st.tuples(packings(), packings()),
    order=st.sampled_from(("dmy", "mdy")),
    bundled=st.booleans(),
)
def test_any_two_files_however_packed_give_the_rows_that_the_rules_say(
    engine: Engine,
    room: Path,
    first: bytes,
    second: bytes,
    packing: tuple[Packing, Packing],
    order: str,
    bundled: bool,
) -> None:
    files = {"a.json": first, "b.jsonl.gz": second}
    packed = {name: pack(content) for pack, (name, content) in zip(packing, files.items(), strict=True)}
    expected = [
        row for name, content in files.items() for row in oracle.raw_rows(content, DAY, name, start=START, order=order)
    ]
    with patch.object(lines_module, "_MANY", 0 if bundled else 1000):
        rows, lines = read(engine, room, packed, order)
    assert oracle.comparable(rows) == oracle.comparable(expected)
    assert lines == len(expected)
