"""What all tables of the purchases domain share."""

from datetime import date

from platform_assets import Domain, DomainSettings
from platform_assets.settings import FIRST_DAY


class PurchasesSettings(DomainSettings):
    """What a user may set of the purchases domain."""

    start: date = FIRST_DAY
    """First day of the purchases domain; snapshots of days before are not read."""


purchases = Domain("purchases", owner="team:purchases", settings=PurchasesSettings)
