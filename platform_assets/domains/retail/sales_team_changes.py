"""retail/sales_team_changes: what each snapshot has changed of the sellers."""

from platform_assets import changes_table
from platform_assets.domains.retail.raw_sales_team import raw_sales_team

sales_team_changes = changes_table(
    raw_sales_team,
    "sales_team_changes",
    "What each day's snapshot has changed of the sellers: rows that came, that are others now, and that are gone.",
)
