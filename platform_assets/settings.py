"""Every setting of the platform, and how those of domains are read; nothing that acts on one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    Field,
    PrivateAttr,
    Secret,
    SecretBytes,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from platform_assets import forms, project, receivers
from platform_assets.errors import PlatformError
from platform_assets.machine import default_engine_memory
from platform_assets.masking import HIDDEN, is_secret, remember, secrets_in, without_secrets
from platform_assets.values import as_json, holds_secrets, shown

PREFIX = "PLATFORM_"
FIRST_DAY = date(2026, 1, 1)
_LAKE = "data/lake"
_IN_MEANING = re.compile(r"`([{\[].*?[}\]])`")
TIME_ZONE = "spark.sql.session.timeZone"
_MASTERS = {"spark.master", "spark.remote", "spark.api.mode"}


_READ_FROM = SettingsConfigDict(
    env_file_encoding="utf-8-sig",
    extra="ignore",
    frozen=True,
    env_ignore_empty=True,
    use_attribute_docstrings=True,
)
Share = Annotated[float, Field(ge=0, le=1)]
GapSeconds = Annotated[int, Field(ge=1, le=24 * 60 * 60)]
"""A session gap: at most a day, as sessions are carried from one day to the next."""
TimeOfDay = Annotated[str, AfterValidator(forms.time_of_day)]
OfDomain = TypeVar("OfDomain", bound="DomainSettings")


class _OfProject(BaseSettings):
    """Settings from the environment and the project's `.env`, unless `_env_file` names another file or none."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"_env_file": project.env_file()} | given)


class DomainSettings(_OfProject):
    """What a user may set of a domain, each by the environment variable `PLATFORM_<DOMAIN>_<NAME>` (or a `.env` file).

    A domain derives a class of its own from this, with a default, a type and a docstring for each of its settings.
    """

    # The prefix is given where the domain is known: a class alone reads no variable.
    model_config = _READ_FROM | SettingsConfigDict(env_prefix=f"{PREFIX}<DOMAIN>_")

    start: date = FIRST_DAY
    """First day of the domain (UTC); earlier rows are rejected as before_start."""


