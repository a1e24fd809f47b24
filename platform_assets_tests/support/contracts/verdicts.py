"""Which rows break a rule: what the engine says of the compiled rule, and what Pandera says of the check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandera.pandas as pa
import pyarrow
from pandera.api.checks import Check
from pandera.errors import SchemaErrors

from platform_assets.contracts.rules import Rule, null_rule, value_rule
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.contracts.kinds import Kind

Verdicts = list[set[int]]


def rules_of(kind: Kind, checks: Sequence[Check]) -> list[Rule]:
    """The rules of a column `x` that must not be NULL and has these checks."""
    return [null_rule("x", kind.dtype), *(value_rule("x", kind.dtype, check) for check in checks)]


def compiled_verdicts(engine: Engine, rows: pyarrow.Table, conditions: Sequence[str]) -> Verdicts:
    """For each condition the rows `i` on which it is true; it must be true or false on all."""
    verdicts = [f"{condition} AS c{n}" for n, condition in enumerate(conditions)]
    found = engine.session.createDataFrame(rows).selectExpr("i", *verdicts).toArrow().to_pydict()
    broken = [found[f"c{n}"] for n in range(len(conditions))]
    assert None not in [verdict for column in broken for verdict in column]
    return [{i for i, verdict in zip(found["i"], column, strict=True) if verdict} for column in broken]


def pandera_verdicts(kind: Kind, values: Sequence[Any], checks: Sequence[Check]) -> Verdicts:
    """The same from Pandera's pandas backend: first the rows that are null, then for each check those that fail it."""
    schema = pa.DataFrameSchema({"x": pa.Column(None, checks=list(checks), nullable=False)})
    verdicts: Verdicts = [set() for _ in range(len(checks) + 1)]
    try:
        schema.validate(kind.series(values).to_frame("x"), lazy=True)
    except SchemaErrors as errors:
        for case in errors.failure_cases.itertuples():
            # A check that raised an error has no row: it must not look like one that holds.
            assert isinstance(case.index, int), case
            verdicts[0 if case.check == "not_nullable" else int(case.check_number) + 1].add(case.index)
    return verdicts
