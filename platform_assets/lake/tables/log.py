"""The files of a table's log, read by themselves: what a commit says of itself, and whether the log is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import parquet

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage.refusals import is_refused

FILES = "files"
"""What the metadata of a commit calls the number of files that it adds: a commit that was cut short has fewer."""
FILES_AFTER = "files_after"
"""What it calls the number of files that the table has after it: where any commit was cut short, there are others."""
_LOG = "_delta_log"
_CHECKPOINT = ".checkpoint"
_HINT = "_last_checkpoint"
_DATA_FILE = re.compile(r"(?P<file>(?:[^\s'\"]*?/(?P<table>[^\s/]+/[^\s/]+)/)?runs/[^\s'\"]+?\.parquet)")
_PARQUET_FILE = re.compile(r"[^\s'\"]*\.parquet")
_NOT_FOUND = re.compile("not found|no such file|not_exist|does not exist|NoSuchKey", re.IGNORECASE)
# So many commits are listed at once, whatever lies before them.
_FEW = 500
_whole: set[tuple[str, int]] = set()


class Damaged(PlatformError):
    """The log of a table, or a file that it names, is not as it was written."""


Told = Callable[[str, str], Damaged]
"""Makes the error for a file and for what is wrong with it: with what cannot be read, and the way out."""


@dataclass(frozen=True)
class Commit:
    """One file of the log: what the commit says of itself, and the paths of the files that it adds."""

    info: dict[str, Any]
    added: tuple[str, ...]


def read_commit(url: str, version: int) -> Commit | None:
    """The commit that made a version, None when its file is not there any more; raises `ValueError` for no log."""
    try:
        with storage.reading(commit_file(url, version)) as log:
            entries = [json.loads(line.decode()) for line in log]
    except FileNotFoundError:
        return None
    try:
        infos = [dict(entry["commitInfo"]) for entry in entries if "commitInfo" in entry]
        added = tuple(str(entry["add"]["path"]) for entry in entries if "add" in entry)
    except (TypeError, KeyError) as error:
        raise ValueError(f"version {version}: a line of its commit is no action ({error})") from error
    return Commit(infos[0] if infos else {}, added)


def commit_file(url: str, version: int) -> str:
    """Where the commit that made a version lies."""
    return storage.join(url, _LOG, f"{version:020d}.json")


def has_log(url: str) -> bool:
    """Whether there is anything of a log."""
    return bool(storage.entries(storage.join(url, _LOG)))


def damaged(key: str, url: str, file: str, what: str) -> Damaged:
    """The error for a file of a table that is not as it was written."""
    return Damaged(
        f"{key} is damaged: {file} {what}. Nothing of it is read or written until it is mended, as older rows might "
        f"pass for the newest. Bring the file back from a backup, or move {url} away and materialise all days of the "
        "table again."
    )


def damage(url: str, version: int, files: Callable[[], int] | None = None) -> tuple[str, str] | None:
    """The first damaged file of the log up to a version, and what is wrong with it; None when the log is whole.

    For what the library reads on in silence: it takes an empty commit for one that changes nothing
    (workaround: deltalake-reads-empty-commits). `files` counts those that it finds in the version. A version whose log
    is whole is not looked at again in this process.
    """
    if (url, version) in _whole:
        return None
    found = _damage(url, _Files.of(url, _last_checkpoint(url) if version > _FEW else ""), version, files)
    if not found:
        _whole.add((url, version))
    return found


@contextmanager
def telling_damage(url: str, told: Told, opening: bool = False) -> Iterator[None]:
    """Raise what `told` makes of the damaged file where a library fails because of one.

    What a store or a disk refuses is no damage, and raised as it is. While `opening` a table, a log that the library
    cannot read is damaged also where no file of it is found to be.
    """
    try:
        yield
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        if is_refused(error):
            raise
        found = _missing_parquet(error) or first_damage(url)
        if not found and opening and isinstance(error, DeltaError):
            found = storage.join(url, _LOG), f"cannot be read ({str(error).strip().splitlines()[0]})"
        if not found:
            raise
        raise told(*found) from error


def opened(url: str, open_table: Callable[[], DeltaTable], told: Told) -> DeltaTable | None:
    """A table, None where there is none; for a log that is not whole it raises what `told` makes of the file."""
    with telling_damage(url, told, opening=True):
        try:
            return open_table()
        except TableNotFoundError:
            if not has_log(url):
                return None
        return open_table()  # another run may just have made it


def _missing_parquet(error: Exception) -> tuple[str, str] | None:
    file = _PARQUET_FILE.search(str(error))
    return (file[0], "is not there") if file and is_not_found(error) else None


def first_damage(url: str) -> tuple[str, str] | None:
    """The first file of a log that is not whole, and what it is instead; None when the library should read it."""
    files = _Files.of(url)
    return _damage(url, files, max(files.commits, default=0), None) or _broken(url, files)


def since_checkpoint(url: str, version: int) -> int:
    """How many commits up to a version no checkpoint sums up."""
    found = [entry.name for entry in storage.entries(storage.join(url, _LOG)) if _CHECKPOINT in entry.name]
    sums = [int(name[:20]) for name in found if name[:20].isdigit()]
    return version - max((one for one in sums if one <= version), default=-1)


def _last_checkpoint(url: str) -> str:
    """The name that the files of the last checkpoint begin with, by the file that tells it; empty for none."""
    try:
        with storage.reading(storage.join(url, _LOG, _HINT)) as hint:
            return f"{int(json.load(hint)['version']):020d}"
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""


@dataclass(frozen=True)
class _Files:
    """What lies in a log, listed once: commits by their versions, checkpoints, and the file that names the last one."""

    commits: Mapping[int, storage.Entry]
    checkpoints: Sequence[storage.Entry]
    hint: storage.Entry | None

    @classmethod
    def of(cls, url: str, after: str = "") -> _Files:
        log = storage.entries(storage.join(url, _LOG), after)
        numbered = [entry for entry in log if entry.name[:20].isdigit()]
        return cls(
            commits={int(entry.name[:20]): entry for entry in numbered if entry.name.endswith(".json")},
            checkpoints=[entry for entry in numbered if _CHECKPOINT in entry.name],
            hint=next((entry for entry in log if entry.name == _HINT), None),
        )


def _damage(url: str, files: _Files, version: int, held: Callable[[], int] | None) -> tuple[str, str] | None:
    """The file that is not whole, and what it is instead; `held` counts the files that are read of the version."""
    checkpoints = [int(entry.name[:20]) for entry in files.checkpoints]
    last = max([number for number in checkpoints if number <= version], default=-1)
    for number, entry in files.commits.items():
        if last < number <= version and not entry.size:
            return entry.url, "is empty"
    try:
        newest = read_commit(url, version)
    except ValueError as error:
        return commit_file(url, version), f"is no JSON ({error})"
    if newest is None:
        return None if version == last else (commit_file(url, version), "is not there")
    due = int(newest.info.get(FILES, len(newest.added)))
    if due > len(newest.added):
        return commit_file(url, version), f"adds {len(newest.added)} of {due} files: it was cut short"
    after = newest.info.get(FILES_AFTER)
    if after and held and (found := held()) != int(after):
        said = f"leads to {found} files, where its newest commit counts {after}: a commit was cut short"
        return storage.join(url, _LOG), said
    return None


def _broken(url: str, files: _Files) -> tuple[str, str] | None:
    """The first commit that is no JSON, or is not there though later ones are; else a checkpoint that is not whole."""
    for number in sorted(files.commits):
        try:
            read_commit(url, number)
        except ValueError as error:
            return commit_file(url, number), f"is no JSON ({error})"
    first = min(files.commits, default=0) if files.checkpoints or files.hint else 0
    for number in range(first, max(files.commits, default=-1)):
        if number not in files.commits:
            return commit_file(url, number), "is not there"
    for checkpoint in files.checkpoints:
        try:
            with storage.reading(checkpoint.url) as content:
                parquet.ParquetFile(content)
        except (OSError, pa.ArrowInvalid) as error:
            if is_refused(error):
                raise
            return checkpoint.url, f"is no whole Parquet file ({error})"
    if files.hint and not files.checkpoints:
        return files.hint.url, "names a checkpoint that is not there"
    return None


def is_not_found(error: Exception) -> bool:
    """Whether a file was not there, by what each library says of that; a store may not know its user, either."""
    return bool(_NOT_FOUND.search(str(error))) and not is_refused(error)


def missing_file(error: Exception) -> str | None:
    """The sentence for a file of a published version that a reader did not find; None when that was not the error."""
    text = str(error)
    found = _DATA_FILE.search(text)
    if not found or not is_not_found(error):
        return None
    table = f"{found['table']} is damaged: " if found["table"] else ""
    return (
        f"{table}{found['file']} is not there, and the current version needs it. Bring it back from a backup, go back "
        "to a version without it (`platform-assets history` and `restore`), or materialise its day again."
    )
