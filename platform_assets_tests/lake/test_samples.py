"""Rows as checks show them: whole, unless their values are very long."""

from __future__ import annotations

from platform_assets.lake.audit import samples
from platform_assets.lake.engines.engine import Engine


def test_of_long_texts_the_beginnings_are_shown_and_of_long_arrays_the_first_elements(engine: Engine) -> None:
    rows = engine.session.sql(
        "SELECT repeat('x', 200) AS fits, repeat('x', 201) AS long, sequence(1, 101) AS many, "
        "array(map('key', repeat('y', 201))) AS deep"
    )
    (shown,) = samples(rows)
    assert shown == {
        "fits": "x" * 200,
        "long": f"{'x' * 200}…",
        "many": [*range(1, 101), "and 1 more"],
        "deep": [{"key": f"{'y' * 200}…"}],
    }
