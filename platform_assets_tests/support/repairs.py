"""A history of a domain as real life writes it, and the plan applied to it: what must be true whatever has happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg

from platform_assets.assets.declared import DeclaredTable
from platform_assets.automation.history import DAYS
from platform_assets.lake.tables.made import Made
from platform_assets.plan.apply import Outcome, Progress, apply, in_process
from platform_assets.plan.due import Due, due
from platform_assets.plan.runs import Run
from platform_assets_tests.support.automation import Daemon
from platform_assets_tests.support.days import deliver
from platform_assets_tests.support.lake.overtaking import POINTS, overtaken
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform

_DAY = timedelta(days=1)
Choices = Mapping[str, Sequence[Any]]


class Failed(Exception):
    """What a run fails with that nobody expects."""


class History:
    """A domain to which things happen: files that come, change and go, settings that change, runs that fail.

    The pool has deliveries by feed. `choices` are the settings that may change, and their values. A delivery never is
    without the file that is `always` there, if one is named. `given` are settings that do not change. What happens
    follows from the seed alone.
    """

    def __init__(
        self,
        root: Path,
        domain: str,
        seed: int,
        pool: Sequence[Mapping[str, Deliveries]],
        choices: Choices,
        always: str = "",
        **given: Any,
    ):
        self.given = given
        self.root, self.domain, self.always = root, domain, always
        self.random = Random(seed)
        self.pool = pool
        self.choices = choices
        self.chosen = {name: values[0] for name, values in choices.items()}
        self.said: list[str] = []
        self.platform = self._platform(root)
        for feed in pool[0]:
            (self._landing / feed).mkdir(parents=True, exist_ok=True)

    def _platform(self, root: Path) -> Platform:
        given = {"reject_share": 1.0, "landing": str(self.root / "landing")} | self.given
        return Platform(root, **given, **self.chosen)

    @property
    def _landing(self) -> Path:
        return self.root / "landing"

    @property
    def _files(self) -> list[Path]:
        return sorted(path for path in self._landing.rglob("*") if path.is_file())

    @property
    def keys(self) -> list[dg.AssetKey]:
        """The assets of the domain, each after those that it reads."""
        return [key for key in self.platform.catalog.declared if key.path[0] == self.domain]

    def happen(self) -> None:
        """One thing more."""
        what = self.random.choice(
            [
                *(self.files_come, self.files_come, self.a_file_changes, self.a_file_goes, self.a_file_comes_twice),
                *(self.a_setting_changes, self.somebody_runs, self.somebody_runs, self.a_run_fails, self.a_restore),
            ]
        )
        what()

    def files_come(self) -> None:
        """Some files of the pool come, on time or late."""
        for feed, deliveries in self.random.choice(self.pool).items():
            for day, files in deliveries.items():
                some = {name: content for name, content in files.items() if self.random.random() < 0.5}
                some |= {name: content for name, content in files.items() if some and name == self.always}
                deliver(self._landing, feed, {day: some})
        self.said.append("files come")

    def a_file_changes(self) -> None:
        """A file is delivered again, with the content of another one of its name."""
        if files := self._files:
            file = self.random.choice(files)
            of_feed = [one[file.parent.parent.name] for one in self.pool]
            every = [(name, content) for one in of_feed for its in one.values() for name, content in its.items()]
            alike = [content for name, content in every if name == file.name]
            if alike:
                file.write_bytes(self.random.choice(alike))
                self.said.append(f"{file.parent.name}/{file.name} changes")

    def a_file_goes(self) -> None:
        """A file is withdrawn."""
        if files := self._files:
            file = self.random.choice(files)
            for gone in file.parent.iterdir() if file.name == self.always else [file]:
                gone.unlink()
            is_kept = not self.always and self.random.random() < 0.5  # an empty folder is no snapshot
            if not is_kept and not any(file.parent.iterdir()):
                file.parent.rmdir()
            self.said.append(f"{file.parent.name}/{file.name} goes")

    def a_file_comes_twice(self) -> None:
        """A file is delivered once more, on the same or another day."""
        if files := self._files:
            file = self.random.choice(files)
            other = self.random.choice([one for one in files if one.parent.parent == file.parent.parent])
            if file.name != self.always:
                (other.parent / f"again-{file.name}").write_bytes(file.read_bytes())
                self.said.append(f"{file.parent.name}/{file.name} comes again on {other.parent.name}")

    def a_setting_changes(self) -> None:
        """A setting gets another value."""
        name = self.random.choice(sorted(self.choices))
        self.chosen[name] = self.random.choice(self.choices[name])
        self.platform = self._platform(self.root)
        self.said.append(f"{name}={self.chosen[name]}")

    def somebody_runs(self) -> dg.ExecuteInProcessResult:
        """Some assets are materialised over some days, which need not go well."""
        keys = self.keys if self.random.random() < 0.4 else [self.random.choice(self.keys)]
        first = date(2026, 1, 1) + self.random.randrange(4) * _DAY
        last = min(first + self.random.randrange(4) * _DAY, date(2026, 1, 5))
        select = " or ".join(f'key:"{key.to_user_string()}"' for key in keys)
        result = self.platform.materialise(str(first), str(last), select=select, check=False)
        how = "is run" if result.success else "fails"
        self.said.append(f"{len(keys)} assets, {keys[0].to_user_string()}: {first}...{last} {how}")
        return result

    def a_run_fails(self) -> None:
        """A run comes to grief at some point of some table."""

        def fail() -> None:
            raise Failed("of something else")

        key, point = self.random.choice(self.keys).to_user_string(), self.random.choice(POINTS)
        with overtaken(point, key, fail) as happened:
            self.somebody_runs()
        self.said.append(f"(failing {key} when {point}: {happened})")

    def a_restore(self) -> None:
        """A table goes back to a version before."""
        tables = [self.platform.catalog.tables[key] for key in self.keys if key in self.platform.catalog.tables]
        table = self.random.choice(tables)
        if (delta := table.delta()) is not None and delta.version() > 0:
            version = self.random.randrange(delta.version())
            table.restore(version)
            self.said.append(f"{table.key} is restored to {version}")

    def due(self) -> Due:
        """What is due."""
        return due(self.platform.catalog, self.keys)

    def apply(self) -> list[Run]:
        """Apply the plan to its end; the runs that it took."""
        execute = in_process(self.platform.definitions_for(self.domain), self.platform.instance, allow_emptied=True)
        progress = Progress(allow_emptied=True)
        runs = []

        def executed(run: Run) -> Outcome:
            with self._nothing_in_vain(run):
                outcome = execute(run)
            assert outcome.refused == {}, (outcome.refused, self.said)
            return outcome

        for outcome in apply(self.due, executed, progress):
            runs.append(outcome.run)
            assert len(runs) < 200, self.said
        self.said.append(f"apply: {len(runs)} runs")
        return runs

    def daemon_looks(self, daemon: Daemon) -> bool:
        """The daemon asks once, and what it requests is carried out; whether there was anything."""
        daemon.use(self.platform)
        requests = daemon.tick()
        for request in requests:
            first, last = (date.fromisoformat(day) for day in request.tags[DAYS].split("..."))
            run = Run(tuple(request.asset_selection or ()), first, last)
            with self._nothing_in_vain(run):
                assert daemon.carry_out(request).success, self.said
        self.said.append(f"the daemon asks for {len(requests)} runs")
        assert len(daemon.results) < 200, self.said
        return bool(requests)

    @contextmanager
    def _nothing_in_vain(self, run: Run) -> Iterator[None]:
        """Every day is built, and none that was made from the same before."""
        before = self._records(run)
        yield
        for place, made in self._records(run).items():
            old = before[place]
            assert made is not None, (place, run, self.said)
            built = old is None or old.attempt != made.attempt
            assert old is None or not built or _made_from(old) != _made_from(made), (place, run, self.said)

    def _records(self, run: Run) -> dict[tuple[dg.AssetKey, date], Made | None]:
        known = {key: self.platform.catalog[key].known(self.platform.settings).made for key in run.keys}
        return {(key, day): known[key].get(day) for key, day in run.places}

    def unlike_one_batch(self) -> list[str]:
        """The tables and documents that are not those of one run over all days of what lies in landing now."""
        key = self.keys[0]
        days = self.due().state.days(key)
        whole = self._platform(self.root / "whole")
        if days:
            whole.materialise(str(days[0]), str(days[-1]), select=f"group:{self.domain}")
        wrong = []
        for key in self.keys:
            if isinstance(self.platform.catalog[key], DeclaredTable):
                name = key.to_user_string()
                if _published(self.platform, name) != _published(whole, name):
                    wrong.append(name)
        documents = [_documents(Path(one.settings.exports)) for one in (self.platform, whole)]
        if documents[0] != documents[1]:
            wrong.append("documents")
        return wrong


def _made_from(made: Made) -> tuple[object, ...]:
    return made.settings, made.read, made.code, made.contract, [(f.name, f.sha256, f.copy_of) for f in made.files_read]


def _published(platform: Platform, table: str) -> object:
    if platform.version(table) is None:
        return None
    its = platform.catalog.tables[dg.AssetKey(table.split("/"))]
    rows = platform.rows(table)
    if its.contract.patterns:
        # A column that only a withdrawn file brought stays, without values.
        rows = sorted(({name: one for name, one in row.items() if one is not None} for row in rows), key=repr)
    return its.published_rows_by_day(), rows


def _documents(exports: Path) -> dict[Path, bytes]:
    return {path.relative_to(exports): path.read_bytes() for path in exports.rglob("*") if path.is_file()}
