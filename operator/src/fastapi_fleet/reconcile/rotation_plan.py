"""Which logins of a service are to change, and what keeps them from it. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from fastapi_fleet.api.database_spec import Database
from fastapi_fleet.api.service_spec import Broker, FastAPIServiceSpec
from fastapi_fleet.api.times import rfc3339
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.credentials import other_turn
from fastapi_fleet.reconcile.rotation_schedule import RotationSchedule
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.rotation_record import rotation_request
from fastapi_fleet.status.facts import RotationFacts, ServiceFacts

SESSIONS_DEADLINE: Final = timedelta(minutes=10)
"""How long sessions may outlive the change of a login, once no pod is left that logged in by it."""


def plan_rotations(resource: Object, plan: ServicePlan, now: datetime) -> tuple[RotationFacts, ...]:
    """One of each login that changes, has changed or is to change. `resource`: the service as the API has it."""
    request = rotation_request(resource)
    return tuple(
        _of_login(plan, part, every, request, now)
        for part, every in _intervals(plan.spec).items()
        if every is not None or request is not None or part in plan.observed.rotations
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


def _intervals(spec: FastAPIServiceSpec) -> dict[BackingPart, str | None]:
    """How often the login of each backing service is to change."""
    wanted: Mapping[BackingPart, Database | Broker | None] = {"database": spec.database, "broker": spec.broker}
    return {part: backing.rotate_every for part, backing in wanted.items() if backing is not None}


def _of_login(
    plan: ServicePlan, part: BackingPart, every: str | None, request: str | None, now: datetime
) -> RotationFacts:
    record = plan.observed.rotations.get(part)
    since = record.rotated_at if record is not None else plan.observed.secret_since
    schedule = RotationSchedule(since, every, request, followed=record.request if record is not None else None)
    turn = plan.identity.turn_in(part, plan.credentials)
    is_draining = record is not None and record.ended_at is None
    ends = datetime.fromisoformat(record.rotated_at) + SESSIONS_DEADLINE if record is not None and is_draining else None
    return RotationFacts(
        part=part,
        login=plan.identity.login(part, turn),
        since=since,
        due_at=rfc3339(schedule.due_at) if schedule.due_at else None,
        is_due=schedule.is_due(now),
        left=plan.identity.login(part, other_turn(turn)) if is_draining else None,
        older_pods=plan.runs_older,
        sessions_end=rfc3339(ends) if ends else None,
    )
