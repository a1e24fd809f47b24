"""Where the store is called, and how it is trusted: as the AWS settings tell boto3, by every client of a run."""

from __future__ import annotations

import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from platform_assets.lake.engines.spark import Spark
from platform_assets.lake.engines.spark_start import with_jars
from platform_assets.settings import Settings
from platform_assets_tests.processes.test_s3 import HITS, RAW, lake_of, on_s3
from platform_assets_tests.support.engines import SPARK_FOR_FEW_ROWS
from platform_assets_tests.support.processes.sites import DAYS, Site, events
from platform_assets_tests.support.services.certificates import Authority
from platform_assets_tests.support.services.faults import Faults, faulty
from platform_assets_tests.support.services.s3 import REGION, S3Server, s3_server
from platform_assets_tests.support.services.spark import connect_server

PRIVATE_LINK = "bucket.vpce-0ab.s3.eu-west-1.vpce.amazonaws.com"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server of the test's own."""
    with s3_server(tmp_path / "s3") as server:
        yield server


def with_profile(site: Site, *lines: str) -> None:
    """Say where the store is in a profile, and nowhere else."""
    config = site.root / "config"
    config.write_text("".join(f"{line}\n" for line in ("[profile etl]", *lines)))
    del site.variables["AWS_ENDPOINT_URL"]
    site.variables |= {"AWS_PROFILE": "etl", "AWS_CONFIG_FILE": str(config)}


@contextmanager
def by_proxy(server: S3Server, site: Site, tls: ssl.SSLContext | None = None) -> Iterator[Faults]:
    """A delivery for a platform whose processes reach everything through a proxy."""
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    server.upload(site.root / "landing", site.settings.landing)
    with faulty(server, lambda number, method, path: None, tls) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            site.variables |= {name: proxy.endpoint, name.lower(): proxy.endpoint}
        yield proxy


def hosts_called(server: S3Server, site: Site, proxy: Faults, *command: str) -> dict[str, Counter[str]]:
    """Make tables; the hosts that were called meanwhile, and by which programs."""
    done = site.dagster(*command, DAYS[0])
    assert done.returncode == 0, done.stdout[-5000:]
    assert lake_of(server).event_ids_of("web/raw_events") == ["a1"]
    assert proxy.refused == []
    return proxy.hosts


def test_the_endpoint_of_a_profile_is_called_by_every_client_and_nothing_else_is(
    server: S3Server, tmp_path: Path
) -> None:
    site = on_s3(server, tmp_path)
    with_profile(site, f"endpoint_url = http://{PRIVATE_LINK}")
    with by_proxy(server, site) as proxy:
        hosts = hosts_called(server, site, proxy, *HITS)
    assert set(hosts) == {PRIVATE_LINK}
    assert {"Boto3", "object_store"} <= set(hosts[PRIVATE_LINK])


def test_the_endpoint_of_s3_wins_over_that_of_all_services_for_every_client(server: S3Server, tmp_path: Path) -> None:
    site = on_s3(server, tmp_path)
    site.variables |= {"AWS_ENDPOINT_URL": "http://services.invalid", "AWS_ENDPOINT_URL_S3": f"http://{PRIVATE_LINK}"}
    with by_proxy(server, site) as proxy:
        assert set(hosts_called(server, site, proxy, *RAW)) == {PRIVATE_LINK}


def test_a_profile_may_ask_for_other_endpoints_of_amazon_and_trust_an_authority_of_its_own(
    server: S3Server, tmp_path: Path
) -> None:
    host = f"s3-fips.dualstack.{REGION}.amazonaws.com"
    authority = Authority(tmp_path / "authority")
    site = on_s3(server, tmp_path)
    with_profile(
        site,
        "use_fips_endpoint = true",
        "use_dualstack_endpoint = true",
        f"ca_bundle = {authority.file}",
        "s3 =",
        "  addressing_style = path",
    )
    site.variables |= {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
    with by_proxy(server, site, authority.vouch_for(host)) as proxy:
        hosts = hosts_called(server, site, proxy, *RAW)
    assert set(hosts) == {host}
    assert {"Boto3", "object_store"} <= set(hosts[host])


@pytest.mark.java
def test_spark_calls_and_trusts_the_same_endpoint_with_the_trust_store_that_its_refusal_asks_for(
    server: S3Server, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    site = on_s3(server, tmp_path, engine="spark", spark_config=SPARK_FOR_FEW_ROWS)
    with_profile(site, f"endpoint_url = https://{PRIVATE_LINK}", "use_dualstack_endpoint = true")
    site.variables |= {"AWS_CA_BUNDLE": str(authority.file), "SSL_CERT_FILE": str(authority.file)}
    option = "spark.driver.extraJavaOptions"
    with by_proxy(server, site, authority.vouch_for(PRIVATE_LINK)) as proxy:
        refused = site.dagster(*RAW, DAYS[0])
        assert refused.returncode != 0
        assert "Spark would not trust the store" in refused.stdout
        command = next(line for line in refused.stdout.splitlines() if "keytool -importcert" in line)
        subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
        address = urlsplit(proxy.endpoint)
        site.given["spark_config"] = SPARK_FOR_FEW_ROWS | {
            "spark.hadoop.fs.s3a.proxy.host": str(address.hostname),
            "spark.hadoop.fs.s3a.proxy.port": str(address.port),
            option: f"{SPARK_FOR_FEW_ROWS[option]} -Djavax.net.ssl.trustStore={tmp_path / 's3.jks'}",
        }
        hosts = hosts_called(server, site, proxy, *RAW)
    assert set(hosts) == {PRIVATE_LINK}
    assert {"Boto3", "object_store"} < set(hosts[PRIVATE_LINK])


@pytest.fixture
def jars_with_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_client: None) -> Path:
    """A folder with the jars of Delta and of S3, as Spark has loaded them."""
    monkeypatch.delenv("SPARK_CONNECT_MODE_ENABLED", raising=False)
    folder = tmp_path / "jars"
    folder.mkdir()
    options = Spark(Settings(_env_file=None, engine="spark", lake="s3://lake")).spark_config()
    for jar in with_jars(options)["spark.jars"].split(","):
        path = Path(urlsplit(jar).path)
        (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.java
def test_a_spark_connect_server_on_s3_is_started_as_its_guide_says(
    server: S3Server, jars_with_s3: Path, tmp_path: Path
) -> None:
    with connect_server(tmp_path, jars_with_s3, server) as connect:
        site = on_s3(server, tmp_path, engine="spark", spark_master=connect.url)
        site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
        server.upload(site.root / "landing", site.settings.landing)
        done = site.dagster(*RAW, DAYS[0])
        assert done.returncode == 0, done.stdout[-5000:]
    assert lake_of(server).event_ids_of("web/raw_events") == ["a1"]
