"""Every operation on paths and files of landing, lake and exports, local or by URL; nothing else opens a path."""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal, cast
from uuid import uuid4

import fsspec
import pyarrow.dataset as ds
from fsspec.core import url_to_fs

from platform_assets.errors import OutsideError, PlatformError, TemporaryError
from platform_assets.lake.storage.refusals import Replaced as Replaced
from platform_assets.lake.storage.refusals import StoreError, is_odd, sentence

_CHUNK = 8 << 20

Kind = Literal["file", "folder", "nothing", "pipe, device or socket"]
_KINDS: dict[str, Kind] = {"file": "file", "directory": "folder"}


@dataclass(frozen=True)
class Entry:
    """A file or folder in storage; `modified` is UTC, None for folders, and `tag` what a store calls this content.

    `changed` is when it was last written, moved or renamed there, by the storage's own clock, None where that is not
    known, as of folders in a bucket. `kind` says what is found there when links are followed; `is_link` that it is one.
    """

    name: str
    url: str
    size: int
    is_folder: bool
    modified: datetime | None
    kind: Kind = "file"
    tag: str = ""
    is_link: bool = False
    changed: datetime | None = None

    @property
    def state(self) -> str:
        """What is another text as soon as the file is replaced by another content, or here at all."""
        return f"{self.size} {self.tag or self.modified}"


def is_local(url: str) -> bool:
    """Whether a location is a path of this machine."""
    return "://" not in url or url.startswith("file://")


def is_s3(url: str) -> bool:
    """Whether a location is in a bucket."""
    return url.startswith("s3://")


def failure(error: Exception, url: str, before: str, after: str) -> PlatformError | None:
    """The error for what the store at a location did not do, between two parts of its sentence.

    None for errors that are no store's, and of libraries at work on this machine.
    """
    is_remote = is_s3(url)
    if not is_remote and not isinstance(error, StoreError):
        return None
    if is_remote and is_odd(error):
        error = _asked_again(url) or error
    found = sentence(error, url.split("/")[2], _endpoint()) if is_remote else sentence(error, "")
    if found is None:
        return None
    why, may_pass = found
    return (TemporaryError if may_pass else OutsideError)(f"{before}{why}. {after}".strip())


def _asked_again(url: str) -> Exception | None:
    """What is told of a store when it is asked once more, None when it answers as a store does."""
    from platform_assets.lake.storage.s3 import reach

    try:
        reach(url)
    except StoreError as error:
        return error
    return None


def _endpoint() -> str:
    """Where this process calls the store; empty before it has a client for that."""
    from platform_assets.lake.storage.s3 import client

    return str(client().meta.endpoint_url) if client.cache_info().currsize else ""


def any_on_s3(places: Mapping[str, str]) -> bool:
    """Whether any of some places, by the variables that name them, is in a bucket."""
    return any(map(is_s3, places.values()))


def absolute(url: str) -> str:
    """A local path made absolute (settings may be relative), a URL as it is."""
    if not is_local(url):
        return url.rstrip("/")
    return str(Path(url.removeprefix("file://")).expanduser().absolute())


