"""Sample deliveries of the feed `purchases`: a snapshot a day of a table that changes; not how such files are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random

from platform_assets.samples.files import (
    BLANK,
    GOOD,
    SampleFile,
    delivery_number,
    planned_dirt,
    slots,
    spread,
    write_files,
)

_FILES = (
    SampleFile("purchases-shops.csv"),
    SampleFile("purchases-web.csv", b"\r\n", b"\xef\xbb\xbf", last_line_ends=False),
    SampleFile("purchases-phone.csv.gz"),
)
_FILE_OF_LINE = (0,) * 6 + (1,) * 2 + (2,) * 2  # drawn from evenly, as are all tuples of values below
_HEADER = "PurchaseID,product,user,date"
_FORMS = ("{},{},{},{}",) * 12 + ('"{}","{}","{}","{}"', '{},{},{},"{}"', '"{}",{},{},{}')
_ID, _PRODUCT, _USER, _DATE = range(4)
_FIRST_ID, _FIRST_USER, _USERS, _PRODUCTS = 1_002_300_000, 1_003_000, 4_000, 400

# What happens to the row in a place of the snapshot each time that its period of days is over.
_STAYS, _CHANGES, _IS_REPLACED, _COMES_AND_GOES = "stays", "changes", "is replaced", "comes and goes"
_HABITS = (_STAYS,) * 24 + (_CHANGES,) * 4 + (_IS_REPLACED,) + (_COMES_AND_GOES,)
_PERIODS = (2, 3, 4, 5, 7, 12, 30)
_WEEK, _NO_FOLDER, _KEYS_UNKNOWN = 7, 3, 5  # the fourth day of a week has no folder, the sixth rows without a known key

_Cells = list[str]
_Spoil = Callable[[_Cells, date], str]  # the row, its delivery day


def _with(cells: _Cells, field: int, value: str) -> str:
    """Return the line of the row with another value of a field."""
    return ",".join([*cells[:field], value, *cells[field + 1 :]])


def _values(field: int, rule: str, **values: str) -> dict[str, tuple[str, _Spoil]]:
    def with_value(cells: _Cells, _: date, value: str) -> str:
        return _with(cells, field, value)

    return {kind: (rule, partial(with_value, value=value)) for kind, value in values.items()}


_AGAIN = "again"
_KEYED_DIRT: dict[str, tuple[str, _Spoil]] = {
    # In the place of another row, which is gone from the snapshot: the row before it once more, with another product.
    _AGAIN: ("duplicate_purchase_id", lambda cells, _: _with(cells, _PRODUCT, f"{_PRODUCTS + 1}")),
    "tomorrow": ("date_after_delivery", lambda cells, day: _with(cells, _DATE, f"{day + timedelta(days=1)}")),
    "next_year": ("date_after_delivery", lambda cells, day: _with(cells, _DATE, f"{day + timedelta(days=365)}")),
    **_values(_PRODUCT, "missing_product", no_product="", quoted_nothing='""'),
    **_values(_PRODUCT, "invalid_product", product_point_zero="12.0", product_null="null", product_blank="12 "),
    **_values(_USER, "missing_user", no_user=""),
    **_values(_USER, "invalid_user", user_name="'ada'", user_beyond_long="9" * 20),
    **_values(_DATE, "missing_date", no_date=""),
    **_values(
        *(_DATE, "invalid_date"),
        february_30="2022-02-30",
        month_13="2022-13-01",
        day_first="20/05/2022",
        without_zeros="2022-5-2",
        with_a_time="2022-05-20T00:00:00Z",
        null_date="NULL",
    ),
}
_KEYLESS_DIRT: dict[str, tuple[str, _Spoil]] = {
    "three_fields": ("malformed", lambda cells, _: ",".join(cells[:3])),
    "five_fields": ("malformed", lambda cells, _: ",".join([*cells, "paid"])),
    "open_quote": ("malformed", lambda cells, _: _with(cells, _DATE, f'"{cells[_DATE]}')),
    # The lone surrogate is written as the byte FF.
    "bad_byte": ("not_utf8", lambda cells, _: _with(cells, _USER, f"{cells[_USER]}\udcff")),
    **_values(_ID, "missing_purchase_id", no_id="", quoted_no_id='""'),
    **_values(_ID, "invalid_purchase_id", letters="P-1002", id_point_zero="1002.0", none="None", beyond="9" * 25),
}
_DIRT = _KEYED_DIRT | _KEYLESS_DIRT
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt, and the one rule that a row of the kind breaks."""


