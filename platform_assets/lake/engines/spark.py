"""Apache Spark as an engine: with its driver in this process, or on a Spark Connect server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from platform_assets.errors import PlatformError
from platform_assets.lake.engines import spark_options as options
from platform_assets.lake.engines import spark_refusals, spark_start
from platform_assets.lake.engines.engine import NO_LINES, Engine
from platform_assets.lake.engines.java import Java
from platform_assets.lake.storage import any_on_s3, is_s3
from platform_assets.settings import TIME_ZONE, Settings

# What stands for other characters in the paths that Spark reads.
_SPECIAL = re.compile(r"[\\*?\[\]{}]")


class Spark(Engine):
    """Apache Spark with its driver in this process: local, on a standalone cluster, on YARN or Kubernetes."""

    reads_strict_json = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._java = Java()

    def spark_config(self) -> Mapping[str, str]:
        return options.own_options(self.settings)

    def starting(self, config: Mapping[str, str]) -> AbstractContextManager[Mapping[str, str]]:
        return self._starting(config)

    @contextmanager
    def _starting(self, config: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
        options = NO_LINES | spark_start.quiet(spark_start.with_jars(config))
        spark_start.require_whole_jars(options)
        with (
            spark_start.in_utf8(),
            spark_start.hidden_secrets(options) as told,
            self._java.starting(),
            spark_refusals.explained(self.settings, told),
        ):
            yield told

    def _session_with(self, config: Mapping[str, str]) -> SparkSession:
        session = super()._session_with(config)
        # Only when it is asked for something does Spark look at the options of its queries.
        session.conf.get(TIME_ZONE)
        return session

    def accept(self, other: SparkSession) -> None:
        options.refuse_other_options(other, self.spark_config())

    def reach(self, places: Mapping[str, str]) -> None:
        if any_on_s3(places) and not any_on_s3(self.settings.places):
            on_s3 = ", ".join(f"{name}={url}" for name, url in places.items() if is_s3(url))
            raise PlatformError(
                f"This process already runs Spark, which was started without what it needs for {on_s3}: run this "
                "platform in a process of its own."
            )

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

    def leave(self) -> None:
        self._java.leave(self.stop)

    def told_to_stop(self) -> None:
        super().told_to_stop()
        self._java.told_to_stop()

    def goes_on(self) -> None:
        super().goes_on()
        self._java.goes_on()

    def kill(self) -> None:
        self._java.kill()


def _unquoted(part: Column) -> Column:
    """A part of a URL as it was before odd characters in it were quoted, which takes long and is seldom needed."""
    decoded = F.url_decode(F.replace(part, F.lit("+"), F.lit("%2B")))
    return F.when(part.contains("%"), decoded).otherwise(part)


class SparkConnect(Spark):
    """A Spark Connect server, which runs on whatever becomes of its clients."""

    def spark_config(self) -> Mapping[str, str]:
        return options.remote_options(self.settings)

    def starting(self, config: Mapping[str, str]) -> AbstractContextManager[Mapping[str, str]]:
        return nullcontext(config)

    def reach(self, places: Mapping[str, str]) -> None:
        # The server has what it was started with, and nobody here can change that.
        pass

    def accept(self, other: SparkSession) -> None:
        # Where the other one is connected to cannot be asked.
        Engine.accept(self, other)

    @cached_property
    def session(self) -> SparkSession:
        options.require_server(self.settings)
        session = super().session
        try:
            options.refuse_lost_options(session, self.settings)
            options.require_delta(session, self.settings)
        except BaseException:
            self.stop()
            raise
        return session

    def leave(self) -> None:
        """Leave what is left to the client, which knows how to end with the process."""
