"""Documents of a file for each value, from the transform to the plan: in a domain of their own, of web hits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Csv, Domain, Json, Parquet, document
from platform_assets.assets.documents import EVERY_ROW
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.made import Records
from platform_assets.plan.adopt import adopt
from platform_assets.registry import FoundDomain
from platform_assets_tests.lake.storage.test_storage import get, names
from platform_assets_tests.support.due import applied, due_of, reasons
from platform_assets_tests.support.platforms import Platform, checks, failure
from platform_assets_tests.support.settings import DOMAINS

press = Domain("press", owner="team:press")
HITS = {"hits": "web/user_web_hits"}
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
SHOWN = {"Host": "url_level1", "Hits": "hits", "Last Hit": "last_hit"}


@document(Json("of_{activity}.json", SHOWN, order=("last_hit",)), domain=press, inputs=HITS)
def hosts_json(hits: DataFrame) -> DataFrame:
    """The hosts of each activity with their hits, those of test.example left out."""
    counted = hits.where("url_level1 <> 'test.example'").groupBy("day", "activity", "url_level1")
    return counted.agg(F.count("*").alias("hits"), F.max("time_stamp").alias("last_hit"))


@document(Parquet("day={day}/user={user_id}/data.parquet", ("event_id",)), domain=press, inputs=HITS)
def users_parquet(hits: DataFrame) -> DataFrame:
    """The events of each user."""
    return hits.select("day", "user_id", "event_id")


@document(Csv("{section}.csv", ("event_id", "day")), domain=press, inputs=HITS)
def sections_csv(hits: DataFrame) -> DataFrame:
    """The events of each section of a site."""
    return hits.select("day", F.col("url_level2").alias("section"), "event_id")


@document(Parquet("day.parquet", ("event_id", "time_stamp")), domain=press, inputs=HITS)
def day_parquet(hits: DataFrame) -> DataFrame:
    """All events, in one file."""
    return hits


@document(Json("lacks_{year}.json", ("event_id",)), domain=press, inputs=HITS)
def lacking_json(hits: DataFrame) -> DataFrame:
    """A file for each year, which the rows have not."""
    return hits


@document(Json("yesterday.json", ("event_id",)), domain=press, inputs=HITS)
def yesterday_json(hits: DataFrame) -> DataFrame:
    """Rows of another day than the run's."""
    return hits.select(F.date_sub("day", 1).alias("day"), "event_id")


GOOD = [FoundDomain(press, __name__, (hosts_json, users_parquet, sections_csv, day_parquet))]
BAD = [FoundDomain(press, __name__, (lacking_json, yesterday_json))]


def visit(number: int, day: str, **other: Any) -> dict[str, Any]:
    """A web event."""
    event = {
        "event_id": f"e{number}",
        "user": {"session_id": "s", "id": number % 2, "ip": "1.2.3.4"},
        "action": "view",
        "url": "https://www.example.com/news/it",
        "timestamp": f"{day[-2:]}/01/2026 10:00:{number:02}",
    }
    return event | other


def deliver(platform: Platform, day: str, *visits: dict[str, Any]) -> None:
    """All events of a day."""
    platform.deliver("web_events", day, "a.jsonl", visits)


def three_days(platform: Platform) -> None:
    """Three activities on the first day, one on the second, none on the third."""
    one, two = DAYS[:2]
    more = [visit(2, one, action="buy"), visit(3, one, action='say "ü"'), visit(4, one, url="https://a.example/blog")]
    deliver(platform, one, visit(1, one), *more, visit(5, one, url="https://test.example/x"))
    deliver(platform, two, visit(6, two, action="buy"))
    platform.materialise(DAYS[0], DAYS[-1], select='group:"web" or group:"press"')


