"""Landed files as a DataFrame of text lines, each with where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake import storage
from platform_assets.lake.engine import Engine
from platform_assets.landing.deliveries import LandedFile, uncompressed

LINE = "line"
_BOM = "\ufeff"


def read_lines(engine: Engine, files: Sequence[LandedFile], room: str) -> DataFrame:
    """Every line that is not blank (spaces, tabs): line, not_utf8 (boolean), delivery_day, source_file.

    Only a line feed ends a line; a carriage return at its end, and byte order marks at its start (files that were
    joined have them inside), are no part of it. Files that are not UTF-8 are rewritten in `room`, a folder of the
    run, their bad bytes replaced by U+FFFD.
    """
    parts = _delivered(engine, [file for file in files if file.is_utf8])
    spoiled = [file for file in files if not file.is_utf8]
    for number, file in enumerate(spoiled):
        parts += _repaired(engine, file, storage.join(room, str(number)))
    whole = _union(parts)
    # All marks: Spark takes one off a file's start before anybody sees it.
    ended = whole.withColumn(LINE, F.ltrim("value", F.lit(_BOM))).drop("value")
    line = F.col(LINE)
    line = F.when(line.endswith("\r"), F.substring(line, F.lit(1), F.length(line) - 1)).otherwise(line)
    return ended.withColumn(LINE, line).where(F.length(F.btrim(LINE, F.lit(" \t\r"))) > 0)


def _delivered(engine: Engine, files: Sequence[LandedFile]) -> list[DataFrame]:
    if not engine.knows_files:
        return [_text(engine, file.url, file.name, file.day, not_utf8=False) for file in files]
    if not files:
        return []
    text = engine.session.read.option("lineSep", "\n").text([engine.file(file.url) for file in files])
    # The path is a URL, in which a plus sign is one.
    path = F.url_decode(F.replace("_metadata.file_path", F.lit("+"), F.lit("%2B")))
    day, name = F.split_part(path, F.lit("/"), F.lit(-2)), F.split_part(path, F.lit("/"), F.lit(-1))
    not_utf8 = F.lit(False)
    return [
        text.select(
            "value", not_utf8.alias("not_utf8"), F.to_date(day).alias("delivery_day"), name.alias("source_file")
        )
    ]


def _repaired(engine: Engine, file: LandedFile, room: str) -> list[DataFrame]:
    good, bad = _repair(file, room)
    return [
        _text(engine, good, file.name, file.day, not_utf8=False),
        _text(engine, bad, file.name, file.day, not_utf8=True),
    ]


def _text(engine: Engine, url: str, name: str, day: date, *, not_utf8: bool) -> DataFrame:
    text = engine.session.read.option("lineSep", "\n").text(engine.file(url))
    return text.select(
        "value",
        F.lit(not_utf8).alias("not_utf8"),
        F.lit(day).alias("delivery_day"),
        F.lit(name).alias("source_file"),
    )


def _union(frames: list[DataFrame]) -> DataFrame:
    """A balanced tree of unions: a chain of a thousand would overflow the stack."""
    while len(frames) > 1:
        pairs = zip(frames[::2], frames[1::2], strict=False)
        frames = [left.union(right) for left, right in pairs] + frames[len(frames) & ~1 :]
    return frames[0]


def _repair(file: LandedFile, room: str) -> tuple[str, str]:
    """Write the good and the bad lines of a file apart, as UTF-8; the engine stops at the first bad byte."""
    good, bad = storage.join(room, "good.txt"), storage.join(room, "bad.txt")
    with uncompressed(file.url) as content, storage.writing(good) as good_lines, storage.writing(bad) as bad_lines:
        for line in content:
            try:
                line.decode("utf-8")
                good_lines.write(line)
            except UnicodeDecodeError:
                bad_lines.write(line.decode("utf-8", "replace").encode("utf-8"))
    return good, bad
