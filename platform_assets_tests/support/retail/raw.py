"""The raw tables of retail and the table of its files of sales a second time, in plain Python over bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.csv_oracle import ALONE, is_read, iso_date, text, unpacked, whole
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.cells import cells
from platform_assets_tests.support.landing.parcels import Deliveries

ALIASES = {
    "item_name": "product_name",
    "transactions_date": "sales_date",
    "transactions_person_id": "sales_person_id",
}


class Column(NamedTuple):
    """A column of a raw table: its field, its value (None for a wrong one), if it must be there, and what must hold."""

    field: str
    value: Callable[[str], Any]
    required: bool = False
    trims: bool = False
    holds: Callable[[Any], bool] = lambda value: True


def money(digits: int) -> Callable[[str], Decimal | None]:
    """Digits with at most two after a point, of an amount of so many digits in all."""

    def value(given: str) -> Decimal | None:
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", given):
            return None
        amount = Decimal(given).quantize(Decimal("0.01")) + 0 if len(given) < 25 else Decimal(10) ** 25
        return amount if abs(amount) < Decimal(10) ** (digits - 2) else None

    return value


def yes_or_no(given: str) -> bool | None:
    return {"Y": True, "N": False}.get(given)


def is_no_debt(amount: Decimal) -> bool:
    return amount >= 0


SALES = {
    "customer_id": Column("customer_id", whole(32), required=True),
    "store_id": Column("store_id", whole(32), required=True),
    "product_name": Column("product_name", text, required=True),
    "sales_date": Column("sales_date", iso_date, required=True),
    "sales_person_id": Column("sales_person_id", whole(32), required=True),
    "price": Column("price", money(12), required=True, holds=is_no_debt),
    "quantity": Column("quantity", whole(32), required=True, holds=lambda quantity: quantity >= 1),
    "total_cost": Column("total_cost", money(18), required=True),
}
NAME: dict[str, Any] = {"value": text, "trims": True}
# The key of each dimension comes first.
DIMENSIONS: dict[str, dict[str, Column]] = {
    "customers": {
        "customer_id": Column("customer_id", whole(32), required=True),
        **{name: Column(name, **NAME) for name in ("first_name", "last_name")},
        **{name: Column(name, text) for name in ("address", "pincode", "phone_number")},
        "customer_joining_date": Column("customer_joining_date", iso_date),
    },
    "products": {
        "product_id": Column("id", whole(32), required=True),
        "name": Column("name", **NAME),
        "current_price": Column("current_price", money(12), holds=is_no_debt),
        "old_price": Column("old_price", money(12), holds=is_no_debt),
        **{name: Column(name, iso_date) for name in ("created_date", "updated_date", "expiry_date")},
    },
    "stores": {
        "store_id": Column("id", whole(32), required=True),
        **{name: Column(name, text) for name in ("address", "store_pincode")},
        "store_manager_name": Column("store_manager_name", **NAME),
        "store_opening_date": Column("store_opening_date", iso_date),
        "reviews": Column("reviews", text),
    },
    "sales_team": {
        "sales_person_id": Column("id", whole(32), required=True),
        **{name: Column(name, **NAME) for name in ("first_name", "last_name")},
        "manager_id": Column("manager_id", whole(32)),
        "is_manager": Column("is_manager", yes_or_no),
        **{name: Column(name, text) for name in ("address", "pincode")},
        "joining_date": Column("joining_date", iso_date),
    },
}


class File(NamedTuple):
    """A delivered file of sales, and what became of it: `kind` says why it was rejected whole."""

    day: date
    name: str
    content: bytes
    header: list[str]
    lines: list[bytes]
    kind: str | None = None

    @property
    def missing(self) -> list[str]:
        return [column.field for column in SALES.values() if column.field not in self.header] if self.header else []

    @property
    def extra(self) -> list[str]:
        return [name for name in self.header if name and name not in SALES]


def sales_files(delivered: Deliveries) -> list[File]:
    """Every file of every delivery, in the order of their days and names."""
    found: list[File] = []
    seen = set()
    for day, files in sorted(delivered.items()):
        for name, content in sorted(files.items()):
            if name.startswith((".", "_")):
                continue
            if not is_read(name):
                found.append(File(day, name, content, [], [], "suffix"))
                continue
            lines = feed_oracle.lines(unpacked(content))
            header = _header(lines[0], ALIASES) if lines else []
            file = File(day, name, content, header, lines[1:])
            if lines and not header:
                file = file._replace(kind="header")
            elif file.missing:
                file = file._replace(kind="missing_columns")
            elif len(set(header)) < len(header):
                file = file._replace(kind="header")
            elif file.lines and unpacked(content) in seen:
                file = file._replace(kind="duplicate")
            elif file.lines:
                seen.add(unpacked(content))
            found.append(file)
    return found


def _header(line: bytes, aliases: Mapping[str, str]) -> list[str]:
    """The names of a header, after aliases; none when it cannot be read."""
    try:
        return [aliases.get(name, name) for name in cells(line.decode(), ",", quotes=True) or []]
    except UnicodeDecodeError:
        return []


def raw_sales(delivered: Deliveries, start: date) -> list[Row]:
    """The rows of all files that are accepted."""
    rows = []
    for file in sales_files(delivered):
        if file.kind:
            continue
        for row in _rows(file.lines, file.header, SALES, file.day, file.name):
            given = row.pop("given")
            extra = [given[name] for name in file.extra if given and given[name]]
            row["additional_column"] = ", ".join(extra) or None
            row["day"] = row["sales_date"]
            if not set(row["violations"]) & set(ALONE):
                row["violations"] += _more_of_sales(row, start)
            row["raw"] = row["raw"] if row["violations"] else None
            rows.append(row)
    return rows


def _more_of_sales(row: Row, start: date) -> list[str]:
    is_known = None not in (row["price"], row["quantity"], row["total_cost"])
    is_wrong = is_known and row["price"] * row["quantity"] != row["total_cost"]
    day, delivered = row["day"], row["delivery_day"]
    return [
        *(["before_start"] if day and day < start else []),
        *(["after_delivery"] if day and day > delivered + timedelta(days=1) else []),
        *(["wrong_total_cost"] if is_wrong else []),
    ]


def raw_dimension(delivered: Deliveries, feed: str) -> list[Row]:
    """The rows of all snapshots of a dimension; all rows of a key that comes twice in a snapshot are rejected."""
    columns = DIMENSIONS[feed]
    key = next(iter(columns))
    rows = []
    for day, files in sorted(delivered.items()):
        own: list[Row] = []
        for name, content in sorted(files.items()):
            lines = feed_oracle.lines(unpacked(content)) if is_read(name) else []
            if lines:
                own += _rows(lines[1:], _header(lines[0], {}), columns, day, name)
        known = [row[key] for row in own if key_is_known(row, key)]
        for row in own:
            row.pop("given")
            if key_is_known(row, key) and known.count(row[key]) > 1:
                row["violations"].append(f"duplicate_{key}")
            row["raw"] = row["raw"] if row["violations"] else None
        rows += own
    return rows


def key_is_known(row: Row, key: str) -> bool:
    """Whether a raw row says which key it is of."""
    return not {*ALONE, f"missing_{key}", f"invalid_{key}"} & set(row["violations"])


def _rows(
    lines: Sequence[bytes],
    header: Sequence[str],
    columns: Mapping[str, Column],
    day: date,
    name: str,
) -> Iterator[Row]:
    """The rows that lines become, with `given`, their cells by the names of the header."""
    fields = {column.field for column in columns.values()}
    for line in lines:
        written = line.decode(errors="replace")
        found = cells(written, ",", quotes=True)
        given = dict(zip(header, found, strict=True)) if found is not None and len(found) == len(header) else {}
        broken: list[str] = []
        values = {
            name: _judged(name, column, given.get(column.field, "").strip(" \t" if column.trims else ""), broken)
            for name, column in columns.items()
        }
        if not given:
            broken = ["malformed"]
        if written.encode() != line:
            broken = ["not_utf8"]
        yield values | {
            "delivery_day": day,
            "source_file": name,
            "raw": written,
            "violations": broken,
            "extra_fields": sorted(field for field, cell in given.items() if cell and field not in fields),
            "given": given,
        }


def _judged(name: str, column: Column, cell: str, broken: list[str]) -> Any:
    """The value of a cell; what it breaks is put to what is broken."""
    if not cell:
        broken += [f"missing_{name}"] * column.required
        return None
    value = column.value(cell)
    broken += [f"invalid_{name}"] * (value is None or not column.holds(value))
    return value


def files_table(delivered: Deliveries, raw: Sequence[Row]) -> list[Row]:
    """Every file of every delivery, but for where it lies: why it was rejected is said by its `kind`."""
    rows = []
    for file in sales_files(delivered):
        own = [row for row in raw if (row["delivery_day"], row["source_file"]) == (file.day, file.name)]
        accepted = sum(1 for row in own if not row["violations"])
        rows.append(
            {
                "delivery_day": file.day,
                "file_name": file.name,
                "bytes": len(file.content),
                "sha256": hashlib.sha256(file.content).hexdigest(),
                "rows": len(file.lines),
                "accepted_rows": accepted,
                "rejected_rows": len(file.lines) - accepted,
                "status": "E" if file.kind else "I",
                "kind": file.kind,
                "missing_columns": ", ".join(file.missing) or None,
                "extra_columns": ", ".join(file.extra) or None,
            }
        )
    return rows
