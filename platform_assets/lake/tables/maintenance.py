"""Care for published tables: go back to a version, and remove what runs left behind and old versions hold."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Literal, Protocol

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from platform_assets.lake import storage
from platform_assets.lake.tables import traces
from platform_assets.lake.tables.commits import CHECKPOINT_AFTER
from platform_assets.lake.tables.days import days_of, files_in
from platform_assets.lake.tables.log import since_checkpoint
from platform_assets.lake.tables.made import Records
from platform_assets.lake.tables.published import commit_time, open_delta
from platform_assets.lake.tables.staging import RUNS
from platform_assets.lake.tables.table import Table

RunState = Literal["in progress", "finished", "unknown"]
Settled = tuple[DeltaTable, list[dict[str, Any]]]
_RUN_ID = "dagster_run_id"
_WORKERS = 8
_WORTH_A_CHECKPOINT = CHECKPOINT_AFTER


class NotRestorable(Exception):
    """A version that a table has not, or not any more."""


@dataclass(frozen=True)
class Restoration:
    """What going back to a version of a table changes, or has changed.

    `days` are the days (ISO text) that have other files then, with their rows before and after, None where a day is
    not published.
    """

    table: Table
    version: int
    current: int
    rows_before: int
    rows: int
    days: Mapping[str, tuple[int | None, int | None]]

    @property
    def emptied(self) -> list[str]:
        """The days that have rows now, and none then."""
        return [day for day, (before, after) in self.days.items() if before and not after]

    def carry_out(self) -> int:
        """Make the version the current one, as a new one, which is returned; raises `Outdated` when another came."""
        return self.table.restore(self.version, self.current)


def restoration(table: Table, version: int) -> Restoration | None:
    """What it means to make an older version of a published table the current one; None when it is current.

    Raises `NotRestorable` when the table never had the version, its entry in the log is gone, or its files are.
    """
    now = open_delta(table.url)
    if version > now.version():
        raise NotRestorable(f"{table.key} has no version {version}, its newest is {now.version()}.")
    if version == now.version():
        return None
    try:
        then = open_delta(table.url, version)
    except DeltaError as error:
        oldest = min(commit["version"] for commit in now.history())
        raise NotRestorable(
            f"Version {version} of {table.key} is no longer in its history, which begins with version {oldest}: it is "
            f"kept for PLATFORM_KEEP_VERSIONS_DAYS={table.keep_versions_days} days. Nothing was changed."
        ) from error
    there = {file.url for file in storage.walk(table.url)}
    needed = files_in(then)["path"].to_pylist()
    gone = [path for path in needed if storage.join(table.url, path) not in there]
    if gone:
        raise NotRestorable(
            f"Version {version} of {table.key} cannot be restored: {len(gone)} of its {len(needed)} files are gone, "
            f"such as {gone[0]}. `clean --vacuum` removes the files of old versions. Nothing was changed."
        )
    old, new = _files_by_day(table, now), _files_by_day(table, then)
    changed = sorted(day for day in old | new if old.get(day) != new.get(day))
    days = {day: (_rows_of(old.get(day)), _rows_of(new.get(day))) for day in changed}
    return Restoration(table, version, now.version(), _rows(old), _rows(new), days)


def _rows_of(files: Mapping[str, int] | None) -> int | None:
    return None if files is None else sum(files.values())


class Place(Protocol):
    """A table's or an export's folder, and its asset key as text."""

    @property
    def key(self) -> str: ...
    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Exported:
    """Where an export's documents lie."""

    key: str
    url: str


@dataclass(frozen=True)
class Waste:
    """Files in a table's or an export's folder that a run has made and no reader needs, and `what` they are.

    `size` is in bytes; `kept` says why they must stay nevertheless, empty when they may go. `folder` is that of a
    run, which goes with its last file.
    """

    place: Place
    run_id: str
    what: str
    urls: tuple[str, ...]
    size: int
    kept: str = ""
    folder: str = ""

    @property
    def files(self) -> int:
        """How many they are."""
        return len(self.urls)


def remove(waste: Waste) -> None:
    """Remove the files, and the folders of runs that are empty then; nothing when they must stay."""
    if waste.kept:
        return
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(storage.remove, waste.urls))
    emptied = {folder for url in waste.urls for folder in _folders_above(url, waste.place.url)}
    for folder in sorted(emptied | {waste.folder} - {""}, reverse=True):
        storage.remove_empty_folder(folder)


