"""Documents of cells: what stands in them with quotes, and without."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from platform_assets.exports.csv import Csv
from platform_assets.settings import Settings

COLUMNS = ("rank", "title", "at")
AT = datetime(2026, 1, 5, 10, 15, tzinfo=timezone.utc)
TITLES = (
    *('"', '""', 'say "hi"', '"x', "a,b", ",", ";", "\\", "\\N", "\\t", "'", " x ", "NULL", "null", "NA", "#", "#x"),
    *("é", "e\u0301", "😀", "\u2028", "\ufeff", "=1+1", "\x7f", "{}", "$1", "%", "|"),
)
PLAIN = Csv("x.tsv", COLUMNS, delimiter="\t", quotes=False)


def written(document: Csv, folder: Path, titles: list[str | None]) -> str:
    """The text of a document of titles, numbered from 1."""
    # The order of the table's columns and rows is not the document's.
    table = pa.table(
        {
            "title": pa.array(titles[::-1], pa.string()),
            "at": pa.array([AT] * len(titles), pa.timestamp("us", tz="UTC")),
            "rank": pa.array(range(len(titles), 0, -1), pa.int64()),
        }
    )
    target = folder / "it's a document.tsv"
    assert document.write({target: ds.dataset(table)}, Settings(_env_file=None)) == len(titles)
    return target.read_bytes().decode()


def test_without_quotes_every_cell_stands_as_it_is(tmp_path: Path) -> None:
    lines = [f"{rank}\t{title}\t2026-01-05T10:15:00Z\n" for rank, title in enumerate(TITLES, 1)]
    assert written(PLAIN, tmp_path, [*TITLES]) == "".join(["rank\ttitle\tat\n", *lines])


@pytest.mark.parametrize("title", [None, ""])
def test_without_quotes_null_and_empty_text_are_empty_cells(tmp_path: Path, title: str | None) -> None:
    assert written(PLAIN, tmp_path, [title]) == "rank\ttitle\tat\n1\t\t2026-01-05T10:15:00Z\n"


def test_without_quotes_a_document_of_no_rows_is_its_header(tmp_path: Path) -> None:
    assert written(PLAIN, tmp_path, []) == "rank\ttitle\tat\n"
    assert PLAIN.write({tmp_path / "none.tsv": None}, Settings(_env_file=None)) == 0
    assert (tmp_path / "none.tsv").read_bytes() == b"rank\ttitle\tat\n"


def test_with_quotes_only_cells_that_need_them_have_them_and_null_has_none(tmp_path: Path) -> None:
    quoted = Csv("x.csv", COLUMNS, times="%d/%m/%Y")
    text = written(quoted, tmp_path, ['say "hi"', "a,b", "a\tb", "two\nlines", None, "", "plain"])
    assert text == (
        "rank,title,at\n"
        '1,"say ""hi""",05/01/2026\n'
        '2,"a,b",05/01/2026\n'
        "3,a\tb,05/01/2026\n"
        '4,"two\nlines",05/01/2026\n'
        "5,,05/01/2026\n"
        '6,"",05/01/2026\n'
        "7,plain,05/01/2026\n"
    )
