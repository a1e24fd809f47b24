"""What every engine that runs transforms is: one Spark session of a process, and how it is told of files."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from typing import Any

from pyspark.errors import PySparkException, PySparkRuntimeError
from pyspark.sql import DataFrame, SparkSession

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.connection import hush, reach
from platform_assets.settings import Settings

REMOTE = "spark.remote"
"""The option with the address of a Spark Connect server."""
# Else the client looks up, for every column of every expression, which line of code it comes from. Nobody reads that:
# a traceback says where a transform is wrong. A server of others has its own setting, which nobody may change.
NO_LINES = {"spark.python.sql.dataFrameDebugging.enabled": "false"}
# Variables that say where Spark is, whatever a program asks for.
_SAY_WHERE = ("MASTER", "SPARK_REMOTE", "SPARK_LOCAL_REMOTE")


class Engine(ABC):
    """One Spark session per process, started when first asked for; its time zone is UTC."""

    reads_strict_json = True
    """Whether its JSON parser takes nothing but one JSON value, and only what a table can hold."""

    is_of_this_process = False
    """Whether its server runs in this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_ours = True

    @abstractmethod
    def spark_config(self) -> Mapping[str, str]:
        """The options of the session, starting what the session connects to."""

    @cached_property
    def session(self) -> SparkSession:
        """The session; raises `PlatformError` when it cannot be had here as the platform needs it."""
        other = active_session()
        if other is not None:
            self.accept(other)
        config = dict(self.spark_config())
        if other is None:
            with self.starting(config) as told:
                return self._session_with(told)
        session = self._session_with(config)
        self._is_ours = False
        return session

    def _session_with(self, config: Mapping[str, str]) -> SparkSession:
        builder = SparkSession.builder
        try:
            for option, value in config.items():
                builder = builder.config(option, value)
        except PySparkRuntimeError as error:
            names = [name for name in _SAY_WHERE if name in os.environ]
            raise PlatformError(
                f"Spark cannot be where PLATFORM_ENGINE={self.settings.engine} needs it, and where variables of the "
                f"environment say: unset {' and '.join(names)}. ({error})"
            ) from error
        if REMOTE not in config:
            return builder.getOrCreate()
        reach(config[REMOTE])
        hush()
        # Imported only where it is needed: the client of Spark Connect takes a second.
        from platform_assets.lake.engines import outages

        outages.expect(of_this_process=self.is_of_this_process)
        try:
            session = builder.getOrCreate()
        except BaseException:
            # Else the client asks the server something more when the process ends, for ten minutes.
            with suppress(Exception):
                SparkSession.active().client.close()
            raise
        outages.bear(session)
        return session

    def starting(self, config: Mapping[str, str]) -> AbstractContextManager[Mapping[str, str]]:
        """Make ready what a new session needs within the block; the options that it is to be started with."""
        return nullcontext({**config, **NO_LINES})

    def accept(self, other: SparkSession) -> None:
        """Raise `PlatformError` unless a session that this process has already is as good as one of ours."""
        raise PlatformError(
            "This process has a Spark session already, which the platform did not start and cannot use for "
            f"PLATFORM_ENGINE={self.settings.engine}; it was left as it is. Stop it first "
            "(SparkSession.active().stop()), or use another process."
        )

    def reach(self, places: Mapping[str, str]) -> None:
        """Be ready for landing, lake and exports there, by the variables that name them.

        Raises `PlatformError` when an engine that was started for other places cannot.
        """

    def folder(self, url: str) -> str:
        """How the engine writes the location of a table."""
        return url

    @abstractmethod
    def texts(self, urls: Sequence[str]) -> list[DataFrame]:
        """The lines of files of any names, each with the last two parts of its file's URL: value, folder, name.

        In as few frames as the engine can. Only a line feed ends a line.
        """

    def with_columns_unknown(self, rows: DataFrame, columns: Sequence[str]) -> DataFrame:
        """The rows, where the engine knows nothing of what single columns hold; for engines that trip over it."""
        return rows

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

    def told_to_stop(self) -> None:
        """Keep nobody waiting from now on: the process was told to stop."""
        if client := self._client():
            client.set_retry_policies([])

    def goes_on(self) -> None:
        """Be as before: the process was told to stop, and goes on."""
        if client := self._client():
            from platform_assets.lake.engines import outages

            client.set_retry_policies([outages.Patience()])

    def _client(self) -> Any:
        """What asks the server of the session; None before there is one, and where Spark is on no server."""
        with suppress(PySparkException):
            return self.__dict__["session"].client if "session" in self.__dict__ else None
        return None

    def kill(self) -> None:
        """End at once what outlives the process, which ends without another word."""


def active_session() -> SparkSession | None:
    """The session that this process has already, None when there is none; nothing in it is changed."""
    try:
        return SparkSession.active()
    except PySparkRuntimeError:
        return None
