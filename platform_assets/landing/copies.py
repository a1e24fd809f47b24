"""Files of a feed that have the content of another: which of them is the one that counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from platform_assets.lake.tables.made import FileRead
from platform_assets.landing.first_look import LandedFile


class Place(NamedTuple):
    """Where a file was delivered; places that sort first were delivered first."""

    day: date
    name: str

    def __str__(self) -> str:
        return f"{self.day}/{self.name}"


def first_of_each(files: Iterable[tuple[Place, str]]) -> dict[str, Place]:
    """The place that was delivered first of each content, of files at places with contents."""
    first: dict[str, Place] = {}
    for place, content in files:
        first[content] = min(place, first.get(content, place))
    return first


def contents_read(files: Mapping[date, Iterable[FileRead]]) -> list[tuple[Place, str]]:
    """The contents of files that raw tables have read, by delivery day, but of those that are no feed's at all."""
    return [
        (Place(day, file.name), file.content)
        for day, its in files.items()
        for file in its
        if file.rows and file.content and (file.copy_of or not file.reason)
    ]


def contents_landed(files: Iterable[LandedFile]) -> list[tuple[Place, str]]:
    """The same of files in landing."""
    return [(Place(file.day, file.name), file.content) for file in files if file.rows and not file.rejected]
