"""Sample deliveries of the feeds of `retail`, sales and snapshots of the dimensions; not how such files are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from platform_assets.domains.retail.sample_dimensions import (
    DIMENSIONS,
    FILES_OF_DIMENSIONS,
    World,
    has_folder,
    line,
    money,
    snapshot,
)
from platform_assets.samples.files import (
    BLANK,
    GOOD,
    SampleFile,
    delivery_number,
    in_turn,
    planned_dirt,
    slots,
    spread,
    write_files,
)

_FIELDS = (
    *("customer_id", "store_id", "product_name", "sales_date", "sales_person_id", "price", "quantity", "total_cost"),
)
_OTHER_ORDER = (
    *("sales_date", "total_cost", "product_name", "quantity", "price", "store_id", "customer_id", "sales_person_id"),
)
_ALIASES = {
    "product_name": "item_name",
    "sales_date": "transactions_date",
    "sales_person_id": "transactions_person_id",
}
_PAYMENT, _CITY = "payment_mode", "city"
_SHOPS, _WEB, _PARTNERS, _CLOSED = "sales-shops.csv", "sales-web.csv.gz", "sales-partners.csv", "sales-closed.csv"
_KIOSK, _KIOSK_AGAIN, _MARKET = "sales-kiosk.csv", "sales-kiosk_again.csv", "sales-market.csv"
_OTHERS = {
    "sales-notes.txt": b"The kiosk was closed from noon on.\n",
    "sales-shops.xlsx.bak": b"PK\x03\x04 no workbook\n",
}
_PACE = 20  # the kiosk has one row of so many, and so has the market
_PAYMENTS = ("cash", "card", "voucher", "cash, then card", "")  # drawn from evenly, as are all tuples of values below
_CITIES = ("Vellmark", "Two Rivers", "", "")
_QUANTITIES = (1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12)

_Cells = dict[str, str]


class _Layout(NamedTuple):
    """A file, its columns in their order, and whether its header has the other names for them."""

    file: SampleFile
    fields: tuple[str, ...] = _FIELDS
    aliased: bool = False

    @property
    def header(self) -> str:
        return line([_ALIASES.get(field, field) if self.aliased else field for field in self.fields])

    def line(self, cells: _Cells, **others: str) -> str:
        """Write a row, with other values of some fields."""
        return line([(cells | others)[field] for field in self.fields])


class PlannedFile(NamedTuple):
    """What becomes of a file: accepted, or rejected whole, as it is a `duplicate`, or lacks columns, or its suffix."""

    rows: int
    reason: str = ""
    missing_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()


_Spoil = Callable[[_Layout, _Cells], str]


def _values(field: str, rule: str, **values: str) -> dict[str, tuple[str, _Spoil]]:
    def with_value(layout: _Layout, cells: _Cells, value: str) -> str:
        return layout.line(cells, **{field: value})

    return {kind: (rule, partial(with_value, value=value)) for kind, value in values.items()}


def _amounts(price: str, quantity: str, total: str) -> _Spoil:
    """The amounts are these, of which the total is right."""
    return lambda layout, cells: layout.line(cells, price=price, quantity=quantity, total_cost=total)


def _later(than: str, days: int) -> _Spoil:
    """The sale was so many days after the delivery, or the first day: `cells` has both days."""

    def with_date(layout: _Layout, cells: _Cells) -> str:
        return layout.line(cells, sales_date=str(date.fromisoformat(cells[than]) + timedelta(days=days)))

    return with_date


def _total(times: int, plus: int) -> _Spoil:
    """The total is another amount: so many times as much, and so many cents more."""

    def with_total(layout: _Layout, cells: _Cells) -> str:
        return layout.line(cells, total_cost=money(int(cells["cents"]) * times + plus, 2))

    return with_total


def _open_quote(layout: _Layout, cells: _Cells) -> str:
    return f'"{layout.line(cells)}' if '"' not in layout.line(cells) else f'{layout.line(cells)}"'


_DIRT: dict[str, tuple[str, _Spoil]] = {
    **_values("customer_id", "missing_customer_id", no_customer=""),
    **_values("customer_id", "invalid_customer_id", customer_name="ottilia", customer_point_zero="40001.0"),
    "total_a_cent_more": ("wrong_total_cost", _total(1, 1)),
    **_values("store_id", "missing_store_id", no_store=""),
    **_values("store_id", "invalid_store_id", store_letter="S701"),
    **_values("sales_person_id", "missing_sales_person_id", no_seller=""),
    **_values("sales_person_id", "invalid_sales_person_id", three_sellers="[4, 5, 6]", seller_blank=" 3001"),
    "day_after_tomorrow": ("after_delivery", _later("delivered", 2)),
    **_values("product_name", "missing_product_name", no_product=""),
    **_values("sales_date", "missing_sales_date", no_date=""),
    "day_before_the_first": ("before_start", _later("first", -1)),
    **_values("quantity", "missing_quantity", no_quantity=""),
    **_values("quantity", "invalid_quantity", two="two", quantity_point_zero="2.0"),
    "nothing_sold": ("invalid_quantity", _amounts("4.50", "0", "0")),
    "given_back": ("invalid_quantity", _amounts("4.50", "-2", "-9")),
    **_values("price", "missing_price", no_price=""),
    **_values("price", "invalid_price", three_decimals="12.505", euro="4.50 EUR", comma="4,50"),
    "negative": ("invalid_price", _amounts("-4.50", "2", "-9.0")),
    "a_field_more": ("malformed", lambda layout, cells: f"{layout.line(cells)},1"),
    "a_field_less": ("malformed", lambda layout, cells: line([cells[field] for field in layout.fields[1:]])),
    "open_quote": ("malformed", _open_quote),
    # The lone surrogate is written as the byte E9, an accented e in Latin-1.
    "bad_byte": ("not_utf8", lambda layout, cells: layout.line(cells, product_name="Caf\udce9")),
    **_values("total_cost", "missing_total_cost", no_total=""),
    **_values("total_cost", "invalid_total_cost", total_word="n/a", total_decimals="100.000"),
    "total_ten_times": ("wrong_total_cost", _total(10, 0)),
    **_values(
        *("sales_date", "invalid_sales_date"),
        february_30="2026-02-30",
        day_first="05/01/2026",
        without_zeros="2026-1-5",
        with_a_time="2026-01-05T00:00:00Z",
    ),
    "next_year": ("after_delivery", _later("delivered", 365)),
    "long_ago": ("before_start", _later("first", -900)),
}
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt in sales, and the one rule that a row of the kind breaks."""
UNKNOWN = {
    "unknown_customer": ("customers",),
    "unknown_seller": ("sales_team",),
    "unknown_product": ("products",),
    "unknown_store": ("stores",),
    "unknown_everything": ("customers", "stores", "sales_team", "products"),
}
"""The kinds of good rows of whose customer, seller, product or store no snapshot ever knows: the feeds that do not."""
_LATE, _TWICE = {"late": 1, "very_late": 4}, "twice"
_TALES = (
    *("late", "unknown_customer", _TWICE, "very_late", "unknown_seller", "late", "unknown_product", "unknown_store"),
    *(_TWICE, "very_late", "unknown_everything"),
)


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the rows of a delivery of sales that are dirty (`DIRT_RULES`), or of which something is told, for any seed.

    Of the good ones some are of nobody known (`UNKNOWN`), some `late` or `very_late`, some look like the row before
    them (`twice`). All are in files that are accepted. Raises ValueError when `day` is before `first_day`.
    """
    number, tales = delivery_number(day, first_day), rows * 3 // 100
    dirt = planned_dirt(tuple(_DIRT), day, first_day=first_day, rows=rows)
    return dirt + in_turn(_TALES, number * tales, (number + 1) * tales)


def planned_files(day: date, *, first_day: date, rows: int) -> dict[str, PlannedFile]:
    """Say of each file of a delivery of sales whether it is accepted, for any seed, and how many rows it has.

    Of the files that share what is left, none of which has a tale, the number of rows is -1. Raises ValueError when
    `day` is before `first_day`.
    """
    number, own = delivery_number(day, first_day), rows // _PACE
    found = {}
    for name, layout in _layouts(day, first_day, rows).items():
        missing = tuple(field for field in _FIELDS if field not in layout.fields)
        extra = tuple(field for field in layout.fields if field not in _FIELDS)
        copied = name in (_KIOSK_AGAIN, _copy_of(day - timedelta(days=1)))
        reason = "lacks columns" if missing else "duplicate" if copied else ""
        its = {_CLOSED: 0, _SHOPS: -1, _WEB: -1, _PARTNERS: -1}.get(name, own)
        found[name] = PlannedFile(its, reason, missing, extra)
    return found | {name: PlannedFile(0, "suffix") for name in _others(number)}


def _copy_of(day: date) -> str:
    return f"sales-kiosk_{day}.csv"


def _others(number: int) -> dict[str, bytes]:
    """Files of other suffixes, on some days."""
    return {name: content for turn, (name, content) in enumerate(_OTHERS.items()) if number % 4 == turn + 1}


def _layouts(day: date, first_day: date, rows: int) -> dict[str, _Layout]:
    """The files of a delivery that begin with a header, by name; very small deliveries have no special ones."""
    number, is_small = delivery_number(day, first_day), rows < _PACE
    fields: tuple[str, ...]
    found = [_Layout(SampleFile(_SHOPS)), _Layout(SampleFile(_WEB), aliased=True)]
    if number % 3 != 2:
        fields = (*_FIELDS[:5], _PAYMENT, *_FIELDS[5:], _CITY)
        found.append(_Layout(SampleFile(_PARTNERS, last_line_ends=False), fields))
    if number % 4 == 2:
        found.append(_Layout(SampleFile(_CLOSED)))
    if not is_small:
        kiosk = [_KIOSK]
        kiosk += [_KIOSK_AGAIN] * (number % 5 == 3)
        kiosk += [_copy_of(day - timedelta(days=1))] * (number % 3 == 2)
        files = [SampleFile(name, b"\r\n", b"\xef\xbb\xbf", last_line_ends=False) for name in kiosk]
        found += [_Layout(file, _OTHER_ORDER) for file in files]
    if not is_small and number % 4 == 1:
        lacking = ("store_id", "price") if number % 8 == 5 else ("store_id",)
        fields = (*(field for field in _FIELDS if field not in lacking), _PAYMENT, _CITY)
        found.append(_Layout(SampleFile(_MARKET), fields))
    return {layout.file.name: layout for layout in found}


def write_sales(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the files of sales of `day`: of shops, the web and partners, of a kiosk, and some that are rejected whole.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        first_day: the day of the first delivery, and of the first sales.
        rows: the exact number of lines that are neither blank nor headers, in all files together, those included that
            are rejected whole.
        seed: chooses sales, but not how many rows are dirty or unknown, see `planned_rows`.

    Returns:
        The files, by name.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    layouts = _layouts(day, first_day, rows)
    plan = planned_rows(day, first_day=first_day, rows=rows)
    lines = _lines(World(rows, first_day, seed), day, list(layouts.values()), plan)
    files = [layout.file for layout in layouts.values()]
    return write_files(folder, files, lines, _others(delivery_number(day, first_day)))


def _lines(world: World, day: date, layouts: list[_Layout], plan: Counter[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines, headers and blank ones included, each with the number of its file."""
    yield from ((number, layout.header) for number, layout in enumerate(layouts))
    left = world.rows
    for number, layout in enumerate(layouts):
        name = layout.file.name
        if name in (_SHOPS, _WEB, _PARTNERS, _CLOSED):
            continue
        of = day - timedelta(days=1) if name == _copy_of(day - timedelta(days=1)) else day
        for written in _fixed(world, of, layout):
            left -= 1
            yield number, written
    names = [layout.file.name for layout in layouts]
    shares = {_SHOPS: 6, _WEB: 3, _PARTNERS: 2}
    file_of_line = [names.index(name) for name, share in shares.items() if name in names for _ in range(share)]
    random = Random(f"retail:{world.seed}:{day}:sales")
    special = spread(random, plan, left)
    before: _Cells = {}
    for number, kind in slots(random, special, left, file_of_line):
        if kind == BLANK:
            yield number, ""
            continue
        cells = before if kind == _TWICE and before else _sale(world, random, day, kind)
        if kind == GOOD:
            before = cells
        yield number, _DIRT[kind][1](layouts[number], cells) if kind in _DIRT else layouts[number].line(cells)


