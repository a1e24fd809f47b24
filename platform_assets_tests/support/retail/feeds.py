"""Deliveries of retail for tests: single lines by hand, and hypothesis strategies for a few days of all five feeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries, Lines, written

Feeds = dict[str, Deliveries]
Cells = dict[str, str]

SALE = "customer_id,store_id,product_name,sales_date,sales_person_id,price,quantity,total_cost"
HEADERS = {
    "sales": SALE,
    "customers": "customer_id,first_name,last_name,address,pincode,phone_number,customer_joining_date",
    "products": "id,name,current_price,old_price,created_date,updated_date,expiry_date",
    "stores": "id,address,store_pincode,store_manager_name,store_opening_date,reviews",
    "sales_team": "id,first_name,last_name,manager_id,is_manager,address,pincode,joining_date",
}
DIMENSIONS = tuple(feed for feed in HEADERS if feed != "sales")
# The fields of each file of sales, in their order; `m.csv` lacks one, `t.csv` names one twice, `u.csv` both.
SALES_FILES = {
    "a.csv": SALE,
    "B.CSV": "price,note,transactions_date,customer_id,store_id,item_name,transactions_person_id,quantity,x,total_cost",
    "m.csv": "customer_id,product_name,sales_date,sales_person_id,price,quantity,note,total_cost",
    "t.csv": f"{SALE},item_name",
    "u.csv": f"{SALE.replace('store_id', 'item_name')},x",
}
_ALIASES = {"item_name": "product_name", "transactions_date": "sales_date", "transactions_person_id": "sales_person_id"}
# What is in every snapshot that must have a good row, and nothing bad happens to it.
ALWAYS = "always.csv"
NOTES = ("", "", " ", "null", "cash", "a, b")
BLANK_LINES = (b"", b" ", b"\t \t", b"\r", b"\xef\xbb\xbf")

# Few keys and few values, so that most things happen to each of them; 7 is in no snapshot.
KEYS = {"customers": (1, 2, 3), "products": (1, 2), "stores": (1, 2), "sales_team": (1, 2, 3)}
_NAMES = ("Ada", "Ada", " Ada\t", "Bo", "", " ", "a, b", '"Q"')
_DATES = ("2020-02-29", "2020-02-29", "", " 2021-01-01")
VALUES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "customers": {
        **dict.fromkeys(("first_name", "last_name", "address", "pincode", "phone_number"), _NAMES),
        "customer_joining_date": _DATES,
    },
    "products": {
        "name": ("jam", "jam", " jam", "honey", ""),
        **dict.fromkeys(("current_price", "old_price"), ("10", "10.0", "10.00", "0.5", "", " 7")),
        **dict.fromkeys(("created_date", "updated_date", "expiry_date"), _DATES),
    },
    "stores": {
        **dict.fromkeys(("address", "store_pincode", "store_manager_name"), _NAMES),
        "store_opening_date": _DATES,
        "reviews": ("Good, and near.", ""),
    },
    "sales_team": {
        **dict.fromkeys(("first_name", "last_name"), _NAMES),
        "manager_id": ("1", "1", "01", "", "3"),
        "is_manager": ("N", "N", "Y", "", " Y"),
        **dict.fromkeys(("address", "pincode"), _NAMES),
        "joining_date": _DATES,
    },
}
# Few prices and quantities, so that sellers tie; one per cent of some ends in half a cent.
PRICES = ("10", "10.0", "10.00", "0.5", "0", "0.01", "24.50")
QUANTITIES = (1, 1, 2, 3, 100)
PRODUCTS = ("jam", "jam", "honey", " jam", "Mystery, box")
WRONG: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("customer_id", "store_id"), ("", " ", "1.0", " 1", "x", "2147483648", "01", "-1")),
    "product_name": ("", " ", "null", "jam\u2028"),
    "sales_date": ("", "2026-02-30", "2026-1-1", "01/01/2026", "2026-01-01T00:00:00Z", "null", "0000-01-01"),
    "sales_person_id": ("", "[4, 5, 6]", "1;2", "\u0661"),
    "price": ("", "-1", "1.005", "1.000", "1e1", ".5", "5.", "+5", "10000000000", "009999999999.99", "NaN", "-0"),
    "quantity": ("", "0", "-1", "1.0", "two", "2147483648", "002", "-0"),
    "total_cost": ("", "10.001", "1,0", "-10", "99999999999999999", "9.99", "10.01", "x", "1e2"),
}


def csv(feed: str, *lines: str) -> bytes:
    """A file of a feed with its header and these lines."""
    return "\n".join([HEADERS[feed], *lines, ""]).encode()


def sale(
    day: date | str,
    customer: object = 1,
    store: object = 1,
    seller: object = 1,
    *,
    price: str = "10",
    quantity: int = 1,
    total: str = "",
    product: str = "jam",
) -> str:
    """A line of sales; without a total of its own it has the right one."""
    made = total or _total(price, quantity)
    return f"{customer},{store},{product},{day},{seller},{price},{quantity},{made}"


def member(feed: str, key: object = 1, **others: str) -> str:
    """A line of a dimension, with other values than the usual ones."""
    first, *fields = HEADERS[feed].split(",")
    usual = {name: values[0] for name, values in VALUES[feed].items()}
    cells = {first: str(key)} | usual | others
    return ",".join(_quoted(cells[field]) for field in (first, *fields))


def _total(price: str, quantity: int) -> str:
    whole, _, fraction = price.partition(".")
    cents = (int(whole) * 100 + int(f"{fraction}00"[:2])) * quantity
    return f"{cents // 100}.{cents % 100:02}"


def _quoted(cell: str, always: bool = False) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if always or set(',"') & set(cell) else cell


def line(header: str, cells: Cells, *, quoted: bool = False) -> bytes:
    """A row as a file of a header has it, each cell in quotes if it must be, or all are."""
    return ",".join(_quoted(cells[_ALIASES.get(field, field)], quoted) for field in header.split(",")).encode()


def unreadable_lines(good: bytes) -> tuple[bytes, ...]:
    """Lines of which nobody knows what row they are, from one that is known."""
    return (
        *(b"word", b'"', b"{}", b",,,", good + b",", good + b",x", good[: good.rindex(b",")], good + b'"', b'"' + good),
        *(good + b"\xff", b"\xff", good.replace(b",", b";"), good.replace(b",", b', "', 1)),
    )


@st.composite
def _sale(draw: st.DrawFn, day: date, days: Sequence[date]) -> Cells:
    """A sale that is delivered on a day: mostly a good one, at times late, of nobody known, or wrong."""
    days_late = draw(st.sampled_from((0, 0, 0, 0, 1, 1, 2, 3, 9, -1, -2, -400)))
    sold = day - timedelta(days=days_late)
    if draw(st.integers(0, 4)):
        sold = min(max(sold, days[0]), day)
    price, quantity = draw(st.sampled_from(PRICES)), draw(st.sampled_from(QUANTITIES))
    cells = {
        "customer_id": draw(st.sampled_from(("1", "1", "2", "2", "3", "99", "7"))),
        "store_id": draw(st.sampled_from(("1", "1", "1", "2", "99", "99", "7"))),
        "product_name": draw(st.sampled_from(PRODUCTS)),
        "sales_date": sold.isoformat(),
        "sales_person_id": draw(st.sampled_from(("1", "1", "2", "2", "3", "99", "7"))),
        "price": price,
        "quantity": str(quantity),
        "total_cost": _total(price, quantity).removesuffix(".00"),
        **{name: draw(st.sampled_from(NOTES)) for name in ("note", "x")},
    }
    for _ in range(draw(st.sampled_from((0, 0, 0, 0, 0, 1, 1, 2)))):
        field = draw(st.sampled_from(sorted(WRONG)))
        cells[field] = draw(st.sampled_from(WRONG[field]))
    return cells


@st.composite
def sales(draw: st.DrawFn, days: Sequence[date], *, others: bool = True) -> Deliveries:
    """Files of sales for delivery days, some of which have no folder: some rejected whole, some copies of others.

    With `others`, some are of another suffix, which a delivery must not have alone.
    """
    lines: Lines = {}
    for day in days:
        if draw(st.integers(0, 5)) == 5:
            continue
        for cells in draw(st.lists(_sale(day, days), max_size=8)):
            file = draw(st.sampled_from(("a.csv", "a.csv", "a.csv", "B.CSV", "B.CSV", "m.csv", "t.csv", "u.csv")))
            good = line(SALES_FILES[file], cells, quoted=draw(st.booleans()))
            for _ in range(draw(st.sampled_from((1, 1, 1, 2)))):  # a sale that looks like another is one of its own
                lines.setdefault((day, file), []).append(good)
            if draw(st.integers(0, 11)) == 11:
                odd = draw(st.sampled_from((*unreadable_lines(good), *BLANK_LINES)))
                lines.setdefault((day, file), []).append(odd)
        if draw(st.integers(0, 5)) == 5:
            lines.setdefault((day, draw(st.sampled_from(sorted(SALES_FILES)))), [])  # a header alone, perhaps
    found = draw(written(lines, {name: header.encode() for name, header in SALES_FILES.items()}))
    places = [(day, name) for day, files in found.items() for name in files]
    for _ in range(draw(st.integers(0, 3)) if places else 0):
        day, name = draw(st.sampled_from(places))
        copy = draw(st.sampled_from(("0.csv", "b.csv", "z.csv")))
        found.setdefault(draw(st.sampled_from(days)), {})[copy] = found[day][name]
    for day in found:
        if others and draw(st.integers(0, 5)) == 5:
            found[day]["notes.txt"] = draw(st.sampled_from((b"", b"word\n", SALE.encode())))
        if draw(st.integers(0, 9)) == 9:
            found[day]["empty.csv"] = draw(st.sampled_from((b"", b"\n \n", b"\xef\xbb\xbf")))
    return found


def _dirty_members(feed: str, key: int) -> list[Callable[[Cells], Cells]]:
    """What spoils a row of a dimension whose key is known."""
    wrong = {
        "customers": {"customer_joining_date": ("2020-02-30", "x")},
        "products": {"current_price": ("1.005", "-1"), "old_price": ("x",), "expiry_date": ("2020-1-1",)},
        "stores": {"store_opening_date": ("01/01/2020",)},
        "sales_team": {"manager_id": ("Ada", "1.0"), "is_manager": ("y", "yes", "true"), "joining_date": ("null",)},
    }[feed]

    def spoilt(field: str, value: str) -> Callable[[Cells], Cells]:
        return lambda cells: cells | {field: value}

    return [spoilt(field, value) for field, values in wrong.items() for value in values]


@st.composite
def dimension(draw: st.DrawFn, feed: str, days: Sequence[date]) -> Deliveries:
    """Snapshots of a dimension for delivery days, some of which have no folder: rows come, change, go and return.

    Every snapshot has a good row, and none deletes as many as the guard against partial snapshots allows at least.
    """
    key, *fields = HEADERS[feed].split(",")
    files = {
        "a.csv": HEADERS[feed],
        "b.csv": ",".join((*fields[::-1], "note", key)),
        "c.csv": ",".join((key, *fields[:2])),
    }
    usual = {key: "99", **{name: values[0] for name, values in VALUES[feed].items()}}
    lines: Lines = {}
    before: dict[int, Cells] = {}
    known: dict[int, Cells] = {}
    for day in days:
        if draw(st.integers(0, 3)) == 3:
            continue
        rows: dict[int, Cells] = {}
        for each in KEYS[feed]:
            happens = draw(st.sampled_from(("turns", "stays", "stays", "changes", "is new")))
            new = {key: str(each), **{name: draw(st.sampled_from(values)) for name, values in VALUES[feed].items()}}
            if happens == "is new" or each not in known:
                if happens != "turns":
                    rows[each] = new
            elif happens == "changes":
                field = draw(st.sampled_from(fields))
                rows[each] = known[each] | {field: new[field]}
            elif (happens == "stays") is (each in before):
                rows[each] = known[each]
        before, known = rows, known | rows
        lines[day, ALWAYS] = [line(HEADERS[feed], usual)]
        kinds = [*("instead",) * 3, "again", "no row"] + ["keyless"] * draw(st.booleans())
        dirt = draw(st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(KEYS[feed])), max_size=2))
        for each, cells in rows.items():
            file = draw(st.sampled_from(("a.csv", "a.csv", "a.csv", "b.csv", "c.csv")))
            note = {"note": draw(st.sampled_from(NOTES))}
            if ("instead", each) not in dirt:
                written_line = line(files[file], cells | note, quoted=draw(st.booleans()))
                lines.setdefault((day, file), []).append(written_line)
        for kind, each in dirt:
            cells = rows.get(each, usual | {key: str(each)})
            good = line(HEADERS[feed], cells)
            nobody = [line(HEADERS[feed], cells | {key: text}) for text in ("", " ", "x", "1.0", "2147483648")]
            spoilt = [line(HEADERS[feed], spoil(cells)) for spoil in _dirty_members(feed, each)]
            dirty = {
                "instead": spoilt,
                "again": [good, line(HEADERS[feed], cells | {key: f" 0{each}"})],
                "no row": BLANK_LINES,
                "keyless": [*unreadable_lines(good), *nobody],
            }
            lines.setdefault((day, "a.csv"), []).append(draw(st.sampled_from(dirty[kind])))
    headers = {name: header.encode() for name, header in files.items()} | {ALWAYS: HEADERS[feed].encode()}
    return draw(written(lines, headers))


def deliveries(days: Sequence[date], *, others: bool = True) -> st.SearchStrategy[Feeds]:
    """Deliveries of all feeds of the domain."""
    of_dimensions = {feed: dimension(feed, days) for feed in DIMENSIONS}
    return st.fixed_dictionaries({"sales": sales(days, others=others), **of_dimensions})
