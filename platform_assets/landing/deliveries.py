"""What was delivered: the folders and files of a feed's days, and whether they are still the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.landing.content import PACKED
from platform_assets.landing.first_look import LandedFile, look, unreadable

_WORKERS = 8
_NOT_DATA = (".", "_")
_COMPLETE = "_SUCCESS"
_NO_DAY = "no day, which is written as 2026-01-31"
_NO_FOLDER = "a file in no folder of a day"
# Control characters, and bytes that are no UTF-8 (Python shows them as half a surrogate pair).
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class FeedFolder:
    """Where a feed's deliveries lie, and the suffixes of its files, in any case, plain or packed.

    Of a feed that looks at whole files, `every_file` belongs to a delivery, whatever its suffix.
    """

    landing: str
    feed: str
    suffixes: tuple[str, ...]
    every_file: bool = False

    @property
    def url(self) -> str:
        """The feed's folder."""
        return storage.join(self.landing, self.feed)


@dataclass(frozen=True)
class Landed:
    """The deliveries of some days: the files to read, and by name those that were not.

    `without_header` says of files that should have a header why they have none; their lines cannot be read. `missing`
    are the days without a folder, `strange` says what is wrong with folders and files that are no delivery. `listed`
    are all data files as they were listed, `files` those that have rows and `without_rows` the others, as they were
    looked at, and `rejected` those that were rejected whole, with the reason; of `unknown` the names of folders end in
    `/`.
    """

    folder: FeedFolder
    days: tuple[date, ...]
    files: tuple[LandedFile, ...] = ()
    without_rows: tuple[LandedFile, ...] = ()
    rejected: tuple[LandedFile, ...] = ()
    unknown: tuple[str, ...] = ()
    without_header: Mapping[str, str] = field(default_factory=dict)
    has_folder: bool = True
    missing: tuple[date, ...] = ()
    strange: tuple[str, ...] = ()
    listed: tuple[LandedFile, ...] = ()

    @property
    def empty(self) -> list[str]:
        """The files without rows, by their places."""
        return [file.place for file in self.without_rows]

    def of_unknown_files_alone(self) -> list[date]:
        """The days whose folder has files, and none of a suffix that the feed knows."""
        known = {file.day.isoformat() for file in self.listed}
        unknown = {name.split("/")[0] for name in self.unknown if not name.endswith("/")}
        return [date.fromisoformat(day) for day in sorted(unknown - known)]

    def changed(self) -> str:
        """What differs from what was listed when it is listed again, in a sentence; nothing when nothing does."""
        try:
            now = {file.place: file for file in _listed_days(self.folder, self.days).listed}
        except PlatformError as error:
            return str(error)
        before = {file.place: file for file in self.listed}
        said = [f"{place} was added" for place in now.keys() - before.keys()]
        said += [f"{place} is gone" for place in before.keys() - now.keys()]
        said += [f"{place} was changed" for place in before.keys() & now.keys() if now[place] != before[place]]
        return f"Files in {self.folder.url} changed since they were listed: {some(sorted(said))}." if said else ""


@dataclass(frozen=True)
class Delivered:
    """The data files of a day's folder as they are listed; `problem` says why they cannot be.

    `changed` is when anything in it changed last, by the storage's own clock; `is_complete` that who delivered it has
    said so, by a file `_SUCCESS` that is not older than any other.
    """

    files: tuple[LandedFile, ...] = ()
    problem: str = ""
    changed: datetime | None = None
    is_complete: bool = False


def delivered(folder: FeedFolder, until: date) -> dict[date, Delivered]:
    """The folders of a feed's days, up to one of them; raises `PlatformError` when landing is not there."""
    _refuse_absent(folder)
    folders = {storage.day_of(entry.name): entry for entry in _entries(folder.url)}
    days = {day: entry for day, entry in folders.items() if day and day <= until}

    def listed(one: tuple[date, storage.Entry]) -> Delivered:
        day, entry = one
        try:
            there = _all_entries(entry.url)
            data = [one for one in there if _is_data(one)]
            changed = max((one.changed for one in (entry, *data) if one.changed), default=None)
            ends = [one.changed for one in there if one.name == _COMPLETE and one.changed]
            is_complete = any(all(not one.changed or one.changed <= end for one in data) for end in ends)
            files = tuple(_file(day, file) for file in data if _belongs(file, folder))
            return Delivered(files, changed=changed, is_complete=is_complete)
        except PlatformError as error:
            return Delivered(problem=str(error))

    with ThreadPoolExecutor(_WORKERS) as pool:
        return dict(zip(days, pool.map(listed, days.items()), strict=True))


