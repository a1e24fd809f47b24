"""Settings for tests: of the engine that this process tests, untouched by `.env` files, domains' settings included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from platform_assets.assets.files_tables import FilesTableDefinition
from platform_assets.lake.engines import running
from platform_assets.registry import FoundDomain, found
from platform_assets.settings import PREFIX, Settings, prefix_of

DOMAINS = found()
"""Every domain that is installed."""
TABLES = [table for domain in DOMAINS for table in domain.tables]
"""Their tables."""
WRITERS = {feed: writer for domain in DOMAINS for feed, writer in domain.sample_writers.items()}
"""What writes sample deliveries, by feed."""


def tables_of(name: str) -> list[str]:
    """The names of a domain's tables, but for those of files."""
    (domain,) = (domain for domain in DOMAINS if domain.name == name)
    return [table.name for table in domain.tables if not isinstance(table, FilesTableDefinition)]


def settings_for(domains: Iterable[FoundDomain] = DOMAINS, /, **given: Any) -> Settings:
    """Settings of the platform, and of domains by their longer names: `settings_for(web_hosts="bare")`.

    The engine is the one that this process tests. Raises `TypeError` for a name that is no setting.
    """
    given = _engine() | given
    of_domains = {}
    for found_domain in domains:
        domain = found_domain.domain
        names = {f"{domain.name}_{name}": name for name in domain.settings.model_fields}
        own = {names[name]: given.pop(name) for name in list(given) if name in names}
        of_domains[domain.name] = domain.settings(_env_file=None, _env_prefix=prefix_of(domain.name), **own)
    unknown = given.keys() - Settings.model_fields.keys()
    if unknown:
        raise TypeError(f"there is no setting {', '.join(sorted(unknown))} ({PREFIX}...)")
    return Settings(_env_file=None, **given).having(**of_domains)


def _engine() -> dict[str, Any]:
    if running.running() is None:
        return {}
    settings = running.start().settings
    return {name: getattr(settings, name) for name in running.FIXED}
