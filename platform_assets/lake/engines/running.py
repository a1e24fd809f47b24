"""The one engine of this process: which it is, and who may use it."""

from __future__ import annotations

import atexit

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.engines.spark import Spark, SparkConnect
from platform_assets.lake.engines.spark_options import address
from platform_assets.settings import Settings, current

FIXED = ("engine", "engine_memory", "engine_temp", "spark_master", "spark_jars", "spark_config")
"""The settings that an engine is started with, and cannot change afterwards."""

_running: Engine | None = None


def start(settings: Settings | None = None) -> Engine:
    """The engine of this process (its session starts when first used); it stops with the process.

    Without settings it is the one that runs, or else that of the process's own settings. Raises `PlatformError` when
    one runs that was started with others than these.
    """
    global _running
    if _running is None:
        settings = settings or current()
        _running = _kind(settings)(settings)
        atexit.register(_running.leave)
    elif settings is not None:
        _refuse_others(_running, settings)
        _running.reach(settings.places)
    return _running


def running() -> Engine | None:
    """The engine that was started in this process, None before one was."""
    return _running


def server() -> str:
    """The address of the server that runs the transforms, as people may see it."""
    if isinstance(_running, SparkConnect):
        return f"the Spark Connect server at {address(_running.settings)}"
    return "the engine of this process"


def give_back() -> None:
    """End the session when it is held on a server of others."""
    if isinstance(_running, SparkConnect):
        _running.stop()


def told_to_stop() -> None:
    """Let the engine, if there is one, keep nobody waiting: the process was told to stop."""
    if _running is not None:
        _running.told_to_stop()


def goes_on() -> None:
    """The process was told to stop, and goes on all the same, such as one in which somebody types."""
    if _running is not None:
        _running.goes_on()


def kill() -> None:
    """End what the engine would leave behind by a process that ends without another word."""
    if _running is not None:
        _running.kill()


def _kind(settings: Settings) -> type[Engine]:
    if settings.engine == "sail":
        return Sail
    return SparkConnect if settings.spark_master.startswith("sc://") else Spark


def _refuse_others(engine: Engine, settings: Settings) -> None:
    other = [name for name in FIXED if getattr(engine.settings, name) != getattr(settings, name)]
    if other:
        variables = ", ".join(f"PLATFORM_{name.upper()}" for name in other)
        raise PlatformError(
            f"This process already runs an engine that was started with other settings ({variables}), and there is "
            "one engine in a process: give both platforms the same, or run this one in a process of its own."
        )
