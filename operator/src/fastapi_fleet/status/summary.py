"""Ready, Reconciling and Stalled: what kubectl wait, Helm, Flux and Argo CD read (kstatus)."""

from collections.abc import Iterable, Iterator

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, holds

STALLED_REASONS = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.NOT_OWNED,
        Reason.PROGRESS_DEADLINE_EXCEEDED,
        Reason.CANARY_ABORTED,
        Reason.SETTINGS_REFUSED,
        Reason.PREFLIGHT_FAILED,
        Reason.CONTRACT_BLOCKED,
        Reason.APPROVAL_NEEDED,
        Reason.MIGRATION_FAILED,
        Reason.SCHEMA_AHEAD_BLOCKED,
        Reason.SEVERAL_HEADS,
        Reason.ADMIN_SECRET_MISSING,
        Reason.ADMIN_SECRET_INVALID,
        Reason.HOST_NOT_ALLOWED,
        Reason.LOGIN_REFUSED,
        Reason.NOT_PRIVILEGED,
        Reason.TLS_FAILED,
    }
)
"""Nothing changes by itself after these: a person must act. Where no watch tells that one has, it is looked again."""

_INFORMATIVE = frozenset(
    {
        ConditionType.PRODUCTION_GRADE,
        ConditionType.PAUSED,
        ConditionType.ROLLED_BACK,
        ConditionType.CREDENTIALS_ROTATED,
        ConditionType.ROUTE_READY,
        ConditionType.INGRESS_READY,
        ConditionType.MONITORING_READY,
        ConditionType.NETWORK_OPEN,
        ConditionType.SHUTDOWN_IN_TIME,
        ConditionType.CONNECTIONS_IN_BUDGET,
    }
)
"""Warnings, and what is in other hands: a service whose Gateway is down goes on serving inside the cluster."""

_TOLD_ONLY = frozenset(
    {
        Reason.SERVICE_NOT_READY,
        Reason.CONTRACT_UNKNOWN,
        Reason.CONTRACT_BROKEN,
        Reason.CONTRACT_APPROVED,
    }
)
"""Another service that is down, and what runs though its callers may break, do not take this one down."""


def summarise(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Ready first, then Reconciling or Stalled where one of them is true, then the conditions that they come from.

    Ready is as the first condition that does not hold; what failed says more than what was not looked at because of it.
    """
    steps = list(findings)
    unmet = [step for step in steps if step.status != "True" and _counts(step)]
    obstacle = next((step for step in unmet if step.status == "False"), next(iter(unmet), None))
    if obstacle is None:
        message = next((step.message for step in reversed(steps) if _counts(step)), "as specified")
        yield holds(ConditionType.READY, Reason.AVAILABLE, message)
    else:
        yield Finding(ConditionType.READY, obstacle.status, obstacle.reason, obstacle.message)
        is_stalled = obstacle.stalled or obstacle.reason in STALLED_REASONS
        kind = ConditionType.STALLED if is_stalled else ConditionType.RECONCILING
        yield holds(kind, obstacle.reason, obstacle.message)
    yield from steps


def _counts(step: Finding) -> bool:
    return step.type not in _INFORMATIVE and step.reason not in _TOLD_ONLY
