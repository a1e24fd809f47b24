"""Runs that are told to stop while they wait for a store that does not answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import dagster as dg
import psutil
import pytest

from platform_assets_tests.processes.test_s3 import RAW, lake_of, on_s3, server  # noqa: F401 a fixture
from platform_assets_tests.support.processes.sites import DAYS, LONGEST, Site, events, wait_for
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.s3 import S3Server


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
def test_a_run_that_waits_for_a_store_without_an_answer_ends_within_ten_seconds_of_being_told_to(
    server: S3Server,  # noqa: F811
    tmp_path: Path,
    executor: str,
) -> None:
    site = on_s3(server, tmp_path, executor=executor)
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    server.upload(site.root / "landing", site.settings.landing)
    waits = Event()

    def never(number: int, method: str, path: str) -> Fault | None:
        # The library that commits waits in a language that Python cannot interrupt.
        if method == "PUT" and "raw_events/_delta_log/" in path:
            waits.set()
            time.sleep(LONGEST)
        return None

    with faulty(server, never) as proxy:
        site.variables["AWS_ENDPOINT_URL"] = proxy.endpoint
        with site.started("-m", "dagster", *RAW, DAYS[0]) as run:
            wait_for("the run waits for the store", waits.is_set)
            time.sleep(1)
            told = time.monotonic()
            run.terminate()
            assert run.wait(timeout=60) != 0
            took = time.monotonic() - told
    assert took < 10
    with site.instance_on_disk() as instance:
        (recorded,) = instance.get_runs()
        assert recorded.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    assert lake_of(server).version("web/raw_events") in (None, 0)


STUCK = """
import builtins, os, signal, threading, time
from platform_assets.assets import stopping

class Stuck:
    def __del__(self):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()

stopping.LONGEST = 1.0
stopping.begin("run", None)
builtins.stuck = Stuck()
signal.signal(signal.SIGTERM, lambda *_: None)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.5)
stopping.end("run")
"""


WAITS = """
import os, signal, sys, threading
from platform_assets.assets import stopping

def told():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
stopping.begin("run", None)
threading.Timer(0.5, told).start()
os.read(os.pipe()[0], 1)
"""


def test_a_run_that_waits_stops_whichever_of_its_threads_is_told_to() -> None:
    done = subprocess.run([sys.executable, "-c", WAITS], timeout=60, check=False)
    assert done.returncode == 3


def test_a_process_that_is_stuck_after_its_run_has_ended_ends_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], timeout=60, check=False)
    assert done.returncode == -signal.SIGALRM


@pytest.mark.java
@pytest.mark.parametrize("after", [0, 3])
def test_a_run_that_is_interrupted_while_spark_starts_ends_at_once_and_leaves_no_java(site: Site, after: float) -> None:
    site.variables |= {"PLATFORM_ENGINE": "spark"}
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))

    def java() -> list[psutil.Process]:
        found = psutil.process_iter(["cmdline"])
        starts = [one for one in found if any("spark" in word for word in (one.info["cmdline"] or [])[:4])]
        return [one for one in starts if psutil.pid_exists(one.pid) and os.getsid(one.pid) == run.pid]

    with site.started("-m", "dagster", *RAW, DAYS[0]) as run:
        wait_for("Spark is started", java)
        time.sleep(after)
        told = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(timeout=60) == 1
        assert time.monotonic() - told < 10
        wait_for("there is no Java", lambda: not java(), longest=5)
