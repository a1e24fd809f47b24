"""purchases/changes: what each snapshot has changed."""

from platform_assets import changes_table
from platform_assets.domains.purchases.raw_purchases import raw_purchases

changes = changes_table(
    raw_purchases,
    "changes",
    "What each day's snapshot has changed of the purchases: rows that came, that are others now, and that are gone.",
)
