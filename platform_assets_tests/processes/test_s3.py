"""The platform on a real S3 server: its tables, its commands, and what happens when the server does not do as asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.tables.published import open_delta
from platform_assets_tests.support.platforms import EACH_DAY, Platform
from platform_assets_tests.support.processes.sites import (
    DAYS,
    LONGEST,
    MATERIALIZE,
    SAMPLES,
    TABLES,
    TWO_DAYS,
    Site,
    events,
    kill,
    wait_for,
)
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.s3 import S3Server, environment, s3_server

WEB = (*MATERIALIZE, "--select", EACH_DAY, "--partition-range")
# What reads and writes all three places, and no more.
HITS = (
    *MATERIALIZE,
    "--select",
    "web/raw_events,web/user_web_hits,web/user_web_hits_csv",
    "--partition",
)
RAW = (*MATERIALIZE, "--select", "web/raw_events", "--partition")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server of the test's own, which it may kill."""
    with s3_server(tmp_path / "s3") as server:
        yield server


def on_s3(server: S3Server, root: Path, **settings: Any) -> Site:
    """A platform that has everything in buckets; those are made, and empty."""
    places = {place: f"{server.make_bucket(place)}/team/{place}" for place in ("landing", "lake", "exports")}
    site = Site(root, server.environment, **places | settings)
    site.forget_events()
    return site


def lake_of(server: S3Server) -> Platform:
    """The tables as they lie on the server's disk, read behind its back."""
    return Platform(server.buckets, lake=str(server.buckets / "lake" / "team" / "lake"))


def assert_same(server: S3Server, local: Platform) -> None:
    """Fail unless tables and documents on the server are those of the local platform."""
    for name in TABLES:
        assert lake_of(server).rows(name) == local.rows(name), name
    documents = {path.relative_to(local.root / "exports"): path for path in (local.root / "exports").rglob("*.csv")}
    assert documents
    exports = server.buckets / "exports" / "team" / "exports"
    assert {path.relative_to(exports) for path in exports.rglob("*") if path.is_file()} == set(documents)
    for name, path in documents.items():
        assert (exports / name).read_bytes() == path.read_bytes(), name


@pytest.mark.parametrize("place", ["landing", "lake", "exports"])
def test_each_of_landing_lake_and_exports_may_lie_on_s3_alone(
    bucket: str, aws: S3Server, tmp_path: Path, place: str
) -> None:
    local = Platform(tmp_path / "local")
    platform = Platform(tmp_path, **{place: f"{bucket}/{place}"})
    for one in (local, platform):
        for n, day in enumerate(DAYS):
            one.deliver("web_events", day, "odd [name] #1.jsonl.gz", events(day, f"a{n}", f"b{n}"))
    aws.upload(platform.root / "landing", f"{bucket}/landing")
    for one in (local, platform):
        one.materialise(DAYS[0], DAYS[-1])
    for name in TABLES:
        assert platform.rows(name) == local.rows(name) != []
    if place == "exports":
        exports = aws.buckets / bucket.removeprefix("s3://") / "exports"
    else:
        exports = platform.root / "exports"
    csv = Path("web", "user_web_hits_csv", "latest", "user_web_hits.csv")
    assert (exports / csv).read_bytes() == (local.root / "exports" / csv).read_bytes()


def test_a_delivery_of_thousands_of_files_is_read_whole(bucket: str, aws: S3Server, tmp_path: Path) -> None:
    # S3 lists a thousand at a time: here are a first page, one in the middle, and a last one that is not full.
    files = 2100
    lines = [events(DAYS[0], f"e{n}")[0] for n in range(files)]
    for n, line in enumerate(lines):
        path = tmp_path / "landing" / "web_events" / DAYS[0] / f"{n:04}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(line)}\n")
    aws.upload(tmp_path / "landing", f"{bucket}/landing")
    platform = Platform(tmp_path, landing=f"{bucket}/landing", lake=f"{bucket}/lake")
    platform.materialise(DAYS[0], select="web/raw_events")
    rows = platform.rows("web/raw_events", "event_id", "source_file")
    assert {(row["event_id"], row["source_file"]) for row in rows} == {(f"e{n}", f"{n:04}.jsonl") for n in range(files)}
    assert len(rows) == files


