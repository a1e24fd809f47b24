"""A feed: its folder in landing, the formats of its files, and how its lines become fields, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.errors import DeclarationError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.copies import Place, contents_landed, first_of_each
from platform_assets.landing.deliveries import Delivered, FeedFolder, Landed, delivered, has_suffix, landed
from platform_assets.landing.first_look import LandedFile
from platform_assets.landing.headers import Header
from platform_assets.landing.lines import read_lines, union

FORMAT = "format"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class Format(Protocol):
    """A file format: its name, the suffixes of its files, whether they begin with a header, and how a line is read.

    `header` says of a file's first line what it lacks, and what it has that no column is for.

    `read` gives the lines' frame two structs of the raw columns' names: `text` (each field's value as text, NULL when
    absent, null or empty) and `mistyped` (true where a field's value has a type that it must not have), and
    `malformed` (the line is not of the format) and `extra_fields` (names of fields that no column is for). Its `header`
    is that of the file that the lines are from, None where it has none.
    """

    @property
    def name(self) -> str: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    @property
    def has_header(self) -> bool: ...
    def header(self, header: str, columns: Sequence[ColumnSpec]) -> Header: ...
    def read(
        self, engine: Engine, lines: DataFrame, columns: Sequence[ColumnSpec], header: str | None
    ) -> DataFrame: ...


@dataclass(frozen=True)
class Feed:
    """What is delivered to `<landing>/<name>/<day>/`: files of one or more formats, told apart by their suffixes.

    With `whole_files`, a file is rejected whole when its header lacks a column that is required, or cannot be read, or
    when it is of another suffix; without, all lines of such a file are rejected, and files of other suffixes are left
    out. With `once`, a content counts once: a file with that of another, which was delivered on a day before, or on the
    same day under a name that sorts first, is rejected whole.

    Raises `DeclarationError` for a name that cannot be that of one folder.
    """

    name: str
    formats: tuple[Format, ...]
    once: bool = False
    whole_files: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(f"A feed cannot be named {self.name!r}: its name is that of its folder in landing.")
        if not isinstance(self.formats, tuple) or not self.formats:
            raise DeclarationError(f"The feed {self.name} has formats={self.formats!r}: write a tuple, such as (CSV,).")

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of all files of the feed."""
        return tuple(chain.from_iterable(each.suffixes for each in self.formats))

    @property
    def headed(self) -> tuple[str, ...]:
        """The suffixes of the files that begin with a header."""
        return tuple(chain.from_iterable(each.suffixes for each in self.formats if each.has_header))

    def folder(self, landing: str) -> FeedFolder:
        """Where its deliveries lie."""
        return FeedFolder(storage.absolute(landing), self.name, self.suffixes, every_file=self.whole_files)

    def delivered(self, landing: str, until: date) -> dict[date, Delivered]:
        """What lies in landing for each day up to one of them; raises `PlatformError` when landing is not there."""
        return delivered(self.folder(landing), until)

    def landed(
        self,
        landing: str,
        days: Sequence[date],
        columns: Sequence[ColumnSpec],
        first_day: date = date.min,
        others: Sequence[tuple[Place, str]] = (),
    ) -> Landed:
        """The feed's deliveries; a file's header is only kept where it can be read by it.

        Folders of days before the first are none. `others` are the contents of files that were delivered on other days,
        which count for feeds that take a content `once`. Raises `PlatformError` for files that cannot be read.
        """
        found = landed(self.folder(landing), days, self.headed, first_day)
        files = [self._looked_at(file, columns) for file in found.files]
        wrong = {file.place: file.no_header for file in files if file.no_header and not file.rejected}
        if self.once:
            first = first_of_each([*others, *contents_landed(files)])
            files = [_as_copy(file, first) for file in files]
        accepted = [file for file in files if not file.rejected]
        return replace(
            found,
            files=tuple(file for file in accepted if file.rows),
            without_rows=tuple(file for file in accepted if not file.rows),
            rejected=tuple(file for file in files if file.rejected),
            without_header=wrong,
        )

    def read(self, engine: Engine, files: Sequence[LandedFile], columns: Sequence[ColumnSpec], room: str) -> DataFrame:
        """The rows of the files: what `read_lines` and the file's format say, and the format's name as `format`."""
        parts: dict[tuple[Format, str | None], list[LandedFile]] = {}
        for file in files:
            parts.setdefault((self._format(file), file.header), []).append(file)
        frames = []
        for number, ((each, header), group) in enumerate(parts.items()):
            lines = read_lines(engine, group, storage.join(room, str(number)))
            rows = each.read(engine, lines, columns, header)
            frames.append(rows.withColumn(FORMAT, F.lit(each.name)))
        return union(frames)

    def _looked_at(self, file: LandedFile, columns: Sequence[ColumnSpec]) -> LandedFile:
        """A file with what its header says, and why it is rejected whole, if it is."""
        if not has_suffix(file.name, self.suffixes):
            return replace(file, lines=0, blank_lines=0, rejected=f"its suffix is none of {', '.join(self.suffixes)}")
        if file.header is None:
            return replace(file, rejected=file.no_header if self.whole_files else "")
        found = self._format(file).header(file.header, columns)
        if self.whole_files:
            return replace(file, rejected=found.problem, missing=found.missing, extra=found.extra)
        return replace(file, header=None, no_header=found.problem) if found.problem else file

    def _format(self, file: LandedFile) -> Format:
        return next(each for each in self.formats if has_suffix(file.name, each.suffixes))


def _as_copy(file: LandedFile, first: Mapping[str, Place]) -> LandedFile:
    """A file, rejected whole when another is the first of its content."""
    if file.rejected or not file.rows or first[file.content] == (file.day, file.name):
        return file
    place = str(first[file.content])
    return replace(file, rejected=f"its content was delivered before, as {place}", copy_of=place)
