"""Commands that take rows out of tables: show, rejected, export."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from platform_assets.cli.arguments import (
    Days,
    FirstDay,
    LastDay,
    Limit,
    OneDay,
    TableName,
    built,
    chosen_days,
    find_table,
)
from platform_assets.cli.overview import say_rules
from platform_assets.cli.terminal import WRONG_USE, Problem, changing, number, remark, say, say_table

if TYPE_CHECKING:
    from platform_assets.lake.tables.table import Table

Kind = Literal["csv", "tsv", "json", "parquet"]
_SUFFIXES: dict[str, Kind] = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}


def show(table: TableName, day: OneDay = None, first: FirstDay = None, last: LastDay = None, limit: Limit = 20) -> None:
    """Rows of a table, of its newest day if not told.

    They come in the order of the table's key, a table without one by its days and then all columns. Times are UTC,
    long texts and arrays are cut short.
    """
    from platform_assets.cli.reader import reading

    found = find_table(table)
    built(found)
    if not found.contract.partition_column:
        return _show_all(found, chosen_days(day, first, last), limit)
    by_day = found.published_rows_by_day()
    newest = max((name for name, rows in by_day.items() if rows), default=None)
    if newest is None:
        return remark(f"{found.key} has no rows.")
    days = chosen_days(day, first, last) or Days.of(newest)
    rows_there = sum(days.among(by_day).values())
    if not rows_there:
        return remark(f"{found.key} has no rows {days}; its days with rows are {min(by_day)} ... {newest}.")
    with reading(found, days) as reader:
        rows = reader.first_rows(limit)
        names = reader.schema.names
    empty = [n for n, name in enumerate(names) if found.is_by_a_pattern(name) and all(row[n] is None for row in rows)]
    kept = [n for n in range(len(names)) if n not in set(empty)]
    say_table([names[n] for n in kept], [[row[n] for n in kept] for row in rows])
    if empty:
        remark(f"{number(len(empty))} columns without a value in these rows are not shown.")
    return remark(f"{number(len(rows))} of {number(rows_there)} rows of {found.key} {days}.")


def _show_all(table: Table, days: Days | None, limit: int) -> None:
    """Rows of a table without days."""
    from platform_assets.cli.reader import reading

    _refuse_days(table, days)
    with reading(table, None) as reader:
        rows = reader.first_rows(limit)
        say_table(reader.schema.names, rows)
    remark(f"{number(len(rows))} of {number(sum(table.published_rows_by_day().values()))} rows of {table.key}.")


def _refuse_days(table: Table, days: Days | None) -> None:
    if days and not table.contract.partition_column:
        raise Problem(f"{table.key} has no days: leave --day, --from and --to out.", WRONG_USE)


def rejected(
    table: TableName, day: OneDay = None, first: FirstDay = None, last: LastDay = None, limit: Limit = 20
) -> None:
    """Rejected rows of a raw table: counts by rule, samples.

    Days are delivery days. The samples show one row of each kind before the second of any, with the file it came
    in and its original text, of which a long one is cut short.
    """
    from platform_assets.cli.reader import rejected_by_rule, rejected_rows

    found = find_table(table)
    if not found.contract.is_raw:
        raise Problem(f"{found.key} is not a raw table: only raw tables keep rejected rows.", WRONG_USE)
    days = chosen_days(day, first, last)
    rules = rejected_by_rule(found, days)
    if not rules:
        return remark(f"{found.key} has no rejected rows{f' delivered {days}' if days else ''}.")
    say_rules(rules)
    say()
    rows = rejected_rows(found, days, limit)
    say_table(["delivery day", "file", "violations", "raw"], rows)
    if len(rows) == limit:
        remark(f"These are {limit} of the rejected rows, --limit shows more.")
    return None


def export(
    table: TableName,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="The file, a path or a URL; - is standard output.")
    ],
    kind: Annotated[
        Kind | None, typer.Option("--format", help="By the file's ending if not given. json is one object a line.")
    ] = None,
    day: OneDay = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> None:
    """Write a table's rows to a file, all or some days.

    They come in the order of the table's key, a table without one by its days and then all columns; the same rows
    give the same bytes. NULL is an empty cell in csv and tsv (an empty text is ""), times are ISO-8601 in UTC,
    decimals exact, arrays JSON text. The file appears whole, or not at all.
    """
    from platform_assets.cli.reader import reading
    from platform_assets.lake import storage

    found = find_table(table)
    days = chosen_days(day, first, last)
    _refuse_days(found, days)
    kind = kind or _SUFFIXES.get(Path(output).suffix.lower())
    if kind is None:
        raise Problem(f"Say --format csv, tsv, json or parquet: {output} does not tell.", WRONG_USE)
    if storage.is_local(output) and (output.endswith("/") or Path(output).is_dir()):
        raise Problem(f"{output} is a folder: name a file.", WRONG_USE)
    with reading(found, days) as reader:
        file = reader.room / "export"
        count = reader.write(kind, file)
        if output == "-":
            with file.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            with changing(f"{output} is whole, as before or as new."):
                storage.put(file, storage.absolute(output))
    place = "standard output" if output == "-" else output
    remark(f"{number(count)} rows of {found.key}{f' {days}' if days else ''} written to {place}.")
