"""Feeds that look at whole files: which of them are rejected, which count, and what belongs to no delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import RawRows, T, source
from platform_assets.lake.tables.made import FileRead
from platform_assets.landing.copies import Place, contents_read
from platform_assets.landing.counts import FileCount, files_read
from platform_assets.landing.delimited import CSV
from platform_assets.landing.deliveries import Landed
from platform_assets.landing.delivery_checks import COUNTED, WARNINGS, counted_later
from platform_assets.landing.feeds import Feed

ONE, TWO, THREE = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
GOOD = "id,name\n1,Ada\n"


class RawThings(RawRows):
    """Things."""

    id: T.IntegerType = source("id", required=True, description="Which")
    name: T.StringType = source("name", description="What")


def landed(
    folder: Path, files: Mapping[tuple[date, str], str | bytes], others: Sequence[tuple[Place, str]] = ()
) -> Landed:
    """What a feed that counts a content once makes of files of the first two days."""
    for (day, name), content in files.items():
        path = folder / "things" / str(day) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    feed = Feed("things", (CSV,), once=True, whole_files=True)
    return feed.landed(str(folder), [ONE, TWO], compiled(RawThings).sourced, ONE, others)


def rejected(found: Landed) -> dict[str, str]:
    """Per place of a file that was rejected whole, the reason."""
    return {file.place: file.rejected for file in found.rejected}


def content_of(found: Landed) -> str:
    """The content of the one file that counts."""
    (file,) = found.files
    return file.content


def test_files_that_cannot_be_read_by_their_header_are_rejected_whole_with_the_reason(tmp_path: Path) -> None:
    files: dict[tuple[date, str], str | bytes] = {
        (ONE, "good.csv"): GOOD,
        (ONE, "latin.csv"): b"id,n\xe4me\n1,Ada\n",
        (ONE, "less.csv"): "name\nAda\n",
        (ONE, "long.csv"): "id," + "x" * 70_000 + "\n1,Ada\n",
        (ONE, "notes.txt"): GOOD,
        (ONE, "quotes.csv"): 'id,"name\n1,Ada\n',
        (ONE, "twice.csv"): "id,id\n1,2\n",
    }
    found = landed(tmp_path, files)
    assert rejected(found) == {
        "2026-01-01/latin.csv": "the header is not UTF-8",
        "2026-01-01/less.csv": "the header has no id",
        "2026-01-01/long.csv": "the first line is longer than 65,536 bytes",
        "2026-01-01/notes.txt": "its suffix is none of .csv",
        "2026-01-01/quotes.csv": "the header has a quote where none may be",
        "2026-01-01/twice.csv": "the header names id more than once",
    }
    assert [file.name for file in found.files] == ["good.csv"]
    assert found.without_header == {}


def test_a_folder_in_a_delivery_is_no_file_of_it(tmp_path: Path) -> None:
    (tmp_path / "things" / str(ONE) / "more").mkdir(parents=True)
    found = landed(tmp_path, {(ONE, "good.csv"): GOOD})
    assert found.unknown == ("2026-01-01/more/",)
    assert rejected(found) == {}


def test_a_content_counts_where_it_was_delivered_first_in_whatever_order_the_others_are_known(tmp_path: Path) -> None:
    content = content_of(landed(tmp_path, {(TWO, "b.csv"): GOOD}))
    later, first = (Place(THREE, "a.csv"), content), (Place(ONE, "z.csv"), content)
    assert rejected(landed(tmp_path, {}, [later])) == {}
    for others in ([later, first], [first, later]):
        found = landed(tmp_path, {}, others)
        assert rejected(found) == {"2026-01-02/b.csv": "its content was delivered before, as 2026-01-01/z.csv"}
        assert found.rejected[0].copy_of == "2026-01-01/z.csv"


def test_of_a_day_the_name_that_sorts_first_counts_and_files_without_rows_are_copies_of_none(tmp_path: Path) -> None:
    found = landed(
        tmp_path, {(ONE, "b.csv"): GOOD, (ONE, "a.csv"): GOOD, (ONE, "c.csv"): "id\n", (TWO, "c.csv"): "id\n"}
    )
    assert rejected(found) == {"2026-01-01/b.csv": "its content was delivered before, as 2026-01-01/a.csv"}
    assert [file.place for file in found.without_rows] == ["2026-01-01/c.csv", "2026-01-02/c.csv"]


def test_a_content_that_is_counted_in_a_later_delivery_is_told(tmp_path: Path) -> None:
    found = landed(tmp_path, {(TWO, "b.csv"): GOOD})
    content = content_of(found)
    told = counted_later(found, [(Place(THREE, "a.csv"), content), (Place(THREE, "b.csv"), "another")], "shop")
    assert (told.check, told.passed, told.warning) == (COUNTED, False, True)
    assert told.details == {"files": ["2026-01-03/a.csv"]}
    assert told.check in WARNINGS
    others = [(Place(day, "b.csv"), "another") for day in (ONE, THREE)]
    assert counted_later(found, others, "shop").passed


def test_contents_are_remembered_where_they_count_alone(tmp_path: Path) -> None:
    found = landed(tmp_path, {(ONE, "a.csv"): GOOD})
    counts = [FileCount(file, 1) for file in found.files]
    (read,), (by_content,) = files_read(counts)[ONE], files_read(counts, by_content=True)[ONE]
    assert (read.content, by_content.content) == ("", content_of(found))


def test_a_file_that_was_rejected_for_another_reason_than_its_content_has_none_that_counts() -> None:
    good = FileRead("a.csv", "", 9, "", "", "", 1, 0, "I", None, content="1")
    copy = good._replace(name="b.csv", status="E", reason="delivered before", copy_of="2026-01-01/a.csv")
    less = good._replace(name="c.csv", status="E", reason="the header has no id", content="2")
    empty = good._replace(name="d.csv", rows=0, content="3")
    assert contents_read({ONE: [good, copy, less, empty]}) == [(Place(ONE, "a.csv"), "1"), (Place(ONE, "b.csv"), "1")]
