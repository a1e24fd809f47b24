"""What was requested before, and how it ended: read from the tags and events of runs, so that any process knows it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import chain, count, takewhile

import dagster as dg

from platform_assets.assets.failures import MAY_PASS
from platform_assets.lake.tables.days import WHOLE
from platform_assets.plan.runs import Run

DOMAIN, DAYS, STATES = "platform/domain", "platform/days", "platform/states"
"""The tags of a run that was requested: its domain, its days, and the states (JSON) of its assets."""
_MOST = 50
# PostgreSQL indexes the values of tags, and refuses a run with one that is much longer.
_LETTERS = 2000


@dataclass(frozen=True)
class Refusal:
    """Why a run did not build an asset.

    `may_pass` says that it may be built later in the very same state, `is_of_days` that one of the days is the cause,
    and the others may be built.
    """

    why: str
    may_pass: bool = False
    is_of_days: bool = False


@dataclass(frozen=True)
class Asked:
    """A run that was requested and has ended: the assets and days, the states of the assets, when and how it ended."""

    instance: dg.DagsterInstance = field(repr=False)
    run_id: str
    run: Run
    states: Mapping[str, str]
    status: dg.DagsterRunStatus
    ended: float

    @property
    def succeeded(self) -> bool:
        """Whether everything was built."""
        return self.status == dg.DagsterRunStatus.SUCCESS

    def refusal(self, key: dg.AssetKey) -> Refusal | None:
        """Why an asset was not built; None when it was, or something that it reads was not."""
        if self.succeeded:
            return None
        if self.status == dg.DagsterRunStatus.CANCELED:
            return Refusal(f"the run {self.run_id} was stopped by somebody: `platform-assets apply` builds it")
        if not self._failures:
            return Refusal(f"the run {self.run_id} has died", may_pass=True)
        return self._failures.get(key.to_python_identifier())

    @cached_property
    def _failures(self) -> dict[str, Refusal]:
        """The steps that have failed in the run's own process."""
        found = {}
        for entry in self.instance.all_logs(self.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
            event = entry.dagster_event
            if event is None or event.step_key is None:
                continue
            data = event.step_failure_data
            told = data.user_failure_data
            may_pass = bool(told and any(label == MAY_PASS for label in told.metadata))
            why = str(told.description if told else data.error_display_string)
            found[event.step_key] = Refusal(why, may_pass, is_of_days=not may_pass)
        return found


class History:
    """The requests of a domain that have ended, the newest first."""

    def __init__(self, instance: dg.DagsterInstance, domain: str) -> None:
        self._instance = instance
        self._domain = domain
        self._found: dict[str, list[Asked]] = {}

    def of(self, first: date, last: date) -> Sequence[Asked]:
        """What was requested of exactly these days."""
        days = span(first, last)
        if days not in self._found:
            self._found[days] = self._asked({DAYS: days}, _MOST)
        return self._found[days]

    def refused_days(self, days: Collection[date]) -> dict[date, list[Asked]]:
        """Of days that were requested alone, the requests that have failed."""
        if not days:
            return {}
        statuses = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
        found: dict[date, list[Asked]] = {}
        for asked in self._asked({DAYS: [span(day, day) for day in days]}, None, statuses):
            found.setdefault(asked.run.first, []).append(asked)
        return found

    def up_to(self, last: date) -> Sequence[Asked]:
        """The newest requests that ended with a day."""
        return self._asked({"dagster/asset_partition_range_end": str(last)}, _MOST, [dg.DagsterRunStatus.SUCCESS])

    def _asked(
        self,
        tags: Mapping[str, str | list[str]],
        most: int | None,
        statuses: Sequence[dg.DagsterRunStatus] = (
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        ),
    ) -> list[Asked]:
        wanted = dg.RunsFilter(tags={DOMAIN: self._domain, **tags}, statuses=list(statuses))
        found = [one for one in self._instance.get_run_records(wanted, limit=most) if STATES in one.dagster_run.tags]
        # A retry has the states of the request that it repeats, which another may have followed before it began.
        begun = {one.dagster_run.run_id: one.create_timestamp for one in found}

        def requested(one: dg.RunRecord) -> tuple[datetime, datetime]:
            return begun.get(one.dagster_run.root_run_id or "", one.create_timestamp), one.create_timestamp

        found.sort(key=requested, reverse=True)
        return [_read(self._instance, record) for record in found]


def _read(instance: dg.DagsterInstance, record: dg.RunRecord) -> Asked:
    run = record.dagster_run
    states = json.loads("".join(run.tags[tag] for tag in takewhile(run.tags.__contains__, _state_tags())))
    first, _, last = run.tags[DAYS].partition("...")
    days = (date.fromisoformat(first), date.fromisoformat(last))
    keys = tuple(dg.AssetKey.from_user_string(key) for key in states)
    ended = record.end_time or record.update_timestamp.timestamp()
    return Asked(instance, run.run_id, Run(keys, *days), states, run.status, ended)


def span(first: date, last: date) -> str:
    """Days as the tag has them."""
    return f"{first}...{last}"


def _state_tags() -> Iterator[str]:
    """The tags that the states of very many assets are in, one piece after the other."""
    return chain([STATES], (f"{STATES}_{number}" for number in count(2)))


def tags(run: Run, domain: str, states: Mapping[str, str]) -> dict[str, str]:
    """The tags of a run that is requested."""
    days = {"dagster/asset_partition_range_start": str(run.first), "dagster/asset_partition_range_end": str(run.last)}
    text = json.dumps(states, sort_keys=True)
    pieces = (text[start : start + _LETTERS] for start in range(0, len(text), _LETTERS))
    own = {DOMAIN: domain, DAYS: span(run.first, run.last)} | dict(zip(_state_tags(), pieces, strict=False))
    return own if run.first == WHOLE else days | own
