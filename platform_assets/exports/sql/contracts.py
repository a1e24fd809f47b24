"""What a contract says of rows in a database: which columns they have there, and what no database could hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pyspark.sql.types as T

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract
from platform_assets.contracts.rules import key_rule
from platform_assets.errors import DeclarationError
from platform_assets.exports.sql.periods import Monthly, Period

# PostgreSQL would cut longer names short without a word.
_LONGEST = 63


def written(contract: CompiledContract, period: Period) -> CompiledContract:
    """The contract of the rows in the database: of a month they are those of its newest day, without that day.

    In the key the month stands in its place.

    Raises `DeclarationError` for a rule over the day, which would not be held any more.
    """
    day = contract.partition_column
    if day is None or not isinstance(period, Monthly):
        return contract
    for rule in contract.rules:
        if rule.kind == "agreement" and re.search(rf"\b{day}\b", rule.broken):
            raise DeclarationError(
                f"the rule {rule.name} is about {day}, which rows of a month do not have: write a contract "
                "`whole=True` of the rows in the database"
            )
    key = tuple(dict.fromkeys(period.column if name == day else name for name in contract.key))
    rules = [rule for rule in contract.rules if rule.kind != "key" and day not in rule.columns]
    return replace(
        contract,
        columns=tuple(column for column in contract.columns if column.name != day),
        key=key,
        rules=(*rules, *([key_rule(key)] if key else [])),
        partition_column=None,
    )


def refuse(table: str, contract: CompiledContract, period: Period) -> None:
    """Raise `DeclarationError` for what no database's table can be."""
    if contract.patterns:
        raise DeclarationError(
            f"the columns {contract.patterns[0].name} are known by a pattern of their names: a table of a database has "
            "its columns once and for all. Write a contract that names them"
        )
    by_name = {column.name: column for column in contract.columns}
    its = by_name.get(period.column)
    if its is None or its.dtype != period.dtype or its.nullable:
        wanted = f"T.{type(period.dtype).__name__}"
        raise DeclarationError(
            f"{type(period).__name__}({period.column!r}) says which {period.what} a row is of: the contract "
            f"{contract.name} must have that column, as {wanted} and not nullable"
        )
    for name in (table, *by_name):
        if len(name) > _LONGEST:
            raise DeclarationError(f"{name} is longer than the {_LONGEST} characters that names have in a database")
    for column in contract.columns:
        if isinstance(column.dtype, (T.ArrayType, T.MapType, T.StructType)):
            raise DeclarationError(
                f"the column {column.name} is {column.dtype.simpleString()}, which no table of a database holds: make "
                "it a text, or leave it out"
            )
    if contract.key and period.column not in contract.key:
        raise DeclarationError(
            f"the key (Config.unique) of {contract.name} lacks {period.column}: rows of one {period.what} could stand "
            "in the way of another's. Add it"
        )
    for name in contract.key:
        if by_name[name].nullable:
            raise DeclarationError(f"the column {name} of the key may be NULL, which no primary key of a database is")


def in_key(contract: CompiledContract, period: Period, column: ColumnSpec) -> bool:
    """Whether rows are found by a column: it is of the key, or tells the period."""
    return column.name in contract.key or column.name == period.column
