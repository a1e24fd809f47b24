"""Hypothesis strategies for deliveries of web events: late ones, copies with small differences, and rejected ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries

# Half an hour is what parts sessions, one second more opens a new one.
CLOCKS = ("00:00:00", "00:15:00", "00:15:01", "10:59:59", "23:29:59", "23:30:00", "23:45:00", "23:59:59")
FILES = ("a.json", "b.json")


@st.composite
def _events(draw: st.DrawFn, first: date, delivery: int) -> list[dict[str, Any]]:
    """Events of a delivery: of its own day, late ones, copies with small differences, and rejected ones."""

    def event() -> dict[str, Any]:
        day = first + timedelta(days=draw(st.integers(-1 if draw(st.integers(0, 9)) == 0 else 0, delivery + 1)))
        return {
            "event_id": draw(st.sampled_from([f"e{n}" for n in range(12)])),
            "user": {"id": draw(st.integers(1, 3)), "session_id": draw(st.sampled_from(("s1", "s2", None)))},
            "action": draw(st.sampled_from(("view", "view", "click", ""))),
            "url": draw(st.sampled_from(("https://www.x.org/a/b", "x.org", "www.x.org/c?d", "/e"))),
            "timestamp": f"{day:%d/%m/%Y} {draw(st.sampled_from(CLOCKS))}",
        }

    return [event() for _ in range(draw(st.integers(0, 12)))]


@st.composite
def deliveries(draw: st.DrawFn, days: Sequence[date]) -> Deliveries:
    """The files of each delivery day: one always, at times another."""
    found: Deliveries = {}
    for number, day in enumerate(days):
        for name in FILES[: draw(st.integers(1, 2))]:
            lines = draw(_events(days[0], number))
            found.setdefault(day, {})[name] = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    return found
