"""What all tables of the web domain share."""

from platform_assets.domain import Domain

web = Domain("web", owner="team:web")
