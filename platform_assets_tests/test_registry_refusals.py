"""What is refused of domains that are found: what does not go together, and what cannot be carried out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import invalidate_caches
from importlib.metadata import EntryPoint

import pytest

from platform_assets.definitions import build_definitions
from platform_assets.errors import DeclarationError
from platform_assets.registry import GROUP, found
from platform_assets.settings import WrongSettings
from platform_assets_tests.support.packages import Packages
from platform_assets_tests.support.settings import settings_for


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
    said = (
        r"feed sales is that of shop/raw \(.*shop/raw\.py:12: raw\) and of yard/raw \(.*yard/raw\.py:12: raw\): rename"
    )
    with pytest.raises(DeclarationError, match=said):
        load()


def test_two_raw_tables_of_one_feed_are_refused_in_one_domain_too(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.raw(package, "shop", "sales", "again")
    with pytest.raises(
        DeclarationError, match=r"The feed sales is that of shop/again \(.*\) and of shop/raw \(.*\): rena"
    ):
        load()


def test_a_table_that_is_declared_twice_is_told_with_both_files(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    text = (packages.folder / package / "shop" / "raw.py").read_text()
    packages.write(package, "shop", "again", text)
    said = r"shop/raw is declared twice, .*shop/again\.py:12: raw and .*shop/raw\.py:12: raw: rename one"
    with pytest.raises(DeclarationError, match=said):
        load()


def test_a_setting_that_nothing_explains_is_refused(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop", setting="least: int = 1")
    path = packages.folder / package / "shop" / "domain.py"
    path.write_text(path.read_text().replace('"""What may be set."""', ""), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"domain\.py:4: nothing says what the setting least of ShopSettings me"):
        load()


@pytest.mark.parametrize("group", ["platform_assets.domain", "platform-assets.domains", "Platform_Assets.Domains"])
def test_an_entry_point_of_a_misspelt_group_is_told(
    packages: Packages, load: Callable[..., list[str]], group: str
) -> None:
    packages.raw(packages.add("shop"), "shop", "sales")
    packages.entries += [EntryPoint("acme", "acme_tables", group), EntryPoint("x", "y", "platform_assets.plugins")]
    with pytest.raises(DeclarationError, match=rf"entry point acme = acme_tables is of the group {group}, which nobod"):
        load()
    assert load(domains="shop") == ["shop/raw"]


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
        ("raw, rae_before", "", r"days\.py:\d+: days: there is no table shop/rae to read\. Did you mean raw\?"),
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


def test_a_document_of_a_table_that_there_is_not_is_told_with_its_file(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    packages.document(package, "shop", "report", "rae")
    with pytest.raises(DeclarationError, match=r"report\.py:\d+: report: there is no table shop/rae to read"):
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


def test_a_raw_table_of_events_without_an_event_time_is_refused(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    path = packages.folder / package / "shop" / "raw.py"
    path.write_text(path.read_text(encoding="utf-8").replace(', event_time="sold_at"', ""), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"raw\.py:\d+: raw: events have an event_time and a RawContract"):
        load()


def test_a_limit_of_a_feed_that_there_is_not_is_told(packages: Packages, load: Callable[..., list[str]]) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    assert load(reject_limits={"sales": 0.5}) == ["shop/raw"]
    with pytest.raises(WrongSettings, match=r"REJECT_LIMITS names sale, which is no feed\. Did you mean sales"):
        load(reject_limits={"sale": 0.5})


def test_a_limit_of_a_feed_of_a_domain_that_takes_no_part_is_none_of_a_feed_that_there_is_not(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    packages.raw(package, "yard", "trees")
    assert load(reject_limits={"trees": 0.5}, domains="shop") == ["shop/raw"]
    with pytest.raises(WrongSettings, match=r"REJECT_LIMITS names tree, which is no feed\. Did you mean trees"):
        load(reject_limits={"tree": 0.5}, domains="shop")


def test_a_limit_may_be_of_a_feed_of_a_domain_that_takes_no_part_and_cannot_be_imported(
    packages: Packages, load: Callable[..., list[str]]
) -> None:
    package = packages.add("shop", "yard")
    packages.raw(package, "shop", "sales")
    packages.write(package, "yard", "domain", "raise RuntimeError('broken')")
    assert load(reject_limits={"trees": 0.5}, domains="shop") == ["shop/raw"]


def test_samples_are_written_of_the_feeds_of_their_domain(packages: Packages) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    (domain,) = found(settings_for(()))
    assert domain.sample_writers == {}
    for text, said in (("", "found none"), ("WRITERS = {'sale': print}", "found sale")):
        packages.write(package, "shop", "samples", text)
        sys.modules.pop(f"{package}.shop.samples", None)
        invalidate_caches()
        (domain,) = found(settings_for(()))
        with pytest.raises(DeclarationError, match=rf"samples\.py: it must have WRITERS, .* \(sales\); {said}"):
            assert domain.sample_writers


def test_definitions_are_built_of_the_domains_that_are_given(packages: Packages) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    definitions = build_definitions(settings_for(()), found(settings_for(())))
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {"landing/sales", "shop/raw", "shop/sales_files"}


def test_domains_that_are_given_and_do_not_go_together_are_refused(packages: Packages) -> None:
    package = packages.add("shop")
    packages.raw(package, "shop", "sales")
    (domain,) = found(settings_for(()))
    with pytest.raises(DeclarationError, match=r"Two domains are named shop\. Rename one\."):
        build_definitions(settings_for(()), [domain, domain])