def _fixed(world: World, day: date, layout: _Layout) -> Iterator[str]:
    """Yield the rows of the kiosk or the market of a day, the same whenever they are delivered."""
    is_market = layout.file.name == _MARKET
    random = Random(f"retail:{world.seed}:{day}:{'market' if is_market else 'kiosk'}")
    for _ in range(world.rows // _PACE):
        cells = _sale(world, random, day, GOOD)
        yield layout.line(cells, sales_person_id="[4, 5, 6]") if is_market else layout.line(cells)


def _sale(world: World, random: Random, day: date, kind: str) -> _Cells:
    """Return a sale of a day, or of one before if it is late; of a customer who may be in no snapshot yet."""
    sizes, unknown = world.sizes, UNKNOWN.get(kind, ())
    places = {feed: random.randrange(size) for feed, size in sizes.items()}
    places["customers"] = int(sizes["customers"] * random.random() ** 2)  # some buy much more than others
    places["stores"] = world.store_of(places["sales_team"], random)
    days_late = _LATE[kind] + random.randrange(3) if kind in _LATE else 0
    sold = max(world.first_day, day - timedelta(days=days_late))
    price, quantity = world.price(places["products"], sold), random.choice(_QUANTITIES)
    ids = {feed: str(world.key(feed, size + 7 if feed in unknown else places[feed])) for feed, size in sizes.items()}
    name = "Mystery Box" if "products" in unknown else world.product_name(places["products"])
    return {
        "customer_id": ids["customers"],
        "store_id": ids["stores"],
        "product_name": name,
        "sales_date": sold.isoformat(),
        "sales_person_id": ids["sales_team"],
        "price": money(price, random.randrange(3)),
        "quantity": str(quantity),
        "total_cost": money(price * quantity, random.randrange(3)),
        _PAYMENT: random.choice(_PAYMENTS),
        _CITY: random.choice(_CITIES),
        # What is in no file: dirt is made of it.
        "cents": str(price * quantity),
        "delivered": day.isoformat(),
        "first": world.first_day.isoformat(),
    }


def write_dimension(folder: Path, day: date, *, feed: str, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the snapshot of a dimension of `day`, whose rows stay, change, go and return.

    Args:
        folder: the folder of the delivery, created when it does not exist; on some days there is none.
        day: the day of the delivery.
        feed: the dimension, which belongs to the sales that are written with the same other arguments.
        first_day: the day of the first delivery.
        rows: the number of rows of a delivery of sales, and the most that a snapshot has.
        seed: chooses the rows.

    Returns:
        The files, by name; none on days without a folder.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    if not has_folder(feed, day, first_day=first_day):
        return []
    return write_files(folder, FILES_OF_DIMENSIONS[feed], snapshot(World(rows, first_day, seed), feed, day), {})


WRITERS = {"sales": write_sales} | {feed: partial(write_dimension, feed=feed) for feed in DIMENSIONS}
"""What writes the sample deliveries of the domain's feeds."""
