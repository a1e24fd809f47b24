"""The table of a feed's files: every delivered file, what is in it, and what became of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date

import pytest

from platform_assets.assets.provenance import as_files
from platform_assets.domains.web.domain import web
from platform_assets.errors import DeclarationError
from platform_assets_tests.support.lake.overtaking import Point, overtaken
from platform_assets_tests.support.packages import Packages
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.processes.sites import events

DAY = "2026-01-01"
RAW, FILES = "web/raw_events", "web/web_events_files"


def built(platform: Platform) -> list[dict[str, object]]:
    platform.materialise(DAY, select=f'key:"{RAW}" or key:"{FILES}"')
    return platform.rows(FILES)


def test_every_file_of_a_known_suffix_has_a_row(platform: Platform) -> None:
    paths = [
        platform.deliver("web_events", DAY, "a.jsonl", [*events(DAY, "a", "b"), "{broken"]),
        platform.deliver("web_events", DAY, "b.jsonl.gz", events(DAY, "c")),
        platform.deliver("web_events", DAY, "empty.jsonl", "\n\n"),
    ]
    platform.deliver("web_events", DAY, "notes.txt", "no data")
    rows = sorted(built(platform), key=lambda row: str(row["file_name"]))
    assert [(row["file_name"], row["rows"], row["accepted_rows"], row["rejected_rows"]) for row in rows] == [
        ("a.jsonl", 3, 2, 1),
        ("b.jsonl.gz", 1, 1, 0),
        ("empty.jsonl", 0, 0, 0),
    ]
    for row, path in zip(rows, paths, strict=True):
        content = path.read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert row["file_location"] == str(path)
        assert (row["delivery_day"], row["status"], row["reason"]) == (date(2026, 1, 1), "I", None)


def test_a_day_without_a_delivery_has_no_rows_and_is_published(platform: Platform) -> None:
    assert built(platform) == []
    assert platform.version(FILES) == 1


def test_a_refused_delivery_is_in_neither_table(platform: Platform) -> None:
    platform.deliver("web_events", DAY, "bad.jsonl", ["{"] * 20)
    result = platform.materialise(DAY, select=f'key:"{RAW}" or key:"{FILES}"', check=False)
    assert not result.success
    assert (platform.version(RAW), platform.version(FILES)) == (None, None)


@pytest.mark.parametrize("point", ["read", "staged"])
def test_files_that_another_run_reads_meanwhile_are_in_it(platform: Platform, point: Point) -> None:
    platform.deliver("web_events", DAY, "a.jsonl", events(DAY, "a"))

    def late_file_and_another_run() -> None:
        platform.deliver("web_events", DAY, "late.jsonl", events(DAY, "late"))
        platform.materialise(DAY, select=f'key:"{RAW}"')

    with overtaken(point, FILES, late_file_and_another_run) as happened:
        rows = built(platform)
    assert happened == [point]
    assert sorted(str(row["file_name"]) for row in rows) == ["a.jsonl", "late.jsonl"]


def test_it_is_known_by_the_files_of_each_day_what_it_was_made_from(platform: Platform) -> None:
    platform.deliver("web_events", DAY, "a.jsonl", events(DAY, "a"))
    built(platform)
    raw, files = (platform.catalog.tables[web.key(name)].known() for name in ("raw_events", "web_events_files"))
    read, made = raw.made[date(2026, 1, 1)], files.made[date(2026, 1, 1)]
    assert read
    assert made
    assert made.read == {RAW: {DAY: as_files(read)}}


def test_without_its_raw_table_it_says_what_to_do(platform: Platform) -> None:
    result = platform.materialise(DAY, select=f'key:"{FILES}"', check=False)
    assert failure(result) == (
        f"{RAW} has no data yet for {DAY}: materialise it first, or select it together with {FILES}."
    )


def test_a_table_of_its_name_is_refused_with_the_file(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.table(package, "shop", "sales_files", "raw")
    said = (
        r"sales_files.py:\d+: sales_files: shop/sales_files is the table of the files of the feed sales: rename yours"
    )
    with pytest.raises(DeclarationError, match=said):
        load()
