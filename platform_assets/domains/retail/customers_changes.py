"""retail/customers_changes: what each snapshot has changed of the customers."""

from platform_assets import changes_table
from platform_assets.domains.retail.raw_customers import raw_customers

customers_changes = changes_table(
    raw_customers,
    "customers_changes",
    "What each day's snapshot has changed of the customers: rows that came, that are others now, and that are gone.",
)
