"""Tables of databases as a contract wants them, and in what one that is there differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract
from platform_assets.errors import OutsideError
from platform_assets.exports.sql.contracts import in_key
from platform_assets.exports.sql.periods import Period

if TYPE_CHECKING:
    from sqlalchemy import Table

# MySQL takes no more.
_COMMENT = 1000
# The beginning of a longer name that is in the name of its index.
_OF_INDEX = 40
SqlType = tuple[Any, str]
"""A type of SQLAlchemy, and the same as the database's own catalog writes it."""
Types = Callable[[ColumnSpec, bool], SqlType]
"""The type that a column has in a database; True for a column by which rows are found."""


@dataclass(frozen=True)
class Shape:
    """A table: the types of its columns and whether they are nullable, by name; the columns of its primary key.

    `wrong` says why rows cannot be replaced in it, whatever its columns are.
    """

    columns: Mapping[str, tuple[str, bool]]
    key: frozenset[str]
    wrong: str = ""


def wanted(contract: CompiledContract, period: Period, types: Types) -> Shape:
    """The table that a contract wants."""
    columns = {c.name: (types(c, in_key(contract, period, c))[1], c.nullable) for c in contract.columns}
    return Shape(columns, frozenset(contract.key))


def sql_table(name: str, contract: CompiledContract, period: Period, types: Types, **options: Any) -> Table:
    """The table that a contract wants, for SQLAlchemy to create, with an index by which a period is found."""
    from sqlalchemy import Column, Index, MetaData, Table

    columns = [
        Column(
            column.name,
            types(column, in_key(contract, period, column))[0],
            primary_key=column.name in contract.key,
            nullable=column.nullable,
            autoincrement=False,
            comment=column.description[:_COMMENT],
            quote=True,
        )
        for column in contract.columns
    ]
    table = Table(name, MetaData(), *columns, comment=contract.description[:_COMMENT], quote=True, **options)
    first = next((column.name for column in contract.columns if column.name in contract.key), None)
    if first != period.column:
        # A name of the whole schema, of which PostgreSQL would cut off what is too long.
        short = name if len(name) <= _OF_INDEX else f"{name[:_OF_INDEX]}_{sha256(name.encode()).hexdigest()[:8]}"
        Index(f"{short}_by_{period.what}", table.c[period.column], quote=True)
    return table


def refuse_other(place: str, found: Shape, asked: Shape) -> None:
    """Raise `OutsideError` for a table that is there and is not what the contract wants."""
    if difference := found.wrong or _difference(found, asked):
        raise OutsideError(
            f"{place} is there already, and {difference}. No row of it was changed. Change that in the database; or "
            "rename or drop the table there: the next run creates it anew, and all of its other days are due then."
        )


def _difference(found: Shape, asked: Shape) -> str:
    for name, (dtype, nullable) in asked.columns.items():
        if name not in found.columns:
            return f"has no column {name}, which the contract wants as {_said(dtype, nullable)}"
        if found.columns[name] != (dtype, nullable):
            there = _said(*found.columns[name])
            return f"its column {name} is {there}, where the contract wants {_said(dtype, nullable)}"
    if extra := [name for name in found.columns if name not in asked.columns]:
        return f"has a column {extra[0]}, which is not in the contract"
    if found.key != asked.key:
        return f"its primary key is {_named(found.key)}, where the contract wants {_named(asked.key)}"
    return ""


def _said(dtype: str, nullable: bool) -> str:
    return f"{dtype}{'' if nullable else ' NOT NULL'}"


def _named(key: frozenset[str]) -> str:
    return ", ".join(sorted(key)) or "none"
