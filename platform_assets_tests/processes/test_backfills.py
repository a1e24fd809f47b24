"""Backfills as users launch them: `dagster dev` with its daemon, asked through GraphQL as the UI asks it."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest
from dagster import AssetRecordsFilter
from deltalake import DeltaTable

from platform_assets_tests.processes.site import DAYS, TABLES, Site, events, wait_for

LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
STATUS = """
query Status($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
  }
}"""
LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


class Web:
    """The GraphQL of a running `dagster dev`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data; raises on errors."""
        asked = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, asked, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def is_ready(self) -> bool:
        """Whether the server answers and has loaded the code."""
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return [(entry["name"], entry["loadStatus"]) for entry in entries] == [("platform_assets", "LOADED")]

    def backfill(self, days: Sequence[str]) -> str:
        """Launch a backfill of the web tables over some days; its id."""
        selected = [{"path": table.split("/")} for table in TABLES]
        launched = self.ask(LAUNCH, params={"assetSelection": selected, "partitionNames": list(days)})
        success = launched["launchPartitionBackfill"]
        assert success["__typename"] == "LaunchBackfillSuccess", success
        return str(success["backfillId"])

    def end_of(self, backfill: str) -> str | None:
        """How a backfill has ended, None while it goes on."""
        found = self.ask(STATUS, id=backfill)["partitionBackfillOrError"]
        running = found["status"] in ("REQUESTED", "CANCELING", "FAILING")
        return None if running else str(found["status"])


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.timeout(900)
def test_a_backfill_publishes_its_days_and_one_of_a_bad_delivery_publishes_none(site: Site) -> None:
    for n, day in enumerate(DAYS):
        site.deliver("web_events", day, "events.jsonl", events(day, f"a{n}", f"b{n}"))
    site.deliver("web_events", DAYS[2], "broken.jsonl", ["{"] * 20)
    web = Web(port := free_port())
    with site.started("-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)) as server:
        wait_for("the server is ready", lambda: web.is_ready() or server.poll() is not None)
        good, bad = web.backfill(DAYS[:2]), web.backfill(DAYS[2:])
        assert wait_for("the good backfill has ended", lambda: web.end_of(good)) == "COMPLETED_SUCCESS"
        assert wait_for("the bad backfill has ended", lambda: web.end_of(bad)) == "COMPLETED_FAILED"
    assert site.event_ids("web/user_web_hits") == sorted(
        (day, f"{x}{n}") for n, day in enumerate(DAYS[:2]) for x in "ab"
    )
    with site.instance_on_disk() as instance:
        (good_run,) = instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": good}))
        for table in TABLES:
            commits = DeltaTable(str(site.folder(table))).history()
            assert {commit.get("dagster_run_id") for commit in commits} == {None, good_run.dagster_run.run_id}
            records = AssetRecordsFilter(dg.AssetKey(table.split("/")))
            found = instance.fetch_materializations(records, limit=10).records
            assert sorted(str(record.partition_key) for record in found) == list(DAYS[:2])