def day_of(name: str) -> date | None:
    """The day that a folder is named by, written as 2026-01-31; None for any other name."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def join(url: str, *parts: str) -> str:
    """A location below another."""
    return posixpath.join(url, *parts)


def _filesystem(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    if is_s3(url):
        # Here and below: what speaks to S3 takes a second to import, which local platforms need not wait for.
        from platform_assets.lake.storage.s3 import S3FileSystem

        return S3FileSystem(), url.removeprefix("s3://")
    return cast("tuple[fsspec.AbstractFileSystem, str]", url_to_fs(url, use_listings_cache=False))


def options(url: str) -> dict[str, str] | None:
    """What `deltalake` must be told of the store at a location."""
    if not is_s3(url):
        return None
    from platform_assets.lake.storage.s3 import delta_options

    return delta_options()


def check(places: Mapping[str, str]) -> None:
    """See, once in a process, that what the settings name can be reached, before any work begins.

    Raises `PlatformError` naming the setting (`PLATFORM_LAKE`), its value, and what is wrong.
    """
    for setting, url in places.items():
        try:
            _reach(url)
        except OSError as error:
            raise PlatformError(f"{setting}={url}: {error}. Nothing was published.") from error


def require_conditional_writes(setting: str, url: str) -> None:
    """See, once in a process, that where tables are published no commit can replace another unseen.

    Raises `PlatformError` naming the setting (`PLATFORM_LAKE`), its value, and what is wrong.
    """
    try:
        _try_conditional_writes(url)
    except OSError as error:
        raise PlatformError(f"{setting}={url}: {error}. Nothing was published.") from error


@cache
def _try_conditional_writes(url: str) -> None:
    # Of folders of this machine the system itself sees to it.
    if is_s3(url):
        from platform_assets.lake.storage.s3 import require_conditional_writes

        require_conditional_writes(url)


@cache
def _reach(url: str) -> None:
    # A folder of this machine is made when it is needed.
    if is_s3(url):
        from platform_assets.lake.storage.s3 import reach

        reach(url)


def not_writable(url: str) -> str:
    """Why nothing can be written below a folder of this machine, which need not be there yet; empty when it can.

    What a bucket says of that is said when it refuses.
    """
    if not is_local(url):
        return ""
    folder = Path(absolute(url))
    there = next(one for one in (folder, *folder.parents) if one.exists() or one.is_symlink())
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return f"{there}: {error.strerror}"


def entries(url: str, after: str = "") -> list[Entry]:
    """What lies directly in a folder, sorted by name; an absent folder has nothing in it.

    Of a folder of very many, those `after` a name are listed much faster than all.
    """
    fs, path = _filesystem(url)
    try:
        if not after:
            listed: list[dict[str, Any]] = fs.ls(path, detail=True)
        elif is_local(url):
            listed = [fs.info(posixpath.join(path, name)) for name in os.listdir(path) if name > after]
        else:
            listed = fs.ls(path, detail=True, after=after)
    except FileNotFoundError:
        return []
    found = [_entry(fs, info, url, posixpath.basename(info["name"].rstrip("/"))) for info in listed]
    return sorted(found, key=lambda entry: entry.name)


def walk(url: str) -> Iterator[Entry]:
    """Every file below a folder."""
    if not is_local(url):
        fs, path = _filesystem(url)
        for name, info in fs.find(path, detail=True).items():
            yield _entry(fs, info, url, posixpath.relpath(name, path))
        return
    for entry in entries(url):
        if entry.is_folder:
            yield from walk(entry.url)
        else:
            yield entry


def _entry(fs: fsspec.AbstractFileSystem, info: Mapping[str, Any], folder: str, below: str) -> Entry:
    is_folder = info["type"] == "directory"
    there: Mapping[str, Any] | None = info
    if info.get("islink"):
        try:
            there = fs.info(info["name"])
        except OSError:
            there = None
    kind = _KINDS.get(there["type"], "pipe, device or socket") if there else "nothing"
    modified = None if is_folder else _modified(fs, there or info)
    size, tag = int(info["size"] or 0), str(info.get("ETag", ""))
    is_link = bool(info.get("islink"))
    # Of a folder of this machine: what a program may set is `mtime`, and a file that is moved there keeps it.
    changed = datetime.fromtimestamp(info["created"], tz=timezone.utc) if "created" in info else modified
    return Entry(posixpath.basename(below), join(folder, below), size, is_folder, modified, kind, tag, is_link, changed)


def _modified(fs: fsspec.AbstractFileSystem, info: Mapping[str, Any]) -> datetime | None:
    """When a file was changed last, None when it was removed since it was listed."""
    try:
        time = info["mtime"] if "mtime" in info else fs.modified(info["name"]).timestamp()
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(time, tz=timezone.utc)


def exists(url: str) -> bool:
    """Whether a file or folder is there."""
    fs, path = _filesystem(url)
    return bool(fs.exists(path))


def make_folder(path: Path) -> None:
    """Make a folder of this machine, and those that it lies in."""
    path.mkdir(parents=True, exist_ok=True)


def remove(url: str) -> None:
    """Remove a file or a whole folder; an absent one is fine."""
    fs, path = _filesystem(url)
    try:
        fs.rm(path, recursive=True)
    except (FileNotFoundError, NotADirectoryError):
        return


@contextmanager
def removed_afterwards(*urls: str) -> Iterator[None]:
    """Remove what lies there when the block ends; what has failed in it is told, not that something stays."""
    try:
        yield
    except BaseException:
        for url in urls:
            with suppress(Exception):
                remove(url)
        raise
    for url in urls:
        remove(url)


def remove_empty_folder(url: str) -> None:
    """Remove a folder that nothing is in; elsewhere than on a disk there is none then."""
    if is_local(url):
        # The system itself refuses where a file has come since anybody looked.
        with suppress(OSError):
            Path(url).rmdir()


@contextmanager
def reading(url: str) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes."""
    fs, path = _filesystem(url)
    with fs.open(path, "rb") as file:
        # What `fsspec` opens elsewhere than on a disk reads no line of a given length.
        yield file if is_local(url) else cast("IO[bytes]", io.BufferedReader(file, _CHUNK))


