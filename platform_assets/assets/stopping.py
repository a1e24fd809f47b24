"""How a run that is told to stop ends within seconds, also where it waits for what does not answer."""

import atexit
import os
import signal
import sys
import time
from contextlib import suppress
from threading import Thread, current_thread, main_thread

import click
import dagster as dg

from platform_assets.assets import interrupts
from platform_assets.lake.engines import running

LONGEST = 8.0
"""Seconds that a run has to end by itself, and to clean up."""
_RECORDING = 1.0
_STOPS = (signal.SIGTERM, signal.SIGINT)
# A signal that nobody misses: ignored, unless somebody uses it.
_WAKES = signal.SIGURG
_SENTENCE = (
    f"The run was told to stop, and still waited for something {LONGEST:g} seconds later: its process was ended."
)

_runs: dict[str, dg.DagsterInstance] = {}
_is_watched = False
_is_leaving = False


def expect() -> None:
    """A command of Dagster is about to make a run: told to stop meanwhile, it says what that means."""
    if click.get_current_context(silent=True) is not None:
        interrupts.expect()
        _listen()


def begin(run_id: str, instance: dg.DagsterInstance) -> None:
    """From now on, and until `end`, the run does not outlive a signal to stop by more than ten seconds.

    What libraries in C or Rust wait for, Python cannot interrupt: it gets to handle the signal only afterwards.
    """
    _runs[run_id] = instance
    _listen()


def _listen() -> None:
    global _is_watched
    if _is_watched or current_thread() is not main_thread():
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    if before != -1:
        # Somebody else listens, such as an event loop, and knows how to stop.
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)
        return
    if signal.getsignal(_WAKES) is signal.SIG_DFL:
        signal.signal(_WAKES, lambda *_: None)
    _is_watched = True
    Thread(target=_watch, args=(read,), daemon=True, name="told to stop").start()


def end(run_id: str) -> None:
    """The run has ended; its process may go on, such as one in which somebody types, or wait while it leaves."""
    _runs.pop(run_id, None)
    # The last that is registered is the first that is called.
    atexit.unregister(_leave)
    atexit.register(_leave)


def _leave() -> None:
    global _is_leaving
    _is_leaving = True


def _watch(signals: int) -> None:
    while received := os.read(signals, 64):
        if set(received).isdisjoint(_STOPS):
            continue
        interrupts.told()
        if signal.getsignal(_WAKES) is not signal.SIG_DFL:
            # The system gives a signal to any thread; where the one that handles it waits, it would wait on.
            signal.pthread_kill(main_thread().ident or 0, _WAKES)
        if told := dict(_runs):
            # A process that is stuck in its own end runs no thread of Python any more; the kernel ends it all the same.
            timer = signal.setitimer(signal.ITIMER_REAL, LONGEST + _RECORDING * (len(told) + 1))
            running.told_to_stop()
            time.sleep(LONGEST)
            if _runs.keys().isdisjoint(told) and not _is_leaving:
                signal.setitimer(signal.ITIMER_REAL, *timer)
                running.goes_on()
                continue
            for recording in [Thread(target=_record, args=run, daemon=True) for run in told.items()]:
                recording.start()
                recording.join(_RECORDING)
            running.kill()
            print(_SENTENCE, file=sys.stderr, flush=True)
            os._exit(128 + signal.SIGTERM)


def _record(run_id: str, instance: dg.DagsterInstance) -> None:
    # The process ends, whether or not this can be recorded.
    with suppress(Exception):
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_failed(run, _SENTENCE)
