"""Contracts with named values: what cannot be read, or listed, is refused where it is declared."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from platform_assets import CSV, JSON_LINES, Domain, Feed, raw_table
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import (
    NamedValues,
    RawRows,
    RejectedValues,
    T,
    named_values,
    rejected_values,
    source,
)
from platform_assets.contracts.errors import UncompilableRule
from platform_assets.errors import DeclarationError

VALUES = (NamedValues, named_values("readings", description="Values"))
REJECTED = (RejectedValues, rejected_values("values", description="Rejected"))


def contract(**columns: tuple[Any, Any]) -> type[RawRows]:
    body: dict[str, Any] = {name: field for name, (_, field) in columns.items()}
    body |= {"__annotations__": {name: kind for name, (kind, _) in columns.items()}, "__doc__": "Values by name."}
    return type("Named", (RawRows,), body)


def other(**words: Any) -> tuple[Any, Any]:
    return T.StringType, source(words.pop("field", "id"), description="A field", **words)


TEXTS = Annotated[T.ArrayType, T.StringType(), True]
REFUSED: dict[str, tuple[dict[str, tuple[Any, Any]], str]] = {
    "another type": (
        {"values": (TEXTS, named_values("readings", description="Values")), "rejected": REJECTED},
        "column values: annotate it with NamedValues",
    ),
    "nothing lists the rejected": ({"values": VALUES}, "add rejected_values: RejectedValues"),
    "two list the rejected": (
        {
            "values": VALUES,
            "rejected": REJECTED,
            "again": (RejectedValues, rejected_values("values", description="Rejected once more")),
        },
        "what of it is rejected is listed nowhere",
    ),
    "two objects": (
        {"values": VALUES, "rejected": REJECTED, "more": (NamedValues, named_values("others", description="Values"))},
        "a line has one object of named values, and values is of one",
    ),
    "the rejected of nothing": ({"id": other(), "rejected": REJECTED}, "values is no column of named_values"),
    "rejected of another type": (
        {"values": VALUES, "rejected": (TEXTS, rejected_values("values", description="Rejected"))},
        "column rejected: annotate it with RejectedValues",
    ),
    "a field of another object": (
        {"values": VALUES, "rejected": REJECTED, "id": other(field="truck.id")},
        "column id: beside named values, fields are read as they are",
    ),
    "all other fields as a text": (
        {"values": VALUES, "rejected": REJECTED, "id": other(field="*")},
        "column id: beside named values, fields are read as they are",
    ),
    "a trimmed field": (
        {"values": VALUES, "rejected": REJECTED, "id": other(trimmed=True)},
        "column id: beside named values, fields are read as they are",
    ),
    "a field with texts for no value": (
        {"values": VALUES, "rejected": REJECTED, "id": other(nulls="n/a")},
        "column id: beside named values, fields are read as they are",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_named_values_that_could_not_be_read_are_refused(case: str) -> None:
    columns, said = REFUSED[case]
    with pytest.raises(UncompilableRule) as error:
        compiled(contract(**columns))
    assert said in str(error.value)


def test_what_is_rejected_of_personal_values_is_personal_too() -> None:
    personal = NamedValues, named_values("readings", description="Values", personal=True)
    assert compiled(contract(id=other(), values=personal, rejected=REJECTED)).personal == ["values", "rejected", "raw"]
    assert compiled(contract(id=other(), values=VALUES, rejected=REJECTED)).personal == []


def test_only_json_lines_have_named_values() -> None:
    its = contract(id=other(required=True), values=VALUES, rejected=REJECTED)

    def raw_things() -> dict[str, Any]:
        return {}

    shop = Domain("shop", owner="team:shop")
    raw_table(its, Feed("things", (JSON_LINES,)), domain=shop, versions_of="id")(raw_things)
    with pytest.raises(DeclarationError, match="values is of named values, which only JSON lines have"):
        raw_table(its, Feed("things", (JSON_LINES, CSV)), domain=shop, versions_of="id")(raw_things)
