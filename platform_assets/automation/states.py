"""The state that a run would start from, as a hash: the same state is never requested twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import dagster as dg

from platform_assets.assets.provenance import platform_version
from platform_assets.assets.readings import Reading, Span
from platform_assets.lake.tables.days import WHOLE
from platform_assets.plan.due import LANDING, Due
from platform_assets.plan.runs import Run
from platform_assets.registry import FoundDomain, listed_settings
from platform_assets.settings import PREFIX

_OF_THE_RUN = "as the run makes it"
# What says when something is run, how long something is kept, and who is told, changes no run.
_OF_NO_RUN = {
    f"{PREFIX}{name.upper()}"
    for name in (
        *("automation", "daily_at", "catch_up_days", "landing_settle_seconds", "landing_every_seconds", "maintain_at"),
        *("keep_logs_days", "keep_versions_days", "rebuild_on_change", "expected_by", "notify", "ui_url", "debug"),
        *("domains", "show_pii"),
    )
}


@dataclass(frozen=True)
class States:
    """The states of days: their own, that of what they read, code, contracts, and every setting that is no secret."""

    due: Due
    domains: tuple[FoundDomain, ...]

    def of(self, run: Run, built: Run | None = None) -> dict[str, str]:
        """Per asset of a run, by its key as text; what `built`, or else the run itself, has made of inputs is left out.

        So an asset that was refused has the same state as when its run was requested, whatever that run has built of
        what it reads.
        """
        return {key.to_user_string(): self._of_asset(key, run, built or run) for key in run.keys}

    def _of_asset(self, key: dg.AssetKey, run: Run, built: Run) -> str:
        recipe = self.due.catalog.recipe(key)
        days = [self._of_day(key, day, built) for day in _days(self.due, key, run)]
        return _hash([self._fixed, recipe.code, recipe.contract, recipe.settings_text, days, self._brought(key, built)])

    @cached_property
    def _fixed(self) -> list[Any]:
        """What counts for every asset: a limit that was raised, or more memory, is worth another attempt."""
        read = {key.path[0] for key in self.due.state.keys}
        listed = listed_settings([one for one in self.domains if one.name in read], self.due.catalog.settings)
        return [platform_version(), {one.variable: one.value for one in listed if one.variable not in _OF_NO_RUN}]

    def _of_day(self, key: dg.AssetKey, day: date, built: Run) -> list[Any]:
        state, one = self.due.state, self.due.catalog[key]
        known = state.known[key]
        made = known.made.get(day)
        own = made.attempt if made else known.attempts.get(day, "")
        landed = self._landed(key, day)
        copies = [one.said for one in self.due.days.get(key, {}).get(day, ()) if one.kind == LANDING]
        read: list[Any] = []
        for reading, its in state.reads(key, day):
            now = _OF_THE_RUN if _makes(built, reading, its) else state.fingerprint(one, reading, its)
            read.append([reading.name, str(its), now])
        return [str(day), own, landed, copies, read]

    def _landed(self, key: dg.AssetKey, day: date) -> list[Any]:
        delivered = self.due.state.delivered.get(key, {}).get(day)
        if not delivered:
            return []
        files = [[file.name, file.size, file.tag or str(file.modified)] for file in delivered.files]
        return [*files, delivered.problem]

    def _brought(self, key: dg.AssetKey, built: Run) -> list[Any]:
        """The deliveries that a run reads before it makes an asset of them."""
        raws = [one for one in built.keys if one != key and one in self.due.state.delivered]
        made_from = set(self.due.catalog.with_sources([key])) if raws else ()
        return [
            [raw.to_user_string(), str(day), self._landed(raw, day)]
            for raw in raws
            if raw in made_from
            for day in built.days
        ]

    def made_since(self, key: dg.AssetKey, run: Run, ended: float) -> bool:
        """Whether somebody else has built what a run made of an asset's inputs, after it ended (seconds since 1970)."""
        for day in _days(self.due, key, run):
            for reading, span in self.due.state.reads(key, day):
                if reading.key == key or not _makes(run, reading, span):
                    continue
                for its, made in self.due.state.known[reading.key].made.items():
                    if span.has(its) and made and made.at > ended * 1_000_000:
                        return True
        return False


def run_key(states: Mapping[str, str], first: date, last: date, after: Collection[str]) -> str:
    """What no two requests share, unless they are for the same days in the same state, after the same runs."""
    return _hash([dict(states), str(first), str(last), sorted(after)])


def _days(due: Due, key: dg.AssetKey, run: Run) -> list[date]:
    return run.days if due.catalog[key].has_days else [WHOLE]


def _makes(run: Run, reading: Reading, span: Span) -> bool:
    """Whether a run builds some of the days that are read."""
    if reading.key not in run.keys:
        return False
    return reading.kind in ("whole table", "versions") or (span.first <= run.last and run.first <= span.last)


def _hash(told: Collection[Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
