"""The rules of the purchases domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from platform_assets_tests.support import csv_oracle
from platform_assets_tests.support.csv_oracle import Column, Feed, iso_date, whole
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.landing.parcels import Deliveries

FEED = Feed(
    {
        "purchase_id": Column("PurchaseID", True, whole(64)),
        "product": Column("product", True, whole(64)),
        "user": Column("user", True, whole(64)),
        "date": Column("date", True, iso_date),
    },
    more=lambda row: ["date_after_delivery"] if row["date"] and row["date"] > row["delivery_day"] else [],
)
KEY, *ATTRIBUTES = FEED.columns
# No snapshot may delete more than this share of the living keys, if they are no fewer than this.
DELETE_SHARE, FEWEST_DELETES = 0.5, 10
FAR_FUTURE = date.max

Attributes = tuple[Any, ...]


class Snapshot(NamedTuple):
    """What a day's delivery says: of good keys their attributes, of rejected ones nothing; and whether it may delete.

    It may not where the keys of some rows are unknown: each could be that of any row that is not there.
    """

    good: dict[int, Attributes]
    rejected: set[int]
    deletes: bool


def raw_rows(delivered: Deliveries) -> list[Row]:
    """The rows of the raw table that the files of all deliveries become."""
    return csv_oracle.raw_rows(delivered, FEED)


def snapshots(delivered: Deliveries) -> dict[date, Snapshot]:
    """The snapshots by day, in order; those without a single good row included, which no table goes on from."""
    found = {day: Snapshot({}, set(), True) for day in sorted(delivered) if delivered[day]}
    for row in raw_rows(delivered):
        day = row["delivery_day"]
        if not row["violations"]:
            found[day].good[row[KEY]] = tuple(row[name] for name in ATTRIBUTES)
        elif csv_oracle.key_is_known(row, FEED):
            found[day].rejected.add(row[KEY])
        else:
            found[day] = found[day]._replace(deletes=False)
    return found


def days_without_good_rows(delivered: Deliveries) -> list[date]:
    """The days whose delivery is refused: the raw table has no rows of them."""
    return [day for day, snapshot in snapshots(delivered).items() if not snapshot.good]


def state(delivered: Deliveries, day: date) -> dict[int, Attributes]:
    """What the source says on a day, by key: looked up for each key from that day back, with no day before it known."""
    return _state(snapshots(delivered), day)


def _state(known: dict[date, Snapshot], day: date) -> dict[int, Attributes]:
    back = [one for at, one in sorted(known.items(), reverse=True) if at <= day]
    found = {}
    for key in {key for one in back for key in one.good}:
        for one in back:
            if key in one.good:
                found[key] = one.good[key]
            if key in one.good or (key not in one.rejected and one.deletes):
                break
    return found


def waits_from(delivered: Deliveries, *, delete_share: float = DELETE_SHARE) -> date | None:
    """The first day of which there are no changes, nor of those after it, as its snapshot is refused."""
    known = snapshots(delivered)
    living: dict[int, Attributes] = {}
    for day, snapshot in known.items():
        after = _state(known, day)
        deleted = len(living.keys() - after.keys())
        if not snapshot.good or (deleted >= FEWEST_DELETES and deleted > delete_share * len(living)):
            return day
        living = after
    return None


def changes(delivered: Deliveries, days: Collection[date], *, delete_share: float = DELETE_SHARE) -> list[Row]:
    """What each snapshot changes; a deleted row with the attributes and the version that it had."""
    until = waits_from(delivered, delete_share=delete_share) or FAR_FUTURE
    versions: dict[int, int] = {}
    living: dict[int, Attributes] = {}
    rows = []

    def change(day: date, key: int, operation: str, attributes: Attributes) -> None:
        named = dict(zip(ATTRIBUTES, attributes, strict=True))
        rows.append({"day": day, KEY: key, "operation": operation, **named, "version": versions[key]})

    for day, snapshot in snapshots(delivered).items():
        if day not in days or day >= until:
            continue
        for key, attributes in snapshot.good.items():
            if living.get(key) != attributes:
                versions[key] = versions.get(key, 0) + 1
                change(day, key, "update" if key in living else "insert", attributes)
                living[key] = attributes
        if snapshot.deletes:
            for key in [key for key in living if key not in snapshot.good and key not in snapshot.rejected]:
                change(day, key, "delete", living.pop(key))
    return rows


def history(changed: Iterable[Row]) -> list[Row]:
    """Every version of every row: when it was true, and when the source said so."""
    rows: list[Row] = []
    newest: dict[int, Row] = {}
    for change in sorted(changed, key=lambda change: change["day"]):
        day, before = change["day"], newest.get(change[KEY])
        if before and not before["recorded_until"]:
            before["recorded_until"] = day
        if change["operation"] == "delete":
            assert before
            before["valid_until"] = day
            continue
        row = {name: change[name] for name in (KEY, *ATTRIBUTES, "version")}
        row |= {"valid_from": _valid_from(change, before), "valid_until": None}
        row |= {"recorded_from": day, "recorded_until": None}
        if before and not before["valid_until"]:
            before["valid_until"] = row["valid_from"]
        newest[change[KEY]] = row
        rows.append(row)
    return [row | {"is_current": row["recorded_until"] is None} for row in rows]


def _valid_from(change: Row, before: Row | None) -> date:
    """The row's own date, unless the version before was true then, or the row was deleted; else the snapshot's day."""
    own: date = change["date"]
    if before is None:
        return own
    was_deleted_on = before["valid_until"]
    if own > before["valid_from"] and (was_deleted_on is None or own >= was_deleted_on):
        return own
    return change["day"]  # type: ignore[no-any-return]


def as_known_on(versions: Iterable[Row], day: date) -> list[Row]:
    """What was believed on a day, from the rows of the history: key, attributes, version, valid_from, valid_until."""
    known = [row for row in versions if row["recorded_from"] <= day]
    rows = []
    for row in known:
        after = [other for other in known if other[KEY] == row[KEY] and other["version"] == row["version"] + 1]
        until = after[0]["valid_from"] if after else None
        # Closed when the source said nothing of it any more, and nothing new either.
        closed = row["recorded_until"]
        if closed and closed <= day and not any(other["recorded_from"] == closed for other in after):
            until = closed
        rows.append({name: row[name] for name in (KEY, *ATTRIBUTES, "version", "valid_from")} | {"valid_until": until})
    return rows


def tables(delivered: Deliveries, days: list[date], *, delete_share: float = DELETE_SHARE) -> dict[str, list[Row]]:
    """The rows of every table of the domain, by its name; days that are refused have none."""
    refused = days_without_good_rows(delivered)
    changed = changes(delivered, days, delete_share=delete_share)
    raw = [row for row in raw_rows(delivered) if row["delivery_day"] in days and row["delivery_day"] not in refused]
    return {"raw_purchases": raw, "changes": changed, "history": history(changed)}
