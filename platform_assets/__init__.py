"""A data platform of daily tables, each declared once and published only when it is right.

Here is what the author of a domain imports: `from platform_assets import Contract, Domain, Field, T, table`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from platform_assets.assets.documents import document
    from platform_assets.assets.domain import Domain
    from platform_assets.assets.guards import ClosedVersions, KnownValues, NamedRows
    from platform_assets.assets.histories import changes_table, history_table
    from platform_assets.assets.raw_tables import raw_table
    from platform_assets.assets.sessions import open_sessions_table, sessions_table
    from platform_assets.assets.sql_tables import sql_table
    from platform_assets.assets.tables import table
    from platform_assets.contracts.contract import (
        Contract,
        Field,
        NamedValues,
        RawContract,
        RawRows,
        RejectedValues,
        T,
        named_values,
        rejected_values,
        source,
    )
    from platform_assets.definitions import build_definitions
    from platform_assets.exports.csv import Csv
    from platform_assets.exports.json import Json
    from platform_assets.exports.parquet import Parquet
    from platform_assets.exports.sql.periods import Daily, Monthly
    from platform_assets.lake.audit import Balance, Repeats
    from platform_assets.landing.delimited import CSV, TSV, Delimited
    from platform_assets.landing.feeds import FORMAT, Feed
    from platform_assets.landing.json_lines import JSON_LINES
    from platform_assets.settings import DomainSettings, GapSeconds, Settings
    from platform_assets.transforms.sessions import Sessions

__all__ = [
    "CSV",
    "FORMAT",
    "JSON_LINES",
    "TSV",
    "Balance",
    "ClosedVersions",
    "Contract",
    "Csv",
    "Daily",
    "Delimited",
    "Domain",
    "DomainSettings",
    "Feed",
    "Field",
    "GapSeconds",
    "Json",
    "KnownValues",
    "Monthly",
    "NamedRows",
    "NamedValues",
    "Parquet",
    "RawContract",
    "RawRows",
    "RejectedValues",
    "Repeats",
    "Sessions",
    "Settings",
    "T",
    "build_definitions",
    "changes_table",
    "document",
    "history_table",
    "named_values",
    "open_sessions_table",
    "raw_table",
    "rejected_values",
    "sessions_table",
    "source",
    "sql_table",
    "table",
]

# Imported when they are first asked for: `platform-assets --help` need not wait for Spark.
_HOME = {
    "document": "assets.documents",
    "Domain": "assets.domain",
    "ClosedVersions": "assets.guards",
    "KnownValues": "assets.guards",
    "NamedRows": "assets.guards",
    "changes_table": "assets.histories",
    "history_table": "assets.histories",
    "raw_table": "assets.raw_tables",
    "open_sessions_table": "assets.sessions",
    "sessions_table": "assets.sessions",
    "sql_table": "assets.sql_tables",
    "table": "assets.tables",
    "Contract": "contracts.contract",
    "Field": "contracts.contract",
    "RawContract": "contracts.contract",
    "NamedValues": "contracts.contract",
    "RawRows": "contracts.contract",
    "RejectedValues": "contracts.contract",
    "named_values": "contracts.contract",
    "rejected_values": "contracts.contract",
    "T": "contracts.contract",
    "source": "contracts.contract",
    "build_definitions": "definitions",
    "Csv": "exports.csv",
    "Json": "exports.json",
    "Parquet": "exports.parquet",
    "Daily": "exports.sql.periods",
    "Monthly": "exports.sql.periods",
    "Balance": "lake.audit",
    "Repeats": "lake.audit",
    "CSV": "landing.delimited",
    "TSV": "landing.delimited",
    "Delimited": "landing.delimited",
    "FORMAT": "landing.feeds",
    "Feed": "landing.feeds",
    "JSON_LINES": "landing.json_lines",
    "DomainSettings": "settings",
    "GapSeconds": "settings",
    "Settings": "settings",
    "Sessions": "transforms.sessions",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
