"""The listening domain written by hand in PySpark: plays to sessions, and the top songs of the longest ones.

    python pyspark_listening.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY

Local Spark on all cores, tables in Parquet. Reads all deliveries, writes all sessions and the top 10
songs of the top 50 sessions over all days, then prints one line of JSON: plays, sessions that are closed
at the end of the newest delivery's day, the top songs, and the seconds from starting Spark to the last
file. Unlike the domain it keeps no rejected lines, no open sessions and no state of each day.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

PLAY = "user_id string, time string, artist_mbid string, artist_name string, track_mbid string, track_name string"
GAP_SECONDS, SESSIONS, SONGS = 1200, 50, 10


def read_plays(spark: SparkSession, landing: Path, first_day: str) -> DataFrame:
    """The good plays of all deliveries."""
    lines = spark.read.csv(str(landing / "*" / "*.tsv"), schema=PLAY, sep="\t", quote="", mode="DROPMALFORMED")
    needed = [F.col(name).isNotNull() for name in ("user_id", "played_at", "artist_name", "track_name")]
    good = F.col("day") >= F.lit(first_day).cast("date")
    for condition in needed:
        good &= condition
    return (
        lines.withColumn("played_at", F.try_to_timestamp("time", F.lit("yyyy-MM-dd'T'HH:mm:ss'Z'")))
        .withColumn("day", F.to_date("played_at"))
        .where(good)
        .select("user_id", "played_at", "artist_name", "track_name")
    )


def with_session_ids(plays: DataFrame) -> DataFrame:
    """The plays with the number of their session among those of their user."""
    by_time = Window.partitionBy("user_id").orderBy("played_at")
    gap = F.col("played_at").cast("long") - F.lag("played_at").over(by_time).cast("long")
    is_start = F.when(gap.isNull() | (gap > GAP_SECONDS), 1).otherwise(0)
    return plays.withColumn("is_start", is_start).withColumn("session", F.sum("is_start").over(by_time))


def sessions_of(plays: DataFrame) -> DataFrame:
    """One row per session."""
    song = F.struct("artist_name", "track_name")
    return (
        plays.groupBy("user_id", "session")
        .agg(
            F.min("played_at").alias("started_at"),
            F.max("played_at").alias("ended_at"),
            F.count("*").alias("plays"),
            F.countDistinct(song).alias("distinct_tracks"),
        )
        .withColumn("duration_seconds", F.col("ended_at").cast("long") - F.col("started_at").cast("long"))
        .withColumn("day", F.to_date(F.timestamp_seconds(F.col("ended_at").cast("long") + GAP_SECONDS)))
    )


def top_songs_of(plays: DataFrame, sessions: DataFrame) -> DataFrame:
    """The songs that were played most in the longest sessions, each with the number of these sessions."""
    longest = sessions.orderBy(F.desc("plays"), "started_at", "user_id").limit(SESSIONS)
    counts = F.count("*").alias("plays"), F.countDistinct("user_id", "session").alias("sessions")
    return (
        plays.join(longest.select("user_id", "session"), ["user_id", "session"])
        .groupBy("artist_name", "track_name")
        .agg(*counts)
        .orderBy(F.desc("plays"), F.desc("sessions"), "artist_name", "track_name")
        .limit(SONGS)
    )


def main(landing: Path, output: Path, first_day: str) -> dict[str, Any]:
    """Write the sessions and the top songs of the deliveries under `landing`."""
    start = time.perf_counter()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.memory": "4g",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    spark = SparkSession.builder.master("local[*]").config(map=settings).getOrCreate()
    plays = with_session_ids(read_plays(spark, landing, first_day))
    path = str(output / "sessions")
    sessions_of(plays).write.mode("overwrite").partitionBy("day").parquet(path)
    sessions = spark.read.parquet(path)
    songs = top_songs_of(plays, sessions).collect()
    target = output / "top_songs.tsv"
    lines = [("artist_name", "track_name", "plays", "sessions"), *songs]
    target.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")

    last_day = max(folder.name for folder in landing.glob("????-??-??"))
    closed = F.col("day") <= F.lit(last_day).cast("date")
    [[rows, count]] = sessions.agg(F.sum("plays"), F.count_if(closed)).collect()
    seconds = round(time.perf_counter() - start, 2)
    spark.stop()
    return {"seconds": seconds, "plays": rows, "sessions": count, "top_songs": [list(song) for song in songs]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
