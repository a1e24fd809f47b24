"""Sessions cut day by day: small frames that a reader can check by eye, and that every event is in one session."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from hashlib import md5
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.sessions import Sessions, duration_seconds, is_open, open_at_the_end
from platform_assets_tests.support.engines import examples

VISITS = Sessions(
    user="who", time="at", item=("host", "page"), event="hit", events="hits", distinct="pages", items="visited"
)
EVENTS = pa.schema(
    {
        "day": pa.date32(),
        "who": pa.string(),
        "at": pa.timestamp("us", "UTC"),
        "host": pa.string(),
        "page": pa.string(),
    }
)
OPEN = (
    "day date, session_id string, who string, started_at timestamp, ended_at timestamp, hits bigint, pages bigint, "
    "visited array<struct<host:string,page:string,hits:bigint>>"
)
GAP = 1200

Row = dict[str, Any]


def january(day: int) -> date:
    return date(2026, 1, day)


def at(text: str) -> datetime:
    """A time as `1 23:40:00`, of January 2026."""
    day, clock = text.split(" ")
    return datetime.fromisoformat(f"2026-01-{int(day):02}T{clock}+00:00")


def frame(engine: Engine, *lines: str) -> DataFrame:
    """Events, each written as `user day clock host page`; `-` is NULL."""
    rows = []
    for line in lines:
        who, day, clock, *item = line.split(" ")
        host, page = (None if cell == "-" else cell for cell in item or ("h", "p"))
        rows.append({"day": january(int(day)), "who": who, "at": at(f"{day} {clock}"), "host": host, "page": page})
    if not rows:
        return engine.session.createDataFrame([], "day date, who string, at timestamp, host string, page string")
    return engine.session.createDataFrame(pa.Table.from_pylist(rows, EVENTS))


def nothing(engine: Engine) -> DataFrame:
    """No open sessions: what the first day goes on from."""
    return engine.session.createDataFrame([], OPEN)


class Cut:
    """The sessions that days close, and those open at the end of each; `before` is the run of the days before."""

    def __init__(
        self, engine: Engine, first: int, last: int, *lines: str, gap: int = GAP, before: Cut | None = None
    ) -> None:
        events, days = frame(engine, *lines), [january(day) for day in range(first, last + 1)]
        known = nothing(engine) if before is None else before.open_frame.where(f"day = DATE '{january(first - 1)}'")
        self.open_frame: DataFrame = VISITS.left_open(events, known, gap=gap, days=days)
        self.closed_frame = VISITS.closed(events, known, gap=gap, days=days)
        self.closed = _sorted(self.closed_frame)
        self.open = _sorted(self.open_frame)


def _sorted(rows: DataFrame) -> list[Row]:
    return sorted(rows.toArrow().to_pylist(), key=lambda row: (row["day"], row["who"], row["started_at"]))


def spans(rows: list[Row]) -> list[str]:
    """Each as `day user start > end hits/pages`."""
    return [
        f"{row['day'].day} {row['who']} {_short(row['started_at'])} > {_short(row['ended_at'])} "
        f"{row['hits']}/{row['pages']}"
        for row in rows
    ]


def _short(time: datetime) -> str:
    written = f"{time.astimezone(timezone.utc):%d %H:%M:%S.%f}"
    return written.removeprefix("0").removesuffix(".000000")


def test_the_gap_itself_stays_in_a_session_and_a_second_more_opens_a_new_one(engine: Engine) -> None:
    cut = Cut(engine, 1, 1, "ann 1 10:00:00", "ann 1 10:20:00", "ann 1 10:40:01")
    assert spans(cut.closed) == ["1 ann 1 10:00:00 > 1 10:20:00 2/1", "1 ann 1 10:40:01 > 1 10:40:01 1/1"]
    assert cut.open == []


def test_a_microsecond_more_than_the_gap_opens_a_new_session_and_times_keep_their_microseconds(engine: Engine) -> None:
    times = ("10:00:00.000001", "10:20:00.000001", "10:40:00.000001", "11:00:00.000002")
    cut = Cut(engine, 1, 1, *(f"ann 1 {time}" for time in times))
    assert spans(cut.closed) == [
        "1 ann 1 10:00:00.000001 > 1 10:40:00.000001 3/1",
        "1 ann 1 11:00:00.000002 > 1 11:00:00.000002 1/1",
    ]


def test_events_at_the_same_time_are_in_one_session_whatever_their_order(engine: Engine) -> None:
    lines = ["ann 1 10:00:00 h a", "ann 1 10:00:00 h b", "ann 1 10:00:00 h a", "ann 1 10:20:00 h a"]
    expected = ["1 ann 1 10:00:00 > 1 10:20:00 4/2"]
    assert spans(Cut(engine, 1, 1, *lines).closed) == expected
    assert spans(Cut(engine, 1, 1, *reversed(lines)).closed) == expected


def test_each_user_has_sessions_of_their_own(engine: Engine) -> None:
    cut = Cut(engine, 1, 1, "ann 1 10:00:00", "bob 1 10:10:00", "ann 1 10:15:00", "bob 1 10:31:00")
    assert spans(cut.closed) == [
        "1 ann 1 10:00:00 > 1 10:15:00 2/1",
        "1 bob 1 10:10:00 > 1 10:10:00 1/1",
        "1 bob 1 10:31:00 > 1 10:31:00 1/1",
    ]


def test_a_session_over_midnight_is_open_on_its_first_day_and_closes_on_the_second(engine: Engine) -> None:
    lines = ("ann 1 10:00:00 h x", "ann 1 23:50:00 h a", "ann 1 23:59:59 h b", "ann 2 00:10:00 h b")
    closed = ["1 ann 1 10:00:00 > 1 10:00:00 1/1", "2 ann 1 23:50:00 > 2 00:10:00 3/2"]
    whole = Cut(engine, 1, 2, *lines)
    assert spans(whole.closed) == closed
    assert spans(whole.open) == ["1 ann 1 23:50:00 > 1 23:59:59 2/2"]
    first = Cut(engine, 1, 1, *lines[:3])
    second = Cut(engine, 2, 2, *lines[3:], before=first)
    assert first.open == whole.open
    assert first.closed + second.closed == whole.closed
    assert second.open == []


def test_a_session_over_three_midnights_grows_day_by_day_and_keeps_its_identity(engine: Engine) -> None:
    gap = 12 * 3600
    days = {
        1: ["ann 1 20:00:00 h a"],
        2: ["ann 2 02:00:00 h a", "ann 2 14:00:00 h b"],
        3: ["ann 3 02:00:00 h a", "ann 3 14:00:00 h c"],
        4: ["ann 4 01:00:00 h b", "ann 4 13:00:01 h b"],
    }
    expected = [
        "1 ann 1 20:00:00 > 1 20:00:00 1/1",
        "2 ann 1 20:00:00 > 2 14:00:00 3/2",
        "3 ann 1 20:00:00 > 3 14:00:00 5/3",
        "4 ann 4 13:00:01 > 4 13:00:01 1/1",
    ]
    whole = Cut(engine, 1, 4, *(line for lines in days.values() for line in lines), gap=gap)
    assert spans(whole.open) == expected
    assert spans(whole.closed) == ["4 ann 1 20:00:00 > 4 01:00:00 6/3"]
    assert {row["session_id"] for row in whole.open[:3]} == {whole.closed[0]["session_id"]}
    assert whole.open[2]["visited"] == [
        {"host": "h", "page": "a", "hits": 3},
        {"host": "h", "page": "b", "hits": 1},
        {"host": "h", "page": "c", "hits": 1},
    ]
    cut = None
    for day, lines in days.items():
        cut = Cut(engine, day, day, *lines, gap=gap, before=cut)
        assert cut.open == [row for row in whole.open if row["day"].day == day]
        assert cut.closed == [row for row in whole.closed if row["day"].day == day]


@pytest.mark.parametrize(
    ("late", "early", "open_first", "closed"),
    [
        # The gap ends at midnight, and what happens then belongs to the session.
        ("23:40:00", "00:00:00", "1 ann 1 23:40:00 > 1 23:40:00 1/1", ["2 ann 1 23:40:00 > 2 00:00:00 2/1"]),
        # A microsecond less, and no event of the next day can continue it.
        (
            "23:39:59.999999",
            "00:00:00",
            None,
            ["1 ann 1 23:39:59.999999 > 1 23:39:59.999999 1/1", "2 ann 2 00:00:00 > 2 00:00:00 1/1"],
        ),
        (
            "23:40:00",
            "00:00:00.000001",
            "1 ann 1 23:40:00 > 1 23:40:00 1/1",
            ["2 ann 1 23:40:00 > 1 23:40:00 1/1", "2 ann 2 00:00:00.000001 > 2 00:00:00.000001 1/1"],
        ),
        (
            "23:59:59",
            "00:19:59",
            "1 ann 1 23:59:59 > 1 23:59:59 1/1",
            ["2 ann 1 23:59:59 > 2 00:19:59 2/1"],
        ),
    ],
)
def test_midnight_is_an_instant_like_any_other(
    engine: Engine, late: str, early: str, open_first: str | None, closed: list[str]
) -> None:
    lines = (f"ann 1 {late}", f"ann 2 {early}")
    whole = Cut(engine, 1, 2, *lines)
    assert spans(whole.open) == [open_first] * (open_first is not None)
    assert spans(whole.closed) == closed
    first = Cut(engine, 1, 1, lines[0])
    second = Cut(engine, 2, 2, lines[1], before=first)
    assert first.open + second.open == whole.open
    assert first.closed + second.closed == whole.closed


def test_a_session_may_begin_exactly_at_the_midnight_of_the_first_day(engine: Engine) -> None:
    cut = Cut(engine, 1, 1, "ann 1 00:00:00", "ann 1 00:20:00")
    assert spans(cut.closed) == ["1 ann 1 00:00:00 > 1 00:20:00 2/1"]


def test_an_item_of_yesterday_again_counts_on_and_is_no_new_one(engine: Engine) -> None:
    first = Cut(engine, 1, 1, "ann 1 23:40:00 h a", "ann 1 23:50:00 h b", "ann 1 23:50:00 h b")
    assert first.open[0]["visited"] == [{"host": "h", "page": "a", "hits": 1}, {"host": "h", "page": "b", "hits": 2}]
    lines = ("ann 2 00:05:00 h b", "ann 2 00:06:00 h c")
    second = Cut(engine, 2, 2, *lines, before=first)
    assert spans(second.closed) == ["2 ann 1 23:40:00 > 2 00:06:00 5/3"]
    still = Cut(engine, 2, 2, *lines, gap=86400, before=first)
    assert spans(still.open) == ["2 ann 1 23:40:00 > 2 00:06:00 5/3"]
    assert still.open[0]["visited"] == [
        {"host": "h", "page": "a", "hits": 1},
        {"host": "h", "page": "b", "hits": 3},
        {"host": "h", "page": "c", "hits": 1},
    ]


def test_null_in_an_item_is_a_value_of_its_own_at_its_place(engine: Engine) -> None:
    lines = ["ann 1 23:50:00 - x", "ann 1 23:51:00 x -", "ann 1 23:52:00 - -", "ann 1 23:53:00 - x"]
    first = Cut(engine, 1, 1, *lines)
    assert spans(first.open) == ["1 ann 1 23:50:00 > 1 23:53:00 4/3"]
    visited = Counter({(one["host"], one["page"]): one["hits"] for one in first.open[0]["visited"]})
    assert visited == {(None, "x"): 2, ("x", None): 1, (None, None): 1}
    more = ("ann 2 00:00:00 x -", "ann 2 00:01:00 x x")
    second = Cut(engine, 2, 2, *more, before=first)
    assert spans(second.closed) == ["2 ann 1 23:50:00 > 2 00:01:00 6/4"]
    assert Cut(engine, 1, 2, *lines, *more).closed == second.closed


def test_an_empty_text_in_an_item_is_not_null(engine: Engine) -> None:
    cells: tuple[str | None, ...] = ("", None)
    rows = [
        {"day": january(1), "who": "ann", "at": at("1 23:50:00"), "host": a, "page": b} for a in cells for b in cells
    ]
    events = engine.session.createDataFrame(pa.Table.from_pylist(rows, EVENTS))
    (still,) = _sorted(VISITS.left_open(events, nothing(engine), gap=GAP, days=[january(1)]))
    (closed,) = _sorted(VISITS.closed(events, nothing(engine), gap=GAP, days=[january(1), january(2)]))
    assert (still["pages"], closed["pages"]) == (4, 4)


def test_a_user_who_vanishes_has_a_session_that_closes_once_as_it_was(engine: Engine) -> None:
    first = Cut(engine, 1, 1, "ann 1 23:50:00 h a", "ann 1 23:55:00 h b", "bob 1 12:00:00")
    second = Cut(engine, 2, 2, "bob 2 12:00:00", before=first)
    assert spans(second.closed) == ["2 ann 1 23:50:00 > 1 23:55:00 2/2", "2 bob 2 12:00:00 > 2 12:00:00 1/1"]
    assert second.open == []
    third = Cut(engine, 3, 3, before=second)
    assert third.closed == third.open == []


def test_a_gap_of_a_whole_day_goes_on_from_midnight_to_midnight(engine: Engine) -> None:
    lines = [f"ann {day} 00:00:00" for day in (1, 2, 3)]
    whole = Cut(engine, 1, 5, *lines, gap=86400)
    assert spans(whole.open) == [
        "1 ann 1 00:00:00 > 1 00:00:00 1/1",
        "2 ann 1 00:00:00 > 2 00:00:00 2/1",
        "3 ann 1 00:00:00 > 3 00:00:00 3/1",
    ]
    assert spans(whole.closed) == ["4 ann 1 00:00:00 > 3 00:00:00 3/1"]
    cut = None
    for day in range(1, 6):
        cut = Cut(engine, day, day, *lines[day - 1 : day], gap=86400, before=cut)
        assert cut.open == [row for row in whole.open if row["day"].day == day]
        assert cut.closed == [row for row in whole.closed if row["day"].day == day]


def test_a_session_is_known_by_who_and_since_when_and_stays_so_when_others_change(engine: Engine) -> None:
    identity = md5(b"ann|2026-01-01T23:50:00Z").hexdigest()
    few = Cut(engine, 1, 2, "ann 1 23:50:00", "ann 2 12:00:00")
    many = Cut(engine, 1, 2, "ann 1 12:00:00", "bob 1 23:50:00", "ann 1 23:50:00", "ann 2 00:01:00", "ann 2 12:30:00")
    for cut in (few, many):
        (still,) = [row for row in cut.open if row["who"] == "ann"]
        assert still["session_id"] == identity
        assert [row["session_id"] for row in cut.closed if row["started_at"] == still["started_at"]].count(
            identity
        ) == 1
    assert len({row["session_id"] for row in many.closed}) == len(many.closed) == 4


def test_sessions_a_fraction_of_a_second_apart_have_identities_of_their_own(engine: Engine) -> None:
    cut = Cut(engine, 1, 1, "ann 1 10:00:00.5", "ann 1 10:00:01.500001", "ann 1 10:00:02.500002", gap=1)
    assert len({row["session_id"] for row in cut.closed}) == len(cut.closed) == 3


def test_of_no_events_there_are_no_sessions(engine: Engine) -> None:
    cut = Cut(engine, 1, 3)
    assert cut.closed == cut.open == []


def test_a_duration_is_the_whole_seconds_between_first_and_last(engine: Engine) -> None:
    lines = (
        "ann 1 10:00:00.9",
        "ann 1 10:00:01.1",
        "bob 1 10:00:00",
        "bob 1 10:20:00",
        "cem 1 23:59:59",
        "cem 2 00:00:01",
    )
    rows = Cut(engine, 1, 2, *lines).closed_frame.withColumn("seconds", duration_seconds()).toArrow().to_pylist()
    assert {row["who"]: row["seconds"] for row in rows} == {"ann": 0, "bob": 1200, "cem": 2}


def test_what_was_open_at_the_end_of_a_day_can_be_asked_of_any_list_of_sessions(engine: Engine) -> None:
    cut = Cut(engine, 1, 2, "ann 1 23:39:59", "bob 1 23:40:00", "cem 2 23:40:00")
    listed = cut.closed_frame.where(is_open(january(1), GAP))
    assert spans(_sorted(listed)) == ["2 bob 1 23:40:00 > 1 23:40:00 1/1"]
    hits = open_at_the_end("hits").replace("{last}", "2026-01-02")
    assert cut.open_frame.selectExpr(hits).toArrow().to_pydict().popitem()[1] == [1]


MIDNIGHTS = tuple(
    datetime(2026, 1, day, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    for day in (2, 3, 4)
    for seconds in (-1201, -1200, -1199, -1, 0, 1, 1200, 1201)
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=st.lists(
        st.tuples(st.sampled_from(("ann", "bob")), st.sampled_from(MIDNIGHTS), st.sampled_from(("a", "b"))),
        max_size=25,
    ),
    second_run=st.integers(2, 4),
)
def test_every_event_is_in_one_session_that_has_closed_or_is_open_at_the_end(
    engine: Engine, events: list[tuple[str, datetime, str]], second_run: int
) -> None:
    def lines(first: int, last: int) -> list[str]:
        return [f"{who} {time.day} {time:%H:%M:%S} h {page}" for who, time, page in events if first <= time.day <= last]

    first = Cut(engine, 1, second_run - 1, *lines(1, second_run - 1))
    second = Cut(engine, second_run, 4, *lines(second_run, 4), before=first)
    found = first.closed + second.closed + [row for row in second.open if row["day"] == january(4)]

    def of(session: Row) -> list[str]:
        span = session["started_at"], session["ended_at"]
        return [page for who, time, page in events if who == session["who"] and span[0] <= time <= span[1]]

    assert [(row["hits"], row["pages"]) for row in found] == [(len(of(row)), len(set(of(row)))) for row in found]
    assert sum(row["hits"] for row in found) == len(events)
    assert len({row["session_id"] for row in found}) == len(found)
