"""A platform in a temporary folder that real processes run on: its environment, its commands, its instance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets_tests.platform import Platform

ROOT = Path(__file__).parents[2]
MATERIALIZE = ("asset", "materialize", "-m", "platform_assets.definitions")
LONGEST = 300.0
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


def events(day: str, *ids: str) -> list[dict[str, Any]]:
    """Web events of one day, one for each id, all by users of their own."""
    year, month, number = day.split("-")
    return [
        {
            "event_id": event_id,
            "user": {"session_id": "s1", "id": n, "ip": "10.0.0.1"},
            "action": "page_view",
            "url": f"https://www.example.com/find/{event_id}",
            "timestamp": f"{number}/{month}/{year} 10:15:00",
        }
        for n, event_id in enumerate(ids)
    ]


class Site(Platform):
    """Landing, lake and exports below one folder, and a `DAGSTER_HOME` as it is shipped for one machine."""

    def __init__(self, root: Path, **settings: Any) -> None:
        super().__init__(root, **settings)
        self.home = root / "home"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_bytes((ROOT / "deploy" / "local" / "dagster.yaml").read_bytes())

    @property
    def environment(self) -> dict[str, str]:
        """What the processes see: this machine's variables, but none of the platform or of an engine."""
        foreign = ("PLATFORM_", "DAGSTER_", "SPARK_", "SAIL_")
        outside = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        folders = {f"PLATFORM_{name.upper()}": str(self.root / name) for name in ("landing", "lake", "exports")}
        return outside | folders | {"PLATFORM_ENGINE": "sail", "DAGSTER_HOME": str(self.home)}

    def dagster(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `dagster` command to its end, in the repository's root as a user does."""
        command = [sys.executable, "-W", "ignore", "-m", "dagster", *words]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )

    @contextmanager
    def started(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process with a group of its own, that ends with the block, whatever happens; its output is in a file."""
        log = self.root / f"output-{time.monotonic_ns()}.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        except BaseException:
            print(log.read_text(errors="replace")[-10_000:])
            raise
        finally:
            kill(process)

    def event_ids(self, table: str) -> list[tuple[str, str]]:
        """(day, event id) of every row of a table."""
        return [(row["day"].isoformat(), row["event_id"]) for row in self.rows(table, "day", "event_id")]

    @contextmanager
    def instance_on_disk(self) -> Iterator[dg.DagsterInstance]:
        """What the processes have recorded."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            yield instance


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait(timeout=60)


def wait_for(what: str, ask: Callable[[], Any], longest: float = LONGEST) -> Any:
    """Ask until the answer is true, and return it; fails when it takes too long."""
    end = time.monotonic() + longest
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not so after {longest:.0f} seconds")
        time.sleep(0.2)
    return answer
