"""The actions domain: opens and closes, counted in windows and minutes, and the busiest windows."""

from platform_assets.actions.actions import actions
from platform_assets.actions.minutes import minutes
from platform_assets.actions.raw_actions import raw_actions
from platform_assets.actions.top_windows import top_windows
from platform_assets.actions.top_windows_csv import top_windows_csv
from platform_assets.actions.window_summary import window_summary
from platform_assets.actions.windows import windows
from platform_assets.actions.windows_csv import windows_csv
from platform_assets.exports.documents import DocumentDefinition
from platform_assets.landing.raw import RawTableDefinition
from platform_assets.table import TableDefinition

TABLES: tuple[RawTableDefinition | TableDefinition, ...] = (
    raw_actions,
    actions,
    windows,
    minutes,
    window_summary,
    top_windows,
)
EXPORTS: tuple[DocumentDefinition, ...] = (windows_csv, top_windows_csv)
