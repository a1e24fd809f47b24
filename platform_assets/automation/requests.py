"""What is to be requested of a domain now, and what has to wait: the plan, without what was refused in this state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone

import dagster as dg

from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.automation.history import Asked, History, Refusal
from platform_assets.automation.states import States, run_key
from platform_assets.lake.tables.days import WHOLE
from platform_assets.plan.apply import Outcome, Progress, Wait
from platform_assets.plan.due import LANDING, MISSING, SETTINGS, Due, due_of
from platform_assets.plan.runs import Place, Rules, Run, next_run, runs_of
from platform_assets.plan.state import State
from platform_assets.registry import FoundDomain

_DAY = timedelta(days=1)
# What may pass is tried again after so many seconds, then after twice as many, and so on.
_FIRST_WAIT, _LONGEST_WAIT = 60, 6 * 60 * 60
# What was built, and is as it was before, such as by a restore, is built again; but not for ever.
_MOST = 20
# Every request that was refused was one run: here nobody waits for the others, as `apply` does.
_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class Request:
    """A run to be requested: what it builds, the states that it starts from, and the key that no other request has."""

    run: Run
    states: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Answer:
    """What is due, what is requested of it now, and what cannot be, and why."""

    due: Due
    requests: Sequence[Request]
    waits: Sequence[Wait]


class Desk:
    """Where a domain's runs are requested: it knows what the plan says, and what became of earlier requests.

    `through` is the last day that is over: a day without a delivery is taken for one only when it is over. Of days
    later than `until`, if given, nothing is requested.
    """

    def __init__(
        self,
        state: State,
        domains: Sequence[FoundDomain],
        domain: str,
        history: History,
        through: date,
        now: datetime,
        until: date | None = None,
    ) -> None:
        self._state = state
        self._settings = state.catalog.settings
        self._own = [key for key in state.keys if key.path[0] == domain]
        self._history = history
        self._through = through
        self._now = now
        self._until = until
        self._every = self._due()
        self._states = States(self._every, tuple(domains))
        self._learned: set[Place] = set()

    def answer(self, *, in_one_go: bool = False) -> Answer:
        """What to request: all that can be built now, or `in_one_go` all that can be built one after the other."""
        progress = Progress(self._settings.allow_emptied, dict(self._held(self._every)), _NO_LIMIT)
        due = self._due(progress.refused)
        for place, why in self._refused_before(due):
            progress.refused[place] = why
        due = self._due(progress.refused)
        choose = self._in_one_go if in_one_go else self._side_by_side
        requests = choose(due, progress)
        progress.refused = self._for_others(due) | progress.refused
        waits = [wait for wait in progress.waits(due) if wait.key in self._own]
        return Answer(self._every, requests, waits)

    def _due(self, blocked: Collection[Place] = ()) -> Due:
        settings = self._settings
        return due_of(
            self._state,
            until=self._until,
            rebuild=settings.rebuild_on_change,
            blocked=blocked,
            allow_emptied=settings.allow_emptied,
        )

    def _held(self, due: Due) -> Iterator[tuple[Place, str]]:
        """What nobody may request now."""
        for key in self._own:
            for day, reasons in due.days[key].items():
                kinds = {reason.kind for reason in reasons}
                if SETTINGS in kinds and not self._settings.rebuild_on_change:
                    changed = ", ".join(reason.of for reason in reasons if reason.kind == SETTINGS)
                    yield (key, day), f"{changed} has changed: set it back, or `platform-assets apply {key.path[0]}`"
                elif kinds & {MISSING, LANDING} and (why := self._not_yet(key, day)):
                    yield (key, day), why

    def _not_yet(self, key: dg.AssetKey, day: date) -> str:
        """Why a delivery is not to be read now; empty when it is."""
        if not isinstance(self._state.catalog[key], RawTableDefinition):
            return ""
        delivered = self._state.delivered[key].get(day)
        if delivered is None or (not delivered.files and not delivered.problem):
            if day > self._through:
                return "nothing was delivered so far, and the day is not over"
            if day <= self._through - self._settings.catch_up_days * _DAY:
                return (
                    f"nothing was delivered, and it is more than PLATFORM_CATCH_UP_DAYS={self._settings.catch_up_days} "
                    f"days ago: `platform-assets apply {key.path[0]}`, or a later PLATFORM_{key.path[0].upper()}_START"
                )
            return ""
        settle = timedelta(seconds=self._settings.landing_settle_seconds)
        if delivered.is_complete or not delivered.changed or self._now - delivered.changed >= settle:
            return ""
        return (
            f"its delivery was changed at {delivered.changed:%Y-%m-%d %H:%M:%S}: it is read when it has been still for "
            f"{self._settings.landing_settle_seconds} s"
        )

    def _for_others(self, due: Due) -> dict[Place, str]:
        """The days that wait for tables of other domains."""
        return {
            (key, day): f"{of.to_user_string()} is due, which {of.path[0]} builds"
            for key in self._own
            for day in due.days[key]
            for of, _ in due.sources_due(key, day)
            if of not in self._own
        }

    def _refused_before(self, due: Due) -> Iterator[tuple[Place, str]]:
        """The days that were requested alone, in the state that they have now, and were refused."""
        days = {day for key in self._own for day in due.days[key]}
        for day, every in self._history.refused_days(days).items():
            for key in self._own:
                if day in due.days[key] and (refusal := self._refusal(key, Run((key,), day, day), every)):
                    yield (key, day), refusal.why

    def _refusal(self, key: dg.AssetKey, run: Run, every: Sequence[Asked]) -> Refusal | None:
        """Why an asset is not to be built now, when the newest of all requests for it was refused in its state now."""
        same = self._in_this_state(key, run, every)
        if len(same) >= _MOST and all(asked.succeeded for asked in same):
            return Refusal(f"it was built {_MOST} times, and was due each time again: see `platform-assets why`")
        if not same or (refusal := same[0].refusal(key)) is None:
            return None
        if refusal.may_pass:
            again = same[0].ended + min(_FIRST_WAIT * 2 ** (len(same) - 1), _LONGEST_WAIT)
            if again <= self._now.timestamp():
                return None
            at = datetime.fromtimestamp(again, tz=timezone.utc)
            return replace(refusal, why=f"{refusal.why.rstrip('.')}. It is tried again after {at:%H:%M:%S} UTC")
        return refusal

    def _in_this_state(self, key: dg.AssetKey, run: Run, every: Sequence[Asked]) -> list[Asked]:
        """The newest requests for an asset, as long as they were in the state that it has now."""
        found = []
        states, text = self._states, key.to_user_string()
        for asked in every:
            if text not in asked.states:
                continue
            now = states.of(Run((key,), run.first, run.last), asked.run)[text]
            if asked.states[text] != now or states.made_since(key, asked.run, asked.ended):
                break
            found.append(asked)
        return found

    def _side_by_side(self, due: Due, progress: Progress) -> list[Request]:
        """Runs that do not wait for each other: deliveries, or, when none can be built, all else."""
        found: list[Request] = []
        while (run := next_run(due, self._rules(progress, due, [one.run for one in found]))) is not None:
            if self._was_refused(due, run, progress):
                continue
            if before := self._went_on(due, run):
                progress.learn(Outcome(before, before.keys, {}))
            else:
                found.append(self._request(run))
        return found

    def _rules(self, progress: Progress, due: Due, chosen: Sequence[Run]) -> Rules:
        rules = replace(progress.rules, only=self._own)
        if not chosen:
            return rules
        if isinstance(due.catalog[chosen[0].keys[0]], RawTableDefinition):
            raws = [key for key in self._own if isinstance(due.catalog[key], RawTableDefinition)]
            taken = {place for run in chosen for place in run.places}
            return replace(rules, only=raws, refused={*rules.refused, *taken})
        taken_keys = {key for run in chosen for key in run.keys}
        return replace(rules, only=[key for key in self._own if key not in taken_keys])

    def _was_refused(self, due: Due, run: Run, progress: Progress) -> bool:
        """Whether something of a run was refused in the state that it has now, of which progress is told."""
        every = self._history.of(run.first, run.last)
        refused = {key: refusal for key in run.keys if (refusal := self._refusal(key, run, every))}
        for key, refusal in refused.items():
            its = sorted(day for day in due.days[key] if day == WHOLE or run.first <= day <= run.last)
            if refusal.is_of_days:
                progress.learn(Outcome(replace(run, first=its[0], last=its[-1]), (), {key: refusal.why}))
            else:
                progress.refused |= {(key, day): refusal.why for day in its}
        return bool(refused)

    def _went_on(self, due: Due, run: Run) -> Run | None:
        """The newest run that ended with the day before, of a table that continues from it: the next may be longer."""
        key = run.keys[0]
        goes_on = any(reading.key == key for reading in due.catalog.readings(key))
        if run.first == WHOLE or not goes_on or (key, run.first) in self._learned:
            return None
        self._learned.add((key, run.first))
        before = (asked.run for asked in self._history.up_to(run.first - _DAY) if key in asked.run.keys)
        return next((replace(one, keys=(key,)) for one in before), None)

    def _in_one_go(self, due: Due, progress: Progress) -> list[Request]:
        """One run for each range of days, over all tables, each after those that it reads."""
        while True:
            rules = replace(progress.rules, only=self._own)
            places = {place for run in runs_of(due, rules) for place in run.places}
            runs = list(_ranges(places, due, rules))
            if not any(self._was_refused(due, run, progress) for run in runs):
                return [self._request(run) for run in runs]

    def _request(self, run: Run) -> Request:
        states = self._states.of(run)
        every = self._history.of(run.first, run.last)
        # Dagster makes no two runs with one key: each follows the newest before, in whatever state that was.
        newest = (next((asked for asked in every if key in asked.run.keys), None) for key in run.keys)
        after = {asked.run_id for asked in newest if asked}
        return Request(run, states, run_key(states, run.first, run.last, after))


def _ranges(places: Collection[Place], due: Due, rules: Rules) -> Iterator[Run]:
    """The ranges of days that some places cover, each up to where one of its assets was refused, or cut in two.

    What has no days goes with the last of them.
    """
    whole = {key for key, day in places if day == WHOLE}
    days = sorted({day for _, day in places if day != WHOLE})
    starts = [day for day in days if day - _DAY not in days]
    for first in starts:
        last = first
        while last + _DAY in days:
            keys = {key for key, day in places if first <= day <= last + _DAY}
            if any(last + _DAY in rules.ends.get(key, ()) or (key, last + _DAY) in rules.refused for key in keys):
                break
            last += _DAY
        its = {key for key, day in places if first <= day <= last} | (whole if first == starts[-1] else set())
        yield Run(tuple(key for key in due.days if key in its), first, last)
    if whole and not starts:
        yield Run(tuple(key for key in due.days if key in whole), WHOLE, WHOLE)
