"""The marts of a month, day by day, timed: `python -m ...benchmarks.platform_retail_month FEED OUT FIRST LAST`."""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from platform_assets_tests.support.platforms import Platform

MARTS = ("customers_data_mart", "sales_team_data_mart", "coupons")


def main(feed: Path, out: Path, first: date, last: date) -> dict[str, Any]:
    """Build what the marts are made of in one run, and then the marts of one day after the other."""
    platform = Platform(out, landing=str(feed.parent), retail_start=first)
    before = '+key:"retail/customer_sales" or +key:"retail/sales_team_sales"'
    platform.materialise(str(first), str(last), select=before)
    marts = " or ".join(f'key:"retail/{name}"' for name in MARTS)
    seconds = []
    for day in (first + timedelta(days=number) for number in range((last - first).days + 1)):
        began = time.perf_counter()
        platform.materialise(str(day), select=marts)
        seconds.append(round(time.perf_counter() - began, 2))
    return {"seconds": sum(seconds), "days": seconds}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    folder, output, *ends = sys.argv[1:]
    Path(output).mkdir(parents=True)
    print(json.dumps(main(Path(folder), Path(output), *map(date.fromisoformat, ends))))
