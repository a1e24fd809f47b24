"""retail/sales_team: every version of every seller."""

from platform_assets import history_table
from platform_assets.domains.retail.sales_team_changes import sales_team_changes

sales_team = history_table(
    sales_team_changes,
    "sales_team",
    "Every version of every seller: when it was true (`valid_...`), and when the source said so (`recorded_...`).",
)
