"""What is told of failures and recovery, when, and to whom, whatever happens in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from hypothesis import event, given
from hypothesis import strategies as st

from platform_assets.automation.days import ALL, Span
from platform_assets.automation.notices import HOUR, STATES, News, Notice, Position, Report, State
from platform_assets_tests.automation.test_days import span

Answer = Literal["takes", "refuses", "loses"]
RECEIVERS = ("always there", "often away")
MINUTE = 60.0


def failed(table: str = "web/hits", days: Span = ALL, said: str = "broken", check: str = "") -> Report:
    return Report(table, days, "run", said, check)


def built(table: str = "web/hits", days: Span = ALL, check: str = "") -> Report:
    return Report(table, days, "other", check=check)


@dataclass
class Desk:
    """A sensor without a Dagster: it remembers nothing but JSON from one look to the next."""

    now: float = 1_000_000.0
    cursor: bytes = b"{}"
    got: dict[str, list[Notice]] = field(default_factory=lambda: {name: [] for name in RECEIVERS})
    receivers: tuple[str, ...] = RECEIVERS

    @property
    def state(self) -> State:
        return STATES.validate_json(self.cursor)

    def look(self, *reports: Report, minutes: float = 1, often_away: Answer = "takes") -> list[News]:
        """One look, after some minutes, and what the receiver that is always there gets."""
        self.now += minutes * MINUTE
        state = self.state.learned(reports, self.receivers, self.now)
        taken = {}
        for name in self.receivers:
            answer = often_away if name == "often away" else "takes"
            waiting = state.outbox[name]
            self.got[name] += {"takes": waiting, "refuses": (), "loses": waiting[:1]}[answer]
            taken[name] = len(waiting) if answer == "takes" else 0
        before = len(self.got["always there"])
        self.cursor = STATES.dump_json(state.sent(taken))
        newest = self.got["always there"][before - len(state.outbox["always there"]) :]
        return [news for notice in newest for news in notice.news]

    def news(self, name: str = "always there") -> list[tuple[float, News]]:
        """All news that a receiver got, with when they were found."""
        return [(notice.at, news) for notice in self.got[name] for news in notice.news]


def told(news: Iterable[News]) -> list[tuple[str, str, int]]:
    return [(one.newest.subject, one.days, one.times) for one in news]


def test_the_first_failure_is_told_at_once_and_a_storm_of_them_once_more_with_a_count() -> None:
    desk = Desk()
    assert told(desk.look(failed(days=span(1)))) == [("web/hits", "2026-01-02", 1)]
    for minute in range(24):
        assert desk.look(failed(days=span(1))) == [], minute
    assert told(desk.look(minutes=40)) == [("web/hits", "2026-01-02", 24)]
    assert desk.look(minutes=600) == []


def test_failures_that_are_found_together_are_one_notice_with_a_count() -> None:
    desk = Desk()
    assert told(desk.look(*[failed(days=span(1))] * 25)) == [("web/hits", "2026-01-02", 25)]
    assert desk.look(minutes=61) == []


def test_a_table_that_fails_again_after_an_hour_is_told_at_once() -> None:
    desk = Desk()
    desk.look(failed(days=span(1)))
    assert told(desk.look(failed(days=span(2)), minutes=60)) == [("web/hits", "2026-01-03, 2026-01-02", 1)]


def test_a_table_is_well_again_when_all_days_that_failed_are_built_in_whatever_parts() -> None:
    desk = Desk()
    desk.look(failed(days=span(1, 10)))
    assert desk.look(built(days=span(1, 4))) == []
    assert desk.look(built(days=span(8, 20))) == []
    (news,) = desk.look(built(days=span(5, 7)))
    assert (news.is_well, news.newest.run_id) == (True, "other")
    assert desk.look(minutes=61) == []
    assert desk.state.troubles == {}


def test_what_fails_and_is_built_between_two_looks_is_no_news() -> None:
    desk = Desk()
    assert desk.look(failed(days=span(1)), built(days=span(1))) == []
    assert desk.look(minutes=61) == []
    assert desk.state.troubles == {}
    assert told(desk.look(built(days=span(1)), failed(days=span(1)))) == [("web/hits", "2026-01-02", 1)]


def test_whoever_was_told_that_a_table_is_well_is_told_at_once_when_it_fails_again() -> None:
    desk = Desk()
    desk.look(failed())
    assert desk.look(failed()) == []
    assert [one.is_well for one in desk.look(built())] == [True]
    assert told(desk.look(failed())) == [("web/hits", "all rows", 1)]
    assert desk.look(failed()) == []
    assert told(desk.look(minutes=60)) == [("web/hits", "all rows", 1)]


def test_recovery_says_how_often_the_table_had_failed_meanwhile() -> None:
    desk = Desk()
    desk.look(failed())
    desk.look(failed(), failed())
    assert told(desk.look(built())) == [("web/hits", "", 2)]
    assert desk.look(minutes=61) == []


def test_a_check_is_told_of_beside_its_table_and_passes_again_by_itself() -> None:
    desk = Desk()
    check = failed(days=span(1), check="known_users")
    assert told(desk.look(check, built(days=span(1)))) == [("web/hits: known_users", "2026-01-02", 1)]
    assert told(desk.look(built(days=span(2), check="known_users"))) == [("web/hits: known_users", "", 0)]


def test_news_of_a_domain_go_together_and_those_of_others_by_themselves() -> None:
    desk = Desk()
    desk.look(failed("web/a"), failed("shop/a"), failed("web/b"))
    assert [[one.newest.table for one in notice.news] for notice in desk.got["always there"]] == [
        ["web/a", "web/b"],
        ["shop/a"],
    ]
    desk.look(built("web/a"), failed("web/c"))
    assert [[one.newest.table for one in notice.news] for notice in desk.got["always there"][2:]] == [
        ["web/a"],
        ["web/c"],
    ]


def test_a_receiver_that_is_away_for_long_gets_little_and_misses_nothing() -> None:
    desk = Desk()
    for number in range(500):
        desk.look(failed(f"web/t{number % 7}", span(number), "x" * 5000), minutes=61, often_away="refuses")
    assert len(desk.cursor) < 100_000
    desk.look(built("web/t0", span(0, 1000)))
    last = {news.newest.table: news for _, news in desk.news("often away")}
    assert last.keys() == {f"web/t{n}" for n in range(7)}
    assert last["web/t0"].is_well
    assert not last["web/t1"].is_well
    assert sum(news.times for _, news in desk.news("often away")) == 500
    assert sum(news.earlier + 1 for _, news in desk.news("often away")) == 501


def test_what_a_receiver_has_not_taken_is_for_the_one_that_comes_in_its_place() -> None:
    desk = Desk()
    desk.look(failed(), often_away="refuses")
    desk.receivers, desk.got["new"] = ("always there", "new"), []
    desk.look()
    assert told(news for _, news in desk.news("new")) == [("web/hits", "all rows", 1)]
    assert len(desk.got["always there"]) == 1
    desk.receivers, desk.got["newer"] = (*desk.receivers, "newer"), []
    desk.look()
    assert desk.got["newer"] == []


def test_days_that_are_followed_no_more_are_said_with_the_recovery() -> None:
    desk = Desk()
    desk.look(*(failed(days=span(2 * n)) for n in range(60)))
    (news,) = desk.look(built(days=span(20, 200)))
    assert (news.is_well, news.forgotten) == (True, 10)
    desk.look(failed(days=span(1)), minutes=61)
    (news,) = desk.look(built(days=span(1)))
    assert news.forgotten == 0


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_more_than_an_hour() -> None:
    desk = Desk()
    desk.look(failed())
    desk.look(failed(), minutes=-100_000)
    assert told(desk.look(minutes=60)) == [("web/hits", "all rows", 1)]


def test_after_a_long_pause_a_run_that_was_tried_again_and_went_well_is_no_news() -> None:
    desk = Desk()
    desk.look(failed())
    desk.look(built())
    assert desk.look(failed(), built(), minutes=600) == []


STEPS = st.lists(
    st.tuples(
        st.lists(
            st.builds(
                Report,
                st.sampled_from(["web/a", "web/b"]),
                st.tuples(st.integers(0, 6), st.integers(0, 3)).map(lambda pair: span(pair[0], sum(pair))),
                st.just("run"),
                st.sampled_from(["", "", "broken"]),
                st.sampled_from(["", "", "known"]),
            ),
            max_size=6,
        ),
        st.sampled_from([0.5, 1, 20, 45, 61]),
        st.sampled_from(["takes", "refuses", "loses"]),
    ),
    max_size=40,
)


@dataclass
class Model:
    """The days of a table, or of a check, that failed and were not built since, a set for each run of them."""

    broken: list[set[int]] = field(default_factory=list)

    def learn(self, report: Report) -> None:
        first = (report.span.first - span(0).first).days
        days = {first + n for n in range(report.span.days)}
        if report.said:
            self.broken = [one for one in self.broken if not days <= one]
        self.broken = [part for one in self.broken for part in parts(one - days)]
        if report.check and not report.said:
            self.broken = []
        self.broken += [days] if report.said else []


def parts(days: set[int]) -> list[set[int]]:
    found: list[set[int]] = []
    for one in sorted(days):
        if found and one - 1 in found[-1]:
            found[-1].add(one)
        else:
            found.append({one})
    return found


@given(STEPS)
def test_whatever_happens_all_receivers_learn_how_it_is_and_nobody_is_told_too_often(
    steps: Sequence[tuple[list[Report], float, Answer]],
) -> None:
    desk = Desk()
    models: dict[str, Model] = {}
    failures = 0
    answers = set()
    for reports, minutes, answer in steps:
        before = {subject: [news for _, news in desk.news() if news.newest.subject == subject] for subject in models}
        desk.look(*reports, minutes=minutes, often_away=answer)
        answers.add(answer)
        failures += sum(1 for one in reports if one.said)
        for one in reports:
            models.setdefault(one.subject, Model()).learn(one)
        for subject, model in models.items():
            history = [(at, news) for at, news in desk.news() if news.newest.subject == subject]
            believed = bool(history) and not history[-1][1].is_well
            # What is broken is told at once, and what is well again; more failures of what is broken once an hour.
            assert believed == bool(model.broken)
            for (earlier, one), (later, other) in pairwise(history):
                assert one.is_well or other.is_well or later - earlier >= HOUR
            assert len(history) - len(before.get(subject, [])) <= 1
    for _ in range(3):
        desk.look(minutes=61)
    for name in RECEIVERS:
        last = {news.newest.subject: news.is_well for _, news in desk.news(name)}
        assert {subject for subject, model in models.items() if model.broken} == {
            s for s, well in last.items() if not well
        }
    assert {s for s, _ in _last(desk, "always there")} == {s for s, _ in _last(desk, "often away")}
    assert sum(news.times for _, news in desk.news()) <= failures
    often_away = desk.got["often away"]
    assert sorted(often_away, key=lambda notice: notice.at) == often_away
    if "loses" not in answers:
        event("no answer was lost")
        for count in (lambda news: news.times, lambda news: news.earlier + 1):
            assert sum(count(n) for _, n in desk.news("often away")) == sum(count(n) for _, n in desk.news())


def _last(desk: Desk, name: str) -> set[tuple[str, bool]]:
    return {(news.newest.subject, news.is_well) for _, news in desk.news(name)}


def test_events_that_come_late_with_lower_numbers_are_looked_for_a_minute_long() -> None:
    position = Position(10).moved([(12, 1000.0), (14, 1001.0)], now=1002.0)
    assert position == Position(10, (12, 14))
    assert position.moved([(11, 1001.0), (12, 1000.0), (14, 1001.0)], now=1060.5) == Position(10, (11, 12, 14))
    assert position.moved([(12, 1000.0), (14, 1001.0)], now=1060.5) == Position(12, (14,))
    assert position.moved([(12, 1000.0), (14, 1001.0)], now=1100.0) == Position(14)


def test_of_events_from_a_clock_that_runs_ahead_no_more_than_some_hundreds_are_remembered() -> None:
    ahead = [(number, 10_000.0) for number in range(3000)]
    position = Position().moved(ahead, now=0.0)
    assert (position.after, len(position.seen)) == (2499, 500)


def test_of_a_long_sentence_the_beginning_is_told() -> None:
    (news,) = Desk().look(failed(said="a" * 10_000))
    assert 1000 <= len(news.newest.said) < 1100
    assert replace(news.newest, said="") == failed(said="")
