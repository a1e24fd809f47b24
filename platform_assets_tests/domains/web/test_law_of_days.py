"""The law of days: however days are split into runs, and however often they are run, the tables are the same."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, differences, in_any_order, rows_of, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.web import oracle

FIRST = date(2026, 1, 1)
DELIVERIES = 4
# The last delivery may bring events of the day after it.
DAYS = [FIRST + timedelta(days=n) for n in range(DELIVERIES + 1)]
RAW = "web/raw_events"
HITS = "web/user_web_hits"
STATISTICS = ("web/aggregated_web_stats", "web/aggregated_web_page_stats")
SESSIONS = ("web/open_sessions", "web/sessions")
# Half an hour is what parts sessions, one second more opens a new one.
CLOCKS = ("00:00:00", "00:15:00", "00:15:01", "10:59:59", "23:29:59", "23:30:00", "23:45:00", "23:59:59")

Line = dict[str, Any]


@st.composite
def _lines(draw: st.DrawFn, delivery: int) -> list[Line]:
    """Events of a delivery: of its own day, late ones, copies with small differences, and rejected ones."""

    def event() -> Line:
        day = FIRST + timedelta(days=draw(st.integers(-1 if draw(st.integers(0, 9)) == 0 else 0, delivery + 1)))
        return {
            "event_id": draw(st.sampled_from([f"e{n}" for n in range(12)])),
            "user": {"id": draw(st.integers(1, 3)), "session_id": draw(st.sampled_from(("s1", "s2", None)))},
            "action": draw(st.sampled_from(("view", "view", "click", ""))),
            "url": draw(st.sampled_from(("https://www.x.org/a/b", "x.org", "www.x.org/c?d", "/e"))),
            "timestamp": f"{day:%d/%m/%Y} {draw(st.sampled_from(CLOCKS))}",
        }

    return [event() for _ in range(draw(st.integers(0, 12)))]


_deliveries = st.tuples(
    *[st.fixed_dictionaries({"b.json": _lines(n)}, optional={"a.json": _lines(n)}) for n in range(DELIVERIES)]
)


@settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(deliveries=_deliveries, ranges=in_any_order(DAYS), in_order=splits(DAYS), again=tails(DAYS))
def test_any_split_into_runs_gives_the_tables_of_one_run_over_all_days(
    engine: Engine,
    deliveries: tuple[dict[str, list[Line]], ...],
    ranges: list[Range],
    in_order: list[Range],
    again: list[Range],
) -> None:
    delivered = {
        day: {name: "".join(f"{json.dumps(line)}\n" for line in lines).encode() for name, lines in files.items()}
        for day, files in zip(DAYS, deliveries, strict=False)
    }
    raw = rows_of(delivered, partial(oracle.raw_rows, start=FIRST))
    hits = oracle.hits(raw)
    rows = {
        RAW: raw,
        HITS: hits,
        STATISTICS[0]: oracle.statistics(hits, "url_level1"),
        STATISTICS[1]: oracle.statistics(hits, "url_level1", "url_level2"),
        SESSIONS[0]: oracle.open_sessions(hits, DAYS),
        SESSIONS[1]: oracle.sessions(hits, DAYS),
    }

    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words = {"landing": str(landing), "reject_share": 1.0}
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        deliver(landing, "web_events", delivered)

        run(whole, [(DAYS[0], DAYS[-1])], rows)
        assert differences(whole, rows) == []

        run(parts, ranges, [RAW])
        run(parts, ranges, [HITS, *STATISTICS])
        run(parts, in_order, SESSIONS)
        assert differences(parts, rows) == []
        run(parts, again, rows)
        assert differences(parts, rows) == []
