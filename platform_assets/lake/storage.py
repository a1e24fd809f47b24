"""Every operation on paths and files of landing, lake and exports, local or by URL; nothing else opens a path."""

from __future__ import annotations

import posixpath
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

import fsspec
import pyarrow.dataset as ds
from fsspec.core import url_to_fs


@dataclass(frozen=True)
class Entry:
    """A file or folder in storage; `modified` is UTC, None for folders."""

    name: str
    url: str
    size: int
    is_folder: bool
    modified: datetime | None


def is_local(url: str) -> bool:
    """Whether a location is a path of this machine."""
    return "://" not in url or url.startswith("file://")


def absolute(url: str) -> str:
    """A local path made absolute (settings may be relative), a URL as it is."""
    if not is_local(url):
        return url.rstrip("/")
    return str(Path(url.removeprefix("file://")).expanduser().absolute())


def join(url: str, *parts: str) -> str:
    """A location below another."""
    return posixpath.join(url, *parts)


def _filesystem(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    return cast("tuple[fsspec.AbstractFileSystem, str]", url_to_fs(url, use_listings_cache=False))


def entries(url: str) -> list[Entry]:
    """What lies directly in a folder, sorted by name; an absent folder has nothing in it."""
    fs, path = _filesystem(url)
    try:
        listed: list[dict[str, Any]] = fs.ls(path, detail=True)
    except FileNotFoundError:
        return []
    found = []
    for info in listed:
        name = posixpath.basename(info["name"].rstrip("/"))
        is_folder = info["type"] == "directory"
        try:
            modified = None if is_folder else fs.modified(info["name"]).astimezone(timezone.utc)
        except FileNotFoundError:  # removed since it was listed, or a link that leads nowhere
            modified = None
        found.append(Entry(name, join(url, name), int(info["size"] or 0), is_folder, modified))
    return sorted(found, key=lambda entry: entry.name)


def walk(url: str) -> Iterator[Entry]:
    """Every file below a folder."""
    for entry in entries(url):
        if entry.is_folder:
            yield from walk(entry.url)
        else:
            yield entry


def exists(url: str) -> bool:
    """Whether a file or folder is there."""
    fs, path = _filesystem(url)
    return bool(fs.exists(path))


def remove(url: str) -> None:
    """Remove a file or a whole folder; an absent one is fine."""
    fs, path = _filesystem(url)
    try:
        fs.rm(path, recursive=True)
    except FileNotFoundError:
        return


def remove_empty_folder(url: str) -> None:
    """Remove a folder that nothing is in; elsewhere than on a disk there is none then."""
    if is_local(url) and not entries(url):
        remove(url)


@contextmanager
def reading(url: str) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes."""
    fs, path = _filesystem(url)
    with fs.open(path, "rb") as file:
        yield file


@contextmanager
def writing(url: str) -> Iterator[IO[bytes]]:
    """Open a file to write; it appears under its name whole, at the end, or not at all."""
    fs, path = _filesystem(url)
    fs.makedirs(posixpath.dirname(path), exist_ok=True)
    if not is_local(url):
        # An object appears when its upload is complete: of a whole file, never of one that an error cut short.
        with tempfile.TemporaryFile() as whole:
            yield whole
            whole.seek(0)
            with fs.open(path, "wb") as file:
                shutil.copyfileobj(whole, file)
        return
    unfinished = posixpath.join(posixpath.dirname(path), f".{posixpath.basename(path)}.{uuid4().hex}")
    try:
        with fs.open(unfinished, "wb") as file:
            yield file
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def parquet(urls: Sequence[str]) -> ds.Dataset | None:
    """Parquet files as one Arrow data set, None for no files."""
    if not urls:
        return None
    fs, _ = _filesystem(urls[0])
    return ds.dataset([_filesystem(url)[1] for url in urls], format="parquet", filesystem=fs)
