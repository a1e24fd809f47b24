"""The generated parts of a README: written where they belong, and nowhere else."""

from __future__ import annotations

import pytest

from platform_assets import settings
from platform_assets.docs.readme import built_in, graph, renewed, settings_table
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.orders import orders, raw_orders, shop
from platform_assets_tests.support.settings import settings_for

DOMAIN = FoundDomain(shop, __name__, (raw_orders, orders))
BEFORE = (
    "# Title\n<!-- generated: graph -->\n<!-- end -->\ntext\n<!-- generated: settings -->\nold\n<!-- end -->\nend\n"
)


def test_the_picture_has_every_feed_and_table() -> None:
    feed = raw_orders.landing_key.to_user_string()
    assert graph([DOMAIN]).splitlines() == [
        "```mermaid",
        "graph LR",
        f"    {feed}([{feed}]) --> shop/raw_orders",
        "    shop/raw_orders --> shop/orders",
        "```",
    ]


def test_the_table_has_every_setting_whatever_it_is_set_to() -> None:
    plain = settings_table([DOMAIN], settings_for([DOMAIN]))
    assert plain == settings_table([DOMAIN], settings_for([DOMAIN], lake="s3://lake", shop_hosts="bare"))
    assert "| `PLATFORM_LAKE` | `data/lake` | Where tables are published" in plain
    assert plain.splitlines()[-1] == "| `PLATFORM_SHOP_HOSTS` | `raw` | Hosts as they are, or \\*bare\\*. |"


def test_the_parts_are_written_in_their_places_and_all_else_stays() -> None:
    new = renewed(BEFORE, [DOMAIN], settings_for([DOMAIN]))
    assert new.startswith("# Title\n<!-- generated: graph -->\n```mermaid\n")
    assert "\n```\n<!-- end -->\ntext\n<!-- generated: settings -->\n| variable |" in new
    assert new.endswith("|\n<!-- end -->\nend\n")
    assert renewed(new, [DOMAIN], settings_for([DOMAIN])) == new


@pytest.mark.parametrize(
    "text", ["", "<!-- generated: graph -->\n", BEFORE * 2, BEFORE.replace("<!-- end -->\ntext", "text")]
)
def test_a_text_without_the_place_of_a_part_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"<!-- generated: graph --> .* must stand in the text once"):
        renewed(text, [DOMAIN], settings_for([DOMAIN]))


def test_the_domains_that_come_with_the_platform_are_all_told_whichever_take_part_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLATFORM_DOMAINS", "web")
    settings.current.cache_clear()
    try:
        told = built_in()
    finally:
        settings.current.cache_clear()
    assert len(told) >= 3
    assert {domain.package.rpartition(".")[0] for domain in told} == {"platform_assets.domains"}
