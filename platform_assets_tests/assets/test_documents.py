"""Documents: what stands in them, where they lie, and when `latest` changes."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from platform_assets.assets import documents
from platform_assets.exports.csv import Csv
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import maintenance
from platform_assets_tests.support.platforms import Platform, checks, failure
from platform_assets_tests.support.settings import DOMAINS, settings_for

HITS = "web/user_web_hits_csv"


def _event(number: int, time: str, **other: Any) -> dict[str, Any]:
    event = {
        "event_id": f"e{number}",
        "user": {"session_id": "s", "id": number, "ip": "1.2.3.4"},
        "action": "page_view",
        "url": "https://www.example.com/find/it",
        "timestamp": time,
    }
    return event | other


def _lines(platform: Platform, place: str, export: str = HITS) -> list[str]:
    folder = platform.root / "exports" / export / place
    (file,) = folder.iterdir()
    return file.read_bytes().decode("utf-8").split("\n")


@pytest.fixture(scope="module")
def built(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    platform = Platform(tmp_path_factory.mktemp("documents"))
    first = [
        _event(10, "01/01/2026 00:00:05", action='say "hi", you'),
        _event(9, "01/01/2026 23:59:59"),
        _event(9, "01/01/2026 08:00:00", event_id="e9b", url="example.org", action="ümlaut\nline"),
    ]
    platform.deliver("web_events", "2026-01-01", "a.jsonl", first)
    platform.deliver("web_events", "2026-01-02", "a.jsonl", [_event(1, "02/01/2026 10:00:00")])
    assert platform.materialise("2026-01-01", "2026-01-03").success
    return platform


def test_a_document_is_sorted_by_all_columns_as_values_with_utc_times_and_empty_cells_for_null(built: Platform) -> None:
    assert _lines(built, "2026-01-01") == [
        "user_id,time_stamp,url_level1,url_level2,url_level3,activity",
        '9,01/01/2026 08:00:00,example.org,,,"ümlaut',
        'line"',
        "9,01/01/2026 23:59:59,www.example.com,find,it,page_view",
        '10,01/01/2026 00:00:05,www.example.com,find,it,"say ""hi"", you"',
        "",
    ]


def test_a_day_without_rows_has_a_document_with_only_a_header(built: Platform) -> None:
    assert _lines(built, "2026-01-03") == ["user_id,time_stamp,url_level1,url_level2,url_level3,activity", ""]
    assert _lines(built, "2026-01-03", "web/aggregated_web_stats_csv")[1:] == [""]


def test_the_statistics_are_a_document_too(built: Platform) -> None:
    assert _lines(built, "2026-01-02", "web/aggregated_web_stats_csv") == [
        "time_bucket,url_level1,activity,activity_count,user_count",
        "2026010210,www.example.com,page_view,1,1",
        "",
    ]


def test_latest_is_the_newest_day_and_an_older_day_run_again_leaves_it(platform: Platform) -> None:
    for day in (1, 2):
        platform.deliver("web_events", f"2026-01-0{day}", "a.jsonl", [_event(day, f"0{day}/01/2026 10:00:00")])
    platform.materialise("2026-01-01", "2026-01-02")
    assert _lines(platform, "latest")[1].startswith("2,")
    before = (platform.root / "exports" / HITS / "2026-01-01" / "user_web_hits.csv").read_bytes()
    platform.materialise("2026-01-01")
    assert _lines(platform, "latest")[1].startswith("2,")
    assert (platform.root / "exports" / HITS / "2026-01-01" / "user_web_hits.csv").read_bytes() == before


def test_latest_goes_back_to_the_newest_day_with_rows_when_its_own_is_corrected_to_nothing(platform: Platform) -> None:
    for day in (1, 2):
        platform.deliver("web_events", f"2026-01-0{day}", "a.jsonl", [_event(day, f"0{day}/01/2026 10:00:00")])
    platform.materialise("2026-01-01", "2026-01-03")
    assert _lines(platform, "latest")[1].startswith("2,")
    platform.deliver("web_events", "2026-01-02", "a.jsonl", [_event(1, "01/01/2026 11:00:00")])
    platform.materialise("2026-01-02", "2026-01-03")
    assert _lines(platform, "latest")[1].startswith("1,")


def test_a_folder_that_cannot_be_written_is_told_before_the_engine_begins(platform: Platform) -> None:
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [_event(1, "01/01/2026 10:00:00")])
    (platform.root / "exports").write_text("a file in the way")
    result = platform.materialise("2026-01-01", check=False)
    assert f"PLATFORM_EXPORTS={platform.root}/exports: the documents cannot be written to" in failure(result)
    assert all(check.passed for check in checks(result, HITS).values())


def test_a_place_in_the_folder_that_cannot_be_written_is_told_with_its_setting(platform: Platform) -> None:
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [_event(1, "01/01/2026 10:00:00")])
    folder = platform.root / "exports" / HITS
    folder.mkdir(parents=True)
    (folder / "2026-01-01").write_text("a file in the way")
    said = failure(platform.materialise("2026-01-01", check=False))
    assert f"PLATFORM_EXPORTS={platform.root}/exports: the documents cannot be written to {folder}" in said


def test_times_are_utc_wherever_the_machine_is(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        platform.deliver("web_events", "2026-01-01", "a.jsonl", [_event(1, "01/01/2026 23:30:00")])
        platform.materialise("2026-01-01")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert _lines(platform, "2026-01-01")[1] == "1,01/01/2026 23:30:00,www.example.com,find,it,page_view"


def test_a_relative_folder_of_exports_is_seen_from_where_the_process_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (document,) = (one for domain in DOMAINS for one in domain.documents if one.text_key == HITS)
    assert document.folder(settings_for(exports="data/exports")).url == f"{tmp_path}/data/exports/{HITS}"


def test_a_run_leaves_nothing_but_its_documents(built: Platform) -> None:
    names = {path.name for path in (built.root / "exports" / HITS).iterdir()}
    assert names == {"2026-01-01", "2026-01-02", "2026-01-03", "latest"}


def test_a_document_that_loses_a_row_is_not_published(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [_event(1, "01/01/2026 10:00:00")])
    write = Csv.write

    def losing(self: Csv, files: Any, settings: Any) -> int:
        return write(self, {file: rows.filter(ds.scalar(False)) for file, rows in files.items()}, settings)

    monkeypatch.setattr(Csv, "write", losing)
    result = platform.materialise("2026-01-01", check=False)
    assert not result.success
    assert "0 rows written, 1 given by the transform" in failure(result)
    assert not checks(result, HITS)[documents.EVERY_ROW].passed
    left = [path for path in (platform.root / "exports" / HITS).rglob("*") if path.is_file()]
    assert [path for path in left if "_made" not in path.parts] == []


def test_the_rows_that_a_killed_run_left_beside_its_documents_are_cleaned_away(platform: Platform) -> None:
    run = "0b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21"
    folder = platform.root / "exports" / HITS / f".{run}" / "day=2026-01-01"
    folder.mkdir(parents=True)
    (folder / "part-00000-x.parquet").write_bytes(b"left")
    export = maintenance.Exported(HITS, str(platform.root / "exports" / HITS))
    (young,) = maintenance.spools(export, lambda run_id: "unknown", timedelta(hours=1))
    assert young.kept == "written in the last 1 hours"
    (at_work,) = maintenance.spools(export, lambda run_id: "in progress", timedelta(0))
    assert at_work.kept == "the run is in progress"
    (left,) = maintenance.spools(export, lambda run_id: "finished", timedelta(0))
    assert (left.run_id, left.files, left.size, left.kept) == (run, 1, 4, "")
    maintenance.remove(left)
    assert not (platform.root / "exports" / HITS / f".{run}").exists()
