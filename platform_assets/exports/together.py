"""Files that belong together: the documents of a folder are replaced as a whole, or known to be unfinished."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.exports.names import FileName
from platform_assets.lake import storage

UNFINISHED = ".unfinished"
"""The file that lies in a folder while its documents are replaced, and stays when who does so is killed."""
# How often others may replace what is written here meanwhile.
LOOKS = 100
WORKERS = 16
One = TypeVar("One")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Together:
    """A folder whose files of a name, and no others, belong together; who reads them sees that it is not unfinished."""

    url: str
    name: FileName

    def files(self) -> dict[str, str] | None:
        """The files, by their names below the folder, each with what tells it from those before and after it.

        None when the folder is unfinished.
        """
        there = self._there()
        if UNFINISHED in there:
            return None
        return {name: there[name].tag or storage.state(self._at(name)) or "" for name in self._own(there)}

    def replace(self, files: Mapping[str, Path | str]) -> None:
        """Make these the files of the folder; of several who do so at once, one has its way, with all of its files.

        Raises `TemporaryError` when others do not stop to.
        """
        for _ in range(LOOKS):
            if self.replaced(files):
                return
        raise TemporaryError(
            f"{self.url}: other runs did not stop to write the same documents. Run it again after them."
        )

    def replaced(self, files: Mapping[str, Path | str]) -> bool:
        """Make these the files of the folder, each from a file of this machine or the URL of another in the same store.

        Files that are as they should be stay as they are. False when others have begun the same meanwhile.
        """
        if self._holds(files):
            return True
        mine = uuid4().hex.encode()
        with storage.writing(self._at(UNFINISHED)) as mark:
            mark.write(mine)
        there = set(self._own(self._there()))
        side_by_side(lambda name: self._put(name, files[name]), files)
        side_by_side(lambda name: storage.remove(self._at(name)), there - files.keys())
        lost = files.keys() - self._own(self._there())
        # Others who have begun, or ended, since may have put some of their files among mine: all are put anew.
        if self._mark() != mine:
            return False
        if lost:
            raise PlatformError(
                f"{self.url}: {min(lost)} is not there after it was written. Does the disk take it for another file, "
                "whose name has other upper and lower case, or accents? Give them names that differ more, then run it "
                "again."
            )
        storage.remove(self._at(UNFINISHED))
        for folder in sorted({above for name in there - files.keys() for above in _folders(name)} | {""}, reverse=True):
            storage.remove_empty_folder(self._at(folder) if folder else self.url)
        return True

    def _holds(self, files: Mapping[str, Path | str]) -> bool:
        there = self._there()
        if UNFINISHED in there or set(self._own(there)) != files.keys():
            return False
        return all(side_by_side(lambda name: self._is(name, files[name]), files))

    def _is(self, name: str, file: Path | str) -> bool:
        try:
            return storage.same(str(file), self._at(name))
        except storage.Replaced:
            return False

    def _put(self, name: str, file: Path | str) -> None:
        if self._is(name, file):
            return
        if isinstance(file, Path):
            storage.put(file, self._at(name))
        else:
            storage.copy(file, self._at(name))

    def _there(self) -> dict[str, storage.Entry]:
        return {entry.url.removeprefix(f"{self.url}/"): entry for entry in storage.walk(self.url)}

    def _own(self, names: Iterable[str]) -> list[str]:
        return sorted(filter(self.name.is_one, names))

    def _mark(self) -> bytes:
        try:
            with storage.reading(self._at(UNFINISHED)) as mark:
                return mark.read()
        except (FileNotFoundError, storage.Replaced):
            return b""

    def _at(self, name: str) -> str:
        return storage.join(self.url, name)


def side_by_side(function: Callable[[One], Other], values: Iterable[One]) -> list[Other]:
    """What a function gives for some values, several at a time: stores let one wait."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, values))


def _folders(name: str) -> Iterable[str]:
    """The folders that a file lies in, below that of all."""
    while name := posixpath.dirname(name):
        yield name
