"""Care for published tables: go back to a version, and remove what runs left behind and old versions hold."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, Protocol

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from platform_assets.lake import storage
from platform_assets.lake.tables.published import commit_time, open_delta
from platform_assets.lake.tables.staging import RUNS
from platform_assets.lake.tables.table import Table

RunState = Literal["in progress", "finished", "unknown"]
Settled = tuple[DeltaTable, list[dict[str, Any]]]
_RUN_ID = "dagster_run_id"


class NotRestorable(Exception):
    """A version that a table has not, or not any more."""


@dataclass(frozen=True)
class Restored:
    """What was done: `version` is the new one, `changed_days` (ISO text) have other files than before."""

    version: int
    rows: int
    rows_before: int
    changed_days: list[str]


def restore(table: Table, version: int) -> Restored | None:
    """Make an older version of a published table the current one, as a new version; None when it is current.

    Raises `NotRestorable` when the table never had the version, or its files are no longer there.
    """
    before = open_delta(table.url)
    if version > before.version():
        raise NotRestorable(f"{table.key} has no version {version}, its newest is {before.version()}.")
    if version == before.version():
        return None
    try:
        made = table.restore(version)
    except DeltaError as error:
        raise NotRestorable(
            f"Version {version} of {table.key} cannot be restored, nothing was changed; `clean --vacuum` removes "
            f"the files of old versions. ({error})"
        ) from error
    old, new = _files_by_day(table, before), _files_by_day(table, open_delta(table.url, made))
    changed = sorted(day for day in old | new if old.get(day) != new.get(day))
    return Restored(made, _rows(new), _rows(old), changed)


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
    """Files in a table's or an export's folder that no reader needs, and `what` they are.

    `urls` are files or whole folders, `files` and `size` (bytes) say how much is in them, `kept` why they must
    stay nevertheless, empty when they may go.
    """

    place: Place
    run_id: str
    what: str
    urls: tuple[str, ...]
    files: int
    size: int
    kept: str = ""


def remove(waste: Waste) -> None:
    """Remove the files, and the folders of runs that are empty then; nothing when they must stay."""
    if waste.kept:
        return
    for url in waste.urls:
        storage.remove(url)
    above = {folder for url in waste.urls for folder in _folders_above(url, storage.join(waste.place.url, RUNS))}
    for folder in sorted(above, reverse=True):
        storage.remove_empty_folder(folder)


def leftovers(table: Table, state_of: Callable[[str], RunState], older_than: timedelta) -> list[Waste]:
    """What runs that ended without publishing left in `<table>/runs/<run>/`, one for each run.

    A run that is finished, or is unknown and has written nothing for `older_than`, is at an end.
    """
    folders = [entry for entry in storage.entries(storage.join(table.url, RUNS)) if entry.is_folder]
    # Read after the listing: what a run publishes in between is not mistaken for a leftover.
    log = _Log.of(_settled(table))
    found = [_left_by(table, folder, log, state_of, older_than) for folder in folders]
    return [waste for waste in found if waste]


def spools(export: Exported, state_of: Callable[[str], RunState], older_than: timedelta) -> list[Waste]:
    """What runs that were killed left in `<export>/.<run>/`, where rows wait to be written as documents."""
    found = []
    for folder in storage.entries(export.url):
        if folder.is_folder and folder.name.startswith("."):
            run_id, files = folder.name[1:], list(storage.walk(folder.url))
            newest = max((file.modified for file in files if file.modified), default=None)
            kept, size = _why_kept(state_of(run_id), newest, older_than), sum(file.size for file in files)
            found.append(Waste(export, run_id, "not published", (folder.url,), len(files), size, kept))
    return found


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
        # Vacuum itself would also remove what runs in progress have staged.
        dry_run=True,
    )
    there = {entry.url: entry for entry in storage.walk(table.url)}
    files = [there[url] for url in (storage.join(table.url, path) for path in doomed) if url in there]
    spared = tuple(f"{url}/" for waste in left for url in waste.urls)
    files = [file for file in files if not file.url.startswith(spared) and log.knows(_run_of(table, file.url), file)]
    if not files:
        return None
    urls = tuple(file.url for file in files)
    return Waste(table, "", "files of replaced versions", urls, len(files), sum(file.size for file in files))


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

    def knows(self, run_id: str | None, file: storage.Entry) -> bool:
        """Whether a file that no version needs is one of a version before, and not of a run still at work."""
        return run_id is None or run_id in self.versions or self.forgot(file.modified)

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
    run_id, inside = folder.name, storage.entries(folder.url)
    published = log.published(table, run_id, {entry.name for entry in inside if not entry.name.startswith("_")})
    left = [entry for entry in inside if entry.name not in published]
    if inside and not left:
        return None
    files = [file for entry in left for file in (storage.walk(entry.url) if entry.is_folder else [entry])]
    newest = max((file.modified for file in files if file.modified), default=None)
    if log.forgot(newest):
        return None
    kept = _why_kept(state_of(run_id), newest, older_than)
    urls = tuple(entry.url for entry in left) if published else (folder.url,)
    return Waste(table, run_id, "not published", urls, len(files), sum(file.size for file in files), kept)


def _why_kept(state: RunState, newest: datetime | None, older_than: timedelta) -> str:
    if state == "in progress":
        return "the run is in progress"
    if state == "unknown" and older_than and (newest is None or newest > _now() - older_than):
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


def _run_of(table: Table, url: str) -> str | None:
    parts = url.removeprefix(table.url).strip("/").split("/")
    return parts[1] if parts[0] == RUNS else None


def _folders_above(url: str, root: str) -> Iterator[str]:
    """The folders that a file lies in, up to the one below `root`."""
    folder = posixpath.dirname(url)
    while folder.startswith(f"{root}/"):
        yield folder
        folder = posixpath.dirname(folder)


def _files_by_day(table: Table, delta: DeltaTable) -> dict[str, dict[str, int]]:
    """The files of each day (ISO text) of a version, with their rows."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for action in pa.table(delta.get_add_actions(flatten=True)).to_pylist():
        found[str(action[f"partition.{table.contract.partition_column}"])][action["path"]] = action["num_records"]
    return found


def _rows(files_by_day: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(files.values()) for files in files_by_day.values())
