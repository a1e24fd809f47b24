"""What a run's days are made from: what it has read of each input's days, and what it must not go on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version

import dagster as dg

from platform_assets.assets.catalog import Catalog, Recipe
from platform_assets.assets.declared import Declared
from platform_assets.assets.readings import Reading, Span
from platform_assets.errors import PlatformError
from platform_assets.lake.fingerprints import NOTHING, Fingerprint, Fingerprints
from platform_assets.lake.tables.made import Inputs, Known, Made, events_text
from platform_assets.lake.tables.reads import DaysRead

STALE = ""
"""The fingerprint of what was not made from what the run itself has read: no day ever has it."""
_DAY = timedelta(days=1)


def refuse_other_settings(key: str, known: Known, days: Iterable[date], recipe: Recipe) -> None:
    """Raise `PlatformError` when one of the days of a table was in effect made with other settings than those now."""
    for day in days:
        for made in known.makers(day):
            if changed := changed_settings(made, recipe):
                variable, (before, now) = next(iter(changed.items()))
                raise PlatformError(
                    f"{key} was made with {variable}={shown(before)} on {day}, and it is {shown(now)} now: what is "
                    "made from that day would follow neither. Nothing was computed. Set it back, or make every day "
                    f"that depends on it anew: `platform-assets apply {key.split('/')[0]}`."
                )


def changed_settings(made: Made, recipe: Recipe) -> dict[str, tuple[str, str]]:
    """The settings that have another value now than a day was in effect made with: variable to both, as JSON."""
    if made.settings == recipe.settings_text:
        return {}
    then = made.effective
    return {name: (then[name], now) for name, now in recipe.settings.items() if name in then and then[name] != now}


def shown(value: str) -> str:
    """A recorded value as it is written in a variable."""
    found = json.loads(value)
    return found if isinstance(found, str) else value


@dataclass(frozen=True)
class Provenance:
    """What a run of an asset has read for its days: by the parameters of its function, and else as `inputs` says."""

    declared: Declared
    catalog: Catalog
    days: Sequence[date]
    reads: Mapping[str, DaysRead]
    inputs: Mapping[date, Inputs] | None = None

    def records(
        self, attempt: str, prints: Fingerprints, *, files: Mapping[date, str] | None = None, rows: Mapping[date, int]
    ) -> tuple[Made, ...]:
        """The records of the run's days; `files` are those that a raw table has read, as `Made.files`."""
        recipe = self.catalog.recipe(self.declared.key)
        read = self._read(prints) if self.inputs is None else self.inputs
        return tuple(
            Made(
                day=day,
                attempt=attempt,
                rows=rows.get(day, 0),
                fingerprint=str(prints.of(day)),
                code=recipe.code,
                contract=recipe.contract,
                platform=platform_version(),
                settings=recipe.settings_text,
                inputs=json.dumps(read[day]),
                events=events_text(prints, day) if prints.events or files is not None else "",
                files=(files or {}).get(day, ""),
            )
            for day in self.days
        )

    def _read(self, own: Fingerprints) -> Mapping[date, Inputs]:
        """Per day of the run, what was read."""
        found: dict[date, dict[str, dict[str, str | None]]] = {day: {} for day in self.days}
        for reading in self.catalog.readings(self.declared.key):
            of = self._of(reading, own)
            for day in self.days:
                if (span := reading.span(day)) is not None:
                    found[day].setdefault(reading.name, {})[str(span)] = of(span)
        return found

    def _of(self, reading: Reading, own: Fingerprints) -> Callable[[Span], str | None]:
        """What is known of the days that a parameter reads."""
        if reading.kind == "day before":
            before = self._before(reading.parameter, reading.key, own)
            return lambda span: before(span.last)
        if reading.kind == "days before":
            return self._so_far(reading.parameter, own)
        if reading.kind == "versions":
            versions = self.reads.get(reading.parameter)
            return lambda span: versions.known.as_of(span.first) if versions else None
        if reading.kind == "all days":
            read = self.reads.get(reading.parameter)
            return lambda span: read.known.total(read.first, read.last) if read else None
        known = self._known(reading.parameter)
        return lambda span: known(span.first)

    def _so_far(self, parameter: str, own: Fingerprints) -> Callable[[Span], str | None]:
        """What the table's own days before a day of the run come to: those published before, and those of this run."""
        read, total = self.reads.get(parameter), NOTHING
        before = read.known.total(read.first, read.last) if read else str(NOTHING)
        of_run: dict[date, Fingerprint] = {}
        for day in self.days:
            of_run[day - _DAY] = total
            total = total + own.of(day)

        def found(span: Span) -> str | None:
            return str(Fingerprint.of(before) + of_run[span.last]) if before else None

        return found

    def _known(self, parameter: str) -> Callable[[date], str | None]:
        read = self.reads.get(parameter)
        return read.known.fingerprint if read else lambda day: None

    def _before(self, parameter: str, key: dg.AssetKey, own: Fingerprints) -> Callable[[date], str | None]:
        """What the day before a day of the run was made from; within the run it was made by it, or as it would be."""
        first = self.days[0]
        if key == self.declared.key:
            return lambda day: self._known(parameter)(day) if day < first else str(own.of(day))
        fresh = self._made_alike(key, parameter)
        return lambda day: self._known(parameter)(day) if day < first else fresh[day]

    def _made_alike(self, key: dg.AssetKey, before: str) -> Mapping[date, str | None]:
        """The days of another table, as long as they were made from what this run has read; `STALE` from then on.

        The run computes them once more, without reading them, for each but its first day.
        """
        known = self.catalog.tables[key].known()
        mine = {
            self.declared.reads(name).to_user_string(): self._known(name) for name in self.declared.signature.same_day
        }
        recipe = self.catalog.recipe(key)
        found: dict[date, str | None] = {}
        alike = True
        for day in self.days:
            made = known.made.get(day)
            previous = self._known(before)(day - _DAY) if day == self.days[0] else found.get(day - _DAY)
            for table, its in made.read.items() if made else ():
                for of, read in its.items():
                    if table == key.to_user_string():
                        alike = alike and read == previous
                    elif table in mine:
                        alike = alike and read == mine[table](date.fromisoformat(of))
            alike = alike and not (made and changed_settings(made, recipe))
            found[day] = (made.fingerprint if made else None) if alike else STALE
        return found


def as_files(made: Made) -> str:
    """The fingerprint of the files that a raw table has read on a day, and of what became of them."""
    told = [file._replace(modified="", tag="").told for file in made.files_read]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


@cache
def platform_version() -> str:
    """The version of this package."""
    return version("platform_assets")
