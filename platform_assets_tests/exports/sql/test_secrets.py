"""The password of a database, while rows are written and while that fails: no output, event, table or file has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from platform_assets_tests.support.processes.sites import ROOT, outside
from platform_assets_tests.support.services.ports import free_port
from platform_assets_tests.support.services.postgres import Postgres
from platform_assets_tests.support.sql import PASSWORD

COMMANDS = "platform_assets_tests.support.processes.commands"
DOMAIN = "from platform_assets_tests.support.till import till\n"
TABLES = "from platform_assets_tests.support.till import days_sql, raw_totals, totals, totals_sql\n"


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """The variables of a platform with the domain `till`, installed as a package of its own, and a delivery."""
    package = tmp_path / "site" / "acme_tills" / "till"
    info = tmp_path / "site" / "acme_tills-1.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tills\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[platform_assets.domains]\nacme = acme_tills\n")
    for file, text in {"domain.py": DOMAIN, "tables.py": TABLES, "__init__.py": "", "../__init__.py": ""}.items():
        (package / file).write_text(text)
    landed = tmp_path / "landing" / "totals" / "2026-01-01"
    landed.mkdir(parents=True)
    (landed / "a.csv").write_text("at,month,customer,total\n2026-01-01T10:00:00Z,2026-01,1,2.50\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_bytes((ROOT / "deploy" / "local" / "dagster.yaml").read_bytes())
    places = {f"PLATFORM_{name.upper()}": str(tmp_path / name) for name in ("landing", "lake", "exports")}
    path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
    more = {"DAGSTER_HOME": str(tmp_path / "home"), "PYTHONPATH": path, "PLATFORM_DOMAINS": "till"}
    return outside() | places | more


def _said(variables: dict[str, str], *words: str) -> str:
    """All that a process says."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, env=variables, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def test_the_password_is_seen_nowhere(shop: dict[str, str], postgresql: Postgres, tmp_path: Path) -> None:
    url = sa.URL.create("postgresql", "dagster", PASSWORD, "127.0.0.1", postgresql.port, "postgres")
    good = url.render_as_string(hide_password=False)
    shop["PLATFORM_TILL_SQL_URL"] = good
    commands = [["settings"], ["settings", "--json"], ["apply", "--yes"], ["why", "till/totals_sql", "2026-01-01"]]
    written = _said(shop, COMMANDS, json.dumps(commands))
    assert "PLATFORM_TILL_SQL_URL" in written
    assert "Nothing is due." in written
    shop |= {"PLATFORM_DEBUG": "1", "PLATFORM_TILL_SQL_URL": url.set(port=free_port()).render_as_string(False)}
    failed = _said(shop, "platform_assets.cli", "apply", "--yes")
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


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """Another way to the database than the platform's."""
    return sa.create_engine(url.set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool)
