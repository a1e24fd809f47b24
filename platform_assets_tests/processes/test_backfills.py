"""Backfills as users launch them: `dagster dev` with its daemon, asked through GraphQL as the UI asks it."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster import AssetRecordsFilter
from deltalake import DeltaTable

from platform_assets_tests.support.processes.graphql import Web
from platform_assets_tests.support.processes.sites import DAYS, TABLES, Site, events, wait_for
from platform_assets_tests.support.services.ports import free_port

# Those of which each day goes on from the day before, too.
ALL = (*TABLES, "web/open_sessions", "web/sessions")
# The last has no days.
PURCHASES = ("purchases/raw_purchases", "purchases/changes", "purchases/history")


@pytest.mark.timeout(900)
def test_a_backfill_publishes_its_days_and_one_of_a_bad_delivery_publishes_none(site: Site) -> None:
    for n, day in enumerate(DAYS):
        site.deliver("web_events", day, "events.jsonl", events(day, f"a{n}", f"b{n}"))
        site.deliver("purchases", day, "a.csv", ["PurchaseID,product,user,date", f"1,{n},7,{DAYS[0]}"])
    site.deliver("web_events", DAYS[2], "broken.jsonl", ["{"] * 20)
    web = Web(port := free_port())
    with site.started("-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)) as server:
        wait_for("the server is ready", lambda: web.is_ready() or server.poll() is not None)
        good, bad = web.backfill(DAYS[:2], ALL), web.backfill(DAYS[2:])
        whole = web.backfill(DAYS, PURCHASES)
        assert wait_for("the good backfill has ended", lambda: web.end_of(good)) == "COMPLETED_SUCCESS"
        assert wait_for("the bad backfill has ended", lambda: web.end_of(bad)) == "COMPLETED_FAILED"
        assert wait_for("that of purchases has ended", lambda: web.end_of(whole)) == "COMPLETED_SUCCESS"
    assert site.event_ids("web/user_web_hits") == sorted(
        (day, f"{x}{n}") for n, day in enumerate(DAYS[:2]) for x in "ab"
    )
    assert len(site.rows("purchases/history")) == len(DAYS)
    with site.instance_on_disk() as instance:
        # Tables that go on from the day before get a run of their own, behind those that do not: both over all days.
        runs = instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": good}))
        run_of = {
            key.to_user_string(): record.dagster_run.run_id
            for record in runs
            for key in record.dagster_run.asset_selection or ()
        }
        assert (len(runs), set(run_of)) == (2, set(ALL))
        assert len({run_of[table] for table in TABLES}) == 1
        for table in ALL:
            commits = DeltaTable(str(site.folder(table))).history()
            assert {commit.get("dagster_run_id") for commit in commits} == {None, run_of[table]}
            records = AssetRecordsFilter(dg.AssetKey(table.split("/")))
            found = instance.fetch_materializations(records, limit=10).records
            assert sorted(str(record.partition_key) for record in found) == list(DAYS[:2])
