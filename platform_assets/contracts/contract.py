"""The base of all contracts, and what a Pandera model of ours may say beyond Pandera's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pyspark.sql.types as T

# The general `Field`: the one of Pandera's Spark backend refuses `unique` without saying where it stands.
from pandera.api.dataframe.model_components import Field
from pandera.api.extensions import register_check_method
from pandera.pyspark import DataFrameModel
from pyspark.sql import DataFrame

__all__ = ["Contract", "Field", "RawContract", "Source", "T", "source"]


@register_check_method(statistics=["rules"])
def columns_agree(frame: DataFrame, *, rules: dict[str, str]) -> bool:
    """Rows in which columns agree: name of a rule to the SQL condition that every row meets (or leaves NULL).

    Written in a contract's `Config` as `columns_agree = {"rules": {"name": "sql"}}`.
    """
    return frame.where(" OR ".join(f"NOT ({condition})" for condition in rules.values())).isEmpty()


# Pandera takes type arguments for the making of another model, so that none can be given here.
class Contract(DataFrameModel):  # type: ignore[type-arg]
    """A table's columns, types, nullability, key, value rules and descriptions.

    A column is annotated with its type (`T.LongType`, `Annotated[T.DecimalType, 18, 2]`) and has a `Field` with a
    description, `nullable=True` where values may be missing, and rules (`ge`, `isin`, `str_matches`, ...; with
    `raise_warning=True` they stop nothing). `Config` may say `unique`, the key, and `columns_agree`. The docstring
    describes the table.
    """


@dataclass(frozen=True)
class Source:
    """Where a raw column comes from: the feed's own field, and whether a row must have it.

    `text` says that the feed writes it as text: another JSON type (a number, an object) is then invalid. `trimmed`
    takes blanks (spaces, tabs) off both its ends; what is nothing else is empty.
    """

    field: str
    required: bool
    text: bool
    trimmed: bool = False


def source(field: str, *, required: bool = False, text: bool = True, trimmed: bool = False, **words: Any) -> Any:
    """A raw column that holds the feed's `field` (dots lead into nested objects); `words` are Pandera's."""
    return Field(nullable=True, metadata={"source": Source(field, required, text, trimmed)}, **words)


class RawContract(Contract):
    """The columns that every raw table has after those of its feed."""

    delivery_day: T.DateType = Field(description="Day of the landing folder that the row was delivered in")
    day: T.DateType = Field(nullable=True, description="UTC day of the event; NULL when its time is not valid")
    source_file: T.StringType = Field(description="Name of the file that the row came from")
    raw: T.StringType = Field(nullable=True, description="The row as it was delivered; only on rejected rows")
    violations: Annotated[T.ArrayType, T.StringType(), True] = Field(
        description="Names of all rules that the row breaks; empty when the row is good"
    )
    extra_fields: Annotated[T.ArrayType, T.StringType(), True] = Field(
        description="Names of fields that the feed does not know; they are ignored"
    )
