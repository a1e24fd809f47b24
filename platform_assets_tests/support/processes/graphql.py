"""The GraphQL of a running webserver, asked over HTTP as the UI asks it: launch, follow, and read what was recorded."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from platform_assets_tests.support.processes.sites import TABLES

LOCATION = "platform_assets"
BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
BACKFILL_STATUS = """
query BackfillStatus($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
  }
}"""
BACKFILL_RUNS = """
query BackfillRuns($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { runs(limit: 100) { runId } } }
}"""
RUN = """
mutation Run($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
ATTEMPTS = """
query Attempts($id: ID!) {
  runGroupOrError(runId: $id) { ... on RunGroup { runs { runId parentRunId status startTime endTime } } }
}"""
EVENTS = """
query Events($id: ID!) {
  logsForRun(runId: $id) {
    ... on EventConnection { events { ... on MessageEvent { message } ... on LogsCapturedEvent { fileKey } } }
  }
}"""
STEP_LOG = "query StepLog($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }"
LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"""
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"


SWITCH_ON = """
mutation On($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on Sensor { name } ... on PythonError { message } }
}
"""
TICKS = """
query Ticks($selector: SensorSelector!) {
  sensorOrError(sensorSelector: $selector) {
    ... on Sensor { sensorState { ticks(limit: 20) { status skipReason error { message } } } }
  }
}
"""


class Web:
    """A webserver on loopback."""

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
        loaded = {"__typename": "RepositoryLocation"}
        return [(entry["name"], entry["locationOrLoadError"]) for entry in entries] == [(LOCATION, loaded)]

    def daemons(self) -> dict[str, bool]:
        """The daemons that the instance needs, and whether each is healthy."""
        statuses = self.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {each["daemonType"]: each["healthy"] for each in statuses if each["required"]}

    def backfill(self, days: Sequence[str], tables: Sequence[str] = TABLES) -> str:
        """Launch a backfill of tables over some days; its id."""
        selected = [{"path": table.split("/")} for table in tables]
        launched = self.ask(BACKFILL, params={"assetSelection": selected, "partitionNames": list(days)})
        success = launched["launchPartitionBackfill"]
        assert success["__typename"] == "LaunchBackfillSuccess", success
        return str(success["backfillId"])

    def end_of(self, backfill: str) -> str | None:
        """How a backfill has ended, None while it goes on."""
        found = self.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]
        running = found["status"] in ("REQUESTED", "CANCELING", "FAILING")
        return None if running else str(found["status"])

    def runs_of(self, backfill: str) -> list[str]:
        """The runs that a backfill has launched."""
        return [run["runId"] for run in self.ask(BACKFILL_RUNS, id=backfill)["partitionBackfillOrError"]["runs"]]

    def run(self, day: str, *tables: str, **tags: str) -> str:
        """Launch a run of some tables for a day; its id."""
        selector = {
            "repositoryLocationName": LOCATION,
            "repositoryName": "__repository__",
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": table.split("/")} for table in tables],
        }
        tagged = [{"key": f"dagster/{name}", "value": value} for name, value in {"partition": day, **tags}.items()]
        params = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tagged}}
        success = self.ask(RUN, params=params)["launchRun"]
        assert success["__typename"] == "LaunchRunSuccess", success
        return str(success["run"]["runId"])

    def switch_on(self, sensor: str) -> None:
        """Switch a sensor on."""
        found = self.ask(SWITCH_ON, selector=_sensor(sensor))["startSensor"]
        assert found == {"__typename": "Sensor", "name": sensor}, found

    def ticks(self, sensor: str) -> list[dict[str, Any]]:
        """What a sensor has done, the newest first: status, and why it requested nothing."""
        found: list[dict[str, Any]] = self.ask(TICKS, selector=_sensor(sensor))["sensorOrError"]["sensorState"]["ticks"]
        return found

    def attempts(self, run: str) -> list[dict[str, Any]]:
        """A run and its retries, the first one first: id, status, when it started and ended."""
        runs = self.ask(ATTEMPTS, id=run)["runGroupOrError"].get("runs")
        return sorted(runs, key=lambda each: each["parentRunId"] is not None)

    def status(self, run: str) -> str:
        """Where a run, without its retries, is."""
        return str(self.attempts(run)[0]["status"])

    def messages(self, run: str) -> list[str]:
        """What the events of a run say."""
        return [event.get("message", "") for event in self.ask(EVENTS, id=run)["logsForRun"]["events"]]

    def step_log(self, run: str) -> dict[str, str]:
        """What the steps of a run wrote to `stdout` and `stderr`."""
        events = self.ask(EVENTS, id=run)["logsForRun"]["events"]
        (file,) = {event["fileKey"] for event in events if "fileKey" in event}
        found: dict[str, str] = self.ask(STEP_LOG, key=[run, "compute_logs", file])["capturedLogs"]
        return found


def _sensor(name: str) -> dict[str, str]:
    return {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "sensorName": name}
