"""Where documents lie, and what `latest` is: whatever else lies there, and whoever publishes at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.exports import documents
from platform_assets.exports.csv import Csv
from platform_assets.exports.documents import DocumentFolder, StagedDocuments
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.settings import Settings
from platform_assets_tests.lake.storage.test_storage import get, names, put

HEADER = "page\n"


class Export:
    """The documents of an export, in any storage."""

    def __init__(self, place: str, room: Path) -> None:
        self.url = storage.join(place, "shop", "pages")
        self._folder = DocumentFolder(self.url, Csv("pages.csv", ("page",)), Settings(_env_file=None, exports=place))
        self._room = room

    def staged(self, pages: dict[int, str]) -> StagedDocuments:
        """The documents of a run: by day of January, each with a page or with a header alone."""
        files = {}
        for day, page in pages.items():
            file = self._room / f"{day}-{page}" / "pages.csv"
            files[date(2026, 1, day)] = {"pages.csv": file}
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(HEADER + (f"{page}\n" if page else ""))
        return StagedDocuments(self._folder, files, len(pages))

    def publish(self, pages: dict[int, str]) -> None:
        """A run that publishes its documents."""
        self.staged(pages).publish()

    def page(self, place: str) -> str | None:
        """The page in the document of a day or in the latest; None where no document is."""
        url = storage.join(self.url, place, "pages.csv")
        return get(url).decode().removeprefix(HEADER).strip() if storage.exists(url) else None

    @property
    def latest(self) -> str | None:
        """The page in `latest`, None where there is none."""
        return self.page("latest")


@pytest.fixture
def export(place: str, tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(place, tmp_path_factory.mktemp("room"))


@pytest.fixture
def local(tmp_path: Path) -> Export:
    return Export(str(tmp_path / "exports"), tmp_path / "room")


def test_latest_is_the_newest_day_that_has_rows(export: Export) -> None:
    export.publish({2: "b", 3: "c"})
    export.publish({1: "a"})
    export.publish({4: ""})
    assert (export.latest, export.page("2026-01-04")) == ("c", "")


def test_latest_goes_back_when_its_day_is_corrected_to_nothing(export: Export) -> None:
    export.publish({1: "a", 2: "", 3: "c"})
    export.publish({3: ""})
    assert export.latest == "a"


def test_there_is_no_latest_while_no_day_has_rows(export: Export) -> None:
    export.publish({1: ""})
    assert names(export.url) == ["2026-01-01/pages.csv"]
    export.publish({1: "a"})
    assert export.latest == "a"
    export.publish({1: ""})
    assert names(export.url) == ["2026-01-01/pages.csv"]
    assert [entry.name for entry in storage.entries(export.url)] == ["2026-01-01"]


@pytest.mark.parametrize("other", ["archive", "old", "@eaDir", "2026-1-9", "20260109", "2026-01-09 (1)", "2026-02-31"])
def test_what_lies_beside_the_days_is_no_day_and_is_left_alone(export: Export, other: str) -> None:
    theirs = storage.join(export.url, other, "pages.csv")
    put(theirs, b"page\ntheirs\n")
    put(storage.join(export.url, "zzz.txt"))
    put(storage.join(export.url, "latest", "README"))
    export.publish({1: "a"})
    export.publish({2: "b"})
    assert export.latest == "b"
    export.publish({1: "", 2: ""})
    assert get(theirs) == b"page\ntheirs\n"
    assert {f"{other}/pages.csv", "zzz.txt", "latest/README"} < set(names(export.url))
    assert export.latest is None


def test_a_day_without_the_document_is_passed_over(export: Export) -> None:
    export.publish({1: "a"})
    put(storage.join(export.url, "2026-01-05", "notes.txt"))
    export.publish({2: "b"})
    assert export.latest == "b"


def test_what_a_run_left_that_was_killed_before_latest_the_next_run_of_any_day_mends(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.publish({1: "a", 2: "b"})
    with monkeypatch.context() as killed:
        killed.setattr(DocumentFolder, "renew_latest", lambda self: None)
        export.publish({3: "c"})
    assert export.latest == "b"
    export.publish({1: "a"})
    assert export.latest == "c"


def test_a_run_that_changes_no_document_does_not_write_latest_anew(local: Export) -> None:
    local.publish({1: "a", 2: "b"})
    before = Path(local.url, "latest", "pages.csv").stat()
    local.publish({1: "a"})
    local.publish({2: "b"})
    after = Path(local.url, "latest", "pages.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_latest_is_the_document_that_lies_there_now_not_the_one_of_the_run(export: Export) -> None:
    export.publish({1: "a"})
    mine = export.staged({2: "mine"})
    mine.publish()
    export.publish({2: "corrected since"})
    mine.folder.renew_latest()
    assert export.latest == "corrected since"


def test_the_newest_day_with_rows_is_found_however_long_ago_it_is(export: Export) -> None:
    export.publish({1: "a"} | dict.fromkeys(range(2, 32), ""))
    assert export.latest == "a"


def test_of_ten_years_of_documents_only_the_newest_are_read(local: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    local.publish({day: f"page {day}" for day in range(1, 28)} | {28: "", 29: ""})
    read = []
    monkeypatch.setattr(Csv, "has_rows", lambda self, file: read.append(file.name) or len(file.readlines()) > 1)
    local.publish({3: "page 3"})
    assert {Path(name).parent.name for name in read} == {"2026-01-29", "2026-01-28", "2026-01-27"}


CALLS = (
    *("put", "copy", "same", "state", "entries", "walk", "reading", "writing"),
    *("remove", "remove_empty_folder"),
)


class Meanwhile:
    """The storage; right before its call of some number another run does what it does, whole."""

    def __init__(self, number: int, other: Callable[[], None]) -> None:
        self.calls = 0
        self._number = number
        self._other = other

    def __getattr__(self, name: str) -> Any:
        found = getattr(storage, name)
        if name not in CALLS:
            return found

        def called(*arguments: Any) -> Any:
            self.calls += 1
            if self.calls == self._number:
                self._other()
            return found(*arguments)

        return called


def reached(number: int, mine: StagedDocuments, others: StagedDocuments, patch: pytest.MonkeyPatch) -> bool:
    """Publish a run's documents, another's right before a call to the storage; whether there were that many calls."""

    def other() -> None:
        with patch.context() as undisturbed:
            undisturbed.setattr(documents, "storage", storage)
            others.publish()

    meanwhile = Meanwhile(number, other)
    with patch.context() as disturbed:
        disturbed.setattr(documents, "storage", meanwhile)
        mine.publish()
    return meanwhile.calls >= number


CHANGES: list[tuple[dict[int, str], dict[int, str], dict[int, str], str | None]] = [
    # What was there, what two runs at once publish, and the only `latest` that is right after both.
    ({}, {1: "a"}, {2: "b"}, "b"),
    ({}, {2: "b"}, {1: "a"}, "b"),
    ({1: "a"}, {2: "b"}, {3: "c"}, "c"),
    ({1: "a", 3: "c"}, {2: "b"}, {3: ""}, "b"),
    ({1: "a", 3: "c"}, {3: ""}, {2: "b"}, "b"),
    ({1: "a", 3: "c"}, {3: ""}, {1: ""}, None),
    ({1: "a"}, {1: ""}, {2: "b"}, "b"),
    ({3: ""}, {2: ""}, {3: "c"}, "c"),
    ({2: "b"}, {1: "a"}, {2: "corrected"}, "corrected"),
]


@pytest.mark.parametrize(("before", "mine", "others", "right"), CHANGES)
def test_at_whichever_moment_another_run_publishes_latest_is_right_after_both(
    local: Export,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[int, str],
    mine: dict[int, str],
    others: dict[int, str],
    right: str | None,
) -> None:
    for number in count(1):
        storage.remove(local.url)
        if before:
            local.publish(before)
        if not reached(number, local.staged(mine), local.staged(others), monkeypatch):
            break
        assert local.latest == right, f"published right before call {number}"
    assert number > 5


def test_on_s3_a_document_replaced_while_it_is_read_or_copied_is_looked_at_again(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = Export(bucket, tmp_path)
    export.publish({1: "a"})
    has_rows, copy = Csv.has_rows, storage.copy
    changes = iter(["first", "second"])

    def replaced(*_: Any) -> None:
        if page := next(changes, None):
            put(f"{export.url}/2026-01-01/pages.csv", f"page\n{page}\n".encode())

    monkeypatch.setattr(Csv, "has_rows", lambda *arguments: replaced() or has_rows(*arguments))
    monkeypatch.setattr(storage, "copy", lambda *arguments: replaced() or copy(*arguments))
    export.publish({1: "b"})
    assert export.latest == "second"


def test_runs_that_never_stop_to_publish_are_told_and_may_be_run_again(
    local: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(range(1000))
    monkeypatch.setattr(storage, "state", lambda url: str(next(states)))
    with pytest.raises(TemporaryError, match="other runs did not stop to write its documents"):
        local.publish({1: "a"})


def test_a_folder_that_cannot_be_written_is_told_with_its_setting(local: Export, tmp_path: Path) -> None:
    staged = local.staged({1: "a"})
    (tmp_path / "exports").write_text("a file in the way")
    with pytest.raises(PlatformError, match=rf"^PLATFORM_EXPORTS={tmp_path}/exports: the documents cannot be written"):
        staged.publish()


def test_the_rows_of_a_run_that_cannot_write_its_documents_are_not_left_behind(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Csv, *_: object) -> int:
        written.extend(names(str(tmp_path / "pages")))
        raise ValueError("no document")

    written: list[str] = []
    monkeypatch.setattr(Csv, "write", fails)
    folder = DocumentFolder(str(tmp_path / "pages"), Csv("pages.csv", ("page",)), Settings(_env_file=None))
    rows = engine.session.sql("SELECT DATE '2026-01-01' AS day, 'a' AS page")
    with pytest.raises(ValueError, match="no document"):
        folder.stage(engine, rows, [date(2026, 1, 1)], tmp_path / "room", "run")
    assert [name for name in written if name.startswith(".run/of_day=2026-01-01/")]
    assert names(str(tmp_path / "pages")) == []
