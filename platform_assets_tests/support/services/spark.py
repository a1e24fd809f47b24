"""Apache Spark's servers on loopback, started from the wheel as the guide says: a standalone cluster, Spark Connect."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platform_assets_tests.support.engines import SHORT_LIVED
from platform_assets_tests.support.processes.sites import ROOT, Process, kill, outside, running, wait_for
from platform_assets_tests.support.services.ports import answers, free_port
from platform_assets_tests.support.services.s3 import S3Server

GUIDE = ROOT / "deploy" / "spark.md"
LOOPBACK = "127.0.0.1"
QUICK = {
    "spark.driver.extraJavaOptions": SHORT_LIVED,
    "spark.executor.extraJavaOptions": SHORT_LIVED,
    "spark.sql.shuffle.partitions": "2",
}
_STARTS = 120.0
INSTALL_JAVA = "install OpenJDK 17"


def find_java() -> str | None:
    """Java, None where there is none."""
    return shutil.which("java")


def environment() -> dict[str, str]:
    """The variables of a user who has activated the environment, without any of the platform's or of an engine's."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quick = {"SPARK_DAEMON_JAVA_OPTS": SHORT_LIVED, "SPARK_SUBMIT_OPTS": SHORT_LIVED}
    return outside() | quick | {"PATH": path, "SPARK_LOCAL_IP": LOOPBACK}


def guide(containing: str, words: Mapping[str, str]) -> str:
    """The one command of the guide that has some text in it, with names of its example replaced by real ones."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    commands = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    (command,) = (line for line in commands if containing in line)
    for name, real in words.items():
        assert name in command, f"{name} is not in the guide's command: {command}"
        command = command.replace(name, real)
    return command


def filled_with_jars(folder: Path) -> Path:
    """A folder into which Spark has resolved its packages; the first who asks starts Spark for it, others wait."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            filling = Path(tempfile.mkdtemp(dir=folder.parent))
            _fill_with_jars(filling)
            filling.rename(folder)
    return folder


def _fill_with_jars(folder: Path) -> None:
    command = guide("xargs cp", {"/srv/spark-jars": str(folder)})
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def page(port: int, path: str) -> Any:
    """A JSON page of one of Spark's servers; None while the server is not there, or not ready."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=30) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, json.JSONDecodeError):
        return None


@contextmanager
def _running(command: str, log: Path, variables: Mapping[str, str] = MappingProxyType({})) -> Iterator[Process]:
    """A command with a process group of its own, killed at the end; its output is shown when the block fails."""
    with running(["bash", "-c", f"exec {command}"], log, log.parent, environment() | variables) as process:
        yield process


@dataclass(frozen=True)
class Worker:
    """A worker of a cluster, and the port of its pages."""

    process: Process
    pages: int

    def executors(self) -> list[dict[str, Any]]:
        """The executors that run on it."""
        return list(page(self.pages, "/json/")["executors"])

    def finished_executors(self) -> list[dict[str, Any]]:
        """The executors that ran on it."""
        return list(page(self.pages, "/json/")["finishedexecutors"])

    def kill(self) -> None:
        """Kill it together with its executors, as a power cut would."""
        kill(self.process)


@dataclass(frozen=True)
class Cluster:
    """A standalone master, by its port and that of its pages, and its workers."""

    port: int
    pages: int
    workers: tuple[Worker, ...]

    @property
    def master(self) -> str:
        """The master as `PLATFORM_SPARK_MASTER` names it."""
        return f"spark://{LOOPBACK}:{self.port}"

    def state(self) -> dict[str, Any]:
        """What the master says of its workers and applications."""
        said: dict[str, Any] = page(self.pages, "/json/")
        return said


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A standalone cluster of two workers, one core and 1 GiB each; it is gone at the end."""
    port, pages = free_port(), free_port()
    words = {"spark-master": LOOPBACK, "7077": str(port)}
    with ExitStack() as stack:
        command = guide("deploy.master.Master", words | {"8080": str(pages)})
        stack.enter_context(_running(command, folder / "master.log"))
        wait_for("the master is ready", lambda: page(pages, "/json/"), _STARTS)
        workers = []
        for n in (1, 2):
            own = {"worker-1": LOOPBACK, "8081": str(free_port()), "/var/tmp/spark": str(folder / f"worker-{n}")}
            command = guide("deploy.worker.Worker", words | own)
            process = stack.enter_context(_running(command, folder / f"worker-{n}.log"))
            workers.append(Worker(process, int(own["8081"])))
        started = Cluster(port, pages, tuple(workers))
        wait_for("two workers are alive", lambda: started.state()["aliveworkers"] == 2, _STARTS)
        yield started


@dataclass(frozen=True)
class ConnectServer:
    """A Spark Connect server: its `sc://` URL, and its process."""

    url: str
    process: Process

    def signal(self, number: int) -> None:
        """Send a signal to it and all that it has started."""
        os.killpg(self.process.pid, number)


@contextmanager
def connect_server(folder: Path, jars: Path | None, store: S3Server | None = None) -> Iterator[ConnectServer]:
    """A Spark Connect server, with Delta where there are jars, and a store if there is one. It is gone at the end."""
    port = free_port()
    words = {"spark-connect": LOOPBACK, "15002": str(port), "/srv/spark-jars": str(jars)}
    command = guide("SparkConnectServer", words)
    if not jars:
        command = command.split("--jars")[0]
    if store:
        command += guide("fs.s3a.endpoint=", {"http://minio:9000": store.endpoint})
    variables = store.environment if store else {}
    with _running(f"{command} --conf spark.log.level=WARN", folder / "connect.log", variables) as process:
        wait_for("the server answers", lambda: answers(port) or process.poll() is not None, _STARTS)
        assert process.poll() is None
        yield ConnectServer(f"sc://{LOOPBACK}:{port}", process)
