"""Sales files are judged one by one: which are rejected whole, which count, and what is known of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.due import applied, reasons
from platform_assets_tests.support.platforms import Platform, checks, failure
from platform_assets_tests.support.retail.small import SALES, deliver_sales, sale

ONE, TWO, THREE = "2026-01-01", "2026-01-02", "2026-01-03"
RAW = 'key:"retail/raw_sales"'
FILES = f'{RAW} or key:"retail/sales_files"'
Audit = dict[str, tuple[Any, ...]]


def audited(platform: Platform) -> Audit:
    """Per place of a file: rows, accepted rows, rejected rows, status, missing and extra columns."""
    return {
        f"{row['delivery_day']}/{row['file_name']}": (
            *(row["rows"], row["accepted_rows"], row["rejected_rows"], row["status"]),
            *(row["missing_columns"], row["extra_columns"]),
        )
        for row in platform.rows("retail/sales_files")
    }


def why(platform: Platform) -> dict[str, str]:
    """Per place of a file that was rejected whole, the reason."""
    return {
        f"{row['delivery_day']}/{row['file_name']}": row["reason"]
        for row in platform.rows("retail/sales_files")
        if row["reason"]
    }


def test_a_file_is_rejected_whole_with_the_columns_that_it_lacks(platform: Platform) -> None:
    deliver_sales(platform, ONE, sale(ONE))
    less = "customer_id,product_name,sales_date,price,quantity,total_cost,payment_mode"
    deliver_sales(platform, ONE, f"1,soap,{ONE},2,3,6,cash", f"1,soap,{ONE},2,3,6,", name="less.csv", header=less)
    result = platform.materialise(ONE, select=FILES)
    assert audited(platform) == {
        f"{ONE}/less.csv": (2, 0, 2, "E", "store_id, sales_person_id", "payment_mode"),
        f"{ONE}/sales.csv": (1, 1, 0, "I", None, None),
    }
    assert why(platform) == {f"{ONE}/less.csv": "the header has no store_id, sales_person_id"}
    assert [row["source_file"] for row in platform.rows("retail/raw_sales")] == ["sales.csv"]
    found = checks(result, "retail/raw_sales")["files_accepted"]
    assert (found.passed, found.metadata["files"].value) == (
        *(False, [f"{ONE}/less.csv: the header has no store_id, sales_person_id"]),
    )


def test_rows_of_files_that_are_rejected_whole_count_for_no_limit(platform: Platform) -> None:
    deliver_sales(platform, ONE, *[f"1,soap,{ONE},2,3,6"] * 50, name="less.csv", header="a,b,c,d,e,f")
    deliver_sales(platform, ONE, sale(ONE))
    assert platform.materialise(ONE, select=RAW).success


def test_a_delivery_of_files_that_are_all_rejected_whole_is_a_good_run(platform: Platform) -> None:
    deliver_sales(platform, ONE, "1", name="less.csv", header="customer_id")
    platform.materialise(ONE, select=FILES)
    assert platform.rows("retail/raw_sales") == []
    assert audited(platform)[f"{ONE}/less.csv"][:4] == (1, 0, 1, "E")


def test_a_file_of_another_suffix_is_rejected_and_a_file_without_rows_is_not(platform: Platform) -> None:
    platform.deliver("sales", ONE, "notes.txt", "not sales\n")
    platform.deliver("sales", ONE, "header.csv", f"{SALES}\n")
    platform.deliver("sales", ONE, "empty.csv", "")
    platform.materialise(ONE, select=FILES)
    assert audited(platform) == {
        f"{ONE}/empty.csv": (0, 0, 0, "I", None, None),
        f"{ONE}/header.csv": (0, 0, 0, "I", None, None),
        f"{ONE}/notes.txt": (0, 0, 0, "E", None, None),
    }
    assert why(platform) == {f"{ONE}/notes.txt": "its suffix is none of .csv"}
    assert reasons(platform, "retail").keys().isdisjoint({"raw_sales", "sales_files"})


def test_columns_stand_in_any_order_and_the_others_are_kept_with_their_values(platform: Platform) -> None:
    header = (
        "city,total_cost,quantity,price,transactions_person_id,transactions_date,item_name,store_id,customer_id,paid"
    )
    lines = [f"Bern,6,3,2,21,{ONE},soap,11,1,cash", f",6,3,2,21,{ONE},soap,11,1,card", f",6,3,2,21,{ONE},soap,11,1,"]
    deliver_sales(platform, ONE, *lines, header=header)
    platform.materialise(ONE, select=FILES)
    found = platform.rows("retail/raw_sales", "customer_id", "product_name", "additional_column", "violations")
    assert {row["additional_column"] for row in found} == {"Bern, cash", "card", None}
    assert all(row["violations"] == [] and row["product_name"] == "soap" for row in found)
    assert audited(platform)[f"{ONE}/sales.csv"] == (3, 3, 0, "I", None, "city, paid")


def test_a_content_counts_once_on_the_day_it_was_delivered_first(platform: Platform) -> None:
    for day in (ONE, TWO):
        for name in ("a.csv", "b.csv.gz"):
            deliver_sales(platform, day, sale(ONE), sale(ONE), name=name)
    platform.materialise(ONE, TWO, select=FILES)
    assert {place: its[3] for place, its in audited(platform).items()} == {
        f"{ONE}/a.csv": "I",
        f"{ONE}/b.csv.gz": "E",
        f"{TWO}/a.csv": "E",
        f"{TWO}/b.csv.gz": "E",
    }
    assert set(why(platform).values()) == {f"its content was delivered before, as {ONE}/a.csv"}
    assert len(platform.rows("retail/raw_sales")) == 2


def test_days_by_themselves_count_a_content_as_one_run_does(platform: Platform) -> None:
    deliver_sales(platform, ONE, sale(ONE))
    deliver_sales(platform, TWO, sale(ONE))
    platform.materialise(ONE, select=FILES)
    platform.materialise(TWO, select=FILES)
    assert why(platform) == {f"{TWO}/sales.csv": f"its content was delivered before, as {ONE}/sales.csv"}


def test_a_content_that_comes_to_an_earlier_day_is_counted_there_and_the_later_day_is_due(platform: Platform) -> None:
    deliver_sales(platform, TWO, sale(ONE))
    platform.materialise(ONE, TWO, select=FILES)
    deliver_sales(platform, ONE, sale(ONE), name="late.csv")
    result = platform.materialise(ONE, select=FILES)
    found = checks(result, "retail/raw_sales")["no_content_counted_later"]
    assert not found.passed
    assert found.metadata["files"].value == [f"{TWO}/sales.csv"]
    assert "platform-assets apply retail" in found.description
    assert reasons(platform, "retail")["raw_sales"] == {"02": ["landing sales.csv"]}
    applied(platform, "retail")
    assert why(platform) == {f"{TWO}/sales.csv": f"its content was delivered before, as {ONE}/late.csv"}
    assert "raw_sales" not in reasons(platform, "retail")


def test_a_copy_counts_when_the_file_before_it_is_another_now(platform: Platform) -> None:
    for day in (ONE, TWO, THREE):
        deliver_sales(platform, day, sale(ONE))
    platform.materialise(ONE, THREE, select=FILES)
    deliver_sales(platform, ONE, sale(ONE, quantity=4))
    platform.materialise(ONE, select=FILES)
    assert reasons(platform, "retail")["raw_sales"] == {"02": ["landing sales.csv"], "03": ["landing sales.csv"]}
    applied(platform, "retail")
    assert why(platform) == {f"{THREE}/sales.csv": f"its content was delivered before, as {TWO}/sales.csv"}
    assert len(platform.rows("retail/raw_sales")) == 2


def test_a_day_whose_only_file_becomes_a_copy_is_not_emptied(platform: Platform) -> None:
    deliver_sales(platform, TWO, sale(ONE))
    platform.materialise(ONE, TWO, select=FILES)
    deliver_sales(platform, ONE, sale(ONE))
    assert platform.materialise(ONE, TWO, select=FILES).success
    assert {str(row["delivery_day"]) for row in platform.rows("retail/raw_sales")} == {ONE}


def test_a_file_that_is_delivered_again_under_another_name_counts_as_before(platform: Platform) -> None:
    deliver_sales(platform, ONE, sale(ONE), name="a.csv")
    platform.materialise(ONE, select=RAW)
    file = platform.root / "landing" / "sales" / ONE / "a.csv"
    file.rename(file.with_name("b.csv"))
    platform.materialise(ONE, select=RAW)
    assert [row["source_file"] for row in platform.rows("retail/raw_sales")] == ["b.csv"]


def test_a_day_that_loses_its_rows_to_a_header_without_a_column_is_refused(platform: Platform) -> None:
    deliver_sales(platform, ONE, sale(ONE))
    platform.materialise(ONE, select=FILES)
    deliver_sales(platform, ONE, "1", header="customer_id")
    result = platform.materialise(ONE, select=FILES, check=False)
    assert "not_emptied" in failure(result)
    assert len(platform.rows("retail/raw_sales")) == 1


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        (sale(ONE, quantity=0), ["invalid_quantity"]),
        (sale(ONE, price="-2"), ["invalid_price"]),
        (sale(ONE, price="1.005", total="3.02"), ["invalid_price"]),
        (sale(ONE, total="6.01"), ["wrong_total_cost"]),
        (sale(ONE, total="6.0"), []),
        (sale(ONE, price="0.10", quantity=3, total="0.3"), []),
        (sale(ONE, total=""), ["missing_total_cost"]),
        (f'1,11,soap,{ONE},"[4, 5, 6]",2,3,6', ["invalid_sales_person_id"]),
        (sale("2025-12-31"), ["before_start"]),
    ],
)
def test_a_row_is_rejected_with_the_rules_that_it_breaks(
    engine: Engine, tmp_path: Path, line: str, violations: list[str]
) -> None:
    platform = Platform(tmp_path)
    deliver_sales(platform, ONE, line)
    platform.materialise(ONE, select=RAW)
    assert [row["violations"] for row in platform.rows("retail/raw_sales")] == [violations]


def test_columns_without_a_name_are_none(platform: Platform) -> None:
    deliver_sales(platform, ONE, f"{sale(ONE)},,,", f"{sale(ONE)},x,,y", header=f"{SALES},,,")
    platform.materialise(ONE, select=FILES)
    assert audited(platform)[f"{ONE}/sales.csv"] == (2, 2, 0, "I", None, None)
    assert {row["additional_column"] for row in platform.rows("retail/raw_sales")} == {None, "x, y"}
