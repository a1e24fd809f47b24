"""Tables in databases: created as the contract wants them, and refused when they are others."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.exports.sql.periods import Daily
from platform_assets_tests.support.sql import JANUARY, Base, Written, known, made, total

CHANGES = {
    "a column is missing": (["ALTER TABLE totals DROP COLUMN name"], "has no column name, which the contract wants as"),
    "a column is new": (["ALTER TABLE totals ADD more INTEGER"], "has a column more, which is not in the contract"),
    "another key": (
        ["DROP TABLE totals", "CREATE TABLE totals AS SELECT * FROM kept", "DROP TABLE kept"],
        "is there already, and its",
    ),
}


@pytest.fixture
def table(base: Base, tmp_path: Path) -> Written:
    """The table `totals`, with a row."""
    written = Written(base, tmp_path)
    written.write({JANUARY: [total(1)]})
    return written


def test_the_table_is_created_from_the_contract(table: Written) -> None:
    with table.base.engine.connect() as connection:
        found = sa.inspect(connection)
        columns = {column["name"]: column["nullable"] for column in found.get_columns("totals")}
        key = found.get_pk_constraint("totals")["constrained_columns"]
        comments = [column.get("comment") for column in found.get_columns("totals")]
        comment = found.get_table_comment("totals")["text"] if table.base.kind != "sqlite" else None
    assert columns == {"month": False, "customer_id": False, "name": True, "total": False}
    assert key == ["month", "customer_id"]
    if table.base.kind != "sqlite":
        assert comments == ["The month", "Who", "The customer's name, 100 % as written", "In euros, exactly"]
        assert comment == "What each customer has bought in the month so far; 100 % of it."


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_is_another_is_refused_with_what_differs(table: Written, change: str) -> None:
    statements, said = CHANGES[change]
    if change == "another key":
        table.base.run("CREATE TABLE kept AS SELECT * FROM totals")
    table.base.run(*statements)
    with pytest.raises(PlatformError) as refused:
        table.write({JANUARY: [total(2)]})
    assert f"{table.target.place} is there already, and " in str(refused.value)
    assert said in str(refused.value)
    assert "No row of it was changed. Change that in the database; or rename or drop the table" in str(refused.value)
    assert len(table.base.rows()) == 1
    assert known(table) == [made(JANUARY).day], "what was known still is"


@pytest.mark.parametrize(
    ("kind", "statement", "said"),
    [
        (
            "postgresql",
            "ALTER TABLE totals ALTER total TYPE double precision",
            "its column total is double precision NOT NULL, where the contract wants numeric(18,2) NOT NULL",
        ),
        (
            "postgresql",
            "ALTER TABLE totals ALTER total DROP NOT NULL",
            "its column total is numeric(18,2), where the contract wants numeric(18,2) NOT NULL",
        ),
        (
            "postgresql",
            "ALTER TABLE totals DROP CONSTRAINT totals_pkey",
            "its primary key is none, where the contract wants customer_id, month",
        ),
        (
            "postgresql",
            "ALTER TABLE totals DROP CONSTRAINT totals_pkey, ADD PRIMARY KEY (month, customer_id, total)",
            "its primary key is customer_id, month, total, where the contract wants customer_id, month",
        ),
        (
            "mysql",
            "ALTER TABLE totals MODIFY total DECIMAL(18,3) NOT NULL",
            "its column total is decimal(18,3) NOT NULL, where the contract wants decimal(18,2) NOT NULL",
        ),
        ("mysql", "ALTER TABLE totals ENGINE = MyISAM", "is no table of InnoDB, which alone has transactions"),
    ],
)
def test_other_types_and_keys_are_told(base_of: object, tmp_path: Path, kind: str, statement: str, said: str) -> None:
    table = Written(base_of(kind), tmp_path)  # type: ignore[operator]
    table.write({JANUARY: [total(1)]})
    table.base.run(statement)
    with pytest.raises(PlatformError) as refused:
        table.write({JANUARY: [total(2)]})
    assert f"is there already, and {said}." in str(refused.value)


def test_when_a_table_is_gone_it_is_made_anew_and_nothing_is_known_of_its_other_days(table: Written) -> None:
    table.write({"2026-02": [total(1)]})
    table.base.run("DROP TABLE totals")
    table.write({"2026-02": [total(2)]})
    assert table.base.totals() == {"2026-02": [total(2)]}
    assert known(table) == [made("2026-02").day]


def test_a_view_is_no_table(table: Written) -> None:
    rename = "RENAME TABLE totals TO kept" if table.base.kind == "mysql" else "ALTER TABLE totals RENAME TO kept"
    table.base.run(rename, "CREATE VIEW totals AS SELECT * FROM kept")
    with pytest.raises(PlatformError, match="is there already, and is no table"):
        table.write({JANUARY: [total(2)]})
    table.base.run("DROP VIEW totals")


def test_an_index_of_others_and_a_column_that_was_dropped_again_are_no_difference(table: Written) -> None:
    table.base.run(
        "CREATE INDEX own ON totals (total)",
        "ALTER TABLE totals ADD more INTEGER",
        "ALTER TABLE totals DROP COLUMN more",
    )
    table.write({JANUARY: [total(2)]})
    assert table.base.totals() == {JANUARY: [total(2)]}


class Visitors(Contract):
    """Who came."""

    who: T.LongType = Field(description="Who")
    day: T.DateType = Field(description="When")

    class Config:
        unique = ["who", "day"]


def test_a_period_that_the_key_does_not_begin_with_has_an_index(base: Base, tmp_path: Path) -> None:
    table = pa.table({"who": pa.array([1], pa.int64()), "day": pa.array([made(JANUARY).day], pa.date32())})
    Written(base, tmp_path, Visitors, Daily("day"), "visitors").write({"2026-01-01": table})
    Written(base, tmp_path).write({JANUARY: [total(1)]})
    with base.engine.connect() as connection:
        found = {name: sa.inspect(connection).get_indexes(name) for name in ("visitors", "totals")}
    assert {name: [index["column_names"] for index in its] for name, its in found.items()} == {
        "visitors": [["day"]],
        "totals": [],
    }


class Wordy(Visitors):
    """Who came."""

    why: T.StringType = Field(nullable=True, description="why " * 1000)


Wordy.__doc__ = "who " * 1000


def test_descriptions_of_any_length_are_cut_to_what_a_database_takes(base: Base, tmp_path: Path) -> None:
    table = pa.table({"who": pa.array([], pa.int64()), "day": pa.array([], pa.date32())})
    Written(base, tmp_path, Wordy, Daily("day"), "wordy").write({"2026-01-01": table})
    assert base.rows("wordy") == []
