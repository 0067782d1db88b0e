"""How far the exchange of each signing key is, and what its next step comes to. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from fastapi_fleet.api.signing_key_spec import SigningKey
from fastapi_fleet.api.span import span_of
from fastapi_fleet.api.times import rfc3339
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.credentials import signing_key
from fastapi_fleet.reconcile.rotation_plan import obstacle_to_rotation
from fastapi_fleet.reconcile.rotation_schedule import RotationSchedule
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.environment import signing_keys
from fastapi_fleet.resources.rotation_record import rotation_request
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord
from fastapi_fleet.status.facts import ServiceFacts, SigningKeyFacts

Step = Literal["publish", "sign", "drop", "note"]
"""`note`: that no pod is left that has not read what the Secret says."""


@dataclass(frozen=True)
class KeyChange:
    """What a step writes: values of the service's Secret, and the record beside them."""

    values: Mapping[str, str]
    record: SigningKeyRecord


def plan_signing_keys(resource: Object, plan: ServicePlan, now: datetime) -> tuple[SigningKeyFacts, ...]:
    """One of each key that changes, has changed or is to change. `resource`: the service as the API has it."""
    asked = rotation_request(resource)
    planned = []
    for env, key in signing_keys(plan.spec).items():
        record = believed_record(plan.observed.signing_keys.get(env), plan.credentials[key.other_env])
        if key.rotate_every is not None or asked is not None or record is not None:
            since = (record.signs_since if record is not None else None) or plan.observed.secret_since
            followed = record.request if record is not None else None
            schedule = RotationSchedule(since, key.rotate_every, asked, followed)
            planned.append(_of_key(key, env, record, schedule, now))
    return tuple(planned)


def believed_record(record: SigningKeyRecord | None, other: str) -> SigningKeyRecord | None:
    """What the Secret tells of a key, as far as the second one there bears it out.

    A second key of which nothing is known is taken for the one before: no token of that is refused too early.
    """
    if record is None and not other:
        return None
    if record is not None and (record.stage == "Alone") == (not other):
        return record
    known = record or SigningKeyRecord(stage="Alone")
    return known.model_copy(update={"stage": "PreviousAccepted" if other else "Alone", "rolled_out_at": None})


def next_step(key: SigningKeyFacts, now: datetime) -> Step | None:
    if not key.rolled_out:
        return "note"
    if key.stage == "Alone":
        return "publish" if key.is_due else None
    if key.until is None or now < datetime.fromisoformat(key.until):
        return None
    return "sign" if key.stage == "NextPublished" else "drop"


def obstacle_to_step(plan: ServicePlan, facts: ServiceFacts) -> str | None:
    """Why no step can be done now. Each waits for the rollout of the one before; logins and keys change by turns."""
    if any(one.left or one.is_due for one in facts.rotations or ()):
        return "the passwords have changed"
    return obstacle_to_rotation(plan, facts)


def change_of(
    step: Step, env: str, plan: ServicePlan, *, now: str, request: str | None, generate: Callable[[], str]
) -> KeyChange:
    other = signing_keys(plan.spec)[env].other_env
    values = plan.credentials
    known = believed_record(plan.observed.signing_keys.get(env), values[other]) or SigningKeyRecord(stage="Alone")
    begun = known.model_copy(update={"rolled_out_at": None})
    match step:
        case "note":
            return KeyChange({}, known.model_copy(update={"rolled_out_at": now}))
        case "publish":
            told = {"stage": "NextPublished", "request": request}
            return KeyChange({other: signing_key(generate())}, begun.model_copy(update=told))
        case "sign":
            told = {"stage": "PreviousAccepted", "signs_since": now}
            return KeyChange({env: values[other], other: values[env]}, begun.model_copy(update=told))
        case "drop":
            return KeyChange({other: ""}, begun.model_copy(update={"stage": "Alone"}))
        case _:
            assert_never(step)


def _of_key(
    key: SigningKey, env: str, record: SigningKeyRecord | None, schedule: RotationSchedule, now: datetime
) -> SigningKeyFacts:
    rolled_out = record is None or record.rolled_out_at is not None
    until = _until(key, record) if record is not None else None
    is_due = schedule.is_due(now)
    awaited = until or (schedule.due_at if rolled_out and not is_due else None)
    return SigningKeyFacts(
        env=env,
        stage=record.stage if record is not None else "Alone",
        rolled_out=rolled_out,
        since=schedule.since,
        until=rfc3339(until) if until else None,
        due_at=rfc3339(schedule.due_at) if schedule.due_at else None,
        is_due=is_due,
        again_after=max(0.0, (awaited - now).total_seconds()) if awaited else None,
    )


def _until(key: SigningKey, record: SigningKeyRecord) -> datetime | None:
    """When a stage of which every pod knows has lasted as long as the spec says."""
    if record.rolled_out_at is None or record.stage == "Alone":
        return None
    span = key.publish_before if record.stage == "NextPublished" else key.keep_after
    return datetime.fromisoformat(record.rolled_out_at) + span_of(span)
