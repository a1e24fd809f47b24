"""The rows of a day, told apart by the columns in the name of their files: each in one file, and none in another's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from platform_assets.errors import PlatformError
from platform_assets.exports.names import FileName
from platform_assets.exports.splitting import split

DAY = date(2026, 1, 1)


def files(room: Path, name: str, **columns: list[Any]) -> dict[str, list[int]]:
    """The numbers of the rows in each file, in order."""
    rows = pa.table({**columns, "n": list(range(len(next(iter(columns.values())))))})
    with duckdb.connect() as connection:
        found = split(connection, ds.dataset(rows), FileName(name), "shop/pages", DAY, room)
        return {file: sorted(its.to_table()["n"].to_pylist()) for file, its in found.items()}


def test_each_row_is_in_the_file_of_its_values(tmp_path: Path) -> None:
    assert files(tmp_path, "{site}/{page}.json", site=["a", "b", "a", "a"], page=["x", "x", "y", "x"]) == {
        "a/x.json": [0, 3],
        "a/y.json": [2],
        "b/x.json": [1],
    }


def test_a_value_of_any_type_is_written_as_text(tmp_path: Path) -> None:
    values: list[list[Any]] = [
        [2024, 2025],
        [date(2026, 1, 31), date(2026, 2, 1)],
        [True, False],
        [Decimal("1.50"), Decimal("2.00")],
    ]
    assert [list(files(tmp_path, "of_{value}.csv", value=two)) for two in values] == [
        ["of_2024.csv", "of_2025.csv"],
        ["of_2026-01-31.csv", "of_2026-02-01.csv"],
        ["of_false.csv", "of_true.csv"],
        ["of_1.50.csv", "of_2.00.csv"],
    ]


def test_rows_of_one_value_are_one_file_and_no_rows_are_none(tmp_path: Path) -> None:
    assert files(tmp_path, "of_{page}.csv", page=["a", "a"]) == {"of_a.csv": [0, 1]}
    assert files(tmp_path, "of_{page}.csv", page=[]) == {}


def test_values_that_give_two_files_one_name_are_told(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as told:
        files(tmp_path, "{site}-{page}.json", site=["a", "a-b", "c"], page=["b-c", "c", "c"])
    assert str(told.value).startswith(
        "shop/pages: two files of 2026-01-01 would be named a-b-c.json: that of site, page = a, b-c and that of a-b, c."
    )


def test_a_value_that_no_file_can_be_named_by_is_told_with_its_rows(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"shop/pages: page is '\.\.' in 2 rows of 2026-01-01, and no file can be"):
        files(tmp_path, "of_{page}.csv", page=["a", "..", ".."])
