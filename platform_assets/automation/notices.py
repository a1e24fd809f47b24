"""What people are told of tables and checks, and what is remembered for it: pure, and folded so that it stays little.

The first failure of a table is told at once. More of them within the hour are counted, and told as one when it is over.
When everything that has failed is built again, or the check passes, that is told, too, and the next failure is a first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from platform_assets.automation.days import Span, few, narrowed, said_of, without

HOUR = 60 * 60.0
# A notice is no log: whoever wants more follows its link.
_MOST_LETTERS = 1000
# Of notices that a receiver has not taken so many are kept as they are.
_MOST_NOTICES = 20
# Others may commit events late, of lower numbers than those that were read already. So long they are looked for.
_SETTLING_SECONDS = 60.0
_MOST_SEEN = 500


@dataclass(frozen=True)
class Report:
    """What a run has found of a table on some days: what is wrong, or nothing when it was built.

    With a `check`, it is about that check of the table; `warns` says that it stops nothing.
    """

    table: str
    span: Span
    run_id: str
    said: str = ""
    check: str = ""
    warns: bool = False

    @property
    def subject(self) -> str:
        """The table, or the check of it."""
        return f"{self.table}: {self.check}" if self.check else self.table


@dataclass(frozen=True)
class News:
    """What is told of a table or a check: the newest report, and the `days` on which it is broken, none when well.

    It has failed so many `times` since it was told of before. `earlier` news of it are left out, as the receiver did
    not take them in time; so many days that had failed before are `forgotten`.
    """

    newest: Report
    days: str
    times: int
    earlier: int = 0
    forgotten: int = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing of it is broken."""
        return not self.days

    def after(self, before: News | None) -> News:
        """The same in place of both."""
        if before is None:
            return self
        return replace(self, times=self.times + before.times, earlier=self.earlier + before.earlier + 1)


@dataclass(frozen=True)
class Notice:
    """Some news that are sent together, and when they were found (seconds since 1970)."""

    at: float
    news: tuple[News, ...]


@dataclass(frozen=True)
class Trouble:
    """What is remembered of a table or a check that has failed: the days that are not mended, and what was told.

    `times` counts the failures that were not told yet, `told_at` is when the last ones were, None before any.
    """

    newest: Report
    spans: tuple[Span, ...] = ()
    forgotten: int = 0
    times: int = 0
    told_at: float | None = None

    def after(self, report: Report) -> Trouble:
        """The same with one more report."""
        if report.said:
            spans, forgotten = few(narrowed(self.spans, report.span))
            short = replace(report, said=_cut(report.said))
            forgotten += self.forgotten
            return replace(self, newest=short, spans=spans, forgotten=forgotten, times=self.times + 1)
        # A check is well when it passes, as the UI shows it: which days it was about, nobody knows.
        spans = () if report.check else without(self.spans, report.span)
        return replace(self, spans=spans, newest=self.newest if spans else report)

    def told(self, now: float) -> tuple[News | None, Trouble | None]:
        """What is to be told of it now, and what is remembered of it then: None when there is no more to it."""
        news = News(self.newest, said_of(self.spans), self.times, forgotten=0 if self.spans else self.forgotten)
        if not self.spans:
            # What has failed and was mended before anybody was told is no news.
            return (news if self.told_at is not None else None), None
        if self.times and not self._is_recent(now):
            return news, replace(self, times=0, told_at=now)
        return None, self

    def as_of(self, now: float) -> Trouble:
        """The same before anything new is learned."""
        # A clock that was set back must keep nobody waiting.
        return replace(self, told_at=None if self.told_at is None else min(self.told_at, now))

    def _is_recent(self, now: float) -> bool:
        return self.told_at is not None and now - self.told_at < HOUR


@dataclass(frozen=True)
class Position:
    """How far the events of runs were read: all up to the number `after`, and of those behind it the ones `seen`."""

    after: int = -1
    seen: tuple[int, ...] = ()

    def moved(self, done: Iterable[tuple[int, float]], now: float) -> Position:
        """The position after these events were read: numbers and times, in order, all that there are up to the last."""
        waiting = list(done)
        after = self.after
        while waiting and (len(waiting) > _MOST_SEEN or now - waiting[0][1] > _SETTLING_SECONDS):
            after = waiting.pop(0)[0]
        return Position(after, tuple(number for number, _ in waiting))


@dataclass(frozen=True)
class State:
    """All that is remembered from one look to the next.

    `runs` is how far events were read, `checks` the number of the last check that was made by no run. The `outbox` has
    of each receiver, by its name, what it has not taken yet.
    """

    runs: Position = Position()
    checks: int = -1
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    outbox: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)

    def learned(self, reports: Iterable[Report], receivers: Collection[str], now: float) -> State:
        """The state after some reports, in their order, with what is now to be sent to the receivers."""
        troubles = {subject: trouble.as_of(now) for subject, trouble in self.troubles.items()}
        for report in reports:
            trouble = troubles.get(report.subject)
            if trouble or report.said:
                troubles[report.subject] = (trouble or Trouble(report)).after(report)
        told = {subject: trouble.told(now) for subject, trouble in troubles.items()}
        left = {subject: rest for subject, (_, rest) in told.items() if rest}
        notices = _together([news for news, _ in told.values() if news], now)
        outbox = {name: _folded((*its, *notices)) for name, its in self._outboxes(receivers).items()}
        return replace(self, troubles=left, outbox=outbox)

    def sent(self, numbers: Mapping[str, int]) -> State:
        """The state after each receiver has taken so many of its first notices."""
        return replace(self, outbox={name: its[numbers.get(name, 0) :] for name, its in self.outbox.items()})

    def _outboxes(self, receivers: Collection[str]) -> Mapping[str, tuple[Notice, ...]]:
        """What each receiver has not taken; what is for one that is gone is for those that have come in its place."""
        orphans = [notice for name, its in self.outbox.items() if name not in receivers for notice in its]
        return {name: self.outbox.get(name, tuple(orphans)) for name in receivers}


STATES = TypeAdapter(State)
"""Reads and writes a state as JSON."""


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."


def _together(news: Sequence[News], now: float) -> list[Notice]:
    """Notices of some news: one for each domain and for what is broken or well in it."""
    groups: dict[tuple[str, bool], list[News]] = {}
    for one in news:
        groups.setdefault((one.newest.table.split("/")[0], one.is_well), []).append(one)
    return [Notice(now, tuple(its)) for its in groups.values()]


def _folded(notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """The notices for a receiver; too many become one, with the newest of each table and check."""
    if len(notices) <= _MOST_NOTICES:
        return notices
    newest: dict[str, News] = {}
    for one in (one for notice in notices for one in notice.news):
        newest[one.newest.subject] = one.after(newest.pop(one.newest.subject, None))
    return (Notice(notices[-1].at, tuple(newest.values())),)
