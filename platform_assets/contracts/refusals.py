"""What a contract may not say, because nothing would carry it out: each is refused with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pyspark.sql.types as T
from pandera.api.dataframe.model_config import BaseConfig

from platform_assets.contracts.contract import OTHERS, Contract, NamedValues, RejectedValues, Source
from platform_assets.contracts.errors import UncompilableRule
from platform_assets.errors import naming

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FLAT_TYPES = (
    T.StringType,
    T.BooleanType,
    T.ByteType,
    T.ShortType,
    T.IntegerType,
    T.LongType,
    T.FloatType,
    T.DoubleType,
    T.DecimalType,
    T.DateType,
    T.TimestampType,
)
# The types that are made of others, or of numbers, with what an annotation must say of them.
_EXAMPLES = {
    T.DecimalType: ("18", "2"),
    T.ArrayType: ("T.StringType()", "True"),
    T.MapType: ("T.StringType()", "T.LongType()", "True"),
}
_TYPES = (*_FLAT_TYPES, T.ArrayType, T.MapType)
# Two numbers that are the same to one engine need not be to another, and maps cannot be grouped by at all.
_KEY_TYPES = tuple(kind for kind in _FLAT_TYPES if not issubclass(kind, T.FractionalType) or kind is T.DecimalType)

_FIELD_WORDS = {
    "unique": "a key stands in Config.unique, the partition's day with it",
    "coerce": "cast the column in the transform",
    "default": "fill the column in the transform",
    "alias": "name the attribute as the column, or write regex=True for a pattern of names",
    "on_missing": "every column is always there",
    "dtype_kwargs": "annotate the column as in Annotated[T.DecimalType, 18, 2]",
}
_CONFIG_WORDS = {"unique", "name"}
_CONFIG_ADVICE = "a contract's Config says only `unique` and `columns_agree` (columns are always held exactly)"


def refuse_words(contract: type[Contract]) -> None:
    """Refuse what Pandera accepts in a model and its Spark backend would not carry out, or only in Python."""
    if not (contract.__doc__ or "").strip():
        raise UncompilableRule("it has no docstring, which describes the table: write one")
    for word in contract.__extras__ or {}:
        if word != "columns_agree":
            raise UncompilableRule(f"Config.{word} has no SQL: {_CONFIG_ADVICE}")
    for word, value in vars(contract.__config__).items():
        if not word.startswith("_") and word not in _CONFIG_WORDS and value != getattr(BaseConfig, word, None):
            raise UncompilableRule(f"Config.{word} would do nothing: {_CONFIG_ADVICE}")
    for column, checks in contract.__checks__.items():
        raise UncompilableRule(
            f"column {column}: the check {checks[0].name} is Python, which does not run in an engine: "
            "use the rules of Field, or columns_agree"
        )
    parsed = [*contract.__parsers__, *(parser.name for parser in contract.__root_parsers__)]
    if parsed:
        raise UncompilableRule(f"the parser of {parsed[0]} would never run: do it in the transform")


def refuse_field(annotation: Any, field: Any, *, is_raw: bool) -> None:
    """Refuse a column without a description, or with words that no rule carries."""
    if not field.description:
        raise UncompilableRule('it has no description: write Field(description="...")')
    for word, advice in _FIELD_WORDS.items():
        if getattr(field, word) not in (None, False) and not (field.regex and word == "alias"):
            raise UncompilableRule(f"Field({word}=...) has no rule: {advice}")
    if annotation.is_optional_field or annotation.nullable or not field.required:
        raise UncompilableRule("a column is never left out: for values that may be missing write Field(nullable=True)")
    if (field.metadata or {}).get("source") is None:
        return
    if not is_raw:
        raise UncompilableRule("source(...) belongs into a RawContract or RawRows: write Field(...)")
    if any(check.raise_warning for check in field.checks):
        raise UncompilableRule("a row is good or rejected: leave raise_warning out")
    source = field.metadata["source"]
    if source.field == OTHERS and (annotation.arg is not T.StringType or source.required or source.aliases):
        raise UncompilableRule(f"source({OTHERS!r}) is text that may be missing: annotate it with T.StringType alone")


def refuse_named_values(columns: Iterable[tuple[str, T.DataType, Source | None, str | None]]) -> None:
    """Refuse named values that could not be read, or whose rejected ones would be listed nowhere, or twice."""
    columns = list(columns)
    named = [(name, dtype) for name, dtype, source, _ in columns if source and source.named]
    rejected = [(name, dtype, of) for name, dtype, _, of in columns if of]
    values, listed = (column_of(kind) for kind in (NamedValues, RejectedValues))
    if len(named) > 1:
        raise UncompilableRule(f"{named[1][0]}: a line has one object of named values, and {named[0][0]} is of one")
    for name, dtype in named:
        if dtype != values:
            raise UncompilableRule(f"column {name}: annotate it with NamedValues")
        if [of for _, _, of in rejected] != [name]:
            raise UncompilableRule(
                f"column {name}: what of it is rejected is listed nowhere: add rejected_{name}: RejectedValues = "
                f'rejected_values("{name}", description=...)'
            )
        for other, _, source, _ in columns:
            if source and (set(".*") & set(source.field) or source.nulls or source.trimmed):
                raise UncompilableRule(
                    f"column {other}: beside named values, fields are read as they are: neither of other objects "
                    "(dots), nor trimmed, nor with `nulls`"
                )
    for name, dtype, of in rejected:
        if dtype != listed:
            raise UncompilableRule(f"column {name}: annotate it with RejectedValues")
        if of not in [values_of for values_of, _ in named]:
            raise UncompilableRule(f"column {name}: {of} is no column of named_values")


def column_of(annotated: Any) -> T.DataType:
    """The type that an annotation of a column with arguments says."""
    dtype: T.DataType = annotated.__origin__(*annotated.__metadata__)
    return dtype


def column_type(annotation: Any, field: Any) -> T.DataType:
    """The type that a column is annotated with; raises `UncompilableRule` for one that tables do not have."""
    kind = annotation.arg
    words = [word for word in annotation.metadata or () if not isinstance(word, type(field))]
    if kind not in _TYPES or len(words) != len(_EXAMPLES.get(kind, ())):
        simple = ", ".join(f"T.{flat.__name__}" for flat in _FLAT_TYPES if flat not in _EXAMPLES)
        raise UncompilableRule(
            f"{annotation.raw_annotation} is no type of a column: annotate it with one of {simple}, or as in "
            + ", ".join(f"Annotated[T.{held.__name__}, {', '.join(said)}]" for held, said in _EXAMPLES.items())
        )
    dtype: T.DataType = kind(*words)
    _refuse_type(dtype)
    return dtype


def _refuse_type(dtype: T.DataType) -> None:
    """Refuse types that Delta lacks, and the promise that nothing inside a value is NULL: no rule checks it."""
    said = dtype.simpleString()
    if type(dtype) not in (*_TYPES, T.StructType):
        raise UncompilableRule(f"{said} is no type of what a column holds")
    if isinstance(dtype, T.DecimalType) and not 0 <= dtype.scale <= dtype.precision <= 38:
        raise UncompilableRule(f"{said} does not exist: a decimal has at most 38 digits, those of its scale included")
    held: list[T.DataType] = []
    if isinstance(dtype, T.ArrayType):
        held, may_be_null = [dtype.elementType], dtype.containsNull
    elif isinstance(dtype, T.MapType):
        held, may_be_null = [dtype.keyType, dtype.valueType], dtype.valueContainsNull
    elif isinstance(dtype, T.StructType):
        if not dtype.fields:
            raise UncompilableRule(f"{said} cannot be written: give it a field")
        refuse_names(dtype.names, "field")
        held, may_be_null = [field.dataType for field in dtype.fields], all(field.nullable for field in dtype.fields)
    if held and not may_be_null:
        raise UncompilableRule(f"no rule checks for NULL inside {said}: write True, for it may hold NULL")
    for inner in held:
        _refuse_type(inner)


def is_name(name: str) -> bool:
    """Whether a name is one that columns may have: a letter, and then letters, digits and _."""
    return _NAME.fullmatch(name) is not None


def refuse_names(names: Iterable[str], what: str) -> None:
    """Refuse names that are no words, and those that stand twice (Delta takes `a` and `A` for the same)."""
    seen: set[str] = set()
    for name in names:
        if not is_name(name):
            raise UncompilableRule(f"{what} {name!r} must be named by a letter, and then letters, digits and _")
        if name.lower() in seen:
            raise UncompilableRule(f"{what} {name} stands twice (case does not count): give one another name")
        seen.add(name.lower())


def refuse_days(partition: str | None, key: tuple[str, ...], schema: T.StructType) -> None:
    """Refuse a table that could not be partitioned by its day, or whose key could not be checked day by day."""
    columns = {column.name: column for column in schema.fields}
    day = columns.get(partition or "")
    if partition and (day is None or day.nullable or not isinstance(day.dataType, T.DateType)):
        raise UncompilableRule(f"column {partition}: the partition must be there, a T.DateType, and not nullable")
    for name in key:
        with naming(f"column {name} of the key (Config.unique)"):
            if name not in columns:
                raise UncompilableRule("it is not in the contract: add it, or leave it out of the key")
            dtype = columns[name].dataType
            if not isinstance(dtype, _KEY_TYPES):
                raise UncompilableRule(f"not every engine finds the same {dtype.simpleString()} equal: leave it out")
    if key and partition and partition not in key:
        raise UncompilableRule(
            f"column {partition}: the key (Config.unique) lacks it, and could not be checked day by day: add it"
        )
