"""The history of runs in PostgreSQL: what is stored at once is what Dagster's own log stores one by one."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster_postgres import PostgresEventLogStorage

from platform_assets.assets.postgres_event_log import PostgresEventLog
from platform_assets_tests.support.histories import IN_BATCHES, in_batches, instance
from platform_assets_tests.support.processes.hats import materialise
from platform_assets_tests.support.services.postgres import postgres


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is executed, statement by statement."""
    found: list[str] = []

    def executed(connection: sa.Connection, cursor: object, statement: str, *more: object) -> None:
        found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    yield found
    sa.event.remove(sa.Engine, "before_cursor_execute", executed)


def content(url: str) -> dict[str, Any]:
    """All rows of a database, without the times of writing, and the numbers of assets, by which nothing is found."""
    engine = sa.create_engine(url)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {table.name: connection.execute(sa.select(table)).mappings().all() for table in tables.sorted_tables}
    engine.dispose()
    left_out = {"create_timestamp", "migration_completed"}
    return {
        table: sorted(
            str(
                {name: row[name] for name in row if name not in left_out | ({"id"} if table == "asset_keys" else set())}
            )
            for row in rows
        )
        for table, rows in found.items()
    }


def test_every_row_is_as_if_events_were_stored_one_by_one_by_far_fewer_statements(
    tmp_path: Path, statements: list[str]
) -> None:
    with instance(tmp_path / "source", ours=False) as source:
        events = source.all_logs(materialise(source, "2026-01-01", "2026-01-20").run_id)

    def stored(log: Callable[[str], PostgresEventLogStorage], most: int) -> tuple[dict[str, Any], int]:
        with postgres() as server:
            storage = log(server.url)
            statements.clear()
            for batch in in_batches(events, most):
                if len(batch) > 1:
                    storage.store_event_batch(batch)
                else:
                    storage.store_event(batch[0])
            number = len(statements)
            storage.dispose()
            return content(server.url), number

    expected, by_dagster = stored(PostgresEventLogStorage, 1)
    found, by_ours = stored(PostgresEventLog, 1000)
    assert found == expected
    assert len(found["event_logs"]) == len(events)
    assert len([event for event in events if event.dagster_event_type in IN_BATCHES]) > 80
    assert by_ours < by_dagster / 4


def test_what_is_old_enough_is_forgotten_whatever_the_time_zone_of_the_server(tmp_path: Path) -> None:
    with instance(tmp_path / "source", ours=False) as source:
        run = materialise(source, "2026-01-01", "2026-01-01").run_id
        events = source.all_logs(run)
    now = datetime.now(timezone.utc)
    with postgres() as server:
        with sa.create_engine(server.url).begin() as connection:
            connection.execute(sa.text(f"ALTER DATABASE {server.database} SET timezone TO 'Pacific/Kiritimati'"))
        storage = PostgresEventLog(server.url)
        for event in events:
            storage.store_event(event)
        assert storage.forget(now - timedelta(hours=1), []) == 0
        assert storage.forget(now + timedelta(minutes=5), [run]) == 0
        gone = storage.forget(now + timedelta(minutes=5), [])
        left = {event.dagster_event_type for event in storage.get_logs_for_run(run)}
        storage.dispose()
    assert 0 < gone < len(events)
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in left
    assert dg.DagsterEventType.STEP_START not in left
