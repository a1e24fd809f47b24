"""Findings of the lake and of landing as Dagster shows them: asset checks, and their results."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from platform_assets.lake.audit import Finding


def check_specs(key: dg.AssetKey, checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """The Dagster checks of an asset, from their names to what must hold."""
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in checks.items()]


def check_result(key: dg.AssetKey, finding: Finding) -> dg.AssetCheckResult:
    """A finding as Dagster records it."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=finding.check,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if finding.warning else dg.AssetCheckSeverity.ERROR,
        description=finding.summary,
        metadata=dict(finding.details),
    )
