"""Landed files as a DataFrame of text lines, each with where it came from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.content import unpacked
from platform_assets.landing.first_look import LandedFile

LINE = "line"
_BOM = "\ufeff"
# More files than this are too many to read each by itself, if they are no larger than this (bytes).
_MANY = 4
_SMALL = 1 << 20
_FILES_OF_A_BUNDLE = 64
_MOST_BUNDLES = 8
_BAD = "not UTF-8"


def read_lines(engine: Engine, files: Sequence[LandedFile], room: str) -> DataFrame:
    """Every line that is not blank (spaces, tabs): line, not_utf8 (boolean), delivery_day, source_file.

    Only a line feed ends a line; a carriage return at its end, and byte order marks at its start (files that were
    joined have them inside), are no part of it. In `room`, a folder of the run, are bundled: files that are not UTF-8,
    their bad bytes replaced by U+FFFD, those packed otherwise than their names say, and the small ones among very
    many. All files have the same header, which is no line of them (only where it stands once more, it is one), or
    none has any.
    """
    session = engine.session  # an engine that cannot be had says so before anything is written
    largest_bundled = _SMALL if len(files) > _MANY else -1
    bundled = [file for file in files if not _is_for_engines(file) or file.size <= largest_bundled]
    alone = [file.url for file in files if _is_for_engines(file) and file.size > largest_bundled]
    parts = [_whole(text) for text in engine.texts(alone)]
    parts += [_bundle(text) for text in engine.texts(_write_bundles(bundled, room))]
    whole = union(parts)
    # All marks: Spark takes one off a file's start before anybody sees it (workaround: spark-marks-at-the-start).
    ended = whole.withColumn(LINE, F.ltrim("value", F.lit(_BOM))).drop("value")
    line = F.col(LINE)
    line = F.when(line.endswith("\r"), F.substring(line, F.lit(1), F.length(line) - 1)).otherwise(line)
    lines = ended.where(F.btrim(LINE, F.lit(" \t\r")) != "").withColumn(LINE, line)
    return lines if files[0].header is None else _without_header(session, lines, files)


def _is_for_engines(file: LandedFile) -> bool:
    """Whether every engine reads a file alike: what it unpacks by its name, and text as UTF-8."""
    return file.is_utf8 and file.is_as_named


def _without_header(session: SparkSession, lines: DataFrame, files: Sequence[LandedFile]) -> DataFrame:
    """The lines of files but their header; lines have no order, so that all like it go and the others come back."""
    others = lines.where(F.col(LINE) != F.lit(files[0].header))
    again = [(file.day, file.name, file.header, file.headers - 1) for file in files if file.headers > 1]
    if not again:
        return others
    counted = session.createDataFrame(again, f"delivery_day date, source_file string, {LINE} string, times int")
    each = counted.withColumn("number", F.explode(F.sequence(F.lit(1), F.col("times"))))
    return others.unionByName(each.withColumn("not_utf8", F.lit(False)).select(*others.columns))


def _whole(text: DataFrame) -> DataFrame:
    """The lines of delivered files as they are, which lie in a folder of their day."""
    return text.select(
        "value",
        F.lit(False).alias("not_utf8"),
        F.col("folder").cast("date").alias("delivery_day"),
        F.col("name").alias("source_file"),
    )


def _bundle(text: DataFrame) -> DataFrame:
    """A bundle's lines: what `_write_bundle` put before each, and the line itself."""
    day, name, bad = (F.split_part("value", F.lit("\t"), F.lit(part)) for part in (1, 2, 3))
    return text.select(
        F.expr("substring(value, length(substring_index(value, '\t', 3)) + 2)").alias("value"),
        (bad == _BAD).alias("not_utf8"),
        day.cast("date").alias("delivery_day"),
        name.alias("source_file"),
    )


def union(frames: list[DataFrame]) -> DataFrame:
    """All rows of frames with the same columns, by a balanced tree: a chain of a thousand would overflow the stack.

    (workaround: connect-deep-plans)
    """
    while len(frames) > 1:
        pairs = zip(frames[::2], frames[1::2], strict=False)
        frames = [left.union(right) for left, right in pairs] + frames[len(frames) & ~1 :]
    return frames[0]


def _write_bundles(files: Sequence[LandedFile], room: str) -> list[str]:
    count = min(_MOST_BUNDLES, math.ceil(len(files) / _FILES_OF_A_BUNDLE))
    groups = [files[first::count] for first in range(count)]
    urls = [storage.join(room, f"{number}.txt") for number in range(count)]
    with ThreadPoolExecutor(_MOST_BUNDLES) as pool:
        return list(pool.map(_write_bundle, groups, urls))


def _write_bundle(files: Sequence[LandedFile], url: str) -> str:
    """Write the lines of many files into one, each after its delivery day, its file and what is wrong with it.

    No file has a tab in its name, and no engine reads thousands of files as fast as one.
    """
    with storage.writing(url) as bundle:
        for file in files:
            good, bad = (f"{file.day}\t{file.name}\t{verdict}\t".encode() for verdict in ("", _BAD))
            with unpacked(file.url, file.size) as content:
                for line in content.stream:
                    whole = line if line.endswith(b"\n") else line + b"\n"
                    if file.is_utf8 or _is_utf8(whole):
                        bundle.write(good + whole)
                    else:
                        bundle.write(bad + whole.decode("utf-8", "replace").encode())
    return url


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
