"""The check `up_to_date` of every asset, over the plan: it reads no rows."""

from collections.abc import Iterator

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.failures import as_failures
from platform_assets.lake.tables.days import WHOLE, span_text
from platform_assets.landing.deliveries import some
from platform_assets.plan.due import Due, due

UP_TO_DATE = "up_to_date"
_SAID = "Every day is what its files, inputs and settings make it now: the plan has nothing due"


def up_to_date(catalog: Catalog, domain: str) -> dg.AssetChecksDefinition:
    """The checks of a domain's assets, made in one step after whichever of them a run has built."""
    # With one that is left out, and so builds nothing, Dagster would skip the check of all others.
    its = [one for one in catalog.declared.values() if one.domain.name == domain]
    keys = [one.key for one in its if not one.left_out(catalog.settings)]

    @dg.multi_asset_check(
        name=f"{domain}_{UP_TO_DATE}",
        specs=[dg.AssetCheckSpec(UP_TO_DATE, asset=key, description=_SAID) for key in keys],
        can_subset=True,
    )
    def checked(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = [check.asset_key for check in context.selected_asset_check_keys]
        with as_failures():
            found = due(catalog, chosen)
        yield from (_result(found, key) for key in chosen)

    return checked


def _result(found: Due, key: dg.AssetKey) -> dg.AssetCheckResult:
    days = found.days[key]
    reasons: dict[str, list[str]] = {}
    for day, its in sorted(days.items()):
        for reason in its:
            reasons.setdefault(" ".join(filter(None, [reason.kind, reason.of])), []).append(span_text(day, day))
    said = "nothing is due"
    if days:
        shown = "; ".join(f"{reason} on {some(on, 3)}" for reason, on in reasons.items())
        what, them = ("it is due", "it") if WHOLE in days else (f"{len(days)} days are due", "them")
        said = f"{what}: {shown}. To build {them}: platform-assets apply {key.path[0]}"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=UP_TO_DATE,
        passed=not days,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata={"due": {reason: on[:100] for reason, on in reasons.items()}, "days": len(days)},
    )
