"""What is due on a platform, as plain values, and applying it in this process."""

from __future__ import annotations

from datetime import date
from typing import Any

from platform_assets.lake.tables.days import WHOLE
from platform_assets.plan.apply import Outcome, Progress, apply, in_process
from platform_assets.plan.due import Due, due
from platform_assets_tests.support.platforms import Platform

Reasons = dict[str, list[str]]


def due_of(platform: Platform, domain: str = "web", **options: Any) -> Due:
    """What is due of a domain."""
    keys = [key for key in platform.catalog.declared if key.path[0] == domain]
    return due(platform.catalog, keys, **options)


def reasons(platform: Platform, domain: str = "web", **options: Any) -> dict[str, Reasons]:
    """What is due of a domain: per table, without the domain's name, and day of January the reasons."""
    found = due_of(platform, domain, **options)
    return {key.path[1]: _told(days) for key, days in found.days.items() if days}


def reported(platform: Platform, domain: str = "web") -> dict[str, Reasons]:
    """What is told and not due."""
    return {key.path[1]: _told(days) for key, days in due_of(platform, domain).reported.items() if days}


def _told(days: Any) -> Reasons:
    return {
        day.isoformat()[-2:]: [" ".join(filter(None, [one.kind, one.of.split("/")[-1]])) for one in its]
        for day, its in sorted(days.items())
    }


def applied(
    platform: Platform, domain: str = "web", *, allow_emptied: bool = False, **options: Any
) -> tuple[list[Outcome], Progress]:
    """Apply the plan of a domain; how each run ended, and what is known after them."""
    progress = Progress(allow_emptied)
    execute = in_process(platform.definitions_for(domain), platform.instance, allow_emptied)

    def plan() -> Due:
        return due_of(platform, domain, blocked=progress.refused, allow_emptied=allow_emptied, **options)

    outcomes = list(apply(plan, execute, progress))
    return outcomes, progress


def built(outcomes: list[Outcome]) -> list[tuple[str, ...]]:
    """What runs have built: first and last day of January, then the tables without the domain's name."""
    return [(_span(one.run.first, one.run.last), *sorted(key.path[1] for key in one.built)) for one in outcomes]


def _span(first: date, last: date) -> str:
    if first == WHOLE:
        return "all"
    return f"{first.day}" if first == last else f"{first.day}-{last.day}"
