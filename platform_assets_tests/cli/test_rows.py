"""The commands show, rejected and export, and how tables and days are named."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import Result

from platform_assets.cli.arguments import Days
from platform_assets.cli.reader import reading
from platform_assets_tests.support.lake.visits import visits_table
from platform_assets_tests.support.platforms import Platform

Cli = Callable[..., Result]
HITS = "web/user_web_hits"
COLUMNS = "day,event_id,user_id,time_stamp,url_level1,url_level2,url_level3,activity,session_id"


def lines(done: Result) -> list[str]:
    """What a command that went well has printed to standard output."""
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_show_shows_the_newest_day_in_the_order_of_the_key(cli: Cli) -> None:
    done = cli("show", HITS)
    headings, *rows = [line.split() for line in lines(done)]
    assert headings == COLUMNS.split(",")
    assert [row[:4] for row in rows] == [
        ["2026-01-03", "e10", "10", "2026-01-03T10:15:10Z"],
        ["2026-01-03", "e11", "11", "2026-01-03T10:15:11Z"],
    ]
    assert done.stderr == f"2 of 2 rows of {HITS} on 2026-01-03.\n"


def test_show_shows_the_days_asked_for_and_no_more_rows_than_the_limit(cli: Cli) -> None:
    def events(*words: str) -> list[str]:
        return [line.split()[1] for line in lines(cli("show", HITS, *words))[1:]]

    assert events("--day", "2026-01-01") == ["e1", "e2", "e3"]
    assert events("--from", "2026-01-02") == ["e4", "e5", "e6", "e7", "e10", "e11"]
    assert events("--to", "2026-01-02", "--limit", "4") == ["e1", "e2", "e3", "e4"]
    assert events("--from", "2025-01-01", "--to", "2026-01-01") == ["e1", "e2", "e3"]


def test_show_tells_which_days_have_rows_where_the_day_asked_for_has_none(cli: Cli) -> None:
    done = cli("show", HITS, "--day", "2026-02-01")
    assert lines(done) == []
    assert done.stderr == f"{HITS} has no rows on 2026-02-01; its days with rows are 2026-01-01 ... 2026-01-03.\n"


def test_data_does_not_steer_the_terminal(cli: Cli) -> None:
    done = cli("rejected", "raw_events")
    assert "\x1b" not in done.output
    assert r"{broken \x1b[31m[bold]red[/bold]" in done.stdout
    shown = lines(cli("show", HITS, "--day", "2026-01-02"))
    assert len(shown) == 5
    assert shown[1].split()[5:7] == ["NULL", "NULL"]
    assert r" ünï\u2028  " in shown[3]


def test_rejected_counts_by_rule_and_shows_one_row_of_each_kind_first(cli: Cli) -> None:
    done = cli("rejected", "web/raw_events", "--limit", "4")
    counts, samples = done.stdout.split("\n\n")
    assert [line.split()[:2] for line in counts.splitlines()[1:]] == [
        ["malformed", "2"],
        ["missing_url", "2"],
        ["missing_action", "1"],
    ]
    shown = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in samples.splitlines()[1:]]
    assert [(day, file, kind) for day, file, kind, _ in shown] == [
        ("2026-01-02", "b.jsonl", "malformed"),
        ("2026-01-02", "b.jsonl", "missing_action, missing_url"),
        ("2026-01-02", "b.jsonl", "missing_url"),
        ("2026-01-01", "a.jsonl", "malformed"),
    ]
    assert '"event_id": "e8"' in shown[2][3]


def test_long_texts_are_cut_short_on_the_screen_and_exported_whole(
    copy: Platform, at: Callable[[Platform], Cli]
) -> None:
    long = "x" * 1_001
    DeltaTable(copy.url("web/raw_events")).update(new_values={"raw": long}, predicate="raw = '{older'")
    cli = at(copy)
    for done in (cli("rejected", "raw_events"), cli("show", "raw_events", "--day", "2026-01-01")):
        (shown,) = [line for line in lines(done) if "xx" in line]
        assert f"  {long[:999]}…" in shown
    exported = lines(cli("export", "raw_events", "-o", "-", "--format", "json", "--day", "2026-01-01"))
    assert [row["raw"] for row in map(json.loads, exported) if row["raw"]] == [long]


def test_rejected_looks_at_the_delivery_days_asked_for(cli: Cli) -> None:
    assert lines(cli("rejected", "raw_events", "--day", "2026-01-02"))
    done = cli("rejected", "raw_events", "--from", "2026-01-03")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "web/raw_events has no rejected rows delivered from 2026-01-03.\n"


@pytest.mark.parametrize("name", ["web/user_web_hits", "web.user_web_hits", "user_web_hits"])
def test_a_table_may_be_named_in_three_ways(cli: Cli, name: str) -> None:
    assert len(lines(cli("show", name))) == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "web/user_web_hit"], 2, "There is no table web/user_web_hit. Did you mean web/user_web_hits?"),
        (["history", "raw_evnets"], 2, "There is no table raw_evnets. Did you mean web/raw_events?"),
        (["show", "hits"], 2, "There is no table hits. Did you mean web/user_web_hits?"),
        (["show", "zebra"], 2, "There is no table zebra. `tables` lists all."),
        (["rejected", HITS], 2, f"{HITS} is not a raw table: only raw tables keep rejected rows."),
        (["show", HITS, "--day", "2026-01-01", "--to", "2026-01-02"], 2, "Give either --day or --from and --to"),
        (["show", HITS, "--from", "2026-01-02", "--to", "2026-01-01"], 2, "--from 2026-01-02 is later than --to 2026"),
        (["show", HITS, "--day", "yesterday"], 2, "Invalid value for '--day'"),
        (["show", HITS, "--limit", "0"], 2, "Invalid value for '--limit'"),
        (["show"], 2, "Missing argument"),
        (["export", HITS, "-o", "hits"], 2, "Say --format csv, tsv, json or parquet: hits does not tell."),
        (["export", HITS, "-o", "."], 2, "Say --format"),
        (["export", HITS, "-o", ".", "--format", "csv"], 2, ". is a folder: name a file."),
        (["export", HITS, "-o", "/proc/none/x.csv"], 1, "/proc/none: No such file or directory."),
    ],
)
def test_a_mistake_is_answered_by_a_sentence_and_its_exit_code(
    cli: Cli, words: list[str], code: int, said: str
) -> None:
    done = cli(*words)
    assert said in done.stderr
    assert (done.exit_code, done.stdout) == (code, "")


@pytest.mark.parametrize("command", [["show"], ["history"], ["rejected"], ["export", "-o", "x.csv"], ["restore"]])
def test_a_table_that_was_never_built_says_how_to_build_it(
    platform: Platform, at: Callable[[Platform], Cli], command: list[str]
) -> None:
    version = ["0"] if command == ["restore"] else []
    done = at(platform)(command[0], "raw_events", *command[1:], *version)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("web/raw_events has not been built yet, there is nothing at ")
    assert "dagster asset materialize" in done.stderr
    assert not Path("x.csv").exists()


def test_csv_has_the_rows_in_order_and_says_null_and_commas_apart(cli: Cli) -> None:
    done = cli("export", HITS, "-o", "hits.csv", "--day", "2026-01-02")
    assert done.stderr == f"4 rows of {HITS} on 2026-01-02 written to hits.csv.\n"
    assert Path("hits.csv").read_bytes().decode() == "\n".join(
        [
            COLUMNS,
            "2026-01-02,e4,4,2026-01-02T10:15:04Z,example.com,,,page_view,s1",
            '2026-01-02,e5,5,2026-01-02T10:15:05Z,example.com,"a,b","say ""x""",page_view,s1',
            "2026-01-02,e6,6,2026-01-02T10:15:06Z,example.com, ünï\u2028 ,,page_view,s1",
            "2026-01-02,e7,7,2026-01-02T10:15:07Z,www.example.com,find,7,page_view,s1",
            "",
        ]
    )


