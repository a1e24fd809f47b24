"""The engines that run transforms: how each starts, hands out its Spark session, names files, and stops."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import DataFrame, SparkSession

from platform_assets.lake.storage import absolute, is_local
from platform_assets.settings import Settings, current

SPARK_PACKAGES = "io.delta:delta-spark_4.2_2.13:4.4.0,org.apache.hadoop:hadoop-aws:3.5.0"
# Older Hadoop clients, and a second logger, would land on the class path through these.
SPARK_EXCLUDES = (
    "io.unitycatalog:unitycatalog-hadoop,org.apache.hadoop:hadoop-client-api,"
    "org.apache.hadoop:hadoop-client-runtime,org.apache.logging.log4j:log4j-slf4j2-impl"
)
_PLAIN = re.compile(r"[A-Za-z0-9/._=-]*")


class Engine(ABC):
    """One Spark session per process, started when first asked for; its time zone is UTC."""

    knows_files = False
    """Whether the rows of files say which file they are of, in the hidden column `_metadata`."""
    reads_strict_json = True
    """Whether its JSON parser takes nothing but one JSON value, and only what a table can hold."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def spark_config(self) -> dict[str, Any]:
        """The options of the session, starting what the session connects to."""

    @cached_property
    def session(self) -> SparkSession:
        """The session; raises `dagster.Failure` when this machine cannot run the engine."""
        config = {"spark.sql.session.timeZone": "UTC"} | self.spark_config()
        session: SparkSession = LazyPySparkResource(spark_config=config).spark_session
        return session

    def folder(self, url: str) -> str:
        """How the engine writes the location of a table."""
        return url

    def file(self, url: str) -> str:
        """How the engine writes the location of exactly this file, whatever characters its name has."""
        return url

    def without_constants(self, rows: DataFrame) -> DataFrame:
        """The same rows, of which the engine must not take a column to be a constant."""
        return rows

    def stop(self) -> None:
        """Stop the session, if there is one."""
        if "session" in self.__dict__:
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
        from pysail.spark import SparkConnectServer

        self._server = SparkConnectServer(ip="127.0.0.1", port=0)
        self._server.start()
        host, port = self._server.listening_address
        return {"spark.remote": f"sc://{host}:{port}"}

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

    def file(self, url: str) -> str:
        # A bare path is a pattern, in which `[1]` or `?` would name other files, or none.
        return f"file://{quote(url)}" if is_local(url) else quote(url, safe="/:")

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
    """Apache Spark, by its master."""

    knows_files = True
    reads_strict_json = False

    def spark_config(self) -> dict[str, Any]:
        master = self.settings.spark_master
        if master.startswith("sc://"):
            return {"spark.remote": master} | self.settings.spark_config
        _find_java()
        local = master.startswith("local")
        if local:
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        return (
            {
                "spark.master": master,
                "spark.app.name": "platform_assets",
                "spark.ui.enabled": "false" if local else "true",
                "spark.ui.showConsoleProgress": "false",
                "spark.driver.memory": f"{max(int(self.settings.engine_memory) >> 20, 512)}m",
                "spark.jars.packages": SPARK_PACKAGES,
                "spark.jars.excludes": SPARK_EXCLUDES,
                "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
                "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
                "spark.databricks.delta.snapshotPartitions": "2",
                # What Spark writes is a log of one run, that nobody verifies later.
                "spark.databricks.delta.writeChecksumFile.enabled": "false",
                # Unless told so, Spark writes timestamps as other readers no longer expect them.
                "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
                # The usual one keeps checksums beside files, and can read none with a colon in its name.
                "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
                # Landing has many small files: by default each would be a task, and a file of the table.
                "spark.sql.files.openCostInBytes": "65536",
            }
            | ({"spark.sql.shuffle.partitions": str(os.cpu_count() or 2)} if local else {})
            | self.settings.spark_config
        )

    def leave(self) -> None:
        if not self.settings.spark_master.startswith("sc://"):
            self.stop()

    def folder(self, url: str) -> str:
        return url.replace("s3://", "s3a://", 1)

    def file(self, url: str) -> str:
        for special in "\\*?[]{}":
            url = url.replace(special, "\\" + special)
        return self.folder(url)


def _find_java() -> None:
    """Fail where Spark would find no Java, in one sentence instead of a stack trace of another process."""
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=os.path.join(home, "bin") if home else None):
        raise dg.Failure(
            f"The engine `spark` needs Java 17, which is not {f'in JAVA_HOME={home}' if home else 'on this machine'}: "
            "install it, or set PLATFORM_ENGINE=sail, which needs none.",
            allow_retries=False,
        )


_running: Engine | None = None


def start(settings: Settings | None = None) -> Engine:
    """The engine of this process (its session starts when first used); it stops with the process."""
    global _running
    if _running is None:
        settings = settings or current()
        _running = Sail(settings) if settings.engine == "sail" else Spark(settings)
        atexit.register(_running.leave)
    return _running


class EngineResource(dg.ConfigurableResource[Engine]):
    """The engine for assets; `spark_session` is what `dagster_pyspark` resources offer."""

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        return start()

    @property
    def spark_session(self) -> SparkSession:
        """The Spark session of this process, started when first asked for."""
        return start().session
