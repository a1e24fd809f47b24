"""Real runs that are killed, or whose store fails, at random moments, and what must hold whatever the moment was.

A trial delivers more actions, lets runs of the whole domain come to grief, and looks at what readers see then: each
table and document as a run of this trial, or of one before it, has made it, and nothing in between. `clean` leaves
nothing behind. In the end comes a run that nothing disturbs: all is what plain Python makes of all files.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from random import Random

import dagster as dg
import pyarrow as pa
import pyarrow.dataset as ds

from platform_assets_tests.support.actions import documents, oracle
from platform_assets_tests.support.actions.feeds import FILES, HEADERS, line
from platform_assets_tests.support.days import rows_of
from platform_assets_tests.support.feed_oracle import comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import MATERIALIZE, Site, kill
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.s3 import S3Server

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
RUN = ("-m", "dagster", *MATERIALIZE, "--select", "group:actions", "--partition-range", f"{DAYS[0]}...{DAYS[-1]}")
TABLES = ("raw_actions", "actions", "windows", "minutes", "window_summary", "top_windows")
DOCUMENTS = {"windows_csv": ("windows", documents.WINDOWS), "top_windows_csv": ("top_windows", documents.TOP_WINDOWS)}
DIRT = (b"", b"word", b"\xff", b"{}", b"time,action,more")
FAULTS = (
    Fault(500, "InternalError"),
    Fault(503, "SlowDown"),
    Fault(500, "InternalError", done=True),
    Fault(200, cut=True),
    Fault(403, "AccessDenied"),
)
State = dict[str, object]


class Havoc:
    """Trials on a site below a folder, on disk or on an S3 server (whose buckets lie on this machine's disk, too).

    `tally` counts what has happened. What must not happen is an `AssertionError` that says what was seen. After so
    many trials comes a run that nothing disturbs.
    """

    def __init__(self, root: Path, seed: int, server: S3Server | None = None, trials: int = 1) -> None:
        self.server = server
        self.trials = trials
        self.states: list[State] = []
        if server:
            places = {place: f"{server.make_bucket(place)}/team/{place}" for place in ("landing", "lake", "exports")}
            self.site = Site(root, server.environment, reject_share=1.0, engine_memory="1GiB", **places)
            self.site.forget_events()
            self.lake, self.exports = (server.buckets / place / "team" / place for place in ("lake", "exports"))
        else:
            self.site = Site(root, reject_share=1.0, engine_memory="1GiB")
            self.lake, self.exports = root / "lake", root / "exports"
        self.landing = root / "landing"
        self.random = Random(seed)
        self.tally: Counter[str] = Counter()
        self.delivered: Deliveries = {}
        self.deliver()
        self.repair()

    @cached_property
    def longest(self) -> float:
        """The seconds that a run takes which nothing disturbs, with all loaded that is loaded once."""
        began = time.monotonic()
        self.repair()
        return time.monotonic() - began

    def deliver(self) -> None:
        """One more file of a day, with good lines and bad ones."""
        chosen, day, file = self.random, self.random.choice(DAYS), self.random.choice(FILES)
        at = datetime.combine(day, datetime.min.time()) + timedelta(minutes=chosen.randrange(1200))
        lines = [
            line(file, at + timedelta(seconds=chosen.randrange(9000)), chosen.choice(("Open", "Close")))
            for _ in range(chosen.randint(1, 8))
        ]
        lines += chosen.choices(DIRT, k=chosen.randint(0, 2))
        header = [HEADERS[file]] if file in HEADERS else []
        content = b"".join(one + b"\n" for one in [*header, *lines])
        name = f"{len(self.delivered.get(day, {}))}-{file}"
        self.delivered.setdefault(day, {})[name] = content
        path = self.landing / "actions" / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if self.server:
            self.server.upload(self.landing, self.site.settings.landing)

    def kill_runs(self) -> None:
        """A trial in which runs are killed, of two at once (in a third of the trials) one or both."""
        count, longest = 2 if self.random.random() < 1 / 3 else 1, self.longest
        with self._trial(), ExitStack() as stack:
            runs = [stack.enter_context(self.site.started(*RUN)) for _ in range(count)]
            doomed = runs if count == 1 or self.random.random() < 0.5 else runs[:1]
            time.sleep(self.random.uniform(0, longest * (1 + (count - 1) / 2)))
            for process in doomed:
                self.tally["killed" if process.poll() is None else "ended before it was killed"] += 1
                kill(process)
            for process in runs:
                if process not in doomed:
                    self.tally[f"run beside it: exit {process.wait(timeout=300)}"] += 1

    def fail_requests(self) -> None:
        """A trial in which the store answers errors, loses answers or cuts them short, at random requests of a run."""
        assert self.server, "there is no store"
        share, most = self.random.choice((0.01, 0.05, 0.3)), self.random.randint(1, 12)
        left = [self.random.choice(FAULTS) for _ in range(most)]

        def choose(number: int, method: str, path: str) -> Fault | None:
            if not left or self.random.random() > share or (left[-1].cut and method != "GET"):
                return None
            return left.pop()

        with self._trial(), faulty(self.server, choose) as proxy:
            own = self.site.variables
            self.site.variables = own | {"AWS_ENDPOINT_URL": proxy.endpoint}
            with self.site.started(*RUN) as run:
                self.tally[f"run with faults: exit {run.wait(timeout=600)}"] += 1
            self.site.variables = own
            self.tally["faults"] += len(proxy.injected)

    @contextmanager
    def _trial(self) -> Iterator[None]:
        self.deliver()
        after = self.expected()
        self.states.append(after)
        yield
        seen = self.seen()
        half = [name for name, state in seen.items() if state not in [one.get(name) for one in self.states]]
        assert not half, f"half of what a run has made is visible: {half}"
        self.tally["tables and documents seen anew"] += sum(seen.get(name) == after[name] for name in after)
        self.tally["tables and documents seen as before"] += sum(seen.get(name) != after[name] for name in after)
        self.clean()
        if len(self.states) > self.trials:
            self.repair()
        self.tally["trials"] += 1

    def repair(self) -> None:
        """One run that nothing disturbs: all is as plain Python makes it."""
        done = self.site.run(*RUN[1:])
        assert done.returncode == 0, done.stdout[-5000:]
        seen, expected = self.seen(), self.expected()
        wrong = [name for name in expected if seen.get(name) != expected[name]]
        assert not wrong, f"lost or doubled after a run that ended well: {wrong}"
        self.states = [expected]

    def clean(self) -> None:
        """`platform-assets clean`, after Dagster was told which runs have died: only files of versions are left."""
        with self.site.instance_on_disk() as instance:
            for run in instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
                instance.report_run_failed(run)
        (said,) = self.site.commands(["clean", "--older-than", "0"])
        self.tally["files removed by clean"] += "not published" in said
        for name in TABLES:
            folder = self.lake / "actions" / name
            there = {str(path.relative_to(folder)) for path in folder.glob("runs/**/*") if path.is_file()}
            known = set(_paths_in_log(folder))
            assert there == known, f"{name}: left behind {there - known}, lost {known - there}"
        for name in DOCUMENTS:
            left = {path.name for path in (self.exports / "actions" / name).iterdir()} - {str(day) for day in DAYS}
            assert left <= {"latest"}, f"{name}: left behind {left}"

    def seen(self) -> State:
        """What readers see: the rows of each table, the text of each document."""
        lake = Platform(self.site.root, lake=str(self.lake))
        found: State = {}
        for name in TABLES:
            if (self.lake / "actions" / name / "_delta_log").exists():
                found[name] = comparable(lake.rows(f"actions/{name}"))
        for name in DOCUMENTS:
            for path in sorted((self.exports / "actions" / name).glob("*/*.csv")):
                found[f"{name}/{path.parent.name}"] = path.read_text(encoding="utf-8")
        return found

    def expected(self) -> State:
        """What plain Python makes of all that was delivered."""
        raw = rows_of(self.delivered, partial(oracle.raw_rows, start=FIRST))
        acts = [act for act in oracle.actions(raw) if act["day"] <= DAYS[-1]]
        rows = oracle.tables(raw, acts, DAYS)
        found: State = {name: comparable(rows[name]) for name in TABLES}
        for name, (table, columns) in DOCUMENTS.items():
            texts = {day: documents.text(rows[table], day, columns) for day in DAYS}
            found |= {f"{name}/{day}": text for day, text in texts.items()}
            with_rows = [day for day in DAYS if texts[day].count("\n") > 1]
            if with_rows:
                found[f"{name}/latest"] = texts[with_rows[-1]]
        return found


def _paths_in_log(folder: Path) -> Iterator[str]:
    """Every file that any version of a table has had."""
    for log in (folder / "_delta_log").glob("*.json"):
        for entry in log.read_text(encoding="utf-8").splitlines():
            if added := json.loads(entry).get("add"):
                yield added["path"]
    for checkpoint in (folder / "_delta_log").glob("*.checkpoint.parquet"):
        added = pa.table(ds.dataset(str(checkpoint)).to_table(columns=["add"]))["add"].to_pylist()
        yield from (one["path"] for one in added if one)
