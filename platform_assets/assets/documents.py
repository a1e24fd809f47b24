"""`@document`: a transform and a file format joined into an export, written once a day and as `latest`."""

import inspect
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import dagster as dg
import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.domain import Domain
from platform_assets.assets.tables import Event, asset_words, chosen_settings, make_asset, parameters, run_days
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.settings import Settings

DOCUMENTS_IO = "documents"
LATEST = "latest"
EVERY_ROW = "every_row_written"


class Format(Protocol):
    """A file format: the file's name, and how rows become files; it says how many rows it wrote."""

    @property
    def file(self) -> str: ...
    def write(self, documents: Mapping[Path, ds.Dataset | None], settings: Settings) -> int: ...


@dataclass(frozen=True)
class StagedDocuments:
    """The documents of a run: complete, in a folder of this machine, not yet where their readers look."""

    url: str
    files: Mapping[date, Path]
    rows: int

    def publish(self) -> None:
        """Put each day's document in its place, and the newest in `latest` when no newer day is there."""
        for day, file in self.files.items():
            storage.put(file, storage.join(self.url, day.isoformat(), file.name))
        newest = max(self.files)
        days = [entry.name for entry in storage.entries(self.url) if entry.is_folder and entry.name != LATEST]
        if newest.isoformat() == max(days):
            storage.put(self.files[newest], storage.join(self.url, LATEST, self.files[newest].name))


@dataclass(frozen=True)
class DocumentDefinition:
    """An export as its file declares it: a transform from tables to the document's rows, with their `day`."""

    domain: Domain
    name: str
    format: Format
    transform: Callable[..., DataFrame]

    @property
    def key(self) -> dg.AssetKey:
        """`<domain>/<export>`."""
        return self.domain.key(self.name)

    @property
    def description(self) -> str:
        """What the document is, for its users."""
        return (self.transform.__doc__ or "").strip()

    def inputs(self) -> list[str]:
        """The tables of the same domain that the transform reads: its positional parameters."""
        return parameters(self.transform, inspect.Parameter.POSITIONAL_OR_KEYWORD)

    def url(self, settings: Settings) -> str:
        """Where the documents lie: `<exports>/<domain>/<export>`."""
        return storage.join(storage.absolute(settings.exports), self.domain.name, self.name)

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: writes the run's documents aside; the IO manager puts them in their place."""
        chosen = chosen_settings(self.transform, settings)

        def compute(context: dg.AssetExecutionContext, **inputs: DataFrame) -> Iterator[Event]:
            engine: Engine = context.resources.engine.engine
            read = sum(frame.count() for frame in inputs.values())
            with tempfile.TemporaryDirectory(prefix="platform_documents_") as room:
                rows = self.transform(**inputs, **chosen)
                staged = self.stage(engine, rows, run_days(context), Path(room), settings, context.run.run_id)
                said = f"{staged.rows} rows written, {read} rows in {', '.join(inputs)}"
                passed = staged.rows == read
                yield dg.AssetCheckResult(asset_key=self.key, check_name=EVERY_ROW, passed=passed, description=said)
                if not passed:
                    raise dg.Failure(
                        f"{self.key.to_user_string()}: {said}. Nothing was published.", allow_retries=False
                    )
                yield dg.Output(staged)

        return make_asset(
            compute,
            **asset_words(self, settings),
            ins={name: dg.AssetIn(key=self.domain.key(name)) for name in self.inputs()},
            check_specs=[
                dg.AssetCheckSpec(EVERY_ROW, asset=self.key, description="Every row of the table is in the documents")
            ],
            io_manager_key=DOCUMENTS_IO,
            kinds={self.format.file.rsplit(".", 1)[-1]},
        )

    def stage(
        self, engine: Engine, rows: DataFrame, days: list[date], room: Path, settings: Settings, run_id: str
    ) -> StagedDocuments:
        """Let the engine compute all days at once, then write each day's file, complete, into `room`."""
        # Documents show UTC: a time without a zone cannot be shown in another one.
        columns = [
            F.col(name).cast("timestamp_ntz").alias(name) if kind == "timestamp" else F.col(name)
            for name, kind in rows.dtypes
        ]
        spool = storage.join(self.url(settings), f".{run_id}")
        try:
            rows.select(*columns).write.partitionBy("day").parquet(engine.folder(spool))
            files = {day: room / day.isoformat() / self.format.file for day in days}
            documents = {file: _rows_of(spool, day) for day, file in files.items()}
            for file in files.values():
                file.parent.mkdir()
            written = self.format.write(documents, settings)
        finally:
            storage.remove(spool)
        return StagedDocuments(self.url(settings), files, written)


def document(format: Format, *, domain: Domain) -> Callable[[Callable[..., DataFrame]], DocumentDefinition]:
    """Declare an export: the decorated function, named as the export, gives the document's rows and their `day`.

    Its positional parameters name the tables of the domain that it reads, its docstring describes the document.
    """

    def declare(transform: Callable[..., DataFrame]) -> DocumentDefinition:
        return DocumentDefinition(domain, transform.__name__, format, transform)

    return declare


class DocumentIOManager(dg.IOManager):
    """Puts the documents of a run where their readers look."""

    def handle_output(self, context: dg.OutputContext, obj: StagedDocuments) -> None:
        """Publish the documents, each whole or not at all."""
        obj.publish()
        sizes = sum(file.stat().st_size for file in obj.files.values())
        context.add_output_metadata({"dagster/uri": obj.url, "rows": obj.rows, "bytes": sizes, "files": len(obj.files)})
        context.log.info("%s: %s documents, %s rows", obj.url, len(obj.files), f"{obj.rows:,}")

    def load_input(self, context: dg.InputContext) -> Any:
        """Documents are for people and other systems; raises `dagster.Failure`: read the table instead."""
        raise dg.Failure(f"{context.asset_key.to_user_string()} is a document: depend on its table instead.")


def _rows_of(spool: str, day: date) -> ds.Dataset | None:
    files = storage.walk(storage.join(spool, f"day={day}"))
    return storage.parquet([file.url for file in files if file.name.endswith(".parquet")])
