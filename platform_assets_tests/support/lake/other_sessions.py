"""Engines in a process that has a Spark session already, run by a test; prints what they say of it, as JSON.

The first argument is the kind of the session, `classic` or `connect`, the second a folder with Delta's jars.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyspark.sql import SparkSession

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.engines.spark import Spark, SparkConnect
from platform_assets.settings import Settings

SHUFFLES = "spark.sql.shuffle.partitions"
OPTIONS = {SHUFFLES: "3", "spark.sql.session.timeZone": "Europe/Berlin"}


def said(engine: Engine) -> str:
    """What the engine says when it is asked for its session; empty when it hands one out."""
    try:
        engine.session  # noqa: B018
    except PlatformError as failure:
        return str(failure)
    return ""


def options_of(session: SparkSession) -> dict[str, str | None]:
    """What the session has now of the options that it was started with."""
    return {name: session.conf.get(name, None) for name in OPTIONS}


def classic(jars: str) -> dict[str, Any]:
    """A session of this process's own Spark."""
    settings = Settings(_env_file=None, engine="spark", spark_master="local[1]", spark_jars=jars)
    builder = SparkSession.builder
    for name, value in Spark(settings).spark_config().items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    same = Spark(settings)
    seen: dict[str, Any] = {"same": said(same), "is used": same.session is session}
    same.stop()
    seen["works when stopped"] = session.range(3).count()
    for name, value in OPTIONS.items():
        session.conf.set(name, value)
    seen["other"] = said(Spark(settings.model_copy(update={"spark_master": "local[2]"})))
    seen["sail"] = said(Sail(Settings(_env_file=None)))
    return seen | {"options": options_of(session), "works": session.range(3).count()}


def connect() -> dict[str, Any]:
    """A session on a Spark Connect server of someone else."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    for name, value in OPTIONS.items():
        session.conf.set(name, value)
    settings = Settings(_env_file=None, engine="spark", spark_master=f"sc://{host}:{port}")
    seen = {
        "sail": said(Sail(Settings(_env_file=None))),
        "connect": said(SparkConnect(settings)),
        "other": said(Spark(Settings(_env_file=None, engine="spark"))),
        "options": options_of(session),
        "works": session.range(3).count(),
    }
    session.stop()
    server.stop()
    return seen


if __name__ == "__main__":
    print(json.dumps(classic(sys.argv[2]) if sys.argv[1] == "classic" else connect()))
