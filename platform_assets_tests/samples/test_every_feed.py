"""What the sample deliveries of all feeds promise alike."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from platform_assets.samples import write_samples
from platform_assets_tests.support.deliveries import DAYS, FIRST_DAY, ROWS, bytes_of, content_of, lines_of, write
from platform_assets_tests.support.settings import WRITERS

COMMITTED = Path(__file__).parents[2] / "data" / "landing"

every_feed = pytest.mark.parametrize("feed", WRITERS)
# Seasons have no more races than they have, nor stores more sellers: these feeds have at most the rows asked for.
AT_MOST = ("customers", "products", "races", "results", "sales_team", "stores")


def has_rows(folder: Path, rows: int) -> bool:
    """Whether a delivery has the rows asked for."""
    found = sum(1 for _ in lines_of(folder))
    return 0 < found <= rows if folder.parent.name in AT_MOST else found == rows


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries of all feeds."""
    return write(tmp_path_factory.mktemp("landing"), "")


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, landing: Path) -> None:
    assert bytes_of(write(tmp_path, "")) == bytes_of(landing)


def test_the_shipped_deliveries_are_the_first_week_of_the_default_samples(landing: Path) -> None:
    # Not every zlib packs alike, so packed files are compared by what is in them.
    shipped, written = (
        {name: gzip.decompress(found) if name.endswith(".gz") else found for name, found in bytes_of(folder).items()}
        for folder in (COMMITTED, landing)
    )
    assert shipped == written


@every_feed
def test_another_seed_gives_other_rows(tmp_path: Path, landing: Path, feed: str) -> None:
    folder = write(tmp_path, feed, days=1, seed=2) / "2026-01-01"
    other = [line.raw for line in lines_of(folder)]
    assert other != [line.raw for line in lines_of(landing / feed / "2026-01-01")]
    assert has_rows(folder, ROWS)


def test_a_day_does_not_depend_on_how_many_days_are_written(tmp_path: Path, landing: Path) -> None:
    week = bytes_of(landing)
    first_days = {name: week[name] for name in week if name.split("/")[1] < "2026-01-04"}
    assert bytes_of(write(tmp_path, "", days=3)) == first_days


@every_feed
def test_a_day_does_not_depend_on_other_days(tmp_path: Path, landing: Path, feed: str) -> None:
    for day in (DAYS[5], DAYS[2]):
        WRITERS[feed](tmp_path / day.isoformat(), day, first_day=FIRST_DAY, rows=ROWS, seed=1)
        assert bytes_of(tmp_path / day.isoformat()) == bytes_of(landing / feed / day.isoformat())


@pytest.mark.parametrize("rows", [1, 2, 3, 41, 42, 43, 49, 50, 100, ROWS, 1001])
def test_a_delivery_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    write(tmp_path, "", days=3, rows=rows)
    folders = list(tmp_path.glob("*/*"))
    assert [folder for folder in folders if not has_rows(folder, rows)] == []
    assert len(folders) == 3 * len(WRITERS)


@every_feed
def test_some_files_have_blank_lines(landing: Path, feed: str) -> None:
    assert any(b"\n\n" in content_of(path) for path in (landing / feed).rglob("*.*"))


@every_feed
def test_a_packed_file_is_readable_and_has_neither_a_name_nor_a_time(landing: Path, feed: str) -> None:
    packed = list((landing / feed).rglob("*.gz"))
    assert len(packed) == len(list((landing / feed).iterdir()))
    for path in packed:
        assert path.read_bytes()[3:8] == b"\0" * 5
        assert content_of(path).endswith(b"\n")


@every_feed
def test_large_deliveries_are_streamed(tmp_path: Path, feed: str) -> None:
    tracemalloc.start()
    folder = tmp_path / feed / "2026-01-01"
    WRITERS[feed](folder, FIRST_DAY, first_day=FIRST_DAY, rows=20_000, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert has_rows(folder, 20_000)
    assert peak < 1_500_000


def test_impossible_deliveries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write_samples(WRITERS, tmp_path, first_day=FIRST_DAY, days=0, rows=ROWS, seed=1)
    with pytest.raises(ValueError, match="at least 1"):
        write_samples(WRITERS, tmp_path, first_day=FIRST_DAY, days=1, rows=0, seed=1)
    assert list(tmp_path.iterdir()) == []


@every_feed
def test_a_delivery_before_the_first_day_is_refused(tmp_path: Path, feed: str) -> None:
    with pytest.raises(ValueError, match="2025-12-31"):
        WRITERS[feed](tmp_path / "day", date(2025, 12, 31), first_day=FIRST_DAY, rows=ROWS, seed=1)
    assert list(tmp_path.iterdir()) == []
