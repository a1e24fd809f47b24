"""A contract compiled once into all that the platform derives from it: columns, rules, schemas."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import pyspark.sql.types as T
from deltalake import Schema

from platform_assets.contracts.contract import RAW, RAW_COLUMNS, Contract, RawRows, Source, Versions
from platform_assets.contracts.errors import UncompilableRule
from platform_assets.contracts.patterns import Pattern, pattern, refuse_patterns
from platform_assets.contracts.refusals import (
    column_type,
    is_name,
    refuse_days,
    refuse_field,
    refuse_named_values,
    refuse_names,
    refuse_words,
)
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
    is_personal: bool = False
    rejects: str | None = None
    """Of a raw table: the column of named values whose rejected ones it lists."""


@dataclass(frozen=True)
class CompiledContract:
    """What a contract says, in the forms the platform works with.

    `row_rules` are those that reject single rows of a raw table; all others are the table's.
    """

    name: str
    description: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    is_raw: bool
    partition_column: str | None
    """The day column that the table is partitioned by, None for a table without days."""
    row_rules: tuple[Rule, ...] = ()
    versions: Versions | None = None
    """Of a table without days whose rows are versions: how they are told."""
    patterns: tuple[Pattern, ...] = ()
    """The columns that are known by a pattern of their names: any of them may be there."""
    matched: tuple[str, ...] = ()
    """Those of the columns that are there because they match one."""

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    def having(self, names: Iterable[str]) -> CompiledContract:
        """The same with those of some columns, too, that match a pattern; new ones stand after all others, in order."""
        if not self.patterns:
            return self
        there = set(self.names)
        new = {name: one for name in names for one in self.patterns if name not in there and one.matches(name)}
        if not new:
            return self
        matched = (*self.matched, *new)
        columns = [ColumnSpec(name, one.dtype, True, one.description, (), None) for name, one in new.items()]
        rules = {rule.name: rule for rule in self.rules}
        for one in self.patterns:
            rules.update({rule.name: rule for rule in one.rules_for([name for name in matched if one.matches(name)])})
        return replace(self, columns=(*self.columns, *columns), rules=tuple(rules.values()), matched=matched)

    @property
    def sourced(self) -> list[ColumnSpec]:
        """The columns of a raw table that the feed fills."""
        return [column for column in self.columns if column.source]

    @property
    def row_key(self) -> tuple[str, ...]:
        """Of a table of versions: the columns by which the rows are known of which they are versions."""
        return tuple(name for name in self.key if self.versions and name != self.versions.number)

    @property
    def personal(self) -> list[str]:
        """The columns whose values are shown to readers of the table alone; of a raw table its text is one, too."""
        names = [column.name for column in self.columns if column.is_personal]
        return [*names, RAW] if names and self.is_raw else names

    def hidden(self, *, show_pii: bool) -> list[str]:
        """The columns whose values are not shown, unless personal data may be."""
        return [] if show_pii else self.personal

    @property
    def has_events(self) -> bool:
        """Whether it is of a raw table of events, which is read by their day."""
        return self.is_raw and "day" in self.names

    @property
    def read_column(self) -> str | None:
        """The day column that the table is read by: of events the event's day, else the partition's."""
        return "day" if self.has_events else self.partition_column

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
        rules = [(rule.name, rule.kind, rule.columns, rule.broken) for rule in (*self.rules, *self.row_rules)]
        patterns = [
            (one.regex, one.dtype.json(), [(rule.name, rule.broken) for rule in one.rules]) for one in self.patterns
        ]
        said = [columns, self.key, rules, *([patterns] if patterns else [])]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def differences(self, found: T.StructType) -> dict[str, str]:
        """Where a DataFrame's columns are not the contract's: column to a sentence; empty when they agree.

        The order of the columns does not matter: they are written in the contract's.
        """
        have = {field.name: field.dataType.simpleString() for field in found.fields}
        want = {column.name: column.dtype.simpleString() for column in self.having(have).columns}
        missing = {name: "is missing" for name in want if name not in have}
        extra = {name: "is not in the contract" for name in have if name not in want}
        torn = {
            name: f"matches the patterns of {' and '.join(fits)}"
            for name in have
            if len(fits := [one.name for one in self.patterns if one.matches(name)]) > 1
        }
        wrong = {
            name: f"has type {have[name]}, the contract says {dtype}"
            for name, dtype in want.items()
            if have.get(name, dtype) != dtype
        }
        repeated = {name: f"stands {n} times" for name, n in Counter(found.fieldNames()).items() if n > 1}
        by_case = Counter(name.lower() for name in have)
        alike = {name: "differs from another by its case alone" for name in have if by_case[name.lower()] > 1}
        odd = {name: "has more than letters, digits and _" for name in have if name in want and not is_name(name)}
        return missing | extra | wrong | repeated | alike | odd | torn


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
    is_raw = issubclass(contract, RawRows)
    # The columns that all raw tables have stand after a raw table's own.
    last = RAW_COLUMNS if is_raw else ()
    columns, patterns = list[ColumnSpec](), list[Pattern]()
    for name, (annotation, field) in sorted(contract.__fields__.items(), key=lambda item: _place(item[0], last)):
        with naming(f"column {name}"):
            refuse_field(annotation, field, is_raw=is_raw)
            dtype = column_type(annotation, field)
            if field.regex:
                patterns.append(pattern(field.original_name, dtype, field))
            else:
                columns.append(_column(name, dtype, field))
    personal = {column.name for column in columns if column.is_personal}
    # What could not be stored of personal values is as personal.
    columns = [replace(column, is_personal=True) if column.rejects in personal else column for column in columns]
    unique: Any = getattr(contract.__config__, "unique", None)
    key = (unique,) if isinstance(unique, str) else tuple(unique or ())
    # A rule of a column that a feed fills rejects single rows (their violations), never the table.
    rules = [rule for column in columns if column.source is None for rule in column.rules]
    rules += [key_rule(key)] if key else []
    rules += [rule for one in patterns for rule in one.rules_for([])]
    agreements = [rule for check in contract.__root_checks__ for rule in agreement_rules(check)]
    partition = _partition(contract, [column.name for column in columns])
    found = CompiledContract(
        name=contract.__name__,
        description=inspect.cleandoc(contract.__doc__ or ""),
        columns=tuple(columns),
        key=key,
        rules=tuple(rules if is_raw else [*rules, *agreements]),
        is_raw=is_raw,
        partition_column=partition,
        row_rules=tuple(agreements if is_raw else ()),
        versions=contract._versions,
        patterns=tuple(patterns),
    )
    refuse_patterns(patterns, found.names, has_days=partition is not None, is_raw=is_raw)
    refuse_named_values([(column.name, column.dtype, column.source, column.rejects) for column in columns])
    refuse_names(found.names, "column")
    refuse_names([rule.name for rule in (*rules, *agreements)], "rule")
    refuse_days(partition, key, found.spark_schema)
    return found


def _place(column: str, last: Sequence[str]) -> int:
    return last.index(column) if column in last else -1


def _partition(contract: type[Contract], names: Sequence[str]) -> str | None:
    if not contract._is_whole:
        return "delivery_day" if "delivery_day" in names else "day"
    if issubclass(contract, RawRows):
        raise UncompilableRule("whole=True: a raw table has the days of its deliveries, leave it out")
    return None


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
        is_personal=bool((field.metadata or {}).get("personal")),
        rejects=(field.metadata or {}).get("rejects"),
    )
