"""What a table's contract becomes in the lake, and what may change in it once days are published."""

from pathlib import Path

import pytest
from deltalake import DeltaTable

from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.lake.visits import (
    COLUMNS,
    Visits,
    files,
    january,
    publish,
    published,
    visits,
    visits_table,
)


class VisitsWithReferrer(Visits):
    """Visits of pages, with a column that older days do not have."""

    referrer: T.StringType = Field(nullable=True, description="Where the visitor came from")


class VisitsWithoutNote(Contract):
    """A published column is gone."""

    day: T.DateType = Field(description="UTC day of the visits")
    page: T.StringType = Field(description="Page")
    visits: T.LongType = Field(description="How often it was visited")


class NoteRequired(VisitsWithoutNote):
    """A published column may no longer be NULL."""

    note: T.StringType = Field(description="Remark")


class VisitsAsText(VisitsWithoutNote):
    """A published column has another type."""

    visits: T.StringType = Field(description="How often it was visited")
    note: T.StringType = Field(nullable=True, description="Remark")


class CountryRequired(VisitsWithoutNote):
    """A new column may not be NULL, but the published days do not have it."""

    note: T.StringType = Field(nullable=True, description="Remark")
    country: T.StringType = Field(description="Country")


def test_the_published_schema_has_the_contracts_comments_and_not_nulls(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    delta = DeltaTable(table.url)
    fields = {field.name: field for field in delta.schema().fields}
    assert list(fields) == ["day", "page", "visits", "note"]
    assert {name: field.nullable for name, field in fields.items()} == {
        "day": False,
        "page": False,
        "visits": False,
        "note": True,
    }
    assert fields["visits"].metadata == {"comment": "How often it was visited"}
    assert delta.metadata().partition_columns == ["day"]
    assert (delta.metadata().name, delta.metadata().description) == ("shop/visits", "Visits of pages.")


def test_a_new_nullable_column_is_null_on_the_days_published_before(engine: Engine, tmp_path: Path) -> None:
    publish(engine, visits_table(tmp_path), "run-1", [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    table = visits_table(tmp_path, VisitsWithReferrer)
    rows = visits(engine, (2, "/b", 3, None, "/home"), columns=f"{COLUMNS}, referrer string")
    assert table.publish(table.stage(engine, rows, "run-2", [january(2)])) == 2
    read, _ = table.read(engine, january(1), january(2))
    found = {(row["day"].day, row["page"], row["referrer"]) for row in read.collect()}
    assert found == {(1, "/a", None), (2, "/b", "/home")}
    (referrer,) = [field for field in DeltaTable(table.url).schema().fields if field.name == "referrer"]
    assert referrer.metadata == {"comment": "Where the visitor came from"}


@pytest.mark.parametrize(
    ("contract", "columns", "changed"),
    [
        (VisitsWithoutNote, "day date, page string, visits bigint", "note"),
        (NoteRequired, COLUMNS, "note"),
        (VisitsAsText, "day date, page string, visits string, note string", "visits"),
        (CountryRequired, f"{COLUMNS}, country string", "country"),
    ],
)
def test_a_change_that_published_days_cannot_follow_is_refused_before_anything_is_computed(
    engine: Engine, tmp_path: Path, contract: type[Contract], columns: str, changed: str
) -> None:
    old = visits_table(tmp_path)
    publish(engine, old, "run-1", [1], (1, "/a", 1, None))
    before = (published(old), files(old), old.history())
    new = visits_table(tmp_path, contract)
    rows = engine.session.createDataFrame([], columns)
    with pytest.raises(PlatformError, match=f"of shop/visits has changed in {changed}, .* nothing was published"):
        new.stage(engine, rows, "run-2", [january(1)])
    assert (published(old), files(old), old.history()) == before


def test_a_change_that_another_run_publishes_first_is_refused_at_the_last_moment(
    engine: Engine, tmp_path: Path
) -> None:
    old, new = visits_table(tmp_path), visits_table(tmp_path, CountryRequired)
    rows = visits(engine, (1, "/a", 1, None, "NZ"), columns=f"{COLUMNS}, country string")
    staged = new.stage(engine, rows, "run-2", [january(1)])
    publish(engine, old, "run-1", [1], (1, "/a", 1, None))
    with pytest.raises(PlatformError, match="has changed in country"):
        new.publish(staged)
    assert published(old) == [(1, "/a", 1, None)]
