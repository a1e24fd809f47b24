"""Published rows for people and files: chosen days in a fixed order, read without starting the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from platform_assets.cli.arguments import Days, built
from platform_assets.lake.sorting import sorter
from platform_assets.lake.tables.table import Table
from platform_assets.settings import current

COPY_OPTIONS = {
    "csv": "FORMAT csv, HEADER, DELIMITER ','",
    "tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
    "json": "FORMAT json",
    "parquet": "FORMAT parquet",
}

# Characters of an array or a struct that are shown, and of a text: a line of a delivery may have millions.
_WIDEST = 100
_LONGEST_TEXT = 1_000


@dataclass(frozen=True)
class Reader:
    """A published table's rows of some days, as the relation `published` of a DuckDB connection.

    `room` is a folder of this machine that goes away with the reader.
    """

    table: Table
    schema: pa.Schema
    connection: duckdb.DuckDBPyConnection
    room: Path

    def first_rows(self, limit: int) -> list[tuple[str | None, ...]]:
        """The first rows in the table's order, each cell as text; long texts, arrays and structs are cut short."""
        cells = ", ".join(_shortened(field) for field in self.schema)
        return self.connection.execute(f"SELECT {cells} {self._sorted()} LIMIT {limit}").fetchall()

    def write(self, kind: str, target: Path) -> int:
        """Write all rows, in the table's order, to a file of this machine; sorts on disk beyond its memory."""
        columns = {"parquet": lambda field: f'published."{field.name}"', "json": _json}.get(kind, _text)
        cells = ", ".join(columns(field) for field in self.schema)
        path = str(target).replace("'", "''")
        copied = self.connection.execute(f"COPY (SELECT {cells} {self._sorted()}) TO '{path}' ({COPY_OPTIONS[kind]})")
        (count,) = copied.fetchone() or (0,)
        return int(count)

    def _sorted(self) -> str:
        """By the contract's key; a table without one by its days and then all columns."""
        contract = self.table.contract
        key = contract.key or dict.fromkeys(filter(None, [contract.partition_column, *self.schema.names]))
        order = ", ".join(f'published."{name}" ASC NULLS FIRST' for name in key)
        return f"FROM published ORDER BY {order}"


@contextmanager
def reading(table: Table, days: Days | None) -> Iterator[Reader]:
    """A reader of the table's current version, limited to days of its partition column.

    Raises `Problem` when the table was not built yet.
    """
    delta = built(table)
    column = table.contract.partition_column
    ends = [(column, ">=", days.first), (column, "<=", days.last)] if days and column else []
    wanted = [(name, sign, day.isoformat()) for name, sign, day in ends if day]
    rows = delta.to_pyarrow_dataset(file_pruning_predicate=wanted or None)
    with (
        tempfile.TemporaryDirectory(prefix="platform_assets_", dir=current().engine_temp) as room,
        sorter(current(), room) as connection,
    ):
        connection.register("published", rows)
        yield Reader(table, rows.schema, connection, Path(room))


def rejected_by_rule(table: Table, days: Days | None) -> list[tuple[str, int, str, str]]:
    """(rule, rows that break it, first and last delivery day of such rows), the most frequent rule first."""
    with reading(table, days) as reader:
        return reader.connection.execute(
            "SELECT rule, count(*), min(delivery_day)::VARCHAR, max(delivery_day)::VARCHAR "
            "FROM (SELECT delivery_day, unnest(violations) AS rule FROM published) "
            "GROUP BY rule ORDER BY count(*) DESC, rule"
        ).fetchall()


def rejected_rows(table: Table, days: Days | None, limit: int) -> list[tuple[str, str, str, str | None]]:
    """(delivery day, file, violations, original text) of rejected rows: one of each kind before the second of any.

    Of each kind (the same violations together) the newest delivery comes first. A long text is cut short.
    """
    with reading(table, days) as reader:
        return reader.connection.execute(
            f"SELECT delivery_day::VARCHAR, source_file, array_to_string(violations, ', '), {_cut('raw')} FROM ("
            "  SELECT *, row_number() OVER (PARTITION BY violations "
            "    ORDER BY delivery_day DESC, source_file, raw) AS nth"
            "  FROM (SELECT delivery_day, source_file, violations, raw FROM published WHERE len(violations) > 0)) "
            f"ORDER BY nth, violations LIMIT {limit}"
        ).fetchall()


def _text(field: pa.Field) -> str:
    """A column as text: times ISO-8601 with Z, decimals exact, arrays and structs as JSON."""
    column = f'published."{field.name}"'
    if pa.types.is_timestamp(field.type):
        text = _plain(column, field.type)
    elif pa.types.is_nested(field.type):
        text = f"CAST(to_json({_plain(column, field.type)}) AS VARCHAR)"
    else:
        text = f"CAST({column} AS VARCHAR)"
    return f'{text} AS "{field.name}"'


def _shortened(field: pa.Field) -> str:
    text = _text(field).removesuffix(f' AS "{field.name}"')
    return _cut(text, _WIDEST if pa.types.is_nested(field.type) else _LONGEST_TEXT)


def _cut(text: str, most: int = _LONGEST_TEXT) -> str:
    return f"(CASE WHEN length({text}) > {most} THEN left({text}, {most - 1}) || '…' ELSE {text} END)"


def _json(field: pa.Field) -> str:
    return f'{_plain(f"""published."{field.name}" """, field.type)} AS "{field.name}"'


def _plain(sql: str, kind: pa.DataType, depth: int = 0) -> str:
    """A value that JSON has: times as ISO-8601 text (whatever the machine's time zone), NaN as NULL.

    (workaround: duckdb-nan-in-json)
    """
    if pa.types.is_timestamp(kind):
        zone = " || 'Z'" if kind.tz else ""
        return f"(replace(CAST(make_timestamp(epoch_us({sql})) AS VARCHAR), ' ', 'T'){zone})"
    if pa.types.is_floating(kind):
        return f"(CASE WHEN isfinite({sql}) THEN {sql} END)"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        item = f"item{depth}"
        return f"list_transform({sql}, lambda {item}: {_plain(item, kind.value_type, depth + 1)})"
    if pa.types.is_struct(kind):
        parts = ", ".join(
            f'"{part.name}" := {_plain(f"""({sql})."{part.name}" """, part.type, depth)}' for part in kind
        )
        return f"(CASE WHEN {sql} IS NOT NULL THEN struct_pack({parts}) END)"
    return sql
