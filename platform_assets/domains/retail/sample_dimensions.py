"""The world of the sample deliveries of retail: customers, products, stores and sellers, as they are on a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from math import isqrt
from random import Random
from typing import NamedTuple

from platform_assets.samples.files import SampleFile, delivery_number, planned_dirt, spread

_HEADERS = {
    "customers": "customer_id,first_name,last_name,address,pincode,phone_number,customer_joining_date",
    "products": "id,name,current_price,old_price,created_date,updated_date,expiry_date",
    "stores": "id,address,store_pincode,store_manager_name,store_opening_date,reviews",
    "sales_team": "id,first_name,last_name,manager_id,is_manager,address,pincode,joining_date",
}
DIMENSIONS = tuple(_HEADERS)
"""The feeds of the dimensions."""
FILES_OF_DIMENSIONS = {
    feed: (
        SampleFile(f"{feed}.csv", b"\r\n", b"\xef\xbb\xbf" if feed == "stores" else b""),
        SampleFile(f"{feed}-new.csv.gz"),
    )
    for feed in DIMENSIONS
}
"""The files of a snapshot."""
_MAIN, _NEW = 0, 1
_WEEK, _KEYS_UNKNOWN = 7, 5  # the sixth day of a week has rows without a known key, as far as snapshots are so large
_WITHOUT_FOLDER = {"customers": (4,), "products": (3, 6), "stores": (4,), "sales_team": (3,)}  # days of a week
_FIRST_IDS = {"customers": 40_001, "products": 5_001, "stores": 701, "sales_team": 3_001}
_SELLERS = 4  # of a store, the first of whom is its manager
_IN_TWO_STORES = 5  # every fifth seller works in the next store, too

# What happens to the row in a place of a snapshot, the places in turn; nothing ever happens to the first one. What
# comes late has sales before; all are there on the sixth day.
_STAYS, _MOVES, _CALLS, _BLANKS, _GOES, _LATE = "stays", "moves", "calls", "blanks", "comes and goes", "comes late"
_HABITS = {
    "customers": (
        *(_STAYS, _MOVES, _GOES, _BLANKS, _LATE, _CALLS, _STAYS, _MOVES, _STAYS, _STAYS, _BLANKS, _STAYS, _GOES),
        *(_STAYS, _CALLS, _STAYS, _STAYS, _STAYS, _MOVES, _STAYS),
    ),
    "products": (_STAYS, _MOVES, _STAYS, _BLANKS, _STAYS, _GOES, _MOVES, _STAYS, _MOVES),
    "stores": (_STAYS, _MOVES, _BLANKS, _LATE, _STAYS, _STAYS, _MOVES),
    "sales_team": (_STAYS, _STAYS, _MOVES, _BLANKS, _STAYS, _LATE, _STAYS, _GOES, _MOVES, _STAYS, _STAYS),
}
_NAMES = {"customers": 2, "stores": 3}  # the cells of names, of others the second
_PERIODS = (2, 3, 4, 5, 7)  # days; drawn from evenly, as are all tuples of values below
_LATEST = {"customers": 4, "products": 1, "stores": 2, "sales_team": 3}  # days after the second

_FIRST_NAMES = (
    *("Ottilia", "Bastian", "Wenke", "Ivo", "Marisol", "Tarek", "Solvej", "Anouk", "Piet", "Zdenka", "Ra\u00fal"),
    *("Fenna", "Lubo\u0161", "Imke", "Oskar", "Yara", "Jean Luc", "\u00d8ystein", "Null", "Carla", "", "Henrike"),
)
_LAST_NAMES = (
    *("Brandvold", "Quist", "da Silva Rego", "Tomczak", "O'Hare", "Lindqvist", "Vermeulen", "Haddad", "Nowotny"),
    *("Ferr\u00e9", "Zahradn\u00edk", "van der Loo", "Petrescu", "Achterberg", "Mbeki-Roth", "", "Saarinen"),
)
_TOWNS = (
    *("Vellmark", "Ostrava Bay", "Kurru Wells", "Lake Ommen", "Tre Torri, Upper Town", "M\u00f8rkdal", "Old Harbour"),
    *("Paloma Heights", "Quince Island", "Sable Coast", "Brindle Moor", "Two Rivers", "Salt Flats", ""),
)
_KINDS = (
    *("Oat Flakes", "Chestnut Honey", "Rye Bread", "Lavender Soap", "Green Tea", "Sea Salt, coarse", "Walnut Oil"),
    *("Cr\u00e8me Br\u00fbl\u00e9e Mix", "Juice \u201cSunrise\u201d", "Plum Jam", "Lentils", "Candle", "Ginger Ale"),
)
_SIZES = ("small", "1 kg", "6 x 0.5 l", "family", "500 g")
_REVIEWS = (
    *("Good shelves, short queues.", "", "The lift is out of order, again.", '"Best jam in town"'),
    *("Opens late.", "Null", "Friendly; parking is scarce.", "Everything one needs, and more."),
)


class World(NamedTuple):
    """What is the same in all deliveries: how many rows a delivery of sales has, the first day, and how they differ."""

    rows: int
    first_day: date
    seed: int

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows each dimension has at most; they grow as the root of the number of sales, and have no more."""
        root = isqrt(self.rows)
        stores = 2 + root // 8
        sizes = {"customers": 4 * root, "products": 8 + root // 8, "stores": stores, "sales_team": _SELLERS * stores}
        return {feed: min(self.rows, size) for feed, size in sizes.items()}

    def number(self, day: date) -> int:
        """Number the days from 0; days before the first are like it."""
        return max(0, (day - self.first_day).days)

    def key(self, feed: str, place: int) -> int:
        """Return the key of a place; places after the last have keys, too, but are in no snapshot."""
        return _FIRST_IDS[feed] + place

    def store_of(self, seller: int, random: Random) -> int:
        """Return the place of the store, or of one of the two, in which a seller works."""
        stores = self.sizes["stores"]
        in_next = seller % _IN_TWO_STORES == _IN_TWO_STORES - 1 and random.random() < 0.5
        return (seller // _SELLERS + in_next) % stores

    def product_name(self, place: int) -> str:
        """Return the name of a product, which no other has."""
        kind, size = _KINDS[place % len(_KINDS)], _SIZES[place // len(_KINDS) % len(_SIZES)]
        more = place // (len(_KINDS) * len(_SIZES))
        return f"{kind}, {size}" + (f" no. {more + 1}" if more else "")

    def price(self, place: int, day: date) -> int:
        """Return what a product costs on a day, in cents."""
        random, habit, turn, _ = self._drawn("products", place, self.number(day))
        price = random.choice((random.randrange(2, 120) * 100, random.randrange(15, 1200) * 10, 199, 4999))
        return price + turn * 25 if habit == _MOVES else price

    def row(self, feed: str, place: int, day: date) -> list[str] | None:
        """Return the row that a place of a snapshot holds on a day, None when there is none."""
        number = self.number(day)
        _, habit, turn, _ = self._drawn(feed, place, number)
        is_gone = habit == _GOES and turn % 2
        late = habit == _LATE and number < 2 + place // len(_HABITS[feed]) % _LATEST[feed]
        return None if is_gone or late else self.known_row(feed, place, day)

    def known_row(self, feed: str, place: int, day: date) -> list[str]:
        """Return the row that a place would hold on a day, if it held one."""
        cells = {
            "customers": self._customer,
            "products": self._product,
            "stores": self._store,
            "sales_team": self._seller,
        }[feed](place, day)
        _, habit, turn, _ = self._drawn(feed, place, self.number(day))
        if habit == _BLANKS and turn % 2:  # around a name, where they change nothing
            name = _NAMES.get(feed, 1)
            cells[name] = f" {cells[name]}\t"
        return [str(self.key(feed, place)), *cells[1:]]

    def _drawn(self, feed: str, place: int, number: int) -> tuple[Random, str, int, int]:
        """Return what is drawn for a place, its habit, how often that has happened until a day, and since when."""
        random = Random(f"retail:{self.seed}:{feed}:{place}")
        period = random.choice(_PERIODS)
        turn, since = divmod(number + random.randrange(period), period)
        habits = _HABITS[feed]
        return random, habits[place % len(habits)] if place else _STAYS, turn, since

    def _customer(self, place: int, day: date) -> list[str]:
        random, habit, turn, _ = self._drawn("customers", place, self.number(day))
        names = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
        town, phone = random.randrange(len(_TOWNS)), random.randrange(100_000)
        joined = self.first_day - timedelta(days=random.randrange(20, 2_000))
        town = (town + turn * (habit == _MOVES)) % len(_TOWNS)
        phone += turn * 1_000 * (habit == _CALLS)
        return ["", *names, _TOWNS[town], _pincode(town), f"+99 0{phone:05}", joined.isoformat()]

    def _product(self, place: int, day: date) -> list[str]:
        number = self.number(day)
        _, habit, turn, since = self._drawn("products", place, number)
        price = self.price(place, day)
        has_changed = habit == _MOVES and turn > 0
        old = price - 25 if has_changed else price
        created = self.first_day - timedelta(days=100 + place * 17 % 900)
        updated = (self.first_day + timedelta(days=number - since)).isoformat() if has_changed else ""
        expiry = self.first_day + timedelta(days=200 + place % 7 * 30)
        return [
            *("", self.product_name(place), money(price), money(old)),
            *(created.isoformat(), updated, expiry.isoformat() if place % 6 else ""),
        ]

    def _store(self, place: int, day: date) -> list[str]:
        random, habit, turn, _ = self._drawn("stores", place, self.number(day))
        town, manager, review = (random.randrange(len(some)) for some in (_TOWNS[:-1], _FIRST_NAMES[:-3], _REVIEWS))
        manager = (manager + turn * (habit == _MOVES)) % (len(_FIRST_NAMES) - 3)
        opened = self.first_day - timedelta(days=random.randrange(300, 4_000))
        return ["", _TOWNS[town], _pincode(town), _FIRST_NAMES[manager], opened.isoformat(), _REVIEWS[review]]

    def _seller(self, place: int, day: date) -> list[str]:
        random, habit, turn, _ = self._drawn("sales_team", place, self.number(day))
        # No two sellers of a few stores share a name.
        first = _FIRST_NAMES[(place * 5 + self.seed) % len(_FIRST_NAMES)]
        last = _LAST_NAMES[(place * 3 + self.seed + place // len(_FIRST_NAMES)) % len(_LAST_NAMES)]
        town = (random.randrange(len(_TOWNS)) + turn * (habit == _MOVES)) % len(_TOWNS)
        manager = self.key("sales_team", place - place % _SELLERS)
        joined = self.first_day - timedelta(days=random.randrange(30, 3_000))
        is_manager = "Y" if place % _SELLERS == 0 else "N"
        return ["", first, last, str(manager), is_manager, _TOWNS[town], _pincode(town), joined.isoformat()]


def _pincode(town: int) -> str:
    return f"0{town * 731 + 1_012:04}" if town < len(_TOWNS) - 1 else ""


def money(cents: int, form: int = 0) -> str:
    """Write an amount with no more decimals than it has, with one at least, or with two."""
    whole, rest = divmod(cents, 100)
    if form == 0 and rest == 0:
        return str(whole)
    return f"{whole}.{rest // 10}" if rest % 10 == 0 and form < 2 else f"{whole}.{rest:02}"


def line(cells: Sequence[str]) -> str:
    """Write cells as a line of CSV, in quotes where they must be."""
    return ",".join('"{}"'.format(cell.replace('"', '""')) if set(',"') & set(cell) else cell for cell in cells)


_Spoil = Callable[[list[str]], str]


def _values(field: int, rule: str, **values: str) -> dict[str, tuple[str, _Spoil]]:
    def with_value(cells: list[str], value: str) -> str:
        return line([*cells[:field], value, *cells[field + 1 :]])

    return {kind: (rule, partial(with_value, value=value)) for kind, value in values.items()}


_AGAIN = "again"
_KEYS = {"customers": "customer_id", "products": "product_id", "stores": "store_id", "sales_team": "sales_person_id"}
_KEYED_DIRT: dict[str, dict[str, tuple[str, _Spoil]]] = {
    "customers": _values(6, "invalid_customer_joining_date", day_first="20/05/2022", february_30="2022-02-30"),
    "products": {
        **_values(2, "invalid_current_price", three_decimals="1.505", euro="4.50 EUR"),
        **_values(3, "invalid_old_price", old_word="none"),
        **_values(4, "invalid_created_date", short="22-05-15"),
        **_values(5, "invalid_updated_date", with_a_time="2022-05-15T00:00:00Z"),
        **_values(6, "invalid_expiry_date", never="never"),
    },
    "stores": _values(4, "invalid_store_opening_date", month_13="2022-13-01"),
    "sales_team": {
        **_values(3, "invalid_manager_id", manager_name="Ottilia"),
        **_values(4, "invalid_is_manager", yes="yes", small="y"),
        **_values(7, "invalid_joining_date", without_zeros="2020-5-1"),
    },
}
_KEYLESS_DIRT: dict[str, dict[str, tuple[str, _Spoil]]] = {
    feed: {
        **_values(0, f"missing_{key}", no_key=""),
        **_values(0, f"invalid_{key}", letters="A-1", point_zero="701.0"),
        "a_field_less": ("malformed", lambda cells: line(cells[:-1])),
        "a_field_more": ("malformed", lambda cells: line([*cells, "1"])),
        # The lone surrogate is written as the byte E9, an accented e in Latin-1.
        "bad_byte": ("not_utf8", lambda cells: line([*cells[:-1], f"{cells[-1]}\udce9"])),
    }
    for feed, key in _KEYS.items()
}
# In the place of another row, which is gone from the snapshot: one before it once more.
DIMENSION_DIRT_RULES = {
    feed: {_AGAIN: f"duplicate_{key}"}
    | {kind: rule for kind, (rule, _) in (_KEYED_DIRT[feed] | _KEYLESS_DIRT[feed]).items()}
    for feed, key in _KEYS.items()
}
"""By dimension the kinds of dirt, and the one rule that a row of the kind breaks."""


def has_folder(feed: str, day: date, *, first_day: date) -> bool:
    """Whether there is a snapshot of the day: each week one or two days have none.

    Raises ValueError when `day` is before `first_day`.
    """
    return delivery_number(day, first_day) % _WEEK not in _WITHOUT_FOLDER[feed]


def planned_dimension_rows(feed: str, day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIMENSION_DIRT_RULES`) of a snapshot, for any seed; `rows` is the number of sales.

    All others are good, but that a row of the kind `again` has the row that it repeats rejected, too. Rows without a
    known key, which keep rows from being deleted, come on one day of a week only, and then there is no other dirt.
    Raises ValueError when `day` is before `first_day`.
    """
    if not has_folder(feed, day, first_day=first_day):
        return Counter()
    size = World(rows, first_day, 0).sizes[feed]
    unknown = delivery_number(day, first_day) % _WEEK == _KEYS_UNKNOWN
    kinds = tuple(_KEYLESS_DIRT[feed]) if unknown else (_AGAIN, *_KEYED_DIRT[feed])
    return planned_dirt(kinds, day, first_day=first_day, rows=size)


def snapshot(world: World, feed: str, day: date) -> Iterator[tuple[int, str]]:
    """Yield the lines of a snapshot, headers and blank ones included, each with the number of its file."""
    yield from ((_MAIN, _HEADERS[feed]), (_NEW, _HEADERS[feed]), (_NEW, ""))
    plan = planned_dimension_rows(feed, day, first_day=world.first_day, rows=world.rows)
    size = world.sizes[feed]
    dirty: Mapping[int, str] = spread(Random(f"retail:{world.seed}:{day}:{feed}"), plan, size)
    dirt = _KEYED_DIRT[feed] | _KEYLESS_DIRT[feed]
    good: list[str] = []
    for place in range(size):
        cells, kind = world.row(feed, place, day), dirty.get(place)
        file = _NEW if place % 5 == 4 else _MAIN
        if kind == _AGAIN:
            yield file, line(good)
        elif kind:
            yield file, dirt[kind][1](world.known_row(feed, place, day))
        elif cells:
            good = cells
            yield file, line(cells)
