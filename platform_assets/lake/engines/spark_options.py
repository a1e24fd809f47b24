"""What an Apache Spark session is started with, and what it must have: Java, jars, options, Delta."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.engines.connection import DEFAULT_PORT
from platform_assets.lake.storage import absolute, any_on_s3
from platform_assets.masking import masked
from platform_assets.settings import TIME_ZONE, Settings

_DELTA_PACKAGE = "io.delta:delta-spark_4.2_2.13:4.4.0"
_DELTA_JAR = "delta-spark"
_S3_PACKAGE = "org.apache.hadoop:hadoop-aws:3.5.0"
# Older Hadoop clients, and a second logger, would land on the class path through these
# (workaround: delta-older-hadoop).
_EXCLUDES = (
    "io.unitycatalog:unitycatalog-hadoop,org.apache.hadoop:hadoop-client-api,"
    "org.apache.hadoop:hadoop-client-runtime,org.apache.logging.log4j:log4j-slf4j2-impl"
)
_DELTA_OPTIONS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# Delta's default of 50 makes a hundred small tasks of every look at a table's log.
_SMALL_LOGS = {"spark.databricks.delta.snapshotPartitions": "2"}
_FILES = {
    # What Spark writes is a log of one run, that nobody verifies later.
    "spark.databricks.delta.writeChecksumFile.enabled": "false",
    # Unless told so, Spark writes timestamps as other readers no longer expect them
    # (workaround: spark-int96-timestamps).
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
# The usual one keeps checksums beside files, and can read none with a colon in its name
# (workaround: spark-names-with-colons). S3's client needs that one.
_LOCAL_FILES = {"spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem"}
_OLDEST_JAVA = 17
_TRUST_STORE = "-Djavax.net.ssl.trustStore"
_ENDPOINT = "spark.hadoop.fs.s3a.endpoint"
_FIPS = f"{_ENDPOINT}.fips"
_NAME = "spark.app.name"


def own_options(settings: Settings) -> dict[str, str]:
    """The options of a session whose driver is this process; the user's own win.

    Raises `PlatformError` when it cannot start: without Java 17, without jars, or led astray by the environment.
    """
    _refuse_detours()
    _require_java()
    _require_spark_home()
    master = settings.spark_master
    if master.startswith("spark://"):
        _require_master(master)
    local = master.startswith("local")
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return (
        {
            TIME_ZONE: "UTC",
            "spark.api.mode": "classic",
            "spark.master": master,
            _NAME: "platform_assets",
            "spark.ui.enabled": "false" if local else "true",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": f"{max(int(settings.engine_memory) >> 20, 512)}m",
        }
        | _DELTA_OPTIONS
        | _SMALL_LOGS
        | _FILES
        | _jars(settings)
        | (_s3_options(settings) if any_on_s3(settings.places) else _LOCAL_FILES)
        | ({"spark.sql.shuffle.partitions": str(os.cpu_count() or 2)} if local else {})
        | settings.spark_config
    )


def remote_options(settings: Settings) -> dict[str, str]:
    """The options of a session on a Spark Connect server, which has its own jars and its own Delta."""
    return {TIME_ZONE: "UTC", "spark.remote": settings.spark_master} | _SMALL_LOGS | settings.spark_config


def require_server(settings: Settings) -> None:
    """Raise `TemporaryError` when nothing answers at the address of the Spark Connect server.

    The client itself would try for ten minutes before it says so (workaround: connect-tries-ten-minutes).
    """
    url = urlsplit(settings.spark_master)
    try:
        socket.create_connection((url.hostname or "", url.port or DEFAULT_PORT), timeout=10).close()
    except (OSError, ValueError) as error:
        raise TemporaryError(
            f"No Spark Connect server answers at {address(settings)} ({error}): start it, or correct "
            "PLATFORM_SPARK_MASTER.",
        ) from error


def _require_master(url: str) -> None:
    """Raise `TemporaryError` when no master of a standalone cluster answers; Spark would try for a minute."""
    errors = []
    for place in url.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except OSError as error:
            errors.append(str(error))
        else:
            return
    raise TemporaryError(
        f"No master of a standalone cluster answers at {url} ({'; '.join(errors)}): start it, or correct "
        "PLATFORM_SPARK_MASTER. Nothing was published."
    )


def refuse_other_options(session: SparkSession, wanted: Mapping[str, str]) -> None:
    """Raise `PlatformError` unless a session that is there already has the options that one of ours would have."""
    differences = _differences(session, {name: value for name, value in wanted.items() if name != _NAME})
    if differences:
        raise PlatformError(
            "This process has a Spark session already, with other options than the platform's; it was left as it is.\n"
            + "\n".join(f"  - {difference}" for difference in differences)
            + "\nStop it first (SparkSession.active().stop()), start it with these options, or set those it has in "
            "PLATFORM_SPARK_MASTER and PLATFORM_SPARK_CONFIG."
        )


def refuse_lost_options(session: SparkSession, settings: Settings) -> None:
    """Raise `PlatformError` when a Spark Connect server did not take an option of the user's."""
    lost = _differences(session, settings.spark_config)
    if lost:
        raise PlatformError(
            f"The Spark Connect server {address(settings)} does not take these options of "
            "PLATFORM_SPARK_CONFIG from a client:\n" + "\n".join(f"  - {option}" for option in lost) + "\n"
            "Start the server with them, and leave them out here."
        )


