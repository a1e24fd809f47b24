"""Rules over more than one column or row: the verdict on the table is that of Pandera's Spark backend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pandera.pandas as pandas_model
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors
from pyspark.sql import DataFrame

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.contracts.rules import UNIQUE
from platform_assets.lake.audit import audit, refuse
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.engines import examples

DAY = date(2026, 1, 1)
several = settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Trips(Contract):
    """Trips, whose columns must agree."""

    day: T.DateType = Field(description="Day")
    start: T.LongType = Field(nullable=True, description="First kilometre")
    end: T.LongType = Field(nullable=True, description="Last kilometre")
    note: T.StringType = Field(nullable=True, description="Remark")

    class Config:
        columns_agree = {
            "rules": {
                "start_before_end": "start <= end OR note = 'backwards'",
                "note_is_short": "length(note) < 4 OR note = 'backwards'",
            }
        }


class Parcels(Contract):
    """Parcels, with a key of every kind of column a key may have."""

    day: T.DateType = Field(description="Day")
    place: T.StringType = Field(nullable=True, description="Place")
    number: T.LongType = Field(nullable=True, description="Number")
    price: Annotated[T.DecimalType, 9, 2] = Field(nullable=True, description="Price")
    kept: T.BooleanType = Field(nullable=True, description="Whether it was kept")

    class Config:
        unique = ["day", "place", "number", "price", "kept"]


trips = st.lists(
    st.fixed_dictionaries(
        {
            "start": st.none() | st.integers(0, 3),
            "end": st.none() | st.integers(0, 3),
            "note": st.none() | st.sampled_from(["", "ok", "backwards", "too long"]),
        }
    ),
    min_size=1,
    max_size=4,
)
parcels = st.lists(
    st.fixed_dictionaries(
        {
            "place": st.sampled_from([None, "", "a", "A", "a "]),
            "number": st.sampled_from([None, 0, 1]),
            "price": st.sampled_from([None, Decimal("1.00")]),
            "kept": st.sampled_from([None, True]),
        }
    ),
    min_size=1,
    max_size=9,
)
ARROW = {
    "start": pa.int64(),
    "end": pa.int64(),
    "note": pa.string(),
    "place": pa.string(),
    "number": pa.int64(),
    "price": pa.decimal128(9, 2),
    "kept": pa.bool_(),
}


def frame(engine: Engine, rows: list[dict[str, Any]]) -> DataFrame:
    """Rows of one day."""
    columns = {name: pa.array([row[name] for row in rows], ARROW[name]) for name in rows[0]}
    return engine.session.createDataFrame(pa.table({"day": pa.array([DAY] * len(rows), pa.date32())} | columns))


def findings(engine: Engine, contract: type[Contract], rows: DataFrame, folder: Path) -> dict[str, bool]:
    """What the audit says of each rule."""
    staged = Table("tests", "rows", compiled(contract), str(folder / "rows")).stage(engine, rows, "run", [DAY])
    return {finding.check: finding.passed for finding in audit(staged, engine, (), {})}


@several
@given(rows=trips)
def test_columns_agree_where_pandera_says_so(engine: Engine, rows: list[dict[str, Any]]) -> None:
    agreed = frame(engine, rows)
    broken = [agreed.where(rule.broken).count() for rule in compiled(Trips).rules if rule.kind == "agreement"]
    errors = Trips.validate(agreed).pandera.errors
    assert errors.keys() <= {"DATA"}
    assert (sum(broken) > 0) == ("columns_agree" in str(errors))


@several
@given(rows=parcels)
def test_a_key_is_unique_where_pandera_says_so(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    keyed = frame(engine, rows)
    found = findings(engine, Parcels, keyed, tmp_path_factory.mktemp("parcels"))
    assert found[UNIQUE] == ("DUPLICATES" not in str(Parcels.validate(keyed).pandera.errors))
    schema = pandas_model.DataFrameSchema(unique=["place", "number", "price", "kept"])
    try:
        schema.validate(keyed.drop("day").toPandas().astype(object), lazy=True)
        unique = True
    except SchemaErrors:
        unique = False
    assert found[UNIQUE] == unique


class Warned(Contract):
    """Rules that only warn, beside one that does not."""

    day: T.DateType = Field(description="Day")
    number: T.LongType = Field(le=1, raise_warning=True, description="Number")

    class Config:
        columns_agree = {"rules": {"number_is_odd": "number % 2 = 1"}, "raise_warning": True}


def test_a_warning_is_reported_and_stops_nothing(engine: Engine, tmp_path: Path) -> None:
    rows = engine.session.createDataFrame(pa.table({"day": [DAY], "number": [2]}))
    staged = Table("tests", "warned", compiled(Warned), str(tmp_path / "warned")).stage(engine, rows, "run", [DAY])
    found = audit(staged, engine, (), {})
    assert refuse(found, "tests/warned") is None
    results = {f.check: f for f in found if not f.passed}
    assert set(results) == {"number_less_than_or_equal_to", "number_is_odd"}
    assert all(f.warning for f in results.values())


def test_null_is_an_error_also_where_values_only_warn(engine: Engine, tmp_path: Path) -> None:
    rows = engine.session.createDataFrame(pa.table({"day": [DAY], "number": pa.array([None], pa.int64())}))
    staged = Table("tests", "warned", compiled(Warned), str(tmp_path / "warned")).stage(engine, rows, "run", [DAY])
    failure = refuse(audit(staged, engine, (), {}), "tests/warned")
    assert failure is not None
    assert "number_not_null" in str(failure)