@pytest.fixture(scope="module")
def whole(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform of three days, all built, which no test changes."""
    platform = Platform(tmp_path_factory.mktemp("many"), domains=[*DOMAINS, *GOOD])
    three_days(platform)
    return platform


@pytest.fixture
def built(engine: Engine, tmp_path: Path) -> Platform:
    """The same, for a test of its own."""
    platform = Platform(tmp_path, domains=[*DOMAINS, *GOOD])
    three_days(platform)
    return platform


def files(platform: Platform, name: str) -> Mapping[str, bytes]:
    """The files of a document, by the place and the name."""
    folder = platform.root / "exports" / "press" / name
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_each_value_has_a_file_of_its_own_also_where_rows_are_left_out_and_summed_up(whole: Platform) -> None:
    found = files(whole, "hosts_json")
    assert [*found] == [
        *("2026-01-01/of_buy.json", '2026-01-01/of_say "ü".json', "2026-01-01/of_view.json"),
        *("2026-01-02/of_buy.json", "latest/of_buy.json"),
    ]
    assert found["2026-01-01/of_view.json"].decode() == (
        "[\n"
        '{"Host": "www.example.com", "Hits": 1, "Last Hit": "2026-01-01T10:00:01.000"},\n'
        '{"Host": "a.example", "Hits": 1, "Last Hit": "2026-01-01T10:00:04.000"}\n'
        "]\n"
    )
    assert found["latest/of_buy.json"] == found["2026-01-02/of_buy.json"]


def test_a_dataset_in_folders_is_read_as_one(whole: Platform) -> None:
    folder = whole.root / "exports" / "press" / "users_parquet"
    found = ds.dataset(folder / DAYS[0], partitioning="hive").to_table().to_pylist()
    assert sorted((row["user"], row["event_id"], row["day"]) for row in found) == [
        *((0, "e2", DAYS[0]), (0, "e4", DAYS[0]), (1, "e1", DAYS[0]), (1, "e3", DAYS[0]), (1, "e5", DAYS[0])),
    ]
    assert [*files(whole, "users_parquet")][-1] == "latest/day=2026-01-02/user=0/data.parquet"


def test_a_csv_has_many_files_too_and_may_show_the_day(whole: Platform) -> None:
    found = files(whole, "sections_csv")
    assert found["2026-01-01/blog.csv"] == b"event_id,day\ne4,2026-01-01\n"
    assert found["2026-01-01/news.csv"] == b"event_id,day\ne1,2026-01-01\ne2,2026-01-01\ne3,2026-01-01\n"


def test_a_day_without_rows_of_a_parquet_of_one_file_has_its_columns(whole: Platform) -> None:
    one, _, three = (pq.read_table(whole.root / "exports/press/day_parquet" / day / "day.parquet") for day in DAYS)
    assert (one.num_rows, three.num_rows, one.schema) == (5, 0, three.schema)


def test_all_of_it_is_built_and_running_it_again_changes_nothing(built: Platform) -> None:
    assert reasons(built, "press") == {}
    before = {name: files(built, name) for name in ("hosts_json", "users_parquet", "sections_csv", "day_parquet")}
    result = built.materialise(DAYS[0], DAYS[-1], select='group:"press"')
    assert {name: files(built, name) for name in before} == before
    assert reasons(built, "press") == {}
    assert {check.passed for check in checks(result, "press/hosts_json").values()} == {True}


def test_a_bucket_has_the_same_documents_as_a_disk(
    engine: Engine, whole: Platform, tmp_path: Path, bucket: str
) -> None:
    platform = Platform(tmp_path, domains=[*DOMAINS, *GOOD], exports=bucket)
    three_days(platform)
    for name in ("hosts_json", "users_parquet"):
        url = f"{bucket}/press/{name}"
        assert {file: get(f"{url}/{file}") for file in names(url)} == files(whole, name)
    assert reasons(platform, "press") == {}
    storage.remove(f"{bucket}/press/hosts_json/2026-01-01/of_buy.json")
    assert reasons(platform, "press") == {"hosts_json": {"01": ["missing"]}}


def test_the_kind_of_the_asset_is_the_suffix_of_its_files(whole: Platform) -> None:
    graph = whole.definitions.resolve_asset_graph()
    assert {name: graph.get(press.key(name)).kinds for name in ("hosts_json", "users_parquet")} == {
        "hosts_json": {"json"},
        "users_parquet": {"parquet"},
    }


def test_the_plan_builds_what_has_changed_and_what_others_have_changed(built: Platform) -> None:
    folder = built.root / "exports" / "press" / "hosts_json"
    (folder / DAYS[0] / "of_buy.json").write_bytes(b"[]\n")
    (folder / DAYS[1] / "of_sell.json").write_bytes(b"[]\n")
    deliver(built, DAYS[2], visit(7, DAYS[2], action="sell"))
    assert {day: why for day, why in reasons(built, "press")["hosts_json"].items() if day != "03"} == {
        "01": ["missing"],
        "02": ["missing"],
    }
    applied(built, "press")
    assert reasons(built, "press") == {}
    found = files(built, "hosts_json")
    assert len(found["2026-01-01/of_buy.json"]) > 3
    assert [name for name in found if name >= DAYS[1]] == [
        *("2026-01-02/of_buy.json", "2026-01-03/of_sell.json", "latest/of_sell.json"),
    ]
    deliver(built, DAYS[2], visit(7, DAYS[2], action="sell", url="https://test.example/x"))
    applied(built, "press")
    assert [name for name in files(built, "hosts_json") if name >= DAYS[2]] == ["latest/of_buy.json"]
    assert reasons(built, "press") == {}


def test_a_run_that_is_killed_between_two_files_leaves_a_day_that_is_due(
    built: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, url: str) -> None:
        if "of_view" in url:
            raise KeyboardInterrupt
        put(file, url)

    put = storage.put
    deliver(built, DAYS[0], visit(1, DAYS[0], url="https://b.example/x"), visit(2, DAYS[0], action="sell"))
    built.materialise(DAYS[0], select='group:"web"')
    with monkeypatch.context() as killed:
        killed.setattr(storage, "put", full)
        with pytest.raises((KeyboardInterrupt, dg.DagsterExecutionInterruptedError)):
            built.materialise(DAYS[0], select='key:"press/hosts_json"')
    assert (built.root / "exports/press/hosts_json" / DAYS[0] / ".unfinished").exists()
    assert reasons(built, "press")["hosts_json"] == {"01": ["missing"]}
    applied(built, "press")
    assert [name for name in files(built, "hosts_json") if name < DAYS[1]] == [
        *("2026-01-01/of_sell.json", "2026-01-01/of_view.json"),
    ]
    assert reasons(built, "press") == {}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://www.example.com", "press/sections_csv: section is NULL in 1 rows of 2026-01-03"),
        ("https://www.example.com/.git/x", "press/sections_csv: section is '.git' in 1 rows of 2026-01-03"),
    ],
)
def test_a_value_that_no_file_can_be_named_by_stops_the_run(built: Platform, url: str, said: str) -> None:
    before = files(built, "sections_csv")
    deliver(built, DAYS[2], visit(7, DAYS[2]), visit(8, DAYS[2], url=url))
    result = built.materialise(DAYS[0], DAYS[2], select='+key:"press/sections_csv"', check=False)
    assert failure(result).startswith(f"{said}, and no file can be named {{section}}.csv by that.")
    assert files(built, "sections_csv") == before


def test_a_format_that_loses_rows_is_found_out(built: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def losing(self: Json, contents: Any, settings: Any) -> int:
        return write(self, {file: rows.head(1) for file, rows in contents.items()}, settings)

    write, before = Json.write, files(built, "hosts_json")
    monkeypatch.setattr(Json, "write", losing)
    result = built.materialise(DAYS[0], select='key:"press/hosts_json"', check=False)
    assert "3 rows written, 4 given by the transform" in failure(result)
    assert not checks(result, "press/hosts_json")[EVERY_ROW].passed
    assert files(built, "hosts_json") == before


def test_rows_that_cannot_be_in_a_document_of_the_run_stop_it(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path, domains=[*DOMAINS, *BAD])
    deliver(platform, DAYS[0], visit(1, DAYS[0]), visit(2, DAYS[0]))
    platform.materialise(DAYS[0], select='group:"web"')
    result = platform.materialise(DAYS[0], select='key:"press/yesterday_json"', check=False)
    assert "0 rows written, 2 given by the transform, 2 of them of days that are not the run's" in failure(result)
    said = failure(platform.materialise(DAYS[0], select='key:"press/lacking_json"', check=False))
    assert said.startswith(
        "press/lacking_json: its rows have no column year, which the name of its files, lacks_{year}"
    )
    assert not list((platform.root / "exports").rglob("*.json"))


def test_days_of_which_the_records_are_lost_are_adopted_or_due(built: Platform) -> None:
    storage.remove(Records(built.url("press/hosts_json")).url)
    found = due_of(built, "press")
    key = press.key("hosts_json")
    assert {day.day: why[0].kind for day, why in found.reported[key].items()} == {1: "unknown", 2: "unknown"}
    assert {day.day: why[0].kind for day, why in found.days[key].items()} == {3: "missing"}
    list(adopt(built.catalog, [key], lambda: pytest.fail("no rows are read for it")))
    assert {day.day for day in due_of(built, "press").days[key]} == {3}
