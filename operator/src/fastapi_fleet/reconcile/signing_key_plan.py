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
            wish = _Wish(key, record or SigningKeyRecord(stage="Alone"), asked, plan.observed.secret_since)
            planned.append(_facts(env, wish, begun=record is not None, now=now))
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


@dataclass(frozen=True)
class _Wish:
    """What the spec and the annotation say of one key. `made_at`: when the Secret was made that it is in."""

    key: SigningKey
    record: SigningKeyRecord
    request: str | None
    made_at: str | None

    @property
    def since(self) -> str | None:
        return self.record.signs_since or self.made_at

    @property
    def due_at(self) -> datetime | None:
        every = self.key.rotate_every
        return datetime.fromisoformat(self.since) + span_of(every) if self.since and every else None

    @property
    def until(self) -> datetime | None:
        """When a stage of which every pod knows has lasted as long as the spec says."""
        if self.record.rolled_out_at is None or self.record.stage == "Alone":
            return None
        is_next = self.record.stage == "NextPublished"
        span = self.key.publish_before if is_next else self.key.keep_after
        return datetime.fromisoformat(self.record.rolled_out_at) + span_of(span)

    def is_due(self, now: datetime) -> bool:
        is_asked_for = self.request is not None and self.request != self.record.request
        return is_asked_for or (self.due_at is not None and self.due_at <= now)


def _facts(env: str, wish: _Wish, *, begun: bool, now: datetime) -> SigningKeyFacts:
    rolled_out = not begun or wish.record.rolled_out_at is not None
    is_due = wish.is_due(now)
    awaited = wish.until or (wish.due_at if rolled_out and not is_due else None)
    return SigningKeyFacts(
        env=env,
        stage=wish.record.stage,
        rolled_out=rolled_out,
        since=wish.since,
        until=rfc3339(wish.until) if wish.until else None,
        due_at=rfc3339(wish.due_at) if wish.due_at else None,
        is_due=is_due,
        again_after=max(0.0, (awaited - now).total_seconds()) if awaited else None,
    )
