"""Which folder is the project, from which relative places count."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets import project


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, two folders below one that may be the project."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "text"), [(".env", ""), ("pyproject.toml", '[project]\nname = "x"\n\n[tool.platform_assets]\n')]
)
def test_the_project_is_the_nearest_folder_upwards_that_says_so(
    deep: Path, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert project.root() == tmp_path
    assert project.env_file() == tmp_path / ".env"
    assert project.from_root("data/lake") == str(tmp_path / "data" / "lake")
    assert project.from_root("/lake") == "/lake"
    (deep.parent / name).write_text(text)
    assert project.root() == deep.parent


def test_a_folder_of_another_project_is_none_and_without_any_it_is_the_working_directory(
    deep: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.platform_assets_more]\n# [tool.platform_assets]\n")
    (tmp_path / "a" / ".env").mkdir()
    assert project.root() == deep


def test_a_lake_has_tables_when_one_has_a_log(tmp_path: Path) -> None:
    (tmp_path / "lake" / "web" / "hits").mkdir(parents=True)
    assert not project.has_tables(tmp_path / "nowhere")
    assert not project.has_tables(tmp_path / "lake")
    (tmp_path / "lake" / "web" / "hits" / "_delta_log").mkdir()
    assert project.has_tables(tmp_path / "lake")
