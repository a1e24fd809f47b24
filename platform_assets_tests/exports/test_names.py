"""The names of a document's files: what may stand in braces, and which values can."""

from __future__ import annotations

import pytest

from platform_assets.errors import DeclarationError
from platform_assets.exports.csv import Csv
from platform_assets.exports.json import Json
from platform_assets.exports.names import FileName
from platform_assets.exports.parquet import Parquet

HIVE = FileName("month={month}/store={store}/data.parquet")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("stats_{2y}.json", r"\{2y\} is no column: write its name alone"),
        ("stats_{}.json", r"\{\} is no column"),
        ("stats_{race year}.json", r"\{race year\} is no column"),
        ("stats_{year:04}.json", r"\{year:04\} is no column"),
        ("stats_{year.json", "a brace is not closed, or not opened"),
        ("stats_year}.json", "a brace is not closed, or not opened"),
        ("stats_{{year}}.json", "a brace is not closed, or not opened"),
        ("{year}/stats_{year}.json", r"\{year\} is in it twice"),
        ("stats_{year}{round}.json", "nothing stands between two columns"),
        ("/{year}.json", "no part of it may be empty or begin with"),
        ("../{year}.json", "no part of it may be empty or begin with"),
        ("{year}//stats.json", "no part of it may be empty or begin with"),
        (".{year}.json", "no part of it may be empty or begin with"),
        ("{year}/", "no part of it may be empty or begin with"),
    ],
)
def test_a_name_that_cannot_be_followed_is_refused_when_it_is_declared(pattern: str, said: str) -> None:
    for declared in (Csv, Json, Parquet):
        with pytest.raises(DeclarationError, match=said) as told:
            declared(pattern, ("year",))
        assert str(told.value).startswith(f"{pattern}: ")


def test_a_file_is_named_by_the_values_of_the_columns_in_braces() -> None:
    assert HIVE.fields == ["month", "store"]
    assert HIVE.of(["2026-01", "3"]) == "month=2026-01/store=3/data.parquet"
    assert FileName("pages.csv").of([]) == "pages.csv"


def test_files_of_another_name_are_somebody_elses() -> None:
    for name in ("month=2026-01/store=3/data.parquet", "month= /store=é/data.parquet"):
        assert HIVE.is_one(name)
    others = ("README", "month=1/data.parquet", "month=1/store=2/3/data.parquet", "month=/store=2/data.parquet")
    assert not any(map(HIVE.is_one, others))
    assert not FileName("{page}").is_one(".unfinished")
    assert [name for name in ("a.json", "axjson", ".a.json") if FileName("{page}.json").is_one(name)] == ["a.json"]


# A disk counts bytes: `ü` has two.
@pytest.mark.parametrize("value", [None, "", ".", "..", "a/b", "/", "a\nb", "\x00", "\x7f", "x" * 250, "ü" * 125])
def test_a_value_that_no_file_can_be_named_by_is_told_with_its_column(value: str | None) -> None:
    assert HIVE.refused(["2026-01", value]) == ("store", "NULL" if value is None else repr(value))
    assert HIVE.refused(["2026-01", "1"]) is None


def test_of_a_name_that_is_too_long_the_longest_value_is_told() -> None:
    for short, long in (("page", "site"), ("site", "page")):
        name = FileName(f"{{{short}}}-{{{long}}}.json")
        assert name.refused(["it", "x" * 250]) == (long, repr("x" * 250))
        assert name.refused(["it", "x" * 247]) is None


def test_no_value_hides_a_file() -> None:
    assert FileName("{page}.json").refused([".bashrc"]) == ("page", "'.bashrc'")
    assert FileName("of_{page}.json").refused([".bashrc"]) is None


@pytest.mark.parametrize(
    ("pattern", "suffix"),
    [("a.csv", "csv"), ("{a}/b.json", "json"), ("a", ""), ("{a}", ""), ("a.{kind}", ""), ("v1.{a}/b", "")],
)
def test_the_kind_of_a_document_is_its_suffix(pattern: str, suffix: str) -> None:
    assert FileName(pattern).suffix == suffix
