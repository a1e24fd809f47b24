"""Numbers in JSON lines are read as they are written, however many digits they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite
from pathlib import Path
from random import Random
from struct import unpack
from typing import Annotated, Any

from platform_assets import JSON_LINES, Domain, Feed, RawRows, T, raw_table, source
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

DAY = date(2026, 1, 2)


class RawNumbers(RawRows):
    """Numbers of all kinds."""

    share: T.DoubleType = source("share", text=False, description="A double")
    amount: Annotated[T.DecimalType, 38, 2] = source("of.amount", text=False, description="A large amount")
    rate: Annotated[T.DecimalType, 18, 6] = source("of.rate", text=False, description="A small one")
    count: T.LongType = source("count", required=True, text=False, description="An integer")
    note: T.StringType = source("note", description="A text")


@raw_table(RawNumbers, Feed("numbers", (JSON_LINES,)), domain=Domain("shop", owner="team:shop"), versions_of="count")
def raw_numbers() -> Mapping[str, Any]:
    """No parse of their own."""
    return {}


def read(engine: Engine, folder: Path, lines: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that lines become, in the order of their counts."""
    path = folder / "numbers" / str(DAY) / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines))
    found = raw_numbers.feed.landed(str(folder), [DAY], raw_numbers.sourced).files
    rows = raw_numbers.read(engine, found, settings_for(), str(folder / "room")).orderBy("count").collect()
    return [row.asDict() for row in rows]


def test_doubles_are_those_nearest_to_what_is_written(engine: Engine, tmp_path: Path) -> None:
    random = Random(11)
    bits = [random.getrandbits(64).to_bytes(8, "big") for _ in range(500)]
    texts = [repr(value) for (value,) in (unpack(">d", some) for some in bits) if isfinite(value)]
    texts += [f"{random.uniform(-1e6, 1e6):.{random.randrange(25)}f}" for _ in range(500)]
    texts += [f"{random.randrange(10**18)}e{random.randrange(-330, 290)}" for _ in range(500)]
    texts += [f"{random.randrange(10**9)}{e}{random.randrange(290)}" for e in ("E", "e+", "E+", "E-") * 50]
    # What stands in a text must not be what tells that a number is one to look at.
    notes = ["x" if "+" in text or "E" in text else f"1.{n}e-7: {text}, x" for n, text in enumerate(texts)]
    lines = [
        f'{{"count": {n}, "share": {text}, "note": "{note}"}}'
        for n, (text, note) in enumerate(zip(texts, notes, strict=True))
    ]
    rows = read(engine, tmp_path, lines)
    assert {texts[row["count"]]: row["share"] for row in rows} == {text: float(text) for text in texts}
    assert [row["note"] for row in rows] == notes
    assert not [row for row in rows if row["violations"]]


def test_decimals_have_all_digits_that_are_written_and_no_others(engine: Engine, tmp_path: Path) -> None:
    amounts = {
        "12345678901234567.89": Decimal("12345678901234567.89"),
        "-123456789012345678901234567890.5": Decimal("-123456789012345678901234567890.50"),
        "999999999999999999999999999999999999.99": Decimal("999999999999999999999999999999999999.99"),
        "0.1": Decimal("0.10"),
        "7": Decimal("7.00"),
        '"12345678901234567.89"': Decimal("12345678901234567.89"),
        "0.10000000000000000555": None,
        "12345678901234567.891": None,
        "1e2": None,
        "1E-7": None,
    }
    lines = [
        f'{{"count": {n}, "of": {{"rate": 123456789012.654321, "amount": {text}}}}}' for n, text in enumerate(amounts)
    ]
    rows = read(engine, tmp_path, lines)
    assert {text: row["amount"] for text, row in zip(amounts, rows, strict=True)} == amounts
    assert {row["rate"] for row in rows} == {Decimal("123456789012.654321")}
    assert [bool(row["violations"]) for row in rows] == [value is None for value in amounts.values()]


def test_sixteen_digits_are_more_than_a_double_has(engine: Engine, tmp_path: Path) -> None:
    (row,) = read(engine, tmp_path, ['{"count": 9007199254740993, "of": {"amount": 9007199254740993}}'])
    assert (row["count"], row["amount"]) == (9007199254740993, Decimal(9007199254740993))


def test_what_stands_in_a_text_is_left_as_it_is(engine: Engine, tmp_path: Path) -> None:
    notes = ["1e5", "[1e5, 2]", ': 1e5, "x": 2}', "_#1e5", "#1.2345678901234567", "1.2345678901234567}", "\\", '"', ""]
    texts = [note.replace("\\", "\\\\").replace('"', '\\"') for note in notes]
    lines = [f'{{"count": {n}, "note": "{text}", "share": 0.12345678901234568}}' for n, text in enumerate(texts)]
    rows = read(engine, tmp_path, lines)
    assert [row["note"] for row in rows] == [*notes[:-1], None]
    assert {row["share"] for row in rows} == {0.12345678901234568}
    assert not [row for row in rows if row["violations"]]
