"""Java that Spark has started: it ends with the process, also when that is stopped before Java is there."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from threading import Event

import psutil
import pytest
from pyspark import SparkContext

from platform_assets.lake.engines import java
from platform_assets.lake.engines.java import Java

# As the scripts of Spark do: one program becomes the other.
STARTS = ("bash", "-c", "exec -a org.apache.spark.deploy.SparkSubmit sleep 60")


class Told(BaseException):
    """What a handler of somebody else raises."""


def tell(*_: object) -> None:
    """A handler of signals that is not Python's own."""
    raise Told


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process without Java of its own, whose handler of SIGINT is as it was afterwards."""
    monkeypatch.setattr(SparkContext, "_gateway", None)
    monkeypatch.setattr(SparkContext, "_jvm", None)
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that end with the test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("error", [KeyboardInterrupt, Told, ValueError])
def test_a_start_that_is_broken_off_leaves_no_java_and_no_word_of_it(
    started: list[subprocess.Popen[bytes]], error: type[BaseException]
) -> None:
    started.append(subprocess.Popen(["sleep", "60"]))

    def fails() -> None:
        started.append(subprocess.Popen(STARTS))
        SparkContext._gateway = object()
        raise error

    with pytest.raises(error), Java().starting():
        fails()
    other, own = started
    assert own.wait(timeout=10) == -signal.SIGKILL
    assert other.poll() is None, "a process that is not Spark's was ended"
    assert SparkContext._gateway is None


def test_a_process_that_is_told_to_stop_while_java_starts_stops_as_its_handler_says(
    started: list[subprocess.Popen[bytes]],
) -> None:
    signal.signal(signal.SIGINT, tell)
    own = Java()

    def fails() -> None:
        started.append(subprocess.Popen(STARTS))
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as Spark does
        own.told_to_stop()
        assert started[0].wait(timeout=10) == -signal.SIGKILL
        raise ConnectionError("Java is gone")

    with pytest.raises(Told) as raised, own.starting():
        fails()
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    assert signal.getsignal(signal.SIGINT) is tell


def test_whoever_handles_signals_goes_on_when_spark_has_started() -> None:
    signal.signal(signal.SIGINT, tell)
    with Java().starting():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as Spark does
    assert signal.getsignal(signal.SIGINT) is tell


def test_at_a_prompt_spark_handles_signals_as_it_is_used_to() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Java().starting():
        signal.signal(signal.SIGINT, tell)
    assert signal.getsignal(signal.SIGINT) is tell


def test_a_process_that_was_told_to_stop_waits_for_its_session_only_for_a_while(
    monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(java, "POLITE", 0.2)
    own, never = Java(), Event()
    with own.starting():
        started.append(subprocess.Popen(STARTS))
        wait_until_it_is_java(started[0])
    own.told_to_stop()
    assert started[0].poll() is None, "what is being cleaned up may need it"
    begun = time.monotonic()

    def waits() -> None:
        never.wait(20)

    own.leave(waits)
    assert time.monotonic() - begun < 5
    assert started[0].wait(timeout=10) == -signal.SIGKILL


def test_a_process_that_nobody_told_to_stop_stops_its_session_and_lets_java_end_by_itself(
    started: list[subprocess.Popen[bytes]],
) -> None:
    own, stopped = Java(), Event()
    with own.starting():
        started.append(subprocess.Popen(STARTS))
        wait_until_it_is_java(started[0])
    own.leave(stopped.set)
    assert stopped.is_set()
    assert started[0].poll() is None


def wait_until_it_is_java(process: subprocess.Popen[bytes]) -> None:
    """Wait until one program has become the other."""
    while not any("SparkSubmit" in word for word in psutil.Process(process.pid).cmdline()[:1]):
        time.sleep(0.01)
