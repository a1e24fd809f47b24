"""A contract compiled once into all that the platform derives from it: columns, rules, schemas."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pyspark.sql.types as T
from deltalake import Schema

from platform_assets.contracts.contract import Contract, RawContract, Source
from platform_assets.contracts.errors import UncompilableRule
from platform_assets.contracts.refusals import column_type, refuse_days, refuse_field, refuse_names, refuse_words
from platform_assets.contracts.rules import Rule, agreement_rules, key_rule, null_rule, value_rule
from platform_assets.errors import naming


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a contract."""

    name: str
    dtype: T.DataType
    nullable: bool
    description: str
    rules: tuple[Rule, ...]
    source: Source | None


@dataclass(frozen=True)
class CompiledContract:
    """What a contract says, in the forms the platform works with."""

    name: str
    description: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    is_raw: bool

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    @property
    def partition_column(self) -> str:
        """The day column that the table is partitioned by."""
        return "delivery_day" if "delivery_day" in self.names else "day"

    @property
    def read_column(self) -> str:
        """The day column that the table is read by: of a raw table the event's day, else the partition's."""
        return "day" if "day" in self.names else self.partition_column

    @cached_property
    def spark_schema(self) -> T.StructType:
        """The published schema: types, NOT NULL and comments."""
        return T.StructType(
            [T.StructField(c.name, c.dtype, c.nullable, {"comment": c.description}) for c in self.columns]
        )

    @cached_property
    def delta_schema(self) -> Schema:
        """The schema of the published Delta table."""
        return Schema.from_json(self.spark_schema.json())

    @cached_property
    def staged_schema(self) -> Schema:
        """The schema of staged Delta tables: the same columns, all nullable (the audit counts the nulls)."""
        # Good rows would be refused (workaround: sail-not-null-below-filters).
        fields = [T.StructField(c.name, c.dtype, True) for c in self.columns]
        return Schema.from_json(T.StructType(fields).json())

    @cached_property
    def fingerprint(self) -> str:
        """What the contract demands, descriptions aside."""
        columns = [
            (c.name, c.dtype.json(), c.nullable, repr(c.source), [(rule.name, rule.broken) for rule in c.rules])
            for c in self.columns
        ]
        rules = [(rule.name, rule.kind, rule.columns, rule.broken) for rule in self.rules]
        return hashlib.sha256(json.dumps([columns, self.key, rules]).encode()).hexdigest()[:16]

    def differences(self, found: T.StructType) -> dict[str, str]:
        """Where a DataFrame's columns are not the contract's: column to a sentence; empty when they agree.

        The order of the columns does not matter: they are written in the contract's.
        """
        have = {field.name: field.dataType.simpleString() for field in found.fields}
        want = {column.name: column.dtype.simpleString() for column in self.columns}
        missing = {name: "is missing" for name in want if name not in have}
        extra = {name: "is not in the contract" for name in have if name not in want}
        wrong = {
            name: f"has type {have[name]}, the contract says {dtype}"
            for name, dtype in want.items()
            if have.get(name, dtype) != dtype
        }
        repeated = {name: f"stands {n} times" for name, n in Counter(found.fieldNames()).items() if n > 1}
        return missing | extra | wrong | repeated


@cache
def compiled(contract: type[Contract]) -> CompiledContract:
    """Compile a contract.

    Raises `UncompilableRule`, which names the contract, the column and what to do, when the model says something
    that no rule can carry: nothing is ever skipped.
    """
    with naming(contract.__name__):
        try:
            found = _compile(contract)
            contract.to_schema()
        except UncompilableRule:
            raise
        except Exception as error:
            raise UncompilableRule(f"Pandera cannot read it: {error}") from error
        return found


def _compile(contract: type[Contract]) -> CompiledContract:
    refuse_words(contract)
    is_raw = issubclass(contract, RawContract)
    # The columns that all raw tables have stand after a raw table's own.
    last = RawContract.__annotations__ if is_raw else {}
    columns = []
    for name, (annotation, field) in sorted(contract.__fields__.items(), key=lambda item: item[0] in last):
        with naming(f"column {name}"):
            refuse_field(annotation, field, is_raw=is_raw)
            columns.append(_column(name, column_type(annotation, field), field))
    unique: Any = getattr(contract.__config__, "unique", None)
    key = (unique,) if isinstance(unique, str) else tuple(unique or ())
    # A rule of a column that a feed fills rejects single rows (their violations), never the table.
    rules = [rule for column in columns if column.source is None for rule in column.rules]
    rules += [key_rule(key)] if key else []
    rules += [rule for check in contract.__root_checks__ for rule in agreement_rules(check)]
    found = CompiledContract(
        name=contract.__name__,
        description=inspect.cleandoc(contract.__doc__ or ""),
        columns=tuple(columns),
        key=key,
        rules=tuple(rules),
        is_raw=is_raw,
    )
    refuse_names(found.names, "column")
    refuse_names([rule.name for rule in rules], "rule")
    refuse_days(found.partition_column, key, found.spark_schema)
    return found


def _column(name: str, dtype: T.DataType, field: Any) -> ColumnSpec:
    rules = [] if field.nullable else [null_rule(name, dtype)]
    rules += [value_rule(name, dtype, check) for check in field.checks]
    return ColumnSpec(
        name=name,
        dtype=dtype,
        nullable=bool(field.nullable),
        description=field.description,
        rules=tuple(rules),
        source=(field.metadata or {}).get("source"),
    )
