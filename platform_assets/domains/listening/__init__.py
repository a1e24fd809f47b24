"""The listening domain: plays of songs, sessions of them, and the top songs of the longest sessions."""

from platform_assets.assets.documents import DocumentDefinition
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.tables import TableDefinition
from platform_assets.domains.listening.open_sessions import open_sessions
from platform_assets.domains.listening.plays import plays
from platform_assets.domains.listening.raw_plays import raw_plays
from platform_assets.domains.listening.sessions import sessions
from platform_assets.domains.listening.top_session_tracks import top_session_tracks
from platform_assets.domains.listening.top_sessions import top_sessions
from platform_assets.domains.listening.top_songs import top_songs
from platform_assets.domains.listening.top_songs_tsv import top_songs_tsv

TABLES: tuple[RawTableDefinition | TableDefinition, ...] = (
    raw_plays,
    plays,
    open_sessions,
    sessions,
    top_sessions,
    top_session_tracks,
    top_songs,
)
EXPORTS: tuple[DocumentDefinition, ...] = (top_songs_tsv,)
