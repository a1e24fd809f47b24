"""The web domain by the platform, timed: `python -m ...benchmarks.platform_web FEED OUT FIRST LAST`."""

from platform_assets_tests.benchmarks.platform_run import run_domain
from platform_assets_tests.support.platforms import EACH_DAY

if __name__ == "__main__":
    # Sessions are left out: the scripts have none.
    run_domain("web", ("raw_events", "user_web_hits", "aggregated_web_stats"), select=EACH_DAY)
