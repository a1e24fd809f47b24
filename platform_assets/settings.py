"""Every setting of the platform: its type, default, environment variable and meaning; nothing that acts on one."""

from __future__ import annotations

import os
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import ByteSize, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._=+,-]+)*")
FIRST_DAY = date(2026, 1, 1)
GIB = 1024**3
TIME_ZONE = "spark.sql.session.timeZone"
_MASTERS = {"spark.master", "spark.remote", "spark.api.mode"}


def machine_memory() -> int:
    """Memory this process may use, in bytes: the machine's, or its container's where that is less."""
    total = int(psutil.virtual_memory().total)
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def default_engine_memory() -> int:
    """A third of the memory, in bytes, but at least 1 GiB: joins and Python need the rest."""
    return max(machine_memory() // 3, GIB)


Share = Annotated[float, Field(ge=0, le=1)]
GapSeconds = Annotated[int, Field(ge=1, le=24 * 60 * 60)]


class Settings(BaseSettings):
    """What a user may set, each by the environment variable `PLATFORM_<NAME>` (or a `.env` file)."""

    model_config = SettingsConfigDict(
        env_prefix="PLATFORM_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
    )

    landing: str = "data/landing"
    """Where deliveries lie, as <landing>/<feed>/<YYYY-MM-DD>/files: a folder or a URL."""
    lake: str = "data/lake"
    """Where tables are published, as <lake>/<domain>/<table>: a folder or a URL."""
    exports: str = "data/exports"
    """Where documents are written, as <exports>/<domain>/<name>/<day>/<file>: a folder or a URL."""

    engine: Literal["sail", "spark"] = "sail"
    """What runs the transforms: the embedded engine (`sail`, no Java) or Apache Spark (`spark`)."""
    engine_memory: ByteSize = Field(default_factory=lambda: ByteSize(default_engine_memory()))
    """Memory the engine may hold before it spills to disk, such as 4GiB; a third of the machine's if not set."""
    engine_temp: str | None = None
    """Folder the engine spills to; the system's temporary folder if not set."""
    spark_master: str = "local[*]"
    """Spark master of the `spark` engine: local[*], spark://host:port, sc://host:port, yarn, k8s://..."""
    spark_jars: str | None = None
    """Folder with the jars of Delta and Hadoop's S3; if not set, Spark loads them from the Java registry."""
    spark_config: dict[str, str] = {}
    """Further Spark options of the `spark` engine, as a JSON object of option to value; they win over its own."""
    executor: Literal["in_process", "multiprocess"] = "in_process"
    """`in_process`: one engine for all steps of a run; `multiprocess`: a process for each step, several at a time."""

    reject_share: Share = 0.10
    """A raw run fails when a delivery day has a larger share of rejected rows, and enough of them (`reject_rows`)."""
    reject_rows: int = Field(default=10, ge=0)
    """Fewer rejected rows than this in a delivery day never fail a raw run, whatever their share."""
    reject_limits: dict[str, Share] = {}
    """The share of rejected rows for single feeds, as a JSON object such as {"web_events": 0.02}."""

    web_start: date = FIRST_DAY
    """First day of the web domain; earlier events are rejected as before_start."""
    web_date_order: Literal["dmy", "mdy"] = "dmy"
    """How web events write their dates: 02/01/2026 is 2 January (`dmy`) or 1 February (`mdy`)."""
    web_hosts: Literal["raw", "bare"] = "raw"
    """Web hosts as they are (`raw`), or without a leading www. or w3. (`bare`)."""
    web_gap_seconds: GapSeconds = 1800
    """Seconds without a hit that end a session of the web domain: one more than this opens a new one."""

    listening_start: date = FIRST_DAY
    """First day of the listening domain; earlier plays are rejected as before_start."""
    listening_gap_seconds: GapSeconds = 1200
    """Seconds from the start of a play to the next that still belong to one session; one more opens a new one."""
    listening_top_sessions: int = Field(default=50, ge=1)
    """How many of the longest sessions the top list holds."""
    listening_top_songs: int = Field(default=10, ge=1)
    """How many songs of the longest sessions the top list holds."""
    listening_rank_by: Literal["plays", "distinct_tracks", "duration"] = "plays"
    """What makes a session long: its plays, its distinct tracks, or its duration in seconds."""
    listening_song_key: Literal["artist_and_title", "title"] = "artist_and_title"
    """What makes two plays the same song: artist and title, or the title alone."""

    actions_start: date = FIRST_DAY
    """First day of the actions domain; earlier actions are rejected as before_start."""
    actions_window_minutes: int = Field(default=10, ge=1, le=24 * 60)
    """Length of the windows in which actions are counted; it divides a day, so that each lies in one."""

    @field_validator("actions_window_minutes")
    @classmethod
    def _divides_a_day(cls, minutes: int) -> int:
        if 24 * 60 % minutes:
            raise ValueError("a window must not cross midnight: take a number of minutes that divides 1440")
        return minutes

    @field_validator("landing", "lake", "exports")
    @classmethod
    def _usable_place(cls, value: str) -> str:
        place = value.rstrip("/") or "/"
        if place.startswith(("s3:", "s3a:")) and not _BUCKET.fullmatch(place):
            # The engines write `my%20lake` where `my lake` was meant, and read it nowhere.
            raise ValueError("a place on S3 is s3://bucket/prefix, of letters, digits and . _ - = + , only")
        return place

    @property
    def places(self) -> dict[str, str]:
        """Where landing, lake and exports lie, by the variables that say so."""
        return {f"PLATFORM_{name.upper()}": getattr(self, name) for name in ("landing", "lake", "exports")}

    @field_validator("spark_config")
    @classmethod
    def _nothing_that_breaks_the_platform(cls, options: dict[str, str]) -> dict[str, str]:
        elsewhere = _MASTERS & options.keys()
        if elsewhere:
            raise ValueError(f"{', '.join(sorted(elsewhere))}: set PLATFORM_SPARK_MASTER instead")
        zone = options.get(TIME_ZONE, "UTC")
        if zone != "UTC":
            raise ValueError(f"{TIME_ZONE} is {zone}: it must be UTC, as days are days of UTC; leave it out")
        return options

    def reject_limit(self, feed: str) -> float:
        """Largest share of rejected rows that a delivery day of the feed may have, 0 to 1."""
        return self.reject_limits.get(feed, self.reject_share)


@cache
def current() -> Settings:
    """The settings of this process, read once.

    Raises `pydantic.ValidationError` when a variable has a value that its setting does not take.
    """
    return Settings()


def origin(name: str) -> str:
    """Where a setting's value comes from: `environment`, `.env` or `default`."""
    variable = f"PLATFORM_{name}".upper()
    if os.environ.get(variable):
        return "environment"
    return ".env" if name in current().model_fields_set else "default"


def shown(value: object) -> str:
    """A setting's value as text for people; secrets are masked."""
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, ByteSize):
        return value.human_readable()
    return str(value)
