"""Three small assets under names of the platform's own, which do as a test says, and the sensor that looks at them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import dagster as dg

from platform_assets.automation.notices import STATES, State
from platform_assets.automation.notifying import notices_sensor
from platform_assets.registry import catalog_of
from platform_assets_tests.support.platforms import END, START
from platform_assets_tests.support.services.listener import Listener
from platform_assets_tests.support.settings import DOMAINS, settings_for

DAYS = dg.DailyPartitionsDefinition("2026-01-01")
HITS, STATS, HISTORY = "web/user_web_hits", "web/aggregated_web_stats", "purchases/history"
CHECKS = ("known", "up_to_date", "late_rows", "no_missing_days")
FOUND = "Broken rules:\n  - unique: 3 rows have a key that others have"


@dataclass
class Office:
    """The assets, an instance in memory, a clock and a listener; `errors` and `found` say what goes wrong."""

    listener: Listener
    clock: SimpleNamespace
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)
    cursor: str | None = None
    errors: dict[str, Exception] = field(default_factory=dict)
    found: dict[str, dg.AssetCheckSeverity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.receivers = (self.listener.url,)
        self.definitions = dg.Definitions(
            [self._asset(HITS, days=True), self._asset(STATS, HITS, days=True), self._asset(HISTORY)],
            jobs=[dg.define_asset_job("all_of_them")],
        )

    def _asset(self, name: str, *reads: str, days: bool = False) -> dg.AssetsDefinition:
        key = dg.AssetKey(name.split("/"))

        @dg.asset(
            key=key,
            deps=[dg.AssetKey(one.split("/")) for one in reads],
            partitions_def=DAYS if days else None,
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=[dg.AssetCheckSpec(check, asset=key) for check in CHECKS],
        )
        def made() -> Iterator[Any]:
            for check in CHECKS:
                severity = self.found.get(f"{name}: {check}")
                said = f"{check} found 2 rows"
                yield dg.AssetCheckResult(
                    check_name=check,
                    passed=not severity,
                    severity=severity or dg.AssetCheckSeverity.ERROR,
                    description=said,
                )
            if name in self.errors:
                raise self.errors[name]
            yield dg.MaterializeResult()

        return made

    def run(self, *tables: str, first: str = "", last: str = "", retries_of: str = "") -> str:
        """One run over some days; its id."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        tags = {START: first, END: last or first} if first else {}
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(one.split("/")) for one in tables],
            tags=tags,
            raise_on_error=False,
        ).run_id

    def dies(
        self, *tables: str, first: str = "", said: str = "the machine was switched off", will_retry: bool = False
    ) -> str:
        """A run that dies before any of its steps has failed, and may be tried again by Dagster; its id."""
        run = self.instance.create_run_for_job(
            self.definitions.resolve_implicit_global_asset_job_def(),
            asset_selection=frozenset(dg.AssetKey(one.split("/")) for one in tables),
            tags=({START: first, END: first} if first else {}) | ({"dagster/will_retry": "true"} if will_retry else {}),
            status=dg.DagsterRunStatus.STARTED,
        )
        self.instance.report_run_failed(run, said)
        return run.run_id

    def died(self, table: str, **tags: str) -> None:
        """A run that died, of which no more is known than what it was made for."""
        run = self.instance.add_run(
            dg.DagsterRun("__ASSET_JOB", asset_selection=frozenset([dg.AssetKey(table.split("/"))]), tags=dict(tags))
        )
        self.instance.report_run_failed(run, "gone")

    def look(self, minutes: float = 0, keeps: bool = True) -> str:
        """One look of the sensor, which may be killed before Dagster keeps its cursor; what it says of itself."""
        self.clock.now += minutes * 60
        settings = settings_for(notify=self.receivers, ui_url="http://ui/")
        sensor = notices_sensor(catalog_of(DOMAINS, settings), settings)
        context = dg.build_sensor_context(self.instance, self.cursor, definitions=self.definitions)
        said = sensor(context)
        assert isinstance(said, dg.SkipReason)
        self.cursor = context.cursor if keeps else self.cursor
        return str(said.skip_message)

    @property
    def state(self) -> State:
        return STATES.validate_json(self.cursor or "{}")


def check(
    name: str, *, passed: bool, table: str = HITS, said: str | None = "2 rows", **metadata: Any
) -> dg.AssetCheckEvaluation:
    """What a check has found of a table that no run has made."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table.split("/")),
        check_name=name,
        passed=passed,
        metadata=metadata,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
    )
