"""Landing files for benchmarks: any number of readings of trucks' sensors on one day, written by DuckDB."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from platform_assets_tests.benchmarks.data import AS_TEXT

LINE = 20
"""Readings of a line; fewer where there are fewer sensors, and in the last line."""
_MILLISECONDS = 86_400_000


def write_day(path: Path, day: date, *, trucks: int, sensors: int, readings: int, seed: int) -> int:
    """Write so many readings of one day as lines of JSON to a file, in the order of their times.

    Args:
        path: the file, whose folder is created when it does not exist.
        day: the day of all readings.
        trucks: how many trucks there are; each line is of any of them.
        sensors: how many sensors there are, named from `s_000` on; each line has any 20 of them.
        readings: the exact number of readings, no two of them of one truck, sensor and time.
        seed: chooses trucks, times, sensors and values.

    Returns:
        The number of readings.

    Raises:
        ValueError: a number is less than 1, or the day has fewer milliseconds than there are lines.
    """
    if min(trucks, sensors, readings) < 1:
        raise ValueError(f"there must be trucks, sensors and readings, not {trucks}, {sensors} and {readings}")
    size = min(LINE, sensors)
    lines = -(-readings // size)
    if lines > _MILLISECONDS:
        raise ValueError(f"{lines:,} lines are more than the day has milliseconds")
    pause = _MILLISECONDS // lines
    # A line's sensors are drawn from as many equal parts of all as it has readings, one from each: none comes twice.
    first, after = f"part * {sensors} // {size}", f"(part + 1) * {sensors} // {size}"
    # No two lines have the same time, so none of their readings is a copy.
    query = f"""
        SELECT concat(
            '{{"truck_id": "T-', format('{{:04d}}', hash({seed}, i, 'truck') % {trucks} + 1), '", "timestamp": "',
            strftime(
                TIMESTAMP '{day}' + to_milliseconds(i * {pause} + (hash({seed}, i, 'time') % {pause})::BIGINT),
                '%Y-%m-%dT%H:%M:%S.%gZ'
            ),
            '", "readings": {{',
            array_to_string(
                list_transform(
                    list_transform(
                        range(least({size}, {readings} - i * {size})),
                        lambda part: {first} + (hash({seed}, i, part) % ({after} - {first}))::BIGINT
                    ),
                    lambda sensor: concat('"s_', format('{{:03d}}', sensor), '": ', {_value(seed)})
                ),
                ', '
            ),
            '}}}}'
        )
        FROM range({lines}) AS t(i)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"COPY ({query}) TO '{path}' {AS_TEXT}")
    return readings


def _value(seed: int) -> str:
    """Return the SQL of a sensor's value as JSON: of 20 sensors one has texts, two booleans and the others numbers.

    A number has 3 to 6 significant digits, the last of them not 0; how many there are, and how many of them stand after
    the point, follows from the sensor's number.
    """
    drawn = f"(hash({seed}, i, sensor, 'value') // 2)::BIGINT"
    least = "[10, 100, 1000, 10000][1 + sensor % 4]"  # of the digits before the last
    return f"""
        CASE sensor % 20
            WHEN 7 THEN concat('"', ['P', 'N', 'R', 'D', 'low', 'ok'][1 + {drawn} % 6], '"')
            WHEN 3 THEN if({drawn} % 3 = 0, 'true', 'false')
            WHEN 13 THEN if({drawn} % 10 = 0, 'false', 'true')
            ELSE (
                (10 * ({least} + {drawn} // 9 % (9 * {least})) + 1 + {drawn} % 9)
                / [10, 100, 1000][1 + sensor // 4 % 3]
            )::VARCHAR
        END
    """
