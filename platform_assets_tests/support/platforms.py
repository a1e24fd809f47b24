"""A whole platform in a temporary folder, for tests: deliver files, materialise days, read tables as plain rows."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from deltalake.exceptions import TableNotFoundError

from platform_assets.assets.runs import job_of
from platform_assets.definitions import build_definitions
from platform_assets.lake import storage
from platform_assets.lake.tables.published import open_delta
from platform_assets.registry import FoundDomain, catalog_of
from platform_assets_tests.support.instances import in_memory
from platform_assets_tests.support.settings import DOMAINS, settings_for

START = "dagster/asset_partition_range_start"
END = "dagster/asset_partition_range_end"
# The tables of the web domain of which no day needs the one before, without that of its files.
EACH_DAY = 'group:web and not (key:"web/open_sessions" or key:"web/sessions" or key:"web/web_events_files")'
# Hundreds of lines of debugging for each run: they take time, and hide what a failed test has to say.
NOT_EACH_EVENT = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
Content = bytes | str | Iterable[dict[str, Any] | str]


class Platform:
    """Landing, lake and exports below one folder, and a Dagster instance in memory."""

    def __init__(self, root: Path, *, domains: Sequence[FoundDomain] = DOMAINS, **settings: Any) -> None:
        self.root = root
        (root / "landing").mkdir(parents=True, exist_ok=True)
        places = {
            "landing": str(root / "landing"),
            "lake": str(root / "lake"),
            "exports": str(root / "exports"),
        }
        self.given = places | settings
        self.settings = settings_for(domains, **self.given)
        self.catalog = catalog_of(domains, self.settings)
        self._domains = domains
        self._definitions: dict[tuple[str, ...], dg.Definitions] = {}

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """Where runs in this process are recorded."""
        return in_memory()

    @property
    def definitions(self) -> dg.Definitions:
        """Those of all domains."""
        return self.definitions_for("")

    def definitions_for(self, selection: str) -> dg.Definitions:
        """Those of the domains that a selection of assets names, or of all: to build seven for one takes its time."""
        named = [one for one in self._domains if re.search(rf'(^|[:"]){one.name}\b', selection)]
        # The platform's own domains read nothing of each other.
        domains = named if named and self._domains is DOMAINS else self._domains
        names = tuple(one.name for one in domains)
        if names not in self._definitions:
            self._definitions[names] = build_definitions(self.settings, domains)
        return self._definitions[names]

    def deliver(self, feed: str, day: str, name: str, content: Content) -> Path:
        """Land a file: bytes, text, or lines (dicts become JSON); a name ending in .gz is packed."""
        if not isinstance(content, (bytes, str)):
            lines = [line if isinstance(line, str) else json.dumps(line) for line in content]
            content = "".join(f"{line}\n" for line in lines)
        data = content.encode() if isinstance(content, str) else content
        path = self.root / "landing" / feed / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def materialise(
        self,
        first: str,
        last: str | None = None,
        *,
        select: str = EACH_DAY,
        check: bool = True,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """One run over a range of days, as `dagster asset materialize` does it; `check` raises on failure."""
        definitions = self.definitions_for(select)
        graph = definitions.resolve_asset_graph()
        keys = dg.AssetSelection.from_string(select).resolve(graph) & graph.executable_asset_keys
        return job_of(definitions, keys).execute_in_process(
            instance=self.instance,
            asset_selection=sorted(keys),
            tags={START: first, END: last or first, **(tags or {})},
            run_config=NOT_EACH_EVENT,
            raise_on_error=check,
        )

    def url(self, table: str) -> str:
        """Where a table lies."""
        return storage.join(storage.absolute(self.settings.lake), table)

    def folder(self, table: str) -> Path:
        """Where a table of a local lake lies."""
        return Path(self.url(table))

    def rows(self, table: str, *columns: str, version: int | None = None) -> list[dict[str, Any]]:
        """All rows of a table in a fixed order, read without the engine."""
        found = pa.table(open_delta(self.url(table), version).to_pyarrow_table())
        if columns:
            found = found.select(list(columns))
        return sorted(found.to_pylist(), key=repr)

    def event_ids_of(self, table: str) -> list[str]:
        """The event ids of a table, in order."""
        return sorted(row["event_id"] for row in self.rows(table, "event_id"))

    def version(self, table: str) -> int | None:
        """A table's version, None when it does not exist."""
        try:
            return open_delta(self.url(table)).version()
        except TableNotFoundError:
            return None


def failure(result: dg.ExecuteInProcessResult) -> str:
    """The message that a failed run's first failed step shows its user."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            failed = data.user_failure_data
            if failed or not data.error:
                return str(failed.description if failed else "")
            return "\n".join(error.to_string() for error in (data.error, data.error.cause) if error)
    raise AssertionError("no step has failed")


def checks(result: dg.ExecuteInProcessResult, table: str) -> dict[str, dg.AssetCheckEvaluation]:
    """The check results of a run for one table, by name."""
    key = dg.AssetKey(table.split("/"))
    found = result.get_asset_check_evaluations()
    return {evaluation.check_name: evaluation for evaluation in found if evaluation.asset_key == key}
