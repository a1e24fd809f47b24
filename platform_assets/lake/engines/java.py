"""The Java that Spark's driver runs in: a process of its own, which must not outlive the one that has started it."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread, current_thread, main_thread

import psutil
from pyspark import SparkContext

POLITE = 3.0
"""Seconds that Spark has to stop by itself, in a process that was told to stop."""
# What stands in the command lines of Spark's driver: of the scripts that start it, and then of Java.
_OF_SPARK = ("spark-submit", "spark-class", "org.apache.spark.deploy.SparkSubmit")


class Java:
    """The Java of one session.

    Java ends by itself when the process that started it is gone, but not when its start was interrupted
    (workaround: spark-java-outlives-its-start).
    """

    def __init__(self) -> None:
        self._is_starting = False
        self._is_told = False
        self._others: set[psutil.Process] = set()
        self._own: list[psutil.Process] = []

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Start it within the block, to whose error there is no Java left.

        Whoever handles SIGINT goes on doing so (workaround: spark-takes-sigint), but for Python itself.
        """
        handler = signal.getsignal(signal.SIGINT)
        of_others = SparkContext._gateway is not None and not self._own
        self._others, self._is_starting, self._is_told = set(_children()), True, False
        try:
            yield
        except BaseException:
            self.kill()
            if not of_others:
                # Spark would go on with the one that is dead.
                SparkContext._gateway = SparkContext._jvm = None
            if self._is_told:
                # Whatever has failed for want of Java: this is why.
                _restore(handler)
                _raise_as(handler)
            raise
        else:
            self._own = self._started() or self._own
            if handler is not signal.default_int_handler:
                _restore(handler)
        finally:
            self._is_starting = False

    def told_to_stop(self) -> None:
        """The process is to end soon; nobody may wait for a Java that is still starting."""
        self._is_told = True
        if self._is_starting:
            logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
            self.kill()

    def goes_on(self) -> None:
        """The process does not end."""
        self._is_told = False

    def leave(self, stop: Callable[[], None]) -> None:
        """Stop the session when the process ends: for a while only when it was told to, and then end Java."""
        if not self._is_told:
            return stop()
        # Not in this thread: what it has asked Java for last may still be waited for there.
        stopping = Thread(target=_quietly, args=(stop,), daemon=True)
        stopping.start()
        stopping.join(POLITE)
        return self.kill()

    def kill(self) -> None:
        """End it at once."""
        for process in self._own or self._started():
            with suppress(psutil.Error):
                for one in (*process.children(recursive=True), process):
                    one.kill()

    def _started(self) -> list[psutil.Process]:
        return [process for process in _children() if process not in self._others and _is_of_spark(process)]


def _children() -> list[psutil.Process]:
    return psutil.Process().children()


def _is_of_spark(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    # Before a new process becomes another program, it is the same as this one, and for a moment none.
    return words in ([], psutil.Process().cmdline()) or any(name in word for word in words for name in _OF_SPARK)


def _restore(handler: object) -> None:
    if callable(handler) and current_thread() is main_thread():
        signal.signal(signal.SIGINT, handler)


def _raise_as(handler: object) -> None:
    if callable(handler):
        try:
            handler(signal.SIGINT, None)
        except BaseException as told:
            raise told.with_traceback(None) from None


def _quietly(stop: Callable[[], None]) -> None:
    with suppress(Exception):
        stop()
