"""Processes that begin with Python's libraries loaded: forks of a server that has loaded them once.

A new Python loads Dagster, pandas and PySpark for seconds before it does anything. A fork has them from its start, and
is else a process as any other: with a session, an environment, a folder and an output of its own, free to be killed.
The server has loaded nothing of the platform, and has started no thread.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[3]
# What commands load whatever they are asked to do. Nothing breaks when one of these is no longer needed.
LIBRARIES = (
    *(
        "dagster_aws.s3",
        "dagster_postgres",
        "dagster_pyspark",
        "boto3",
        "deltalake",
        "duckdb",
        "fsspec",
        "pandas",
        "pandera.pyspark",
        "psutil",
    ),
    *("pyarrow.dataset", "pyarrow.parquet", "pydantic_settings", "pysail.spark", "pyspark.sql.connect.session"),
    *("rich.console", "rich.table", "tenacity", "typer"),
)
PROGRAMS = ("dagster", "dagster-webserver", "dagster-daemon")


class Forked:
    """A fork that runs: what `subprocess.Popen` tells of a process, and does to it."""

    def __init__(self, words: Sequence[str], folder: Path, variables: Mapping[str, str], output: Path) -> None:
        self.args = list(words)
        self.returncode: int | None = None
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(_server())
        asked = {"words": self.args, "folder": str(folder), "variables": dict(variables), "output": str(output)}
        self._server.sendall(json.dumps(asked).encode() + b"\n")
        self._answers = self._server.makefile()
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """The exit code, None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code."""
        if self.returncode is None:
            if not select.select([self._server], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._server.close()
        return self.returncode

    def terminate(self) -> None:
        """Tell the process to end."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


@cache
def _server() -> str:
    """Where the server of this process answers; started when it is needed, gone when this process is."""
    folder = tempfile.TemporaryDirectory(prefix="forks_")
    address = f"{folder.name}/socket"
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", __name__, address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin
    assert server.stdout

    def end() -> None:
        server.stdin.close()
        server.wait(timeout=60)
        folder.cleanup()

    atexit.register(end)
    assert server.stdout.readline() == b"ready\n", "the server of forks has not started"
    return address


def _next(listener: socket.socket) -> tuple[list[str], Path] | None:
    """In a fork, what it is to run and where; None in the server, when nobody needs it any more."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return None
        client, _ = listener.accept()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork():
            client.close()
            continue
        # Between server and fork is a process that waits for the end of the fork, and tells it.
        listener.close()
        asked = json.loads(client.makefile().readline())
        if pid := os.fork():
            ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with suppress(BrokenPipeError):
                client.sendall(f"{ended}\n".encode())
            os._exit(0)
        os.setsid()
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        client.sendall(f"{os.getpid()}\n".encode())
        for descriptor in (output, nothing):
            os.close(descriptor)
        client.close()
        os.environ.clear()
        os.environ.update(asked["variables"])
        return asked["words"], Path(asked["folder"])


def _be(words: list[str], folder: Path) -> None:
    """Do what `python` does with these words (`-m module ...` or `script ...`) in a folder."""
    os.chdir(folder)
    if words[0] == "-m":
        sys.path[0] = str(folder)
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(words[0]).parent)
        sys.argv = list(words)
        runpy.run_path(words[0], run_name="__main__")


def _code_of(words: list[str], folder: Path) -> int:
    """Do what these words say, and return the exit code that Python would end with."""
    try:
        _be(words, folder)
    except SystemExit as exit:
        if exit.code is None or isinstance(exit.code, int):
            return exit.code or 0
        print(exit.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _serve(address: str) -> None:
    """Load the libraries, and fork for whoever asks."""
    codes: list[int] = []

    def end() -> None:
        # The last thing that a fork does: all that is left to Python is to forget each module, which takes a second.
        if codes:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(codes[0])

    atexit.register(end)
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in PROGRAMS:
        (program,) = entry_points(group="console_scripts", name=name)
        program.load()
    # Looked through for garbage, each page of it would be copied for each fork.
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    if asked := _next(listener):
        codes.append(_code_of(*asked))


if __name__ == "__main__":
    _serve(sys.argv[1])
