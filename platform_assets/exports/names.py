"""The name of a document's files: one for each day, or one for each value of the columns in braces."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from platform_assets.errors import DeclarationError

_LONGEST = 255


@dataclass(frozen=True)
class FileName:
    """A name such as `pages.csv`, `stats_{year}.json` or `month={month}/store={store}/data.parquet`.

    Raises `DeclarationError`, with the name, for one that cannot be followed.
    """

    pattern: str

    def __post_init__(self) -> None:
        if said := self._wrong():
            raise DeclarationError(f"{self.pattern}: {said}")

    @cached_property
    def _parts(self) -> list[str]:
        """What stands before, in and after braces, by turns."""
        return re.split(r"\{([^{}]*)\}", self.pattern)

    @property
    def fields(self) -> list[str]:
        """The columns in braces."""
        return self._parts[1::2]

    @property
    def suffix(self) -> str:
        """What the name ends in, without a dot; empty when that is in braces, or there is nothing."""
        suffix = posixpath.splitext(self.pattern)[1][1:]
        return suffix if suffix.isalnum() else ""

    def of(self, values: Sequence[str]) -> str:
        """The name for some values of the columns."""
        parts = list(self._parts)
        parts[1::2] = values
        return "".join(parts)

    def is_one(self, name: str) -> bool:
        """Whether a file below a day's folder has such a name."""
        if not self.fields:
            return name == self.pattern
        return bool(self._form.fullmatch(name)) and not any(part.startswith(".") for part in name.split("/"))

    def refused(self, values: Sequence[str | None]) -> tuple[str, str] | None:
        """The column whose value can be no part of a file's name, and why; None when all can."""
        for column, value in zip(self.fields, values, strict=True):
            if value is None:
                return column, "NULL"
            if value in ("", ".", "..") or re.search(r"[/\x00-\x1f\x7f]", value):
                return column, repr(value)
        found = dict(zip(self.fields, map(str, values), strict=True))
        for part in map(FileName, self.pattern.split("/")):
            name = part.of([found[column] for column in part.fields])
            # A hidden file is none to most readers; longer names no disk has.
            if name.startswith(".") or len(name.encode()) > _LONGEST:
                column = max(part.fields, key=lambda column: len(found[column]))
                return column, repr(found[column])
        return None

    @cached_property
    def _form(self) -> re.Pattern[str]:
        texts = map(re.escape, self._parts[::2])
        return re.compile("[^/]+".join(texts))

    def _wrong(self) -> str:
        texts, fields = self._parts[::2], self.fields
        if any(brace in text for text in texts for brace in "{}"):
            return "a brace is not closed, or not opened: write a column as {column}"
        if wrong := [field for field in fields if not field.isidentifier()]:
            return f"{{{wrong[0]}}} is no column: write its name alone, of letters, digits and _"
        if twice := [field for field in fields if fields.count(field) > 1]:
            return f"{{{twice[0]}}} is in it twice: once tells the files apart"
        if fields and "" in texts[1:-1]:
            return "nothing stands between two columns, so that the values of two files could give one name: put - or /"
        if fields and any(part in ("", "..") or part.startswith(".") for part in self.pattern.split("/")):
            return (
                "it is to lie below the day's folder and not to be hidden: no part of it may be empty or begin with ."
            )
        return ""
