"""Documents: one for each day and a latest one, written aside, complete, before they are put where readers look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.settings import Settings

LATEST = "latest"


class Format(Protocol):
    """A file format: the file's name, and how rows become files; it says how many rows it wrote."""

    @property
    def file(self) -> str: ...
    def write(self, documents: Mapping[Path, ds.Dataset | None], settings: Settings) -> int: ...


@dataclass(frozen=True)
class StagedDocuments:
    """The documents of a run: complete, in a folder of this machine, not yet where their readers look."""

    url: str
    files: Mapping[date, Path]
    rows: int

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(file.stat().st_size for file in self.files.values())

    def publish(self) -> None:
        """Put each day's document in its place, and the newest in `latest` when no newer day is there."""
        for day, file in self.files.items():
            storage.put(file, storage.join(self.url, day.isoformat(), file.name))
        newest = max(self.files)
        days = [entry.name for entry in storage.entries(self.url) if entry.is_folder and entry.name != LATEST]
        if newest.isoformat() == max(days):
            storage.put(self.files[newest], storage.join(self.url, LATEST, self.files[newest].name))


@dataclass(frozen=True)
class DocumentFolder:
    """Where an export's documents lie, `<exports>/<domain>/<export>`, and what they are written by."""

    url: str
    format: Format
    settings: Settings

    def stage(self, engine: Engine, rows: DataFrame, days: Sequence[date], room: Path, run_id: str) -> StagedDocuments:
        """Let the engine compute all days at once, then write each day's file, complete, into `room`."""
        # Documents show UTC: a time without a zone cannot be shown in another one.
        columns = [
            F.col(name).cast("timestamp_ntz").alias(name) if kind == "timestamp" else F.col(name)
            for name, kind in rows.dtypes
        ]
        spool = storage.join(self.url, f".{run_id}")
        try:
            rows.select(*columns).write.partitionBy("day").parquet(engine.folder(spool))
            files = {day: room / day.isoformat() / self.format.file for day in days}
            documents = {file: _rows_of(spool, day) for day, file in files.items()}
            for file in files.values():
                storage.make_folder(file.parent)
            written = self.format.write(documents, self.settings)
        finally:
            storage.remove(spool)
        return StagedDocuments(self.url, files, written)


def _rows_of(spool: str, day: date) -> ds.Dataset | None:
    files = storage.walk(storage.join(spool, f"day={day}"))
    return storage.parquet([file.url for file in files if file.name.endswith(".parquet")])
