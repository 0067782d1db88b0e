"""Going back by itself: decided once for a spec, from status and cluster alone, and written into status first."""

from collections.abc import Sequence
from datetime import datetime

from fastapi_fleet.api.resource_status import FastAPIServiceStatus, RevisionRecord, Rollback
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.migration_job import migration_job_name
from fastapi_fleet.resources.revision_spec import asked_hash
from fastapi_fleet.status.conditions import Finding, shorten
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.given_up import backends_had_time, deadline_of, given_up
from fastapi_fleet.status.way_back import NoWayBack, refused_by_schema, way_back


def goes_back_by_itself(spec: FastAPIServiceSpec) -> bool:
    """What a person says by rollbackTo comes first, and nothing is decided while nothing may be written."""
    return spec.rollout.auto_rollback != "Off" and spec.rollout.rollback_to is None and not spec.paused


def stands(rollback: Rollback | None, spec: FastAPIServiceSpec) -> bool:
    """Whether the revision that failed is still the one that is asked for. While paused it goes on to be."""
    if rollback is None or spec.rollout.auto_rollback == "Off" or spec.rollout.rollback_to is not None:
        return False
    return rollback.spec == asked_hash(spec)


def decide(
    facts: ServiceFacts, previous: FastAPIServiceStatus, history: Sequence[RevisionRecord], *, now: str
) -> Rollback | NoWayBack | None:
    """None where nothing has failed, or nothing is to be done about it. `history`: as it is with this pass."""
    spec, time = facts.spec, datetime.fromisoformat(now)
    if spec is None or facts.problem or facts.rollback or facts.restorable is None or not goes_back_by_itself(spec):
        return None
    cause = given_up(facts, history, time)
    if cause is None or facts.deployment is None:
        return None
    if not backends_had_time(previous.conditions, deadline_of(facts.deployment), time):
        return None
    failed = next(record for record in history if record.revision == facts.revision)
    target = way_back(history, failed, previous.last_ready_revision, facts.restorable)
    if isinstance(target, NoWayBack):
        return target
    needed = migration_job_name(facts.name, spec.model_copy(update={"image": target.image}))
    refusal = refused_by_schema(spec.rollout.auto_rollback, failed, target, needed, facts.migrated)
    return refusal or _rollback(spec, failed, target, cause, now)


def _rollback(
    spec: FastAPIServiceSpec, failed: RevisionRecord, target: RevisionRecord, cause: Finding, now: str
) -> Rollback:
    return Rollback(
        spec=asked_hash(spec),
        revision=failed.revision,
        image=failed.image,
        to=target.revision,
        to_image=target.image,
        to_spec_hash=target.spec_hash or "",
        since=now,
        reason=cause.reason,
        message=shorten(cause.message),
    )
