"""What is due: every reason there is, for the days that have it, and no day more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from deltalake import DeltaTable

from platform_assets.domains.web.domain import web
from platform_assets.errors import PlatformError
from platform_assets.exports.documents import DocumentFolder
from platform_assets.lake.engines.engine import Engine
from platform_assets.plan.due import due
from platform_assets.plan.runs import Rules, runs_of
from platform_assets_tests.support.due import due_of, reasons, reported
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.processes.sites import events

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
STATISTICS = ("aggregated_web_page_stats", "aggregated_web_stats", "aggregated_web_stats_csv", "user_web_hits_csv")
ALL = ("raw_events", "user_web_hits", "web_events_files", "open_sessions", "sessions", *STATISTICS)


def each(names: Iterable[str], value: object) -> Mapping[str, object]:
    """The same for each name."""
    return dict.fromkeys(names, value)


def deliver(platform: Platform, *days: str) -> None:
    """Two events for each day."""
    for n, day in enumerate(days):
        platform.deliver("web_events", day, "a.jsonl", events(day, f"a{n}", f"b{n}"))


@pytest.fixture(scope="module")
def whole(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform of three days of web events, all built."""
    platform = Platform(tmp_path_factory.mktemp("whole"))
    deliver(platform, *DAYS)
    platform.materialise(DAYS[0], DAYS[-1], select="group:web")
    return platform.root


@pytest.fixture
def of(whole: Path, tmp_path: Path) -> Callable[..., Platform]:
    """The platform as a copy of its own, with settings."""
    shutil.copytree(whole, tmp_path / "copy")
    return lambda **settings: Platform(tmp_path / "copy", **settings)


@pytest.fixture
def built(of: Callable[..., Platform]) -> Platform:
    """The same with the settings that it was built by."""
    return of()


def file(platform: Platform, day: str) -> Path:
    """The file of a day."""
    return platform.root / "landing" / "web_events" / day / "a.jsonl"


def test_what_is_built_of_all_that_was_delivered_is_not_due(built: Platform) -> None:
    assert reasons(built) == reported(built) == {}


def test_a_domain_that_nobody_feeds_is_left_alone(built: Platform) -> None:
    assert reasons(built, "listening") == reasons(built, "actions") == {}


def test_days_without_a_delivery_are_due_up_to_the_newest_that_has_one_or_is_built(
    engine: Engine, tmp_path: Path
) -> None:
    platform = Platform(tmp_path)
    deliver(platform, "2026-01-03")
    assert {table: list(days) for table, days in reasons(platform).items()} == each(ALL, ["01", "02", "03"])
    assert reasons(platform)["raw_events"]["02"] == ["missing"]
    assert list(reasons(platform, until=date(2026, 1, 2))["raw_events"]) == ["01", "02"]
    platform.materialise("2026-01-05", select='key:"web/raw_events"')
    assert list(reasons(platform)["raw_events"]) == ["01", "02", "03", "04"]
    assert list(reasons(platform)["user_web_hits"])[-1] == "05"


