"""What a canary is decided by, and how far it was, for tables of both."""

from datetime import datetime, timedelta
from typing import Any

from fastapi_fleet.api.canary_spec import Canary
from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.status.canary import CanarySight
from fastapi_fleet.status.facts import LiveObject

NOW = "2026-01-01T01:00:00Z"
STEPS = Canary.model_validate({"steps": [{"weight": 25, "pause": 60}, {"weight": 50, "pause": 120}]})


def deployment(revision: str, replicas: int = 3, available: int | None = None) -> LiveObject:
    counted = {"replicas": replicas, "updatedReplicas": replicas}
    return {
        "metadata": {"generation": 1, "annotations": {ANNOTATION_REVISION: revision}},
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": 1,
            **counted,
            "availableReplicas": replicas if available is None else available,
        },
    }


def sight(**fields: Any) -> CanarySight:
    given: dict[str, Any] = {
        "now": NOW,
        "generation": 2,
        "revision": "new",
        "canary": STEPS,
        "deadline_seconds": 300,
        "is_proven": False,
        "may_run": True,
        "stable": deployment("old"),
    }
    return CanarySight(**{**given, **fields})


def state(phase: str = "Progressing", *, ago: int = 0, **fields: Any) -> CanaryStatus:
    since = (datetime.fromisoformat(NOW) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"revision": "new", "step": 1, "weight": 25, "replicas": 1, "available": False, "generation": 2}
    return CanaryStatus.model_validate({**given, "phase": phase, "since": since, **fields})
