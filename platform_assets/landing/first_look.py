"""The first look at a delivered file, before any engine reads it: can it be read, how many lines has it, of what?"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.landing.content import unpacked

_CHUNK = 1 << 18
_BOM = b"\xef\xbb\xbf"
_LINE_END, _SPACE = b"\n "
_BLANK = rb"(?:" + _BOM + rb")*[ \t\r]*"
_MARKS = re.compile(rb"\A(?:" + _BOM + rb")+")
_LONGEST_HEADER = 1 << 16
_BLANK_LINE = re.compile(rb"\n" + _BLANK + rb"(?=\n)")
_BLANK_END = re.compile(_BLANK)
# A blank line as far as it goes; it may end within a byte order mark.
_BLANK_SO_FAR = re.compile(_BLANK + rb"|(?:" + _BOM + rb")*\xef\xbb?")


@dataclass(frozen=True)
class LandedFile:
    """One delivered file; `size` is in bytes as stored, `modified` and `tag` say which content that is.

    `lines` counts line ends (and a last line without one), `blank_lines` among them. `header` is the first line
    that is not blank, where the format has one, and `headers` how often it stands in the file; `no_header` says why
    that line can be none. `is_as_named` is false of files whose name hides how they are packed, and `content` is the
    hash of what they unpack to, `sha256` that of the file as stored. `rejected` says why the file was rejected whole,
    `missing` and `extra` which columns its header lacks and has beyond the feed's, `copy_of` whose content it has.
    """

    day: date
    name: str
    url: str
    size: int = 0
    modified: datetime | None = None
    tag: str = ""
    lines: int = 0
    blank_lines: int = 0
    is_utf8: bool = True
    is_as_named: bool = True
    content: str = ""
    sha256: str = ""
    header: str | None = None
    headers: int = 0
    no_header: str = ""
    rejected: str = ""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    copy_of: str = ""

    @property
    def place(self) -> str:
        """Its day and its name, as people are shown them."""
        return f"{self.day}/{self.name}"

    @property
    def rows(self) -> int:
        """Lines that are neither blank nor the header."""
        return self.lines - self.blank_lines - (self.header is not None)


def look(file: LandedFile, *, has_header: bool = False) -> LandedFile:
    """Read a file once, in chunks; raises `PlatformError`, naming it, when it cannot be read to its end."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, blank, headers, is_utf8, begun, content = 0, 0, 0, True, b"", hashlib.sha256()
    try:
        header, no_header = _first_line(file) if has_header else (None, "")
        again = _line_like(header or b"")
        with unpacked(file.url, file.size) as opened:
            while chunk := opened.stream.read(_CHUNK):
                content.update(chunk)
                after_an_end = b"\n" + begun + chunk
                ended, may_be_blank = _line_ends(after_an_end)
                lines += ended
                blank += len(_BLANK_LINE.findall(after_an_end)) if may_be_blank else 0
                headers += len(again.findall(after_an_end)) if header and header in after_an_end else 0
                begun = _last_line(after_an_end, header or b"")
                is_utf8 = is_utf8 and _decodes(decoder, chunk)
            is_as_named = opened.is_as_named(file.name)
            sha256 = sha256_of(file.url) if opened.layers else content.hexdigest()
    except OSError as error:
        raise unreadable(file.url, str(error) or type(error).__name__) from error
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
        is_as_named=is_as_named,
        content=content.hexdigest(),
        sha256=sha256,
        header=text,
        headers=headers,
        no_header=no_header,
    )


def sha256_of(url: str) -> str:
    """The hash of a file as stored."""
    found = hashlib.sha256()
    with storage.reading(url) as stored:
        while chunk := stored.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _first_line(file: LandedFile) -> tuple[bytes | None, str]:
    """The first line that is not blank, without what is no part of it; or none, and why it can be no header."""
    with unpacked(file.url, file.size) as opened:
        while line := opened.stream.readline(_LONGEST_HEADER + 1):
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


def _line_ends(after_an_end: bytes) -> tuple[int, bool]:
    """How many lines end in what stands after a line end, and whether any begins as only blank lines may begin."""
    # Two gigabytes take the regular expression a second longer.
    codes = np.frombuffer(after_an_end, np.uint8)
    ends = np.flatnonzero(codes == _LINE_END)
    first = codes[ends[:-1] + 1]
    return len(ends) - 1, bool(((first <= _SPACE) | (first == _BOM[0])).any())


def _last_line(content: bytes, header: bytes) -> bytes:
    """What stands after the last line end; of a long line that is not blank no more than is needed to see that."""
    last = content[content.rfind(b"\n") + 1 :]
    is_short = len(_MARKS.sub(b"", last)) <= len(header) + 1
    return last if is_short or _BLANK_SO_FAR.fullmatch(last) else b"." * (len(header) + 2)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    if chunk.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def unreadable(url: str, why: str) -> PlatformError:
    """The error for what lies in a delivery and cannot be read."""
    return PlatformError(
        f"{url} cannot be read: {why}. Nothing was published. Deliver the file again, or rename it so that "
        "its name starts with '_' to leave it out."
    )
