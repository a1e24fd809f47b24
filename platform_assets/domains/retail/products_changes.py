"""retail/products_changes: what each snapshot has changed of the products."""

from platform_assets import changes_table
from platform_assets.domains.retail.raw_products import raw_products

products_changes = changes_table(
    raw_products,
    "products_changes",
    "What each day's snapshot has changed of the products: rows that came, that are others now, and that are gone.",
)
