"""Applying the plan: run by run, until nothing is due that can be built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import dagster as dg

from platform_assets.assets.interrupts import is_interrupted
from platform_assets.assets.late_rows import LATE
from platform_assets.assets.publication import DUE_ONLY
from platform_assets.assets.runs import job_of, of_this_process
from platform_assets.errors import PlatformError
from platform_assets.lake.audit import COLUMNS
from platform_assets.lake.tables.days import WHOLE
from platform_assets.landing.delivery_checks import ALLOW_EMPTIED
from platform_assets.plan.checks import NO_MISSING_DAYS, UP_TO_DATE
from platform_assets.plan.due import EMPTIED, Due
from platform_assets.plan.runs import Place, Rules, Run, next_run

_START, _END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
# An asset that so many runs in a row were refused of is let be, so that others are not kept waiting.
_MOST_REFUSALS = 20
# A day that was built so often and is due again would be for ever.
_MOST_BUILDS = 20
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_DAY = timedelta(days=1)
# That other days are due, or missing, is what the plan itself is about.
_OF_DAYS = (UP_TO_DATE, NO_MISSING_DAYS, LATE)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the assets that it built, and those that were refused, each with the reason.

    What was refused for no day's sake, such as a transform without a column, is in `whole`. `warnings` are the checks
    that did not pass and stopped nothing: asset, check, and what was found.
    """

    run: Run
    built: tuple[dg.AssetKey, ...]
    refused: Mapping[dg.AssetKey, str]
    warnings: Sequence[tuple[dg.AssetKey, str, str]] = ()
    whole: Collection[dg.AssetKey] = ()


@dataclass(frozen=True)
class Wait:
    """A day that cannot be built now, and why; `follows` says that it only waits for another that waits."""

    key: dg.AssetKey
    day: date
    why: str
    follows: bool = False


@dataclass
class Progress:
    """What is known after some runs of a plan: what was refused, and where ranges are cut.

    A run that is refused is not tried again: its range is cut in two, until the days that cannot be built stand alone.
    Nor is a day that is due again and again, whatever is built.
    """

    allow_emptied: bool = False
    refused: dict[Place, str] = field(default_factory=dict)
    most_refusals: int = _MOST_REFUSALS
    _ends: dict[dg.AssetKey, set[date]] = field(default_factory=dict)
    _stretch: dict[Place, int] = field(default_factory=dict)
    _said: dict[dg.AssetKey, str] = field(default_factory=dict)
    _refusals: Counter[dg.AssetKey] = field(default_factory=Counter)
    _builds: Counter[Place] = field(default_factory=Counter)

    @property
    def rules(self) -> Rules:
        """What the next run may build."""
        given_up = {key for key, times in self._refusals.items() if times >= self.most_refusals}
        return Rules(self.allow_emptied, self.refused, given_up, self._ends, self._stretch)

    def learn(self, outcome: Outcome) -> None:
        """Take note of how a run ended."""
        run = outcome.run
        for key in outcome.built:
            self._refusals[key] = 0
            for place in ((key, day) for day in run.days):
                self._builds[place] += 1
                if self._builds[place] == _MOST_BUILDS:
                    self.refused[place] = (
                        f"it was built {_MOST_BUILDS} times, and was due each time again: does something else write "
                        "what it reads, or land files, all the time?"
                    )
        for key, why in outcome.refused.items():
            self._refusals[key] += 1
            self._said[key] = why
            if run.first == run.last or key in outcome.whole:
                self.refused |= {(key, day): why for day in run.days}
            else:
                middle = run.first + (run.last - run.first).days // 2 * _DAY
                self._ends.setdefault(key, set()).add(middle + _DAY)
        if not outcome.refused:
            self._stretch |= {(key, run.last + _DAY): 2 * len(run.days) for key in run.keys}

    def waits(self, due: Due) -> list[Wait]:
        """The days of what is due that cannot be built: refused ones, and what is made from such days."""
        found: dict[Place, Wait] = {}
        for key, days in due.days.items():
            for day in sorted(days):
                if why := self._why(due, key, day):
                    found[key, day] = Wait(key, day, why)
                    continue
                for of, its in due.sources_due(key, day):
                    if (of, its) in found:
                        said = f"{of.to_user_string()}{'' if its == WHOLE else f' of {its}'} waits"
                        found[key, day] = Wait(key, day, said, follows=True)
                        break
        return list(found.values())

    def _why(self, due: Due, key: dg.AssetKey, day: date) -> str:
        if (key, day) in self.refused:
            return self.refused[key, day]
        if not self.allow_emptied and any(reason.kind == EMPTIED for reason in due.days[key][day]):
            return "its files are gone from landing: bring them back, or allow it by --allow-emptied"
        if self._refusals[key] >= self.most_refusals:
            return f"{self.most_refusals} runs in a row were refused, the last because of this: {self._said[key]}"
        return ""


def apply(plan: Callable[[], Due], execute: Callable[[Run], Outcome], progress: Progress) -> Iterator[Outcome]:
    """Build what is due, run by run; after each the plan is made again, as only then it is known what came out."""
    while (run := next_run(plan(), progress.rules)) is not None:
        outcome = execute(run)
        yield outcome
        progress.learn(outcome)


def in_process(
    definitions: dg.Definitions, instance: dg.DagsterInstance, allow_emptied: bool
) -> Callable[[Run], Outcome]:
    """What carries out a run in this process, recorded in an instance of Dagster."""

    def execute(run: Run) -> Outcome:
        days = {} if run.first == WHOLE else {_START: str(run.first), _END: str(run.last)}
        tags = days | {DUE_ONLY: "1"} | of_this_process()
        tags |= {ALLOW_EMPTIED: "1"} if allow_emptied else {}
        result = job_of(definitions, run.keys).execute_in_process(
            instance=instance, asset_selection=list(run.keys), tags=tags, run_config=_QUIET, raise_on_error=False
        )
        built = {event.asset_key for event in result.all_events if event.is_step_materialization}
        if any(is_interrupted(event) for event in result.all_events):
            raise KeyboardInterrupt  # Dagster takes it for a failure of the step, and would go on
        refused = {key: why for event in result.all_events for key, why in _refused(event, run.keys)}
        if not refused and not built >= set(run.keys):
            raise PlatformError(f"The run {result.run_id} has failed, and none of its steps did: see its log.")
        return Outcome(
            run, tuple(key for key in run.keys if key in built), refused, _warnings(result), _of_columns(result)
        )

    return execute


def _refused(event: dg.DagsterEvent, keys: Collection[dg.AssetKey]) -> Iterator[tuple[dg.AssetKey, str]]:
    if event.is_step_failure:
        data = event.step_failure_data
        said = data.user_failure_data.description if data.user_failure_data else None
        for key in keys:
            if event.step_key == key.to_python_identifier():
                yield key, str(said or data.error_display_string)


def _of_columns(result: dg.ExecuteInProcessResult) -> set[dg.AssetKey]:
    """The assets whose columns are not those of their contracts, on whatever day."""
    found = result.get_asset_check_evaluations()
    return {one.asset_key for one in found if one.check_name == COLUMNS and not one.passed}


def _warnings(result: dg.ExecuteInProcessResult) -> list[tuple[dg.AssetKey, str, str]]:
    """What is told of a run."""
    return [
        (one.asset_key, one.check_name, one.description or "")
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity == dg.AssetCheckSeverity.WARN and one.check_name not in _OF_DAYS
    ]
