"""Where a platform's tables of telemetry are not what plain Python makes of the deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from platform_assets_tests.support.feed_oracle import Row, comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.telemetry import oracle
from platform_assets_tests.support.telemetry.raw import comparable_value


def unlike(
    platform: Platform,
    delivered: Deliveries,
    days: Sequence[date],
    *,
    first_day: date,
    only: Iterable[str] = oracle.TABLES,
    **words: Any,
) -> list[str]:
    """The tables, or those `only`, that are not what the oracle makes of the deliveries; `words` are its settings."""
    expected = oracle.tables(delivered, days, first_day=first_day, **words)
    return [
        f"telemetry/{name}"
        for name in only
        if comparable_rows(name, platform.rows(f"telemetry/{name}")) != comparable_rows(name, expected[name])
    ]


def comparable_rows(name: str, rows: Iterable[Row]) -> list[str]:
    """A table's rows, the platform's or the oracle's, as sorted text without what does not count."""
    as_compared: dict[str, Callable[[Row], Row]] = {
        "raw_readings": _raw_row,
        "truck_hours": lambda row: {column: value for column, value in row.items() if value is not None},
        "pauses": lambda row: row | {"recent": sorted(map(_values, row["recent"]), key=str)},
    }
    return comparable(map(as_compared.get(name, dict), rows))


def _raw_row(row: Row) -> Row:
    """Of a rejected line not its readings; of all others the readings and rejected ones in any order."""
    kept = {column: value for column, value in row.items() if column != "written_as"}
    readings = rejected = None
    if not row["violations"]:
        readings = sorted(_readings(row), key=str)
        rejections = map(_values, row["rejected_readings"])
        rejected = sorted([name, comparable_value(value), reason] for name, value, reason in rejections)
    return kept | {"readings": readings, "rejected_readings": rejected}


def _readings(row: Row) -> list[list[Any]]:
    """Each reading: its sensor, how its line writes that, and its value."""
    if "written_as" in row:
        return [[one.sensor, name, *one[1:]] for one, name in zip(row["readings"], row["written_as"], strict=True)]
    # The platform's say so themselves, where it is not the same.
    return [
        [one["name"], one["written_as"] or one["name"], one["value"], one["value_text"], one["value_type"]]
        for one in row["readings"]
    ]


def _values(struct: Any) -> list[Any]:
    """The values of a struct, as an Arrow table or the oracle has it."""
    return list(struct.values() if isinstance(struct, dict) else struct)
