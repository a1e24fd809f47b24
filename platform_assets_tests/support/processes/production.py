"""A production site on this machine: the three processes of the guide, over a real PostgreSQL and a real S3 server."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from platform_assets_tests.support.processes.graphql import Web
from platform_assets_tests.support.processes.sites import LONGEST, ROOT, Process, Site, wait_for
from platform_assets_tests.support.services.ports import answers, free_port
from platform_assets_tests.support.services.postgres import Postgres, postgres
from platform_assets_tests.support.services.s3 import S3Server, s3_server

CODE, WEB, DAEMON = "dagster api grpc", "dagster-webserver", "dagster-daemon run"
BUCKET = "logs"


def command(process: str) -> list[str]:
    """How the guide starts a process: its words, behind Python itself."""
    guide = (ROOT / "deploy" / "production.md").read_text(encoding="utf-8")
    (line,) = set(re.findall(rf"^{process} .*$", guide, flags=re.MULTILINE))
    program, *words = shlex.split(line)
    return [str(Path(sys.executable).with_name(program)), *words]


class Production:
    """A site whose code server, webserver and daemon run apart, and can be killed and started one by one."""

    def __init__(self, site: Site, web: Web, code_port: int, database: Postgres, s3: S3Server) -> None:
        self.site = site
        self.web = web
        self.database = database
        self.s3 = s3
        self._code_port = code_port
        self._running: dict[str, tuple[Process, ExitStack]] = {}

    def start(self, *processes: str) -> None:
        """Start processes, and wait until they are up."""
        for process in processes:
            stack = ExitStack()
            self._running[process] = stack.enter_context(self.site.started(*command(process))), stack
            if process == CODE:
                wait_for("the code server answers", lambda: answers(self._code_port))
        if WEB in processes:
            wait_for("the webserver is ready", self.web.is_ready)

    def kill(self, *processes: str) -> None:
        """Kill processes with all that they have started, as a power cut would."""
        for process in processes:
            _, stack = self._running.pop(process)
            stack.close()

    def end(self, process: str) -> int:
        """Tell a process to end, wait until it has, and return its exit code."""
        told, stack = self._running.pop(process)
        with stack:
            told.terminate()
            return told.wait(timeout=LONGEST)

    def has_said(self, words: str) -> bool:
        """Whether any process has printed some words."""
        return any(words in output.read_text(errors="replace") for output in self.site.root.glob("output-*.txt"))

    def kill_run(self, run: str) -> None:
        """Kill the process of a run in progress, as the kernel does when there is no memory left."""
        (pid,) = re.findall(r"Started process for run \(pid: (\d+)\)", "\n".join(self.web.messages(run)))
        os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        """Kill what runs."""
        self.kill(*self._running)


@contextmanager
def production(root: Path) -> Iterator[Production]:
    """A running production site with its own database and its own bucket for logs."""
    with postgres() as database, s3_server(root / "s3") as s3:
        s3.make_bucket(BUCKET)
        code_port, web_port = free_port(), free_port()
        variables = {
            "DAGSTER_LOGS_BUCKET": BUCKET,
            "DAGSTER_LOGS_PREFIX": "dagster",
            "DAGSTER_LOGS_DIR": str(root / "logs"),
            "DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR": "1",
            "DAGSTER_GRPC_HOST": "127.0.0.1",
            "DAGSTER_GRPC_PORT": str(code_port),
            "DAGSTER_WEBSERVER_PORT": str(web_port),
            "PLATFORM_DOMAINS": "web",
            "PLATFORM_LANDING_EVERY_SECONDS": "3",
        }
        site = Site(root, database.environment | s3.environment | variables, instance="production")
        running = Production(site, Web(web_port), code_port, database, s3)
        try:
            running.start(CODE)
            running.start(WEB, DAEMON)
            yield running
        finally:
            running.stop()