class Settings(_OfProject):
    """What a user may set, each by the environment variable `PLATFORM_<NAME>` (or a `.env` file).

    The settings of domains are read when they are first asked for (`of`), or given (`having`).
    """

    model_config = _READ_FROM | SettingsConfigDict(env_prefix=PREFIX, validate_default=True)
    _of_domains: dict[str, DomainSettings] = PrivateAttr(default_factory=dict)

    domains: Annotated[tuple[str, ...], NoDecode] = ()
    """Which of the domains that are installed take part: their names, with commas between; all if not set."""

    landing: str = "data/landing"
    """Where deliveries lie, as `<landing>/<feed>/<YYYY-MM-DD>/files`: a folder or a URL."""
    lake: str = _LAKE
    """Where tables are published, as `<lake>/<domain>/<table>`: a folder or a URL."""
    exports: str = "data/exports"
    """Where documents are written, as `<exports>/<domain>/<name>/<day>/<file>`: a folder or a URL."""

    engine: Literal["sail", "spark"] = "sail"
    """What runs the transforms: the embedded engine (`sail`, no Java) or Apache Spark (`spark`, Java 17 or newer)."""
    engine_memory: ByteSize = Field(default_factory=lambda: ByteSize(default_engine_memory()))
    """Memory the engine may hold before it spills to disk, such as `4GiB`; a third of the machine's if not set."""
    engine_temp: str | None = None
    """Folder the engine spills to; the system's temporary folder if not set."""
    spark_master: str = "local[*]"
    """Spark master of the `spark` engine: `local[*]`, `spark://host:port`, `sc://host:port`, `yarn`, `k8s://...`."""
    spark_jars: str | None = None
    """Folder with the jars of Delta and Hadoop's S3; if not set, Spark loads them from the Java registry."""
    spark_config: dict[str, str] = {}
    """Further Spark options of the `spark` engine, such as `{"spark.executor.memory": "4g"}`; they win over its own."""
    executor: Literal["in_process", "multiprocess"] = "in_process"
    """`in_process`: one engine for all steps of a run; `multiprocess`: a process for each step, several at a time."""

    keep_versions_days: int = Field(default=30, ge=1)
    """Days for which a replaced version of a table stays in its history and can be restored."""

    reject_share: Share = 0.10
    """A raw run fails when a delivery day has a larger share of rejected rows, and enough of them (`reject_rows`)."""
    reject_rows: int = Field(default=10, ge=0)
    """Fewer rejected rows than this in a delivery day never fail a raw run, whatever their share."""
    reject_limits: dict[str, Share] = {}
    """The share of rejected rows for single feeds, as a JSON object such as `{"plays": 0.02}`."""
    allow_emptied: bool = False
    """Whether a raw run may empty a published day whose files are gone, as its tag `platform/allow_emptied` may say."""
    snapshot_delete_share: Share = 0.5
    """A run fails when a snapshot would delete a larger share of the rows there are, and at least 10 of them."""

    automation: bool = False
    """Whether schedules and sensors are on from the start; if not, each is switched on in the UI."""
    daily_at: TimeOfDay = "00:30"
    """When (UTC) the days up to yesterday are requested, those without a delivery included."""
    catch_up_days: int = Field(default=31, ge=1)
    """So many days back a day without a delivery is built by itself; older ones only by `platform-assets apply`."""
    landing_settle_seconds: int = Field(default=60, ge=0)
    """A delivery is read by itself when nothing in it has changed for so long, or `_SUCCESS` is in it."""
    landing_every_seconds: int = Field(default=30, ge=1)
    """How often sensors look at landing and at what is due; rarely where many look into a bucket."""
    maintain_at: TimeOfDay = "02:30"
    """When (UTC), each Sunday, leftovers of failed runs, versions and logs that nobody keeps are removed."""
    keep_logs_days: int = Field(default=90, ge=1)
    """Days for which the log of a run stays; what it built, checked, and why it failed, is kept for ever."""
    rebuild_on_change: bool = False
    """Whether days with other settings or code than now are built anew by themselves, not only by `apply`."""
    expected_by: dict[str, TimeOfDay] = {}
    """When (UTC) a day's delivery of single feeds should be there, as a JSON object such as `{"plays": "06:00"}`."""
    notify: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Who is told of failures and warnings: URLs of the library apprise, with blanks between; nobody if not set."""
    ui_url: str = "http://localhost:3000"
    """Where people open the Dagster UI: what links in notices begin with."""

    show_pii: bool = False
    """Whether checks and errors may show personal data: columns that are marked so, and the text of their feeds."""
    debug: bool = False
    """Errors of runs show where they come from as well: tracebacks, and what engines and libraries said."""

    @field_validator("domains", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("notify", mode="before")
    @classmethod
    def _known_receivers(cls, value: object) -> object:
        return receivers.urls(value) if isinstance(value, str) else value

    @field_validator("landing", "lake", "exports")
    @classmethod
    def _usable_place(cls, value: str) -> str:
        place = forms.place(value)
        return project.from_root(place) if forms.is_folder(place) else place

    @field_validator("spark_master")
    @classmethod
    def _known_master(cls, value: str) -> str:
        return forms.master(value)

    @field_validator("engine_temp", "spark_jars")
    @classmethod
    def _folder(cls, value: str | None) -> str | None:
        return value and project.from_root(value)

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

    def of(self, domain: str, kind: type[OfDomain]) -> OfDomain:
        """The settings of a domain, from `PLATFORM_<DOMAIN>_...` unless `having` gave them.

        Raises `WrongSettings` when a variable has a value that its setting does not take.
        """
        if domain not in self._of_domains:
            self._of_domains[domain] = read(kind, prefix_of(domain))
        return cast("OfDomain", self._of_domains[domain])

    def having(self, **domains: DomainSettings) -> Settings:
        """The same settings, with these of domains, by the domains' names."""
        copy = self.model_copy()
        copy._of_domains = self._of_domains | domains
        return copy


Read = TypeVar("Read", bound=BaseSettings)


class WrongSettings(PlatformError):
    """Settings have values that they do not take."""


def prefix_of(domain: str) -> str:
    """How the variables of a domain's settings begin."""
    return f"{PREFIX}{domain.upper()}_"


def read(kind: type[Read], prefix: str) -> Read:
    """Settings from the environment and `.env`.

    Raises `WrongSettings` with a sentence for each variable whose value its setting does not take.
    """
    try:
        values = kind(_env_prefix=prefix)
        remember(_secrets_of(values))
        return values
    except ValidationError as error:
        raise WrongSettings("\n".join(_wrong(kind, prefix, one) for one in error.errors())) from None
    except UnicodeDecodeError as error:
        raise WrongSettings(f".env is no text in UTF-8 (byte {error.start + 1}): save it as UTF-8.") from None
    except SettingsError as error:
        # The only word of the field that the library gives.
        found = re.search(r'field "(\w+)"', str(error))
        variable = f"{prefix}{found[1].upper()}" if found else f"a variable {prefix}..."
        field = kind.model_fields.get(found[1]) if found else None
        example = shown(field, field.get_default(call_default_factory=True)) if field else None
        meant = _IN_MEANING.search(field.description or "") if field else None
        example = meant[1] if meant else example or "{}"
        raise WrongSettings(f"{variable} must be JSON, such as {example}: see `settings`.") from None


