"""Lakes of a version that kept no record: read, continued, and adopted, by which nothing runs."""

from __future__ import annotations

import shutil
import tarfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from platform_assets.domains.retail.domain import retail
from platform_assets.domains.web.domain import web
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.made import MADE, Made, Records
from platform_assets.plan.adopt import adopt
from platform_assets_tests.support.due import applied, built, reasons, reported
from platform_assets_tests.support.platforms import Platform, checks, failure
from platform_assets_tests.support.processes.sites import events
from platform_assets_tests.support.retail.small import deliver_sales, sale

# Landing, lake and exports as the last version without records left them: the first two days of each domain.
OLD = Path(__file__).with_name("lake_without_records.tar.gz")
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


@pytest.fixture
def old(engine: Engine, tmp_path: Path) -> Platform:
    """The lake of the version before: no records, no tables of files."""
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    return Platform(tmp_path)


def adopted(platform: Platform, engine: Engine, domain: str = "web") -> dict[str, int]:
    """Adopt a domain; the number of days by table."""
    keys = [key for key in platform.catalog.declared if key.path[0] == domain]
    return {key.path[1]: len(days) for key, days in adopt(platform.catalog, keys, lambda: engine)}


@pytest.mark.parametrize("domain", ["web", "listening", "actions"])
def test_an_upgrade_alone_makes_no_day_due(old: Platform, domain: str) -> None:
    assert reasons(old, domain) == {}


def test_days_of_before_the_upgrade_are_reported(old: Platform) -> None:
    assert set(reported(old)["user_web_hits"]) == {"01", "02"}
    assert reported(old)["web_events_files"]["01"] == ["unknown raw_events"]


def test_a_new_day_of_an_old_lake_is_built_and_the_days_before_it_are_let_be(old: Platform) -> None:
    old.deliver("web_events", DAYS[2], "a.jsonl", events(DAYS[2], "a2"))
    outcomes, progress = applied(old)
    assert {(one.run.first.day, one.run.last.day) for one in outcomes} == {(3, 3)}
    assert progress.refused == {}
    assert reasons(old) == {}


def test_an_old_lake_is_continued_with_a_warning(old: Platform, caplog: pytest.LogCaptureFixture) -> None:
    old.deliver("web_events", DAYS[2], "a.jsonl", events(DAYS[2], "a2"))
    result = old.materialise(DAYS[2], select='group:web and not key:"web/web_events_files"')
    assert result.success
    assert old.event_ids_of("web/user_web_hits") == ["a0", "a1", "a2"]
    assert checks(result, "web/raw_events")["late_rows"].passed


def test_a_table_of_files_of_a_day_without_a_record_says_what_to_do(old: Platform) -> None:
    result = old.materialise(DAYS[0], select='key:"web/web_events_files"', check=False)
    assert "kept no record of the files" in failure(result)
    assert "`platform-assets apply web --adopt`" in failure(result)


def test_adopted_days_are_as_if_they_had_been_made_from_what_is_there(old: Platform, engine: Engine) -> None:
    before = {table: old.version(f"web/{table}") for table in ("raw_events", "user_web_hits", "sessions")}
    found = adopted(old, engine)
    assert found == dict.fromkeys(found, 2)
    assert set(found) == {key.path[1] for key in old.catalog.declared if key.path[0] == "web"} - {"web_events_files"}
    assert {table: old.version(f"web/{table}") for table in before} == before
    assert reported(old) == {}
    assert set(reasons(old)) == {"web_events_files"}
    assert adopted(old, engine) == {}

    outcomes, _ = applied(old)
    assert built(outcomes) == [("1-2", "web_events_files")]
    files = [(row["file_name"], row["rows"], row["rejected_rows"]) for row in old.rows("web/web_events_files")]
    assert files == [("a.jsonl", 2, 1)] * 2
    # What is built anew comes out the same: the fingerprints are those that a run would have recorded.
    old.materialise(DAYS[0], DAYS[1], select="group:web")
    assert reasons(old) == {}


def test_after_adoption_late_events_are_due_as_ever(old: Platform, engine: Engine) -> None:
    adopted(old, engine)
    old.deliver("web_events", DAYS[1], "late.jsonl", events(DAYS[0], "late"))
    applied(old)
    assert old.event_ids_of("web/user_web_hits") == ["a0", "a1", "late"]


def test_days_that_were_built_on_unknown_ones_are_adopted_with_them(old: Platform, engine: Engine) -> None:
    old.deliver("web_events", DAYS[2], "a.jsonl", events(DAYS[2], "a2"))
    old.materialise(DAYS[2], select='group:web and not key:"web/web_events_files"')
    assert adopted(old, engine)["sessions"] == 3
    assert set(reasons(old)) == {"web_events_files"}
    made = old.catalog.tables[web.key("sessions")].known().made
    assert all(made.values())


def test_each_table_is_read_a_few_times_however_many_are_adopted(
    old: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = Records.read, Counter[str]()

    def counted(records: Records) -> dict[tuple[str, date], list[Made]]:
        times[records.folder] += 1
        return read(records)

    monkeypatch.setattr(Records, "read", counted)
    assert len(adopted(old, engine)) == 8
    assert max(times.values()) <= 3


def test_what_a_run_publishes_while_others_are_adopted_is_not_taken_for_unknown(old: Platform, engine: Engine) -> None:
    keys = [key for key in old.catalog.declared if key.path[0] == "web"]
    found = adopt(old.catalog, keys, lambda: engine)
    assert next(found)[0] == web.key("raw_events")
    old.materialise(DAYS[0], select='key:"web/user_web_hits"')
    assert dict(found)[web.key("user_web_hits")] == [date(2026, 1, 2)]


def test_documents_and_tables_that_go_on_are_adopted_and_come_out_the_same(old: Platform, engine: Engine) -> None:
    adopted(old, engine, "listening")
    outcomes, _ = applied(old, "listening")
    assert built(outcomes) == [("1-2", "plays_files")]
    old.materialise(DAYS[0], DAYS[1], select="group:listening")
    assert reasons(old, "listening") == {}


def test_files_of_a_feed_that_counts_a_content_once_are_adopted_as_a_run_has_read_them(
    engine: Engine, tmp_path: Path
) -> None:
    platform = Platform(tmp_path)
    raw = platform.catalog.tables[retail.key("raw_sales")]
    records, kept = Path(raw.url, MADE), tmp_path / "kept"
    deliver_sales(platform, DAYS[0], sale(DAYS[0]))
    deliver_sales(platform, DAYS[1], sale(DAYS[0]), name="copy.csv")
    deliver_sales(platform, DAYS[1], sale(DAYS[1]), name="own.csv")
    deliver_sales(platform, DAYS[1], "1", name="less.csv", header="customer_id")
    for day in DAYS[:2]:
        platform.materialise(day, select='key:"retail/raw_sales"')
        if not kept.exists():
            shutil.copytree(records, kept)
    read = raw.known().made
    shutil.rmtree(records)
    shutil.copytree(kept, records)
    assert adopted(platform, engine, "retail") == {"raw_sales": 1}
    files = {day: made and made.files_read for day, made in raw.known().made.items()}
    assert files == {day: made and made.files_read for day, made in read.items()}
    assert "raw_sales" not in reasons(platform, "retail")
