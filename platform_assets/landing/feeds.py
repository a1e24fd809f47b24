"""A feed: its folder in landing, the formats of its files, and how its lines become fields, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from platform_assets.landing.deliveries import Delivered, FeedFolder, Landed, delivered, has_suffix, landed
from platform_assets.landing.first_look import LandedFile
from platform_assets.landing.lines import read_lines, union

FORMAT = "format"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class Format(Protocol):
    """A file format: its name, the suffixes of its files, whether they begin with a header, and how a line is read.

    `read` gives the lines' frame two structs of the raw columns' names: `text` (each field's value as text, NULL when
    absent, null or empty) and `mistyped` (true where a field's value has a type that it must not have), and
    `malformed` (the line is not of the format) and `extra_fields` (names of fields that no column is for). `header`
    is the header of the file that the lines are from, NULL where it has none.
    """

    @property
    def name(self) -> str: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    @property
    def has_header(self) -> bool: ...
    def wrong_header(self, header: str, columns: Sequence[ColumnSpec]) -> str: ...
    def read(
        self, engine: Engine, lines: DataFrame, columns: Sequence[ColumnSpec], header: str | None
    ) -> DataFrame: ...


@dataclass(frozen=True)
class Feed:
    """What is delivered to `<landing>/<name>/<day>/`: files of one or more formats, told apart by their suffixes.

    Raises `DeclarationError` for a name that cannot be that of one folder.
    """

    name: str
    formats: tuple[Format, ...]

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

    def delivered(self, landing: str, until: date) -> dict[date, Delivered]:
        """What lies in landing for each day up to one of them; raises `PlatformError` when landing is not there."""
        return delivered(FeedFolder(storage.absolute(landing), self.name, self.suffixes), until)

    def landed(
        self, landing: str, days: Sequence[date], columns: Sequence[ColumnSpec], first_day: date = date.min
    ) -> Landed:
        """The feed's deliveries; a file's header is only kept where it can be read by it.

        Folders of days before the first are none. Raises `PlatformError` for files that cannot be read.
        """
        folder = FeedFolder(storage.absolute(landing), self.name, self.suffixes)
        found = landed(folder, days, self.headed, first_day)
        wrong = {file.place: said for file in found.files if (said := self._wrong_header(file, columns))}
        files = [replace(file, header=None) if file.place in wrong else file for file in found.files]
        return replace(
            found,
            files=tuple(file for file in files if file.rows),
            without_rows=tuple(file for file in files if not file.rows),
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

    def _wrong_header(self, file: LandedFile, columns: Sequence[ColumnSpec]) -> str:
        if file.header is None:
            return file.no_header
        return self._format(file).wrong_header(file.header, columns)

    def _format(self, file: LandedFile) -> Format:
        return next(each for each in self.formats if has_suffix(file.name, each.suffixes))
