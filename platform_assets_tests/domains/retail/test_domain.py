"""What the tables of the retail domain share."""

from __future__ import annotations

from platform_assets.domains.retail.domain import full_name
from platform_assets.lake.engines.engine import Engine


def test_a_full_name_is_what_is_known_of_it_and_nothing_where_nothing_is(engine: Engine) -> None:
    rows = [("Ada", "Lovelace"), ("Ada", None), (None, "Lovelace"), (None, None)]
    names = engine.session.createDataFrame(rows, "first_name string, last_name string").select(
        full_name().alias("name")
    )
    found = [row["name"] for row in names.collect()]
    assert sorted(name for name in found if name is not None) == ["Ada", "Ada Lovelace", "Lovelace"]
    assert found.count(None) == 1
