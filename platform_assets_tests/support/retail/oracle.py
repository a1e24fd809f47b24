"""The rules of the retail domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from platform_assets_tests.support import snapshots_oracle
from platform_assets_tests.support.csv_oracle import ALONE
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.retail import raw
from platform_assets_tests.support.retail.raw import DIMENSIONS, SALES
from platform_assets_tests.support.snapshots_oracle import Change, Followed, Raw, Version

COUPON_AMOUNT = Decimal(10_000)
CENT, NOTHING = Decimal("0.01"), Decimal("0.00")
# What makes a sale no fact when its key is unknown, in the order of the reasons.
KEYS = {"customers": "customer_id", "stores": "store_id", "sales_team": "sales_person_id"}
REASONS = {"customers": "unknown_customer", "stores": "unknown_store", "sales_team": "unknown_seller"}
FACT = ("day", *(name for name in SALES if name != "sales_date"), "additional_column")
CUSTOMER = ("first_name", "last_name", "address", "pincode", "phone_number")
SELLER = ("first_name", "last_name", "manager_id", "is_manager", "address", "pincode")

History = dict[int, list[Version]]
Delivered = Mapping[str, Deliveries]


def followed(raw_rows: Iterable[Row], feed: str) -> Followed:
    """What comes of the snapshots of a dimension."""
    key, *attributes = DIMENSIONS[feed]
    snapshots: dict[date, list[Raw]] = {}
    for row in raw_rows:
        # Of what cannot be read nobody knows the key.
        known = None if set(row["violations"]) & set(ALONE) else row[key]
        values = tuple(row[name] for name in attributes)
        snapshots.setdefault(row["delivery_day"], []).append(Raw((known,), values, tuple(row["violations"])))
    return snapshots_oracle.follow(snapshots, [key])


def changes_table(changes: Iterable[Change], feed: str) -> list[Row]:
    """What each snapshot changes; a deleted row with the attributes and the version that it had."""
    key, *attributes = DIMENSIONS[feed]
    return [
        {
            "day": change.day,
            key: change.key[0],
            "operation": change.operation,
            **dict(zip(attributes, change.values, strict=True)),
            "version": change.version,
        }
        for change in changes
    ]


def history_table(versions: Iterable[Version], feed: str) -> list[Row]:
    """Every version of every row."""
    key, *attributes = DIMENSIONS[feed]
    return [
        {
            key: version.key[0],
            **dict(zip(attributes, version.values, strict=True)),
            "version": version.version,
            "valid_from": version.valid_from,
            "valid_until": version.valid_until,
            "recorded_from": version.recorded_from,
            "recorded_until": version.recorded_until,
            "is_current": version.recorded_until is None,
        }
        for version in versions
    ]


def by_key(versions: Iterable[Version]) -> History:
    """The versions of each key."""
    found: History = {}
    for version in versions:
        found.setdefault(version.key[0], []).append(version)
    return found


def judged_sales(raw_rows: Iterable[Row], known: Mapping[str, History], days: Sequence[date]) -> list[Row]:
    """The good rows of some days, with the reasons for which they are no facts."""
    rows = []
    for row in raw_rows:
        if row["violations"] or row["day"] not in days:
            continue
        reasons = [REASONS[feed] for feed, key in KEYS.items() if row[key] not in known[feed]]
        rows.append({name: row[name] for name in FACT} | {"reasons": reasons})
    return rows


def joined(row: Row, history: History, feed: str) -> tuple[Row, bool]:
    """The attributes that a dimension had for a fact on its day, and whether its row was deleted then."""
    found = snapshots_oracle.version_on(history[row[KEYS[feed]]], row["day"])
    assert found is not None
    _, *attributes = DIMENSIONS[feed]
    return dict(zip(attributes, found[0].values, strict=True)), found[1]


def full_name(of: Mapping[str, Any]) -> str | None:
    """First and last name, with one blank between them if there are both."""
    return " ".join(name for name in (of["first_name"], of["last_name"]) if name is not None) or None


def customer_sales(facts: Iterable[Row], customers: History) -> list[Row]:
    """Every sale with its customer as of its day."""
    rows = []
    for fact in facts:
        customer, _ = joined(fact, customers, "customers")
        rows.append(
            {
                **{name: fact[name] for name in ("day", "customer_id")},
                "sales_month": f"{fact['day']:%Y-%m}",
                **{name: customer[name] for name in CUSTOMER},
                "full_name": full_name(customer),
                **{name: fact[name] for name in ("store_id", "product_name", "quantity", "total_cost")},
            }
        )
    return rows


def sales_team_sales(facts: Iterable[Row], sellers: History, stores: History) -> list[Row]:
    """Every sale with its seller and its store as of its day."""
    rows = []
    for fact in facts:
        seller, _ = joined(fact, sellers, "sales_team")
        store, _ = joined(fact, stores, "stores")
        rows.append(
            {
                **{name: fact[name] for name in ("day", "store_id", "sales_person_id")},
                "sales_month": f"{fact['day']:%Y-%m}",
                "store_manager_name": store["store_manager_name"],
                **{name: seller[name] for name in SELLER},
                "full_name": full_name(seller),
                **{name: fact[name] for name in ("product_name", "quantity", "total_cost")},
            }
        )
    return rows


def _of_month(rows: Iterable[Row], day: date, key: Sequence[str]) -> list[tuple[list[Row], Row, Decimal]]:
    """By key the rows of a day's month up to it, one of the newest day of them, and their total."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["day"] <= day and row["sales_month"] == f"{day:%Y-%m}":
            found.setdefault(tuple(row[name] for name in key), []).append(row)
    return [
        (own, max(own, key=lambda row: row["day"]), sum((row["total_cost"] for row in own), NOTHING))
        for own in found.values()
    ]


