"""What all tables of the web domain share."""

from platform_assets.domain import Domain
from platform_assets.transforms.sessions import Sessions

web = Domain("web", owner="team:web")

HITS = Sessions(
    user="user_id",
    time="time_stamp",
    item=("url_level1", "url_level2", "url_level3"),
    events="hits",
    distinct="pages",
    items="visited",
)
