"""Which change of status is told of."""

from typing import Any

import pytest
from fastapi_fleet.status.flips import flip_between, rotation_flip


def resource(*conditions: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "status": {
            "conditions": [
                {"type": kind, "status": status, "reason": reason, "message": "m", "lastTransitionTime": "t"}
                for kind, status, reason in conditions
            ]
        }
    }


READY = resource(("Ready", "True", "Available"))
SCALED = resource(("Ready", "True", "ScaledToZero"))
ROLLING = resource(("Ready", "False", "RollingOut"), ("Reconciling", "True", "RollingOut"))
PENDING = resource(("Ready", "Unknown", "Pending"))
CRASHING = resource(("Ready", "False", "CrashLoop"), ("Reconciling", "True", "CrashLoop"))
STALLED = resource(("Ready", "False", "CrashLoop"), ("Stalled", "True", "CrashLoop"))
REFUSED = resource(("Ready", "False", "InvalidSpec"), ("Stalled", "True", "InvalidSpec"))
REPLACED = resource(
    ("Ready", "False", "NotReadyInTime"),
    ("Stalled", "True", "NotReadyInTime"),
    ("RolledBack", "True", "NotReadyInTime"),
)
AS_TOLD = resource(("Ready", "True", "Available"), ("RolledBack", "True", "RolledBack"))
KEPT = resource(
    ("Ready", "False", "CrashLoop"), ("Stalled", "True", "CrashLoop"), ("RolledBack", "False", "NothingToGoBackTo")
)
NEW: dict[str, Any] = {}

FLIPS = {
    "first ready": (PENDING, READY, ("Normal", "Ready", "Available")),
    "ready again": (CRASHING, READY, ("Normal", "Ready", "Available")),
    "ready after it was stalled": (STALLED, READY, ("Normal", "Ready", "Available")),
    "breaks": (READY, CRASHING, ("Warning", "Ready", "CrashLoop")),
    "stalled at last": (CRASHING, STALLED, ("Warning", "Stalled", "CrashLoop")),
    "ready no more and stalled at once is one": (READY, REFUSED, ("Warning", "Stalled", "InvalidSpec")),
    "rolled back by itself": (CRASHING, REPLACED, ("Warning", "RolledBack", "NotReadyInTime")),
    "rolled back by itself when it was stalled": (KEPT, REPLACED, ("Warning", "RolledBack", "NotReadyInTime")),
    "refused from the start": (NEW, REFUSED, ("Warning", "Stalled", "InvalidSpec")),
}


@pytest.mark.parametrize(("before", "after", "told"), FLIPS.values(), ids=FLIPS.keys())
def test_flip_is_told(before: dict[str, Any], after: dict[str, Any], told: tuple[str, str, str]) -> None:
    flip = flip_between(before, after)
    assert flip is not None
    assert (flip.type, flip.condition, flip.reason) == told


SILENT = {
    "only the reason": (READY, SCALED),
    "rolled back already": (REPLACED, REPLACED),
    "rolled back by the field": (READY, AS_TOLD),
    "nothing to go back to, and stalled before": (STALLED, KEPT),
    "a rollout begins": (READY, ROLLING),
    "a rollout goes on": (ROLLING, ROLLING),
    "what it needs goes": (READY, PENDING),
    "not ready from the start": (NEW, CRASHING),
    "not ready for another reason": (ROLLING, CRASHING),
    "stalled for another reason": (STALLED, REFUSED),
    "stalled no more, not ready yet": (STALLED, ROLLING),
}


@pytest.mark.parametrize(("before", "after"), SILENT.values(), ids=SILENT.keys())
def test_everything_else_is_not(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert flip_between(before, after) is None


CURRENT = resource(("CredentialsRotated", "True", "CredentialsCurrent"))
DUE = resource(("CredentialsRotated", "False", "RotationDue"))
ROTATING = resource(("CredentialsRotated", "False", "Rotating"))
SESSIONS = resource(("CredentialsRotated", "False", "SessionsLeft"))
FAILED = resource(("CredentialsRotated", "False", "RotationFailed"))

ROTATIONS = {
    "begins": (DUE, ROTATING, ("Normal", "Rotating")),
    "begins for the first time": (NEW, ROTATING, ("Normal", "Rotating")),
    "is done": (SESSIONS, CURRENT, ("Normal", "CredentialsCurrent")),
    "fails": (ROTATING, FAILED, ("Warning", "RotationFailed")),
}


@pytest.mark.parametrize(("before", "after", "told"), ROTATIONS.values(), ids=ROTATIONS.keys())
def test_change_of_passwords_is_told(before: dict[str, Any], after: dict[str, Any], told: tuple[str, str]) -> None:
    flip = rotation_flip(before, after)
    assert flip is not None
    assert (flip.type, flip.reason) == told


@pytest.mark.parametrize(
    ("before", "after"), [(NEW, CURRENT), (CURRENT, CURRENT), (CURRENT, DUE), (ROTATING, SESSIONS), (CURRENT, NEW)]
)
def test_what_is_no_change_of_passwords_or_only_a_step_of_one_is_not_told(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert rotation_flip(before, after) is None


def test_failures_of_one_change_are_told_apart_from_its_beginning() -> None:
    began, failed = rotation_flip(DUE, ROTATING), rotation_flip(ROTATING, FAILED)
    assert began is not None
    assert failed is not None
    assert began.since != failed.since
