"""What the tables of the telemetry domain warn of beyond their contracts."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.guards import Warns, names_found
from platform_assets.domains.telemetry.domain import TelemetrySettings, telemetry
from platform_assets.lake.audit import Finding
from platform_assets.settings import Settings
from platform_assets.transforms.events import accepted


@dataclass(frozen=True)
class MergedNames(Warns):
    """Warns of sensors that several names were written for, which are one in lower snake case."""

    check: str = "merged_names"
    shows: tuple[str, ...] = ("sensor",)

    @property
    def checks(self) -> Mapping[str, str]:
        """The check, from its name to what must hold."""
        return {self.check: "Every sensor of a day is written in one way"}

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Hold the names as they were written against each other, day by day."""
        names = accepted(inputs["raw_readings"]).select("day", F.explode("readings").alias("of"))
        names = names.select("day", F.col("of.name").alias("sensor"), F.col("of.written_as").alias("written"))
        other = names.where("written IS NOT NULL").select("day", "sensor").distinct()
        if not other.limit(1).count():
            return [Finding(self.check, True, "there is none", True)]
        written = names.join(other, ["day", "sensor"], "left_semi")
        ways = written.select("day", "sensor", F.coalesce("written", "sensor").alias("written")).distinct()
        merged = ways.groupBy("day", "sensor").agg(F.sort_array(F.collect_list("written")).alias("ways"))
        merged = merged.where(F.size("ways") > 1)
        said = F.concat("sensor", F.lit(" is "), F.array_join("ways", " and "))
        return [names_found(self.check, merged.select("day", said.alias("sensor")), "sensor", "names became one")]


@dataclass(frozen=True)
class SensorsHaveColumns(Warns):
    """Warns of sensors that have no columns, because too many were seen before them."""

    check: str = "sensors_have_columns"
    shows: tuple[str, ...] = ()

    @property
    def checks(self) -> Mapping[str, str]:
        """The check, from its name to what must hold."""
        return {self.check: "Every sensor is among the first that have columns (PLATFORM_TELEMETRY_MAX_SENSORS)"}

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Look for sensors after the last that has columns."""
        values = telemetry.values(settings)
        assert isinstance(values, TelemetrySettings)
        is_after = F.col("place") > values.max_sensors
        without = inputs["sensors"].where(is_after & (F.to_date("first_seen") == F.col("day")))
        found = "sensors without columns, which are in telemetry/readings alone"
        return [names_found(self.check, without, "sensor", found)]
