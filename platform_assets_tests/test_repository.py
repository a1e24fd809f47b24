"""The repository as its developers keep it: formatted, linted, typed, pinned, and layered one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform_assets"
# What each layer must not import: imports go one way, from the domains down to the settings.
FORBIDDEN = {
    "settings": {
        "contracts",
        "lake",
        "landing",
        "transforms",
        "domain",
        "table",
        "exports",
        "web",
        "definitions",
        "cli",
    },
    "contracts": {"lake", "landing", "transforms", "domain", "table", "exports", "web", "definitions", "cli"},
    "transforms": {"lake", "landing", "domain", "table", "exports", "web", "definitions", "cli"},
    "lake": {"landing", "transforms", "domain", "table", "exports", "web", "definitions", "cli"},
    "landing": {"transforms", "exports", "web", "definitions", "cli"},
    "exports": {"landing", "transforms", "web", "definitions", "cli"},
    "web": {"definitions", "cli"},
}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("ruff", "format", "--check", "."), ("ruff", "check", "."), ("mypy",)])
def test_the_code_is_formatted_linted_and_typed(words: tuple[str, ...]) -> None:
    done = _run(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_one_way() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        layer = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                parts = module.split(".")
                if parts[0] == "platform_assets" and len(parts) > 1 and parts[1] in FORBIDDEN.get(layer, set()):
                    wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_only_the_storage_module_opens_paths_of_landing_and_lake() -> None:
    openers = re.compile(r"\bopen\(|\bos\.path|\bshutil\.|fsspec|\.read_text\(|\.write_text\(|\.unlink\(|\.rmtree\(")
    found = {
        str(path.relative_to(PACKAGE))
        for folder in ("lake", "landing", "web", "transforms", "contracts")
        for path in (PACKAGE / folder).rglob("*.py")
        if openers.search(path.read_text(encoding="utf-8"))
    }
    assert found <= {"lake/storage.py", "lake/s3.py", "lake/spark.py"}


def test_no_private_or_deprecated_dagster_module_is_imported() -> None:
    private = re.compile(r"(from|import) dagster(_\w+)?\._")
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "platform_assets_tests").rglob("*.py")]
    assert not [str(path) for path in files if private.search(path.read_text(encoding="utf-8"))]


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
