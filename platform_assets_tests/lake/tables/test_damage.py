"""Tables whose files were damaged: told with the table, the file and the way out, never read as an older state."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import log
from platform_assets.lake.tables.log import Damaged, missing_file
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import january, publish, published, stage, visits_table


@pytest.fixture
def table(engine: Engine, tmp_path: Path) -> Table:
    """Visits of three days, published by a run each."""
    table = visits_table(tmp_path)
    for day in (1, 2, 3):
        publish(engine, table, f"run-{day}", [day], (day, "/a", day, None))
    return table


def commit(table: Table, version: int) -> Path:
    """The file of the log that made a version."""
    return Path(log.commit_file(table.url, version))


def cut(path: Path, end: int) -> None:
    """Cut a file short, as a full disk or a lost power does."""
    path.write_bytes(path.read_bytes()[:end])


def empty(path: Path) -> None:
    """Leave a file without content."""
    cut(path, 0)


DAMAGES: dict[str, tuple[Callable[[Table], object], str]] = {
    "newest empty": (lambda t: empty(commit(t, 3)), r"00003\.json is empty"),
    "one before empty": (lambda t: empty(commit(t, 2)), r"00002\.json is empty"),
    "newest cut": (lambda t: cut(commit(t, 3), 200), r"00003\.json is no JSON \("),
    "newest of zero bytes": (lambda t: commit(t, 3).write_bytes(b"\0" * 700), r"00003\.json is no JSON \("),
    "newest without a file": (lambda t: commit(t, 3).write_text(lines(t)[0]), r"00003\.json adds 0 of 1 files: it was"),
    "one before cut at a line end": (
        lambda t: commit(t, 2).write_text(lines(t, 2)[0]),
        " leads to 2 files, where its newest commit counts 3: a commit was cut short",
    ),
    "newest a line end": (lambda t: commit(t, 3).write_text("\n"), r"00003\.json is no JSON \("),
    "newest with a line that is no action": (
        lambda t: commit(t, 3).write_text("".join([*lines(t), '\n{"add": 3}\n'])),
        r"00003\.json is no JSON \(version 3: a line of its commit is no action",
    ),
    "one before gone": (lambda t: commit(t, 2).unlink(), r"00002\.json is not there"),
    "first gone": (lambda t: commit(t, 0).unlink(), r"00000\.json is not there"),
    "all gone": (lambda t: [commit(t, n).rename(t.url + f"/{n}") for n in range(4)], r"00000\.json is not there"),
}


def lines(table: Table, version: int = 3) -> list[str]:
    """The lines of a commit: its `commitInfo` first, then the files it adds and removes."""
    found = commit(table, version).read_text().splitlines(keepends=True)
    return sorted(found, key=lambda line: "commitInfo" not in line)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_log_is_told_and_neither_read_nor_written(engine: Engine, table: Table, damage: str) -> None:
    staged = stage(engine, table, "run-4", [1], (1, "/b", 4, None))
    do, what = DAMAGES[damage]
    if damage == "all gone":
        (Path(table.url) / "_delta_log" / "_commits").mkdir()
    log._whole.clear()
    do(table)
    told = rf"^shop/visits is damaged: {table.url}/_delta_log\S*{what}.* or move {table.url} away and materialise all"
    for use in (
        table.delta,
        table.published_rows_by_day,
        table.history,
        lambda: table.read(engine, january(1), january(1)),
        lambda: stage(engine, table, "run-5", [1]),
        lambda: table.publish(staged),
    ):
        with pytest.raises(Damaged, match=told):
            use()


def test_a_damaged_checkpoint_is_told_by_its_name(table: Table) -> None:
    open_delta(table.url).create_checkpoint()
    (checkpoint,) = Path(table.url, "_delta_log").glob("*.checkpoint.parquet")
    content = checkpoint.read_bytes()
    for damaged in (content[:300], content[:-20]):
        checkpoint.write_bytes(damaged)
        with pytest.raises(Damaged, match=rf"{checkpoint} is no whole Parquet file \("):
            table.delta()
    checkpoint.unlink()
    with pytest.raises(Damaged, match="_last_checkpoint names a checkpoint that is not there"):
        table.delta()
    checkpoint.write_bytes(content)
    assert published(table) == [(1, "/a", 1, None), (2, "/a", 2, None), (3, "/a", 3, None)]


def test_a_log_that_begins_with_a_checkpoint_is_whole(engine: Engine, table: Table) -> None:
    open_delta(table.url).create_checkpoint()
    for version in range(3):
        commit(table, version).unlink()
    log._whole.clear()
    assert table.delta() is not None
    publish(engine, table, "run-4", [4], (4, "/a", 4, None))
    commit(table, 3).unlink()
    log._whole.clear()
    assert table.published_rows_by_day() == {f"2026-01-0{day}": 1 for day in (1, 2, 3, 4)}


def test_a_commit_of_others_that_says_nothing_of_its_files_is_whole(table: Table) -> None:
    commit(table, 3).write_text(lines(table)[1])
    log._whole.clear()
    assert table.published_rows_by_day() == {f"2026-01-0{day}": 1 for day in (1, 2, 3)}


def test_a_file_that_is_gone_is_told_with_its_table(engine: Engine, table: Table) -> None:
    (gone,) = Path(table.url).rglob("day=2026-01-03/*.parquet")
    assert pq.read_metadata(gone).num_rows == 1
    gone.unlink()
    rows, _ = table.read(engine, january(1), january(3))
    with pytest.raises(Exception, match="parquet") as told:
        rows.collect()
    sentence = missing_file(told.value) or ""
    assert sentence.startswith("shop/visits is damaged: ")
    assert f"{str(gone).removeprefix('/')} is not there, and the current version needs it." in sentence
    assert missing_file(OSError("No such file or directory: '/landing/x.json'")) is None
    assert missing_file(OSError("permission denied: 'runs/a/b/x.parquet'")) is None


def test_a_commit_that_lost_what_it_removes_does_not_double_rows(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-4", [1], (1, "/b", 4, None))
    kept = [line for line in lines(table, 4) if '"remove"' not in line]
    assert len(kept) < len(lines(table, 4))
    commit(table, 4).write_text("".join(kept))
    log._whole.clear()
    with pytest.raises(Damaged, match="leads to 4 files, where its newest commit counts 3"):
        table.delta()


def test_a_restore_that_was_cut_at_a_line_end_is_not_undone_in_silence(engine: Engine, table: Table) -> None:
    table.restore(1)
    commit(table, 4).write_text(lines(table, 4)[0])
    log._whole.clear()
    with pytest.raises(Damaged, match="leads to 3 files, where its newest commit counts 1"):
        table.delta()


def test_a_commit_that_is_cut_after_an_older_one_was_read_is_told(engine: Engine, table: Table) -> None:
    assert table.delta() is not None
    publish(engine, table, "run-4", [1], (1, "/b", 4, None))
    empty(commit(table, 4))
    with pytest.raises(Damaged, match=r"00004\.json is empty"):
        table.delta()


def test_of_a_long_log_what_comes_after_its_last_checkpoint_is_looked_at(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_FEW", 0)
    open_delta(table.url).create_checkpoint()
    for n in (4, 5):
        publish(engine, table, f"run-{n}", [n], (n, "/a", n, None))
    empty(commit(table, 1))
    log._whole.clear()
    assert len(table.published_rows_by_day()) == 5
    empty(commit(table, 4))
    log._whole.clear()
    with pytest.raises(Damaged, match=r"00004\.json is empty"):
        table.delta()
