"""The engines that run transforms: how each starts, hands out its Spark session, names files, and stops."""

from __future__ import annotations

import atexit
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from platform_assets.lake.engines import spark_options as spark
from platform_assets.lake.storage import absolute, any_on_s3, check, is_local
from platform_assets.settings import TIME_ZONE, Settings, current

_PLAIN = re.compile(r"[A-Za-z0-9/._=-]*")
# What stands for other characters in the paths that Spark reads.
_SPECIAL = re.compile(r"[\\*?\[\]{}]")


class Engine(ABC):
    """One Spark session per process, started when first asked for; its time zone is UTC."""

    reads_strict_json = True
    """Whether its JSON parser takes nothing but one JSON value, and only what a table can hold."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_ours = True

    @abstractmethod
    def spark_config(self) -> dict[str, Any]:
        """The options of the session, starting what the session connects to."""

    @cached_property
    def session(self) -> SparkSession:
        """The session; raises `dagster.Failure` when it cannot be had here as the platform needs it."""
        other = spark.active_session()
        if other is not None:
            self.accept(other)
        session: SparkSession = LazyPySparkResource(spark_config=self.spark_config()).spark_session
        self._is_ours = other is None
        return session

    def accept(self, other: SparkSession) -> None:
        """Raise `dagster.Failure` unless a session that this process has already is as good as one of ours."""
        raise dg.Failure(
            "This process has a Spark session already, which the platform did not start and cannot use for "
            f"PLATFORM_ENGINE={self.settings.engine}; it was left as it is. Stop it first "
            "(SparkSession.active().stop()), or use another process.",
            allow_retries=False,
        )

    def folder(self, url: str) -> str:
        """How the engine writes the location of a table."""
        return url

    @abstractmethod
    def texts(self, urls: Sequence[str]) -> list[DataFrame]:
        """The lines of files of any names, each with the last two parts of its file's URL: value, folder, name.

        In as few frames as the engine can. Only a line feed ends a line.
        """

    def without_constants(self, rows: DataFrame) -> DataFrame:
        """The same rows, of which the engine must not take a column to be a constant."""
        return rows

    def stop(self) -> None:
        """Stop the session, if there is one and it is ours."""
        if "session" in self.__dict__:
            if self._is_ours:
                self.session.stop()
            del self.__dict__["session"]

    def leave(self) -> None:
        """Let go of what outlives the process, when it ends."""
        self.stop()


class Sail(Engine):
    """The embedded engine: a Spark Connect server of this process, without Java."""

    # Collected as garbage, the server would stop and its client wait for ever.
    _server: Any = None

    @cached_property
    def _links(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="platform_assets_")

    def spark_config(self) -> dict[str, Any]:
        # Read once, when the server starts. Without a bound the pool never spills.
        os.environ["SAIL_RUNTIME__MEMORY_POOL__TYPE"] = "fair"
        os.environ["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] = str(int(self.settings.engine_memory))
        if self.settings.engine_temp:
            os.environ["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"] = f'["{self.settings.engine_temp}"]'
        os.environ.setdefault("RUST_LOG", "error")
        if any_on_s3(self.settings.places):
            from platform_assets.lake.storage.s3 import delta_options

            os.environ |= delta_options()
        from pysail.spark import SparkConnectServer

        self._server = SparkConnectServer(ip="127.0.0.1", port=0)
        self._server.start()
        host, port = self._server.listening_address
        return {TIME_ZONE: "UTC", "spark.remote": f"sc://{host}:{port}"}

    def folder(self, url: str) -> str:
        if not is_local(url) or _PLAIN.fullmatch(url):
            return url
        # Sail would write `my lake` into another folder, `my%20lake`: a link gives the folder a plain name.
        parts = Path(absolute(url)).parts
        end = 1 + max(n for n, part in enumerate(parts) if not _PLAIN.fullmatch(part))
        odd = Path(*parts[:end])
        link = Path(self._links.name, sha256(str(odd).encode()).hexdigest())
        if not link.is_symlink():
            odd.mkdir(parents=True, exist_ok=True)
            link.symlink_to(odd)
        return str(link.joinpath(*parts[end:]))

    def texts(self, urls: Sequence[str]) -> list[DataFrame]:
        # It does not say which file a row is from, nor reads packed files along with others.
        return [self._text(url) for url in urls]

    def _text(self, url: str) -> DataFrame:
        # A bare path is a pattern, in which `[1]` or `?` would name other files, or none.
        file = f"file://{quote(url)}" if is_local(url) else quote(url, safe="/:")
        folder, name = url.split("/")[-2:]
        rows = self.session.read.option("lineSep", "\n").text(file)
        return rows.select("value", F.lit(folder).alias("folder"), F.lit(name).alias("name"))

    def without_constants(self, rows: DataFrame) -> DataFrame:
        # What is the same in all rows by the file statistics, Sail makes a constant, and then fails where groups by
        # constants are aggregated again. Behind a condition on chance (5 ns a row) nothing is constant.
        return rows.where("rand() >= 0")

    def stop(self) -> None:
        super().stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def leave(self) -> None:
        # Not the session: from Python 3.12 on, its channel waits for ever for threads that have ended by then.
        if self._server is not None:
            self._server.stop()


class Spark(Engine):
    """Apache Spark with its driver in this process: local, on a standalone cluster, on YARN or Kubernetes."""

    reads_strict_json = False

    def spark_config(self) -> dict[str, Any]:
        return dict(spark.own_options(self.settings))

    def accept(self, other: SparkSession) -> None:
        spark.refuse_other_options(other, self.spark_config())

    def folder(self, url: str) -> str:
        return url.replace("s3://", "s3a://", 1)

    def texts(self, urls: Sequence[str]) -> list[DataFrame]:
        # A frame for each file would be a plan that takes minutes for some hundred files.
        if not urls:
            return []
        files = [_SPECIAL.sub(r"\\\g<0>", self.folder(url)) for url in urls]
        rows = self.session.read.option("lineSep", "\n").text(files)
        folder = F.substring_index(F.substring_index("_metadata.file_path", "/", -2), "/", 1)
        name = F.col("_metadata.file_name")
        return [rows.select("value", _unquoted(folder).alias("folder"), _unquoted(name).alias("name"))]


def _unquoted(part: Column) -> Column:
    """A part of a URL as it was before odd characters in it were quoted, which takes long and is seldom needed."""
    decoded = F.url_decode(F.replace(part, F.lit("+"), F.lit("%2B")))
    return F.when(part.contains("%"), decoded).otherwise(part)


class SparkConnect(Spark):
    """A Spark Connect server, which runs on whatever becomes of its clients."""

    def spark_config(self) -> dict[str, Any]:
        return dict(spark.remote_options(self.settings))

    def accept(self, other: SparkSession) -> None:
        # Where the other one is connected to cannot be asked.
        Engine.accept(self, other)

    @cached_property
    def session(self) -> SparkSession:
        spark.require_server(self.settings)
        session = super().session
        try:
            spark.refuse_lost_options(session, self.settings)
            spark.require_delta(session, self.settings)
        except BaseException:
            self.stop()
            raise
        return session

    def leave(self) -> None:
        """Leave what is left to the client, which knows how to end with the process."""


_running: Engine | None = None


def start(settings: Settings | None = None) -> Engine:
    """The engine of this process (its session starts when first used); it stops with the process."""
    global _running
    if _running is None:
        settings = settings or current()
        _running = _kind(settings)(settings)
        atexit.register(_running.leave)
    return _running


def _kind(settings: Settings) -> type[Engine]:
    if settings.engine == "sail":
        return Sail
    return SparkConnect if settings.spark_master.startswith("sc://") else Spark


class EngineResource(dg.ConfigurableResource[Engine]):
    """The engine for assets; `spark_session` is what `dagster_pyspark` resources offer.

    `places` are where landing, lake and exports lie, by the variables that set them.
    """

    places: dict[str, str] = {}

    @property
    def engine(self) -> Engine:
        """The engine of this process; raises `dagster.Failure` when one of the places cannot be reached."""
        check(self.places)
        return start()

    @property
    def spark_session(self) -> SparkSession:
        """The Spark session of this process, started when first asked for."""
        return self.engine.session

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give back what a run or a step held on a server of others."""
        if isinstance(_running, SparkConnect):
            _running.stop()
