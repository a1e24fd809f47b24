"""Contracts that nobody has written: made of columns, for tables that are declared once for all domains."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import pyspark.sql.types as T

from platform_assets.contracts.contract import Contract, Field, Versions
from platform_assets.errors import DeclarationError

Column = tuple[str, Any, Mapping[str, Any]]
"""A column's name, its annotation, and what its `Field` says."""


def made_contract(
    name: str,
    description: str,
    columns: Sequence[Column],
    *,
    whole: bool = False,
    versions: Versions | None = None,
    **config: Any,
) -> type[Contract]:
    """A contract with these columns in this order; `config` is what its `Config` says, for the others see `Contract`.

    Raises `DeclarationError` when two columns have the same name.
    """
    refuse_twice([column for column, _, _ in columns])
    body: dict[str, Any] = {column: Field(**said) for column, _, said in columns}
    body["__annotations__"] = {column: annotation for column, annotation, _ in columns}
    body["__doc__"] = description
    body["__module__"] = __name__
    body["Config"] = type("Config", (), config)
    return types.new_class(name, (Contract,), {"whole": whole, "versions": versions}, lambda space: space.update(body))


def refuse_twice(names: Iterable[str]) -> None:
    """Raise `DeclarationError` when two columns have the same name."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DeclarationError(f"two of its columns are named {twice[0]}: rename one")


def annotation_of(dtype: T.DataType) -> Any:
    """What annotates a column of a type that says nothing of what it holds, or of a decimal."""
    return Annotated[T.DecimalType, dtype.precision, dtype.scale] if isinstance(dtype, T.DecimalType) else type(dtype)
