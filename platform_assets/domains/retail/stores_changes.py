"""retail/stores_changes: what each snapshot has changed of the stores."""

from platform_assets import changes_table
from platform_assets.domains.retail.raw_stores import raw_stores

stores_changes = changes_table(
    raw_stores,
    "stores_changes",
    "What each day's snapshot has changed of the stores: rows that came, that are others now, and that are gone.",
)
