"""JSON and Parquet documents: what stands in them, in which order, whatever the values are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.errors import DeclarationError
from platform_assets.exports.formats import SortedFile
from platform_assets.exports.json import Json
from platform_assets.exports.parquet import Parquet
from platform_assets.settings import Settings

RACES = {
    "Race Name": "race_name",
    "Race Round": "race_round",
    "Race Datetime": "race_datetime",
    "Race Winning driverId": "winning_driver_id",
    "Race Fastest Lap": "fastest_lap",
}
TEXTS = ('say "hi"', "\\", "a/b", "é", "e\u0301", "😀", "\u2028", "\x7f", "\t\r\n\x01", "'", "</script>", "{x}", "")


def written(document: SortedFile, folder: Path, rows: pa.Table) -> bytes:
    """The bytes of a document."""
    target = folder / "it's a document"
    assert document.write({target: ds.dataset(rows)}, Settings(_env_file=None)) == len(rows)
    return target.read_bytes()


def shown(folder: Path, values: Sequence[Any], kind: pa.DataType | None = None) -> str:
    """What stands for values of a column in JSON, line by line, in the order of the values."""
    rows = pa.table({"n": range(len(values)), "value": pa.array(values, kind)})
    text = written(Json("x.json", {"v": "value"}, order=("n",)), folder, rows).decode()
    lines = text.removeprefix("[\n").removesuffix("\n]\n").split(",\n")
    return "\n".join(line.removeprefix('{"v": ').removesuffix("}") for line in lines)


def test_a_season_is_an_array_of_one_object_a_line_with_its_own_keys(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "fastest_lap": [None, "01:29.4"],
            "winning_driver_id": pa.array([None, 1], pa.int64()),
            "race_round": [13, 12],
            "race_name": ["Grande Prêmio", "British Grand Prix"],
            "race_datetime": pa.array([datetime(2024, 7, 21), datetime(2024, 7, 7, 14)], pa.timestamp("us")),
        }
    )
    assert written(Json("stats.json", RACES, order=("race_round",)), tmp_path, rows).decode() == (
        "[\n"
        '{"Race Name": "British Grand Prix", "Race Round": 12, "Race Datetime": "2024-07-07T14:00:00.000", '
        '"Race Winning driverId": 1, "Race Fastest Lap": "01:29.4"},\n'
        '{"Race Name": "Grande Prêmio", "Race Round": 13, "Race Datetime": "2024-07-21T00:00:00.000", '
        '"Race Winning driverId": null, "Race Fastest Lap": null}\n'
        "]\n"
    )


def test_a_document_of_no_rows_is_an_empty_array(tmp_path: Path) -> None:
    document = Json("stats.json", ("page",))
    for pages, some in (([], False), (["a"], True), ([None], True)):
        content = written(document, tmp_path, pa.table({"page": pa.array(pages, pa.string())}))
        assert document.has_rows(BytesIO(content)) is some
    assert written(document, tmp_path, pa.table({"page": pa.array([], pa.string())})) == b"[]\n"


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_as_it_is_but_for_what_json_escapes(tmp_path: Path, text: str) -> None:
    assert shown(tmp_path, [text]) == json.dumps(text, ensure_ascii=False)


def test_a_key_is_as_it_is_too(tmp_path: Path) -> None:
    content = written(Json("x.json", {"Größe": "n"}), tmp_path, pa.table({"n": [1]}))
    assert content.decode() == '[\n{"Größe": 1}\n]\n'


@given(st.text())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_text_is_read_again_as_it_was(tmp_path: Path, text: str) -> None:
    content = written(Json("x.json", {text: "n", f"{text}'": "text"}), tmp_path, pa.table({"n": [1], "text": [text]}))
    assert json.loads(content) == [{text: 1, f"{text}'": text}]


def test_decimals_are_exact_and_numbers_of_json(tmp_path: Path) -> None:
    huge = "12345678901234567890123456789012345678"
    both = [Decimal(huge), Decimal(f"-{huge}"), None]
    assert shown(tmp_path, both, pa.decimal128(38, 0)) == f"{huge}\n-{huge}\nnull"
    assert shown(tmp_path, [Decimal("0.5"), Decimal("-0.25")], pa.decimal128(2, 2)) == "0.50\n-0.25"
    assert shown(tmp_path, [Decimal("7.10")], pa.decimal128(20, 4)) == "7.1000"


def test_what_is_no_number_is_null_and_zero_has_no_sign(tmp_path: Path) -> None:
    values = [float("nan"), float("inf"), -float("inf"), None, -0.0, 0.1, 1e20, 1e-7]
    assert shown(tmp_path, values) == "null\nnull\nnull\nnull\n0.0\n0.1\n1e+20\n1e-07"
    assert shown(tmp_path, [0.1, -0.0], pa.float32()) == "0.1\n0.0"


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_number_is_read_again_as_it_was(tmp_path: Path, number: float) -> None:
    assert json.loads(shown(tmp_path, [number])) == number


def test_days_and_times_are_text(tmp_path: Path) -> None:
    assert shown(tmp_path, [date(2026, 1, 31)]) == '"2026-01-31"'
    at = datetime(2026, 1, 31, 23, 59, 59, 123999)
    assert shown(tmp_path, [at, None]) == '"2026-01-31T23:59:59.123"\nnull'
    other = Json("x.json", ("at",), times="%d/%m/%Y")
    assert written(other, tmp_path, pa.table({"at": [at]})) == b'[\n{"at": "31/01/2026"}\n]\n'


def test_what_is_nested_is_nested_and_as_exact(tmp_path: Path) -> None:
    inner = pa.struct({'say "it\'s"': pa.decimal128(4, 2), "at": pa.timestamp("us")})
    value: Mapping[str, Any] = {'say "it\'s"': Decimal("1.50"), "at": datetime(2026, 1, 1)}
    text = r'{"say \"it' + "'" + r's\"": 1.50, "at": "2026-01-01T00:00:00.000"}'
    assert shown(tmp_path, [[value, None], [], None], pa.list_(inner)) == f"[{text}, null]\n[]\nnull"
    assert shown(tmp_path, [[1.5, float("nan"), None]]) == "[1.5, null, null]"
    assert shown(tmp_path, [[[1], []]], pa.large_list(pa.list_(pa.int64()))) == "[[1], []]"
    entries = pa.map_(pa.string(), pa.int64())
    assert shown(tmp_path, [[("b", 1), ("a", None)], [], None], entries) == '{"a": null, "b": 1}\n{}\nnull'


def test_rows_are_in_the_order_that_is_given_and_then_in_that_of_all_columns(tmp_path: Path) -> None:
    document = Json("x.json", ("b", "a"), order=("hidden",))
    rows = pa.table({"a": [1, None, 2, 0], "b": [1, 1, 1, 9], "hidden": [5, 5, 5, 4]})
    content = json.loads(written(document, tmp_path, rows))
    assert [(row["b"], row["a"]) for row in content] == [(9, 0), (1, None), (1, 1), (1, 2)]


def test_the_bytes_hang_on_the_rows_alone_and_not_on_their_order(tmp_path: Path) -> None:
    rows = pa.table({"n": [i * 7919 % 10_007 for i in range(200_000)], "text": [str(i % 91) for i in range(200_000)]})
    for document in (Json("x.json", ("n", "text")), Parquet("x.parquet", ("n", "text"))):
        first = written(document, tmp_path, rows)
        assert written(document, tmp_path, rows.take(list(range(200_000))[::-1])) == first


@pytest.mark.parametrize(
    ("columns", "order", "said"),
    [
        ((), (), "names of columns, such as"),
        ("year", (), "names of columns, such as"),
        (("year",), "round", "names of columns, such as"),
        (("year", "year"), (), "a key is in `columns` twice"),
    ],
)
def test_columns_that_nothing_can_show_are_refused(columns: Any, order: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=rf"^x\.json: .*{said}"):
        Json("x.json", columns, order=order)


def test_a_parquet_document_has_the_columns_sorted_also_without_rows(tmp_path: Path) -> None:
    document = Parquet("x.parquet", ("b", "a"))
    rows = pa.table({"a": [2, 1, None], "b": pa.array([Decimal("1.50")] * 3, pa.decimal128(38, 2)), "c": [1, 2, 3]})
    for some, values in ((rows, [None, 1, 2]), (rows.slice(0, 0), [])):
        content = written(document, tmp_path, some)
        found = pq.read_table(BytesIO(content))
        assert (found.column_names, found["a"].to_pylist()) == (["b", "a"], values)
        assert found.schema.field("b").type == pa.decimal128(38, 2)
        assert document.has_rows(BytesIO(content)) is bool(values)