def test_a_delivery_of_a_day_to_come_is_not_due_yet(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    deliver(platform, "2026-01-01", "2026-01-02")
    assert list(reasons(platform, today=date(2026, 1, 1))["raw_events"]) == ["01"]


@pytest.mark.parametrize("how", ["added", "changed", "gone"])
def test_a_delivery_whose_files_are_others_is_due_and_what_is_made_from_it_may_be(built: Platform, how: str) -> None:
    if how == "gone":
        built.deliver("web_events", DAYS[1], "c.jsonl", events(DAYS[1], "c"))
        built.materialise(DAYS[1], select="group:web")
        file(built, DAYS[1]).unlink()
    else:
        built.deliver("web_events", DAYS[1], "b.jsonl" if how == "added" else "a.jsonl", events(DAYS[1], "c"))
    found = reasons(built)
    name = "b.jsonl" if how == "added" else "a.jsonl"
    assert found["raw_events"] == {"02": [f"landing {name}"]}
    assert found["user_web_hits"] == {"02": ["upstream raw_events"]}
    assert found["open_sessions"] == {
        "02": ["upstream user_web_hits"],
        "03": ["upstream open_sessions"],
    }


def test_a_file_that_is_delivered_again_with_the_same_content_is_not_due(built: Platform) -> None:
    content = file(built, DAYS[1]).read_bytes()
    file(built, DAYS[1]).write_bytes(content)
    os.utime(file(built, DAYS[1]), (1, 1))
    assert reasons(built) == {}


def test_a_file_of_the_same_size_and_another_content_is_due(built: Platform) -> None:
    path = file(built, DAYS[1])
    path.write_bytes(path.read_bytes().replace(b"page_view", b"pageXview"))
    assert reasons(built)["raw_events"] == {"02": ["landing a.jsonl"]}


def test_a_delivery_that_is_gone_is_due_as_emptied(built: Platform) -> None:
    shutil.rmtree(file(built, DAYS[1]).parent)
    assert reasons(built)["raw_events"] == {"02": ["emptied a.jsonl"]}


def test_late_events_make_due_the_days_that_they_are_of_once_they_are_in(built: Platform) -> None:
    built.deliver("web_events", DAYS[2], "late.jsonl", events(DAYS[0], "late"))
    built.materialise(DAYS[2], select='key:"web/raw_events"')
    found = reasons(built)
    assert found["user_web_hits"] == {"01": ["inputs raw_events"]}
    assert found["web_events_files"] == {"03": ["inputs raw_events"]}
    built.materialise(DAYS[0], select='key:"web/user_web_hits"')
    assert reasons(built)["aggregated_web_stats"] == {"01": ["inputs user_web_hits"]}


def test_what_comes_out_as_it_was_makes_nothing_due(built: Platform) -> None:
    for _ in range(2):
        built.materialise(DAYS[0], DAYS[1], select="group:web")
        assert reasons(built) == {}


def test_a_changed_setting_makes_due_what_asks_for_it_and_what_is_made_from_that(of: Callable[..., Platform]) -> None:
    found = reasons(of(web_hosts="bare"))
    asks = ["settings PLATFORM_WEB_HOSTS"]
    assert set(found) == set(ALL) - {"raw_events", "web_events_files"}
    assert found["user_web_hits"] == each(("01", "02", "03"), asks)
    assert found["aggregated_web_stats"]["02"] == [*asks, "upstream user_web_hits"]
    (reason,) = due_of(of(web_hosts="bare")).days[web.key("user_web_hits")][date(2026, 1, 1)]
    assert reason.said == "raw, now bare"


def test_settings_that_only_decide_whether_a_run_ends_well_make_nothing_due(of: Callable[..., Platform]) -> None:
    assert reasons(of(reject_share=0.5, reject_rows=7, allow_emptied=True)) == {}


def test_another_first_day_makes_all_days_due_and_days_before_it_are_outside(of: Callable[..., Platform]) -> None:
    later = of(web_start=date(2026, 1, 2))
    assert list(reasons(later)["raw_events"]) == ["02", "03"]
    assert reasons(later)["raw_events"]["03"] == ["settings PLATFORM_WEB_START"]
    outside = due_of(later).outside
    assert {key.path[1]: [day.day for day in days] for key, days in outside.items()} == each(ALL, [1])
    earlier = of(web_start=date(2025, 12, 31))
    assert reasons(earlier)["raw_events"]["31"] == ["missing"]


def test_other_code_is_told_and_due_only_when_that_is_asked_for(built: Platform) -> None:
    key = web.key("user_web_hits")
    known = built.catalog[key].code
    vars(built.catalog[key])["code"] = "another"
    try:
        changed = Platform(built.root)
        assert reasons(changed) == {}
        assert reported(changed) == {"user_web_hits": each(("01", "02", "03"), ["code"])}
        found = reasons(changed, rebuild=True)
        assert found["user_web_hits"]["01"] == ["code"]
        assert found["aggregated_web_stats"]["01"] == ["upstream user_web_hits"]
    finally:
        vars(built.catalog[key])["code"] = known


def test_days_without_a_record_are_told_and_due_only_when_that_is_asked_for(built: Platform) -> None:
    for records in (built.root / "lake").rglob("_made"):
        shutil.rmtree(records)
    assert reasons(built) == {}
    assert reported(built) == each(ALL, each(("01", "02", "03"), ["unknown"]))
    assert reasons(built, rebuild=True)["user_web_hits"]["01"] == ["unknown", "upstream raw_events"]


def test_a_table_that_something_else_writes_anew_is_told_and_its_deliveries_are_still_looked_at(
    built: Platform,
) -> None:
    delta = built.catalog.tables[web.key("raw_events")].delta()
    assert delta
    delta.optimize.z_order(["event_id"])
    assert "raw_events" not in reasons(built)
    (reason,) = due_of(built).reported[web.key("raw_events")][date(2026, 1, 2)]
    assert (reason.kind, reason.said) == (
        "unknown",
        "something else than a run has written it anew, or changed its rows",
    )
    built.deliver("web_events", DAYS[1], "b.jsonl", events(DAYS[1], "c"))
    assert reasons(built)["raw_events"] == {"02": ["landing b.jsonl"]}


def test_a_document_that_another_has_replaced_or_taken_away_is_missing(built: Platform) -> None:
    document = built.root / "exports" / "web" / "user_web_hits_csv" / DAYS[1] / "user_web_hits.csv"
    document.write_text("mine\n")
    assert reasons(built) == {"user_web_hits_csv": {"02": ["missing"]}}
    document.unlink()
    assert reasons(built) == {"user_web_hits_csv": {"02": ["missing"]}}


def test_a_latest_document_that_is_gone_makes_the_newest_day_due(built: Platform) -> None:
    folder = built.root / "exports" / "web" / "user_web_hits_csv"
    shutil.rmtree(folder / "latest")
    assert reasons(built) == {"user_web_hits_csv": {"03": ["missing"]}}
    built.materialise(DAYS[2], select='key:"web/user_web_hits_csv"')
    assert reasons(built) == {}
    assert (folder / "latest" / "user_web_hits.csv").exists()


def test_a_restored_table_is_due_where_its_inputs_are_not_what_it_was_made_from(built: Platform) -> None:
    built.deliver("web_events", DAYS[1], "more.jsonl", events(DAYS[1], "more"))
    built.materialise(DAYS[1], select="group:web")
    key = web.key("user_web_hits")
    built.catalog.tables[key].restore(1)
    assert reasons(built)["user_web_hits"] == {"02": ["inputs raw_events"]}


def test_what_cannot_be_read_in_landing_is_due_with_what_is_wrong(built: Platform) -> None:
    (file(built, DAYS[1]).parent / "b.jsonl").mkdir()
    (reason,) = due_of(built).days[web.key("raw_events")][date(2026, 1, 2)]
    assert (reason.kind, "it is a folder with the name of a data file" in reason.said) == ("landing", True)


def test_a_landing_place_that_is_not_there_is_no_plan(built: Platform) -> None:
    shutil.rmtree(built.root / "landing")
    with pytest.raises(PlatformError, match=r"PLATFORM_LANDING=\S+ is not there"):
        reasons(built)


def test_a_document_of_a_run_that_was_killed_before_its_end_is_due(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What nothing catches."""

    def killed(folder: DocumentFolder, *_: object) -> None:
        raise Killed

    platform = Platform(tmp_path)
    deliver(platform, DAYS[0])
    monkeypatch.setattr(DocumentFolder, "renew_latest", killed)
    with pytest.raises(Killed):
        platform.materialise(DAYS[0], select="group:web")
    assert reasons(platform)["user_web_hits_csv"] == {"01": ["missing"]}


def test_a_document_that_others_have_changed_is_due_though_it_is_as_long_as_before(of: Callable[..., Platform]) -> None:
    platform = of()
    document = platform.root / "exports" / "web" / "user_web_hits_csv" / DAYS[1] / "user_web_hits.csv"
    document.write_bytes(document.read_bytes().replace(b"example", b"elpmaxe"))
    assert reasons(platform)["user_web_hits_csv"] == {"02": ["missing"]}


def test_files_that_something_else_has_written_anew_are_told_and_make_nothing_due(built: Platform) -> None:
    DeltaTable(str(built.folder("web/raw_events"))).optimize.z_order(["event_id"])
    assert reasons(built) == {}
    told = reported(built)
    assert set(told["raw_events"]) == {"01", "02", "03"}
    assert told["user_web_hits"]["01"] == told["web_events_files"]["01"] == ["unknown raw_events"]


def test_what_is_due_of_a_table_does_not_hang_on_what_else_is_asked_for(built: Platform) -> None:
    deliver(built, *DAYS, "2026-01-04")
    whole = due_of(built)
    key = web.key("raw_events")
    assert due(built.catalog, [key]).days[key] == whole.days[key] != {}
    built.materialise("2026-01-05", select='key:"web/raw_events"')
    key = web.key("web_events_files")
    assert due(built.catalog, [web.key("raw_events")]).state.newest["web"] == date(2026, 1, 5)


def test_a_delivery_is_due_up_to_the_newest_day_of_what_is_made_of_it_also_when_it_alone_is_asked_for(
    built: Platform,
) -> None:
    built.materialise("2026-01-04", "2026-01-05", select='key:"web/raw_events" or key:"web/user_web_hits"')
    key = web.key("raw_events")
    built.catalog.tables[key].restore(1)
    alone = due(built.catalog, [key])
    assert [day.day for day in alone.days[key]] == [4, 5]
    assert alone.days[key] == due_of(built).days[key]


def test_a_table_that_is_read_since_is_told_and_not_due(built: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    records = built.catalog.tables[web.key("user_web_hits")].records
    made = [replace(one, inputs="{}", at=one.at + 1) for its in records.read().values() for one in its]
    records.append(made)
    assert reasons(built) == {}
    assert reported(built)["user_web_hits"]["02"] == ["code raw_events"]


def test_a_changed_contract_is_told_and_not_due(built: Platform) -> None:
    records = built.catalog.tables[web.key("user_web_hits")].records
    records.append([replace(one, contract="x", at=one.at + 1) for its in records.read().values() for one in its])
    assert reasons(built) == {}
    (told, *_) = due_of(built).reported[web.key("user_web_hits")][date(2026, 1, 2)]
    assert (told.kind, told.said) == ("code", "the contract has changed")


def test_the_check_says_which_days_are_due_and_why(built: Platform) -> None:
    built.deliver("web_events", DAYS[1], "b.jsonl", events(DAYS[1], "c"))
    found = checks(built.materialise(DAYS[0], select='key:"web/raw_events"'), "web/raw_events")["up_to_date"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description == ("1 day is due: landing b.jsonl on 2026-01-02. To build it: platform-assets apply web")


def test_a_plan_over_ten_years_takes_moments(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path, listening_start="2016-01-01")
    platform.deliver("plays", "2025-12-31", "a.tsv", "ann\t2025-12-31T12:00:00Z\t\tArtist\t\tSong\n")
    (raw, rest) = runs_of(due_of(platform, "listening"), Rules())
    assert (len(raw.days), len(rest.days)) == (3653, 3653)
