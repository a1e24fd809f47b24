"""What rows of a database's table are replaced by: a day, or a month, which its newest day stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import pyspark.sql.types as T


@dataclass(frozen=True)
class Daily:
    """Each day of a run replaces the rows of that day, which is in `column`, a date."""

    column: str
    what: ClassVar[str] = "day"
    dtype: ClassVar[T.DataType] = T.DateType()

    def of(self, day: date) -> str:
        """The period of a day, as text."""
        return day.isoformat()


@dataclass(frozen=True)
class Monthly:
    """A run of any day of a month replaces its rows by those of the newest day of it that is published.

    The month is in `column`, a text such as `2026-01`. It is for tables that show on each day what is true of the
    month so far.
    """

    column: str
    what: ClassVar[str] = "month"
    dtype: ClassVar[T.DataType] = T.StringType()

    def of(self, day: date) -> str:
        """The period of a day, as text."""
        return f"{day:%Y-%m}"


Period = Daily | Monthly


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
