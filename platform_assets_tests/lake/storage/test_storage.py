"""Files and folders of landing, lake and exports: the same on this machine's disk and on S3."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from platform_assets.lake import storage


def put(url: str, content: bytes = b"content") -> None:
    """Write a file."""
    with storage.writing(url) as file:
        file.write(content)


def get(url: str) -> bytes:
    """Read a file."""
    with storage.reading(url) as file:
        return file.read()


def names(url: str) -> list[str]:
    """The names of all files below a folder."""
    return sorted(file.url.removeprefix(f"{url}/") for file in storage.walk(url))


def test_a_folder_is_listed_by_name_with_sizes_and_times_in_utc(place: str) -> None:
    put(storage.join(place, "b.txt"), b"four")
    put(storage.join(place, "a", "inside"))
    folder, file = storage.entries(place)
    assert (folder.name, folder.url, folder.is_folder, folder.modified) == ("a", f"{place}/a", True, None)
    assert (file.name, file.url, file.is_folder, file.size) == ("b.txt", f"{place}/b.txt", False, 4)
    assert file.modified is not None
    assert file.modified.tzinfo == timezone.utc
    assert abs(datetime.now(tz=timezone.utc) - file.modified) < timedelta(minutes=1)


def test_a_folder_that_is_not_there_has_nothing_in_it(place: str) -> None:
    nowhere = storage.join(place, "nowhere")
    assert storage.entries(nowhere) == []
    assert list(storage.walk(nowhere)) == []
    assert not storage.exists(nowhere)


def test_a_folder_is_there_as_long_as_a_file_is_in_it(place: str) -> None:
    put(storage.join(place, "a", "b", "file"))
    assert storage.exists(storage.join(place, "a"))
    assert not storage.exists(storage.join(place, "a", "b", "fil"))


def test_walking_finds_the_files_of_every_folder_below_and_of_no_other(place: str) -> None:
    for name in ("x/1", "x/y/2", "x.txt", "xy/3"):
        put(storage.join(place, *name.split("/")))
    assert names(place) == ["x.txt", "x/1", "x/y/2", "xy/3"]
    assert names(storage.join(place, "x")) == ["1", "y/2"]


@pytest.mark.parametrize("name", ["a b", "100%", "ä.txt", "[1]", "what?", "*", "#1", "{a,b}", "a:b", "a+b&c=d"])
def test_a_name_means_exactly_the_file_that_has_it(place: str, name: str) -> None:
    other, url = storage.join(place, "other"), storage.join(place, "folder", name)
    put(other)
    put(url, b"odd")
    assert [entry.name for entry in storage.entries(storage.join(place, "folder"))] == [name]
    assert get(url) == b"odd"
    assert storage.exists(url)
    storage.remove(url)
    assert not storage.exists(url)
    assert storage.exists(other)


def test_a_file_that_is_not_written_whole_does_not_appear_and_leaves_nothing(place: str) -> None:
    url = storage.join(place, "report.csv")
    put(url, b"old")

    def write_half() -> None:
        with storage.writing(url) as half:
            half.write(b"ne")
            assert get(url) == b"old"
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert get(url) == b"old"
    assert names(place) == ["report.csv"]


def test_a_file_of_many_blocks_is_written_and_read_whole(place: str) -> None:
    url, content = storage.join(place, "large"), bytes(range(256)) * 80_000
    put(url, content)
    assert get(url) == content
    with storage.reading(url) as file:
        file.seek(10_000_003)
        assert file.read(5) == content[10_000_003:10_000_008]


def test_removing_takes_whole_folders_and_what_is_not_there(place: str) -> None:
    put(storage.join(place, "x", "y", "1"))
    put(storage.join(place, "xy"))
    for _ in range(2):
        storage.remove(storage.join(place, "x"))
    assert names(place) == ["xy"]


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


def test_why_a_folder_cannot_be_written_is_said_of_it_or_of_the_nearest_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert storage.not_writable(str(tmp_path)) == ""
    assert storage.not_writable(str(tmp_path / "not" / "there" / "yet")) == ""
    assert storage.not_writable("s3://bucket/lake") == ""
    assert storage.not_writable(str(tmp_path / "file" / "lake")) == f"{tmp_path}/file: Not a directory"
    assert storage.not_writable(str(tmp_path / "link" / "lake")) == f"{tmp_path}/link: No such file or directory"
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("file", "link")] == []