def leftovers(table: Table, state_of: Callable[[str], RunState], older_than: timedelta) -> list[Waste]:
    """What runs that ended without publishing left in `<table>/runs/<run>/`, one for each run.

    A run that is not in progress, and has written nothing for `older_than`, is at an end: Dagster may call a run
    finished whose process lives.
    """
    entries = storage.entries(storage.join(table.url, RUNS))
    folders = [entry for entry in entries if entry.is_folder and traces.is_run(entry.name)]
    # Read after the listing: what a run publishes in between is not mistaken for a leftover.
    log = _Log.of(_settled(table))
    found = [_left_by(table, folder, log, state_of, older_than) for folder in folders]
    return [waste for waste in found if waste]


def spools(export: Exported, state_of: Callable[[str], RunState], older_than: timedelta) -> list[Waste]:
    """What runs that were killed left in `<export>/.<run>/`, where rows wait to be written as documents."""
    found = []
    for folder in storage.entries(export.url):
        run_id = folder.name.removeprefix(".")
        if folder.is_folder and folder.name.startswith(".") and traces.is_run(run_id):
            kept = partial(_why_kept, state_of(run_id), older_than)
            found.append(_waste(export, run_id, folder, list(traces.spooled(folder.url)), kept))
    return found


def _waste(
    place: Place,
    run_id: str,
    folder: storage.Entry,
    files: Sequence[storage.Entry],
    kept: Callable[[datetime | None], str],
) -> Waste:
    newest = max((file.modified for file in files if file.modified), default=None)
    urls, size = tuple(file.url for file in files), sum(file.size for file in files)
    return Waste(place, run_id, "not published", urls, size, kept(newest), folder.url)


def replaced_files(table: Table, older_than: timedelta, left: Sequence[Waste]) -> Waste | None:
    """Files of published runs that only versions replaced longer ago than `older_than` need; None for none.

    Every version that was current at any time since then stays restorable. Files of runs that have not published
    (`left` among them) are not touched, however old: the run may be about to.
    """
    settled = _settled(table)
    if settled is None:
        return None
    # Of the very version that vacuum compares with: a run that publishes meanwhile is not known, and spared.
    log, (delta, commits) = _Log.of(settled), settled
    doomed = delta.vacuum(
        retention_hours=int(older_than / timedelta(hours=1)),
        enforce_retention_duration=False,
        full=True,
        keep_versions=_versions_since(commits, _now() - older_than),
        # Vacuum itself would also remove what runs in progress have staged, and files of others.
        dry_run=True,
    )
    there = {entry.url: entry for entry in storage.walk(table.url)}
    ours = [storage.join(table.url, path) for path in doomed if traces.is_published(path)]
    spared = {url for waste in left for url in waste.urls}
    files = [there[url] for url in ours if url in there and url not in spared]
    files = [file for file in files if log.knows(_run_of(table, file.url), file)]
    if not files:
        return None
    return Waste(table, "", "files of replaced versions", tuple(f.url for f in files), sum(f.size for f in files))


def replaced_records(place: Place, records: Records, older_than: timedelta) -> Waste | None:
    """Files of records that were written together longer ago than `older_than`, so that no reader needs them."""
    if (delta := records.delta()) is None:
        return None
    doomed = delta.vacuum(
        retention_hours=int(older_than / timedelta(hours=1)), enforce_retention_duration=False, dry_run=True
    )
    there = {entry.url: entry for entry in storage.entries(records.url)}
    files = [there[url] for path in doomed if (url := storage.join(records.url, path)) in there]
    if not files:
        return None
    return Waste(place, "", "files of old records", tuple(f.url for f in files), sum(f.size for f in files))


def sum_up(table: Table) -> bool:
    """Sum up a table's log in a checkpoint, when enough commits came since the last; whether that was so."""
    delta = table.delta()
    if delta is None or since_checkpoint(table.url, delta.version()) < _WORTH_A_CHECKPOINT:
        return False
    with table.access():
        delta.create_checkpoint()
    return True


