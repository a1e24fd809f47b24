"""Files and folders of landing, lake and exports: the same on this machine's disk and on S3."""

import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from socket import AF_UNIX, socket

import pytest
from fsspec.implementations.local import LocalFileSystem

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


def test_a_file_has_another_time_or_tag_when_it_was_written_again(place: str) -> None:
    url = storage.join(place, "a.txt")
    put(url, b"first")
    (before,) = storage.entries(place)
    time.sleep(0.02)  # the clock of a disk's files may be as coarse as that
    put(url, b"other")
    (after,) = storage.entries(place)
    assert (before.kind, before.size) == (after.kind, after.size) == ("file", 5)
    assert (before.modified, before.tag) != (after.modified, after.tag)


def test_an_entry_says_what_is_found_there_when_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a_file").write_bytes(b"four")
    (tmp_path / "b_folder").mkdir()
    os.mkfifo(tmp_path / "c_pipe")
    socket(AF_UNIX).bind(str(tmp_path / "d_socket"))
    targets = {"e_link": "a_file", "f_link": "b_folder", "g_link": "c_pipe", "h_link": "/dev/null", "i_link": "gone"}
    for name, target in targets.items():
        (tmp_path / name).symlink_to(target)
    entries = storage.entries(str(tmp_path))
    special = "pipe, device or socket"
    kinds = ["file", "folder", special, special, "file", "folder", special, special, "nothing"]
    assert [entry.kind for entry in entries] == kinds
    assert [entry.name for entry in entries if entry.is_folder] == ["b_folder"]
    file, link = entries[0], entries[4]
    assert (link.size, link.modified) == (4, file.modified)


def test_a_bucket_with_nothing_in_it_is_there(bucket: str) -> None:
    assert storage.exists(bucket)
    assert storage.entries(bucket) == []
    with pytest.raises(OSError, match="there is no bucket nobody-made-it"):
        storage.exists("s3://nobody-made-it")


def test_a_folder_that_is_not_there_has_nothing_in_it(place: str) -> None:
    nowhere = storage.join(place, "nowhere")
    assert storage.entries(nowhere) == []
    assert list(storage.walk(nowhere)) == []
    assert not storage.exists(nowhere)


def test_a_folder_is_listed_whole_though_a_file_goes_away_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(str(tmp_path / "a.csv"))
    going = tmp_path / "b.csv.part"
    going.touch()
    stat = LocalFileSystem.info

    def info(self: LocalFileSystem, path: object, **words: object) -> object:
        if isinstance(path, os.DirEntry):
            going.unlink(missing_ok=True)
        return stat(self, path, **words)

    monkeypatch.setattr(LocalFileSystem, "info", info)
    assert [entry.name for entry in storage.entries(str(tmp_path))] == ["a.csv"]


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


def test_lines_are_read_whole_or_as_far_as_asked_for(place: str) -> None:
    url = storage.join(place, "a.csv")
    put(url, b"time,action\n" + b"x" * 50 + b"\nlast")
    with storage.reading(url) as file:
        assert [file.readline(100), file.readline(10), file.readline()] == [
            b"time,action\n",
            b"x" * 10,
            b"x" * 40 + b"\n",
        ]
        assert list(file) == [b"last"]


def test_a_copy_is_the_same_file_and_replaces_what_was_there(place: str) -> None:
    one, two = storage.join(place, "x", "one"), storage.join(place, "y", "two")
    for content in (b"first", b"second", b""):
        put(one, content)
        storage.copy(one, two)
        assert get(two) == content
    assert names(place) == ["x/one", "y/two"]
    with pytest.raises(FileNotFoundError):
        storage.copy(storage.join(place, "nowhere"), two)


@pytest.mark.parametrize("other", [b"", b"a", b"b" * 20_000_000, b"a" * 19_999_999 + b"b", b"a" * 20_000_001])
def test_files_are_the_same_when_every_byte_is(place: str, other: bytes) -> None:
    one, two = storage.join(place, "one"), storage.join(place, "two")
    put(one, b"a" * 20_000_000)
    put(two, other)
    assert not storage.same(one, two)
    assert not storage.same(two, one)
    storage.copy(one, two)
    assert storage.same(one, two)
    assert not storage.same(one, storage.join(place, "nowhere"))


def test_a_file_that_is_replaced_has_another_state_and_one_that_is_absent_none(place: str) -> None:
    url = storage.join(place, "file")
    assert storage.state(url) is None
    put(url, b"one")
    before = storage.state(url)
    assert get(url) == b"one"
    assert storage.state(url) == before
    put(url, b"two")
    assert storage.state(url) != before


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


def test_who_reads_a_file_that_is_put_anew_reads_on_in_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (target := tmp_path / "report.csv").write_bytes(b"old")
    with target.open("rb") as reader:
        storage.put(tmp_path / "new", str(target))
        assert reader.read() == b"old"
    assert target.read_bytes() == b"new"


def test_of_a_folder_may_be_listed_what_comes_after_a_name(place: str) -> None:
    for name in ("a", "b", "c/inside", "d"):
        put(storage.join(place, "log", name))
    assert [entry.name for entry in storage.entries(storage.join(place, "log"), "a")] == ["b", "c", "d"]
    assert storage.entries(storage.join(place, "log"), "d") == storage.entries(storage.join(place, "none"), "a") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_what_was_made_for_a_while_is_removed_also_when_a_run_is_interrupted(
    tmp_path: Path, error: type[BaseException]
) -> None:
    put(f"{tmp_path}/spool/rows")
    with pytest.raises(error), storage.removed_afterwards(f"{tmp_path}/spool"):
        raise error
    assert list(tmp_path.iterdir()) == []
