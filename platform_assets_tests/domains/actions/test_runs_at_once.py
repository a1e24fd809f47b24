"""Two runs over the same days at once: whichever overtakes the other and where, the tables are those of one batch."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.actions import documents, oracle
from platform_assets_tests.support.actions.feeds import deliveries
from platform_assets_tests.support.days import deliver, differences, rows_of, run
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.lake.overtaking import POINTS, Point, overtaken
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform

FIRST = date(2026, 1, 1)
DELIVERIES = [FIRST + timedelta(days=n) for n in range(2)]
DAYS = [*DELIVERIES, FIRST + timedelta(days=2)]
WHOLE = (DAYS[0], DAYS[-1])
ALL = tuple(f"actions/{name}" for name in ("raw_actions", "actions", "windows", "window_summary", "top_windows"))


def expected(delivered: Deliveries) -> dict[str, list[Row]]:
    """The rows of every table, by the oracle."""
    raw = rows_of(delivered, partial(oracle.raw_rows, start=FIRST))
    rows = oracle.tables(raw, oracle.actions(raw), DAYS)
    return {table: rows[table.removeprefix("actions/")] for table in ALL}


@settings(max_examples=examples(4), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    delivered=deliveries(DELIVERIES),
    late=deliveries(DELIVERIES),
    table=st.sampled_from(ALL),
    point=st.sampled_from(POINTS),
    built_before=st.booleans(),
)
def test_a_run_that_another_overtakes_ends_with_what_one_batch_over_all_files_gives(
    engine: Engine, delivered: Deliveries, late: Deliveries, table: str, point: Point, built_before: bool
) -> None:
    more = {day: {f"late-{name}": content for name, content in files.items()} for day, files in late.items()}
    both = {day: delivered.get(day, {}) | more.get(day, {}) for day in DELIVERIES}
    with TemporaryDirectory() as folder:
        platform = Platform(Path(folder), reject_share=1.0)
        landing = Path(platform.settings.landing)
        deliver(landing, "actions", delivered)
        if built_before:
            run(platform, [WHOLE], ALL)

        def late_files_and_another_run() -> None:
            deliver(landing, "actions", more)
            run(platform, [WHOLE], ALL)

        with overtaken(point, table, late_files_and_another_run) as happened:
            run(platform, [WHOLE], ALL)
        assert happened == [point]
        assert differences(platform, expected(both)) == []


def test_documents_that_another_run_overtakes_show_the_rows_of_the_last_one(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    header, noon = "time,action\n", "2026-01-01T12:00:00.000Z"
    platform.deliver("actions", "2026-01-01", "a.csv", f"{header}{noon},Open\n")

    def late_file_and_another_run() -> None:
        platform.deliver("actions", "2026-01-01", "late.csv", f"{header}{noon},Close\n")
        platform.materialise("2026-01-01", select='key:"actions/raw_actions" or key:"actions/actions"')
        platform.materialise("2026-01-01", select='key:"actions/windows"')

    with overtaken("written", "actions/windows_csv", late_file_and_another_run) as happened:
        platform.materialise("2026-01-01", select="group:actions")
    assert happened == ["written"]
    for place in ("2026-01-01", "latest"):
        text = (tmp_path / "exports" / "actions" / "windows_csv" / place / "windows.csv").read_text(encoding="utf-8")
        assert text == documents.text(platform.rows("actions/windows"), FIRST, documents.WINDOWS)
        assert ",1,1,2," in text
