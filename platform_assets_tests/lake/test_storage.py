"""Files and folders of landing, lake and exports, on this machine's disk."""

from datetime import timezone
from pathlib import Path

import pytest

from platform_assets.lake import storage


def test_a_folder_is_listed_by_name_with_sizes_and_times_in_utc(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"four")
    (tmp_path / "a").mkdir()
    folder, file = storage.entries(str(tmp_path))
    assert (folder.name, folder.is_folder, folder.modified) == ("a", True, None)
    assert (file.name, file.is_folder, file.size) == ("b.txt", False, 4)
    assert file.modified is not None
    assert file.modified.tzinfo == timezone.utc
    assert file.url == str(tmp_path / "b.txt")


def test_a_folder_that_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert storage.entries(nowhere) == []
    assert list(storage.walk(nowhere)) == []
    assert not storage.exists(nowhere)


def test_walking_finds_the_files_of_every_folder_below(tmp_path: Path) -> None:
    for name in ("x/1", "x/y/2", "3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [entry.name for entry in storage.walk(str(tmp_path))] == ["3", "1", "2"]


@pytest.mark.parametrize("name", ["a b", "100%", "ä.txt", "[1]", "what?", "*", "#1", "{a,b}", "a:b"])
def test_a_name_means_exactly_the_file_that_has_it(tmp_path: Path, name: str) -> None:
    other, url = tmp_path / "other", str(tmp_path / "folder" / name)
    other.touch()
    with storage.writing(url) as file:
        file.write(b"content")
    assert [entry.name for entry in storage.entries(str(tmp_path / "folder"))] == [name]
    with storage.reading(url) as read:
        assert read.read() == b"content"
    assert storage.exists(url)
    storage.remove(url)
    assert not storage.exists(url)
    assert other.exists()


def test_a_file_that_is_not_written_whole_does_not_appear_and_leaves_nothing(tmp_path: Path) -> None:
    url = str(tmp_path / "report.csv")
    with storage.writing(url) as file:
        file.write(b"old")

    def write_half() -> None:
        with storage.writing(url) as half:
            half.write(b"ne")
            assert Path(url).read_bytes() == b"old"
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert Path(url).read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_removing_takes_whole_folders_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "1").touch()
    storage.remove(str(tmp_path / "x"))
    storage.remove(str(tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []


def test_only_an_empty_folder_is_removed_as_empty(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "1").touch()
    (tmp_path / "empty").mkdir()
    for name in ("full", "empty", "never there"):
        storage.remove_empty_folder(str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_settings_may_name_a_folder_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert storage.absolute("data/lake") == str(tmp_path / "data" / "lake")
    assert storage.absolute("~/lake") == "/home/someone/lake"
    assert storage.absolute("file:///data/lake") == "/data/lake"
    assert storage.absolute("s3://bucket/lake/") == "s3://bucket/lake"
    assert [storage.is_local(url) for url in ("/data", "file:///data", "s3://bucket")] == [True, True, False]
