"""Which domains are found, and which are chosen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, distribution
from shutil import make_archive

import pytest

from platform_assets.errors import DeclarationError, PlatformError
from platform_assets.registry import GROUP
from platform_assets_tests.support.packages import Packages
from platform_assets_tests.support.settings import DOMAINS


def test_the_domains_of_this_package_are_found_like_any_others() -> None:
    assert [domain.package for domain in DOMAINS] == [f"platform_assets.domains.{domain.name}" for domain in DOMAINS]
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


def test_tables_in_folders_of_a_domain_are_its_own(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.write(package, "shop/marts", "__init__", "")
    packages.write(package, "shop/marts/late", "__init__", "")
    packages.table(package, "shop", "days", "raw")
    packages.move(package, "shop/days.py", "shop/marts/late/days.py")
    assert load() == ["shop/raw", "shop/days"]


def test_documents_come_after_all_tables(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.document(package, "shop", "a_report", "raw")
    packages.table(package, "shop", "daily", "raw")
    packages.table(package, "shop", "weeks", "daily")
    assert load() == ["shop/raw", "shop/daily", "shop/weeks", "shop/a_report"]


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
