"""Rows that an engine has written aside, as DuckDB sees them: from files, from elsewhere, all of them or some."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from platform_assets.exports.aside import Aside

ROWS = pa.table({"n": [1, 2, 3]})


def seen(*asides: Aside) -> list[int]:
    """The numbers that DuckDB sees of the last, when one takes the place of the other."""
    with duckdb.connect() as connection:
        for aside in asides:
            aside.view(connection, "rows")
        return [n for (n,) in connection.sql('SELECT n FROM "rows" ORDER BY n').fetchall()]


@pytest.mark.parametrize("folder", ["plain", "with a 'quote'", "a[1]", "a*", "what?", "_of_day=2026-01-01"])
def test_exactly_the_files_of_the_rows_are_read_whatever_their_folder_is_called(folder: str, tmp_path: Path) -> None:
    for name in (folder, "a1", "ab", "whatx"):
        (tmp_path / name).mkdir(exist_ok=True)
        pq.write_table(pa.table({"n": [9]}), tmp_path / name / "other.parquet")
    pq.write_table(ROWS, tmp_path / folder / "rows.parquet")
    rows = ds.dataset([str(tmp_path / folder / "rows.parquet")], format="parquet")
    assert seen(Aside(rows)) == [1, 2, 3]
    assert seen(Aside(rows.filter(ds.field("n") >= 2), is_whole=False)) == [2, 3]


def test_rows_that_are_in_no_file_are_seen_too() -> None:
    assert seen(Aside(ds.dataset(ROWS))) == [1, 2, 3]
    assert seen(Aside(ds.dataset(ROWS.slice(0, 0)))) == []


def test_rows_take_the_place_of_those_that_had_their_name_wherever_either_are(tmp_path: Path) -> None:
    pq.write_table(ROWS, tmp_path / "rows.parquet")
    in_a_file = ds.dataset(str(tmp_path / "rows.parquet"), format="parquet")
    each = {
        (1, 2, 3): Aside(in_a_file),
        (3,): Aside(in_a_file.filter(ds.field("n") == 3), is_whole=False),
        (7,): Aside(ds.dataset(pa.table({"n": [7]}))),
    }
    for order in itertools.product(each, repeat=3):
        assert seen(*(each[numbers] for numbers in order)) == list(order[-1])
