"""The web domain: what users did on web sites, as hits, hourly statistics, sessions and exports."""

from platform_assets.assets.documents import DocumentDefinition
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.tables import TableDefinition
from platform_assets.domains.web.aggregated_web_page_stats import aggregated_web_page_stats
from platform_assets.domains.web.aggregated_web_stats import aggregated_web_stats
from platform_assets.domains.web.aggregated_web_stats_csv import aggregated_web_stats_csv
from platform_assets.domains.web.open_sessions import open_sessions
from platform_assets.domains.web.raw_events import raw_events
from platform_assets.domains.web.sessions import sessions
from platform_assets.domains.web.user_web_hits import user_web_hits
from platform_assets.domains.web.user_web_hits_csv import user_web_hits_csv

TABLES: tuple[RawTableDefinition | TableDefinition, ...] = (
    raw_events,
    user_web_hits,
    aggregated_web_stats,
    aggregated_web_page_stats,
    open_sessions,
    sessions,
)
EXPORTS: tuple[DocumentDefinition, ...] = (user_web_hits_csv, aggregated_web_stats_csv)
