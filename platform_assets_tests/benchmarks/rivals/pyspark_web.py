"""The web domain written by hand in PySpark: logs to raw rows, hits, statistics and CSV files.

    python pyspark_web.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY

Local Spark on all cores, tables in Parquet. Reads all deliveries and writes every table anew,
without sessions, then prints one line of JSON: the rows of each table and the seconds from starting
Spark to the last file. A known difference to the specification: `source_file` is URL-encoded.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
EVENT = """array<struct<event_id string, user struct<id string, session_id string, ip string>,
    action string, url string, timestamp string>>"""
TEXTS = {
    "event_id": "event_id",
    "user_session_id": "user.session_id",
    "user_ip": "user.ip",
    "action": "action",
    "url": "url",
    "timestamp": "timestamp",
}
TIME = r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\z"
# `from_json` takes any value for text: where this matches, the types are looked up as well.
NOT_TEXT = r'"(?:event_id|session_id|ip|action|url|timestamp)"\s*:\s*[^"n\s]'


def url_path(url: Column) -> Column:
    """The URL up to its query or fragment."""
    return F.substring_index(F.substring_index(url, "#", 1), "?", 1)


def without_scheme(path: Column) -> Column:
    """The URL without a scheme that stands before the first slash."""
    scheme = F.instr(path, "://")
    has_scheme = (scheme > 1) & (scheme == F.instr(path, "/") - 1)
    return F.when(has_scheme, F.substr(path, scheme + 3)).otherwise(path)


def host(rest: Column) -> Column:
    """The first token in lower case, without user info and port."""
    authority = F.substring_index(F.substring_index(rest, "/", 1), "@", -1)
    return F.lower(F.regexp_replace(authority, r":[0-9]*\z", ""))


def level(rest: Column, part: int) -> Column:
    """A path segment, or NULL."""
    return F.nullif(F.split_part(rest, F.lit("/"), F.lit(part)), F.lit(""))


def trimmed(value: Column) -> Column:
    """The text without blanks around it, which is slow: only where a cheaper test fails."""
    return F.btrim(value, F.lit(" \t\r"))


def json_type(path: str) -> Column:
    """The type of a value of a doubtful line, NULL where it is absent."""
    return F.schema_of_variant(F.try_variant_get("doubtful", "$." + path, "variant"))


def read_lines(spark: SparkSession, landing: Path) -> DataFrame:
    """The lines of all deliveries that are not blank."""
    files = [
        str(file)
        for file in sorted(landing.glob("????-??-??/*"))
        if file.name.endswith(SUFFIXES) and file.name[0] not in "._" and file.stat().st_size
    ]
    folder = F.substring_index(F.substring_index("_metadata.file_path", "/", -2), "/", 1)
    return (
        spark.read.text(files, lineSep="\n")
        .where(F.col("value").startswith("{") | (trimmed(F.col("value")) != ""))
        .withColumn("source_file", F.col("_metadata.file_name"))
        .withColumn("delivery_day", folder.cast("date"))
    )


def raw_events(lines: DataFrame, first_day: str) -> DataFrame:
    """One typed row per line; a rejected one with its text and the rules it breaks."""
    value, user_id, day = F.col("value"), F.col("event.user.id"), F.col("day")
    # In brackets, so that text behind the object is an error.
    in_brackets = F.concat(F.lit("["), value, F.lit("]"))
    ends_well = F.is_valid_utf8(value) & (value.endswith("}") | trimmed(value).endswith("}"))
    is_doubtful = value.rlike(NOT_TEXT) | user_id.isNull() | user_id.startswith("-")
    given = {name: F.nullif(F.col("event." + path), F.lit("")) for name, path in TEXTS.items()}
    texts = {
        name: F.when(F.coalesce(json_type(path), F.lit("STRING")) == "STRING", given[name])
        for name, path in TEXTS.items()
    }
    is_negative = user_id.rlike(r"^-[0-9]+\z") & (json_type("user.id") == "BIGINT")
    is_integer = user_id.rlike(r"^[0-9]+\z") | is_negative
    rows = (
        lines.withColumn("events", F.from_json(in_brackets, EVENT, {"allowSingleQuotes": "false"}))
        .withColumn("event", F.when(ends_well & (F.size("events") == 1), F.get("events", F.lit(0))))
        .withColumn("doubtful", F.when(is_doubtful, F.try_parse_json(value)))
        .withColumns(texts | {"user_id": F.when(is_integer, user_id.try_cast("long"))})
        .withColumn("is_time", F.col("timestamp").rlike(TIME))
        .withColumn("timestamp", F.try_to_timestamp("timestamp", F.lit("d/M/yyyy HH:mm:ss")))
        .withColumn("timestamp", F.when(F.col("is_time"), F.col("timestamp")))
        .withColumn("day", F.to_date("timestamp"))
        .withColumn("path", url_path(F.col("url")))
        .withColumn("host", F.nullif(F.trim(host(without_scheme(F.col("path")))), F.lit("")))
    )

    def required(name: str, given: Column, typed: str) -> Column:
        missing = F.when(given.isNull(), "missing_" + name)
        return missing.when(F.col(typed).isNull(), "invalid_" + name)

    def optional(name: str) -> Column:
        return F.when(given[name].isNotNull() & F.col(name).isNull(), "invalid_" + name)

    no_object = user_id.isNull() & json_type("user").rlike("^(?!OBJECT|VOID)")
    user_fault = required("user_id", F.nullif(user_id, F.lit("")), "user_id")
    faults = {
        "fault_1": required("event_id", given["event_id"], "event_id"),
        "fault_2": F.when(no_object, "invalid_user_id").otherwise(user_fault),
        "fault_3": optional("user_session_id"),
        "fault_4": optional("user_ip"),
        "fault_5": required("action", given["action"], "action"),
        "fault_6": required("url", given["url"], "host"),
        "fault_7": required("timestamp", given["timestamp"], "timestamp"),
        "fault_8": F.when(day < F.lit(first_day).cast("date"), "before_start"),
        "fault_9": F.when(day > F.date_add("delivery_day", 1), "after_delivery"),
    }
    no_event = F.col("event").isNull()
    violations = (
        F.when(no_event & ~F.is_valid_utf8(value), F.array(F.lit("not_utf8")))
        .when(no_event, F.array(F.lit("malformed")))
        .when(F.coalesce(*faults).isNull(), F.array().cast("array<string>"))
        .otherwise(F.array_compact(F.array(*faults)))
    )
    text = F.regexp_replace(F.make_valid_utf8(value), r"\r\z", "")
    return (
        rows.withColumns(faults)
        .withColumn("violations", violations)
        .select(
            *("event_id", "user_id", "user_session_id", "user_ip", "action", "url", "timestamp"),
            *("delivery_day", "day", "source_file"),
            F.when(F.size("violations") > 0, text).alias("raw"),
            "violations",
        )
    )


def user_web_hits(raw: DataFrame) -> DataFrame:
    """The first good row of each event of a day, with its URL in levels."""
    order = ("user_id", "user_session_id", "user_ip", "action", "url", "timestamp")
    copies = Window.partitionBy("day", "event_id").orderBy("delivery_day", "source_file", *order)
    rest = F.col("rest")
    return (
        raw.where(F.size("violations") == 0)
        .withColumn("copy", F.row_number().over(copies))
        .where(F.col("copy") == 1)
        .withColumn("path", url_path(F.col("url")))
        .withColumn("rest", without_scheme(F.col("path")))
        .select(
            "event_id",
            "user_id",
            F.col("timestamp").alias("time_stamp"),
            host(rest).alias("url_level1"),
            level(rest, 2).alias("url_level2"),
            level(rest, 3).alias("url_level3"),
            F.col("action").alias("activity"),
            F.col("user_session_id").alias("session_id"),
            "day",
        )
    )


def statistics(hits: DataFrame, *keys: str) -> DataFrame:
    """Hits and users by hour and keys."""
    bucket = F.date_format("time_stamp", "yyyyMMddHH").alias("time_bucket")
    users = F.countDistinct("user_id").alias("user_count")
    groups = hits.groupBy("day", bucket, *keys, "activity")
    return groups.agg(F.count("*").alias("activity_count"), users)


def write_csv(rows: DataFrame, target: Path, name: str, columns: dict[str, Column]) -> None:
    """Write one CSV file for each day, sorted by all columns, and the newest as the latest."""
    parts = target / f".{name}"
    rows.orderBy("day", *columns).select("day", *columns.values()).write.partitionBy("day").csv(
        str(parts), escape='"', ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False
    )
    folder = None
    for day in sorted(parts.glob("day=*")):
        folder = target / name / day.name.removeprefix("day=")
        folder.mkdir(parents=True)
        with (folder / f"{name}.csv").open("wb") as file:
            file.write(",".join(columns).encode() + b"\n")
            for part in sorted(day.glob("part-*")):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
    shutil.rmtree(parts)
    if folder:
        shutil.copytree(folder, target / name / "latest")


def end_java(spark: SparkSession) -> None:
    """Stop Spark and wait for its Java process, so that its memory counts as this process's."""
    java = spark.sparkContext._gateway.proc  # type: ignore[union-attr]
    spark.stop()
    java.stdin.close()
    java.wait()


