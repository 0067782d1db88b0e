"""Whether the Deployments of a service have run out of time with the wanted revision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fastapi_fleet.api.conditions import Condition, ConditionType, Reason
from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.status.conditions import Finding, condition_of, fails, is_current
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.revisions import revision_of
from fastapi_fleet.status.rollout_complete import KIND, obstacle

_BACKENDS = frozenset({ConditionType.DATABASE_READY, ConditionType.BROKER_READY})


def given_up(facts: ServiceFacts, history: Sequence[RevisionRecord], now: datetime) -> Finding | None:
    """Why the wanted revision did not get ready within its deadline. None while it still may, or if it has.

    Nor of a rollout that began before the operator wrote down when: one that was stuck at its upgrade stays as it is.
    """
    record = next((record for record in history if record.revision == facts.revision), None)
    if record is None or record.rolled_out is None:
        return None
    since = datetime.fromisoformat(record.rolled_out)
    if facts.deployment is not None and _has_run_out(facts.deployment, facts.revision, since, now):
        return _cause(facts, facts.deployment)
    worker = facts.worker
    if worker is None or worker.deployment is None or not _has_run_out(worker.deployment, worker.revision, since, now):
        return None
    cause = _cause(replace(facts, revision=worker.revision, pods=worker.pods), worker.deployment)
    return replace(cause, message=f"worker: {cause.message}")


def backends_had_time(conditions: Sequence[Condition], deadline: timedelta, now: datetime) -> bool:
    """Whether database and broker have been there for a whole deadline: without them no revision gets ready."""
    return all(
        condition.status == "True" and now - datetime.fromisoformat(condition.last_transition_time) >= deadline
        for condition in conditions
        if condition.type in _BACKENDS
    )


def deadline_of(deployment: LiveObject) -> timedelta:
    return timedelta(seconds=deployment["spec"]["progressDeadlineSeconds"])


def _has_run_out(deployment: LiveObject, revision: str | None, since: datetime, now: datetime) -> bool:
    """A Deployment goes on saying that the revision before had run out, until the newest makes its first progress."""
    if revision_of(deployment) != revision or not is_current(deployment.get("status") or {}, deployment):
        return False
    progressing = condition_of(deployment, "Progressing")
    if progressing is None or progressing["status"] != "False":
        return False
    told = progressing.get("lastUpdateTime")
    is_of_this_rollout = told is not None and datetime.fromisoformat(told) >= since
    return is_of_this_rollout or now - since >= deadline_of(deployment)


def _cause(facts: ServiceFacts, deployment: LiveObject) -> Finding:
    nothing_shows = fails(KIND, Reason.PROGRESS_DEADLINE_EXCEEDED, "no progress within the deadline")
    return obstacle(facts, deployment) or nothing_shows
