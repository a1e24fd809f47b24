"""What all that is declared has in common: its domain, its name, what it reads, and its asset."""

import inspect
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

import dagster as dg
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from platform_assets.assets.code_version import code_of
from platform_assets.assets.domain import Domain
from platform_assets.assets.explanations import explained, explaining
from platform_assets.assets.failures import as_failures, of_writing
from platform_assets.assets.signature import BEFORE, SO_FAR, Signature, place, table_named
from platform_assets.contracts.compiled import CompiledContract
from platform_assets.errors import DeclarationError, PlatformError, naming
from platform_assets.lake import storage
from platform_assets.lake.audit import warnings_of
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Known, Records
from platform_assets.lake.tables.table import Table
from platform_assets.settings import Settings, recorded

TABLES_IO = "tables"
ENGINE = "engine"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Event = dg.AssetCheckResult | dg.Output[Any]
Compute = Callable[..., Iterator[Event]]


@dataclass(frozen=True)
class Declared(ABC):
    """An asset as its file declares it, by a function that is named as the asset.

    `inputs` gives the tables of parameters that are not named as a table of the same domain: the parameter to
    the table's key as text. Raises `DeclarationError`, with the file, for what nothing can carry out.
    """

    written_to: ClassVar[str] = "PLATFORM_EXPORTS"

    domain: Domain
    name: str
    function: Callable[..., Any]
    inputs: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    signature: Signature = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        with self.in_file():
            if not isinstance(self.domain, Domain):
                raise DeclarationError(f"domain={self.domain!r} is no Domain: give the one of the folder's `domain.py`")
            if not _NAME.fullmatch(self.name):
                raise DeclarationError(f"{self.name!r} cannot be the name of a table: write a to z, digits and _")
            for end in (BEFORE, SO_FAR):
                if self.name.endswith(end):
                    raise DeclarationError(f"no table could read one whose name ends in {end}: rename it")
            settings = self.domain.settings.model_fields
            object.__setattr__(self, "signature", Signature.of(self.function, settings, self.inputs))
            for name, key in self.inputs.items():
                if not isinstance(key, str) or [bool(part) for part in key.split("/")] != [True, True]:
                    raise DeclarationError(f"inputs={{{name!r}: {key!r}}} is no table: write '<domain>/<table>'")
            self.refuse()

    def refuse(self) -> None:
        """Raise `DeclarationError` for what this kind of asset cannot carry out."""

    def refuse_sources(self, tables: "Mapping[dg.AssetKey, DeclaredTable]") -> None:
        """Raise `DeclarationError` for what cannot be carried out with the tables that it reads."""

    @contextmanager
    def in_file(self) -> Iterator[None]:
        """Put the file before what is said of the declaration."""
        with naming(place(self.function)):
            yield

    @property
    def has_days(self) -> bool:
        """Whether it is built day by day, and not as a whole."""
        return True

    def left_out(self, settings: Settings) -> str:
        """Why these settings leave it out, so that nothing of it is built, nor due; empty when they do not."""
        return ""

    @cached_property
    def key(self) -> dg.AssetKey:
        """`<domain>/<name>`."""
        return self.domain.key(self.name)

    @property
    def text_key(self) -> str:
        """The key as text."""
        return self.key.to_user_string()

    @property
    @abstractmethod
    def description(self) -> str:
        """What the asset is, for its users."""

    @abstractmethod
    def url(self, settings: Settings) -> str:
        """Where it is written."""

    @abstractmethod
    def known(self, settings: Settings) -> Known:
        """What is known of its days."""

    def records(self, settings: Settings) -> Records:
        """Where it is remembered what its days were made from: in the lake, below its name."""
        return Records(storage.join(storage.absolute(settings.lake), self.domain.name, self.name))

    @property
    def rows(self) -> str:
        """Which rows it has: the docstring of its function."""
        return inspect.cleandoc(self.function.__doc__ or "")

    def reads(self, parameter: str) -> dg.AssetKey:
        """The table that a parameter of a DataFrame is of."""
        name = table_named(parameter)
        return dg.AssetKey(self.inputs[name].split("/")) if name in self.inputs else self.domain.key(name)

    @property
    def sources(self) -> list[dg.AssetKey]:
        """The tables that it reads."""
        return list(dict.fromkeys(map(self.reads, self.signature.frames)))

    def arguments(self, settings: Settings) -> Mapping[str, Any]:
        """The settings that its function asks for, by name."""
        return self.signature.arguments(self.domain.values(settings))

    def own_settings(self, settings: Settings) -> dict[str, str]:
        """The settings that its function asks for: variable to value as JSON."""
        return recorded(self.domain.values(settings), self.domain.prefix, self.signature.settings)

    @cached_property
    def code(self) -> str:
        """The fingerprint of its function's code."""
        return code_of(self.function)

    @property
    def contract_print(self) -> str:
        """The fingerprint of what its rows must be."""
        return ""

    def computed(self, frames: Mapping[str, DataFrame], **arguments: Any) -> DataFrame:
        """What the transform makes of DataFrames; raises `PlatformError`, with the file, for what goes wrong in it."""
        with explaining(self.text_key, self.function, frames):
            rows = self.function(**frames, **arguments)
            if isinstance(rows, DataFrame):
                # An engine on a server looks at a plan when it is asked for its columns, and not before.
                _ = rows.schema
        if not isinstance(rows, DataFrame):
            raise PlatformError(
                f"{place(self.function)}: it gave {type(rows).__name__} and not a DataFrame: `return` the rows. "
                f"{self.text_key} was not published, what was there before still is."
            )
        return rows

    @abstractmethod
    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset."""

    def make_asset(
        self, settings: Settings, compute: Compute, *, handed: Sequence[str] | None = None, **said: Any
    ) -> dg.AssetsDefinition:
        """The asset that `compute` builds: what all assets of the platform say of themselves, and `said`.

        `handed` are the parameters that it is handed the run's days of, all that are tables' names if not given.
        """
        given = self.signature.same_day if handed is None else handed

        def guarded(context: dg.AssetExecutionContext, **frames: Any) -> Iterator[Event]:
            tables = context.resources.tables.catalog.tables
            contracts = [tables[key].contract for key in (self.key, *self.sources) if key in tables]
            hides_values = any(contract.hidden(show_pii=settings.show_pii) for contract in contracts)
            url = self.url(settings)
            explained_write = of_writing(self.text_key, self.written_to, url, hides_values=hides_values)

            def explain(error: Exception) -> PlatformError | None:
                if isinstance(error, AnalysisException):
                    return explained(error, self.text_key, self.function, frames)
                return explained_write(error)

            with as_failures(context, explain):
                run_days(context)  # a run without days is told before any work begins
                yield from compute(context, **frames)

        with self.in_file(), _beta("backfill_policy"), _declared():
            asset: dg.AssetsDefinition = dg.asset(
                key=self.key,
                group_name=self.domain.name,
                owners=[self.domain.owner],
                description=self.description,
                partitions_def=self.domain.days(settings) if self.has_days else None,
                backfill_policy=dg.BackfillPolicy.single_run(),
                required_resource_keys={ENGINE, TABLES_IO},
                pool=self.text_key,
                code_version=".".join(filter(None, [self.code, self.contract_print])) or None,
                ins={name: self._input(name) for name in given} if self.has_days else {},
                **said,
            )(guarded)
        return asset

    def _input(self, parameter: str) -> dg.AssetIn:
        key = self.reads(parameter)
        return dg.AssetIn(key=key, partition_mapping=self.other_days(key))

    def other_days(self, key: dg.AssetKey) -> dg.PartitionMapping | None:
        """How the days of a table of another domain are found, which may begin later; None in the same domain."""
        return None if key.path[0] == self.domain.name else days_there_are()


@dataclass(frozen=True)
class DeclaredTable(Declared):
    """A table as its file declares it: with a contract, and a place in the lake."""

    written_to: ClassVar[str] = "PLATFORM_LAKE"

    contract: CompiledContract

    @property
    def description(self) -> str:
        return self.contract.description

    @property
    def has_days(self) -> bool:
        return self.contract.partition_column is not None

    @property
    def warnings(self) -> set[str]:
        """The checks that stop no publication."""
        return warnings_of(self.contract)

    def url(self, settings: Settings) -> str:
        return self.table(settings).url

    @property
    def contract_print(self) -> str:
        return self.contract.fingerprint

    def known(self, settings: Settings) -> Known:
        return self.table(settings).known()

    def table(self, settings: Settings) -> Table:
        """Where the table lies in the lake."""
        return self.domain.table(self.name, self.contract, settings)


def run_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days of the run, in order, `WHOLE` for a table without days; raises `PlatformError` when there are none."""
    if context.assets_def.partitions_def is None:
        return [WHOLE]
    days = sorted(date.fromisoformat(key) for key in context.partition_keys)
    if not days:
        first, last = (context.run.tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
        raise PlatformError(
            f"The range {first}...{last} has no days: it is the wrong way round. Write {last}...{first}."
        )
    return days


def days_there_are(offset: int = 0) -> dg.TimeWindowPartitionMapping:
    """The same days of another table, or those so many days later; without those that the other does not have."""
    with _beta("allow_nonexistent_upstream_partitions"):
        return dg.TimeWindowPartitionMapping(
            start_offset=offset, end_offset=offset, allow_nonexistent_upstream_partitions=True
        )


@contextmanager
def _declared() -> Iterator[None]:
    """What Dagster takes no definition with, such as an input named `context`, is a mistake of a declaration."""
    try:
        yield
    except dg.DagsterInvalidDefinitionError as error:
        raise DeclarationError(str(error)) from error


@contextmanager
def _beta(parameter: str) -> Iterator[None]:
    """Use one of the two beta parameters that the platform is built on: single-run backfills, and missing days."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", f"Parameter `{parameter}`", dg.BetaWarning)
        yield
