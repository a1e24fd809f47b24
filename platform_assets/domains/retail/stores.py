"""retail/stores: every version of every store."""

from platform_assets import history_table
from platform_assets.domains.retail.stores_changes import stores_changes

stores = history_table(
    stores_changes,
    "stores",
    "Every version of every store: when it was true (`valid_...`), and when the source said so (`recorded_...`).",
)
