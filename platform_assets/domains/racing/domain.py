"""What all tables of the racing domain share."""

from datetime import date
from typing import Literal

from platform_assets import Domain, DomainSettings
from platform_assets.settings import FIRST_DAY


class RacingSettings(DomainSettings):
    """What a user may set of the racing domain."""

    start: date = FIRST_DAY
    """First day of the racing domain; deliveries of days before are not read."""
    fastest_lap: Literal["winner", "race"] = "winner"
    """Whose fastest lap is that of a race: the winner's, or the fastest of all drivers, classified or not."""


racing = Domain("racing", owner="team:racing", settings=RacingSettings)
NULLS = ("null",)
"""What the feeds write for a value that is missing, besides nothing."""
