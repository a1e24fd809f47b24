"""Where a platform's tables of retail are not what plain Python makes of the deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from platform_assets_tests.support.days import differences
from platform_assets_tests.support.feed_oracle import Row, comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail import oracle

FEEDS = ("sales", "customers", "products", "stores", "sales_team")
FILES = "retail/sales_files"
_KINDS = {"its content was delivered before": "duplicate", "its suffix is": "suffix"}


def unlike(
    platform: Platform,
    delivered: Mapping[str, Deliveries],
    first: date,
    last: date,
    coupon_amount: Decimal = oracle.COUPON_AMOUNT,
    *,
    only: Sequence[str] = (),
) -> list[str]:
    """The tables, or those `only`, that are not what the oracle makes of the deliveries."""
    expected = oracle.tables(delivered, first, last, coupon_amount=coupon_amount)
    expected = {name: rows for name, rows in expected.items() if not only or name in only}
    wrong = []
    files = expected.pop("sales_files", None)
    if files is not None:
        found = [_with_kind(row) for row in platform.rows(FILES)]
        wrong = [FILES] if comparable(found) != comparable(files) else []
    return wrong + differences(platform, {f"retail/{name}": rows for name, rows in expected.items()})


def _with_kind(row: Row) -> Row:
    """A file without its place; of why it was rejected whole no more than the kind."""
    reason = row["reason"]
    kind = next((kind for said, kind in _KINDS.items() if (reason or "").startswith(said)), "header")
    kept = {name: value for name, value in row.items() if name not in ("file_location", "reason")}
    return kept | {"kind": reason and ("missing_columns" if row["missing_columns"] else kind)}
