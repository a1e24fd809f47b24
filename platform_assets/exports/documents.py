"""Documents: those of each day and the latest, written aside, complete, before they are put where readers look."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.exports.aside import rows_by
from platform_assets.exports.formats import Format
from platform_assets.exports.splitting import split
from platform_assets.exports.together import LOOKS, UNFINISHED, WORKERS, Together
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.sorting import sorter
from platform_assets.lake.tables.made import Known, Made, Records, latest
from platform_assets.lake.tables.reads import Source, refuse_changed
from platform_assets.settings import Settings

LATEST = "latest"
# Of which day a row is, once more: the rows keep their own `day`.
_OF_DAY = "of_day"
# The state of a day whose documents are no files.
_NO_FILES = "no files"
Names = Mapping[str, Path]
"""Files of this machine by the names, below a day's folder, that they are to have."""


@dataclass(frozen=True)
class DocumentFolder:
    """Where an export's documents lie, `<exports>/<domain>/<export>`, and what they are written by.

    A day has one file, or, when the format's name has columns in braces, a file for each of their values.

    `records` is where it is remembered what they were made from.
    """

    url: str
    format: Format
    settings: Settings
    records: Records | None = None

    @property
    def key(self) -> str:
        """`<domain>/<export>`."""
        return "/".join(self.url.split("/")[-2:])

    @property
    def is_split(self) -> bool:
        """Whether a day has a file for each value of some columns."""
        return bool(self.format.name.fields)

    def document(self, place: str) -> str:
        """Where the document of a day, or the latest, lies, when it is one file."""
        return storage.join(self.url, place, self.format.file)

    def documents(self, place: str) -> Together:
        """The documents of a day, or the latest, when they are a file for each value."""
        return Together(storage.join(self.url, place), self.format.name)

    def stage(
        self,
        engine: Engine,
        rows: DataFrame,
        days: Sequence[date],
        room: Path,
        run_id: str,
        sources: Sequence[Source] = (),
    ) -> StagedDocuments:
        """Let the engine compute all days at once, then write each day's files, complete, into `room`.

        Raises `PlatformError` when the folder cannot be written, before the engine begins, for columns that are not
        there, and for values that no file can be named by.
        """
        self._refuse_lacking(rows.columns)
        # Documents show UTC: a time without a zone cannot be shown in another one.
        columns = [
            F.col(name).cast("timestamp_ntz").alias(name) if kind == "timestamp" else F.col(name)
            for name, kind in rows.dtypes
        ]
        shown = rows.select(*columns)
        spool = storage.join(self.url, f".{run_id}")
        with self.told():
            _try_to_write(spool)
        with storage.removed_afterwards(spool):
            shown.select("*", F.col("day").alias(_OF_DAY)).write.partitionBy(_OF_DAY).parquet(engine.folder(spool))
            spooled = rows_by(_OF_DAY, spool)
            counted = {day: rows.count_rows() for day, rows in spooled.items()}
            nothing = ds.dataset(to_arrow_schema(shown.schema).empty_table())
            documents = {day: spooled.get(day.isoformat(), nothing) for day in days}
            files, contents = self._named(documents, room)
            for file in contents:
                storage.make_folder(file.parent)
            written = self.format.write(contents, self.settings)
        return StagedDocuments(
            self,
            files,
            written,
            tuple(sources),
            rows_by_day={day: counted.get(day.isoformat(), 0) for day in days},
            rows_of_other_days={name: rows for name, rows in counted.items() if storage.day_of(name) not in days},
        )

    def _refuse_lacking(self, columns: Sequence[str]) -> None:
        """Raise `PlatformError` for a column that the documents ask for and the rows lack."""
        asked = dict.fromkeys(self.format.name.fields, f"the name of its files, {self.format.file}, has")
        asked |= {column: "its files show" for column in self.format.columns_read if column not in asked}
        lacking = [column for column in [*asked, "day"] if column not in columns]
        if lacking:
            why = asked.get(lacking[0], "tells which day's documents a row is in")
            raise PlatformError(
                f"{self.key}: its rows have no column {lacking[0]}, which {why}; they have {', '.join(columns)}. "
                "Nothing was published, what was there before still is."
            )

    def _named(
        self, documents: Mapping[date, ds.Dataset], room: Path
    ) -> tuple[dict[date, Names], dict[Path, ds.Dataset]]:
        """Per day the files in `room` by their names, and the rows of each file."""
        if not self.is_split:
            single = {day: room / day.isoformat() / self.format.file for day in documents}
            files: dict[date, Names] = {day: {self.format.file: file} for day, file in single.items()}
            return files, {single[day]: rows for day, rows in documents.items()}
        files = {}
        contents: dict[Path, ds.Dataset] = {}
        with sorter(self.settings, self.settings.engine_temp or str(room)) as connection:
            for day, rows in documents.items():
                its = split(connection, rows, self.format.name, self.key, day, room)
                files[day] = {name: room / day.isoformat() / name for name in its}
                contents |= {files[day][name]: its[name] for name in its}
        return files, contents

    def put(self, day: date, files: Names) -> None:
        """Make these the documents of a day."""
        if self.is_split:
            self.documents(day.isoformat()).replace(files)
        else:
            storage.put(files[self.format.file], self.document(day.isoformat()))

    def states(self, days: Iterable[date] = ()) -> dict[date, str]:
        """The days that have documents, and what tells those of each from others before and after them.

        Documents that are a file for each value may be none: of some `days` that is known, and a state as well.
        """
        return self._states(self._seen(), days)

    def _states(self, seen: Mapping[str, Mapping[str, storage.Entry]], days: Iterable[date]) -> dict[date, str]:
        none = {day: _NO_FILES for day in days if self.is_split and day.isoformat() not in seen}
        found = {day: files for place, files in seen.items() if (day := storage.day_of(place))}
        return none | {day: self._state(files) for day, files in found.items() if UNFINISHED not in files}

    def _state(self, files: Mapping[str, storage.Entry]) -> str:
        if not self.is_split:
            return files[self.format.file].state
        told = [f"{name}\n{entry.state}\n" for name, entry in sorted(files.items())]
        return f"{len(told)} files {hashlib.sha256(''.join(told).encode()).hexdigest()[:32]}"

    def _seen(self) -> dict[str, dict[str, storage.Entry]]:
        """What lies in the folders of days and of the latest, by name: documents, and the mark of unfinished ones."""
        found: dict[str, dict[str, storage.Entry]] = {}
        for entry in storage.walk(self.url):
            place, _, name = entry.url.removeprefix(f"{self.url}/").partition("/")
            is_ours = self.format.name.is_one(name) or (self.is_split and name == UNFINISHED)
            if is_ours and (place == LATEST or storage.day_of(place)):
                found.setdefault(place, {})[name] = entry
        return found

    def known(self) -> Known:
        """What is known of the documents there are; those that another has replaced are as good as none."""
        by_day: dict[date, list[Made]] = {}
        for (_, day), made in (self.records.read() if self.records else {}).items():
            by_day.setdefault(day, []).extend(made)
        found: dict[date, Made | None] = {}
        seen = self._seen()
        for day, state in sorted(self._states(seen, by_day).items()):
            its = by_day.get(day, [])
            known = [made for made in its if made.state == state]
            if known or not its:
                found[day] = latest(known)
        if wrong := self._wrong_latest(seen, found):
            del found[wrong]  # whoever writes that day again renews it
        return Known(found)

    def _wrong_latest(
        self, seen: Mapping[str, Mapping[str, storage.Entry]], found: Mapping[date, Made | None]
    ) -> date | None:
        """The newest day with rows when `latest` is not of it, as far as names and sizes of files tell."""
        shown = seen.get(LATEST, {})
        if not self.is_split:
            newest = max((day for day, made in found.items() if made and made.rows), default=None)
            return None if shown else newest
        place = max(seen.keys() - {LATEST}, default=None)
        newest = storage.day_of(place) if place else max(found, default=None)
        if newest is None or not found.get(newest):
            return None  # it is due as it is
        files = seen.get(newest.isoformat(), {})
        return newest if _sizes(shown) != _sizes(files) else None

    def renew_latest(self) -> None:
        """Make `latest` the documents of the newest day that has rows; take them away when no day has any.

        Runs at the same time may do so, too: each looks again after it has changed `latest`, and whoever puts a newer
        day later changes it later, so that the last change is right. Raises `TemporaryError` when that never ends.
        """
        for _ in range(LOOKS):
            try:
                newest = self._newest()
                if self._show(newest) and self._newest() == newest:
                    return
            except (FileNotFoundError, storage.Replaced):
                continue
        raise TemporaryError(f"{self.url}: other runs did not stop to write its documents. Run it again after them.")

    def _newest(self) -> tuple[str, Mapping[str, str]] | None:
        """The newest day that has rows, with the state of each of its files; it looks back from the newest day."""
        found = [entry.name for entry in storage.entries(self.url) if entry.is_folder and storage.day_of(entry.name)]
        days, at_once = found[::-1], 1
        with ThreadPoolExecutor(WORKERS) as pool:
            while days:
                some, days = days[:at_once], days[at_once:]
                for day, files in zip(some, pool.map(self._files_with_rows, some), strict=True):
                    if files:
                        return day, files
                # Mostly the newest has some; years without any are not asked for one by one.
                at_once = min(2 * at_once, WORKERS)
        return None

    def _files_with_rows(self, day: str) -> Mapping[str, str] | None:
        if self.is_split:
            return self.documents(day).files()
        document = self.document(day)
        try:
            with storage.reading(document) as file:
                has_rows = self.format.has_rows(file)
        except FileNotFoundError:
            return None
        state = storage.state(document) if has_rows else None
        return {self.format.file: state} if state else None

    def _show(self, newest: tuple[str, Mapping[str, str]] | None) -> bool:
        """Make `latest` the documents of a day; False when others have begun to change it as well."""
        day, files = newest or ("", {})
        if self.is_split:
            return self.documents(LATEST).replaced({name: storage.join(self.url, day, name) for name in files})
        latest = self.document(LATEST)
        if newest is None:
            storage.remove(latest)
            storage.remove_empty_folder(storage.join(self.url, LATEST))
        elif not storage.same(self.document(day), latest):
            storage.copy(self.document(day), latest)
        return True

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

    `rows` have been written, `rows_by_day` and `rows_of_other_days` than the run's were computed. `sources` is what
    the run has read for them, `made` the records of what they were made from.
    """

    folder: DocumentFolder
    files: Mapping[date, Names]
    rows: int
    sources: tuple[Source, ...] = ()
    made: tuple[Made, ...] = ()
    rows_by_day: Mapping[date, int] = field(default_factory=dict)
    rows_of_other_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many documents there are."""
        return sum(map(len, self.files.values()))

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(file.stat().st_size for files in self.files.values() for file in files.values())

    def publish(self) -> None:
        """Put each day's documents in their place, then see that `latest` is right, whatever was left by runs before.

        Raises `PlatformError` when the folder cannot be written, and `Outdated` when others have replaced what the run
        has read.
        """
        refuse_changed(self.sources, self.folder.url)
        # Before: killed at any point, a run leaves documents that are known to be of none of the runs before.
        self._record(self.made)
        with self.folder.told():
            for day, files in self.files.items():
                self.folder.put(day, files)
            self.folder.renew_latest()
        states = self.folder.states(self.files) if self.made else {}
        self._record([replace(made, state=states[made.day]) for made in self.made if made.day in states])

    def _record(self, made: Sequence[Made]) -> None:
        if self.folder.records:
            self.folder.records.append(made)


def _sizes(files: Mapping[str, storage.Entry]) -> Mapping[str, int]:
    return {name: entry.size for name, entry in files.items()}


def _try_to_write(folder: str) -> None:
    # The engine would say in words of its own that it cannot, when all is computed.
    with storage.writing(storage.join(folder, "_")):
        pass
    storage.remove(folder)
