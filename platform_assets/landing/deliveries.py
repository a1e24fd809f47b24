"""What was delivered: the files of a feed's days, and a first look at each before the engine reads it."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import IO, cast

from platform_assets.errors import PlatformError
from platform_assets.lake import storage

_CHUNK = 1 << 18
_LOOKERS = 8
_BOM = rb"\xef\xbb\xbf"
_BLANK = rb"(?:" + _BOM + rb")*[ \t\r]*"
_MARKS = re.compile(rb"\A(?:" + _BOM + rb")+")
_LONGEST_HEADER = 1 << 16
_BLANK_LINE = re.compile(rb"\n" + _BLANK + rb"(?=\n)")
_BLANK_END = re.compile(_BLANK)
# A blank line as far as it goes; it may end within a byte order mark.
_BLANK_SO_FAR = re.compile(_BLANK + rb"|(?:" + _BOM + rb")*\xef\xbb?")
# Control characters, and bytes that are no UTF-8 (Python shows them as half a surrogate pair).
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class LandedFile:
    """One delivered file; `size` is in bytes as stored.

    `lines` counts line ends (and a last line without one), `blank_lines` among them. `header` is the first line
    that is not blank, where the format has one, and `headers` how often it stands in the file; `no_header` says why
    that line can be none.
    """

    day: date
    name: str
    url: str
    size: int = 0
    lines: int = 0
    blank_lines: int = 0
    is_utf8: bool = True
    is_empty: bool = False
    header: str | None = None
    headers: int = 0
    no_header: str = ""

    @property
    def rows(self) -> int:
        """Lines that are neither blank nor the header."""
        return self.lines - self.blank_lines - (self.header is not None)


@dataclass(frozen=True)
class Landed:
    """The deliveries of some days: the files to read, and by name those that were not.

    `without_header` says of files that should have a header why they have none; their lines cannot be read.
    """

    files: tuple[LandedFile, ...] = ()
    empty: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    without_header: Mapping[str, str] = field(default_factory=dict)


def landed(
    landing: str, feed: str, suffixes: Sequence[str], days: Sequence[date], headed: Sequence[str] = ()
) -> Landed:
    """List and look at all files that a feed delivered on these days; those with `headed` suffixes have a header.

    Raises `PlatformError`, naming the file, when one cannot be read: a broken gzip, no permission, a folder
    with a data file's name, a link to nothing, a name that no engine can write.
    """
    root = storage.join(storage.absolute(landing), feed)
    delivered = {entry.name for entry in _listed(root)}
    files: list[LandedFile] = []
    unknown: list[str] = []
    for day in days:
        if day.isoformat() not in delivered:
            continue
        folder = storage.join(root, day.isoformat())
        for entry in _listed(folder):
            if entry.name.startswith((".", "_")):
                continue
            if not _has_suffix(entry.name, suffixes):
                unknown.append(f"{day}/{entry.name}")
            elif entry.is_folder:
                raise _unreadable(entry.url, "it is a folder with the name of a data file")
            elif _UNSPEAKABLE.search(entry.name):
                raise _unreadable(repr(entry.url), "its name has control characters, or is not UTF-8")
            else:
                files.append(LandedFile(day, entry.name, entry.url, entry.size))
    with ThreadPoolExecutor(_LOOKERS) as pool:
        looked = list(pool.map(lambda file: look(file, has_header=_has_suffix(file.name, headed)), files))
    return Landed(
        files=tuple(file for file in looked if not file.is_empty),
        empty=tuple(f"{file.day}/{file.name}" for file in looked if file.is_empty),
        unknown=tuple(unknown),
    )


def look(file: LandedFile, *, has_header: bool = False) -> LandedFile:
    """Read a file once, in chunks: can it be read to its end, how many lines has it, is all of it UTF-8?"""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, blank, headers, size, is_utf8, begun = 0, 0, 0, 0, True, b""
    try:
        header, no_header = _first_line(file.url) if has_header else (None, "")
        again = _line_like(header or b"")
        with uncompressed(file.url) as content:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                lines += chunk.count(b"\n")
                blank += len(_BLANK_LINE.findall(b"\n" + begun + chunk))
                headers += len(again.findall(b"\n" + begun + chunk)) if header else 0
                begun = _last_line(begun + chunk, header or b"")
                is_utf8 = is_utf8 and _decodes(decoder, chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file.url, str(error) or type(error).__name__) from error
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    if begun:
        lines += 1
        blank += bool(_BLANK_END.fullmatch(begun))
        headers += len(again.findall(b"\n" + begun + b"\n")) if header else 0
    text = None if header is None else header.decode("utf-8", "replace")
    return replace(
        file,
        lines=lines,
        blank_lines=blank,
        is_utf8=is_utf8,
        is_empty=not size,
        header=text,
        headers=headers,
        no_header=no_header,
    )


def _first_line(url: str) -> tuple[bytes | None, str]:
    """The first line that is not blank, without what is no part of it; or none, and why it can be no header."""
    with uncompressed(url) as content:
        while line := content.readline(_LONGEST_HEADER + 1):
            if len(line) > _LONGEST_HEADER:
                return None, f"the first line is longer than {_LONGEST_HEADER:,} bytes"
            if not _BLANK_END.fullmatch(line.removesuffix(b"\n")):
                return _MARKS.sub(b"", line.removesuffix(b"\n")).removesuffix(b"\r"), ""
    return None, ""


def _line_like(line: bytes) -> re.Pattern[bytes]:
    """What finds a line again, after a line end, with marks and a carriage return that are no part of it."""
    # The last carriage return is none: a line that ends in one has another after it.
    end = rb"\r" if line.endswith(b"\r") else rb"\r?"
    return re.compile(rb"\n(?:" + _BOM + rb")*" + re.escape(line) + end + rb"(?=\n)")


def _last_line(content: bytes, header: bytes) -> bytes:
    """What stands after the last line end; of a long line that is not blank no more than is needed to see that."""
    last = content[content.rfind(b"\n") + 1 :]
    is_short = len(_MARKS.sub(b"", last)) <= len(header) + 1
    return last if is_short or _BLANK_SO_FAR.fullmatch(last) else b"." * (len(header) + 2)


@contextmanager
def uncompressed(url: str) -> Iterator[IO[bytes]]:
    """A file's content, unpacked when its name ends in `.gz`."""
    with storage.reading(url) as stored:
        if url.endswith(".gz"):
            with gzip.GzipFile(fileobj=stored) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            yield stored


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _listed(folder: str) -> list[storage.Entry]:
    try:
        return storage.entries(folder)
    except OSError as error:
        raise _unreadable(error.filename or folder, str(error)) from error


def _has_suffix(name: str, suffixes: Sequence[str]) -> bool:
    return name.removesuffix(".gz").endswith(tuple(suffixes))


def _unreadable(url: str, why: str) -> PlatformError:
    return PlatformError(
        f"{url} cannot be read: {why}. Nothing was published. Deliver the file again, or rename it so that "
        "its name starts with '_' to leave it out."
    )
