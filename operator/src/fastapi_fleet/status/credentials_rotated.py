"""CredentialsRotated: the service logs in and signs by its newest passwords and keys, and those before are refused."""

from collections.abc import Callable, Sequence
from typing import Final

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.resource_status import LoginStatus
from fastapi_fleet.status.conditions import Finding, fails, holds
from fastapi_fleet.status.facts import RotationFacts, ServiceFacts
from fastapi_fleet.status.signing_keys import current_key, what_key_lacks

KIND = ConditionType.CREDENTIALS_ROTATED

_SESSIONS_NAMED: Final = 3


def credentials_rotated(facts: ServiceFacts) -> Finding | None:
    """None for a service of which no password or key changes, and while it is paused. What lacks most is told first."""
    logins, keys = facts.rotations or (), facts.signing_keys or ()
    if facts.spec is None or facts.spec.paused or not (logins or keys):
        return None
    of_keys = [lack for key in keys if (lack := what_key_lacks(key))]
    for find, reason in _WHAT_LACKS:
        told = [text for one in logins if (text := find(one))]
        told += [text for of_key, text in of_keys if of_key is reason]
        if told:
            return fails(KIND, reason, "; ".join(told))
    return holds(KIND, Reason.CREDENTIALS_CURRENT, "; ".join([*map(_current, logins), *map(current_key, keys)]))


def login_statuses(rotations: Sequence[RotationFacts]) -> list[LoginStatus] | None:
    logins = [
        LoginStatus(name=one.part, login=one.login, since=one.since, due_at=one.due_at, left=one.left)
        for one in rotations
    ]
    return logins or None


def _failed(one: RotationFacts) -> str | None:
    return f"{one.part}: {one.obstacle.message}" if one.obstacle is not None else None


def _sessions_left(one: RotationFacts) -> str | None:
    if not one.sessions:
        return None
    named = ", ".join(f"{session.client} since {session.since}" for session in one.sessions[:_SESSIONS_NAMED])
    more = len(one.sessions) - _SESSIONS_NAMED
    others = f" and {more} more" if more > 0 else ""
    return f"{one.part}: no pod logs in as {one.left} any more, but from {named}{others}; ended at {one.sessions_end}"


def _rotating(one: RotationFacts) -> str | None:
    if one.left is None:
        return None
    return f"{one.part}: {one.login} since {one.since}; {one.left} is locked when no pod of an older revision is left"


def _due(one: RotationFacts) -> str | None:
    return f"{one.part}: begins when {one.waits_until or 'its turn has come'}" if one.is_due else None


def _current(one: RotationFacts) -> str:
    since = f" since {one.since}" if one.since else ""
    return f"{one.part}: {one.login}{since}" + (f", next {one.due_at}" if one.due_at else "")


_WHAT_LACKS: Final[tuple[tuple[Callable[[RotationFacts], str | None], Reason], ...]] = (
    (_failed, Reason.ROTATION_FAILED),
    (_sessions_left, Reason.SESSIONS_LEFT),
    (_rotating, Reason.ROTATING),
    (_due, Reason.ROTATION_DUE),
)
