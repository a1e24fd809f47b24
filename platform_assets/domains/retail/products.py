"""retail/products: every version of every product."""

from platform_assets import history_table
from platform_assets.domains.retail.products_changes import products_changes

products = history_table(
    products_changes,
    "products",
    "Every version of every product: when it was true (`valid_...`), and when the source said so (`recorded_...`).",
)
