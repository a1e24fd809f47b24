"""Documents of cells: what stands in them with quotes, and without."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.errors import DeclarationError
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


def test_without_quotes_every_cell_stands_as_it_is_but_for_backslashes(tmp_path: Path) -> None:
    cells = [title.replace("\\", "\\\\") for title in TITLES]
    lines = [f"{rank}\t{cell}\t2026-01-05T10:15:00Z\n" for rank, cell in enumerate(cells, 1)]
    assert written(PLAIN, tmp_path, [*TITLES]) == "".join(["rank\ttitle\tat\n", *lines])


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("a\tb", r"a\tb"),
        ("two\nlines", r"two\nlines"),
        ("two\r\nlines", r"two\r\nlines"),
        ("C:\\temp", r"C:\\temp"),
        ("\\\t\\\\n", r"\\\t\\\\n"),
        ("\n", r"\n"),
    ],
)
def test_without_quotes_what_would_break_a_line_is_escaped(tmp_path: Path, title: str, cell: str) -> None:
    assert written(PLAIN, tmp_path, [title]) == f"rank\ttitle\tat\n1\t{cell}\t2026-01-05T10:15:00Z\n"


@given(title=st.text(st.sampled_from('\\\t\r\nntr"a'), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_cell_without_quotes_is_read_again_as_it_was(tmp_path: Path, title: str) -> None:
    _, line, end = written(PLAIN, tmp_path, [title]).split("\n")
    _, cell, _ = line.split("\t")
    meant = {"\\\\": "\\", "\\t": "\t", "\\r": "\r", "\\n": "\n"}
    assert (re.sub(r"\\.", lambda found: meant[found[0]], cell), end) == (title, "")


def test_a_document_without_quotes_is_delimited_by_tabs() -> None:
    with pytest.raises(DeclarationError, match=r"^x\.txt has no quotes, and ';' between its cells"):
        Csv("x.txt", COLUMNS, delimiter=";", quotes=False)


def test_rows_that_differ_in_a_null_alone_have_it_first(tmp_path: Path) -> None:
    table = pa.table({"rank": [1, 1, 1], "title": ["b", None, "a"], "at": pa.array([AT] * 3)})
    target = tmp_path / "x.csv"
    Csv("x.csv", COLUMNS).write({target: ds.dataset(table)}, Settings(_env_file=None))
    assert [line.split(",")[1] for line in target.read_text().splitlines()] == ["title", "", "a", "b"]


@pytest.mark.parametrize("document", [PLAIN, Csv("x.csv", COLUMNS)])
def test_a_document_of_a_header_alone_has_no_rows(tmp_path: Path, document: Csv) -> None:
    for titles, some in (([], False), (["a"], True)):
        content = written(document, tmp_path, [*titles]).encode()
        assert document.has_rows(BytesIO(content)) is some


@pytest.mark.parametrize("title", [None, ""])
def test_without_quotes_null_and_empty_text_are_empty_cells(tmp_path: Path, title: str | None) -> None:
    assert written(PLAIN, tmp_path, [title]) == "rank\ttitle\tat\n1\t\t2026-01-05T10:15:00Z\n"


def test_without_quotes_a_document_of_no_rows_is_its_header(tmp_path: Path) -> None:
    assert written(PLAIN, tmp_path, []) == "rank\ttitle\tat\n"
    assert PLAIN.write({}, Settings(_env_file=None)) == 0


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


@pytest.mark.parametrize("folder", ["plain", "with a 'quote'", "a[1]", "a*", "what?", "n=9"])
def test_exactly_the_rows_of_each_document_are_written_whatever_their_files_are_called(
    tmp_path: Path, folder: str
) -> None:
    for name in (folder, "a1", "ab", "whatx"):
        (tmp_path / name).mkdir(exist_ok=True)
        pq.write_table(pa.table({"n": [9]}), tmp_path / name / "rows.parquet")
    pq.write_table(pa.table({"n": [1, None, 2]}), tmp_path / folder / "rows.parquet")
    in_a_file = ds.dataset([str(tmp_path / folder / "rows.parquet")], format="parquet")
    nothing = ds.dataset(pa.table({"n": pa.array([], pa.int64())}))
    targets = [tmp_path / f"{number}.csv" for number in range(4)]
    documents = dict(zip(targets, [in_a_file, nothing, in_a_file, nothing], strict=True))
    assert Csv("x.csv", ("n",)).write(documents, Settings(_env_file=None)) == 6
    rows, none = "n\n\n1\n2\n", "n\n"
    assert [target.read_text() for target in targets] == [rows, none, rows, none]


@pytest.mark.parametrize("name", ["{n}.csv", "x.csv"])
def test_of_rows_that_lie_in_one_file_each_document_has_its_own(tmp_path: Path, name: str) -> None:
    pq.write_table(pa.table({"n": [1, 2, 3]}), tmp_path / "rows.parquet")
    rows = ds.dataset(str(tmp_path / "rows.parquet"), format="parquet")
    documents = {tmp_path / f"{n}.csv": rows.filter(ds.field("n") == n) for n in (1, 2)}
    assert Csv(name, ("n",)).write(documents, Settings(_env_file=None)) == 2
    assert [path.read_text() for path in documents] == ["n\n1\n", "n\n2\n"]
