"""Which domains are found, which are chosen, and what is refused when they do not go together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from importlib.metadata import EntryPoint, distribution
from itertools import count
from pathlib import Path
from shutil import make_archive

import pytest

from platform_assets import registry
from platform_assets.definitions import build_definitions
from platform_assets.errors import DeclarationError, PlatformError
from platform_assets.registry import GROUP, found
from platform_assets.settings import WrongSettings
from platform_assets_tests.support.settings import DOMAINS, settings_for

_NUMBERS = count()
DOMAIN = "from platform_assets import Domain, DomainSettings\n\n\nclass {0}Settings(DomainSettings):\n    {1}\n\n\n"
RAW = '''
from platform_assets import CSV, Feed, RawContract, T, raw_table, source
from {package}.{domain}.domain import {domain}


class Raw(RawContract):
    """Rows."""

    sold_at: T.StringType = source("sold_at", description="When")


@raw_table(Raw, Feed("{feed}", (CSV,)), domain={domain})
def {table}({parameters}):
    """All of them."""
    return {{}}
'''
TABLE = '''
from platform_assets import Contract, Field, T, table
from {package}.{domain}.domain import {domain}


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")


@table(Days, domain={domain}{more})
def {table}({parameters}):
    """All of them."""
    return raw
'''


class Packages:
    """Packages of domains, written for a test, and named by entry points that only the test sees."""

    def __init__(self, folder: Path, entries: list[EntryPoint]) -> None:
        self.folder = folder
        self.entries = entries

    def add(self, *domains: str, setting: str = "pass", installed: bool = True) -> str:
        """A package with these domains, each with a setting or none; its name."""
        package = f"package_{next(_NUMBERS)}"
        (self.folder / package).mkdir()
        (self.folder / package / "__init__.py").touch()
        for name in domains:
            domain = DOMAIN.format(name.title(), setting)
            domain += f"{name} = Domain({name!r}, owner='team:{name}', settings={name.title()}Settings)\n"
            self.write(package, name, "__init__", "")
            self.write(package, name, "domain", domain)
        if installed:
            self.entries.append(EntryPoint(package, package, GROUP))
        invalidate_caches()
        return package

    def write(self, package: str, domain: str, module: str, text: str) -> None:
        """A module of a domain."""
        path = self.folder / package / domain / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def raw(self, package: str, domain: str, feed: str, table: str = "raw", parameters: str = "") -> None:
        """A raw table."""
        words = {"package": package, "domain": domain, "feed": feed, "table": table, "parameters": parameters}
        self.write(package, domain, table, RAW.format(**words))

    def table(self, package: str, domain: str, table: str, parameters: str, more: str = "") -> None:
        """A table."""
        words = {"package": package, "domain": domain, "table": table, "parameters": parameters, "more": more}
        self.write(package, domain, table, TABLE.format(**words))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    """No package but those that a test adds."""
    made = Packages(tmp_path, [])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "entry_points", lambda group: made.entries if group == GROUP else [])
    return made


@pytest.fixture
def load(packages: Packages) -> Callable[..., list[str]]:
    """Finds the domains with some settings, and tells their assets."""

    def names(**settings: object) -> list[str]:
        domains = found(settings_for((), **settings))
        return [declared.text_key for domain in domains for declared in domain.declared]

    return names


def test_the_domains_of_this_package_are_found_like_any_others() -> None:
    assert [domain.package for domain in DOMAINS] == [f"{registry.BUILT_IN}.{domain.name}" for domain in DOMAINS]
    assert len(DOMAINS) >= 3


def test_every_subpackage_with_a_domain_is_one_and_no_other(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    packages.table(package, "shop", "days", "raw")
    packages.write(package, "helpers", "__init__", "raise AssertionError('no domain, not imported')")
    packages.write(package, "yard", "samples", "raise AssertionError('not imported before samples are asked for')")
    assert load() == ["shop/raw", "shop/days"]


def test_a_table_comes_after_those_that_it_reads_and_else_by_name(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales", "zero")
    for table, parameters in (("c", "zero"), ("b", "a, c_before"), ("a", "zero, a_before"), ("d", "zero")):
        packages.table(package, "shop", table, parameters)
    assert load() == ["shop/zero", "shop/a", "shop/c", "shop/d", "shop/b"]


def test_only_the_chosen_domains_take_part_and_no_other_is_imported(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package, other = packages.add("shop"), packages.add("yard")
    packages.raw(package, "shop", "sales")
    packages.write(other, "yard", "broken", "raise AssertionError('not chosen, not imported')")
    assert load(domains="shop, ") == ["shop/raw"]
    with pytest.raises(PlatformError, match=r"PLATFORM_DOMAINS names shap, which is not installed\. .* shop\?"):
        load(domains="shap")


def test_no_domain_at_all_is_an_error(load: Callable[..., list[str]]) -> None:
    with pytest.raises(PlatformError, match=r"No domain is installed: .* platform_assets\.domains"):
        load()


def test_a_package_that_cannot_be_imported_or_has_no_domain_is_named(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add()
    with pytest.raises(DeclarationError, match=rf"entry point {package} .* no subpackage has a `domain\.py`"):
        load()
    packages.entries[:] = [EntryPoint("acme", "acme_tabels", GROUP)]
    with pytest.raises(DeclarationError, match=r"acme = acme_tabels .* names a package that is not there: install it"):
        load()
    packages.entries[:] = [EntryPoint("acme", "acme_tabels.of_the_shop", GROUP)]
    with pytest.raises(DeclarationError, match=r"cannot be imported: ModuleNotFoundError: No module named 'acme_tab"):
        load()


@pytest.mark.parametrize("value", ["{}:shop", "{} [extra]", ".{}", "{}.", "acme-tables"])
def test_an_entry_point_that_names_more_or_less_than_a_package_is_refused(
    packages: Packages, load: Callable[..., list[str]], value: str
) -> None:
    package = packages.add("shop", installed=False)
    packages.entries.append(EntryPoint("acme", value.format(package), GROUP))
    with pytest.raises(DeclarationError, match=r"the entry point acme = .* is not the name of a package alone"):
        load()


def test_an_entry_point_is_told_with_what_was_installed_to_have_it(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    info = packages.folder / "acme_tables-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tables\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nacme = acme_tabels\n")
    packages.entries += distribution("acme-tables").entry_points
    with pytest.raises(DeclarationError, match=r"the entry point acme = acme_tabels of acme-tables 1\.0 \(group "):
        load()


def test_a_package_that_is_broken_or_gone_does_not_keep_domains_of_others_from_being_chosen(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    packages.raw(packages.add("shop"), "shop", "sales")
    broken = packages.add("yard")
    (packages.folder / broken / "__init__.py").write_text("raise RuntimeError('the vault is away')\n")
    packages.entries.append(EntryPoint("gone", "gone_tables", GROUP))
    assert load(domains="shop") == ["shop/raw"]
    with pytest.raises(DeclarationError, match=r"gone = gone_tables .* is not there"):
        load()
    with pytest.raises(DeclarationError, match=r"gone = gone_tables .* is not there"):
        load(domains="shop,hop")
    packages.entries.pop()
    with pytest.raises(
        DeclarationError,
        match=r"__init__\.py:1: RuntimeError: the vault is away\. To go on without this domain, name .* PLATFORM_DOMAI",
    ):
        load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", r"days\.py:1: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("\n\nx = = 1", r"days\.py:3: SyntaxError: "),
        ("import json\n\njson.loads('{')", r"days\.py:3: JSONDecodeError: "),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(
    packages: Packages, load: Callable[..., list[str]], text: str, said: str
) -> None:
    packages.write(packages.add("shop"), "shop", "days", text)
    with pytest.raises(DeclarationError, match=said) as told:
        load()
    assert told.value.__cause__


def test_a_folder_with_a_domain_that_is_no_package_is_not_left_out_in_silence(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop", "yard")
    (packages.folder / package / "yard" / "__init__.py").unlink()
    with pytest.raises(
        DeclarationError, match=r"yard/domain\.py is in no package: put an empty __init__\.py beside it"
    ):
        load()


def test_the_main_module_of_a_domain_is_not_run(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.write(package, "shop", "__main__", "raise AssertionError('only run when it is asked for')")
    assert load() == ["shop/raw"]


def test_domains_are_found_in_a_zip_file(
    packages: Packages, load: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    (packages.folder / "zipped").mkdir()
    (packages.folder / package).rename(packages.folder / "zipped" / package)
    monkeypatch.syspath_prepend(make_archive(str(packages.folder / "all"), "zip", packages.folder / "zipped"))
    assert load() == ["shop/raw"]


def test_a_file_that_is_imported_under_two_names_is_told(
    packages: Packages, load: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packages.add("shop", setting="least: int = 1")
    packages.raw(package, "shop", "sales")
    text = (packages.folder / package / "shop" / "raw.py").read_text().replace(f"{package}.shop", "shop")
    packages.write(package, "shop", "raw", text)
    monkeypatch.syspath_prepend(str(packages.folder / package))
    with pytest.raises(DeclarationError, match=rf"shop/raw is of another shop than that of {package}\.shop\.domain"):
        load()


@pytest.mark.parametrize("first", ["domain", "registry"])
def test_authors_may_import_every_word_at_once(packages: Packages, first: str) -> None:
    package = packages.add("shop")
    path = packages.folder / package / "shop" / "domain.py"
    path.write_text(path.read_text().replace("import Domain, DomainSettings", "import *"), encoding="utf-8")
    packages.raw(package, "shop", "sales")
    imports = {"domain": f"import {package}.shop.domain", "registry": "import platform_assets.registry"}
    program = (
        f"{imports[first]}\nfrom platform_assets import registry\nprint(registry.load('{package}.shop').tables[0].name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=packages.folder, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("raw\n", "")


def test_two_domains_of_one_name_are_refused_also_when_neither_is_chosen(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    one, other = packages.add("shop"), packages.add("shop", "yard")
    with pytest.raises(DeclarationError, match=rf"Two domains are named shop: {one}\.shop and {other}\.shop"):
        load(domains="yard")


def test_a_package_that_two_entry_points_name_counts_once(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.entries.append(EntryPoint("again", package, GROUP))
    assert load() == ["shop/raw"]


def test_two_raw_tables_of_one_feed_are_refused(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    packages.raw(package, "yard", "sales")
    with pytest.raises(DeclarationError, match="The feed sales is that of shop/raw and of yard/raw: rename one"):
        load()


@pytest.mark.parametrize(
    ("domains", "setting", "said"),
    [
        (("engine",), "memory: int = 1", "PLATFORM_ENGINE_MEMORY would be a setting of the platform and of the domain"),
        (("shop", "shop_eu"), "eu_start: int = 1", "PLATFORM_SHOP_EU_START would be a setting of shop and of the doma"),
    ],
)
def test_a_setting_that_reads_as_anothers_is_refused(
    packages: Packages, load: Callable[..., list[str]], domains: tuple[str, ...], setting: str, said: str
) -> None:
    packages.add(*domains, setting=setting)
    with pytest.raises(DeclarationError, match=said):
        load()


@pytest.mark.parametrize(
    ("parameters", "more", "said"),
    [
        ("rae", "", r"days\.py:\d+: days: there is no table shop/rae to read\. Did you mean raw\?"),
        ("raw, start", "", r"days: start is a setting, and would be read as a table: put a `\*` before it"),
        ("raw, hits", ", inputs={'hits': 'yard/hits'}", "hits is a table of the domain yard, which takes no part"),
        ("raw, hits", ", inputs={'hits': 'shop/hist'}", "there is no table shop/hist to read"),
    ],
)
def test_a_parameter_that_names_no_table_is_told_with_its_file(
    packages: Packages, load: Callable[..., list[str]], parameters: str, more: str, said: str
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.table(package, "shop", "days", parameters, more)
    with pytest.raises(DeclarationError, match=said):
        load()


def test_tables_that_read_each_other_in_a_circle_are_refused(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.table(package, "shop", "one", "other")
    packages.table(package, "shop", "other", "one")
    with pytest.raises(DeclarationError, match=r"in a circle: shop/(one -> shop/other|other -> shop/one) -> shop/"):
        load()


@pytest.mark.parametrize("of_the_day", ["", "_before"])
def test_tables_of_two_domains_that_read_each_other_are_refused(
    packages: Packages, load: Callable[..., list[str]], of_the_day: str
) -> None:
    package = packages.add("shop", "yard")
    packages.table(package, "shop", "one", "other", ", inputs={'other': 'yard/other'}")
    packages.table(package, "yard", "other", f"one{of_the_day}", ", inputs={'one': 'shop/one'}")
    with pytest.raises(DeclarationError, match=r"in a circle: (shop/one -> yard/other|yard/other -> shop/one) -> "):
        load()


def test_a_module_with_a_table_of_another_domain_is_refused(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    packages.write(package, "yard", "taken", f"from {package}.shop.raw import raw\n")
    with pytest.raises(DeclarationError, match=r"taken\.py: shop/raw is of another domain than its folder, yard"):
        load()


def test_a_domain_is_named_as_its_folder(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.write(
        package, "shop", "domain", "from platform_assets import Domain\n\nx = Domain('yard', owner='team:a')"
    )
    with pytest.raises(DeclarationError, match=r"domain\.py: it must declare the one domain shop.*; found yard"):
        load()


def test_wrong_settings_of_a_domain_are_told_when_it_is_found(
    packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.add("shop", setting="least: int = 1")
    monkeypatch.setenv("PLATFORM_SHOP_LEAST", "few")
    with pytest.raises(WrongSettings, match=r"PLATFORM_SHOP_LEAST is set to 'few', which it does not take: "):
        found(settings_for(()))


def test_definitions_are_built_of_the_domains_that_are_given(packages: Packages) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    definitions = build_definitions(settings_for(()), found(settings_for(())))
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {"landing/sales", "shop/raw"}
