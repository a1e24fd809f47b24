"""Findings of the lake and of landing as Dagster shows them: asset checks, and their results."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

from platform_assets.lake.audit import Finding, Shown


def check_specs(key: dg.AssetKey, checks: Mapping[str, str], warnings: Collection[str] = ()) -> list[dg.AssetCheckSpec]:
    """The Dagster checks of an asset, from their names to what must hold; all but the warnings stop publication."""
    return [
        dg.AssetCheckSpec(name, asset=key, description=text, blocking=name not in warnings)
        for name, text in checks.items()
    ]


def check_result(key: dg.AssetKey, finding: Finding) -> dg.AssetCheckResult:
    """A finding as Dagster records it."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=finding.check,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if finding.warning else dg.AssetCheckSeverity.ERROR,
        description=finding.summary,
        metadata={name: _metadata(value) for name, value in finding.details.items()},
    )


def _metadata(value: Any) -> Any:
    if not isinstance(value, Shown):
        return value
    records = [dg.TableRecord(dict(zip(value.columns, record, strict=True))) for record in value.records]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in value.columns]))
