"""What all tables of the telemetry domain share."""

from datetime import date

from pydantic import Field

from platform_assets import Domain, DomainSettings
from platform_assets.settings import FIRST_DAY


class TelemetrySettings(DomainSettings):
    """What a user may set of the telemetry domain."""

    start: date = FIRST_DAY
    """First day of the telemetry domain; earlier readings are rejected as before_start."""
    max_sensors: int = Field(default=1000, ge=1)
    """How many sensors have columns in `truck_hours`: those that were seen first. With 2000 an engine takes a
    minute more to plan each run than with 1000, with 4000 several."""
    gap_factor: float = Field(default=10, gt=0)
    """A pause is a gap when it is longer than so many times the usual one of its truck and sensor."""
    gap_seconds: int = Field(default=600, ge=0)
    """Seconds that a pause must last, too, to be a gap."""


telemetry = Domain("telemetry", owner="team:telemetry", settings=TelemetrySettings)
