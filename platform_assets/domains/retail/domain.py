"""What all tables of the retail domain share."""

from datetime import date
from decimal import Decimal

from pydantic import Field, SecretStr
from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import Domain, DomainSettings
from platform_assets.settings import FIRST_DAY


class RetailSettings(DomainSettings):
    """What a user may set of the retail domain."""

    start: date = FIRST_DAY
    """First day of the retail domain; earlier sales are rejected, and snapshots of days before are not read."""
    coupon_amount: Decimal = Field(default=Decimal(10000), ge=0, max_digits=18, decimal_places=2)
    """Customers whose purchases of a month come to this amount get a coupon."""
    sql_url: SecretStr | None = None
    """The database that the marts are written to, such as `mysql://user:password@host/database`; none if not set."""


retail = Domain("retail", owner="team:retail", settings=RetailSettings)


def full_name() -> Column:
    """First and last name with a blank between, as far as they are known."""
    return F.nullif(F.concat_ws(" ", "first_name", "last_name"), F.lit(""))


def month() -> Column:
    """The month of a row's `day`, yyyy-MM."""
    return F.date_format("day", "yyyy-MM")
