"""The data dictionary: complete, the same every time, and readable whatever the contracts say."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from platform_assets import settings
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.docs.dictionary import row_rules, write_pages
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.rows import violations
from platform_assets.registry import TableKind
from platform_assets.settings import FIRST_DAY
from platform_assets_tests.support.orders import orders, raw_orders
from platform_assets_tests.support.settings import TABLES

KEYS = {definition.key.to_user_string(): definition for definition in TABLES}


def page(definition: TableKind, folder: Path) -> str:
    """The page of one table."""
    write_pages([raw_orders, orders, *TABLES], folder)
    return (folder / f"{definition.key.to_user_string()}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("definition", [raw_orders, orders], ids=["raw_orders", "orders"])
def test_a_page_says_all_that_a_reader_asks(definition: TableKind, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert page(definition, tmp_path) == snapshot


@pytest.mark.parametrize("key", KEYS)
def test_every_column_rule_and_check_of_a_table_is_on_its_page(key: str, tmp_path: Path) -> None:
    definition = KEYS[key]
    contract = definition.contract
    text = page(definition, tmp_path)
    described = {line.split(" | ")[0].strip("| `") for line in text.splitlines() if line.startswith("| `")}
    named = set(contract.names) | {rule.name for rule in contract.rules}
    assert named | definition.checks.keys() <= described
    assert all(column.description in text for column in contract.columns)
    assert all(key.to_user_string() in text for key in definition.sources)


def test_the_rules_of_rows_are_those_that_rows_are_rejected_by(engine: Engine) -> None:
    for definition in (raw_orders, *(one for one in TABLES if isinstance(one, RawTableDefinition))):
        columns = [column for column in definition.contract.columns if column.source]
        assert engine.session is not None
        condition = str(violations(columns, date(2026, 1, 1) if definition.event_time else None))
        names = set(re.findall(r"\b(?:missing|invalid)_\w+|before_start|after_delivery|not_utf8|malformed", condition))
        names |= {rule.name for rule in definition.contract.row_rules}
        names |= {definition.rows_key.rule} if definition.rows_key else set()
        assert {name for name, _ in row_rules(definition)} == names


def test_the_index_leads_to_every_page(tmp_path: Path) -> None:
    written = write_pages(TABLES, tmp_path)
    index = written[0].read_text(encoding="utf-8")
    assert written[0] == tmp_path / "README.md"
    assert {tmp_path / link for link in re.findall(r"\]\((\S+\.md)\)", index)} == set(written[1:])
    for path in written[1:]:
        for link in re.findall(r"\]\((\S+\.md)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).resolve() in written


def test_the_same_contracts_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    pages = [path.relative_to(first) for path in write_pages(TABLES, first)]
    write_pages(TABLES, second)
    assert pages
    assert [(first / name).read_bytes() for name in pages] == [(second / name).read_bytes() for name in pages]


def test_bars_stars_and_backticks_stay_what_they_are(tmp_path: Path) -> None:
    rows = [cells for cells in cells_of(page(orders, tmp_path)) if cells]
    by_name = {cells[0]: cells[1:] for cells in rows}
    rule = r"order_id starts with a match of (a|b)`?c\Z"
    assert by_name["order_id"] == ["string", "never", "Identity within its day", rule]
    assert by_name["tags"][2] == "Tags, *starred* or <not>"
    assert by_name["prices_of_kinds"] == ["order_id <> 'a|b' OR price * 2 > 3 * 1"]
    assert by_name["orders_are_kept"] == ["count(*) of raw_orders = count(*)"]
    raw = {cells[0]: cells[1:] for cells in cells_of(page(raw_orders, tmp_path)) if cells}
    assert raw["kind"][3] == "Kind: a|b or *any*, <none> else"


def cells_of(text: str) -> list[list[str]]:
    """The rows of all tables as a reader of Markdown sees them."""
    rows: list[list[str]] = []
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level > 3:
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


@pytest.mark.parametrize("definition", [raw_orders, orders], ids=["raw_orders", "orders"])
def test_what_a_page_says_of_reading_the_table_works(
    definition: TableKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_LAKE", str(tmp_path / "lake"))
    monkeypatch.setattr(settings, "current", cache(settings.current.__wrapped__))
    contract = definition.contract
    url = tmp_path / "lake" / definition.key.to_user_string()
    url.parent.mkdir(parents=True)
    days = [{contract.partition_column: day} for day in (FIRST_DAY, FIRST_DAY, date(2026, 1, 2))]
    schema = pa.schema(contract.staged_schema.to_arrow())
    write_deltalake(url, pa.Table.from_pylist(days, schema=schema), partition_by=[contract.partition_column])
    text = page(definition, tmp_path / "pages")
    (example,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    found: dict[str, Any] = {}
    exec(example, found)
    assert list(found["rows"].columns) == contract.names
    assert len(found["rows"]) == 2
