"""Landing files for benchmarks: any number of web events, a little of them dirty, written by DuckDB."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

FIRST_DAY = date(2026, 1, 2)

# Of 1000 events: 5 delivered twice, 1 malformed, 1 without an action, 1 in month 13, 1 with a number as url.
_LINES = """
SELECT CASE
    WHEN i % 1000 = 7 THEN '{"event_id": "' || i || '", "user": {"id": '
    ELSE format(
        '{{"event_id": "{}", "user": {{"session_id": "{}", "id": {}, "ip": "10.0.{}.{}"}}, ' ||
            '{} "url": {}, "timestamp": "{}"}}',
        893479324983 + i - CASE WHEN i % 200 = 3 THEN 1 ELSE 0 END,
        i // 7, (i * 7919) % 100003, i % 256, (i // 256) % 256,
        CASE WHEN i % 1000 = 11 THEN ''
            ELSE '"action": "' || ['page_view', 'claim', 'button_click'][1 + i % 3] || '",' END,
        CASE WHEN i % 1000 = 13 THEN '55'
            ELSE '"https://www.site' || (i % 5) || '.example/section' || (i * 31 % 50)
                || '/item' || (i * 17 % 1000) || '?q=' || (i % 10) || '"' END,
        CASE WHEN i % 1000 = 17 THEN '05/13/2026 10:00:00'
            ELSE strftime(TIMESTAMP '{day}' + to_seconds((i * 13) % 86400), '%d/%m/%Y %H:%M:%S') END
    ) END
FROM range({first}, {last}) AS t(i)
"""


def write_events(feed: Path, rows: int, days: int = 1) -> None:
    """Write `rows` events in all, delivered on the day they happened, over `days` days from `FIRST_DAY` on."""
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        folder = feed / day.isoformat()
        folder.mkdir(parents=True)
        first, last = rows * number // days, rows * (number + 1) // days
        lines = _LINES.replace("{day}", day.isoformat()).replace("{first}", str(first)).replace("{last}", str(last))
        duckdb.sql(
            f"COPY ({lines}) TO '{folder / 'events.jsonl'}' "
            "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x01')"
        )
