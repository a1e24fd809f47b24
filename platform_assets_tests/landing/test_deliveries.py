"""Deliveries as a whole: files that are left out, files that stop the run, and days with nothing in them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.domains.web.raw_events import raw_events
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import deliveries, first_look
from platform_assets.landing.counts import FileCount, files_read
from platform_assets.landing.first_look import LandedFile
from platform_assets_tests.support.platforms import Platform, checks, failure

FEED = "web_events"
RAW = "web/raw_events"
HITS = "web/user_web_hits"
BOTH = f'key:"{RAW}" or key:"{HITS}"'


def event(name: str, day: str = "05/01/2026") -> str:
    return json.dumps(
        {"event_id": name, "user": {"id": 7}, "action": "a", "url": "x.org", "timestamp": f"{day} 10:15:00"}
    )


def land(platform: Platform, name: str, content: bytes, day: str = "2026-01-05") -> Path:
    """Deliver exactly these bytes, whatever the name."""
    path = platform.deliver(FEED, day, "_", b"").with_name(name)
    path.write_bytes(content)
    return path


def ids(platform: Platform, table: str = RAW) -> list[str]:
    return sorted(row["event_id"] for row in platform.rows(table, "event_id"))


def test_empty_files_and_unknown_ones_are_named_and_stop_nothing(platform: Platform) -> None:
    land(platform, "good.json", event("good").encode())
    for name, content in {
        **{"blank.json": b"\n \n", "empty.json": b"", "empty.jsonl.gz": b"", "packed.json.gz": gzip.compress(b"")},
        **{
            "NOTES.txt": b"x",
            "data.csv": b"",
            "noise.json.zip": b"x",
            "json": b"x",
            "x.json.bz2": b"",
        },
    }.items():
        land(platform, name, content)
    (platform.root / "landing" / FEED / "2026-01-05" / "old").mkdir()
    result = platform.materialise("2026-01-05", select=RAW)
    assert ids(platform) == ["good"]
    found = checks(result, RAW)
    left_out = {name: found[name].metadata["files"].value for name in ("no_empty_files", "no_unknown_files")}
    assert left_out == {
        "no_empty_files": [
            f"2026-01-05/{name}" for name in ("blank.json", "empty.json", "empty.jsonl.gz", "packed.json.gz")
        ],
        "no_unknown_files": [
            f"2026-01-05/{name}" for name in ("NOTES.txt", "data.csv", "json", "noise.json.zip", "old/", "x.json.bz2")
        ],
    }
    for name in left_out:
        assert not found[name].passed
        assert found[name].severity == dg.AssetCheckSeverity.WARN


def test_days_without_a_folder_and_with_empty_ones_are_good_runs_of_empty_days(platform: Platform) -> None:
    platform.materialise("2026-01-01", "2026-01-03", select=BOTH)
    assert platform.rows(RAW) == []
    assert platform.rows(HITS) == []
    land(platform, "empty.json", b"", "2026-01-02")
    land(platform, "blank.json", b"\n\n", "2026-01-03")
    platform.materialise("2026-01-01", "2026-01-03", select=RAW)
    assert platform.rows(RAW) == []


def test_a_day_whose_files_were_taken_away_disappears_when_that_is_allowed_and_the_others_stay(
    platforms: Callable[..., Platform],
) -> None:
    platform = platforms("emptied", allow_emptied=True)
    for number in (4, 5, 6):
        land(platform, "a.json", event(f"e{number}", f"0{number}/01/2026").encode(), f"2026-01-0{number}")
    platform.materialise("2026-01-04", "2026-01-06", select=BOTH)
    assert ids(platform) == ids(platform, HITS) == ["e4", "e5", "e6"]
    (platform.root / "landing" / FEED / "2026-01-05" / "a.json").unlink()
    platform.materialise("2026-01-05", select=BOTH)
    assert ids(platform) == ids(platform, HITS) == ["e4", "e6"]


def test_what_a_stopped_run_would_have_replaced_is_still_there(platform: Platform) -> None:
    land(platform, "a.json", event("old").encode())
    platform.materialise("2026-01-05", select=BOTH)
    before = platform.version(RAW), platform.rows(HITS)
    land(platform, "b.json.gz", gzip.compress(b"broken")[:-1])
    assert not platform.materialise("2026-01-05", select=BOTH, check=False).success
    assert (platform.version(RAW), platform.rows(HITS)) == before
    (platform.root / "landing" / FEED / "2026-01-05" / "b.json.gz").rename(
        platform.root / "landing" / FEED / "2026-01-05" / "_b.json.gz"
    )
    assert platform.materialise("2026-01-05", select=RAW).success
    assert ids(platform) == ["old"]


def test_links_to_files_and_to_days_are_read_and_broken_ones_among_ignored_names_stop_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.json").write_text(event("linked"))
    day = land(platform, "_", b"").parent
    (day / "file.json").symlink_to(elsewhere / "x.json")
    for ignored in ("_gone.json", ".gone.json", "gone.txt"):
        (day / ignored).symlink_to(elsewhere / "gone")
    (day.parent / "2026-01-06").symlink_to(elsewhere)
    platform.materialise("2026-01-05", "2026-01-06", select=RAW)
    assert [(str(row["delivery_day"]), row["source_file"]) for row in platform.rows(RAW)] == [
        ("2026-01-05", "file.json"),
        ("2026-01-06", "x.json"),
    ]


@pytest.mark.parametrize("name", ["a.JSON", "a.Jsonl", "a.JSON.GZ", "a.json.Gz"])
def test_suffixes_are_known_in_any_case(platform: Platform, name: str) -> None:
    content = event("found").encode()
    land(platform, name, gzip.compress(content) if name.lower().endswith(".gz") else content)
    platform.materialise("2026-01-05", select=RAW)
    assert ids(platform) == ["found"]


def test_folders_in_which_no_delivery_is_looked_for_are_named(platform: Platform) -> None:
    strange = ("2025-12-31", "2026-01-05.old", "2026-02-30", "2026-1-05", "20260105", "9999-01-01", "archive")
    for folder in ("2026-01-05", *strange, "_old", ".git"):
        land(platform, "a.json", event(folder).encode(), folder)
    (platform.root / "landing" / FEED / "README.md").write_text("no folder")
    found = checks(platform.materialise("2026-01-01", "2026-01-10", select=RAW), RAW)["folders_are_days"]
    assert ids(platform) == ["2026-01-05"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    no_day = "no day, which is written as 2026-01-31"
    why = {"2025-12-31": "before the first day, 2026-01-01", "9999-01-01": "in the future"}
    assert found.metadata["folders"].value == [f"{name} ({why.get(name, no_day)})" for name in strange]


def test_a_file_that_is_in_no_folder_of_a_day_is_named_and_a_blank_at_the_end_of_a_name_is_seen(
    platform: Platform,
) -> None:
    land(platform, "a.json", event("2026-01-05").encode(), "2026-01-05")
    land(platform, "a.json", event("never").encode(), "2026-01-06 ")
    for name in ("2026-01-06.JSON.gz", "notes.txt", ".a.json.part"):
        (platform.root / "landing" / FEED / name).write_text("read by nobody")
    found = checks(platform.materialise("2026-01-05", "2026-01-06", select=RAW), RAW)["folders_are_days"]
    assert ids(platform) == ["2026-01-05"]
    assert not found.passed
    assert found.metadata["folders"].value == [
        "'2026-01-06 ' (no day, which is written as 2026-01-31)",
        "2026-01-06.JSON.gz (a file in no folder of a day)",
    ]


def test_days_without_a_folder_are_named(platform: Platform) -> None:
    land(platform, "a.json", event("x", "02/01/2026").encode(), "2026-01-02")
    found = checks(platform.materialise("2026-01-01", "2026-01-03", select=RAW), RAW)["delivered"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["days"].value == ["2026-01-01", "2026-01-03"]


def test_a_delivery_of_unknown_files_alone_stops_the_run_even_where_days_may_be_emptied(
    platforms: Callable[..., Platform],
) -> None:
    platform = platforms("unknown", allow_emptied=True)
    land(platform, "a.json", event("x", "04/01/2026").encode(), "2026-01-04")
    land(platform, "a.txt", event("x").encode())
    result = platform.materialise("2026-01-04", "2026-01-05", select=RAW, check=False)
    assert "no_unknown_files: 1 files have a suffix that the feed does not know: 2026-01-05/a.txt" in failure(result)
    assert "2026-01-05 has no other files: deliver .json, .jsonl (or these packed, .gz)" in failure(result)
    assert platform.version(RAW) is None


def test_a_file_with_the_name_of_a_day_stops_the_run(platform: Platform) -> None:
    land(platform, "a.json", event("x").encode())
    (platform.root / "landing" / FEED / "2026-01-06").write_text(event("x"))
    result = platform.materialise("2026-01-05", "2026-01-06", select=RAW, check=False)
    assert "2026-01-06 cannot be read: it has the name of a day, and is no folder (file)" in failure(result)


def test_a_place_of_landing_that_is_not_there_stops_the_run(platform: Platform) -> None:
    (platform.root / "landing").rmdir()
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert f"PLATFORM_LANDING={platform.root}/landing is not there." in failure(result)
    assert platform.version(RAW) is None


def test_a_feed_without_a_folder_stops_the_run_when_its_table_has_rows_and_is_a_warning_else(
    platform: Platform,
) -> None:
    result = platform.materialise("2026-01-05", select=RAW)
    found = checks(result, RAW)
    assert (found["delivered"].passed, found["delivered"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert str(found["delivered"].description).endswith("landing/web_events is not there")
    land(platform, "a.json", event("x").encode())
    platform.materialise("2026-01-05", select=RAW)
    (platform.root / "landing" / FEED).rename(platform.root / "away")
    # Another day than that which has rows: the folder is away, whatever the day.
    result = platform.materialise("2026-01-06", select=RAW, check=False)
    assert "landing/web_events is not there, and 1 rows of its files are published" in failure(result)
    assert ids(platform) == ["x"]


EMPTYING = {
    "gone": None,
    "empty": b"",
    "blank": b"\n\n",
    "packed nothing": gzip.compress(b""),
}


@pytest.mark.parametrize("how", EMPTYING)
@pytest.mark.parametrize("content", [event("good"), "{broken"], ids=["good rows", "rejected rows"])
def test_a_published_day_is_not_emptied_unless_that_is_allowed(platform: Platform, how: str, content: str) -> None:
    path = land(platform, "a.json", content.encode())
    (path.parent.with_name("2026-01-06")).mkdir()
    platform.materialise("2026-01-05", select=RAW)
    before = platform.rows(RAW)
    path.unlink()
    if (left := EMPTYING[how]) is not None:
        path.write_bytes(left)
    result = platform.materialise("2026-01-05", "2026-01-06", select=RAW, check=False)
    assert "1 days are published and have no file with rows any more: 2026-01-05 (1 rows)." in failure(result)
    assert "PLATFORM_ALLOW_EMPTIED=1 or the run's tag platform/allow_emptied=1" in failure(result)
    assert platform.rows(RAW) == before
    result = platform.materialise("2026-01-05", select=RAW, tags={"platform/allow_emptied": "1"})
    assert platform.rows(RAW) == []
    found = checks(result, RAW)["not_emptied"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["days"].value == {"2026-01-05": 1}


def test_two_files_of_one_content_are_named(platform: Platform) -> None:
    content = event("x").encode() + b"\n"
    land(platform, "a.json", content)
    land(platform, "b.json.gz", gzip.compress(content))
    land(platform, "c.json", content + event("y").encode())
    land(platform, "next day.json", content, "2026-01-06")
    found = checks(platform.materialise("2026-01-05", "2026-01-06", select=RAW), RAW)["no_content_twice"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["files"].value == ["2026-01-05/b.json.gz (as a.json)"]


def test_a_file_that_changes_while_it_is_looked_at_stops_the_run_and_may_go_well_later(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = land(platform, "a.json", event("x").encode())

    def slow(file: LandedFile, *, has_header: bool = False) -> LandedFile:
        found = first_look.look(file, has_header=has_header)
        path.write_bytes(event("longer").encode())
        return found

    monkeypatch.setattr(deliveries, "look", slow)
    with pytest.raises(TemporaryError, match=r"2026-01-05/a.json was changed. Nothing was published."):
        raw_events.feed.landed(platform.settings.landing, [date(2026, 1, 5)], raw_events.sourced)
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert "2026-01-05/a.json was changed. Nothing was published." in failure(result)
    assert platform.version(RAW) is None


def test_what_changes_after_the_first_look_is_told_when_it_is_asked(place: str) -> None:
    def put(day: str, name: str, content: str) -> None:
        with storage.writing(storage.join(place, FEED, day, name)) as file:
            file.write(content.encode())

    put("2026-01-05", "a.json", event("x"))
    put("2026-01-05", "b.json", event("x"))
    days = [date(2026, 1, 5), date(2026, 1, 6)]
    found = raw_events.feed.landed(place, days, raw_events.sourced)
    put("2026-01-04", "x.json", event("another day"))
    put("2026-01-05", "_x.json", event("no data"))
    assert found.changed() == ""
    put("2026-01-05", "a.json", event("other"))
    put("2026-01-06", "c.json", "")
    storage.remove(storage.join(place, FEED, "2026-01-05", "b.json"))
    said = "2026-01-05/a.json was changed, 2026-01-05/b.json is gone, 2026-01-06/c.json was added"
    assert found.changed() == f"Files in {place}/{FEED} changed since they were listed: {said}."


def test_landing_that_went_away_after_the_first_look_is_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "landing" / FEED / "2026-01-05"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(event("x"))
    found = raw_events.feed.landed(str(tmp_path / "landing"), [date(2026, 1, 5)], raw_events.sourced)
    (tmp_path / "landing").rename(tmp_path / "away")
    assert f"PLATFORM_LANDING={tmp_path}/landing is not there." in found.changed()


def test_an_empty_place_of_landing_is_there_and_one_that_nobody_made_is_not(place: str) -> None:
    found = raw_events.feed.landed(place, [date(2026, 1, 5)], raw_events.sourced)
    assert (found.has_folder, found.missing, found.files) == (False, (date(2026, 1, 5),), ())
    nowhere = storage.join(place, "nowhere")
    with pytest.raises(PlatformError, match=f"PLATFORM_LANDING={nowhere} is not there"):
        raw_events.feed.landed(nowhere, [date(2026, 1, 5)], raw_events.sourced)


def test_an_empty_data_file_beside_a_note_stops_nothing(platform: Platform) -> None:
    land(platform, "a.json", b"")
    land(platform, "notes.txt", b"x")
    found = checks(platform.materialise("2026-01-05", select=RAW), RAW)["no_unknown_files"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_a_folder_with_nothing_but_another_folder_is_a_delivery_without_files(platform: Platform) -> None:
    land(platform, "a.json", b"").unlink()
    (platform.root / "landing" / FEED / "2026-01-05" / "@eaDir").mkdir()
    (platform.root / "landing" / FEED / "2026-01-05" / "_").unlink()
    found = checks(platform.materialise("2026-01-05", select=RAW), RAW)["no_unknown_files"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "2026-01-05/@eaDir/" in str(found.description)


def test_another_day_may_be_built_while_the_feeds_folder_is_gone_where_that_is_allowed(platform: Platform) -> None:
    land(platform, "a.json", event("x").encode())
    platform.materialise("2026-01-05", select=RAW)
    (platform.root / "landing" / FEED).rename(platform.root / "away")
    assert platform.materialise("2026-01-06", select=RAW, tags={"platform/allow_emptied": "1"}).success
    assert ids(platform) == ["x"]


def test_a_feeds_folder_that_is_empty_is_there(platform: Platform) -> None:
    path = land(platform, "a.json", event("x").encode())
    platform.materialise("2026-01-05", select=RAW)
    path.parent.rename(platform.root / "away")
    assert platform.materialise("2026-01-06", select=RAW).success
    assert ids(platform) == ["x"]


def test_the_first_day_and_today_are_days_of_deliveries_those_around_them_are_told(tmp_path: Path) -> None:
    today = datetime.now(timezone.utc).date()
    names = [str(today + timedelta(days=n)) for n in (-2, -1, 0, 1)]
    for name in names:
        (tmp_path / FEED / name).mkdir(parents=True)
    found = raw_events.feed.landed(str(tmp_path), [today], raw_events.sourced, today - timedelta(days=1))
    assert [told.split(" ")[0] for told in found.strange] == [names[0], names[3]]


def test_which_content_of_a_bucket_was_read_is_recorded_by_its_tag(engine: Engine, bucket: str) -> None:
    with storage.writing(f"{bucket}/{FEED}/2026-01-05/a.json") as file:
        file.write(event("x").encode())
    (found,) = raw_events.feed.landed(bucket, [date(2026, 1, 5)], raw_events.sourced, date(2026, 1, 1)).files
    (read,) = files_read([FileCount(found)])[found.day]
    assert read.tag == found.tag != ""
