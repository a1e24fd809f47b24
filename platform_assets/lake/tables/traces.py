"""Which files below a table or an export were made by runs of the platform; all others are somebody's own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from platform_assets.lake import storage
from platform_assets.lake.tables.staging import RUNS

# As Dagster names its runs.
_RUN = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A file that was to get its name when it was whole.
_UNFINISHED = r"(\.[0-9a-f]{32})?"
_DATA = rf"\.?(part-[0-9]{{5}}[^/]*|empty|[A-Za-z0-9]{{16}}[^/]*)\.parquet(\.crc)?{_UNFINISHED}"
_ENGINES = r"(_temporary|_spark_metadata|\.spark-staging[^/]*)/.*|\.?_SUCCESS(\.crc)?"
# Below the folder of a run in a table's: what an attempt has staged, and the bundles of lines that it reads.
_STAGED = re.compile(
    rf"[0-9a-f]{{8}}/(_delta_log/[^/]*|([^/]+=[^/]*/)?{_DATA}|{_ENGINES})|_landing/[0-9]+/\.?[0-9]+\.txt{_UNFINISHED}",
    re.DOTALL,
)
# Below the folder of a run in an export's: rows that wait to be written as documents.
_SPOOLED = re.compile(rf"[^/]+=[^/]*/{_DATA}|{_ENGINES}|\.?_{_UNFINISHED}", re.DOTALL)


def is_run(name: str) -> bool:
    """Whether a folder is named by a run's id."""
    return bool(_RUN.fullmatch(name))


def staged(folder: str) -> Iterator[storage.Entry]:
    """The files that a run has made in its folder below a table's."""
    return _made(folder, _STAGED)


def spooled(folder: str) -> Iterator[storage.Entry]:
    """The files that a run has made in its folder below an export's."""
    return _made(folder, _SPOOLED)


def is_published(path: str) -> bool:
    """Whether a path below a table's folder is that of a file that a run has staged, to be a version's."""
    runs, _, below = path.partition("/")
    run, _, name = below.partition("/")
    return runs == RUNS and is_run(run) and bool(_STAGED.fullmatch(name))


def _made(folder: str, pattern: re.Pattern[str]) -> Iterator[storage.Entry]:
    for file in storage.walk(folder):
        if file.kind == "file" and not file.is_link and pattern.fullmatch(posixpath.relpath(file.url, folder)):
            yield file
