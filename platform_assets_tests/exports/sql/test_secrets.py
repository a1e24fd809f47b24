"""The password of a database, while rows are written and while that fails: no output, event, table or file has it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from platform_assets_tests.support.processes.sites import ROOT, Site
from platform_assets_tests.support.services.ports import free_port
from platform_assets_tests.support.services.postgres import Postgres
from platform_assets_tests.support.sql import PASSWORD

DOMAIN = "from platform_assets_tests.support.till import till\n"
TABLES = "from platform_assets_tests.support.till import days_sql, raw_totals, totals, totals_sql\n"

# A program sees what is installed in its own folder.
PROGRAM = f"""
import json, sys
sys.path.insert(1, {str(ROOT)!r})
from platform_assets_tests.support.processes.commands import run
run(json.loads(sys.argv[1]))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Site:
    """A platform with the domain `till`, installed as a package of its own, and a delivery."""
    package = tmp_path / "site" / "acme_tills" / "till"
    info = tmp_path / "site" / "acme_tills-1.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tills\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[platform_assets.domains]\nacme = acme_tills\n")
    for file, text in {"domain.py": DOMAIN, "tables.py": TABLES, "__init__.py": "", "../__init__.py": ""}.items():
        (package / file).write_text(text)
    (tmp_path / "site" / "commands.py").write_text(PROGRAM)
    site = Site(tmp_path / "run", {"PLATFORM_DOMAINS": "till"})
    site.deliver("totals", "2026-01-01", "a.csv", "at,month,customer,total\n2026-01-01T10:00:00Z,2026-01,1,2.50\n")
    return site


def test_the_password_is_seen_nowhere(shop: Site, postgresql: Postgres, tmp_path: Path) -> None:
    url = sa.URL.create("postgresql", "dagster", PASSWORD, "127.0.0.1", postgresql.port, "postgres")
    shop.variables["PLATFORM_TILL_SQL_URL"] = url.render_as_string(hide_password=False)
    commands = [["settings"], ["settings", "--json"], ["apply", "--yes"], ["why", "till/totals_sql", "2026-01-01"]]
    written = _said(shop, *commands)
    assert "PLATFORM_TILL_SQL_URL" in written
    assert "Nothing is due." in written
    shop.variables["PLATFORM_TILL_SQL_URL"] = url.set(port=free_port()).render_as_string(hide_password=False)
    shop.variables["PLATFORM_DEBUG"] = "1"
    failed = _said(shop, ["apply", "--yes"])
    assert "was refused: PLATFORM_TILL_SQL_URL: postgresql://127.0.0.1:" in failed
    for secret in (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD)):
        assert [said for said in (written, failed) if secret in said] == []
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
    with postgresql_engine(url).begin() as connection:
        assert connection.exec_driver_sql("SELECT month, customer_id, total::text FROM totals").all() == [
            ("2026-01", 1, "2.50")
        ]
        connection.exec_driver_sql("DROP TABLE totals, days")


def _said(site: Site, *commands: list[str]) -> str:
    """All that some commands print, in one process."""
    before = set(site.root.glob("output-*"))
    with site.started(str(site.root.parent / "site" / "commands.py"), json.dumps(commands)) as process:
        process.wait(timeout=300)
    (log,) = set(site.root.glob("output-*")) - before
    return log.read_text(encoding="utf-8")


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """Another way to the database than the platform's."""
    return sa.create_engine(url.set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool)
