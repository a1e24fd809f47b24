"""Files that are dropped into landing end in the last table by themselves, whoever is killed meanwhile."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import pytest

from platform_assets.automation.history import DAYS, STATES
from platform_assets_tests.support.due import reasons
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import Process, Site, events, kill, wait_for
from platform_assets_tests.support.services.listener import Listener, listening
from platform_assets_tests.support.services.s3 import s3_server

WEEK = [str(datetime.now(timezone.utc).date() - timedelta(days=n)) for n in range(6, 0, -1)]
ALONE = {
    "automation": True,
    "web_start": WEEK[0],
    "landing_settle_seconds": 1,
    "landing_every_seconds": 2,
}
PROGRAM = str(Path(sys.executable).with_name("dagster-daemon"))


class Alone:
    """A site on which nobody does anything but drop files; its daemon may be killed, with all its runs."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._stack = ExitStack()
        self.start()

    def start(self) -> None:
        """Start the daemon."""
        self._process: Process = self._stack.enter_context(self.site.started(PROGRAM, "run", "-w", "workspace.yaml"))

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        kill(self._process)

    def end(self) -> None:
        """Kill it for good."""
        self._stack.close()

    def rests(self) -> bool:
        """Whether nothing is due, nor at work."""
        if any(reasons(self.site).values()):
            return False
        with self.site.instance_on_disk() as instance:
            return not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))

    def runs(self) -> list[dg.DagsterRun]:
        """All runs, the oldest first."""
        with self.site.instance_on_disk() as instance:
            return list(reversed(instance.get_runs()))

    def refused(self) -> list[str]:
        """The days of the runs of which a step has failed."""
        with self.site.instance_on_disk() as instance:
            return [
                run.tags[DAYS]
                for run in self.runs()
                if any(True for _ in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE))
            ]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """A site that works by itself."""
    site = Site(tmp_path, {"PLATFORM_DOMAINS": "web"}, **ALONE)
    (tmp_path / "landing" / "web_events").mkdir()
    found = Alone(site)
    yield found
    found.end()


def steps(site: Site) -> list[Callable[[], object]]:
    """What happens to landing: five days, late events, a corrected file, a file that is refused and then mended."""
    deliver = site.deliver
    return [
        *(
            lambda day=day, n=n: deliver("web_events", day, "a.jsonl", events(day, f"a{n}", f"b{n}"))  # type: ignore[misc]
            for n, day in enumerate(WEEK[:5])
        ),
        lambda: deliver("web_events", WEEK[3], "late.jsonl", events(WEEK[0], "late")),
        lambda: deliver("web_events", WEEK[1], "a.jsonl", events(WEEK[1], "corrected", "b1")),
        lambda: deliver("web_events", WEEK[2], "more.jsonl", ["{"] * 20),
        lambda: deliver("web_events", WEEK[4], "late.jsonl", events(WEEK[3], "later")),
    ]


def is_one_batch(site: Site) -> bool:
    """Whether every table is what one run over all days makes of what has landed."""
    batch = Platform(site.root / "batch", **{**ALONE, "landing": site.settings.landing})
    batch.materialise(WEEK[0], WEEK[-1], select="group:web")
    tables = ("web/user_web_hits", "web/sessions", "web/aggregated_web_stats", "web/aggregated_web_page_stats")
    return all(site.rows(table) == batch.rows(table) != [] for table in tables)


@pytest.mark.timeout(1500)
def test_what_is_dropped_into_landing_ends_in_the_last_table_though_everything_is_killed(alone: Alone) -> None:
    site, random = alone.site, Random(4)
    happens = steps(site)
    for happening in happens:
        happening()
        for _ in range(examples(1) if happening in happens[1::3] else 0):
            time.sleep(random.uniform(4, 20))
            alone.kill()
            alone.start()
    bad = f"{WEEK[2]}...{WEEK[2]}"
    wait_for("the bad delivery is refused", lambda: bad in alone.refused())
    wait_for("the rest is built", lambda: not any(WEEK[1][-2:] in days for days in reasons(site).values()))
    time.sleep(10)
    assert Counter(alone.refused())[bad] == 1
    site.deliver("web_events", WEEK[2], "more.jsonl", events(WEEK[2], "mended"))
    wait_for("nothing is due", alone.rests)
    assert is_one_batch(site)
    assert "mended" in [event_id for _, event_id in site.event_ids("web/user_web_hits")]
    done = [run for run in alone.runs() if run.is_success and not run.parent_run_id]
    again = Counter((run.tags[DAYS], run.tags[STATES]) for run in done)
    assert max(again.values()) == 1


def test_what_is_dropped_into_a_bucket_ends_in_the_last_table_and_people_hear_what_needs_them(tmp_path: Path) -> None:
    with s3_server(tmp_path / "s3") as server, listening() as listener, ExitStack() as stack:
        places = {place: f"{server.make_bucket(place)}/team" for place in ("landing", "lake", "exports")}
        told = {"PLATFORM_NOTIFY": listener.url, "PLATFORM_DOMAINS": "web"}
        site = Site(tmp_path / "site", server.environment | told, **{**ALONE, **places})
        local = Platform(tmp_path / "local", **ALONE)
        there = Platform(server.buckets, lake=str(server.buckets / "lake" / "team"))
        stack.callback(Alone(site).end)

        def drop(day: str, name: str, lines: list[Any]) -> None:
            local.deliver("web_events", day, name, lines)
            server.upload(local.root / "landing" / "web_events" / day, f"{places['landing']}/web_events/{day}")

        def delivered(table: str, day: str) -> bool:
            rows = there.rows(table) if there.version(table) else []
            return any(str(row["delivery_day"]) == day for row in rows)

        drop(WEEK[0], "a.jsonl", events(WEEK[0], "a", "b"))
        wait_for("the first day is built", lambda: there.version("web/sessions"))
        drop(WEEK[1], "a.jsonl", ["{"] * 20)
        wait_for("the refused delivery is told", lambda: told_of_the_table(listener))
        drop(WEEK[2], "late.jsonl", events(WEEK[0], "late"))
        wait_for("the other is built", lambda: delivered("web/raw_events", WEEK[2]))
        drop(WEEK[1], "a.jsonl", events(WEEK[1], "mended"))
        local.materialise(WEEK[0], WEEK[-1], select="group:web")
        for mart in ("web/user_web_hits", "web/sessions", "web/aggregated_web_stats"):
            expected = local.rows(mart)
            wait_for(f"{mart} is built", lambda: there.rows(mart) == expected != [])  # noqa: B023
        wait_for("the recovery is told", lambda: len(told_of_the_table(listener)) == 2)
        assert told_of_the_table(listener) == [f"web/raw_events failed on {WEEK[1]}.", "web/raw_events recovered."]


def told_of_the_table(listener: Listener) -> list[str]:
    """What people were told of the raw table itself; its checks aside."""
    lines = [line for one in listener.heard for line in one["message"].splitlines()]
    return [line for line in lines if line.startswith(("web/raw_events failed", "web/raw_events recovered"))]
