"""Probes of the app container: what the spec says over the defaults."""

from typing import Final

from fastapi_fleet.api.probe_spec import Probe, Probes
from fastapi_fleet.constants import HEALTH_LIVE_PATH, HEALTH_READY_PATH
from fastapi_fleet.resources.manifest import Manifest

LIVENESS = Probe(
    path=HEALTH_LIVE_PATH, initial_delay_seconds=10, period_seconds=30, timeout_seconds=5, failure_threshold=3
)
READINESS = Probe(
    path=HEALTH_READY_PATH, initial_delay_seconds=5, period_seconds=10, timeout_seconds=3, failure_threshold=3
)

PROBE_FIELDS: Final = frozenset({"startupProbe", "livenessProbe", "readinessProbe"})

STARTUP_PERIOD_SECONDS = 1
"""Short, because it delays each rollout: the budget is a count of periods."""


def render_probes(probes: Probes) -> Manifest:
    """The three probe fields of a container."""
    liveness = _over(LIVENESS, probes.liveness)
    startup = liveness.model_copy(
        update={
            "initial_delay_seconds": 0,
            "period_seconds": STARTUP_PERIOD_SECONDS,
            "timeout_seconds": 3,
            "failure_threshold": probes.startup_seconds // STARTUP_PERIOD_SECONDS,
        }
    )
    return {
        "startupProbe": _render(startup),
        "livenessProbe": _render(liveness),
        "readinessProbe": _render(_over(READINESS, probes.readiness)),
    }


def _over(defaults: Probe, wanted: Probe | None) -> Probe:
    return defaults.model_copy(update=wanted.model_dump(exclude_none=True)) if wanted else defaults


def _render(probe: Probe) -> Manifest:
    delay = {"initialDelaySeconds": probe.initial_delay_seconds} if probe.initial_delay_seconds else {}
    return {
        "httpGet": {"path": probe.path, "port": "http", "scheme": "HTTP"},
        **delay,
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "failureThreshold": probe.failure_threshold,
    }