def test_json_has_one_object_a_line_with_every_column(cli: Cli) -> None:
    lines(cli("export", "raw_events", "-o", "raw.json", "--day", "2026-01-02"))
    rows = [json.loads(line) for line in Path("raw.json").read_text(encoding="utf-8").split("\n")[:-1]]
    assert len(rows) == 7
    assert [row["violations"] for row in rows if row["event_id"] is None] == [["malformed"]]
    (fourth,) = [row for row in rows if row["event_id"] == "e4"]
    assert fourth == {
        "event_id": "e4",
        "user_id": 4,
        "user_session_id": "s1",
        "user_ip": "1.2.3.4",
        "action": "page_view",
        "url": "https://example.com/",
        "timestamp": "2026-01-02T10:15:04Z",
        "delivery_day": "2026-01-02",
        "day": "2026-01-02",
        "source_file": "b.jsonl",
        "raw": None,
        "violations": [],
        "extra_fields": [],
    }


def read_back(path: str) -> list[dict[str, Any]]:
    """An exported file, read by somebody who knows nothing of the platform."""
    if path.endswith("parquet"):
        return pa.table(pq.read_table(path)).to_pylist()
    if path.endswith("json"):
        frame = pl.read_ndjson(path)
    else:
        frame = pl.read_csv(
            path, separator="\t" if path.endswith("tsv") else ",", schema_overrides={"url_level3": pl.String}
        )
    times = pl.col("time_stamp").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    return frame.with_columns(times, pl.col("day").str.to_date()).to_dicts()


