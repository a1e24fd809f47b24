"""retail/customers: every version of every customer."""

from platform_assets import history_table
from platform_assets.domains.retail.customers_changes import customers_changes

customers = history_table(
    customers_changes,
    "customers",
    "Every version of every customer: when it was true (`valid_...`), and when the source said so (`recorded_...`).",
)