@dataclass(frozen=True)
class _Log:
    """What a table's log tells of runs: the versions they made, and which of their folders the current one reads.

    `since` is the first commit that is known where older ones have been forgotten.
    """

    versions: Mapping[str, list[int]]
    current: Mapping[str, set[str]]
    since: datetime | None

    @classmethod
    def of(cls, settled: Settled | None) -> _Log:
        if settled is None:
            return cls({}, {}, None)
        delta, commits = settled
        versions: dict[str, list[int]] = defaultdict(list)
        for commit in commits:
            if _RUN_ID in commit:
                versions[commit[_RUN_ID]].append(commit["version"])
        since = commit_time(commits[-1]) if commits[-1]["version"] > 0 else None
        return cls(versions, _attempts(delta), since)

    def knows(self, run_id: str, file: storage.Entry) -> bool:
        """Whether a file that no version needs is one of a version before, and not of a run still at work."""
        return run_id in self.versions or self.forgot(file.modified)

    def forgot(self, time: datetime | None) -> bool:
        """Whether a version of that time would not be in the log any more."""
        return bool(self.since and time and time < self.since)

    def published(self, table: Table, run_id: str, attempts: set[str]) -> set[str]:
        """Which of the folders of a run's attempts have been published, in the current version or before."""
        published = attempts & self.current.get(run_id, set())
        if published == attempts or run_id not in self.versions:
            return published
        if len(attempts) == 1:
            return attempts
        then = [_attempts(open_delta(table.url, version)) for version in self.versions[run_id]]
        return published.union(*(attempts & found.get(run_id, set()) for found in then))


def _left_by(
    table: Table, folder: storage.Entry, log: _Log, state_of: Callable[[str], RunState], older_than: timedelta
) -> Waste | None:
    run_id = folder.name
    made: dict[str, list[storage.Entry]] = defaultdict(list)
    for file in traces.staged(folder.url):
        made[posixpath.relpath(file.url, folder.url).split("/")[0]].append(file)
    published = log.published(table, run_id, {name for name in made if not name.startswith("_")})
    files = [file for name, its in made.items() if name not in published for file in its]
    if made and not files:
        return None
    if log.forgot(max((file.modified for file in files if file.modified), default=None)):
        return None
    return _waste(table, run_id, folder, files, partial(_why_kept, state_of(run_id), older_than))


def _why_kept(state: RunState, older_than: timedelta, newest: datetime | None) -> str:
    if state == "in progress":
        return "the run is in progress"
    begins = newest is None and state == "unknown"
    if older_than and (begins or (newest and newest > _now() - older_than)):
        return f"written in the last {older_than / timedelta(hours=1):g} hours"
    return ""


def _now() -> datetime:
    return datetime.now(tz=timezone.utc)


def _settled(table: Table) -> Settled | None:
    """The table and its commits, newest first; None before anything was published.

    The library counts the commits down from the version it has loaded, also when newer ones came meanwhile
    (workaround: deltalake-history-counts-down).
    """
    while (delta := table.delta()) is not None:
        commits = delta.history()
        if open_delta(table.url).version() == delta.version():
            return delta, commits
    return None


def _versions_since(commits: Sequence[dict[str, Any]], time: datetime) -> list[int]:
    """The versions that were current at that time or later."""
    later = [commit["version"] for commit in commits if commit_time(commit) >= time]
    return later + [commit["version"] for commit in commits[len(later) : len(later) + 1]]


def _attempts(delta: DeltaTable) -> dict[str, set[str]]:
    """The folders below each run's that a version reads."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in pa.table(delta.get_add_actions())["path"].to_pylist():
        parts = path.split("/")
        if parts[0] == RUNS and len(parts) > 3:
            found[parts[1]].add(parts[2])
    return found


def _run_of(table: Table, url: str) -> str:
    return url.removeprefix(f"{table.url}/{RUNS}/").split("/")[0]


def _folders_above(url: str, root: str) -> Iterator[str]:
    """The folders that a file lies in, below that of all runs, or of an export."""
    folder = posixpath.dirname(url)
    while folder.startswith(f"{root}/") and folder != storage.join(root, RUNS):
        yield folder
        folder = posixpath.dirname(folder)


def _files_by_day(table: Table, delta: DeltaTable) -> dict[str, dict[str, int]]:
    """The files of each day (ISO text) of a version, with their rows."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    files = files_in(delta)
    days, paths = days_of(files, table.contract).to_pylist(), files["path"].to_pylist()
    for day, path, rows in zip(days, paths, table.rows_in(files), strict=True):
        found[str(day)][path] = rows
    return found


def _rows(files_by_day: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(files.values()) for files in files_by_day.values())
