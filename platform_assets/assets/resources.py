"""The engine as a Dagster resource, for the platform's assets and for those that users write themselves."""

from __future__ import annotations

from typing import Any, ClassVar

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from platform_assets.assets import stopping
from platform_assets.assets.failures import as_failures
from platform_assets.assets.runs import of_this_process
from platform_assets.lake import storage
from platform_assets.lake.engines import running
from platform_assets.lake.engines.engine import Engine
from platform_assets.settings import Settings


class EngineResource(LazyPySparkResource):
    """The engine for assets, and its Spark session, as `dagster_pyspark` hands sessions out."""

    spark_config: dict[str, Any] = {}
    # Of the class: Dagster makes new instances of a resource from its fields, and secrets must be in none of them.
    settings: ClassVar[Settings | None] = None

    @classmethod
    def of(cls, settings: Settings) -> EngineResource:
        """The engine of these settings; without them it is the one of the process."""
        bound: type[EngineResource] = type(cls.__name__, (cls,), {"settings": settings, "__module__": __name__})
        return bound()

    @property
    def engine(self) -> Engine:
        """The engine; its session starts when first asked for.

        Raises `dagster.Failure` when landing, lake or exports cannot be reached, or this process runs the engine of
        other settings.
        """
        with as_failures():
            if self.settings:
                storage.check(self.settings.places)
                storage.require_conditional_writes("PLATFORM_LAKE", self.settings.lake)
            return running.start(self.settings)

    @property
    def spark_session(self) -> SparkSession:
        """The Spark session of this process, started when first asked for."""
        with as_failures():
            return self.engine.session

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """See to it that the run, or a step in a process of its own, ends when it is told to stop.

        Should its process die, whoever looks knows it by the run's tags.
        """
        if context.run and context.instance:
            stopping.begin(context.run.run_id, context.instance)
            # A step in a process of its own is a child of the run's.
            of_parent = self.settings is not None and self.settings.executor == "multiprocess"
            tags = of_this_process(context.run.run_id, of_parent=of_parent)
            context.instance.add_run_tags(context.run.run_id, tags)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give back what a run or a step held on a server of others."""
        running.give_back()
        if context.run:
            stopping.end(context.run.run_id)