@pytest.mark.parametrize("file", ["hits.csv", "hits.tsv", "hits.json", "hits.parquet"])
def test_every_format_gives_back_the_tables_rows(cli: Cli, built: Platform, file: str) -> None:
    lines(cli("export", HITS, "-o", file))
    rows = read_back(file)
    assert sorted(rows, key=repr) == built.rows(HITS)
    assert [(row["day"], row["event_id"]) for row in rows] == sorted((row["day"], row["event_id"]) for row in rows)


def test_an_export_of_no_rows_is_a_file_without_rows(cli: Cli) -> None:
    for file in ("none.csv", "none.json", "none.parquet"):
        done = cli("export", HITS, "-o", file, "--from", "2026-02-01")
        assert done.stderr == f"0 rows of {HITS} from 2026-02-01 written to {file}.\n"
    assert Path("none.csv").read_text() == f"{COLUMNS}\n"
    assert Path("none.json").read_text() == ""
    assert pq.read_schema("none.parquet").names == COLUMNS.split(",")


def test_a_failed_export_leaves_the_file_as_it_was(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    Path("out/hits.csv").write_text("before")

    def fails_halfway(source: Any, target: Any) -> None:
        target.write(source.read(5))
        raise OSError(28, "No space left on device", "out/hits.csv")

    monkeypatch.setattr(shutil, "copyfileobj", fails_halfway)
    done = cli("export", HITS, "-o", "out/hits.csv")
    assert (done.exit_code, done.stderr) == (1, "out/hits.csv: No space left on device.\n")
    assert [(path.name, path.read_text()) for path in Path("out").iterdir()] == [("hits.csv", "before")]


def shell(command: str, platform: Platform) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `platform-assets` is the command line on a platform."""
    folders = {f"PLATFORM_{name.upper()}": str(platform.root / name) for name in ("landing", "lake", "exports")}
    environment = os.environ | folders | {"PYTHONPATH": str(Path(__file__).parents[2])}
    line = command.replace("platform-assets", f"{sys.executable} -m platform_assets.cli")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=environment, capture_output=True, text=True, check=False
    )


def test_an_export_can_be_piped(built: Platform) -> None:
    done = shell(f"platform-assets export {HITS} -o - --format tsv", built)
    assert done.returncode == 0, done.stderr
    assert pl.read_csv(io.StringIO(done.stdout), separator="\t").height == 9
    assert done.stderr == f"9 rows of {HITS} written to standard output.\n"


def test_who_stops_reading_a_pipe_sees_no_traceback(built: Platform) -> None:
    done = shell(f"platform-assets export {HITS} -o - --format csv | true", built)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_exit_codes_reach_the_shell(built: Platform) -> None:
    done = shell("platform-assets show zebra", built)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "There is no table zebra. `tables` lists all.\n")


def test_values_of_every_type_are_exported_exactly(tmp_path: Path, cli: Cli) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=timezone.utc)
    table = visits_table(tmp_path)
    rows = pa.table(
        {
            "day": [date(2026, 1, 1)] * 3,
            "page": ["b", "a", ""],
            "note": [None, "NA", "two\nlines"],
            "price": pa.array([Decimal("12345678901234567890.10"), Decimal("0.00"), None], pa.decimal128(38, 2)),
            "share": [0.1, float("nan"), None],
            "when": pa.array([moment, None, None], pa.timestamp("us", "UTC")),
            "times": pa.array([[moment], [], None], pa.list_(pa.timestamp("us", "UTC"))),
            "who": pa.array([{"id": 1, "at": moment}, None, {"id": None, "at": None}]).cast(
                pa.struct([("id", pa.int64()), ("at", pa.timestamp("us", "UTC"))])
            ),
        }
    )
    write_deltalake(table.url, rows, partition_by=["day"])
    with reading(table, Days.of("2026-01-01")) as reader:
        for kind in ("csv", "json", "parquet"):
            assert reader.write(kind, tmp_path / f"it's.{kind}") == 3
    assert (tmp_path / "it's.csv").read_bytes().decode().split("\n", 1)[1] == (
        '2026-01-01,"","two\nlines",,,,,"{""id"":null,""at"":null}"\n'
        "2026-01-01,a,NA,0.00,nan,,[],\n"
        '2026-01-01,b,,12345678901234567890.10,0.1,2026-01-02T03:04:05.12Z,"[""2026-01-02T03:04:05.12Z""]",'
        '"{""id"":1,""at"":""2026-01-02T03:04:05.12Z""}"\n'
    )
    assert (tmp_path / "it's.json").read_text().splitlines()[1:] == [
        '{"day":"2026-01-01","page":"a","note":"NA","price":0.00,"share":null,"when":null,"times":[],"who":null}',
        '{"day":"2026-01-01","page":"b","note":null,"price":12345678901234567890.10,"share":0.1,'
        '"when":"2026-01-02T03:04:05.12Z","times":["2026-01-02T03:04:05.12Z"],'
        '"who":{"id":1,"at":"2026-01-02T03:04:05.12Z"}}',
    ]
    back = pa.table(pq.read_table(tmp_path / "it's.parquet"))
    assert back.select(["price", "when", "times"]).to_pylist()[2] == {
        "price": Decimal("12345678901234567890.10"),
        "when": moment,
        "times": [moment],
    }


def test_a_table_larger_than_the_memory_is_sorted_on_disk(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platform_assets import settings

    count = 500_000
    table = visits_table(tmp_path)
    pages = f"SELECT DATE '2026-01-01' AS day, md5(range::VARCHAR) || repeat('x', 600) AS page FROM range({count})"
    write_deltalake(table.url, duckdb.sql(pages).arrow(), partition_by=["day"])
    monkeypatch.setenv("PLATFORM_ENGINE_MEMORY", "256MiB")
    settings.current.cache_clear()
    with reading(table, None) as reader:
        assert reader.write("csv", tmp_path / "pages.csv") == count
    written = pl.read_csv(tmp_path / "pages.csv")["page"]
    assert (len(written), written.is_sorted()) == (count, True)
