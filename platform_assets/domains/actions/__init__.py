"""The actions domain: opens and closes, counted in windows and minutes, and the busiest windows."""

from platform_assets.assets.documents import DocumentDefinition
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.tables import TableDefinition
from platform_assets.domains.actions.actions import actions
from platform_assets.domains.actions.minutes import minutes
from platform_assets.domains.actions.raw_actions import raw_actions
from platform_assets.domains.actions.top_windows import top_windows
from platform_assets.domains.actions.top_windows_csv import top_windows_csv
from platform_assets.domains.actions.window_summary import window_summary
from platform_assets.domains.actions.windows import windows
from platform_assets.domains.actions.windows_csv import windows_csv

TABLES: tuple[RawTableDefinition | TableDefinition, ...] = (
    raw_actions,
    actions,
    windows,
    minutes,
    window_summary,
    top_windows,
)
EXPORTS: tuple[DocumentDefinition, ...] = (windows_csv, top_windows_csv)
