"""The base of all contracts, and what a Pandera model of ours may say beyond Pandera's own words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

import pyspark.sql.types as T

# The general one: that of Pandera's Spark backend refuses `unique` without saying where it stands.
from pandera.api.dataframe import model_components as pandera_fields
from pandera.api.extensions import register_check_method
from pandera.pyspark import DataFrameModel
from pyspark.sql import DataFrame

__all__ = [
    "Contract",
    "Field",
    "NamedValues",
    "RawContract",
    "RawRows",
    "RejectedValues",
    "Source",
    "T",
    "named_values",
    "rejected_values",
    "source",
]

OTHERS = "*"
"""The field of a raw column that holds the values of all fields that no other column is for."""


@register_check_method(statistics=["rules"])
def columns_agree(frame: DataFrame, *, rules: dict[str, str]) -> bool:
    """Rows in which columns agree: name of a rule to the SQL condition that every row meets (or leaves NULL).

    Written in a contract's `Config` as `columns_agree = {"rules": {"name": "sql"}}`.
    """
    return frame.where(" OR ".join(f"NOT ({condition})" for condition in rules.values())).isEmpty()


@dataclass(frozen=True)
class Versions:
    """What tells the versions of rows: the columns of what they say, and those of the days on which it was true.

    A version is true from the day `valid_from` on until, but not on, `valid_until` (NULL: for ever); `number` is 1 for
    the first of its row.
    """

    says: tuple[str, ...]
    number: str
    valid_from: str
    valid_until: str


def Field(*, personal: bool = False, **words: Any) -> Any:
    """What a contract says of a column: `words` are those of Pandera's `Field`.

    The values of a `personal` column, such as names and addresses, are shown to nobody but readers of the table, unless
    `PLATFORM_SHOW_PII` is on.
    """
    if personal:
        words["metadata"] = {**(words.get("metadata") or {}), "personal": True}
    return pandera_fields.Field(**words)


# Pandera takes type arguments for the making of another model, so that none can be given here.
class Contract(DataFrameModel):  # type: ignore[type-arg]
    """A table's columns, types, nullability, key, value rules and descriptions.

    A column is annotated with its type (`T.LongType`, `Annotated[T.DecimalType, 18, 2]`) and has a `Field` with a
    description, `nullable=True` where values may be missing, and rules (`ge`, `isin`, `str_matches`, ...; with
    `raise_warning=True` they stop nothing). `Config` may say `unique`, the key, and `columns_agree`. The docstring
    describes the table.

    `class Prices(Contract, whole=True)` is that of a table without days, which is replaced as a whole; `versions=` says
    what tells its rows, when they are versions of others.
    """

    # Pandera takes what is annotated for a column.
    _is_whole = False
    _versions = None

    def __init_subclass__(cls, *, whole: bool = False, versions: Versions | None = None, **words: Any) -> None:
        cls._is_whole = whole or cls._is_whole
        cls._versions = versions or cls._versions
        super().__init_subclass__(**words)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Source:
    """Where a raw column comes from: the feed's own field, and whether a row must have it.

    `text` says that the feed writes it as text: another JSON type (a number, an object) is then invalid. `trimmed`
    takes blanks (spaces, tabs) off both its ends; what is nothing else is empty. A text that is one of `nulls` is no
    value, as an empty one is. `aliases` are other names that a header may have for the field.
    The field `*` is all those that no other column is for: their values, in the header's order, with `, ` between them.
    `named` is said of an object whose fields nobody knows, and `others` that those of the line which no column is for
    are read as if they stood in it.
    """

    field: str
    required: bool
    text: bool
    trimmed: bool = False
    nulls: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    named: bool = False
    others: bool = False

    def __repr__(self) -> str:
        """What it says, without what it leaves unsaid: contracts that say no more than before are the same still."""
        said = f"Source(field={self.field!r}, required={self.required}, text={self.text}, trimmed={self.trimmed}"
        more = [
            f", {name}={value!r}" for name in ("nulls", "aliases", "named", "others") if (value := getattr(self, name))
        ]
        return f"{said}{''.join(more)})"


def source(
    field: str,
    *,
    required: bool = False,
    text: bool = True,
    trimmed: bool = False,
    nulls: str | Collection[str] = (),
    aliases: str | Collection[str] = (),
    **words: Any,
) -> Any:
    """A raw column that holds the feed's `field` (dots lead into nested objects), as `Source` says.

    `words` are Pandera's.
    """
    found = Source(field, required, text, trimmed, _each(nulls), _each(aliases))
    return Field(nullable=True, metadata={"source": found}, **words)


_VALUE = T.StructType(
    [
        T.StructField("name", T.StringType()),
        T.StructField("written_as", T.StringType()),
        T.StructField("value", T.DoubleType()),
        T.StructField("value_text", T.StringType()),
        T.StructField("value_type", T.StringType()),
    ]
)
_REJECTED = T.StructType([T.StructField(name, T.StringType()) for name in ("name", "value", "reason")])
NamedValues = Annotated[T.ArrayType, _VALUE, True]
"""Values under names that nobody knows beforehand. `name` is in lower snake case, `written_as` what was written where
that is something else; `value` are numbers, and booleans as 1 and 0, `value_text` texts: one of them is NULL.
`value_type` is `number`, `boolean` or `text`.
"""
RejectedValues = Annotated[T.ArrayType, _REJECTED, True]
"""Values that could not be stored: name and value as they were delivered, and the reason. It is `invalid_name` (a name
begins with a letter and has at most 64 letters, digits, blanks and `_.-`), `invalid_value` (an object, an array, a
number beyond a double) or `also_in_<column>` (the object has it, too, and there it counts).
"""


def named_values(field: str, *, others: bool = False, **words: Any) -> Any:
    """A raw column, annotated with `NamedValues`, of all that the feed's object `field` has, whatever it is called.

    A row without the object is good, NULL is no value, and names that become one in lower snake case are one. With
    `others`, all fields of the row that no column is for are read as well. What cannot be stored is rejected by itself,
    and listed in the column that is `rejected_values` of this one. `words` are Pandera's.
    """
    return Field(nullable=True, metadata={"source": Source(field, False, False, named=True, others=others)}, **words)


def rejected_values(of: str, **words: Any) -> Any:
    """A raw column, annotated with `RejectedValues`, of what was rejected of a column of `named_values`."""
    return Field(metadata={"rejects": of}, **words)


def _each(texts: str | Collection[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


class RawRows(Contract):
    """The columns that every raw table has after those of its feed.

    Of a raw contract, `columns_agree` rejects single rows, each with the name of the rule that it breaks.
    """

    delivery_day: T.DateType = Field(description="Day of the landing folder that the row was delivered in")
    source_file: T.StringType = Field(description="Name of the file that the row came from")
    raw: T.StringType = Field(nullable=True, description="The row as it was delivered; only on rejected rows")
    violations: Annotated[T.ArrayType, T.StringType(), True] = Field(
        description="Names of all rules that the row breaks; empty when the row is good"
    )
    extra_fields: Annotated[T.ArrayType, T.StringType(), True] = Field(
        description="Names of fields that the feed does not know; they are ignored"
    )


class RawContract(RawRows):
    """The columns of a raw table of events, which have a time: `day` is theirs."""

    day: T.DateType = Field(nullable=True, description="UTC day of the event; NULL when its time is not valid")


GOOD_ROW = "violations = CAST(array() AS array<string>)"
"""That a row of a raw table breaks no rule, as SQL: engines see that an array is empty sooner than they count it."""
RAW = "raw"
"""The column of a raw table with a row's text."""
RAW_COLUMNS = ("delivery_day", "day", "source_file", RAW, "violations", "extra_fields")
"""The columns of raw tables in their order, after those of the feed."""
