"""A daemon as a test needs it: it asks a domain's sensor, carries out what is requested, and notes what it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timezone
from typing import Any

import dagster as dg

from platform_assets.automation.domains import run_request
from platform_assets.automation.history import DAYS, History
from platform_assets.automation.requests import Answer, Desk, Request
from platform_assets.plan.state import State, through
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.kiosk import FOUND
from platform_assets_tests.support.platforms import NOT_EACH_EVENT, Platform

AT_ONCE = {"landing_settle_seconds": 0, "catch_up_days": 100_000}
"""Settings of a daemon that waits for nothing."""
_MOST_TICKS = 200


class Daemon:
    """Dagster's daemon and its queue for one domain, without processes and without pauses."""

    def __init__(self, platform: Platform, domain: str = "kiosk", domains: Sequence[FoundDomain] = (FOUND,)) -> None:
        self.platform, self.domain, self.domains = platform, domain, domains
        self.cursor: str | None = None
        self.said = ""
        self.events: list[Any] = []
        self.results: list[dg.ExecuteInProcessResult] = []
        self.keys: Counter[str] = Counter()

    def tick(self) -> list[dg.RunRequest]:
        """Ask the sensor once."""
        sensor = self.platform.definitions.resolve_sensor_def(f"{self.domain}_landing")
        context = dg.build_sensor_context(
            instance=self.platform.instance, cursor=self.cursor, definitions=self.platform.definitions
        )
        found = sensor.evaluate_tick(context)
        self.cursor, self.said = found.cursor, found.skip_message or ""
        self.events += found.asset_events
        return list(found.run_requests or [])

    def carry_out(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Do what is requested, unless it was done before under the same key."""
        assert request.run_key
        assert request.asset_selection
        self.keys[request.run_key] += 1
        assert self.keys[request.run_key] == 1, f"requested twice: {request.tags}"
        result = self.platform.definitions.resolve_job_def(self.domain).execute_in_process(
            instance=self.platform.instance,
            asset_selection=list(request.asset_selection),
            tags={**request.tags, "dagster/run_key": request.run_key},
            run_config=NOT_EACH_EVENT,
            raise_on_error=False,
        )
        self.results.append(result)
        return result

    def rest(self) -> list[tuple[str, ...]]:
        """Ask and carry out until nothing is requested: days of January, tables, and `refused` when it was."""
        done = []
        for _ in range(_MOST_TICKS):
            if not (requests := self.tick()):
                return done
            done += [self.carried_out(request) for request in requests]
        raise AssertionError(f"it never rests: {done[-5:]}")

    def carried_out(self, request: dg.RunRequest) -> tuple[str, ...]:
        """Do what is requested: days of January, tables, and `refused` when it was."""
        result = self.carry_out(request)
        tables = sorted(key.path[-1] for key in request.asset_selection or ())
        return (_days(request.tags[DAYS]), *tables, *([] if result.success else ["refused"]))

    def use(self, platform: Platform) -> None:
        """Go on with other settings, and the same history of runs."""
        vars(platform)["instance"] = self.platform.instance
        self.platform = platform

    def requests(self, answer: Answer) -> list[dg.RunRequest]:
        """What an answer asks for, as Dagster is told it."""
        return [run_request(one, self.domain) for one in answer.requests]

    def desk(self, now: datetime | None = None, over: date | None = None, until: date | None = None) -> Desk:
        """Where runs are requested, at some time."""
        now = now or datetime.now(timezone.utc)
        keys = [one.key for one in self.platform.catalog.declared.values() if one.key.path[0] == self.domain]
        state = State.of(self.platform.catalog, keys, through=over)
        history = History(self.platform.instance, self.domain)
        return Desk(state, self.domains, self.domain, history, over or through(now, "00:30"), now, until)

    def answer(self, now: datetime | None = None, over: date | None = None) -> Answer:
        """What is to be requested at some time."""
        return self.desk(now, over).answer()

    def failing(self) -> dict[str, str]:
        """What the sensor has recorded last of checks that do not pass, by asset and check."""
        last = {f"{one.asset_key.to_user_string()} {one.check_name}": one for one in self.events}
        return {name: str(one.description) for name, one in last.items() if not one.passed}

    @property
    def remembered(self) -> dict[str, str]:
        """What is in the cursor."""
        return dict(json.loads(self.cursor or "{}"))


def told(requests: list[Request] | tuple[Request, ...] | Any) -> list[tuple[str, ...]]:
    """Requests as days of January and tables without the domain's name."""
    return [
        (_days(f"{one.run.first}...{one.run.last}"), *sorted(key.path[-1] for key in one.run.keys)) for one in requests
    ]


def _days(span: str) -> str:
    first, last = (date.fromisoformat(day) for day in span.split("..."))
    if first == date.min:
        return "all"
    return f"{first.day}" if first == last else f"{first.day}-{last.day}"
