"""A domain of a user's own, in a package outside of the repository, as the README shows it."""

from __future__ import annotations

import json
import re
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from platform_assets_tests.support.processes.graphql import Web
from platform_assets_tests.support.processes.sites import ROOT, outside, running, wait_for
from platform_assets_tests.support.readme import DOMAIN, blocks, shell
from platform_assets_tests.support.services.ports import free_port

DAY = "2026-01-02"
MATERIALISE = "dagster asset materialize -m platform_assets.definitions"
TABLES = ["shop/raw_sales", "shop/daily_sales", "shop/shop_sales_files"]
ASSETS = """
{ assetNodes { assetKey { path } groupName description metadataEntries { __typename } isPartitioned } }"""


class Acme:
    """A company's package, made of the README's blocks and installed into an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = {}
        for block in re.finditer(r"```(?:toml|python)\n(.*?)```", DOMAIN, flags=re.DOTALL):
            named = re.findall(r"`(pyproject\.toml|acme_tables/shop/[a-z]\w+\.py)`", DOMAIN[: block.start()])
            files[named[-1]] = block[1]
        assert set(files) == {"pyproject.toml", *(f"acme_tables/shop/{name}.py" for name in MODULES)}
        for name, text in files.items():
            self.write(name, text)
        for empty in ("acme_tables/__init__.py", "acme_tables/shop/__init__.py"):
            self.write(empty, "")
        self.python = _environment(folder / "environment")
        self.install, *self.commands = blocks("sh", DOMAIN)[0].strip().splitlines()

    def write(self, name: str, text: str) -> None:
        """Write a file of the package."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the README."""
        return shell(self.folder, command, {"PYTHONPATH": ""}, self.python)

    @contextmanager
    def webserver(self) -> Iterator[Web]:
        """The Dagster UI on the platform with the company's tables."""
        web = Web(port := free_port())
        command = [self.python, "-W", "ignore", "-m", "dagster_webserver", "-w", str(ROOT / "workspace.yaml")]
        variables = outside() | {"DAGSTER_HOME": str(self.folder / ".dagster")}
        with running([*command, "-p", str(port)], self.folder / "web.txt", self.folder, variables) as server:
            wait_for("the server is ready", lambda: web.is_ready() or server.poll() is not None)
            yield web


MODULES = ("domain", "raw_sales", "daily_sales")


def _environment(folder: Path) -> str:
    """The Python of a new environment that has all that this one has, so that only the company's package is new."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    shared = "".join(f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages())
    (packages / "shared.pth").write_text(shared, encoding="utf-8")
    return str(folder / "bin" / "python")


def _installer(python: str) -> str:
    """What installs into an environment: pip, or uv where this environment was made without pip."""
    if find_spec("pip"):
        return f"{sys.executable} -m pip --disable-pip-version-check --python {python}"
    found = shutil.which("uv")
    assert found, "neither pip nor uv is there to install a package with"
    return f"{found} pip --python {python}"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    """The company's package, installed."""
    made = Acme(tmp_path_factory.mktemp("acme"))
    made.run(made.install.replace("pip", _installer(made.python), 1))
    return made


@pytest.fixture(scope="module")
def printed(acme: Acme) -> dict[str, str]:
    """What each of the README's commands, run one after the other, has printed."""
    return {command: acme.run(command).stdout for command in acme.commands}


def test_the_readmes_own_domain_is_installed_built_shown_and_documented(acme: Acme, printed: dict[str, str]) -> None:
    (tables,) = (text for command, text in printed.items() if command.endswith("platform-assets tables"))
    assert [line.split()[:3] for line in tables.splitlines()[1:]] == [
        [table, rows, "1"] for table, rows in zip(TABLES, "211", strict=True)
    ]
    (rejected,) = (text for command, text in printed.items() if "platform-assets rejected" in command)
    assert "invalid_cents" in rejected
    page = (acme.folder / "docs" / "tables" / "shop" / "daily_sales.md").read_text(encoding="utf-8")
    assert "`PLATFORM_SHOP_LEAST_CENTS`" in page
    assert (acme.folder / "docs" / "tables" / "web" / "sessions.md").exists()
    (settings,) = (text for command, text in printed.items() if command == "platform-assets settings")
    assert re.search(r"PLATFORM_SHOP_LEAST_CENTS +1 +default +Sales of less than this are not counted", settings)
    shown = acme.run("platform-assets export shop/daily_sales --format json -o -").stdout
    assert json.loads(shown) == {"day": DAY, "sales": 1, "cents": 1250}


def test_its_tables_and_those_of_other_domains_are_in_the_ui(acme: Acme, printed: dict[str, str]) -> None:
    with acme.webserver() as web:
        nodes = {"/".join(node["assetKey"]["path"]): node for node in web.ask(ASSETS)["assetNodes"]}
    assert {"landing/shop_sales", *TABLES, "web/sessions"} <= set(nodes)
    daily = nodes["shop/daily_sales"]
    assert (daily["groupName"], daily["isPartitioned"]) == ("shop", True)
    assert daily["description"] == "What was sold on a day; a day without sales has no row."
    assert "TableSchemaMetadataEntry" in [entry["__typename"] for entry in daily["metadataEntries"]]


def test_a_new_domain_is_a_folder_and_reads_tables_of_others(acme: Acme, printed: dict[str, str]) -> None:
    acme.write("acme_tables/stores/__init__.py", "")
    acme.write(
        "acme_tables/stores/domain.py",
        "from platform_assets import Domain\n\nstores = Domain('stores', owner='team:stores')\n",
    )
    daily = (acme.folder / "acme_tables/shop/daily_sales.py").read_text(encoding="utf-8")
    copied = daily.replace("acme_tables.shop.domain import shop", "acme_tables.stores.domain import stores")
    copied = copied.replace("domain=shop", "domain=stores, inputs={'good': 'shop/daily_sales'}").replace(
        "daily_sales(raw_sales: DataFrame, *, least_cents: int)", "copied_sales(good: DataFrame)"
    )
    body = copied[: copied.index("    counted =")] + "    return good\n"
    acme.write("acme_tables/stores/copied_sales.py", body)
    try:
        acme.run(
            f"dagster asset materialize -m platform_assets.definitions --select stores/copied_sales --partition {DAY}"
        )
        shown = acme.run("platform-assets export stores/copied_sales --format json -o -").stdout
    finally:
        shutil.rmtree(acme.folder / "acme_tables/stores")
    assert json.loads(shown) == {"day": DAY, "sales": 1, "cents": 1250}


def test_a_mistake_is_told_with_its_file_when_the_code_is_loaded(acme: Acme) -> None:
    path = acme.folder / "acme_tables/shop/daily_sales.py"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("raw_sales: DataFrame", "raw_sale: DataFrame"), encoding="utf-8")
    try:
        with pytest.raises(AssertionError) as told:
            acme.run("platform-assets tables")
    finally:
        path.write_text(right, encoding="utf-8")
    said = str(told.value).strip().splitlines()
    assert len(said) == 1
    assert re.fullmatch(
        r"acme_tables/shop/daily_sales\.py:\d+: daily_sales: there is no table shop/raw_sale to read\. "
        r"Did you mean (daily_sales or )?raw_sales( or daily_sales)?\?",
        said[0],
    )


def test_strict_type_checking_of_a_users_domain_is_clean(acme: Acme) -> None:
    checked = acme.run("python -m mypy --strict --config-file= acme_tables")
    assert "Success: no issues found in 5 source files" in checked.stdout
