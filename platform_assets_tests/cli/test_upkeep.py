"""The commands restore and clean."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from typer.testing import Result

from platform_assets import Contract, Csv, Domain, Field, T, document, registry, table
from platform_assets.cli import terminal
from platform_assets.cli.arguments import find_definition
from platform_assets.cli.upkeep import _readers
from platform_assets.lake.tables import log
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import DOMAINS

Cli = Callable[..., Result]
HITS = "web/user_web_hits"
KILLED = "0b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21"
audience = Domain("audience", owner="team:audience")


class Visitors(Contract):
    """Visitors of a day."""

    day: T.DateType = Field(description="UTC day")


def test_restore_makes_a_version_current_and_says_what_it_did(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    cli, before = at(copy), copy.rows(HITS)
    copy.deliver("web_events", "2026-01-02", "b.jsonl", "")
    Platform(copy.root, allow_emptied=True).materialise("2026-01-02")
    assert len(copy.rows(HITS)) == 5
    done = cli("restore", HITS, "2", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()[1:3]] == [
        ["day", "rows", "now", "rows", "then"],
        ["2026-01-02", "0", "4"],
    ]
    assert [done.stdout.splitlines()[0], *done.stdout.splitlines()[3:]] == [
        f"{HITS}: from version 3 to version 2, 5 rows now, 9 then.",
        f"{HITS}: version 2 is current again, as version 4.",
        "The plan calls these days due now, as they are not what their inputs make them: mend the cause before the "
        "next `platform-assets apply`.",
        "What was built from it is as before: web/aggregated_web_page_stats, web/aggregated_web_stats, "
        "web/open_sessions, web/sessions, web/user_web_hits_csv.",
    ]
    assert copy.rows(HITS) == before
    assert "RESTORE of 2" in cli("history", HITS).stdout


def test_restore_without_a_terminal_and_without_yes_shows_what_it_would_change_and_changes_nothing(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    before = copy.rows(HITS)
    done = at(copy)("restore", HITS, "0")
    assert done.exit_code == 2
    question = f"Make version 0 of {HITS} the current one?"
    assert done.stderr == f"{question} There is no terminal to ask on, and nothing was changed: --yes does it.\n"
    assert done.stdout.splitlines()[0] == f"{HITS}: from version 2 to version 0, 9 rows now, 0 then."
    assert done.stdout.splitlines()[-1] == "3 days of 2026-01-01 ... 2026-01-03 would have no rows any more."
    assert (copy.rows(HITS), copy.version(HITS)) == (before, 2)


@pytest.mark.parametrize(("answer", "version"), [("y", 3), ("n", 2), ("", 2)])
def test_restore_asks_on_a_terminal(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch, answer: str, version: int
) -> None:
    monkeypatch.setattr(terminal, "_is_terminal", lambda: True)
    done = at(copy)("restore", HITS, "1", input=f"{answer}\n")
    assert f"Make version 1 of {HITS} the current one? [y/N]: " in done.stdout
    assert (done.exit_code, copy.version(HITS)) == (0 if answer == "y" else 1, version)


@table(Visitors, domain=audience, inputs={"hits": HITS})
def visitors(hits: DataFrame) -> DataFrame:
    """Visitors of a day, made of the hits of another domain."""
    return hits


@document(Csv("hits.csv", ("event_id",)), domain=audience, inputs={"hits": HITS})
def hits_csv(hits: DataFrame) -> DataFrame:
    """Hits of another domain, as a file."""
    return hits


def test_restore_names_what_other_domains_have_built_from_it_and_never_the_table_itself(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FoundDomain(audience, __name__, (visitors, hits_csv))
    monkeypatch.setattr(registry, "found", lambda: (other, *DOMAINS))
    copy.materialise("2026-01-02")
    told = at(copy)("restore", HITS, "1", "--yes").stdout.splitlines()
    assert (
        told[-1].split(": ")[1].startswith("audience/visitors, audience/hits_csv, web/aggregated_web_page_stats, web/")
    )
    assert _readers(find_definition("web/open_sessions")) == ["web/sessions"]


def test_restoring_twice_changes_nothing_the_second_time(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    done = at(copy)("restore", HITS, "2")
    assert (done.exit_code, done.stdout) == (0, f"{HITS}: version 2 is the current one, nothing was changed.\n")
    assert copy.version(HITS) == 2


def test_a_version_that_cannot_be_restored_is_a_sentence(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    cli = at(copy)
    done = cli("restore", HITS, "77")
    assert (done.exit_code, done.stderr) == (1, f"{HITS} has no version 77, its newest is 2.\n")
    refused = cli("clean", "--vacuum", "29")
    assert refused.exit_code == 2
    assert refused.stderr.startswith(
        "Remove versions that were replaced in the last 30 days (PLATFORM_KEEP_VERSIONS_DAYS)?"
    )
    assert cli("clean", "--vacuum", "30").exit_code == 0
    assert cli("clean", "--vacuum", "0", "--yes").exit_code == 0
    done = cli("restore", HITS, "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.match(rf"Version 1 of {HITS} cannot be restored: \d of its \d files are gone, such as runs/", done.stderr)
    assert (copy.version(HITS), len(copy.rows(HITS))) == (2, 9)
    assert cli("restore", HITS, "-1").exit_code == 2


def killed(platform: Platform, run: str, of: str = HITS) -> Path:
    """A file that a run has staged, and never published."""
    file = platform.folder(of) / "runs" / run / "0123abcd" / "day=2026-01-01" / "part-00000-x.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 10)
    return file


def test_clean_removes_what_killed_runs_left_and_says_so(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    cli, before = at(copy), {table: copy.rows(table) for table in ("web/raw_events", HITS)}
    left = killed(copy, KILLED)
    done = cli("clean")
    assert left.exists()
    assert "kept: written in the last 24 hours" in done.stdout
    assert done.stderr == "There is nothing to remove.\nLeft alone what 1 runs may still need.\n"
    done = cli("clean", "--older-than", "0", "--dry-run")
    assert left.exists()
    assert "would be removed" in done.stdout
    done = cli("clean", "--older-than", "0")
    assert done.stdout.splitlines()[1].split() == [HITS, KILLED, "not", "published", "1", "10", "removed"]
    assert (done.exit_code, done.stderr) == (0, "Removed 1 files, 10 bytes.\n")
    assert not left.exists()
    assert {table: copy.rows(table) for table in before} == before
    done = cli("clean", "--older-than", "0")
    assert (done.stdout, done.stderr) == ("", "There is nothing to remove.\n")


def test_clean_removes_what_killed_runs_left_beside_documents(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    documents = copy.root / "exports" / "web" / "user_web_hits_csv"
    before = sorted(path.name for path in documents.iterdir())
    spool = documents / f".{KILLED}" / "day=2026-01-01"
    spool.mkdir(parents=True)
    (spool / "part-00000-x.parquet").write_bytes(b"x" * 10)
    done = at(copy)("clean", "--older-than", "0")
    assert done.stdout.splitlines()[1].split()[:2] == ["web/user_web_hits_csv", KILLED]
    assert (done.exit_code, done.stderr) == (0, "Removed 1 files, 10 bytes.\n")
    assert sorted(path.name for path in documents.iterdir()) == before


@pytest.mark.parametrize(
    "name",
    [
        *(KILLED, f"..{KILLED}", f".{KILLED}.bak", f".{KILLED[:-1]}", f".{KILLED.upper()}", f".x{KILLED}", ".spool"),
        *("day=2026-01-01", f"_{KILLED}", f".{KILLED.replace('-', '')}"),
    ],
)
def test_clean_leaves_folders_beside_documents_that_are_nearly_named_as_those_of_runs(
    copy: Platform, at: Callable[[Platform], Cli], name: str
) -> None:
    theirs = copy.root / "exports" / "web" / "user_web_hits_csv" / name / "day=2026-01-01" / "part-00000-x.parquet"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"the only copy")
    done = at(copy)("clean", "--older-than", "0")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "There is nothing to remove.\n")
    assert theirs.read_bytes() == b"the only copy"


def test_clean_leaves_what_is_no_folder_of_rows_though_it_is_named_as_one_of_a_run(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    documents = copy.root / "exports" / "web" / "user_web_hits_csv"
    (documents / f".{KILLED}").write_text("the only copy")
    (copy.root / "theirs" / "day=2026-01-01").mkdir(parents=True)
    kept = [
        documents / ".1b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21" / "day=2026-01-01" / "mine.parquet",
        documents / ".1b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21" / "part-00000-x.parquet",
        copy.root / "theirs" / "day=2026-01-01" / "part-00000-x.parquet",
    ]
    (documents / ".2b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21").symlink_to(copy.root / "theirs")
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the only copy")
    assert at(copy)("clean", "--older-than", "0").exit_code == 0
    assert [path.read_text() for path in (documents / f".{KILLED}", *kept)] == ["the only copy"] * 4
    assert (documents / ".2b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21").is_symlink()


def test_clean_asks_the_instance_which_runs_are_at_work(
    copy: Platform, at: Callable[[Platform], Cli], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli = at(copy)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def idle() -> None:
        nothing()

    with dg.DagsterInstance.get() as instance:
        started, failed = (
            killed(copy, instance.create_run_for_job(idle, status=status).run_id)
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE)
        )
    done = cli("clean", "--older-than", "0")
    assert "kept: the run is in progress" in done.stdout
    assert (started.exists(), failed.exists()) == (True, False)


def test_an_instance_that_is_not_there_is_a_sentence(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    done = cli("clean")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "DAGSTER_HOME" in done.stderr


def test_vacuum_removes_the_files_of_replaced_versions_and_keeps_every_row(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    cli, before = at(copy), copy.rows(HITS)
    assert "nothing to remove" in cli("clean", "--vacuum", "1", "--yes").stderr
    parquet = list(copy.folder(HITS).rglob("*.parquet"))
    done = cli("clean", "--vacuum", "0", "--yes")
    assert [line.split("  ")[0] for line in done.stdout.splitlines()[1:]] == [
        "web/raw_events",
        HITS,
        "web/aggregated_web_page_stats",
        "web/aggregated_web_stats",
    ]
    assert len(list(copy.folder(HITS).rglob("*.parquet"))) < len(parquet)
    assert copy.rows(HITS) == before
    assert "can no longer be restored" in " ".join(cli("clean", "--help").stdout.split())


@pytest.mark.parametrize("of", [HITS, f"{HITS}_csv"])
def test_vacuum_removes_the_files_of_records_that_were_written_together_and_keeps_every_record(
    copy: Platform, at: Callable[[Platform], Cli], of: str
) -> None:
    cli = at(copy)
    records = copy.catalog[dg.AssetKey(of.split("/"))].records(copy.settings)
    known = next(iter(records.read().values()))
    for _ in range(60):
        records.append(known)
    before = records.read()
    assert "nothing to remove" in cli("clean", "--vacuum", "1", "--yes").stderr
    done = cli("clean", "--vacuum", "0", "--yes")
    told = [line.split() for line in done.stdout.splitlines() if "files of old records" in line]
    assert [line[0] for line in told] == [of]
    assert records.read() == before
    assert len(list(Path(records.url).glob("*.parquet"))) < 20


def test_a_damaged_table_is_told_by_clean_which_cleans_the_others(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    left = killed(copy, KILLED, "web/sessions")
    (newest := max(copy.folder(HITS).glob("_delta_log/*.json"))).write_bytes(b"")
    log._whole.clear()
    done = at(copy)("clean", "--older-than", "0")
    assert (done.exit_code, left.exists()) == (1, False)
    assert f"{HITS} is damaged: {newest} is empty" in done.stderr


def test_a_dry_run_of_clean_asks_nothing(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    done = at(copy)("clean", "--vacuum", "0", "--dry-run")
    assert (done.exit_code, "would be removed" in done.stdout) == (0, True)