def has_folder(day: date, *, first_day: date) -> bool:
    """Whether there is a delivery of the day: each week one day has none.

    Raises ValueError when `day` is before `first_day`.
    """
    return delivery_number(day, first_day) % _WEEK != _NO_FOLDER


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIRT_RULES`) of a delivery, for any seed.

    All others are good, but that a row of the kind `again` has the row that it repeats rejected, too. Rows without a
    known key, which keep rows from being deleted, come on one day of a week only, and then there is no other dirt.
    Raises ValueError when `day` is before `first_day`.
    """
    if not has_folder(day, first_day=first_day):
        return Counter()
    unknown = delivery_number(day, first_day) % _WEEK == _KEYS_UNKNOWN
    kinds = tuple(_KEYLESS_DIRT if unknown else _KEYED_DIRT)
    return planned_dirt(kinds, day, first_day=first_day, rows=rows)


def write_purchases(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the snapshot of `day`, in which each row stays, changes, goes for another one, or returns.

    Args:
        folder: the folder of the delivery, created when it does not exist; on some days there is none.
        day: the day of the delivery, on or after which no good purchase was made.
        first_day: the day of the first delivery.
        rows: the exact number of lines that are neither blank nor headers, in all files together.
        seed: chooses the purchases, but not how many rows are dirty, see `planned_rows`.

    Returns:
        The files, by name; none on days without a folder.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    if not has_folder(day, first_day=first_day):
        return []
    plan = planned_rows(day, first_day=first_day, rows=rows)
    return write_files(folder, _FILES, _lines(plan, day, first_day, rows, seed), {})


def _lines(plan: Counter[str], day: date, first_day: date, rows: int, seed: int) -> Iterator[tuple[int, str]]:
    """Yield the lines, headers and blank ones included, each with the number of its file."""
    random = Random(f"purchases:{seed}:{day}:lines")
    dirty = spread(random, plan, rows)
    for file in range(len(_FILES)):
        yield file, _HEADER
    place = 0
    for file, kind in slots(random, dirty, rows, _FILE_OF_LINE):
        if kind == BLANK:
            yield file, ""
            continue
        # The first place is never dirty.
        of = _before(place, dirty) if kind == _AGAIN else place
        cells = _purchase(of, day, first_day, rows, seed)
        yield file, random.choice(_FORMS).format(*cells) if kind == GOOD else _DIRT[kind][1](cells, day)
        place += 1


def _before(place: int, dirty: Mapping[int, str]) -> int:
    """Return the nearest place before one that is not dirty."""
    return next(before for before in range(place - 1, -1, -1) if before not in dirty)


def _purchase(place: int, day: date, first_day: date, rows: int, seed: int) -> _Cells:
    """Return the row that a place of the snapshot holds on a day; it follows from nothing but these."""
    random = Random(f"purchases:{seed}:{place}")
    habit, period = random.choice(_HABITS), random.choice(_PERIODS)
    turn, since = divmod((day - first_day).days + random.randrange(period), period)
    began = day - timedelta(days=since)
    bought = first_day - timedelta(days=random.randrange(1, 900))
    product, user = random.randrange(_PRODUCTS), random.randrange(_USERS)
    other = turn if habit == _IS_REPLACED or (habit == _COMES_AND_GOES and turn % 2) else 0
    if other:
        random = Random(f"purchases:{seed}:{place}:{other}")
        bought = began - timedelta(days=random.randrange(3))
        product, user = random.randrange(_PRODUCTS), random.randrange(_USERS)
    elif turn and habit != _STAYS:
        # Its own date is now of today, of yesterday, or no later than before.
        bought = (bought, began, began - timedelta(days=1))[turn % 3]
        product = (product + turn) % _PRODUCTS
    number = _FIRST_ID + other * rows + place
    return [str(number), str(1 + product), str(_FIRST_USER + user), bought.isoformat()]


WRITERS = {"purchases": write_purchases}
"""What writes the sample deliveries of the domain's feed."""
