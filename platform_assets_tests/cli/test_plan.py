"""The commands plan, why and apply."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from unittest.mock import Mock

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from typer.testing import Result

from platform_assets import Contract, Domain, Field, T, registry, table
from platform_assets.registry import FoundDomain
from platform_assets_tests.cli.conftest import event
from platform_assets_tests.support.engines import SPARK_FOR_MANY_TESTS
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import DOMAINS

Cli = Callable[..., Result]
SESSIONS = ("web/open_sessions", "web/sessions")


@pytest.fixture(autouse=True)
def _engine_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_SPARK_CONFIG", json.dumps(SPARK_FOR_MANY_TESTS))


@pytest.fixture
def on(copy: Platform, at: Callable[[Platform], Cli]) -> Cli:
    """The command line on a copy of the built platform, in which sessions were never built."""
    return at(copy)


def test_the_plan_says_what_is_due_why_and_which_runs_mend_it(on: Cli) -> None:
    done = on("plan", "web/sessions", "web/user_web_hits_csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["table", "days", "why"],
        *([table, "2026-01-01...2026-01-03", "missing"] for table in SESSIONS),
        [],
        ["1", "run", "would", "mend", "that:"],
        ["2026-01-01...2026-01-03", f"{SESSIONS[0]},", SESSIONS[1]],
    ]


def test_the_plan_as_json_is_one_object_and_nothing_else(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    copy.deliver("web_events", "2026-01-02", "more.jsonl", [event(20, 1)])
    done = at(copy)("plan", "--json", "web/user_web_hits")
    assert (done.exit_code, done.stderr) == (0, "")
    raw = {"table": "web/raw_events", "first": "2026-01-02", "last": "2026-01-02"}
    found = json.loads(done.stdout)
    assert found["due"][0] == raw | {
        "reasons": [{"reason": "landing", "of": "more.jsonl", "days": ["2026-01-02"]}],
    }
    assert found["runs"][0] == {"tables": ["web/raw_events"], "first": "2026-01-02", "last": "2026-01-02"}
    assert (found["waits"], found["not_rebuilt"]) == ([], [])


def test_nothing_due_is_said_and_the_check_passes(on: Cli) -> None:
    assert on("plan", "web/user_web_hits", "--check").stdout == "Nothing is due.\n"
    assert json.loads(on("plan", "web/user_web_hits", "--json").stdout)["due"] == []
    assert on("plan", "web", "--check").exit_code == 1
    assert on("plan", "web", "--check", "--until", "2025-12-31").exit_code == 0


def test_a_name_that_nothing_has_is_told_with_the_closest_ones(on: Cli) -> None:
    done = on("plan", "web/sesions")
    assert done.exit_code == 2
    assert done.stderr.startswith("There is no table, document or domain web/sesions. Did you mean web/sessions")
    assert on("plan", "sessions").stderr == "sessions may be listening/sessions or web/sessions: say which.\n"


def test_apply_without_a_terminal_shows_the_plan_and_changes_nothing_unless_told(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    done = at(copy)("apply", "web/sessions")
    assert done.exit_code == 2
    assert done.stdout.startswith("table")
    assert done.stderr == (
        "Build what is due? There is no terminal to ask on, and nothing was changed: --yes does it.\n"
    )
    assert copy.version("web/sessions") is None


def test_apply_builds_what_is_due_and_says_what_it_did(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = at(copy)("apply", "web/sessions", "--yes")
    assert (done.exit_code, done.stderr) == (0, "DAGSTER_HOME is not set: these runs are recorded nowhere.\n")
    assert f"Building 2026-01-01...2026-01-03: {', '.join(SESSIONS)}\n  2 built in " in done.stdout
    assert done.stdout.endswith("\nNothing is due.\n")
    assert len(copy.rows("web/sessions")) + len(copy.rows("web/open_sessions")) > 0


def test_apply_ends_with_1_and_the_reason_when_something_is_refused(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    copy.deliver("web_events", "2026-01-04", "bad.jsonl", ["{"] * 20)
    done = at(copy)("apply", "web/user_web_hits", "--yes")
    assert done.exit_code == 1
    assert "web/raw_events 2026-01-04 was refused: web/raw_events was not published" in done.stderr
    assert "web/user_web_hits 2026-01-04 waits: web/raw_events of 2026-01-04 waits" in done.stderr


def test_apply_refuses_while_runs_of_the_domain_are_in_flight(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy.root / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(copy.root / "home"))
    cli = at(copy)
    monkeypatch.setenv("DAGSTER_HOME", str(copy.root / "home"))
    with dg.DagsterInstance.get() as instance:
        job = copy.definitions.resolve_implicit_global_asset_job_def()
        of_sessions = {dg.AssetKey(["web", "sessions"])}
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, asset_selection=of_sessions)
    done = cli("apply", "web/sessions", "--yes")
    assert done.exit_code == 1
    assert f"1 run of these domains in flight, such as {run.run_id}: nothing was built." in done.stderr
    assert cli("apply", "web/sessions", "--yes", "--anyway").exit_code == 0


audience = Domain("audience", owner="team:audience")


class Visitors(Contract):
    """Visitors of a day."""

    day: T.DateType = Field(description="UTC day")


@table(Visitors, domain=audience, inputs={"hits": "web/user_web_hits"})
def visitors(hits: DataFrame) -> DataFrame:
    """Visitors of a day, made of the hits of another domain."""
    return hits


def test_apply_refuses_while_runs_of_a_domain_are_in_flight_that_it_reads(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "found", lambda *_: (*DOMAINS, FoundDomain(audience, __name__, (visitors,))))
    in_flight = Mock(return_value=["0b1d9a4e"])
    monkeypatch.setattr("platform_assets.assets.runs.in_flight", in_flight)
    done = at(copy)("apply", "audience/visitors", "--yes")
    assert done.exit_code == 1
    assert "1 run of these domains in flight, such as 0b1d9a4e: nothing was built." in done.stderr
    assert in_flight.call_args.args[1] == {"audience", "web"}


def test_apply_adopts_days_without_a_record(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    for records in (copy.root / "lake").rglob("_made"):
        shutil.rmtree(records)
    cli = at(copy)
    told = cli("plan", "web/user_web_hits").stderr
    assert "web/user_web_hits 2026-01-01...2026-01-03: unknown (there is no record of what it was made from)." in told
    assert cli("apply", "web/user_web_hits", "--adopt").exit_code == 2
    done = cli("apply", "web/user_web_hits", "--adopt", "--yes")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "web/user_web_hits: 3 days recorded."
    assert cli("plan", "web/user_web_hits").stderr == ""


def test_why_tells_the_chain_of_reasons_and_what_a_day_was_made_from(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    cli = at(copy)
    done = cli("why", "web/user_web_hits", "2026-01-02")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "web/user_web_hits 2026-01-02: nothing is due"
    assert "  PLATFORM_WEB_HOSTS=raw" in done.stdout.splitlines()
    assert any(line.startswith("  web/raw_events 2026-01-02, fingerprint ") for line in done.stdout.splitlines())
    copy.deliver("web_events", "2026-01-02", "more.jsonl", [event(20, 2)])
    lines = cli("why", "web/user_web_hits", "2026-01-02").stdout.splitlines()
    assert lines[:2] == [
        "web/user_web_hits 2026-01-02: upstream web/raw_events",
        "  web/raw_events 2026-01-02: landing more.jsonl (added)",
    ]
    wrong = cli("why", "web/user_web_hits", "2030-01-01")
    assert (wrong.exit_code, "has no day 2030-01-01: its days are 2026-01-01 ... 2026-01-03" in wrong.stderr) == (
        1,
        True,
    )
    assert cli("why", "web", "2026-01-01").stderr == "web is a domain: name one of its tables.\n"


def test_an_empty_landing_place_of_an_empty_lake_is_told(platform: Platform, at: Callable[[Platform], Cli]) -> None:
    done = at(platform)("plan")
    assert done.stdout == "Nothing is due.\n"
    assert (
        done.stderr == f"Nothing was delivered to PLATFORM_LANDING={platform.settings.landing}, and nothing is built.\n"
    )


def test_a_long_chain_of_reasons_is_cut(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = at(copy)
    monkeypatch.setenv("PLATFORM_LISTENING_START", "2018-01-01")
    copy.deliver("plays", "2026-01-01", "a.tsv", "ann\t2026-01-01T12:00:00Z\t\tArtist\t\tSong\n")
    done = cli("why", "listening/open_sessions", "2026-01-01")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("listening/open_sessions 2026-01-01: missing")
    assert len(done.stdout.splitlines()) == 51
    assert done.stdout.splitlines()[-1].startswith("and ")


def test_apply_until_a_day_builds_nothing_after_it(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    assert at(copy)("apply", "web/sessions", "--until", "2026-01-01", "--yes").exit_code == 0
    assert set(copy.catalog.tables[dg.AssetKey(["web", "sessions"])].published_rows_by_day()) == {"2026-01-01"}


def test_days_without_a_record_are_told_by_why_and_built_when_that_is_asked_for(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    cli = at(copy)
    shutil.rmtree(copy.folder("web/user_web_hits") / "_made")
    assert "(built anew only by `apply --rebuild`)" in cli("why", "web/user_web_hits", "2026-01-01").stdout
    assert "2026-01-01...2026-01-03: unknown" in cli("plan", "web/user_web_hits").stderr
    assert cli("apply", "web/user_web_hits", "--rebuild", "--yes").exit_code == 0
    assert cli("plan", "web/user_web_hits").stderr == ""


def test_days_are_emptied_by_apply_when_that_is_allowed(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    cli = at(copy)
    shutil.rmtree(copy.root / "landing" / "web_events" / "2026-01-02")
    assert cli("apply", "web/raw_events", "--yes").exit_code == 1
    assert cli("apply", "web/raw_events", "--yes", "--allow-emptied").exit_code == 0
    assert not [row for row in copy.rows("web/raw_events") if str(row["delivery_day"]) == "2026-01-02"]


def test_the_plan_as_json_may_be_a_check_too(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    for day in ("2026-01-01", "2026-01-03"):
        copy.deliver("web_events", day, "more.jsonl", [event(20, 1)])
    done = at(copy)("plan", "web", "--json", "--check")
    assert done.exit_code == 1
    raw = [one for one in json.loads(done.stdout)["due"] if one["table"] == "web/raw_events"]
    assert [(one["first"], one["last"]) for one in raw] == [("2026-01-01",) * 2, ("2026-01-03",) * 2]


def test_published_days_before_the_first_are_told(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_WEB_START", "2026-01-02")
    done = at(copy)("plan", "web/user_web_hits")
    assert "web/user_web_hits: 1 published day before the domain's first day." in done.stderr
