"""JSON documents: an array of objects, one a line, sorted, the same bytes for the same rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from platform_assets.errors import DeclarationError
from platform_assets.exports.formats import SortedFile, copied, text
from platform_assets.exports.formats import identifier as column
from platform_assets.lake import storage

_EMPTY = b"[]\n"
# No control character is in a line: JSON escapes them all.
_LINES = (
    r"FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\t', NEW_LINE e',\n', PREFIX e'[\n', SUFFIX e'\n]\n'"
)


@dataclass(frozen=True)
class Json(SortedFile):
    """A JSON array of objects, each on a line of its own, keys in the order that is given; UTF-8, unescaped.

    `columns` are the keys with the columns that they show, or columns alone; `order` those to sort by before all
    others. Numbers are numbers, decimals exact, days ISO text, times (UTC) text by a `strftime` format, `times`; NULL
    and what is no number (NaN, infinite) is null. A file of no rows is `[]`.
    """

    columns: Mapping[str, str] | Sequence[str]
    order: Sequence[str] = ()
    times: str = "%Y-%m-%dT%H:%M:%S.%g"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns or isinstance(self.columns, str) or isinstance(self.order, str):
            raise DeclarationError(
                f"{self.file}: columns and order are names of columns, such as ('year', 'round'), and there is at "
                "least one to show"
            )
        if len(self.keys) < len(self.columns):
            raise DeclarationError(f"{self.file}: a key is in `columns` twice, and JSON has each but once")

    @property
    def keys(self) -> Mapping[str, str]:
        """Each key with the column that it shows."""
        return self.columns if isinstance(self.columns, Mapping) else {name: name for name in self.columns}

    @property
    def columns_read(self) -> Sequence[str]:
        return list(dict.fromkeys([*self.order, *self.keys.values()]))

    def has_rows(self, document: IO[bytes]) -> bool:
        """Whether a document is more than `[]`."""
        return document.read(len(_EMPTY)) != _EMPTY

    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: ds.Dataset, target: Path) -> int:
        members = [(key, column(name), rows.schema.field(name).type) for key, name in self.keys.items()]
        count = copied(connection, rows, [_object(members, self.times)], self.columns_read, target, _LINES)
        if not count:
            with storage.writing(str(target)) as file:
                file.write(_EMPTY)
        return count


def _object(members: Sequence[tuple[str, str, pa.DataType]], times: str, depth: int = 0) -> str:
    """The SQL of an object's text: of each member its key, its SQL and its type."""
    parts = [
        f"{text(json.dumps(key, ensure_ascii=False) + ': ')} || {_or_null(sql, kind, times, depth)}"
        for key, sql, kind in members
    ]
    return "'{' || " + " || ', ' || ".join(parts) + " || '}'"


def _or_null(sql: str, kind: pa.DataType, times: str, depth: int) -> str:
    return f"coalesce({_value(sql, kind, times, depth)}, 'null')"


def _value(sql: str, kind: pa.DataType, times: str, depth: int) -> str:
    """The SQL of a value's text in JSON; it is NULL for a value that JSON has not."""
    types = pa.types
    if types.is_boolean(kind) or types.is_integer(kind):
        return f"CAST({sql} AS VARCHAR)"
    if types.is_decimal(kind):
        # DuckDB writes .5 where all digits are decimals, which is no JSON.
        return rf"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\.', '\10.')"
    if types.is_floating(kind):
        # Zero is zero, whatever its sign (workaround: duckdb-nan-in-json).
        return f"(CASE WHEN isfinite({sql}) THEN CAST({sql} + 0 AS VARCHAR) END)"
    if types.is_timestamp(kind):
        return f"CAST(to_json(strftime({sql}, {text(times)})) AS VARCHAR)"
    item = f"item{depth}"
    if types.is_list(kind) or types.is_large_list(kind):
        items = f"list_transform({sql}, lambda {item}: {_or_null(item, kind.value_type, times, depth + 1)})"
        return f"('[' || array_to_string({items}, ', ') || ']')"
    if types.is_map(kind):
        key = f"CAST(to_json(CAST({item}.key AS VARCHAR)) AS VARCHAR)"
        entry = f"{key} || ': ' || {_or_null(f'{item}.value', kind.item_type, times, depth + 1)}"
        entries = f"list_transform(list_sort(map_entries({sql})), lambda {item}: {entry})"
        return f"('{{' || array_to_string({entries}, ', ') || '}}')"
    if types.is_struct(kind):
        members = [(part.name, f"({sql}).{column(part.name)}", part.type) for part in kind]
        return f"(CASE WHEN {sql} IS NOT NULL THEN {_object(members, times, depth)} END)"
    return f"CAST(to_json({sql}) AS VARCHAR)"
