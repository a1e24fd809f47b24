"""The contracts of all tables: each rule of each of them runs on the engine."""

from __future__ import annotations

import pytest

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import TABLES

CONTRACTS = {table.key.to_user_string(): table.contract for table in TABLES}


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_rule_of_the_table_runs_on_the_engine(engine: Engine, name: str) -> None:
    contract: CompiledContract = CONTRACTS[name]
    rows = engine.session.createDataFrame([], contract.spark_schema)
    rules = {rule.name: rule.broken for column in contract.columns for rule in column.rules}
    rules |= {rule.name: rule.broken for rule in contract.rules if rule.kind != "key"}
    counted = rows.selectExpr(*[f"count_if({broken}) AS {name}" for name, broken in rules.items()]).collect()
    assert counted[0].asDict() == dict.fromkeys(rules, 0)