def require_delta(session: SparkSession, settings: Settings) -> None:
    """Raise `PlatformError` when a Spark Connect server was not started for Delta tables."""
    missing = [name for name, value in _DELTA_OPTIONS.items() if value not in (session.conf.get(name, None) or "")]
    if missing:
        options = " ".join(f"--conf {name}={value}" for name, value in _DELTA_OPTIONS.items())
        raise PlatformError(
            f"The Spark Connect server {address(settings)} has no Delta ({', '.join(missing)}): nothing was "
            f"written. Start it with\n  --packages {_DELTA_PACKAGE} --exclude-packages {_EXCLUDES} {options}"
        )


def address(settings: Settings) -> str:
    """The URL of the Spark Connect server without its parameters: one of them is the token."""
    return settings.spark_master.split("/;")[0]


def _differences(session: SparkSession, wanted: Mapping[str, str]) -> list[str]:
    found = {name: session.conf.get(name, None) for name in wanted}

    def shown(name: str) -> str:
        value = found[name]
        return "not set" if value is None else masked(name, value)

    return [
        f"{name} is {shown(name)} there, not {masked(name, value)}"
        for name, value in wanted.items()
        if found[name] != value
    ]


def _refuse_detours() -> None:
    """Fail where variables of the environment would lead Spark to another server, whatever its master.

    Spark sets one of them itself, and leaves it there (workaround: connect-mode-stays-on).
    """
    found = [name for name in ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED") if name in os.environ]
    if found:
        raise PlatformError(
            f"{' and '.join(found)} in the environment would lead Spark past PLATFORM_SPARK_MASTER, to a Spark Connect "
            "server: unset it. (Spark sets it itself once a process has used Spark Connect: start another process.)"
        )


def _require_java() -> None:
    """Fail where Spark would find no Java, or one too old, in a sentence instead of a stack trace."""
    home = os.environ.get("JAVA_HOME")
    where = f"in JAVA_HOME={home}" if home else "on this machine"
    java = shutil.which("java", path=os.path.join(home, "bin") if home else None)
    found = "there is none"
    if java:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(?:1\.)?(\d+)', said)
        if version and int(version[1]) >= _OLDEST_JAVA:
            return
        found = f"{java} is Java {version[1]}" if version else f"{java} does not tell its version"
    raise PlatformError(
        f"The engine `spark` needs Java {_OLDEST_JAVA} or newer {where}, and {found}: install it, or set "
        "PLATFORM_ENGINE=sail, which needs none."
    )


def _s3_options(settings: Settings) -> dict[str, str]:
    from platform_assets.lake.storage import s3

    if wanted := s3.own_certificates():
        _require_trust(settings, wanted)
    options = s3.spark_options()
    if settings.spark_config.get(_FIPS) == "true":
        # S3A finds that endpoint itself then, and refuses to be given one.
        options.pop(_ENDPOINT, None)
    return options


def _require_trust(settings: Settings, wanted: set[str]) -> None:
    """Fail where Java would not trust the store as boto3 does."""
    from platform_assets.lake.storage import trust

    options = [f"spark.driver.{name}" for name in ("extraJavaOptions", "defaultJavaOptions")]
    said = [settings.spark_config.get(name, "") for name in options]
    said += [os.environ.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "SPARK_SUBMIT_OPTS")]
    if any(_TRUST_STORE in words for words in said):
        return
    bundle = trust.bundle_of_boto3()
    missing = wanted - trust.certificates_in(_trusted_by_java())
    if missing:
        raise PlatformError(
            f"Java does not read AWS_CA_BUNDLE={bundle} (or ca_bundle of the profile), and does not trust "
            f"{len(missing)} of the {len(wanted)} certificates in it: Spark would not trust the store. "
            "Make a trust store (one command for each certificate),\n"
            f"  keytool -importcert -noprompt -alias s3 -file {bundle} -keystore s3.jks -storetype JKS "
            "-storepass changeit\n"
            f'and name it in PLATFORM_SPARK_CONFIG, {{"{options[0]}": "{_TRUST_STORE}=/path/to/s3.jks"}}, on a cluster '
            "in spark.executor.extraJavaOptions as well. Nothing was published."
        )


def _trusted_by_java() -> str:
    """The certificates that Java trusts by itself; empty where it does not tell."""
    home = os.environ.get("JAVA_HOME")
    tool = shutil.which("keytool", path=os.path.join(home, "bin") if home else None)
    command = [tool or "", "-list", "-rfc", "-cacerts", "-storepass", "changeit"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout if tool else ""


def _require_spark_home() -> None:
    """Fail where the environment names a Spark that is none, instead of starting another, or with a stack trace."""
    home = os.environ.get("SPARK_HOME")
    if home and not os.path.isfile(os.path.join(home, "bin", "spark-submit")):
        raise PlatformError(
            f"SPARK_HOME={home} has no bin/spark-submit: correct it, or unset it, and the Spark of the package pyspark "
            "is used."
        )


def _jars(settings: Settings) -> dict[str, str]:
    """The jars of a folder, or the packages that Spark loads from the Java registry itself."""
    if settings.spark_jars is None:
        packages = [_DELTA_PACKAGE, *([_S3_PACKAGE] if any_on_s3(settings.places) else [])]
        return {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": _EXCLUDES}
    jars = sorted(Path(absolute(settings.spark_jars)).glob("*.jar"))
    if not jars:
        raise PlatformError(
            f"There is no jar in PLATFORM_SPARK_JARS={settings.spark_jars}: put Delta's jars there, as deploy/spark.md "
            "shows, or unset it, and Spark loads them from the Java registry."
        )
    if not any(_DELTA_JAR in jar.name for jar in jars):
        raise PlatformError(
            f"None of the {len(jars)} jars in PLATFORM_SPARK_JARS={settings.spark_jars} is {_DELTA_JAR}: put Delta's "
            "jars there, as deploy/spark.md shows."
        )
    return {"spark.jars": ",".join(jar.as_uri() for jar in jars)}