def customers_data_mart(rows: Sequence[Row], days: Iterable[date]) -> list[Row]:
    """As of each day what every customer has bought in its month so far."""
    names = ("customer_id", "full_name", "address", "phone_number", "sales_month")
    return [
        {"day": day, **{name: newest[name] for name in names}, "total_sales": total}
        for day in days
        for _, newest, total in _of_month(rows, day, ["customer_id"])
    ]


def sales_team_data_mart(rows: Sequence[Row], days: Iterable[date]) -> list[Row]:
    """As of each day what every seller has sold in each store in its month so far, and what the best of them get."""
    names = ("store_id", "sales_person_id", "full_name", "sales_month")
    found = []
    for day in days:
        own = [
            {"day": day, **{name: newest[name] for name in names}, "total_sales": total}
            for _, newest, total in _of_month(rows, day, ["store_id", "sales_person_id"])
        ]
        best: dict[int, Decimal] = {}
        for row in own:
            best[row["store_id"]] = max(row["total_sales"], best.get(row["store_id"], NOTHING))
        for row in own:
            is_best = row["total_sales"] == best[row["store_id"]]
            incentive = (row["total_sales"] / 100).quantize(CENT, ROUND_HALF_UP) if is_best else NOTHING
            found.append(row | {"incentive": incentive})
    return found


def coupons(mart: Iterable[Row], amount: Decimal = COUPON_AMOUNT) -> list[Row]:
    """As of each day the customers whose purchases of the month so far are large enough."""
    names = ("day", "customer_id", "full_name", "sales_month", "total_sales")
    return [{name: row[name] for name in names} for row in mart if row["total_sales"] >= amount]


def closed(facts: Iterable[Row], known: Mapping[str, History]) -> dict[str, int]:
    """How many sales, by dimension, were on a day on which the row that they join was deleted."""
    every = list(facts)
    return {feed: sum(joined(fact, known[feed], feed)[1] for fact in every) for feed in KEYS}


def unknown_products(facts: Iterable[Row], products: Iterable[Row]) -> int:
    """How many sales are of a product that no snapshot has had."""
    names = {product["name"] for product in products}
    return sum(1 for fact in facts if fact["product_name"] not in names)


def tables(
    delivered: Delivered, first: date, last: date, *, coupon_amount: Decimal = COUPON_AMOUNT
) -> dict[str, list[Row]]:
    """The rows of every table of the domain, by its name, after one run over all days from the first to the last."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    own = {
        feed: {day: files for day, files in delivered.get(feed, {}).items() if first <= day <= last}
        for feed in ("sales", *DIMENSIONS)
    }
    found = {"raw_sales": raw.raw_sales(own["sales"], first)}
    found["sales_files"] = raw.files_table(own["sales"], found["raw_sales"])
    known: dict[str, History] = {}
    for feed in DIMENSIONS:
        found[f"raw_{feed}"] = raw.raw_dimension(own[feed], feed)
        changes = followed(found[f"raw_{feed}"], feed).changes
        versions = snapshots_oracle.history(changes, None)
        known[feed] = by_key(versions)
        found[f"{feed}_changes"] = changes_table(changes, feed)
        found[feed] = history_table(versions, feed)
    judged = judged_sales(found["raw_sales"], known, days)
    found["unmatched_sales"] = [row for row in judged if row["reasons"]]
    found["sales"] = [{name: row[name] for name in FACT} for row in judged if not row["reasons"]]
    found["customer_sales"] = customer_sales(found["sales"], known["customers"])
    found["sales_team_sales"] = sales_team_sales(found["sales"], known["sales_team"], known["stores"])
    found["customers_data_mart"] = customers_data_mart(found["customer_sales"], days)
    found["sales_team_data_mart"] = sales_team_data_mart(found["sales_team_sales"], days)
    found["coupons"] = coupons(found["customers_data_mart"], coupon_amount)
    return found
