"""MigrationsComplete: the migrations of the wanted image have run."""

from collections.abc import Mapping

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, fails, holds, shorten, unknown
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.pods import Cause, first_cause
from fastapi_fleet.status.revisions import revision_of

KIND = ConditionType.MIGRATIONS_COMPLETE
LABEL_JOB = "batch.kubernetes.io/job-name"

_ENDED = frozenset({Reason.CRASH_LOOP, Reason.OUT_OF_MEMORY})
"""What pods tell of an attempt that is over. The Job decides whether there is another."""


def migrations_complete(facts: ServiceFacts) -> Finding | None:
    """None for a service that migrates itself, and while it is paused."""
    if facts.spec is None or facts.spec.paused or facts.spec.database is None:
        return None
    if facts.spec.database.migrations is None:
        return None
    if facts.migration is None:
        return unknown(KIND, Reason.PENDING, "waits for the database, or for the migrations of another image to end")
    name = facts.migration["metadata"]["name"]
    if has_succeeded(facts.migration):
        return holds(KIND, Reason.MIGRATED, f"Job {name} has run")
    cause = first_cause(_pods_of(facts, name), facts.secret_values)
    failure = _ended_by(facts.migration, "Failed")
    if failure is not None:
        told = cause.message if cause else failure.get("message", "no attempt succeeded")
        return fails(KIND, Reason.MIGRATION_FAILED, _beside_what_serves(f"Job {name} has failed: {told}", facts))
    return _progress(name, cause)


def has_succeeded(job: LiveObject) -> bool:
    return _ended_by(job, "Complete") is not None


def has_failed(job: LiveObject) -> bool:
    return _ended_by(job, "Failed") is not None


def is_at_work(job: LiveObject) -> bool:
    return not has_succeeded(job) and not has_failed(job)


def _progress(name: str, cause: Cause | None) -> Finding:
    if cause is None:
        return fails(KIND, Reason.MIGRATING, f"Job {name} runs")
    if cause.reason in _ENDED:
        return fails(KIND, Reason.MIGRATING, f"Job {name} tries again: {cause.message}")
    return fails(KIND, cause.reason, f"Job {name}: {cause.message}")


def _beside_what_serves(text: str, facts: ServiceFacts) -> str:
    if facts.deployment is None:
        return text
    serving = f" (revision {revision_of(facts.deployment)} stays)"
    return shorten(text, MESSAGE_LIMIT - len(serving)) + serving


def _pods_of(facts: ServiceFacts, job: str) -> list[LiveObject]:
    return [pod for pod in facts.migration_pods if (pod["metadata"].get("labels") or {}).get(LABEL_JOB) == job]


def _ended_by(job: LiveObject, how: str) -> Mapping[str, str] | None:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item["type"] == how and item["status"] == "True"), None)
