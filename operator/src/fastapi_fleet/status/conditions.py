"""Building conditions and putting them into the list that is already there; reading those of live objects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Condition, ConditionType, Reason
from fastapi_fleet.api.resource_status import NEVER
from fastapi_fleet.errors import ReconcileError


@dataclass(frozen=True)
class Finding:
    """A condition before it is known when it last changed. `stalled`: nothing goes on until a person acts."""

    type: ConditionType
    status: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str
    stalled: bool = False


def holds(kind: ConditionType, reason: Reason, message: str) -> Finding:
    return Finding(kind, "True", reason, message)


def fails(kind: ConditionType, reason: Reason, message: str) -> Finding:
    return Finding(kind, "False", reason, message)


def unknown(kind: ConditionType, reason: Reason, message: str) -> Finding:
    return Finding(kind, "Unknown", reason, message)


def failed_by(kind: ConditionType, problem: ReconcileError) -> Finding:
    return fails(kind, Reason(problem.reason), problem.message)


def condition_of(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """What the status of an object says, as the API has it: a resource of the operator's or any other."""
    conditions: Sequence[Mapping[str, Any]] = (obj.get("status") or {}).get("conditions") or ()
    return next((condition for condition in conditions if condition["type"] == kind), None)


def is_true(obj: Mapping[str, Any], kind: str) -> bool:
    condition = condition_of(obj, kind)
    return condition is not None and condition["status"] == "True"


def is_current(told: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    """Whether the status of an object, or a condition in it, is about its newest spec."""
    return bool(told.get("observedGeneration", 0) >= obj["metadata"]["generation"])


def merge(findings: Iterable[Finding], previous: Sequence[Condition], *, generation: int, now: str) -> list[Condition]:
    """Conditions in the order of `findings`. lastTransitionTime moves only when a status does."""
    before = {condition.type: condition for condition in previous if condition.last_transition_time != NEVER}
    return [_condition(finding, before.get(finding.type), generation, now) for finding in findings]


def _condition(finding: Finding, before: Condition | None, generation: int, now: str) -> Condition:
    since = before.last_transition_time if before is not None and before.status == finding.status else now
    return Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason,
        message=shorten(finding.message),
        observed_generation=generation,
        last_transition_time=since,
    )


def shorten(message: str, limit: int = MESSAGE_LIMIT) -> str:
    return message if len(message) <= limit else f"{message[: limit - 1]}…"
