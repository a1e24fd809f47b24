"""Which days of a table another reads for one of its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal, NamedTuple

import dagster as dg

from platform_assets.lake.tables.days import WHOLE, span_text

_DAY = timedelta(days=1)
Kind = Literal["day", "day before", "days before", "all days", "whole table", "versions"]
"""How a parameter is read: the same day, the one before, all before, all that are published, or a table without days,
of which a day can join some `versions` only.
"""


class Span(NamedTuple):
    """Days of a table, both ends included, as records name them."""

    first: date
    last: date

    def __str__(self) -> str:
        if self.first == ALL.first:
            return "all days" if self.last == ALL.last else f"days until {self.last}"
        return span_text(*self)

    def has(self, day: date) -> bool:
        """Whether a day is among them."""
        return self.first <= day <= self.last


ALL = Span(date.min + _DAY, date.max)
"""All days that a table has."""


class Reading(NamedTuple):
    """What a parameter of an asset's function reads: the table, its key as text, its first day, and which days of it.

    What reads without parameters, such as the tables of files, has an empty one.
    """

    parameter: str
    key: dg.AssetKey
    name: str
    first_day: date
    kind: Kind

    def due(self, span: Span, days: Collection[date], *, of_itself: bool) -> list[date]:
        """Those of the table's days that are due and are read for a span; of its own days before only the last.

        That one is made from all the others, and so is due when one of them is.
        """
        if self.kind in ("whole table", "versions"):
            return [WHOLE] if WHOLE in days else []
        if span.first == span.last or of_itself:
            return [span.last] if span.last in days else []
        return [day for day in days if span.has(day)]

    def span(self, day: date) -> Span | None:
        """The days that are read for a day; None for none, such as the one before the first."""
        if self.kind == "whole table":
            return Span(WHOLE, WHOLE)
        if self.kind == "all days":
            return ALL
        if self.kind == "versions":
            return Span(day, day)
        if self.kind == "day":
            return Span(day, day) if day >= self.first_day else None
        if day <= self.first_day:
            return None
        return Span(ALL.first if self.kind == "days before" else day - _DAY, day - _DAY)
