"""The listening domain: plays of songs, sessions of them, and the top songs of the longest sessions."""

from platform_assets.exports.documents import DocumentDefinition
from platform_assets.landing.raw import RawTableDefinition
from platform_assets.listening.open_sessions import open_sessions
from platform_assets.listening.plays import plays
from platform_assets.listening.raw_plays import raw_plays
from platform_assets.listening.sessions import sessions
from platform_assets.listening.top_session_tracks import top_session_tracks
from platform_assets.listening.top_sessions import top_sessions
from platform_assets.listening.top_songs import top_songs
from platform_assets.listening.top_songs_tsv import top_songs_tsv
from platform_assets.table import TableDefinition

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