def test_a_small_object_of_many_costs_four_requests(
    bucket: str, aws: S3Server, other_client: None, tmp_path: Path
) -> None:
    files = [f"{n}.jsonl" for n in range(10)]
    for name in files:
        path = tmp_path / "landing" / "web_events" / DAYS[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(events(DAYS[0], name)[0])}\n")
    aws.upload(tmp_path / "landing", f"{bucket}/landing")
    platform = Platform(tmp_path, landing=f"{bucket}/landing")
    asked: list[tuple[str, str]] = []
    with (
        faulty(aws, lambda number, method, path: asked.append((method, path.rpartition("/")[2]))) as proxy,
        environment({"AWS_ENDPOINT_URL": proxy.endpoint}),
    ):
        platform.materialise(DAYS[0], select="web/raw_events")
    assert len(platform.rows("web/raw_events")) == len(files)
    of_files = Counter(request for request in asked if request[1] in files)
    assert of_files == {(method, name): 2 for method in ("HEAD", "GET") for name in files}


def test_the_commands_work_on_a_lake_on_s3(server: S3Server, tmp_path: Path) -> None:
    site = on_s3(server, tmp_path)
    site.deliver("web_events", DAYS[0], "events.jsonl", [*events(DAYS[0], "a1", "a2"), "{broken"])
    server.upload(site.root / "landing", site.settings.landing)
    for _ in range(2):
        assert site.dagster(*HITS, DAYS[0]).returncode == 0

    target = f"{site.settings.exports}/hits.csv"
    said = site.commands(
        ["tables"],
        ["summary"],
        ["show", "web/user_web_hits"],
        ["rejected", "web/raw_events"],
        ["restore", "web/user_web_hits", "1", "--yes"],
        ["history", "web/user_web_hits"],
        ["export", "web/user_web_hits", "-o", target],
        ["clean"],
        ["clean", "--vacuum", "0", "--yes"],
    )
    expected = (
        "web/user_web_hits",
        "web/raw_events",
        "a1",
        "malformed",
        "version 1 is current again",
        "RESTORE",
        "2 rows",
        "There is nothing to remove",
        "Removed",
    )
    for one, words in zip(said, expected, strict=True):
        assert words in one
    exported = (server.buckets / target.removeprefix("s3://")).read_text()
    assert [line.split(",")[0] for line in exported.splitlines()[1:]] == [DAYS[0]] * 2
    assert lake_of(server).event_ids_of("web/user_web_hits") == ["a1", "a2"]


def test_the_web_domain_on_s3_has_the_tables_and_documents_of_a_local_one_though_the_server_fails_for_a_while(
    server: S3Server, two_sample_days: Platform, tmp_path: Path
) -> None:
    site = on_s3(server, tmp_path)
    server.upload(SAMPLES, site.settings.landing)
    faults = {
        3: Fault(500, "InternalError"),
        9: Fault(503, "SlowDown"),
        10: Fault(503, "ServiceUnavailable"),
        # The server has done what was asked, and its answer is lost: what is asked again must not be done twice.
        17: Fault(500, "InternalError", done=True),
    }
    with faulty(server, lambda number, method, path: faults.get(number % 37)) as proxy:
        site.variables["AWS_ENDPOINT_URL"] = proxy.endpoint
        done = site.dagster(*WEB, "...".join(TWO_DAYS))
    assert done.returncode == 0, done.stdout[-5000:]
    assert {fault for fault, _, _ in proxy.injected} == set(faults.values())
    assert_same(server, two_sample_days)
    for table in TABLES:
        commits = open_delta(lake_of(server).url(table)).history()
        assert [commit["operation"] for commit in commits] == ["WRITE", "CREATE TABLE"]


