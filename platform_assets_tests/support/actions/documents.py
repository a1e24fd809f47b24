"""The documents of the actions domain a second time, from the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from platform_assets_tests.support.feed_oracle import Row

WINDOWS = (
    *("window_start", "window_end", "open", "close", "total_actions"),
    *("average_actions", "opens_per_minute", "closes_per_minute"),
)
TOP_WINDOWS = ("rank", "window_start", "window_end", "open", "close")


def text(rows: Iterable[Row], day: date, columns: tuple[str, ...]) -> str:
    """The CSV of a day's rows, sorted by their first column."""
    own = sorted((row for row in rows if row["day"] == day), key=lambda row: row[columns[0]])
    lines = [columns, *([_cell(row[name]) for name in columns] for row in own)]
    return "".join(",".join(line) + "\n" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
