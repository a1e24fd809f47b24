"""The law of days: however days are split into runs, and however often they are run, the tables are the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engine import Engine
from platform_assets_tests.engines import examples
from platform_assets_tests.platform import Platform
from platform_assets_tests.web import oracle

FIRST = date(2026, 1, 1)
DELIVERIES = 4
# The last delivery may bring events of the day after it.
DAYS = [FIRST + timedelta(days=n) for n in range(DELIVERIES + 1)]
RAW = "web/raw_events"
DERIVED = ("web/user_web_hits", "web/aggregated_web_stats", "web/aggregated_web_page_stats")
EVENT_TABLES = " or ".join(f'key:"{table}"' for table in DERIVED)

Range = tuple[date, date]
Line = dict[str, Any]


@st.composite
def _lines(draw: st.DrawFn, delivery: int) -> list[Line]:
    """Events of a delivery: of its own day, late ones, copies with small differences, and rejected ones."""

    def event() -> Line:
        day = FIRST + timedelta(days=draw(st.integers(-1 if draw(st.integers(0, 9)) == 0 else 0, delivery + 1)))
        return {
            "event_id": draw(st.sampled_from(("e1", "e2", "e3", "e4", "e5"))),
            "user": {"id": draw(st.integers(1, 3)), "session_id": draw(st.sampled_from(("s1", "s2", None)))},
            "action": draw(st.sampled_from(("view", "view", "click", ""))),
            "url": draw(st.sampled_from(("https://www.x.org/a/b", "x.org", "www.x.org/c?d", "/e"))),
            "timestamp": f"{day:%d/%m/%Y} {draw(st.sampled_from(('00:00:00', '10:59:59', '23:59:59')))}",
        }

    return [event() for _ in range(draw(st.integers(0, 12)))]


_deliveries = st.tuples(
    *[st.fixed_dictionaries({"b.json": _lines(n)}, optional={"a.json": _lines(n)}) for n in range(DELIVERIES)]
)


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    deliveries=_deliveries,
    raw_ranges=in_any_order(DAYS),
    ranges=in_any_order(DAYS),
    in_order=splits(DAYS),
    again=st.integers(0, len(DAYS) - 1).flatmap(lambda first: splits(DAYS[first:]) if DAYS[first + 1 :] else st.just([(DAYS[-1], DAYS[-1])])),
)
def test_any_split_into_runs_gives_the_tables_of_one_run_over_all_days(
    engine: Engine,
    deliveries: tuple[dict[str, list[Line]], ...],
    raw_ranges: list[Range],
    ranges: list[Range],
    again: list[Range],
) -> None:
    with TemporaryDirectory() as folder:
        landing = str(Path(folder) / "landing")
        whole = Platform(Path(folder) / "whole", landing=landing, reject_share=1.0)
        parts = Platform(Path(folder) / "parts", landing=landing, reject_share=1.0)
        expected = []
        for day, files in zip(DAYS, deliveries, strict=False):
            for name, lines in files.items():
                content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
                path = Path(landing) / "web_events" / day.isoformat() / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                expected += oracle.raw_rows(content, day, name, start=FIRST)

        _run(whole, [(DAYS[0], DAYS[-1])], f'key:"{RAW}" or {EVENT_TABLES}')
        _run(parts, raw_ranges, RAW)
        _run(parts, ranges, EVENT_TABLES)
        _run(parts, again, f'key:"{RAW}" or {EVENT_TABLES}')

        for table in (RAW, *DERIVED):
            assert parts.rows(table) == whole.rows(table)
        hits = oracle.hits(expected)
        assert oracle.comparable(whole.rows(RAW)) == oracle.comparable(expected)
        assert oracle.comparable(whole.rows(DERIVED[0])) == oracle.comparable(hits)
        statistics = oracle.statistics(hits, "url_level1")
        assert oracle.comparable(whole.rows(DERIVED[1])) == oracle.comparable(statistics)
