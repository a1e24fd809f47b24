"""The repository as its developers keep it: formatted, linted, typed and pinned."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from platform_assets_tests.support.services.missing import there

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform_assets"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("ruff", "format", "--check", "."), ("ruff", "check", "."), ("mypy",)])
def test_the_code_is_formatted_linted_and_typed(words: tuple[str, ...]) -> None:
    done = _run(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def _requirements(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0].split("[")[0].lower(): line for line in lines if line}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_exact_versions_and_no_addresses(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.match(r"^[A-Za-z0-9_.\-]+(\[[a-z,\-]+\])?==[^ =]+( ; .+)?$", line)] == []
    assert not [line for line in lines if "://" in line]


def test_the_lock_files_hold_every_dependency_and_agree() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.split("dependencies = [", 1)[1].split("]\n", 1)[0]
    wanted = {re.split(r"[\[<>=]", word)[0].lower() for word in re.findall(r'"([^"]+)"', block)}
    runtime, dev = _requirements("requirements.lock"), _requirements("requirements-dev.lock")
    assert wanted <= set(runtime)
    assert {name: line for name, line in runtime.items() if dev.get(name) != line} == {}


def test_no_file_holds_more_than_400_lines() -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "platform_assets_tests").rglob("*.py")]
    assert not [str(path) for path in files if len(path.read_text(encoding="utf-8").splitlines()) > 400]


def test_no_module_of_the_tests_is_named_like_one_of_the_standard_library() -> None:
    helpers = [path for path in (ROOT / "platform_assets_tests").rglob("*") if path.suffix == ".py" or path.is_dir()]
    assert helpers
    assert not [str(path) for path in helpers if path.stem in sys.stdlib_module_names]


def test_official_inputs_that_are_not_there_fail_where_nothing_may_be_skipped_and_are_skipped_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "The folder of inputs is missing: there is no .*/data, put them there"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=said):
        there(tmp_path / "data", "The folder of inputs", "put them there")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=said):
        there(tmp_path / "data", "The folder of inputs", "put them there")
    assert there(tmp_path, "The folder of inputs", "put them there") == tmp_path
