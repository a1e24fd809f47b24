"""A contract compiled once into all that the platform derives from it: columns, rules, schemas."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pyspark.sql.types as T
from deltalake import Schema

from platform_assets.contracts.contract import Contract, RawContract, Source
from platform_assets.contracts.errors import UncompilableRule, naming
from platform_assets.contracts.refusals import refuse_days, refuse_field, refuse_names, refuse_type, refuse_words
from platform_assets.contracts.rules import Rule, agreement_rules, key_rule, null_rule, value_rule


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
        return "delivery_day" if self.is_raw else "day"

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
        fields = [T.StructField(c.name, c.dtype, True) for c in self.columns]
        return Schema.from_json(T.StructType(fields).json())

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
        return _compile(contract)


def _compile(contract: type[Contract]) -> CompiledContract:
    is_raw = issubclass(contract, RawContract)
    schema = _read(contract, is_raw=is_raw)
    # The columns that all raw tables have stand behind a raw table's own.
    last = RawContract.__annotations__ if is_raw else {}
    columns = tuple(_column(schema.columns[name]) for name in sorted(schema.columns, key=lambda name: name in last))
    key = tuple([schema.unique] if isinstance(schema.unique, str) else schema.unique or ())
    # A rule of a column that a feed fills rejects single rows (their violations), never the table.
    rules = [rule for column in columns if column.source is None for rule in column.rules]
    rules += [key_rule(key)] if key else []
    rules += [rule for check in schema.checks for rule in agreement_rules(check)]
    refuse_names([rule.name for rule in rules], "the rule")
    description = inspect.cleandoc(contract.__doc__ or "")
    found = CompiledContract(contract.__name__, description, columns, key, tuple(rules), is_raw)
    refuse_days(found.partition_column, key, schema.columns)
    return found


def _read(contract: type[Contract], *, is_raw: bool) -> Any:
    """The model as Pandera reads it, after all that Pandera would read and not carry out was refused."""
    try:
        refuse_words(contract)
        refuse_names(contract.__fields__, "column")
        for name, (annotation, field) in contract.__fields__.items():
            with naming(f"column {name}"):
                refuse_field(annotation, field, is_raw=is_raw)
        return contract.to_schema()
    except UncompilableRule:
        raise
    except Exception as error:
        raise UncompilableRule(f"Pandera cannot read it: {error}") from error


def _column(column: Any) -> ColumnSpec:
    dtype: T.DataType = column.dtype.type
    with naming(f"column {column.name}"):
        refuse_type(dtype)
        rules = [] if column.nullable else [null_rule(column.name, dtype)]
        rules += [value_rule(column.name, dtype, check) for check in column.checks]
    return ColumnSpec(
        name=column.name,
        dtype=dtype,
        nullable=bool(column.nullable),
        description=column.description,
        rules=tuple(rules),
        source=(column.metadata or {}).get("source"),
    )
