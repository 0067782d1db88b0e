"""Which change of status people are told of by an Event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from fastapi_fleet.api.conditions import ConditionType, Reason

UNDER_WAY = frozenset({Reason.ROLLING_OUT, Reason.PENDING})
"""Not ready because of what was just asked for: the end of it is told, and that it is stuck, not its beginning."""

_OF_ROTATION: Final[Mapping[str, Literal["Normal", "Warning"]]] = {
    Reason.ROTATING: "Normal",
    Reason.CREDENTIALS_CURRENT: "Normal",
    Reason.ROTATION_FAILED: "Warning",
}


@dataclass(frozen=True)
class Flip:
    """`since`: the lastTransitionTime that the flip gave the condition."""

    type: Literal["Normal", "Warning"]
    condition: ConditionType
    reason: str
    message: str
    since: str


def flip_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Flip | None:
    """The one flip that a write of status is told by: rolled back or stalled at last, else ready or no longer ready.

    Both are the same resource as the API has it. None where only messages and reasons changed.
    """
    was, now = _conditions(before), _conditions(after)
    if _goes_back_by_itself(now) and not _goes_back_by_itself(was):
        return _flip("Warning", now, ConditionType.ROLLED_BACK)
    if _is_true(now, ConditionType.STALLED):
        return None if _is_true(was, ConditionType.STALLED) else _flip("Warning", now, ConditionType.STALLED)
    was_ready, is_ready = _is_true(was, ConditionType.READY), _is_true(now, ConditionType.READY)
    if was_ready == is_ready or (was_ready and now[ConditionType.READY]["reason"] in UNDER_WAY):
        return None
    return _flip("Normal" if is_ready else "Warning", now, ConditionType.READY)


def rotation_flip(before: Mapping[str, Any], after: Mapping[str, Any]) -> Flip | None:
    """What is told of new passwords beside that: that the change began, failed, or is done."""
    was, now = (_conditions(one).get(ConditionType.CREDENTIALS_ROTATED, {}) for one in (before, after))
    reason: str = now.get("reason", "")
    if reason not in _OF_ROTATION or was.get("reason") == reason:
        return None
    if reason == Reason.CREDENTIALS_CURRENT and not was:
        return None
    since = f"{now['lastTransitionTime']} {reason}"
    return Flip(_OF_ROTATION[reason], ConditionType.CREDENTIALS_ROTATED, reason, now["message"], since)


def _conditions(resource: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    conditions: Sequence[Mapping[str, Any]] = (resource.get("status") or {}).get("conditions") or ()
    return {condition["type"]: condition for condition in conditions}


def _goes_back_by_itself(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    told = conditions.get(ConditionType.ROLLED_BACK)
    return told is not None and told["status"] == "True" and told["reason"] == Reason.NOT_READY_IN_TIME


def _is_true(conditions: Mapping[str, Mapping[str, Any]], kind: ConditionType) -> bool:
    return kind in conditions and conditions[kind]["status"] == "True"


def _flip(
    kind: Literal["Normal", "Warning"], conditions: Mapping[str, Mapping[str, Any]], condition: ConditionType
) -> Flip:
    now = conditions[condition]
    return Flip(kind, condition, now["reason"], now["message"], now["lastTransitionTime"])