def _secrets_of(value: Any, name: str = "") -> Iterator[str]:
    """What of some settings nobody may see."""
    if isinstance(value, (SecretStr, SecretBytes, Secret)):
        secret = value.get_secret_value()
        text = secret.decode(errors="replace") if isinstance(secret, bytes) else str(secret)
        yield from (text, *secrets_in(name, text))  # of a URL its password alone, too
    elif isinstance(value, str):
        yield from secrets_in(name, value)
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _secrets_of(getattr(value, field))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _secrets_of(one, str(key))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from _secrets_of(one, name)


def _wrong(kind: type[BaseSettings], prefix: str, error: ErrorDetails) -> str:
    if not error["loc"]:
        # Of all of them together: there the library gives every value, secrets as well.
        return f"The settings {prefix}... do not go together: {_said(error)}."
    name, *inside = map(str, error["loc"])
    variable = f"{prefix}{name.upper()}"
    if error["type"] == "missing":
        lacks = f"has no {'.'.join(inside)}" if inside else "is not set"
        return f"{variable} {lacks}, and there is no default for it: set it."
    field = kind.model_fields.get(name)
    value = HIDDEN if field and _may_be_secret(field, inside) else str(without_secrets(error["input"]))
    where = "".join(f" for {part}" for part in inside)
    return f"{variable} is set to {value!r}{where}, which it does not take: {_said(error)}."


def _may_be_secret(field: FieldInfo, inside: list[str]) -> bool:
    """Whether nobody may see what a setting, or something inside it, was set to: by its type, or by its name."""
    # Options are secret by their names: what is no object of them has none that could be looked at.
    no_options = field.annotation == dict[str, str] and not inside
    return no_options or holds_secrets(field.annotation) or any(is_secret(name, "?") for name in inside)


def _said(error: ErrorDetails) -> str:
    """What is wrong with a value, without what the library says of itself."""
    if error["type"].startswith("date_"):
        return f"a day is written as YYYY-MM-DD, such as {FIRST_DAY}"
    if error["type"].startswith("byte_size"):
        return "a size is written as 4GiB, 512MiB or 4GB"
    return str(error.get("ctx", {}).get("error") or error["msg"])


@cache
def current() -> Settings:
    """The settings of this process, read once.

    Raises `WrongSettings` when a variable has a value that its setting does not take.
    """
    settings = read(Settings, PREFIX)
    _refuse_two_lakes(settings)
    return settings


def debugging() -> bool:
    """Whether the settings of this process ask for tracebacks (`PLATFORM_DEBUG`); not when they cannot be read."""
    try:
        return current().debug
    except WrongSettings:
        return False


def _refuse_two_lakes(settings: Settings) -> None:
    """Raise `WrongSettings` where the default lake is empty, and one in the working directory is not."""
    here, there = Path.cwd() / _LAKE, Path(settings.lake)
    if "lake" in settings.model_fields_set or here == there:
        return
    if project.has_tables(here) and not project.has_tables(there):
        raise WrongSettings(
            f"There are tables in {here}, and none in {there}, the default lake of the project {project.root()} (the "
            f"nearest folder with a .env or [tool.platform_assets]): set {PREFIX}LAKE to the one that you mean."
        )


@dataclass(frozen=True)
class Setting:
    """A setting as it is shown to people: its environment variable, its value and default as text, what it means.

    `origin` says where the value comes from: `environment`, `.env` or `default`.
    """

    variable: str
    value: str | None
    default: str
    origin: str
    meaning: str


def listed(values: BaseSettings, prefix: str) -> list[Setting]:
    """Every setting of the platform or of a domain, in the order of its class; secrets are masked."""
    return [
        Setting(
            variable=f"{prefix}{name.upper()}",
            value=shown(field, getattr(values, name)),
            default=shown(field, field.default) or "" if field.default_factory is None else "",
            origin=_origin(values, name, f"{prefix}{name.upper()}"),
            meaning=" ".join((field.description or "").split()),
        )
        for name, field in type(values).model_fields.items()
    ]


def recorded(values: BaseSettings, prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Some settings as what was made by them remembers them, variable to value as JSON; secrets are left out."""
    fields = type(values).model_fields
    return {
        f"{prefix}{name.upper()}": as_json(getattr(values, name))
        for name in names
        if not holds_secrets(fields[name].annotation)
    }


def _origin(values: BaseSettings, name: str, variable: str) -> str:
    if any(value for other, value in os.environ.items() if other.upper() == variable):
        return "environment"
    return ".env" if name in values.model_fields_set else "default"
