"""A platform in a temporary folder that real processes run on: its environment, its commands, its instance."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg

from platform_assets_tests.support.instances import LateEvents
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.forks import Forked

Process: TypeAlias = subprocess.Popen[bytes] | Forked
ROOT = Path(__file__).parents[3]
MATERIALIZE = ("asset", "materialize", "-m", "platform_assets.definitions")
LONGEST = 900.0
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
SAMPLES = ROOT / "data" / "landing"
WEEK = ("2026-01-01", "2026-01-07")
TWO_DAYS = ("2026-01-01", "2026-01-02")
TABLES = ("web/raw_events", "web/user_web_hits", "web/aggregated_web_stats", "web/aggregated_web_page_stats")


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


def outside() -> dict[str, str]:
    """This machine's variables, but none of the platform, an engine or a store."""
    foreign = ("PLATFORM_", "DAGSTER_", "SPARK_", "PYSPARK_", "SAIL_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


class Site(Platform):
    """Landing, lake and exports below one folder, and a `DAGSTER_HOME` with an instance file as it is shipped.

    Its processes see the settings that it is made with, and `variables` beyond these.
    """

    def __init__(
        self, root: Path, variables: Mapping[str, str] | None = None, instance: str = "local", **settings: Any
    ) -> None:
        super().__init__(root, **settings)
        self.variables = dict(variables or {})
        self.home = root / "home"
        self.home.mkdir(parents=True)
        (self.home / "dagster.yaml").write_bytes((ROOT / "deploy" / instance / "dagster.yaml").read_bytes())

    def forget_events(self) -> None:
        """Let what runs tell Dagster go with their processes: written to disk, it takes longer than what they do."""
        late = f"event_log_storage:\n  module: {LateEvents.__module__}\n  class: {LateEvents.__name__}\n"
        with (self.home / "dagster.yaml").open("a") as file:
            file.write(late)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes see: this machine's variables, but none of the platform, an engine or a store."""
        ours = {
            f"PLATFORM_{name.upper()}": json.dumps(value) if isinstance(value, dict) else str(value)
            for name, value in self.given.items()
            if value is not None
        }
        return outside() | ours | {"DAGSTER_HOME": str(self.home)} | self.variables

    def dagster(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `dagster` command to its end, in the repository's root as a user does."""
        return self.run("dagster", *words)

    def run(self, module: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a Python module to its end."""
        log = self._new_log()
        with self._begun(("-m", module, *words), log) as process:
            code = process.wait(timeout=LONGEST)
        return subprocess.CompletedProcess([module, *words], code, log.read_text(encoding="utf-8"))

    def commands(self, *commands: Sequence[str]) -> list[str]:
        """Run `platform-assets` commands one after the other in one process; what each printed."""
        done = self.run("platform_assets_tests.support.processes.commands", json.dumps(commands))
        assert done.returncode == 0, done.stdout
        return done.stdout.split("\0")[1:]

    @contextmanager
    def started(self, *command: str) -> Iterator[Process]:
        """A process with a group of its own, that ends with the block, whatever happens; its output is in a file.

        The command is what stands after `python`.
        """
        with self._begun(command, self._new_log()) as process:
            yield process

    def _begun(self, command: Sequence[str], log: Path) -> AbstractContextManager[Process]:
        return ended(Forked(command, ROOT, self.environment, log), log)

    def _new_log(self) -> Path:
        return self.root / f"output-{time.monotonic_ns()}.txt"

    def event_ids(self, table: str) -> list[tuple[str, str]]:
        """(day, event id) of every row of a table."""
        return [(row["day"].isoformat(), row["event_id"]) for row in self.rows(table, "day", "event_id")]

    @contextmanager
    def instance_on_disk(self) -> Iterator[dg.DagsterInstance]:
        """What the processes have recorded."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            yield instance


@contextmanager
def running(command: Sequence[str], log: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[Process]:
    """A command with a process group of its own, killed at the end; its output is shown when the block fails."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    with ended(process, log):
        yield process


@contextmanager
def ended(process: Process, log: Path) -> Iterator[Process]:
    """A process that is killed with all that it has started at the end; its output is shown when the block fails."""
    try:
        yield process
    except BaseException:
        print(f"{log.name}:\n{log.read_text(errors='replace')[-10_000:]}")
        raise
    finally:
        kill(process)


def kill(process: Process) -> None:
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
    while True:
        asked = time.monotonic()
        if answer := ask():
            return answer
        now = time.monotonic()
        if now > end:
            raise TimeoutError(f"{what}: not so after {longest:.0f} seconds")
        # To ask a server keeps it from its work: never for more than a fifth of the time.
        time.sleep(max(0.1, 4 * (now - asked)))
