"""The runs that mend what is due: which assets and days go together, in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import dagster as dg

from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.plan.due import EMPTIED, INPUTS, MATCHED, OWN, Due

Place = tuple[dg.AssetKey, date]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Run:
    """One run: some assets, each after those that it reads, over all days from the first to the last."""

    keys: tuple[dg.AssetKey, ...]
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Its days, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def places(self) -> set[Place]:
        """Every day of every asset that it builds."""
        return {(key, day) for key in self.keys for day in self.days}


@dataclass(frozen=True)
class Rules:
    """What runs may build.

    Only assets of `only` are built, if it is given: others are for others to build. Days are emptied only when that is
    allowed. Nothing of `refused`, and no asset of `given_up`, is tried again. No run goes over one of the `ends` of an
    asset: the first days of what was cut in two. A table that goes on from its own day before may take as many days at
    once as `stretch` says for the first of them, although the others only may be due.
    """

    allow_emptied: bool = False
    refused: Collection[Place] = ()
    given_up: Collection[dg.AssetKey] = ()
    ends: Mapping[dg.AssetKey, Collection[date]] = field(default_factory=dict)
    stretch: Mapping[Place, int] = field(default_factory=dict)
    only: Collection[dg.AssetKey] | None = None

    def may_build(self, due: Due, key: dg.AssetKey, day: date) -> bool:
        """Whether a day that is due may be built."""
        emptied = any(reason.kind == EMPTIED for reason in due.days[key][day])
        ours = self.only is None or key in self.only
        return (
            ours and key not in self.given_up and (key, day) not in self.refused and (self.allow_emptied or not emptied)
        )


def runs_of(due: Due, rules: Rules) -> Iterator[Run]:
    """The runs that mend what is due, in order, if every day that may be due turns out to be so."""
    days = {key: dict(its) for key, its in due.days.items()}
    while (run := next_run(replace(due, days=days), rules, perhaps=True)) is not None:
        yield run
        for key, day in run.places:
            days[key].pop(day, None)


def next_run(due: Due, rules: Rules, *, perhaps: bool = False) -> Run | None:
    """The next of the runs that mend what is due; None when nothing can be built now.

    Deliveries come first: until they are in, nobody knows which days they touch. Then comes everything of which all
    that it is made from is as it will stay. With `perhaps`, what may be due counts as due.
    """
    raws = [key for key in due.days if isinstance(due.catalog[key], RawTableDefinition)]
    others = [key for key in due.days if key not in raws and not _waits_for_deliveries(due, key, raws, rules)]
    for group in (raws, others):
        for at, key in enumerate(group):
            if not (ready := _ready(due, key, rules, perhaps, frozenset())):
                continue
            run = Run((key,), *_range(ready, min(ready), rules.ends.get(key, ())))
            if (longer := _stretched(due, run, rules)) is not None:
                return longer
            for other in group[at + 1 :]:
                also = _ready(due, other, rules, perhaps, run.places)
                joined = replace(run, keys=(*run.keys, other))
                places = joined.places
                if (
                    run.first in also
                    and _range(also, run.first, rules.ends.get(other, ())) == (run.first, run.last)
                    and all(place in places for day in run.days for place in due.sources_due(other, day))
                ):
                    run = joined
            return run
    return None


def _waits_for_deliveries(due: Due, key: dg.AssetKey, raws: Sequence[dg.AssetKey], rules: Rules) -> bool:
    """Whether deliveries that can be built, and may touch any day of an asset, are due."""
    made_from = due.catalog.with_sources([key])
    return any(rules.may_build(due, raw, day) for raw in raws if raw in made_from for day in due.days[raw])


def _ready(due: Due, key: dg.AssetKey, rules: Rules, perhaps: bool, run: Collection[Place]) -> set[date]:
    """The days of an asset that are surely due, while all that they are made from is not, or is of the same run."""
    ready: set[date] = set()
    for day in sorted(due.days[key]):
        if not rules.may_build(due, key, day):
            continue
        waiting = due.sources_due(key, day)
        if all(place in run or (place[0] == key and place[1] in ready) for place in waiting):
            kinds = {reason.kind for reason in due.days[key][day]}
            if perhaps or kinds & set(OWN) or (kinds & {INPUTS, MATCHED} and not waiting):
                ready.add(day)
    return ready


def _range(days: Collection[date], first: date, ends: Collection[date]) -> tuple[date, date]:
    """The days from the first on that follow each other, up to an end."""
    last = first
    while last + _DAY in days and last + _DAY not in ends:
        last += _DAY
    return first, last


def _stretched(due: Due, run: Run, rules: Rules) -> Run | None:
    (key,) = run.keys
    most = rules.stretch.get((key, run.first), 0)
    if len(run.days) >= most:
        return None
    last, ends = run.last, rules.ends.get(key, ())
    while (day := last + _DAY) in due.days[key] and (day - run.first).days < most and day not in ends:
        waiting = [place for place in due.sources_due(key, day) if place != (key, last)]
        if waiting or not rules.may_build(due, key, day):
            break
        last = day
    return replace(run, last=last) if last > run.last else None
