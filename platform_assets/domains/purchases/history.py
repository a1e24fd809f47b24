"""purchases/history: every version of every purchase."""

from platform_assets import history_table
from platform_assets.domains.purchases.changes import changes

history = history_table(
    changes,
    "history",
    "Every version of every purchase: when it was true (`valid_...`), and when the source said so (`recorded_...`).",
    own_date="date",
)
