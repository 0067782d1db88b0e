"""A Compose health check as probes."""

import re
from typing import Any

from fastapi_fleet.api.rollout_spec import DEFAULT_STARTUP_SECONDS
from fastapi_fleet.compose.models import Healthcheck
from fastapi_fleet.compose.notes import Notes
from fastapi_fleet.constants import HEALTH_LIVE_PATH, HEALTH_READY_PATH

_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::(?P<port>\d+))?(?P<path>/[^\s'\"\\)|;&?#]*)?"
)
_MOST_SECONDS = 3600
_MOST_FAILURES = 1000
_ASKED = (
    f"the probes ask {HEALTH_LIVE_PATH} and {HEALTH_READY_PATH}: serve these, or set probes.liveness.path and "
    "probes.readiness.path"
)


def asked_port(healthcheck: Healthcheck | None) -> int | None:
    url = _url(healthcheck)
    return int(url["port"]) if url and url["port"] else None


def probes_of(healthcheck: Healthcheck | None, notes: Notes) -> dict[str, Any]:
    """spec.probes; empty where the operator's defaults do."""
    url = _url(healthcheck)
    if healthcheck is None or healthcheck.disable or healthcheck.test[:1] == ["NONE"]:
        notes.to_do(f"without a health check here, {_ASKED}")
        return {}
    if url is None:
        notes.at("healthcheck").to_do(f"the check is no HTTP request to the service itself: {_ASKED}")
        return {}
    path = url["path"] or "/"
    readiness = {**({"path": path} if path != HEALTH_READY_PATH else {}), **_timing(healthcheck, notes)}
    probes: dict[str, Any] = {"readiness": readiness} if readiness else {}
    if path != HEALTH_READY_PATH:
        probes["liveness"] = {"path": path}
        notes.at("healthcheck").changed(
            f"{path} is asked for readiness and for liveness: give liveness a path that asks no database, "
            "for a pod that fails it is started anew"
        )
    startup = healthcheck.start_period or 0
    if 0 < startup <= _MOST_SECONDS and startup != DEFAULT_STARTUP_SECONDS:
        probes["startupSeconds"] = startup
    return probes


def _url(healthcheck: Healthcheck | None) -> re.Match[str] | None:
    return _URL.search(" ".join(healthcheck.test)) if healthcheck else None


def _timing(healthcheck: Healthcheck, notes: Notes) -> dict[str, int]:
    """Compose waits for an answer before the interval begins; a probe's period has to hold both."""
    period, timeout = healthcheck.interval, healthcheck.timeout
    if period is not None and timeout is not None and timeout > period:
        notes.at("healthcheck", "timeout").changed(
            f"the period is {timeout} s: no probe may wait longer than its period"
        )
        period = timeout
    if period is None and timeout is not None:
        period = max(timeout, 10)
    given = {"periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": healthcheck.retries}
    limits = {"failureThreshold": _MOST_FAILURES}
    return {
        name: min(max(value, 1), limits.get(name, _MOST_SECONDS)) for name, value in given.items() if value is not None
    }
