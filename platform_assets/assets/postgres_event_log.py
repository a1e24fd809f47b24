"""Dagster's history of runs in PostgreSQL, with the events of many days stored at once."""

from collections.abc import Mapping
from typing import Any

from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

from platform_assets.assets.event_log import InBatches


class PostgresEventLog(InBatches, PostgresEventLogStorage):
    """Dagster's own log, in its own tables, with its own configuration.

    Alone it stores the plan of a run event by event, and each check's once more for each day.
    """

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> "PostgresEventLog":
        """The log in the database that is configured."""
        return cls(
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
            token_provider=get_token_provider_from_config(config_value),
        )
