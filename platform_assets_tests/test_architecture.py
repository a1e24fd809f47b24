"""How the package is built: imports go one way, domains stand alone, and only the storage opens paths."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import platform_assets
from platform_assets_tests.support.settings import DOMAINS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform_assets"
# From the bottom up: a module imports its own folder, and those in the lines before.
LAYERS = (
    ("masking",),
    ("errors",),
    ("project",),
    ("forms", "machine", "receivers", "values"),
    ("settings",),
    ("variables",),
    ("contracts",),
    ("lake",),
    ("landing", "exports", "transforms", "samples"),
    ("assets",),
    ("plan",),
    ("domains",),
    ("registry",),
    ("automation",),
    ("definitions",),
    ("docs",),
    ("cli",),
)
RANKS = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
KNOWS_DAGSTER = ("assets", "plan", "registry", "automation", "definitions", "cli")
# The storage, what looks for packages, programs and jars on this machine, and what writes files for people on it.
OPENS_PATHS = (
    "registry.py",
    "lake/storage/",
    "lake/engines/",
    "cli/",
    "docs/",
    "samples/",
    "project.py",
    "machine.py",
    "settings.py",
)
OPENERS = re.compile(
    r"\bopen\(|\bos\.path|\bos\.(remove|unlink|rename|replace|listdir|scandir|walk|mkdir|makedirs)\b|\bshutil\.|fsspec|"
    r"\.(read|write)_(text|bytes)\(|\.(unlink|rmtree|mkdir|rmdir|touch|rename|r?glob)\(|"
    r"\.(iterdir|exists|is_file|is_dir)\(\)"
)
# What pysail calls the address of its server, and deltalake what a version is made of.
NAMES_OF_OTHERS = {"listening_address", "get_add_actions"}


def _modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Every module of the package: its dotted name below it, its file and its syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, path, ast.parse(path.read_text(encoding="utf-8"))


MODULE = re.compile(r"platform_assets(\.\w+)+")
MODULES = {name: (path, tree) for name, path, tree in _modules()}


def _imported(tree: ast.AST) -> Iterator[str]:
    """What a module imports, also in its functions, or names as a module of the package: dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE.fullmatch(node.value):
            yield node.value


def _own_imports(name: str) -> set[str]:
    """The modules of the package that one imports, below the package; its own words are no module."""
    found = set()
    for imported in _imported(MODULES[name][1]):
        package, _, inside = imported.partition(".")
        if package != "platform_assets":
            continue
        while inside and inside not in MODULES:
            inside = inside.rpartition(".")[0]
        found.add(inside)
    return found - {name}


def test_imports_go_one_way() -> None:
    assert {name.split(".")[0] for name in MODULES if name} == set(RANKS)
    wrong = []
    for name in MODULES:
        if not name:
            continue
        layer = name.split(".")[0]
        for imported in _own_imports(name):
            # What authors import is the way of domains alone: the library itself would go round in a circle.
            other = imported.split(".")[0]
            if (not other and layer != "domains") or (other and other != layer and RANKS[other] >= RANKS[layer]):
                wrong.append(f"{name} imports {imported or 'the words of authors'}")
    assert wrong == []


def test_no_import_begins_with_a_dot() -> None:
    relative = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_no_imports_go_round_in_a_circle() -> None:
    graph = {name: _own_imports(name) - {""} for name in MODULES if name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_domain_imports_another() -> None:
    for domain in DOMAINS:
        own = domain.package.removeprefix("platform_assets.")
        for name in MODULES:
            if name == own or name.startswith(f"{own}."):
                others = [imported for imported in _own_imports(name) if imported.startswith("domains")]
                assert [other for other in others if not other.startswith(f"{own}.")] == [], name


def _texts(node: ast.AST) -> Iterator[str]:
    """Every name and every string of a node of the syntax tree; of modules the parts of their names."""
    for _, value in ast.iter_fields(node):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield from text.split(".") if isinstance(node, (ast.alias, ast.ImportFrom)) else [text]


def test_nothing_but_a_domains_own_folder_names_it() -> None:
    names = "|".join(domain.name for domain in DOMAINS)
    parts = rf"(?:\w*_)?(?:{names})(?:_\w*)?|(?:{names})/.*|PLATFORM_(?:{names})_.*"
    classes = "|".join(domain.name.title().replace("_", "") for domain in DOMAINS)
    named = re.compile(rf"(?i:{parts})|_*(?:{classes})(?:[A-Z]\w*)?", re.DOTALL)
    found = []
    for name, (path, tree) in MODULES.items():
        if name.startswith("domains."):
            continue
        for node in ast.walk(tree):
            found += [
                f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {text[:60]}"
                for text in _texts(node)
                if named.fullmatch(text) and text not in NAMES_OF_OTHERS
            ]
    assert found == []


def test_the_lake_and_all_below_the_assets_know_nothing_of_dagster() -> None:
    found = [
        f"{name} imports {imported}"
        for name, (_, tree) in MODULES.items()
        for imported in _imported(tree)
        if imported.startswith("dagster") and name.split(".")[0] not in KNOWS_DAGSTER
    ]
    assert found == []


def test_only_the_storage_opens_paths() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path, _ in MODULES.values()
        if OPENERS.search(path.read_text(encoding="utf-8"))
    }
    samples = {f"domains/{domain.name}/samples.py" for domain in DOMAINS}
    assert [name for name in sorted(found - samples) if not name.startswith(OPENS_PATHS)] == []


def test_no_private_dagster_module_is_imported_but_the_log_that_has_no_public_name() -> None:
    private = re.compile(r"(from|import) dagster(_\w+)?\._")
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "platform_assets_tests").rglob("*.py")]
    found = [path for path in files if private.search(path.read_text(encoding="utf-8"))]
    assert found == [PACKAGE / "assets" / "event_log.py"]
    public = (
        importlib.import_module(name) for name in ("dagster", "dagster_shared", "dagster_aws", "dagster_postgres")
    )
    assert not any(hasattr(module, "SqliteEventLogStorage") for module in public), "import it from there"


def test_the_words_of_authors_are_those_that_type_checkers_see() -> None:
    _, tree = MODULES[""]
    typed = {
        alias.name: node.module.removeprefix("platform_assets.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("platform_assets.")
        for alias in node.names
    }
    assert typed == platform_assets._HOME
    assert sorted(typed) == sorted(platform_assets.__all__)
    assert set(platform_assets.__all__) <= set(dir(platform_assets))
    for word in platform_assets.__all__:
        assert getattr(platform_assets, word) is not None


def test_a_word_that_authors_cannot_have_is_no_attribute() -> None:
    assert not hasattr(platform_assets, "tabel")