@contextmanager
def writing(url: str) -> Iterator[IO[bytes]]:
    """Open a file to write; it appears under its name whole, at the end, or not at all."""
    if not is_local(url):
        # An object appears when its upload is complete: of a whole file, never of one that an error cut short.
        with tempfile.NamedTemporaryFile() as whole:
            yield cast("IO[bytes]", whole)
            whole.flush()
            put(Path(whole.name), url)
        return
    fs, path = _filesystem(url)
    fs.makedirs(posixpath.dirname(path), exist_ok=True)
    unfinished = posixpath.join(posixpath.dirname(path), f".{posixpath.basename(path)}.{uuid4().hex}")
    try:
        with fs.open(unfinished, "wb") as file:
            yield file
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def put(file: Path, url: str) -> None:
    """Copy a whole file of this machine; it appears under its name whole, or not at all."""
    if not is_local(url):
        fs, path = _filesystem(url)
        fs.makedirs(posixpath.dirname(path), exist_ok=True)
        fs.put_file(str(file), path)
        return
    with file.open("rb") as content, writing(url) as target:
        shutil.copyfileobj(content, target)


def copy(source: str, target: str) -> None:
    """Copy a whole file within one storage; it appears under its name whole, or not at all."""
    if is_local(source):
        put(Path(source), target)
        return
    fs, path = _filesystem(source)
    fs.cp_file(path, _filesystem(target)[1])


def state(url: str) -> str | None:
    """What is another text as soon as a file is replaced; None for an absent one."""
    fs, path = _filesystem(url)
    try:
        return str(fs.ukey(path))
    except FileNotFoundError:
        return None


def same(url: str, other: str) -> bool:
    """Whether two files have the same content; an absent one has none."""
    try:
        with reading(url) as one, reading(other) as two:
            if one.seek(0, os.SEEK_END) != two.seek(0, os.SEEK_END):
                return False
            one.seek(0)
            two.seek(0)
            while content := one.read(_CHUNK):
                if content != two.read(_CHUNK):
                    return False
            return True
    except FileNotFoundError:
        return False


def parquet(urls: Sequence[str]) -> ds.Dataset | None:
    """Parquet files as one Arrow data set, None for no files."""
    if not urls:
        return None
    fs, _ = _filesystem(urls[0])
    return ds.dataset([_filesystem(url)[1] for url in urls], format="parquet", filesystem=fs)
