"""The table `<feed>_files` of each feed: what became of every delivered file, as the raw table has recorded it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from platform_assets.assets.checks import check_specs
from platform_assets.assets.declared import TABLES_IO, DeclaredTable, Event, run_days
from platform_assets.assets.provenance import Provenance, as_files
from platform_assets.assets.publication import column_schema, materialise
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.signature import declared_at_the_place_of
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.lake.audit import Finding, audit, checks_of
from platform_assets.lake.fingerprints import Fingerprints
from platform_assets.lake.tables.made import FileRead, Made
from platform_assets.lake.tables.reads import PartitionsRead
from platform_assets.lake.tables.staging import Staged
from platform_assets.settings import Settings

_NO_NAME = re.compile(r"[^A-Za-z0-9_]")
_ROWS = """A row for each file of the day's delivery that has a known suffix, those without rows among them."""


class DeliveredFiles(Contract):
    """The files of a feed as they were delivered, and what became of each."""

    delivery_day: T.DateType = Field(description="Day of the landing folder that the file was delivered in")
    file_name: T.StringType = Field(str_length={"min_value": 1}, description="Name of the file")
    file_location: T.StringType = Field(description="Where the file lay when it was read")
    bytes: T.LongType = Field(ge=0, description="Size of the file as stored")
    sha256: T.StringType = Field(description="Hash of the file as stored")
    rows: T.LongType = Field(ge=0, description="Rows in the file: lines that are neither blank nor the header")
    accepted_rows: T.LongType = Field(ge=0, description="Rows that break no rule")
    rejected_rows: T.LongType = Field(ge=0, description="Rows that break a rule, or all when the file was rejected")
    status: T.StringType = Field(
        isin=["I", "E"],
        description="I: every row is in the raw table, good or rejected; E: the file was rejected whole",
    )
    reason: T.StringType = Field(nullable=True, description="Why the file was rejected whole")

    class Config:
        unique = ["delivery_day", "file_name"]
        columns_agree = {"rules": {"accepted_and_rejected_are_all": "accepted_rows + rejected_rows = `rows`"}}


class AuditedFiles(DeliveredFiles):
    """The files of a feed as they were delivered, and what became of each."""

    missing_columns: T.StringType = Field(
        nullable=True, description="Columns that the file lacks, with `, ` between them; NULL for none"
    )
    extra_columns: T.StringType = Field(
        nullable=True, description="Columns that the file has beyond the feed's, with `, ` between them; NULL for none"
    )


@dataclass(frozen=True)
class FilesTableDefinition(DeclaredTable):
    """The table of a feed's files: made of what its raw table has recorded."""

    raw: RawTableDefinition

    @classmethod
    def of(cls, raw: RawTableDefinition) -> FilesTableDefinition:
        """The table of a raw table's files."""

        def files() -> None:
            raise NotImplementedError

        files.__doc__ = _ROWS
        name = f"{_NO_NAME.sub('_', raw.feed.name)}_files"
        function = declared_at_the_place_of(raw.function, files)
        contract = AuditedFiles if raw.feed.whole_files else DeliveredFiles
        return cls(raw.domain, name, function, compiled(contract), raw)

    @property
    def sources(self) -> list[dg.AssetKey]:
        return [self.raw.key]

    @property
    def code(self) -> str:
        return ""

    @property
    def description(self) -> str:
        return f"The files of the feed {self.raw.feed.name} as they were delivered, and what became of each."

    @property
    def checks(self) -> dict[str, str]:
        """The checks of the table, from their names to what must hold."""
        return checks_of(self.contract)

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: what the raw table remembers of the run's days, as rows."""
        table, raw = self.table(settings), self.raw.table(settings)

        def compute(context: dg.AssetExecutionContext) -> Iterator[Event]:
            engine = context.resources.engine.engine
            days = run_days(context)
            read, known = PartitionsRead.of(raw, days)
            made = {day: self._recorded(known.made, day) for day in days}
            has_columns = self.raw.feed.whole_files
            rows = [_row(day, file, has_columns) for day, record in made.items() for file in record.files_read]
            frame = engine.session.createDataFrame(rows, table.contract.spark_schema) if rows else None

            def judge(staged: Staged, prints: Fingerprints) -> list[Finding]:
                return audit(staged, engine, (), {})

            inputs = {day: {self.raw.text_key: {str(day): as_files(record)}} for day, record in made.items()}
            made_from = Provenance(self, context.resources.tables.catalog, days, {}, inputs)
            yield from materialise(context, table, engine, frame, judge, [read], made_from)

        return self.make_asset(
            settings,
            compute,
            deps=[self.raw.key],
            check_specs=check_specs(self.key, self.checks, self.warnings),
            io_manager_key=TABLES_IO,
            kinds={"delta"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )

    def _recorded(self, made: Mapping[date, Made | None], day: date) -> Made:
        if day not in made:
            raise PlatformError(
                f"{self.raw.text_key} has no data yet for {day}: materialise it first, or select it together with "
                f"{self.text_key}."
            )
        record = made[day]
        if record is None:
            raise PlatformError(
                f"{self.raw.text_key} was published for {day} by a version of the platform that kept no record of the "
                f"files. Materialise that day of it again, or take what lies in landing now for what it has read: "
                f"`platform-assets apply {self.domain.name} --adopt`."
            )
        return record


def files_tables(raw_tables: Sequence[RawTableDefinition]) -> list[FilesTableDefinition]:
    """The tables of the files of some raw tables' feeds."""
    return [FilesTableDefinition.of(raw) for raw in raw_tables]


def _row(day: date, file: FileRead, has_columns: bool) -> tuple[object, ...]:
    accepted = 0 if file.status == "E" else file.rows - file.rejected
    return (
        *(day, file.name, file.location, file.size, file.sha256, file.rows, accepted, file.rows - accepted),
        *(file.status, file.reason),
        *((file.missing, file.extra) if has_columns else ()),
    )
