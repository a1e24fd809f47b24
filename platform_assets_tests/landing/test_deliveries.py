"""Deliveries as a whole: files that are left out, files that stop the run, and days with nothing in them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import dagster as dg
import pytest

from platform_assets.lake import storage
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
        **{"empty.json": b"", "empty.jsonl.gz": b"", "packed_empty.json.gz": gzip.compress(b"")},
        **{
            "NOTES.txt": b"x",
            "data.csv": b"",
            "noise.json.zip": b"x",
            "json": b"x",
            "capital.JSON": b"x",
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
        "no_empty_files": [f"2026-01-05/{name}" for name in ("empty.json", "empty.jsonl.gz", "packed_empty.json.gz")],
        "no_unknown_files": [
            f"2026-01-05/{name}"
            for name in ("NOTES.txt", "capital.JSON", "data.csv", "json", "noise.json.zip", "old", "x.json.bz2")
        ],
    }
    for name in left_out:
        assert not found[name].passed
        assert found[name].severity == dg.AssetCheckSeverity.WARN


def test_days_without_a_folder_and_with_empty_ones_are_good_runs_of_empty_days(platform: Platform) -> None:
    result = platform.materialise("2026-01-01", "2026-01-03", select=BOTH)
    assert platform.rows(RAW) == []
    assert platform.rows(HITS) == []
    assert all(check.passed for check in checks(result, RAW).values())
    land(platform, "empty.json", b"", "2026-01-02")
    land(platform, "blank.json", b"\n\n", "2026-01-03")
    platform.materialise("2026-01-01", "2026-01-03", select=RAW)
    assert platform.rows(RAW) == []


def test_a_day_whose_files_were_taken_away_disappears_and_the_others_stay(platform: Platform) -> None:
    for number in (4, 5, 6):
        land(platform, "a.json", event(f"e{number}", f"0{number}/01/2026").encode(), f"2026-01-0{number}")
    platform.materialise("2026-01-04", "2026-01-06", select=BOTH)
    assert ids(platform) == ids(platform, HITS) == ["e4", "e5", "e6"]
    (platform.root / "landing" / FEED / "2026-01-05" / "a.json").unlink()
    platform.materialise("2026-01-05", select=BOTH)
    assert ids(platform) == ids(platform, HITS) == ["e4", "e6"]


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def no_gzip(path: Path) -> None:
    path.write_bytes(event("x").encode())


def a_gzip_that_is_cut_short(path: Path) -> None:
    path.write_bytes(gzip.compress(event("x").encode() * 100)[:-20])


def a_gzip_with_a_wrong_byte(path: Path) -> None:
    content = bytearray(gzip.compress(event("x").encode() * 100))
    content[-8] ^= 0xFF
    path.write_bytes(content)


def a_gzip_with_something_behind_it(path: Path) -> None:
    path.write_bytes(gzip.compress(event("x").encode()) + b"more")


@pytest.mark.parametrize(
    ("make", "name", "why"),
    [
        (a_folder, "folder.json", "it is a folder with the name of a data file"),
        (a_folder, "folder.jsonl.gz", "it is a folder with the name of a data file"),
        (a_link_to_a_folder, "link.json", "Is a directory"),
        (a_link_to_nothing, "link.json", "No such file"),
        (no_gzip, "plain.json.gz", "Not a gzipped file"),
        (a_gzip_that_is_cut_short, "short.json.gz", "ended before"),
        (a_gzip_with_a_wrong_byte, "byte.json.gz", "CRC check failed"),
        (a_gzip_with_something_behind_it, "behind.jsonl.gz", "Not a gzipped file"),
        (no_gzip, "new\nline.json", "its name has control characters"),
        (no_gzip, "tab\t.json", "its name has control characters"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_run_and_is_named(
    platform: Platform, make: Callable[[Path], None], name: str, why: str
) -> None:
    land(platform, "good.json", event("good").encode())
    make(platform.root / "landing" / FEED / "2026-01-05" / name)
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert not result.success
    assert repr(name)[1:-1] in failure(result)
    assert "cannot be read: " in failure(result)
    assert why in failure(result)
    assert platform.version(RAW) is None
    assert not list(platform.folder(RAW).rglob("*"))


def test_a_file_without_permission_stops_the_run_and_is_named(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = land(platform, "locked.json", event("x").encode())
    reading = storage.reading

    @contextmanager
    def refuse(url: str) -> Iterator[IO[bytes]]:
        if url == str(locked):
            raise PermissionError(13, "Permission denied", url)
        with reading(url) as file:
            yield file

    # The owner of the tests may be root, whom no permission stops.
    monkeypatch.setattr(storage, "reading", refuse)
    result = platform.materialise("2026-01-05", select=RAW, check=False)
    assert "locked.json cannot be read: [Errno 13] Permission denied" in failure(result)
    assert platform.version(RAW) is None


def test_what_a_stopped_run_would_have_replaced_is_still_there(platform: Platform) -> None:
    land(platform, "a.json", event("old").encode())
    platform.materialise("2026-01-05", select=BOTH)
    before = platform.version(RAW), platform.rows(HITS)
    land(platform, "b.json.gz", b"broken")
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


def test_other_folders_of_the_feed_are_no_deliveries(platform: Platform) -> None:
    for folder in ("2026-01-05", "2026-1-05", "20260105", "2026-01-05.old", "archive"):
        land(platform, "a.json", event(folder).encode(), folder)
    platform.materialise("2026-01-01", "2026-01-10", select=RAW)
    assert ids(platform) == ["2026-01-05"]