def test_a_bucket_that_is_not_there_is_named_before_anything_is_done(server: S3Server, tmp_path: Path) -> None:
    site = on_s3(server, tmp_path, exports="s3://no-such-bucket/exports")
    done = site.dagster(*RAW, DAYS[0])
    assert done.returncode != 0
    assert "PLATFORM_EXPORTS=s3://no-such-bucket/exports: there is no bucket no-such-bucket" in done.stdout
    assert lake_of(server).version("web/raw_events") is None
    assert list(server.client().list_objects_v2(Bucket="lake").get("Contents", [])) == []


def test_access_that_is_denied_names_the_bucket_and_the_setting(server: S3Server, tmp_path: Path) -> None:
    server.make_user("reader", "reader-secret")
    site = on_s3(server, tmp_path)
    site.variables |= server.environment_of("reader", "reader-secret")
    done = site.dagster(*RAW, DAYS[0])
    assert done.returncode != 0
    assert f"PLATFORM_LANDING={site.settings.landing}: the bucket landing refused access" in done.stdout
    listed = site.run("platform_assets.cli", "tables")
    assert listed.returncode != 0
    assert f"PLATFORM_LAKE={site.settings.lake}: the bucket lake refused access" in listed.stdout
    assert "Traceback" not in listed.stdout


def test_a_lake_that_may_be_read_and_not_written_is_told_and_keeps_what_it_had(
    server: S3Server, tmp_path: Path
) -> None:
    site = on_s3(server, tmp_path)
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    server.upload(site.root / "landing", site.settings.landing)
    assert site.dagster(*RAW, DAYS[0]).returncode == 0
    server.make_user("reader", "reader-secret")
    for place in ("landing", "lake", "exports"):
        server.let_read("reader", place)
    site.variables |= server.environment_of("reader", "reader-secret")
    done = site.dagster(*RAW, DAYS[0])
    assert done.returncode != 0
    assert "PLATFORM_LAKE" in done.stdout
    assert "the bucket lake refused" in done.stdout
    assert lake_of(server).version("web/raw_events") == 1


def test_credentials_of_a_profile_reach_every_library(server: S3Server, tmp_path: Path) -> None:
    site = on_s3(server, tmp_path)
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    server.upload(site.root / "landing", site.settings.landing)
    access, secret = (site.variables.pop(f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[etl]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n")
    site.variables |= {"AWS_PROFILE": "etl", "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    done = site.dagster(*HITS, DAYS[0])
    assert done.returncode == 0, done.stdout[-5000:]
    assert lake_of(server).event_ids_of("web/user_web_hits") == ["a1"]


def test_a_server_that_dies_between_staging_and_publishing_publishes_nothing(server: S3Server, tmp_path: Path) -> None:
    site = on_s3(server, tmp_path)
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    server.upload(site.root / "landing", site.settings.landing)
    assert site.dagster(*RAW, DAYS[0]).returncode == 0
    site.deliver("web_events", DAYS[0], "more.jsonl", events(DAYS[0], "a2"))
    server.upload(site.root / "landing", site.settings.landing)
    ready, go = tmp_path / "ready", tmp_path / "go"
    held = ("-m", "platform_assets_tests.support.processes.held", "audited", str(ready), str(go), *RAW, DAYS[0])
    with site.started(*held) as run:
        wait_for("the rows are staged", ready.exists)
        server.kill()
        go.touch()
        assert run.wait(timeout=LONGEST) != 0
        kill(run)
    assert lake_of(server).version("web/raw_events") == 1
    assert lake_of(server).event_ids_of("web/raw_events") == ["a1"]
    server.start()
    assert site.dagster(*RAW, DAYS[0]).returncode == 0
    assert lake_of(server).event_ids_of("web/raw_events") == ["a1", "a2"]
    assert site.run("platform_assets.cli", "clean", "--older-than", "0").returncode == 0
    assert lake_of(server).event_ids_of("web/raw_events") == ["a1", "a2"]
    runs = Path(lake_of(server).url("web/raw_events"), "runs")
    assert len(list(runs.iterdir())) == 2, "the run that could not publish has left something"
