"""The rows of a day, told apart by the columns that are in the name of their files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from platform_assets.errors import PlatformError
from platform_assets.exports.formats import identifier, text
from platform_assets.exports.names import FileName

_NUMBER = "number of its file"
# Rows that are read for each file, however few it has.
_ROWS_TOGETHER = 16384


def split(
    connection: duckdb.DuckDBPyConnection, rows: ds.Dataset, name: FileName, key: str, day: date, room: Path
) -> Mapping[str, ds.Dataset]:
    """The rows of each file of a day, by the file's name; they are put in the order of the files once, in `room`.

    Raises `PlatformError`, with the document's key, for values that no file can be named by.
    """
    connection.register("day_rows", rows)
    columns = [f"CAST(day_rows.{identifier(field)} AS VARCHAR)" for field in name.fields]
    counted = connection.execute(f"SELECT {', '.join(columns)}, count(*) FROM day_rows GROUP BY ALL ORDER BY ALL")
    files: dict[str, tuple[str, ...]] = {}
    for *values, count in counted.fetchall():
        if refused := name.refused(values):
            raise PlatformError(
                f"{key}: {refused[0]} is {refused[1]} in {count} rows of {day}, and no file can be named "
                f"{name.pattern} by that. Nothing was published, what was there before still is: leave these rows out "
                "of the document, or give them another value."
            )
        file = name.of(values)
        if file in files:
            raise PlatformError(
                f"{key}: two files of {day} would be named {file}: that of {', '.join(name.fields)} = "
                f"{', '.join(files[file])} and that of {', '.join(values)}. Nothing was published, what was there "
                f"before still is: put other characters between the columns in {name.pattern}."
            )
        files[file] = tuple(values)
    if len(files) < 2:
        return dict.fromkeys(files, rows)
    texts = {f"value{n}": pa.array(its, pa.string()) for n, its in enumerate(zip(*files.values(), strict=True))}
    connection.register("files", pa.table({**texts, "number": pa.array(range(len(files)), pa.int64())}))
    same = " AND ".join(f"{column} = files.value{n}" for n, column in enumerate(columns))
    ordered = room / f"{day} by file.parquet"
    connection.execute(
        f"COPY (SELECT day_rows.*, files.number AS {identifier(_NUMBER)} FROM day_rows JOIN files ON {same} "
        f"ORDER BY files.number) TO {text(str(ordered))} (FORMAT parquet, ROW_GROUP_SIZE {_ROWS_TOGETHER})"
    )
    found = ds.dataset(str(ordered), format="parquet")
    return {file: found.filter(ds.field(_NUMBER) == number) for number, file in enumerate(files)}
