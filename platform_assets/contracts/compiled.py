"""A contract compiled once into all that the platform derives from it: columns, rules, schemas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pyspark.sql.types as T
from deltalake import Schema

from platform_assets.contracts.contract import Contract, RawContract, Source
from platform_assets.contracts.rules import (
    Rule,
    UncompilableRule,
    agreement_rules,
    key_rule,
    null_rule,
    value_rule,
)

_NAME = re.compile(r"^[A-Za-z0-9_]+$")


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
        """Where a DataFrame's columns are not the contract's: column to a sentence; empty when they agree."""
        have = {field.name: field.dataType for field in found.fields}
        want = {column.name: column.dtype for column in self.columns}
        missing = {name: "is missing" for name in want if name not in have}
        extra = {name: "is not in the contract" for name in have if name not in want}
        wrong = {
            name: f"has type {have[name].simpleString()}, the contract says {dtype.simpleString()}"
            for name, dtype in want.items()
            if name in have and have[name].simpleString() != dtype.simpleString()
        }
        return missing | extra | wrong


@cache
def compiled(contract: type[Contract]) -> CompiledContract:
    """Compile a contract.

    Raises `UncompilableRule` when the model says something that no rule can carry: nothing is ever skipped.
    """
    schema = contract.to_schema()
    is_raw = issubclass(contract, RawContract)
    if not schema.columns:
        raise UncompilableRule(f"{contract.__name__} has no columns")
    own = list(contract.__dict__.get("__annotations__", {}))
    # A base's columns (a raw table's) stand behind the table's own.
    ordered = sorted(schema.columns.items(), key=lambda item: item[0] not in own)
    columns = tuple(_column(contract, name, column) for name, column in ordered)
    names = [column.name for column in columns]
    partition = "delivery_day" if is_raw else "day"
    if partition not in names:
        raise UncompilableRule(f"{contract.__name__} needs the column {partition}, its partition")
    key = tuple([schema.unique] if isinstance(schema.unique, str) else schema.unique or ())
    if key and (partition not in key or not set(key) <= set(names)):
        raise UncompilableRule(
            f"{contract.__name__}: the key {', '.join(key)} must consist of columns, {partition} among them, "
            "or it could not be checked day by day"
        )
    # A rule of a column that a feed fills rejects single rows (their violations), never the table.
    rules = [rule for column in columns if column.source is None for rule in column.rules]
    if key:
        rules.append(key_rule(key))
    for check in schema.checks:
        rules.extend(agreement_rules(check))
    _check_names(contract, rules)
    return CompiledContract(
        name=contract.__name__,
        description=(contract.__doc__ or "").strip(),
        columns=columns,
        key=key,
        rules=tuple(rules),
        is_raw=is_raw,
    )


def _column(contract: type[Contract], name: str, column: Any) -> ColumnSpec:
    where = f"{contract.__name__}.{name}"
    if not column.description:
        raise UncompilableRule(f"{where} needs a description")
    unsupported = [word for word in ("unique", "coerce", "regex") if getattr(column, word, False)]
    if unsupported:
        raise UncompilableRule(f"{where}: Field({unsupported[0]}=True) has no rule; a key stands in Config.unique")
    dtype: T.DataType = column.dtype.type
    rules = [] if column.nullable else [null_rule(name, dtype)]
    try:
        rules += [value_rule(name, dtype, check) for check in column.checks]
    except UncompilableRule as error:
        raise UncompilableRule(f"{contract.__name__}: {error}") from None
    return ColumnSpec(
        name=name,
        dtype=dtype,
        nullable=bool(column.nullable),
        description=column.description,
        rules=tuple(rules),
        source=(column.metadata or {}).get("source"),
    )


def _check_names(contract: type[Contract], rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if not _NAME.match(rule.name) or rule.name in seen:
            raise UncompilableRule(f"{contract.__name__}: rule name {rule.name!r} is not a word, or stands twice")
        seen.add(rule.name)
