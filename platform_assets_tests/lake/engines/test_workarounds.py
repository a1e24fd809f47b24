"""The register of workarounds: the code and the tests point to each entry, and each names the version in use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import platform_assets
from platform_assets.lake.engines.spark_options import _DELTA_PACKAGE
from platform_assets.lake.engines.workarounds import WORKAROUNDS
from platform_assets_tests.support.lake.fresh_process import ROOT

NAMES = [each.name for each in WORKAROUNDS]
POINTED_TO = re.compile(r"\(workaround: ([^)]*)\)")
SHOWN = re.compile(r'@pytest\.mark\.shows\("([^"]*)"\)')
VERSIONS = {
    "sail": version("pysail"),
    "spark": version("pyspark"),
    "connect": version("pyspark"),
    "delta": _DELTA_PACKAGE.rpartition(":")[2],
    "deltalake": version("deltalake"),
    "duckdb": version("duckdb"),
}


def found(pattern: re.Pattern[str], files: Iterable[Path]) -> list[str]:
    """What a pattern finds in files, each as often as it stands there."""
    return [name for file in files for name in pattern.findall(file.read_text(encoding="utf-8"))]


def test_the_code_points_to_every_workaround_of_the_register_and_to_no_other() -> None:
    package = Path(platform_assets.__file__).parent
    files = [file for file in package.rglob("*.py") if file.name != "workarounds.py"]
    assert set(found(POINTED_TO, files)) == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


def test_the_guide_names_only_workarounds_of_the_register() -> None:
    assert set(found(POINTED_TO, [ROOT / "deploy" / "engines.md"])) <= set(NAMES)


def test_one_test_shows_each_defect_or_the_register_says_why_none_does() -> None:
    shown = Counter(found(SHOWN, Path(__file__).parent.glob("test_workarounds_of_*.py")))
    assert shown == Counter(each.name for each in WORKAROUNDS if not each.shown)


def test_defects_that_no_test_shows_are_known() -> None:
    assert [each.name for each in WORKAROUNDS if each.shown] == [
        "sail-tasks-wait-for-memory",
        "sail-selectivity-out-of-limits",
        "sail-hashes-of-constants",
    ]


def test_each_workaround_names_the_version_in_use_so_that_an_upgrade_makes_somebody_look_again() -> None:
    assert {each.name: each.version for each in WORKAROUNDS} == {
        each.name: VERSIONS[each.engine] for each in WORKAROUNDS
    }


def test_each_workaround_says_what_is_wrong_and_where_that_is_reported() -> None:
    for each in WORKAROUNDS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", each.name)
        assert each.what.endswith(".")
        assert each.upstream == "not reported" or re.fullmatch(
            r"https://github\.com/[\w-]+/[\w-]+/(issues|pull)/\d+", each.upstream
        )
