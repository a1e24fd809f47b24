"""What AWS settings say of the store, and what each client is told of it: the endpoint, and whom to trust."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.engines.spark import Spark
from platform_assets.lake.storage import s3
from platform_assets.settings import Settings
from platform_assets_tests.support.services.certificates import Authority

FIPS = {"AWS_USE_FIPS_ENDPOINT": "true"}
DUALSTACK = {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
ENDPOINT = "spark.hadoop.fs.s3a.endpoint"
TRUST = "spark.driver.extraJavaOptions"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, other_client: None) -> None:
    """An environment that says nothing of a store, nor of Spark."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SPARK_", "SSL_CERT_"))]:
        monkeypatch.delenv(name)
    # What a test sets in the environment, if only by what it calls, is gone after it.
    for name in ("AWS_ENDPOINT", "AWS_REGION", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such/file")


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def spark(**words: Any) -> dict[str, str]:
    """The options of a Spark whose lake is on S3."""
    return dict(Spark(Settings(_env_file=None, engine="spark", lake="s3://lake", **words)).spark_config())


@pytest.mark.parametrize(
    ("region", "variables", "host"),
    [
        ("eu-west-1", FIPS, "s3-fips.eu-west-1.amazonaws.com"),
        ("us-east-1", FIPS, "s3-fips.us-east-1.amazonaws.com"),
        ("eu-west-1", DUALSTACK, "s3.dualstack.eu-west-1.amazonaws.com"),
        ("us-east-1", FIPS | DUALSTACK, "s3-fips.dualstack.us-east-1.amazonaws.com"),
        ("cn-north-1", DUALSTACK, "s3.dualstack.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", {"AWS_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"}, "s3.eu-west-1.amazonaws.com"),
        ("eu-west-1", {"AWS_ENDPOINT_URL_S3": "https://b.vpce-1.s3.amazonaws.com/"}, "b.vpce-1.s3.amazonaws.com"),
    ],
)
def test_an_endpoint_that_is_not_the_standard_one_of_the_region_is_told_to_every_client(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str], host: str
) -> None:
    set_all(monkeypatch, {"AWS_REGION": region} | variables)
    assert s3.delta_options()["AWS_ENDPOINT"] == f"https://{host}"
    options = s3.spark_options()
    assert options[ENDPOINT] == f"https://{host}"
    assert options["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert options["spark.hadoop.fs.s3a.endpoint.region"] == region


@pytest.mark.parametrize("line", ["use_fips_endpoint = true", "endpoint_url = https://s3-fips.eu-west-1.amazonaws.com"])
def test_a_profile_says_it_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"[profile etl]\nregion = eu-west-1\n{line}\n")
    set_all(monkeypatch, {"AWS_PROFILE": "etl", "AWS_CONFIG_FILE": str(config)})
    assert s3.endpoint() == "https://s3-fips.eu-west-1.amazonaws.com"
    assert s3.delta_options()["AWS_ENDPOINT"] == s3.endpoint()


@pytest.mark.parametrize(
    ("region", "lines"),
    [
        ("eu-west-1", ()),
        ("eu-west-1", ("endpoint_url = https://s3.eu-west-1.amazonaws.com/",)),
        ("us-east-1", ()),
        ("us-east-1", ("s3 =", "  us_east_1_regional_endpoint = regional")),
        ("us-east-1", ("endpoint_url = https://s3.amazonaws.com",)),
        ("us-east-1", ("endpoint_url = https://s3.us-east-1.amazonaws.com",)),
        ("us-gov-west-1", ()),
    ],
)
def test_the_standard_endpoint_of_a_region_is_found_by_every_client_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, region: str, lines: tuple[str, ...]
) -> None:
    config = tmp_path / "config"
    config.write_text("".join(f"{line}\n" for line in ("[default]", f"region = {region}", *lines)))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert s3.endpoint() is None
    assert s3.delta_options() == {"AWS_REGION": region}
    assert ENDPOINT not in s3.spark_options()


def test_the_standard_endpoint_is_told_to_those_who_would_take_that_of_all_services_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standard = "https://s3.eu-west-1.amazonaws.com"
    set_all(monkeypatch, {"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_ENDPOINT_URL_S3": standard})
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert s3.delta_options()["AWS_ENDPOINT"] == standard


def test_the_standard_endpoint_of_china_is_told_to_those_who_do_not_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    assert s3.delta_options()["AWS_ENDPOINT"] == "https://s3.cn-north-1.amazonaws.com.cn"
    assert ENDPOINT not in s3.spark_options()


def test_the_embedded_engine_is_told_the_endpoint_where_no_client_of_another_service_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, {"AWS_REGION": "eu-west-1"} | FIPS)
    engine = Sail(Settings(_env_file=None, lake="s3://lake"))
    engine.reach(engine.settings.places)
    assert os.environ["AWS_ENDPOINT"] == "https://s3-fips.eu-west-1.amazonaws.com"
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.java
def test_spark_that_is_told_to_use_fips_by_its_own_option_is_not_given_an_endpoint_which_it_would_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, {"AWS_REGION": "eu-west-1"} | FIPS)
    assert ENDPOINT in spark()
    assert ENDPOINT not in spark(spark_config={f"{ENDPOINT}.fips": "true"})


def test_the_other_clients_trust_what_boto3_is_told_to_trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = str(Authority(tmp_path).file)
    set_all(monkeypatch, {"AWS_CA_BUNDLE": bundle, "AWS_ENDPOINT_URL": "https://store:9000"})
    s3.client()
    assert os.environ["SSL_CERT_FILE"] == bundle


def test_nothing_is_trusted_anew_where_the_store_speaks_plain_http(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = str(Authority(tmp_path).file)
    set_all(monkeypatch, {"AWS_CA_BUNDLE": bundle, "AWS_ENDPOINT_URL": "http://store:9000"})
    assert s3.own_certificates() == set()
    assert "SSL_CERT_FILE" not in os.environ


def test_certificates_that_the_other_clients_are_told_not_to_trust_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, other = (Authority(tmp_path / name).file for name in ("one", "other"))
    set_all(monkeypatch, {"AWS_CA_BUNDLE": str(one), "SSL_CERT_FILE": str(other), "AWS_REGION": "eu-west-1"})
    with pytest.raises(PlatformError, match=f"AWS_CA_BUNDLE={one} .* SSL_CERT_FILE={other}, in which 1 of its"):
        s3.client()
    other.write_bytes(other.read_bytes() + one.read_bytes())
    s3.client()
    assert os.environ["SSL_CERT_FILE"] == str(other)


def test_a_file_of_certificates_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, {"AWS_CA_BUNDLE": str(tmp_path / "none.pem"), "AWS_REGION": "eu-west-1"})
    with pytest.raises(PlatformError, match=r"The certificates of .*none.pem cannot be read .*: correct AWS_CA_BUNDLE"):
        s3.client()


@pytest.mark.java
def test_spark_is_refused_a_store_that_java_does_not_trust_unless_a_trust_store_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_all(monkeypatch, {"AWS_CA_BUNDLE": str(Authority(tmp_path).file), "AWS_REGION": "eu-west-1"})
    with pytest.raises(PlatformError, match=r"does not trust 1 of the 1 certificates(.|\n)*keytool -importcert"):
        spark()
    trust = "-Djavax.net.ssl.trustStore=/srv/s3.jks"
    assert spark(spark_config={TRUST: trust})[TRUST] == trust
    for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "SPARK_SUBMIT_OPTS"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(name, trust)
            spark()
