"""Which logins of a service are to change, and what keeps them from it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi_fleet.api.database_spec import Database
from fastapi_fleet.api.service_spec import Broker
from fastapi_fleet.api.span import span_of
from fastapi_fleet.api.times import rfc3339
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.credentials import other_turn
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.rotation_record import RotationRecord, rotation_request
from fastapi_fleet.status.facts import RotationFacts, ServiceFacts

SESSIONS_DEADLINE: Final = timedelta(minutes=10)
"""How long sessions may outlive the change of a login, once no pod is left that logged in by it."""


@dataclass(frozen=True)
class _Wish:
    """What the spec and the annotation say of one login. `since`: when it was made."""

    every: timedelta | None
    request: str | None
    since: str | None
    record: RotationRecord | None

    @property
    def due_at(self) -> datetime | None:
        return None if self.every is None or self.since is None else datetime.fromisoformat(self.since) + self.every

    @property
    def is_asked_for(self) -> bool:
        return self.request is not None and (self.record is None or self.record.request != self.request)

    def is_due(self, now: datetime) -> bool:
        return self.is_asked_for or (self.due_at is not None and self.due_at <= now)


def plan_rotations(resource: Object, plan: ServicePlan, now: datetime) -> tuple[RotationFacts, ...]:
    """One of each login that changes, has changed or is to change. `resource`: the service as the API has it."""
    return tuple(
        _facts(plan, part, wish, now)
        for part, wish in _wishes(plan, rotation_request(resource))
        if wish.every is not None or wish.request is not None or wish.record is not None
    )


def obstacle_to_rotation(plan: ServicePlan, facts: ServiceFacts) -> str | None:
    """Why no login can change now: pods of two revisions log in by the two that there are already."""
    if not plan.may_run(facts):
        return "the newest revision may run"
    if any(state is not None and not state.ready for state in (facts.database, facts.broker)):
        return "its backends are ready"
    if plan.observed.deployment is None or plan.runs_older:
        return "the rollout is complete"
    return None


def _wishes(plan: ServicePlan, request: str | None) -> Iterator[tuple[BackingPart, _Wish]]:
    wanted: Mapping[BackingPart, Database | Broker | None] = {
        "database": plan.spec.database,
        "broker": plan.spec.broker,
    }
    for part, backing in wanted.items():
        if backing is None:
            continue
        record = plan.observed.rotations.get(part)
        since = record.rotated_at if record is not None else plan.observed.secret_since
        every = span_of(backing.rotate_every) if backing.rotate_every is not None else None
        yield part, _Wish(every, request, since, record)


def _facts(plan: ServicePlan, part: BackingPart, wish: _Wish, now: datetime) -> RotationFacts:
    turn = plan.identity.turn_in(part, plan.credentials)
    is_draining = wish.record is not None and wish.record.ended_at is None
    ends = datetime.fromisoformat(wish.record.rotated_at) + SESSIONS_DEADLINE if wish.record and is_draining else None
    return RotationFacts(
        part=part,
        login=plan.identity.login(part, turn),
        since=wish.since,
        due_at=rfc3339(wish.due_at) if wish.due_at else None,
        is_due=wish.is_due(now),
        left=plan.identity.login(part, other_turn(turn)) if is_draining else None,
        older_pods=plan.runs_older,
        sessions_end=rfc3339(ends) if ends else None,
    )
