"""Which verdicts of checks without a run were recorded, so that each is recorded once: the cursor of a sensor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from platform_assets.errors import PlatformError
from platform_assets.plan.checks import NO_MISSING_DAYS, Verdict

_SINCE = "cannot look since"
# What may pass, such as a store that does not answer, is nobody's business for so many seconds.
_PATIENCE = 300
_CURSOR = TypeAdapter(dict[str, str | float])


@dataclass(frozen=True)
class Told:
    """What checks have said last, by asset and name: a hash of it, nothing when they passed.

    `since` is when landing or the lake could not be looked at first, in seconds since 1970, if they cannot.
    """

    said: Mapping[str, str]
    since: float | None = None

    @classmethod
    def of(cls, cursor: str | None) -> Told:
        """What a cursor remembers; nothing when there is none, or somebody has written another in the UI."""
        try:
            found = _CURSOR.validate_json(cursor or "{}")
        except ValidationError:
            return cls({})
        since = found.pop(_SINCE, None)
        return cls(
            {name: said for name, said in found.items() if isinstance(said, str)},
            since if isinstance(since, float) else None,
        )

    def news(self, verdicts: Iterable[Verdict]) -> tuple[list[dg.AssetCheckEvaluation], str]:
        """What is to be recorded of verdicts, and the cursor after that."""
        said, news = dict(self.said), []
        for one in verdicts:
            name = f"{one.key.to_user_string()} {one.check}"
            said[name] = "" if one.passed else hashlib.sha256(one.said.encode()).hexdigest()[:8]
            if said[name] != self.said.get(name):
                news.append(one.evaluation)
        return news, json.dumps(said)

    def cannot_look(
        self, checks: Sequence[dg.AssetCheckKey], error: PlatformError, now: datetime
    ) -> tuple[list[dg.AssetCheckEvaluation], str]:
        """What is to be recorded when nobody can tell which days there are: at once, or when what may pass lasts."""
        since = self.since or now.timestamp()
        if error.retry and now.timestamp() - since < _PATIENCE:
            return [], json.dumps({**self.said, _SINCE: since})
        keys = [check.asset_key for check in checks if check.name == NO_MISSING_DAYS]
        news, cursor = self.news(Verdict(key, NO_MISSING_DAYS, False, str(error), {}) for key in keys)
        return news, json.dumps({**json.loads(cursor), _SINCE: since})
