"""What all tables of the actions domain share."""

from platform_assets.domain import Domain

actions = Domain("actions", owner="team:actions")
