"""`@document`: a transform and a file format joined into an export, written once a day and as `latest`."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.checks import check_result, check_specs
from platform_assets.assets.declared import Declared, DeclaredTable, Event, run_days
from platform_assets.assets.domain import Domain
from platform_assets.assets.provenance import Provenance
from platform_assets.assets.signature import named
from platform_assets.errors import DeclarationError
from platform_assets.exports.documents import DocumentFolder, StagedDocuments
from platform_assets.exports.formats import Format
from platform_assets.lake import storage
from platform_assets.lake.audit import Finding, refuse
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import Fingerprints
from platform_assets.lake.tables.made import Known
from platform_assets.settings import Settings

DOCUMENTS_IO = "documents"
EVERY_ROW = "every_row_written"
_CHECKS = {EVERY_ROW: "Every row that the transform gives is in the documents"}


@dataclass(frozen=True)
class DocumentDefinition(Declared):
    """An export as its file declares it: a transform from tables to the document's rows, with their `day`."""

    format: Format

    def refuse(self) -> None:
        if self.signature.before or self.signature.wants_days:
            raise DeclarationError("a document shows the days of the run: it can ask for no other, nor for `days`")
        if not self.signature.same_day:
            raise DeclarationError("a document shows a table: name it as a parameter")

    def refuse_sources(self, tables: Mapping[dg.AssetKey, DeclaredTable]) -> None:
        personal = {name for source in self.sources for name in tables[source].contract.personal}
        if named := [field for field in self.format.name.fields if field in personal]:
            raise DeclarationError(f"its files would be named by {named[0]}, which is personal: name them by another")

    @property
    def description(self) -> str:
        return self.rows

    def url(self, settings: Settings) -> str:
        return self.folder(settings).url

    def folder(self, settings: Settings) -> DocumentFolder:
        """Where the documents lie: `<exports>/<domain>/<export>`."""
        url = storage.join(storage.absolute(settings.exports), self.domain.name, self.name)
        return DocumentFolder(url, self.format, settings, self.records(settings))

    def known(self, settings: Settings) -> Known:
        return self.folder(settings).known()

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: writes the run's documents aside; the IO manager puts them in their place."""
        arguments = self.arguments(settings)

        def compute(context: dg.AssetExecutionContext, **frames: DataFrame) -> Iterator[Event]:
            engine: Engine = context.resources.engine.engine
            with tempfile.TemporaryDirectory(prefix="platform_documents_") as room:
                rows = self.computed(frames, **arguments)
                tables, days = context.resources.tables, run_days(context)
                reads = tables.reads(frames)
                staged = self.folder(settings).stage(
                    engine, rows, days, Path(room), context.run.run_id, list(reads.values())
                )
                finding = _every_row(staged)
                yield check_result(self.key, finding)
                if refused := refuse([finding], self.text_key):
                    raise refused
                # The file tells itself by its state; the attempt only says which run that was.
                attempt = f"{context.run.run_id}/{context.retry_number}"
                made_from = Provenance(self, tables.catalog, days, reads)
                made = made_from.records(attempt, Fingerprints(), rows=staged.rows_by_day)
                yield dg.Output(replace(staged, made=made))

        return self.make_asset(
            settings,
            compute,
            check_specs=check_specs(self.key, _CHECKS),
            io_manager_key=DOCUMENTS_IO,
            kinds={self.format.name.suffix} - {""},
        )


def _every_row(staged: StagedDocuments) -> Finding:
    """Whether as many rows were written as the transform has given."""
    elsewhere = staged.rows_of_other_days
    given = sum(staged.rows_by_day.values()) + sum(elsewhere.values())
    said = f"{staged.rows} rows written, {given} given by the transform"
    if elsewhere:
        said += f", {sum(elsewhere.values())} of them of days that are not the run's, such as {min(elsewhere)}"
    return Finding(EVERY_ROW, staged.rows == given, said)


def document(
    format: Format, *, domain: Domain, inputs: Mapping[str, str] | None = None
) -> Callable[[Callable[..., DataFrame]], DocumentDefinition]:
    """Declare an export: the decorated function, named as the export, gives the document's rows and their `day`.

    Its positional parameters name the tables of the domain that it reads, or those that `inputs` gives by their keys;
    its keyword-only parameters are settings of the domain. Its docstring describes the document.

    Raises `DeclarationError`, with the file, for other parameters.
    """

    def declare(transform: Callable[..., DataFrame]) -> DocumentDefinition:
        return DocumentDefinition(domain, named(transform), transform, format, inputs=inputs or {})

    return declare
