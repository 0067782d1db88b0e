"""MigrationsComplete: the migrations of the wanted image have run."""

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.jobs import beside_what_serves, failure_of, has_succeeded, pods_of_job
from fastapi_fleet.status.pods import ENDED, Cause, first_cause

KIND = ConditionType.MIGRATIONS_COMPLETE


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
    cause = first_cause(pods_of_job(facts.migration_pods, facts.migration), facts.secret_values)
    failure = failure_of(facts.migration)
    if failure is not None:
        told = cause.message if cause else failure.get("message", "no attempt succeeded")
        return fails(KIND, Reason.MIGRATION_FAILED, beside_what_serves(f"Job {name} has failed: {told}", facts))
    return _progress(name, cause)


def _progress(name: str, cause: Cause | None) -> Finding:
    if cause is None:
        return fails(KIND, Reason.MIGRATING, f"Job {name} runs")
    if cause.reason in ENDED:
        return fails(KIND, Reason.MIGRATING, f"Job {name} tries again: {cause.message}")
    return fails(KIND, cause.reason, f"Job {name}: {cause.message}")