def landed(folder: FeedFolder, days: Sequence[date], headed: Sequence[str], first_day: date) -> Landed:
    """List and look at all files that a feed delivered on these days; those with `headed` suffixes have a header.

    Raises `PlatformError` when landing is not there, and naming the file, when one cannot be read: a broken gzip, no
    permission, a folder with a data file's name, a link to nothing, a pipe, a name that no engine can write; and
    `TemporaryError` when one was changed meanwhile.
    """
    found = replace(_listed_days(folder, days), strange=tuple(_strange(folder, first_day)))
    with ThreadPoolExecutor(_WORKERS) as pool:
        looked = pool.map(lambda file: look(file, has_header=has_suffix(file.name, headed)), found.listed)
        found = replace(found, files=tuple(looked))
    if said := found.changed():
        raise TemporaryError(f"{said} Nothing was published. Run it again when the delivery is complete.")
    return found


def has_suffix(name: str, suffixes: Sequence[str]) -> bool:
    """Whether a file, plain or packed, has one of these suffixes, in any case."""
    return name.lower().removesuffix(PACKED).endswith(tuple(suffix.lower() for suffix in suffixes))


def _belongs(entry: storage.Entry, folder: FeedFolder) -> bool:
    """Whether what lies in a day's folder is a file of the delivery."""
    return has_suffix(entry.name, folder.suffixes) or (folder.every_file and entry.kind == "file")


def _listed_days(folder: FeedFolder, days: Sequence[date]) -> Landed:
    """The deliveries of some days, which nobody has looked into."""
    _refuse_absent(folder)
    there = {entry.name: entry for entry in _entries(folder.url)}
    delivered = [(day, there[day.isoformat()]) for day in days if day.isoformat() in there]
    for _, entry in delivered:
        if entry.kind != "folder":
            raise unreadable(entry.url, f"it has the name of a day, and is no folder ({entry.kind})")
    with ThreadPoolExecutor(_WORKERS) as pool:
        listed = list(pool.map(lambda one: _entries(one[1].url), delivered))
    files: list[LandedFile] = []
    unknown: list[str] = []
    for (day, _), entries in zip(delivered, listed, strict=True):
        for entry in entries:
            if _belongs(entry, folder):
                files.append(_file(day, entry))
            else:
                unknown.append(f"{day}/{entry.name}" + "/" * (entry.kind == "folder"))
    return Landed(
        folder,
        tuple(days),
        unknown=tuple(unknown),
        has_folder=bool(there) or _is_there(folder.url),
        missing=tuple(day for day in days if day.isoformat() not in there),
        listed=tuple(files),
    )


def _refuse_absent(folder: FeedFolder) -> None:
    if not _is_there(folder.landing):
        raise PlatformError(
            f"PLATFORM_LANDING={folder.landing} is not there. Nothing was published. Correct the setting, or bring the "
            "place back (is a disk not mounted?)."
        )


def _file(day: date, entry: storage.Entry) -> LandedFile:
    if entry.kind == "folder":
        raise unreadable(entry.url, "it is a folder with the name of a data file")
    if entry.kind == "nothing":
        raise unreadable(entry.url, "it is a link to nothing (No such file or directory)")
    if entry.kind != "file":
        raise unreadable(entry.url, f"it is no regular file ({entry.kind})")
    if _UNSPEAKABLE.search(entry.name):
        raise unreadable(repr(entry.url), "its name has control characters, or is not UTF-8")
    return LandedFile(day, entry.name, entry.url, entry.size, entry.modified, entry.tag)


def _strange(folder: FeedFolder, first_day: date) -> list[str]:
    """The folders of a feed in which no delivery is looked for, and files beside those of its days, and why."""
    today = datetime.now(timezone.utc).date()
    return [
        f"{_plain(entry.name)} ({why})"
        for entry in _entries(folder.url)
        if (why := _no_delivery(entry, folder, first_day, today))
    ]


def _plain(name: str) -> str:
    """A name as people can tell it from another: one with a blank at its end is quoted."""
    return name if name == name.strip() else repr(name)


def _no_delivery(entry: storage.Entry, folder: FeedFolder, first_day: date, today: date) -> str:
    if entry.kind != "folder":
        return _NO_FOLDER if has_suffix(entry.name, folder.suffixes) else ""
    day = storage.day_of(entry.name)
    if day is None:
        return _NO_DAY
    if day < first_day:
        return f"before the first day, {first_day}"
    return "in the future" if day > today else ""


def _is_there(folder: str) -> bool:
    try:
        return storage.exists(folder)
    except OSError as error:
        raise unreadable(folder, str(error)) from error


def _entries(folder: str) -> list[storage.Entry]:
    """What lies in a folder, but for names that say that it is no data."""
    return [entry for entry in _all_entries(folder) if _is_data(entry)]


def _is_data(entry: storage.Entry) -> bool:
    return not entry.name.startswith(_NOT_DATA)


def _all_entries(folder: str) -> list[storage.Entry]:
    try:
        return storage.entries(folder)
    except OSError as error:
        raise unreadable(error.filename or folder, str(error)) from error


def some(names: Sequence[str], most: int = 20) -> str:
    """Names with commas between; of very many the first, and how many more there are."""
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])
