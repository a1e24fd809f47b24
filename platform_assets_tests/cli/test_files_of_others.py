"""What others keep below the lake and the exports survives every command and every run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.platforms import Platform

TABLE, DOCUMENT = "actions/actions", "actions/windows_csv"
COMMANDS = (
    ["tables"],
    ["summary"],
    ["show", TABLE],
    ["history", TABLE],
    ["clean"],
    ["clean", "--older-than", "0"],
    ["restore", TABLE, "1", "--yes"],
    ["clean", "--older-than", "0", "--vacuum", "0", "--yes"],
)
RUN = "0b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21"
FOLDERS = (
    *("lake", "lake/actions", f"lake/{TABLE}", f"lake/{TABLE}/runs", f"lake/{TABLE}/_delta_log"),
    *(f"lake/{TABLE}/runs/<run>", f"lake/{TABLE}/runs/<run>/<attempt>", f"lake/{TABLE}/runs/<run>/<attempt>/<day>"),
    *(f"lake/{TABLE}/runs/{RUN}", f"lake/{TABLE}/runs/{RUN}/0123abcd", f"lake/{TABLE}/runs/{RUN}/_landing"),
    *("exports", "exports/actions", f"exports/{DOCUMENT}", f"exports/{DOCUMENT}/2026-01-01"),
    *(f"exports/{DOCUMENT}/latest", f"exports/{DOCUMENT}/.{RUN}", f"exports/{DOCUMENT}/.{RUN}/day=2026-01-01"),
)
# Some of them nearly look like what runs make.
NAMES = (
    *("notes.txt", ".hidden", "part.parquet", "mine.parquet", "day=2026-01-01/mine.parquet", ".git/objects/x"),
    *("runs/notes.txt", f"runs/{RUN}.bak/0123abcd/day=2026-01-01/part-00000-x.parquet", "archive/2026-01-01/x.csv"),
    *("2026-01-09/x.csv", "@eaDir/x", f".{RUN}.bak/x", "_SUCCESSFUL", "0.txt.bak", "00000000000000000001.json.bak"),
)


@st.composite
def places(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Folders, names below them, and what is there: a file, an empty folder, or a link to a file or a folder."""
    kinds = st.sampled_from(("file", "file", "folder", "link to a file", "link to a folder"))
    one = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES), kinds)
    return draw(st.lists(one, min_size=3, max_size=12, unique_by=lambda place: place[:2]))


def made_by_a_run(root: Path) -> dict[str, str]:
    """The names of a run, an attempt and a day that the table has."""
    file = min((root / "lake" / TABLE / "runs").rglob("*.parquet"))
    run, attempt, day, _ = file.parts[-4:]
    return {"<run>": run, "<attempt>": attempt, "<day>": day}


def put(root: Path, elsewhere: Path, names: Mapping[str, str], place: tuple[str, str, str]) -> Path | None:
    """Put something there; nothing where something is already."""
    folder, name, kind = place
    for word, found in names.items():
        folder = folder.replace(word, found)
    path = root / folder / name
    if path.exists() or any(above.is_symlink() or above.is_file() for above in path.parents):
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("the only copy")
    else:
        path.symlink_to(elsewhere / kind.rsplit(" ", 1)[-1])
    return path


def content(path: Path) -> object:
    """What is there now."""
    if path.is_symlink():
        return path.readlink()
    return path.is_dir() or path.read_text()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with a table of two versions, and its documents."""
    platform = Platform(tmp_path_factory.mktemp("published"))
    for minute in (1, 2):
        line = f"2026-01-01T00:0{minute}:00.000Z,Open\n"
        platform.deliver("actions", "2026-01-01", f"{minute}.csv", f"time,action\n{line}")
        platform.materialise("2026-01-01", select="group:actions")
    assert UUID(next((platform.root / "lake" / TABLE / "runs").iterdir()).name)
    return platform.root


@settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(places())
def test_no_command_and_no_run_removes_or_changes_what_others_keep_there(
    published: Path, at: Callable[[Platform], Callable[..., Result]], chosen: list[tuple[str, str, str]]
) -> None:
    with TemporaryDirectory() as folder:
        root, elsewhere = Path(folder, "platform"), Path(folder, "elsewhere")
        shutil.copytree(published, root)
        (elsewhere / "folder").mkdir(parents=True)
        (elsewhere / "folder" / "part-00000-x.parquet").write_text("the only copy")
        (elsewhere / "file").write_text("the only copy")
        names = made_by_a_run(root)
        paths = [path for place in chosen if (path := put(root, elsewhere, names, place))]
        before = {path: content(path) for path in [*paths, *elsewhere.rglob("*")]}
        platform = Platform(root)
        cli = at(platform)
        for command in COMMANDS:
            done = cli(*command)
            assert done.exit_code == 0, (command, done.stderr)
        platform.materialise("2026-01-01", select="group:actions")
        gone = [path for path in before if not (path.exists() or path.is_symlink())]
        assert gone == []
        assert {path: content(path) for path in before} == before
