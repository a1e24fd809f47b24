"""Rows that an engine writes aside, before they are loaded: by periods, exactly as they are, and cleaned away."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import compiled
from platform_assets.exports.sql.contracts import written
from platform_assets.exports.sql.loading import StagedPeriods
from platform_assets.exports.sql.periods import Daily
from platform_assets.exports.sql.spool import Spool
from platform_assets.lake.audit import audit_rules
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import maintenance
from platform_assets_tests.exports.sql.test_types import EMPTY, FULL, Every
from platform_assets_tests.support.sql import JANUARY, MONTHLY, Base, Written, made
from platform_assets_tests.support.till import Totals

RUN = "0b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21"


def test_values_of_every_type_go_from_an_engine_into_a_database(engine: Engine, tmp_path: Path) -> None:
    contract, period = compiled(Every), Daily("day")
    spool = Spool.of(str(tmp_path), RUN, contract, period)
    at = datetime(2026, 1, 2, 23, 59, 59, 123456, tzinfo=timezone.utc)
    full = {**FULL, "text": "ünï 😀", "at": at, "money": Decimal("9999999999999.99")}
    rows = [full, EMPTY | {"day": date(2026, 1, 3)}]
    values = [tuple(row[name] for name in contract.names) for row in rows]
    spool.add(engine, engine.session.createDataFrame(values, contract.spark_schema), F.col("day"))
    found = spool.rows()
    assert {day: its.count for day, its in found.items()} == {"2026-01-02": 1, "2026-01-03": 1}
    assert spool.of_others(found, ["2026-01-02"]) == {"2026-01-03": 1}
    assert all(one.passed for one in audit_rules(contract.rules, engine, spool.read(engine), 2)[0])
    base = Base("sqlite", f"sqlite:///{tmp_path}/base.db", sa.create_engine(f"sqlite:///{tmp_path}/base.db"))
    target = Written(base, tmp_path, Every, period, "every").target
    StagedPeriods(target, found, dict.fromkeys(found, ()), {day: [made(day)] for day in found}).publish()
    (first, second) = base.rows("every", "day", "at", "money", "double", "real", "byte", "order", "text")
    assert first == (
        *("2026-01-02", "2026-01-02 23:59:59.123456", 9999999999999.99, 0.1, 1.5, -128, -(2**63), "ünï 😀"),
    )
    assert second == ("2026-01-03", *[None] * 7)


def test_rows_of_months_are_added_one_after_the_other_and_all_is_cleaned_away(engine: Engine, tmp_path: Path) -> None:
    contract = written(compiled(Totals), MONTHLY)
    folder = tmp_path / "lake" / "till" / "totals_sql"
    spool = Spool.of(str(folder), RUN, contract, MONTHLY)
    for month in (JANUARY, "2026-02"):
        values = [(JANUARY, 1, "Ada", Decimal("1.00"))]
        spool.add(engine, engine.session.createDataFrame(values, contract.spark_schema), F.lit(month))
    assert spool.of_others(spool.rows(), [JANUARY, "2026-02"]) == {"2026-02": 1}
    export = maintenance.Exported("till/totals_sql", str(folder))
    (left,) = maintenance.spools(export, lambda run_id: "finished", timedelta(0))
    maintenance.remove(left)
    assert list(folder.iterdir()) == []
