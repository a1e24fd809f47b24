"""Switches of schedules and sensors, as somebody has set them in the UI."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg


def switch(name: str, status: str, location: str = "here") -> Any:
    """A sensor's switch as Dagster stores it, which has no public name for it."""
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": {"__class__": "RegisteredRepositoryLocationOrigin", "location_name": location},
        "repository_name": "__repository__",
    }
    state = {
        "__class__": "InstigatorState",
        "job_specific_data": None,
        "job_type": {"__enum__": "InstigatorType.SENSOR"},
        "origin": {"__class__": "ExternalJobOrigin", "external_repository_origin": repository, "job_name": name},
        "status": {"__enum__": f"InstigatorStatus.{status}"},
    }
    return dg.deserialize_value(json.dumps(state))
