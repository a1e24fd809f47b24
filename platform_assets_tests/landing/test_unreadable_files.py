"""Delivered files that cannot be read, each of which stops the run and is named."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from platform_assets.lake import storage
from platform_assets_tests.landing.test_deliveries import FEED, RAW, event, land
from platform_assets_tests.support.platforms import Platform, failure


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_plain_file(path: Path) -> None:
    path.write_bytes(event("x").encode())


def a_gzip_packed_three_times(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(event("x").encode()))))


def a_gzip_of_very_much(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.compress(b"0" * 10_000_000)))


def a_gzip_that_is_cut_short(path: Path) -> None:
    path.write_bytes(gzip.compress(event("x").encode() * 100)[:-20])


def the_beginning_of_a_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(event("x").encode())[:2])


def a_gzip_with_a_wrong_byte(path: Path) -> None:
    content = bytearray(gzip.compress(event("x").encode() * 100))
    content[-8] ^= 0xFF
    path.write_bytes(content)


def a_gzip_with_something_after_it(path: Path) -> None:
    path.write_bytes(gzip.compress(event("x").encode()) + b"more")


@pytest.mark.parametrize(
    ("make", "name", "why"),
    [
        (a_folder, "folder.json", "it is a folder with the name of a data file"),
        (a_folder, "folder.jsonl.gz", "it is a folder with the name of a data file"),
        (a_link_to_a_folder, "link.json", "it is a folder with the name of a data file"),
        (a_link_to_nothing, "link.json", "it is a link to nothing"),
        (a_gzip_that_is_cut_short, "short.json.gz", "its gzip was cut short"),
        (the_beginning_of_a_gzip, "shorter.json.gz", "its gzip was cut short"),
        (
            a_gzip_with_a_wrong_byte,
            "byte.json.gz",
            "its gzip is damaged (Error -3 while decompressing data: incorrect data check)",
        ),
        (a_gzip_with_something_after_it, "after.jsonl.gz", "something that is no gzip stands after the end"),
        (a_gzip_packed_three_times, "thrice.json.gz", "it is packed more than twice"),
        (a_gzip_of_very_much, "bomb.json.gz", "it unpacks to more than 1,000 times its "),
        (a_gzip_of_very_much, "bomb.json", "it unpacks to more than 1,000 times its "),
        (a_pipe, "pipe.json", "it is no regular file (pipe, device or socket)"),
        (a_link_to_a_device, "zero.json", "it is no regular file (pipe, device or socket)"),
        (a_plain_file, "new\nline.json", "its name has control characters"),
        (a_plain_file, "tab\t.json", "its name has control characters"),
        (a_plain_file, "caf\udce9.json", "its name has control characters, or is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_run_and_is_named(
    platform: Platform, make: Callable[[Path], None], name: str, why: str
) -> None:
    land(platform, "good.json", event("good").encode())
    make(platform.root / "landing" / FEED / "2026-01-05" / name)
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert not result.success
    assert repr(name)[1:-1] in failure(result)
    assert "cannot be read: " in failure(result)
    assert why in failure(result)
    assert platform.version(RAW) is None
    assert not list(platform.folder(RAW).rglob("*"))


def test_a_file_without_permission_stops_the_run_and_is_named(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = land(platform, "locked.json", event("x").encode())
    reading = storage.reading

    @contextmanager
    def refuse(url: str) -> Iterator[IO[bytes]]:
        if url == str(locked):
            raise PermissionError(13, "Permission denied", url)
        with reading(url) as file:
            yield file

    # The owner of the tests may be root, whom no permission stops.
    monkeypatch.setattr(storage, "reading", refuse)
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert "locked.json cannot be read: [Errno 13] Permission denied" in failure(result)
    assert platform.version(RAW) is None
