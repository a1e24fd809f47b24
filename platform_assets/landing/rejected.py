"""Some rejected rows as people can look at them: where in which file they stand, why they were rejected, their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import reduce
from hashlib import sha256
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.audit import Shown
from platform_assets.landing.content import unpacked
from platform_assets.landing.counts import FileCount, reasons_of
from platform_assets.landing.first_look import LandedFile
from platform_assets.masking import PERSONAL

_REASONS = 3
_ROWS_OF_A_REASON = 3
_FILES = 10
_IN_MESSAGE = 3
_LONGEST = 200
_CONTROLS = re.compile("[\x00-\x1f\x7f]")
_MARKS = re.compile(rb"\A(?:\xef\xbb\xbf)+")


@dataclass(frozen=True, order=True)
class Sample:
    """A rejected row; `line` counts from 1 in the unpacked file, 0 when it was not found there again."""

    day: date
    file: str
    line: int
    reasons: str
    text: str

    def __str__(self) -> str:
        """Where it stands, why it was rejected, and its text."""
        text = _CONTROLS.sub(lambda found: repr(found[0])[1:-1], self.text)
        line = f", line {self.line}" if self.line else ""
        return f"{self.day}/{self.file}{line}: {self.reasons}: {text}"


class Rows(NamedTuple):
    """The rows of a raw table, staged or published; with `hides_text` their text is shown to nobody."""

    frame: DataFrame
    hides_text: bool = False


def samples(rows: Rows, counts: Sequence[FileCount]) -> list[Sample]:
    """Some rejected rows of these files: of those with the most, for the reasons that are found most often."""
    worst = sorted((count for count in counts if count.rejected), key=lambda count: -count.rejected)[:_FILES]
    if not worst:
        return []
    of_files = F.lit(False)
    for count in worst:
        of_files |= (F.col("delivery_day") == F.lit(count.file.day)) & (F.col("source_file") == F.lit(count.file.name))
    text = F.lit(PERSONAL) if rows.hides_text else F.substring("raw", 1, _LONGEST)
    among = rows.frame.where(of_files).select(
        "delivery_day",
        "source_file",
        "violations",
        text.alias("text"),
        F.sha2("raw", 256).alias("hash"),
    )
    found = [
        among.where(F.array_contains("violations", rule)).limit(_ROWS_OF_A_REASON)
        for rule in list(reasons_of(worst))[:_REASONS]
    ]
    # A row that breaks two rules is found twice, and shown once.
    rejected = {
        (row["delivery_day"], row["source_file"], row["hash"]): (", ".join(row["violations"]), row["text"])
        for row in reduce(DataFrame.union, found).collect()
    }
    files = {(count.file.day, count.file.name): count.file for count in worst}
    lines = {
        key: _line_numbers(file, {digest for *place, digest in rejected if tuple(place) == key})
        for key, file in files.items()
    }
    return sorted(
        Sample(day, name, lines[day, name].get(digest, 0), reasons, text)
        for (day, name, digest), (reasons, text) in rejected.items()
    )


def _line_numbers(file: LandedFile, wanted: Iterable[str]) -> dict[str, int]:
    """Where lines stand in a file for the first time, by the hashes of their texts."""
    left, found = set(wanted), dict[str, int]()
    # The file may be gone by now, which must not hide what is wrong with it.
    with suppress(OSError), unpacked(file.url, file.size) as content:
        for number, line in enumerate(content.stream, 1):
            if not left:
                break
            text = _MARKS.sub(b"", line.removesuffix(b"\n")).removesuffix(b"\r")
            text = text if file.is_utf8 else text.decode("utf-8", "replace").encode()
            digest = sha256(text).hexdigest()
            if digest in left:
                found[digest] = number
                left.remove(digest)
    return found


def shown(samples: Sequence[Sample]) -> Shown:
    """Rejected rows as a table for people."""
    records = [(str(one.day), one.file, one.line, one.reasons, one.text) for one in samples]
    return Shown(("delivery day", "file", "line", "reasons", "text"), records)


def message(samples: Sequence[Sample]) -> str:
    """The first few, each on a line of its own, after the sentence that says what is wrong."""
    return "".join(f"\n      {sample}" for sample in samples[:_IN_MESSAGE])
