"""What published days were made from: a record for each attempt and day, in a small table beside the data.

What a record is of, `Known` finds by the files that a version reads; who writes one, and what is due by it, is said
elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import time
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake import storage
from platform_assets.lake.fingerprints import NOTHING, Fingerprint, Fingerprints
from platform_assets.lake.tables.commits import SHORT_LOGS, commit_with_retries, without_library_retries
from platform_assets.lake.tables.days import WHOLE, days_of, files_in
from platform_assets.lake.tables.log import Damaged, damage, opened, telling_damage

MADE = "_made"
"""The folder of a table's or an export's records, below its own."""
Inputs = Mapping[str, Mapping[str, str | None]]
"""Per table and day (ISO text) the fingerprint that was read; None where nobody knows what that day was made from."""
# A file for each commit: so many are read as one.
_FILES = 20
_ALWAYS_SAID = 10


class FileRead(NamedTuple):
    """A delivered file as a raw table has read it.

    `modified` (ISO text) and `tag` (of a store) say which content that was, `sha256` is that of the file as stored.
    `rejected` of its `rows` were rejected; `status` is `I`, or `E` for a file that was rejected whole, for `reason`.
    Of feeds that look at whole files, `missing` and `extra` are the columns that its header lacks and has beyond the
    feed's (None for none). Of feeds that count a content once, `content` is the hash of what it unpacks to, and
    `copy_of` the delivered file that had the same content before.
    """

    name: str
    location: str
    size: int
    modified: str
    tag: str
    sha256: str
    rows: int
    rejected: int
    status: str
    reason: str | None
    missing: str | None = None
    extra: str | None = None
    content: str = ""
    copy_of: str = ""

    @property
    def told(self) -> tuple[object, ...]:
        """What it says, without what it leaves unsaid at its end: most feeds need no more than they ever did."""
        said = list(self)
        while said[-1] in (None, "") and len(said) > _ALWAYS_SAID:
            said.pop()
        return tuple(said)


@dataclass(frozen=True)
class Made:
    """What a day was made from, by one attempt of a run (`<run>/<attempt>`), and what came out.

    `fingerprint` is that of the day's rows. `code` and `contract` are fingerprints as well, `platform` the version of
    this package. `settings` are those in effect, variable to value as JSON. The texts are JSON: of `inputs` (see
    `Inputs`), of `events`, the fingerprints of a raw table's rows and good rows by event day, or those of versions
    (see `Fingerprints`), and of `files`, what a raw table has read. `state` tells the file of a document. `at` is when
    the record was made, in microseconds since 1970.
    """

    day: date
    attempt: str
    rows: int
    fingerprint: str
    code: str = ""
    contract: str = ""
    platform: str = ""
    settings: str = "{}"
    inputs: str = "{}"
    events: str = ""
    files: str = ""
    state: str = ""
    at: int = field(default_factory=lambda: time.time_ns() // 1000, compare=False)

    @property
    def run_id(self) -> str:
        """The run that made it."""
        return self.attempt.split("/")[0]

    @property
    def effective(self) -> Mapping[str, str]:
        """The settings in effect: variable to value as JSON."""
        return _parsed(self.settings)

    def is_like(self, other: Made | None) -> bool:
        """Whether another day was made from the same, and came out the same."""
        return other is not None and self.told == other.told

    @property
    def told(self) -> tuple[object, ...]:
        """All but who made it, and when."""
        files = [file._replace(modified="", tag="").told for file in self.files_read]
        events = json.loads(self.events) if self.events else {}
        return self.fingerprint, self.code, self.contract, self.effective, self.read, events, files

    @property
    def read(self) -> Inputs:
        """What it was made from."""
        return json.loads(self.inputs) if self.inputs else {}

    @property
    def by_event(self) -> dict[date | None, tuple[Fingerprint, Fingerprint]]:
        """Of a raw table: all rows and the good ones, by event day."""
        found: dict[str, list[str]] = json.loads(self.events) if self.events else {}
        return {
            date.fromisoformat(day) if day else None: (Fingerprint.of(every), Fingerprint.of(good))
            for day, (every, good) in found.items()
        }

    @property
    def by_validity(self) -> dict[date, list[Fingerprint]]:
        """Of a table of versions, by day: those that begin, those that end, and the first ones that begin."""
        found: dict[str, list[str]] = json.loads(self.events) if self.events else {}
        return {date.fromisoformat(day): [Fingerprint.of(text) for text in texts] for day, texts in found.items()}

    @property
    def files_read(self) -> list[FileRead]:
        """Of a raw table: the files that it has read."""
        return [FileRead(*file) for file in json.loads(self.files)] if self.files else []


def events_text(prints: Fingerprints, day: date) -> str:
    """The fingerprints by event day of a delivery day, or those of versions, as `Made.events` holds them."""
    events = prints.events.get(day, {})
    return json.dumps({str(event or ""): [str(one) for one in its] for event, its in events.items()})


@lru_cache(maxsize=256)
def _parsed(settings: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(settings)
    return found


_SCHEMA = pa.schema(
    [pa.field(f.name, {"date": pa.date32(), "int": pa.int64()}.get(str(f.type), pa.string())) for f in fields(Made)]
)


@dataclass(frozen=True)
class Records:
    """The records of a table or an export, `<folder>/_made`: a Delta table of their own, which no reader looks at."""

    folder: str

    @property
    def url(self) -> str:
        """Where they lie."""
        return storage.join(self.folder, MADE)

    def append(self, made: Sequence[Made]) -> None:
        """Add records, in one commit; raises `TemporaryError` when others come first too often."""
        if not made:
            return
        columns = zip(*map(astuple, made), strict=True)
        rows = pa.table([pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)], _SCHEMA)

        def commit() -> int:
            write_deltalake(
                self.url,
                rows,
                mode="append",
                configuration=SHORT_LOGS,
                storage_options=storage.options(self.url),
                commit_properties=without_library_retries(),
            )
            return 0

        with telling_damage(self.url, self._damaged):
            commit_with_retries(commit, self.url)
            self._compact()

    def read(self) -> dict[tuple[str, date], list[Made]]:
        """All records, by attempt and day; raises `Damaged` when a file of theirs is not as it was written."""
        found: dict[tuple[str, date], list[Made]] = {}
        table = self.delta()
        if table is not None:
            with telling_damage(self.url, self._damaged):
                if what := damage(self.url, table.version()):
                    raise self._damaged(*what)
                rows = pa.table(table.to_pyarrow_table())
            # By columns, in the order of the fields: ten years of days are read in a third of the time.
            for values in zip(*(rows[name].to_pylist() for name in _SCHEMA.names), strict=True):
                made = Made(*values)
                found.setdefault((made.attempt, made.day), []).append(made)
        return found

    def delta(self) -> DeltaTable | None:
        """The Delta table that they are in, None before there is any; raises `Damaged` when its log is not whole."""
        return opened(self.url, lambda: DeltaTable(self.url, storage_options=storage.options(self.url)), self._damaged)

    def _damaged(self, file: str, what: str) -> Damaged:
        key = "/".join(self.folder.split("/")[-2:])
        return Damaged(
            f"What {key} was made from cannot be read: {file} {what}. Bring the file back from a backup, or move "
            f"{self.url} away: its days are then unknown, and `platform-assets apply {key} --adopt` takes them as they "
            "are."
        )

    def _compact(self) -> None:
        """Write many small files as one; whoever comes first meanwhile has done what matters."""
        table = self.delta()
        if table is None or len(table.file_uris()) < _FILES:
            return
        try:
            table.optimize.compact(commit_properties=without_library_retries())
        except CommitFailedError:
            return


def latest(made: Sequence[Made]) -> Made | None:
    """The newest of some records, None of none."""
    return max(made, key=lambda one: one.at, default=None)


class Known:
    """What the records say of the days of a version of a table, or of documents; None where nobody kept one."""

    def __init__(
        self,
        made: Mapping[date, Made | None],
        spans: Mapping[date, tuple[date, date]] | None = None,
        attempts: Mapping[date, str] | None = None,
        replaced: Mapping[date, Made] | None = None,
        first_day: date = date.min,
    ) -> None:
        """`attempts` have published the days; `spans` are the first and last event day of a raw table's days.

        `replaced` are, of days that others have written anew, the newest records of before. Readers of a raw table
        read nothing of deliveries before the `first_day`.
        """
        self.made = made
        self.replaced = replaced or {}
        self.attempts = attempts or {}
        self._is_raw = spans is not None
        self._spans = spans or {}
        self._first_day = first_day if self._is_raw else date.min
        self._sums_of_versions: tuple[list[date], list[list[Fingerprint]]] | None = None

    @classmethod
    def of(
        cls, delta: DeltaTable | None, contract: CompiledContract, records: Records, first_day: date = date.min
    ) -> Known:
        """What is known of the version that is loaded."""
        if delta is None:
            return cls({})
        read_by, is_raw = contract.read_column, contract.has_events
        files = files_in(delta)
        attempts: dict[date, set[str]] = {}
        spans: dict[date, tuple[date, date]] = {}
        names = set(files.column_names)
        ends = [
            files[end].to_pylist() if end in names else [None] * len(files)
            for end in (f"min.{read_by}", f"max.{read_by}")
        ]
        rows = files["num_records"].to_pylist()
        days = days_of(files, contract).to_pylist()
        for number, (day, path) in enumerate(zip(days, files["path"].to_pylist(), strict=True)):
            attempts.setdefault(day, set()).add("/".join(path.split("/")[1:3]))
            if is_raw and rows[number] != 0:
                # A file may hold any day where the log does not say which, or how many rows it has.
                low, high = (_day(end[number]) for end in ends)
                first, last = spans.get(day, (date.max, date.min))
                spans[day] = min(first, low or date.min), max(last, high or date.max)
        found = records.read()
        made = {}
        for day, its in attempts.items():
            made[day] = latest(found.get((_together(its), day), []))
        replaced: dict[date, Made] = {}
        unknown = {day for day, its_record in made.items() if its_record is None}
        for (_, day), records_of_day in found.items() if unknown else ():
            if day in unknown and (newest := latest([*records_of_day, *filter(None, [replaced.get(day)])])):
                replaced[day] = newest
        published = {day: _together(its) for day, its in attempts.items()}
        return cls(made, spans if is_raw else None, published, replaced, first_day)

    def fingerprint(self, day: date) -> str | None:
        """What a reader of the event day reads of it; None where that is not known."""
        if not self._is_raw:
            made = self.made.get(day)
            return made.fingerprint if made else None
        if any(self._may_hold(unknown, day) for unknown in self.unknown):
            return None
        return str(self.events(day)[0])

    def as_of(self, day: date, until: date | None = None) -> str | None:
        """Of a table of versions: what a day's rows can join; None where that is not known.

        Two fingerprints, and a day: of what the versions say that are valid then, and of the first ones that begin
        later, up to `until`, the newest day of the table if not given. What begins after that was not there to join
        when it was read.
        """
        if (made := self.made.get(WHOLE)) is None:
            return None
        days, sums = self._validity(made)
        until = until or (days[-1] if days else WHOLE)
        now, then = bisect_right(days, day), bisect_right(days, until)
        later = sums[then][2] - sums[now][2] if then > now else NOTHING
        return f"{sums[now][0] - sums[now][1]} {later} {until}"

    def begins_after(self, day: date) -> bool:
        """Of a table of versions: whether a first one begins after a day."""
        if (made := self.made.get(WHOLE)) is None:
            return False
        days, sums = self._validity(made)
        return sums[-1][2] != sums[bisect_right(days, day)][2]

    def _validity(self, made: Made) -> tuple[list[date], list[list[Fingerprint]]]:
        """The days on which versions begin or end, in order, and before each the sums of `Made.by_validity`."""
        if self._sums_of_versions is None:
            by_day = made.by_validity
            sums = [[NOTHING, NOTHING, NOTHING]]
            for day in sorted(by_day):
                sums.append([sum_ + one for sum_, one in zip(sums[-1], by_day[day], strict=True)])
            self._sums_of_versions = (sorted(by_day), sums)
        return self._sums_of_versions

    def total(self, first: date, last: date) -> str | None:
        """What the published days from the first to the last come to; None where one of them is not known."""
        days, sums, unknown = self._sums
        start, end = bisect_left(days, first), bisect_right(days, last)
        if unknown[end] > unknown[start]:
            return None
        return str(sums[end] - sums[start])

    @cached_property
    def _sums(self) -> tuple[list[date], list[Fingerprint], list[int]]:
        """The published days in order, and before each how much those before come to, and how many are unknown."""
        days = sorted(self.made)
        sums, unknown = [NOTHING], [0]
        for made in map(self.made.__getitem__, days):
            sums.append(sums[-1] + (Fingerprint.of(made.fingerprint) if made else NOTHING))
            unknown.append(unknown[-1] + (made is None))
        return days, sums, unknown

    def events(self, day: date) -> tuple[Fingerprint, Fingerprint]:
        """Of a raw table: all rows of an event day, and the good ones, whatever day they were delivered on."""
        every, good = NOTHING, NOTHING
        for _, (its, its_good) in self._by_event.get(day, []):
            every, good = every + its, good + its_good
        return every, good

    def makers(self, day: date) -> list[Made]:
        """The records of what a reader of the event day reads."""
        if self._is_raw:
            return [made for made, _ in self._by_event.get(day, [])]
        made = self.made.get(day)
        return [made] if made else []

    @cached_property
    def unknown(self) -> list[date]:
        """The published days, of those that readers read, of which there is no record."""
        return [day for day, made in self.made.items() if made is None and day >= self._first_day]

    def _may_hold(self, delivered: date, day: date) -> bool:
        first, last = self._spans.get(delivered, (date.max, date.min))
        return first <= day <= last

    @cached_property
    def _by_event(self) -> dict[date | None, list[tuple[Made, tuple[Fingerprint, Fingerprint]]]]:
        found: dict[date | None, list[tuple[Made, tuple[Fingerprint, Fingerprint]]]] = {}
        for made in filter(None, self.made.values()):
            for day, prints in made.by_event.items() if made.day >= self._first_day else ():
                found.setdefault(day, []).append((made, prints))
        return found


def _together(attempts: Collection[str]) -> str:
    """What has made a day: an attempt of a run, or several, where something else than a run has added to its files."""
    if len(attempts) == 1:
        return next(iter(attempts))
    return f"several/{hashlib.sha256(' '.join(sorted(attempts)).encode()).hexdigest()[:16]}"


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value is not None else None