def main(landing: Path, output: Path, first_day: str) -> dict[str, float]:
    """Write all tables and exports of the deliveries under `landing`."""
    start = time.perf_counter()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.memory": "4g",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    spark = SparkSession.builder.master("local[*]").config(map=settings).getOrCreate()

    def write(rows: DataFrame, name: str, by: str = "day") -> DataFrame:
        path = str(output / name)
        rows.write.mode("overwrite").option("compression", "zstd").partitionBy(by).parquet(path)
        return spark.read.schema(rows.schema).parquet(path)

    lines = read_lines(spark, landing)
    raw = write(raw_events(lines, first_day), "raw_events", "delivery_day")
    hits = write(user_web_hits(raw), "user_web_hits")
    pages = ("url_level1", "url_level2")
    page_stats = write(statistics(hits, *pages), "aggregated_web_page_stats")
    stats = write(statistics(hits, "url_level1"), "aggregated_web_stats")

    exports = output / "exports"
    shutil.rmtree(exports, ignore_errors=True)
    columns = ("user_id", "time_stamp", *pages, "url_level3", "activity")
    cells = {name: F.col(name) for name in columns}
    cells["time_stamp"] = F.date_format("time_stamp", "dd/MM/yyyy HH:mm:ss")
    write_csv(hits, exports, "user_web_hits", cells)
    cells = {name: F.col(name) for name in stats.columns if name != "day"}
    write_csv(stats, exports, "aggregated_web_stats", cells)

    counts = {
        "raw": raw.count(),
        "rejected": raw.where(F.size("violations") > 0).count(),
        "hits": hits.count(),
        "stats": stats.count(),
        "page_stats": page_stats.count(),
    }
    seconds = round(time.perf_counter() - start, 2)
    end_java(spark)
    return {"seconds": seconds} | counts


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
