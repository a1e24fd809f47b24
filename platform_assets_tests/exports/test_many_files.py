"""Documents of many files a day: replaced together, or known to be unfinished, whoever is at it at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.exports import documents, together
from platform_assets.exports.documents import DocumentFolder, StagedDocuments
from platform_assets.exports.json import Json
from platform_assets.exports.names import FileName
from platform_assets.exports.together import UNFINISHED, Together
from platform_assets.lake import storage
from platform_assets.lake.tables.made import Made, Records
from platform_assets.settings import Settings
from platform_assets_tests.exports.test_documents import Meanwhile
from platform_assets_tests.lake.storage.test_storage import get, names, put

Pages = Mapping[str, str]
"""What stands in the file of each page."""


class Killed(BaseException):
    """What nothing catches."""


class Export:
    """The documents of an export, a file for each page of a day, in any storage; with records of them."""

    def __init__(self, place: str, room: Path) -> None:
        self.url = storage.join(place, "shop", "pages")
        settings = Settings(_env_file=None, exports=place)
        records = Records(storage.join(place, "lake", "shop", "pages"))
        self.folder = DocumentFolder(self.url, Json("{site}/{page}.json", ("visits",)), settings, records)
        self._room = room
        self._runs = count()

    def staged(self, pages: Mapping[int, Pages], *, recorded: bool = False) -> StagedDocuments:
        """The documents of a run, by day of January."""
        run = f"run{next(self._runs)}"
        files: dict[date, dict[str, Path]] = {}
        for day, its in pages.items():
            files[date(2026, 1, day)] = {}
            for page, content in its.items():
                file = files[date(2026, 1, day)][f"web/{page}.json"] = self._room / run / str(day) / page
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
        made = tuple(Made(day=day, attempt=f"{run}/0", rows=len(its), fingerprint="") for day, its in files.items())
        return StagedDocuments(self.folder, files, len(pages), made=made if recorded else ())

    def publish(self, pages: Mapping[int, Pages], *, recorded: bool = False) -> None:
        """A run that publishes its documents."""
        self.staged(pages, recorded=recorded).publish()

    def pages(self, place: str | int) -> Pages:
        """What stands in the files of a day, or the latest; unfinished ones have a page `.unfinished`."""
        folder = storage.join(self.url, f"2026-01-{place:02}" if isinstance(place, int) else place)
        files = names(folder)
        there = {name.removeprefix("web/").removesuffix(".json"): name for name in files}
        return {page: get(storage.join(folder, name)).decode() for page, name in there.items()}

    @property
    def latest(self) -> Pages:
        """What stands in the files of `latest`."""
        return self.pages("latest")

    @property
    def known(self) -> list[int]:
        """The days that are not missing."""
        return sorted(day.day for day in self.folder.known().made)


@pytest.fixture
def export(place: str, tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(place, tmp_path_factory.mktemp("room"))


@pytest.fixture
def local(tmp_path: Path) -> Export:
    return Export(str(tmp_path / "exports"), tmp_path / "room")


def killed_at(number: int, staged: StagedDocuments, patch: pytest.MonkeyPatch, name: str = "put") -> bool:
    """Publish and be killed right before the call of some number; whether there were that many calls."""
    calls = count(1)
    original = getattr(storage, name)

    def dies(*arguments: Any) -> Any:
        if next(calls) >= number:
            raise Killed
        return original(*arguments)

    with patch.context() as dying:
        dying.setattr(storage, name, dies)
        dying.setattr(together, "WORKERS", 1)
        try:
            staged.publish()
        except Killed:
            return True
    return False


def test_files_of_values_that_vanished_are_removed_with_their_folders(export: Export) -> None:
    export.publish({1: {"a": "1", "b": "2", "c": "3"}})
    export.publish({1: {"a": "1", "d": "4"}})
    assert export.pages(1) == export.latest == {"a": "1", "d": "4"}
    export.publish({1: {}})
    assert names(export.url) == []
    assert storage.entries(export.url) == []


def test_no_folder_of_a_dataset_in_folders_stays_empty(place: str, tmp_path: Path) -> None:
    folder = Together(storage.join(place, "sales"), FileName("month={month}/store={store}/data.json"))
    file = tmp_path / "data.json"
    file.write_text("[]")
    for month in (1, 2):
        folder.replace({f"month={month}/store=1/data.json": file})
        assert [entry.name for entry in storage.entries(folder.url)] == [f"month={month}"]


def test_latest_is_the_newest_day_that_has_rows_as_a_whole(export: Export) -> None:
    export.publish({2: {"a": "1", "b": "2"}, 3: {"b": "3", "c": "4"}})
    export.publish({1: {"z": "0"}, 4: {}})
    assert export.latest == {"b": "3", "c": "4"}
    export.publish({3: {}})
    assert export.latest == {"a": "1", "b": "2"}
    export.publish({1: {}, 2: {}})
    assert export.latest == {}


def test_what_others_have_put_beside_the_documents_is_left_alone(export: Export) -> None:
    theirs = ["latest/README", "2026-01-01/notes.json", "2026-01-01/web/notes.txt", "2026-01-1/web/a.json"]
    for name in theirs:
        put(storage.join(export.url, name))
    export.publish({1: {"a": "1"}})
    export.publish({1: {}})
    assert names(export.url) == sorted(theirs)


def test_a_run_that_changes_nothing_writes_nothing(local: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    local.publish({1: {"a": "1", "b": "2"}, 2: {}})
    with monkeypatch.context() as still:
        for name in ("put", "copy", "writing", "remove"):
            still.setattr(storage, name, None)
        local.publish({1: {"a": "1", "b": "2"}, 2: {}})
    assert local.latest == {"a": "1", "b": "2"}


def test_only_files_that_differ_are_written_anew(local: Export) -> None:
    local.publish({1: {"a": "1", "b": "2"}})
    before = {file: (Path(local.url) / file).stat().st_ino for file in names(local.url)}
    local.publish({1: {"a": "1", "b": "3"}})
    after = {file: (Path(local.url) / file).stat().st_ino for file in names(local.url)}
    assert [file for file in before if before[file] != after[file]] == ["2026-01-01/web/b.json", "latest/web/b.json"]


@pytest.mark.parametrize("name", ["put", "remove", "copy", "writing"])
def test_killed_at_any_moment_a_day_is_as_before_or_as_it_is_to_be_or_unfinished_and_due(
    local: Export, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before, then = {"a": "1", "b": "2", "c": "3"}, {"a": "one", "b": "two", "d": "four"}
    number = 1
    while True:
        storage.remove(local.url)
        local.publish({1: {"x": "0"}, 2: before}, recorded=True)
        staged = local.staged({2: then}, recorded=True)
        if not killed_at(number, staged, monkeypatch, name):
            break
        for place in (2, "latest"):
            pages = local.pages(place)
            assert UNFINISHED in pages or pages in (before, then), f"killed at {name} {number}"
        is_as_before = local.pages(2) == local.latest == before
        assert local.known == ([1, 2] if is_as_before else [1]), f"killed at {name} {number}"
        # Another run, of any day, takes care of `latest`: it never shows what is unfinished.
        local.publish({1: {"x": "0"}}, recorded=True)
        assert local.latest == ({"x": "0"} if UNFINISHED in local.pages(2) else local.pages(2))
        local.publish({2: then}, recorded=True)
        assert local.pages(2) == local.latest == then
        assert local.known == [1, 2]
        number += 1
    assert number > 1
    assert (local.pages(2), local.latest) == (then, then)


@pytest.mark.parametrize("change", ["missing", "changed", "added", "all gone"])
def test_a_day_of_which_a_file_is_not_as_the_run_left_it_is_missing(export: Export, change: str) -> None:
    export.publish({1: {"a": "1", "b": "2"}, 2: {"a": "1"}, 3: {}}, recorded=True)
    assert export.known == [1, 2, 3]
    file = storage.join(export.url, "2026-01-01", "web", "b.json")
    if change == "missing":
        storage.remove(file)
    elif change == "changed":
        put(file, b"3")
    elif change == "added":
        put(storage.join(export.url, "2026-01-01", "web", "c.json"), b"3")
    else:
        storage.remove(storage.join(export.url, "2026-01-01"))
    assert export.known == [2, 3]
    export.publish({1: {"a": "1", "b": "2"}}, recorded=True)
    assert (export.known, export.pages(1)) == ([1, 2, 3], {"a": "1", "b": "2"})


def test_a_day_without_rows_has_no_file_and_is_known_by_its_record(export: Export) -> None:
    export.publish({1: {}, 2: {"a": "1"}}, recorded=True)
    assert export.known == [1, 2]
    assert {name.split("/")[0] for name in names(export.url)} == {"2026-01-02", "latest"}
    put(storage.join(export.url, "2026-01-01", "web", "a.json"))
    assert export.known == [2]
    export.publish({1: {}}, recorded=True)
    assert export.known == [1, 2]


def test_days_of_which_there_is_no_record_are_there_when_they_have_files(export: Export) -> None:
    export.publish({1: {}, 2: {"a": "1"}})
    assert export.folder.known().made == {date(2026, 1, 2): None}
    assert set(export.folder.states([date(2026, 1, 1), date(2026, 1, 2)])) == {date(2026, 1, 1), date(2026, 1, 2)}
    put(storage.join(export.url, "2026-01-02", UNFINISHED))
    assert export.known == []
    assert set(export.folder.states([date(2026, 1, 1), date(2026, 1, 2)])) == {date(2026, 1, 1)}


@pytest.mark.parametrize("change", ["missing", "longer", "added", "all gone", "unfinished"])
def test_the_newest_day_is_missing_when_latest_is_not_as_a_run_left_it(export: Export, change: str) -> None:
    export.publish({1: {"a": "1"}, 2: {"a": "1", "b": "2"}, 3: {}}, recorded=True)
    latest = storage.join(export.url, "latest")
    if change == "missing":
        storage.remove(storage.join(latest, "web", "b.json"))
    elif change == "longer":
        put(storage.join(latest, "web", "b.json"), b"22")
    elif change == "all gone":
        storage.remove(latest)
    else:
        put(storage.join(latest, UNFINISHED if change == "unfinished" else "web/c.json"))
    assert export.known == [1, 3]
    export.publish({1: {"a": "1"}}, recorded=True)
    assert (export.known, export.latest) == ([1, 2, 3], {"a": "1", "b": "2"})


def test_a_latest_that_a_run_was_killed_before_it_could_remove_is_found_when_no_day_has_rows(local: Export) -> None:
    local.publish({1: {}, 2: {}}, recorded=True)
    assert local.known == [1, 2]
    put(storage.join(local.url, "latest", "web", "a.json"))
    assert local.known == [1]
    local.publish({2: {}}, recorded=True)
    assert (local.known, local.latest) == ([1, 2], {})


CHANGES: list[tuple[dict[int, Pages], dict[int, Pages], dict[int, Pages], list[Pages]]] = [
    # What was there, what two runs at once publish, and what `latest` may be after both.
    ({}, {1: {"a": "1"}}, {2: {"b": "2"}}, [{"b": "2"}]),
    ({}, {2: {"b": "2"}}, {1: {"a": "1"}}, [{"b": "2"}]),
    ({1: {"a": "1"}, 3: {"c": "3"}}, {2: {"b": "2", "z": "2"}}, {3: {}}, [{"b": "2", "z": "2"}]),
    ({1: {"a": "1"}, 3: {"c": "3"}}, {3: {}}, {2: {"b": "2"}}, [{"b": "2"}]),
    ({1: {"a": "1"}, 3: {"c": "3"}}, {3: {}}, {1: {}}, [{}]),
    # Of two runs of the same day either is right, and never a part of each.
    ({}, {2: {"a": "1", "b": "2"}}, {2: {"a": "one", "c": "3"}}, [{"a": "1", "b": "2"}, {"a": "one", "c": "3"}]),
    ({2: {"a": "1"}}, {2: {"a": "1", "b": "2"}}, {2: {"c": "3"}}, [{"a": "1", "b": "2"}, {"c": "3"}]),
    ({2: {"a": "1"}}, {2: {}}, {2: {"a": "1", "c": "3"}}, [{}, {"a": "1", "c": "3"}]),
]


def reached(number: int, mine: StagedDocuments, others: StagedDocuments, patch: pytest.MonkeyPatch) -> bool:
    """Publish a run's documents, another's right before a call to the storage; whether there were that many calls."""

    def seen_by_both(found: Any) -> None:
        for module in (documents, together):
            patch.setattr(module, "storage", found)

    def other() -> None:
        seen_by_both(storage)
        others.publish()
        seen_by_both(meanwhile)

    meanwhile = Meanwhile(number, other)
    with patch.context():
        seen_by_both(meanwhile)
        mine.publish()
        seen_by_both(storage)
    return meanwhile.calls >= number


@pytest.mark.parametrize(("before", "mine", "others", "right"), CHANGES)
def test_at_whichever_moment_another_run_publishes_days_and_latest_are_whole_after_both(
    local: Export,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[int, Pages],
    mine: dict[int, Pages],
    others: dict[int, Pages],
    right: list[Pages],
) -> None:
    monkeypatch.setattr(together, "WORKERS", 1)
    for number in count(1):
        storage.remove(local.url)
        if before:
            local.publish(before)
        if not reached(number, local.staged(mine), local.staged(others), monkeypatch):
            break
        assert local.latest in right, f"published right before call {number}"
        for day in mine.keys() | others.keys():
            assert local.pages(day) in [run[day] for run in (mine, others) if day in run], f"right before {number}"
    assert number > 5


def test_runs_that_never_stop_to_publish_a_day_are_told_and_may_be_run_again(
    local: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(file: Path, url: str) -> None:
        put(storage.join(local.url, "2026-01-01", UNFINISHED), b"theirs")

    monkeypatch.setattr(storage, "put", overtaken)
    with pytest.raises(TemporaryError, match="other runs did not stop to write the same documents"):
        local.publish({1: {"a": "1"}})


def test_a_file_that_others_replace_while_it_is_compared_is_written_anew(
    local: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(one: str, other: str) -> bool:
        raise storage.Replaced(other)

    local.publish({1: {"a": "1"}})
    with monkeypatch.context() as always:
        always.setattr(storage, "same", replaced)
        local.publish({1: {"a": "2"}})
    assert local.pages(1) == local.latest == {"a": "2"}


def test_a_mark_that_others_replace_while_it_is_read_is_theirs(local: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(url: str) -> Any:
        if url.endswith(UNFINISHED) and next(calls) == 0:
            raise storage.Replaced(url)
        return read(url)

    read, calls = storage.reading, count()
    monkeypatch.setattr(storage, "reading", replaced)
    local.publish({1: {"a": "1"}})
    assert next(calls) > 1
    assert local.pages(1) == local.latest == {"a": "1"}


def test_a_file_that_the_disk_takes_for_another_is_told(local: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    write = storage.put
    monkeypatch.setattr(storage, "put", lambda file, url: write(file, url.replace("/web/A", "/web/a")))
    with pytest.raises(PlatformError, match=r"web/A\.json is not there after it was written"):
        local.publish({1: {"a": "1", "A": "2"}})


def test_a_place_that_cannot_be_written_is_told_with_its_setting(local: Export) -> None:
    put(storage.join(local.url, "2026-01-01", "web"), b"a file in the way")
    with pytest.raises(PlatformError, match=r"^PLATFORM_EXPORTS=\S+: the documents cannot be written to"):
        local.publish({1: {"a": "1"}})
