"""Documents: one for each day and a latest one, written aside, complete, before they are put where readers look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import IO, Protocol

import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.made import Known, Made, Records, latest
from platform_assets.lake.tables.reads import Source, refuse_changed
from platform_assets.settings import Settings

LATEST = "latest"
# How often other runs may change an export while its `latest` is renewed.
_LOOKS = 100
_READERS = 16


class Format(Protocol):
    """A file format: the file's name, how rows become files, and how a file of no rows is known.

    `write` says how many rows it wrote. `has_rows` is asked of published files, those of years ago included, and
    reads no more of one than it must.
    """

    @property
    def file(self) -> str: ...
    def write(self, documents: Mapping[Path, ds.Dataset | None], settings: Settings) -> int: ...
    def has_rows(self, document: IO[bytes]) -> bool: ...


@dataclass(frozen=True)
class DocumentFolder:
    """Where an export's documents lie, `<exports>/<domain>/<export>`, and what they are written by.

    `records` is where it is remembered what they were made from.
    """

    url: str
    format: Format
    settings: Settings
    records: Records | None = None

    def document(self, place: str) -> str:
        """Where the document of a day, or the latest, lies."""
        return storage.join(self.url, place, self.format.file)

    def stage(
        self,
        engine: Engine,
        rows: DataFrame,
        days: Sequence[date],
        room: Path,
        run_id: str,
        sources: Sequence[Source] = (),
    ) -> StagedDocuments:
        """Let the engine compute all days at once, then write each day's file, complete, into `room`.

        Raises `PlatformError` when the folder cannot be written, before the engine begins.
        """
        # Documents show UTC: a time without a zone cannot be shown in another one.
        columns = [
            F.col(name).cast("timestamp_ntz").alias(name) if kind == "timestamp" else F.col(name)
            for name, kind in rows.dtypes
        ]
        spool = storage.join(self.url, f".{run_id}")
        with self.told():
            _try_to_write(spool)
        with storage.removed_afterwards(spool):
            rows.select(*columns).write.partitionBy("day").parquet(engine.folder(spool))
            files = {day: room / day.isoformat() / self.format.file for day in days}
            documents = {file: _rows_of(spool, day) for day, file in files.items()}
            rows_of_day = {day: _count(documents[file]) for day, file in files.items()}
            for file in files.values():
                storage.make_folder(file.parent)
            written = self.format.write(documents, self.settings)
        return StagedDocuments(self, files, written, tuple(sources), rows_by_day=rows_of_day)

    def states(self) -> dict[date, str]:
        """The days that have a document, and what tells each from those before and after it."""
        there = {entry.url: entry for entry in storage.walk(self.url)}
        days = {entry.name: storage.day_of(entry.name) for entry in storage.entries(self.url) if entry.is_folder}
        found = {day: there.get(self.document(name)) for name, day in days.items() if day}
        return {day: entry.state for day, entry in found.items() if entry}

    def known(self) -> Known:
        """What is known of the documents there are; one that another has replaced is as good as none."""
        by_day: dict[date, list[Made]] = {}
        for (_, day), made in (self.records.read() if self.records else {}).items():
            by_day.setdefault(day, []).extend(made)
        found: dict[date, Made | None] = {}
        for day, state in self.states().items():
            its = by_day.get(day, [])
            known = [made for made in its if made.state == state]
            if known or not its:
                found[day] = latest(known)
        with_rows = [day for day, made in found.items() if made and made.rows]
        if with_rows and not storage.exists(self.document(LATEST)):
            del found[max(with_rows)]  # of which it is: whoever writes that day again renews it
        return Known(found)

    def renew_latest(self) -> None:
        """Make `latest` the document of the newest day that has rows; take it away when no day has any.

        Runs at the same time may do so, too: each looks again after it has changed `latest`, and whoever puts a newer
        day later changes it later, so that the last change is right. Raises `TemporaryError` when that never ends.
        """
        for _ in range(_LOOKS):
            try:
                newest = self._newest()
                self._show(newest)
                if self._newest() == newest:
                    return
            except (FileNotFoundError, storage.Replaced):
                continue
        raise TemporaryError(f"{self.url}: other runs did not stop to write its documents. Run it again after them.")

    def _newest(self) -> tuple[str, str] | None:
        """The document of the newest day that has rows, and its state; it looks back from the newest day."""
        days = [entry.name for entry in storage.entries(self.url) if entry.is_folder and storage.day_of(entry.name)]
        documents, at_once = [self.document(day) for day in reversed(days)], 1
        with ThreadPoolExecutor(_READERS) as pool:
            while documents:
                some, documents = documents[:at_once], documents[at_once:]
                for document, has_rows in zip(some, pool.map(self._has_rows, some), strict=True):
                    if has_rows and (state := storage.state(document)):
                        return document, state
                # Mostly the newest has some; years without any are not asked for one by one.
                at_once = min(2 * at_once, _READERS)
        return None

    def _has_rows(self, document: str) -> bool:
        try:
            with storage.reading(document) as file:
                return self.format.has_rows(file)
        except FileNotFoundError:
            return False

    def _show(self, newest: tuple[str, str] | None) -> None:
        latest = self.document(LATEST)
        if newest is None:
            storage.remove(latest)
            storage.remove_empty_folder(storage.join(self.url, LATEST))
        elif not storage.same(newest[0], latest):
            storage.copy(newest[0], latest)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say what is wrong with the folder, and which setting names it."""
        try:
            yield
        except OSError as error:
            raise PlatformError(
                f"PLATFORM_EXPORTS={self.settings.exports}: the documents cannot be written to {self.url}: {error}. "
                "See that nothing is in the way and that this user may write there, then run it again."
            ) from error


@dataclass(frozen=True)
class StagedDocuments:
    """The documents of a run: complete, in a folder of this machine, not yet where their readers look.

    `sources` is what the run has read for them, `made` the records of what they were made from.
    """

    folder: DocumentFolder
    files: Mapping[date, Path]
    rows: int
    sources: tuple[Source, ...] = ()
    made: tuple[Made, ...] = ()
    rows_by_day: Mapping[date, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(file.stat().st_size for file in self.files.values())

    def publish(self) -> None:
        """Put each day's document in its place, then see that `latest` is right, whatever was left by runs before.

        Raises `PlatformError` when the folder cannot be written, and `Outdated` when others have replaced what the run
        has read.
        """
        refuse_changed(self.sources, self.folder.url)
        # Before: killed at any point, a run leaves documents that are known to be of none of the runs before.
        self._record(self.made)
        with self.folder.told():
            for day, file in self.files.items():
                storage.put(file, self.folder.document(day.isoformat()))
            self.folder.renew_latest()
        states = self.folder.states() if self.made else {}
        self._record([replace(made, state=states[made.day]) for made in self.made if made.day in states])

    def _record(self, made: Sequence[Made]) -> None:
        if self.folder.records:
            self.folder.records.append(made)


def _try_to_write(folder: str) -> None:
    # The engine would say in words of its own that it cannot, when all is computed.
    with storage.writing(storage.join(folder, "_")):
        pass
    storage.remove(folder)


def _count(rows: ds.Dataset | None) -> int:
    return int(rows.count_rows()) if rows else 0


def _rows_of(spool: str, day: date) -> ds.Dataset | None:
    files = storage.walk(storage.join(spool, f"day={day}"))
    return storage.parquet([file.url for file in files if file.name.endswith(".parquet")])
