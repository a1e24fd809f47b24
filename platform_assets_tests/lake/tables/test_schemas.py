"""What a table's contract becomes in the lake, and what may change in it once days are published."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.commits import SHORT_LOGS
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
    table.publish(table.stage(engine, rows, "run-2", [january(2)]))
    read, _ = table.read(engine, january(1), january(2))
    found = {(row["day"].day, row["page"], row["referrer"]) for row in read.collect()}
    assert found == {(1, "/a", None), (2, "/b", "/home")}
    (referrer,) = [field for field in DeltaTable(table.url).schema().fields if field.name == "referrer"]
    assert referrer.metadata == {"comment": "Where the visitor came from"}


CHANGES = [
    (VisitsWithoutNote, "day date, page string, visits bigint", "note"),
    (NoteRequired, COLUMNS, "note"),
    (VisitsAsText, "day date, page string, visits string, note string", "visits"),
    (CountryRequired, f"{COLUMNS}, country string", "country"),
]


@pytest.mark.parametrize(("contract", "columns", "changed"), CHANGES)
def test_a_change_that_published_days_cannot_follow_is_refused_before_anything_is_computed(
    engine: Engine, tmp_path: Path, contract: type[Contract], columns: str, changed: str
) -> None:
    old = visits_table(tmp_path)
    publish(engine, old, "run-1", [1, 3], (1, "/a", 1, None))
    before = (published(old), files(old), old.history())
    new = visits_table(tmp_path, contract)
    rows = engine.session.createDataFrame([], columns)
    with pytest.raises(
        PlatformError,
        match=f"of shop/visits has changed in {changed}, .* nothing was published. "
        r"Materialise all of its days in one run, 2026-01-01\.\.\.2026-01-03, or make the change additive",
    ):
        new.stage(engine, rows, "run-2", [january(1)])
    assert (published(old), files(old), old.history()) == before
    with pytest.raises(PlatformError, match=f"shop/visits has changed in {changed} since its days were published"):
        new.read(engine, january(1), january(1))


ROWS: dict[type[Contract], tuple[Any, ...]] = {
    VisitsWithoutNote: (1, "/b", 2),
    NoteRequired: (1, "/b", 2, "note"),
    VisitsAsText: (1, "/b", "two", None),
    CountryRequired: (1, "/b", 2, None, "NZ"),
}


@pytest.mark.parametrize(("contract", "columns", "changed"), CHANGES)
def test_a_run_over_all_published_days_replaces_the_columns_in_its_commit(
    engine: Engine, tmp_path: Path, contract: type[Contract], columns: str, changed: str
) -> None:
    publish(engine, visits_table(tmp_path), "run-1", [1, 2], (1, "/a", 1, None), (2, "/a", 1, None))
    table = visits_table(tmp_path, contract)
    rows = visits(engine, ROWS[contract], columns=columns)
    table.publish(table.stage(engine, rows, "run-2", [january(1), january(2), january(3)]))
    fields = DeltaTable(table.url).schema().fields
    assert [(field.name, field.nullable) for field in fields] == [
        (column.name, column.nullable) for column in table.contract.columns
    ]
    read, _ = table.read(engine, january(1), january(3))
    assert [tuple(row)[1:] for row in read.collect()] == [ROWS[contract][1:]]
    assert published(visits_table(tmp_path), version=1) == [(1, "/a", 1, None), (2, "/a", 1, None)]


def test_a_new_column_is_null_for_readers_before_any_day_has_it_and_after_a_restore(
    engine: Engine, tmp_path: Path
) -> None:
    publish(engine, visits_table(tmp_path), "run-1", [1, 2], (1, "/a", 1, None), (2, "/a", 2, None))
    table = visits_table(tmp_path, VisitsWithReferrer)
    read, _ = table.read(engine, january(1), january(2))
    assert read.columns == ["day", "page", "visits", "note", "referrer"]
    assert {(row["day"].day, row["referrer"]) for row in read.collect()} == {(1, None), (2, None)}
    assert read.schema["referrer"].dataType == T.StringType()
    rows = visits(engine, (2, "/b", 3, None, "/home"), columns=f"{COLUMNS}, referrer string")
    table.publish(table.stage(engine, rows, "run-2", [january(2)]))
    table.restore(1)
    again, _ = table.read(engine, january(1), january(2))
    assert {(row["day"].day, row["referrer"]) for row in again.collect()} == {(1, None), (2, None)}


def test_the_description_and_the_time_that_versions_are_kept_follow_the_contract_and_the_settings(
    engine: Engine, tmp_path: Path
) -> None:
    publish(engine, visits_table(tmp_path), "run-1", [1], (1, "/a", 1, None))
    metadata = DeltaTable(visits_table(tmp_path).url).metadata()
    assert metadata.configuration == {"delta.logRetentionDuration": "interval 30 days", **SHORT_LOGS}
    table = replace(visits_table(tmp_path, VisitsWithReferrer), keep_versions_days=400)
    table.publish(table.stage(engine, None, "run-2", [january(2)]))
    metadata = DeltaTable(table.url).metadata()
    assert metadata.description == table.contract.description
    assert metadata.configuration == {"delta.logRetentionDuration": "interval 400 days", **SHORT_LOGS}
    version = DeltaTable(table.url).version()
    table.publish(table.stage(engine, None, "run-3", [january(2)]))
    assert DeltaTable(table.url).version() == version + 1


def test_a_change_that_another_run_publishes_first_is_refused_at_the_last_moment(
    engine: Engine, tmp_path: Path
) -> None:
    old, new = visits_table(tmp_path), visits_table(tmp_path, CountryRequired)
    rows = visits(engine, (1, "/a", 1, None, "NZ"), columns=f"{COLUMNS}, country string")
    staged = new.stage(engine, rows, "run-2", [january(1)])
    publish(engine, old, "run-1", [2], (2, "/a", 1, None))
    with pytest.raises(PlatformError, match="has changed in country"):
        new.publish(staged)
    assert published(old) == [(2, "/a", 1, None)]
