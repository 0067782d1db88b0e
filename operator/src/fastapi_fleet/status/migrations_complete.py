"""MigrationsComplete: the migrations of the wanted image have run."""

from collections.abc import Sequence

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.preflight.schema_answer import SchemaAnswer
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.first_findings import first_of
from fastapi_fleet.status.job_answers import schema_answer
from fastapi_fleet.status.jobs import beside_what_serves, failure_of, has_succeeded, pods_of_job
from fastapi_fleet.status.pods import ENDED, Cause, first_cause, hide_secrets

KIND = ConditionType.MIGRATIONS_COMPLETE

_ROOM = 120
"""For a list of revisions."""


def migrations_complete(facts: ServiceFacts) -> Finding | None:
    """None for a service that migrates itself, and while it is paused."""
    if facts.spec is None or facts.spec.paused or facts.spec.database is None:
        return None
    if facts.spec.database.migrations is None:
        return None
    if facts.migration is None:
        return unknown(KIND, Reason.PENDING, "waits for the database, or for the migrations of another image to end")
    return _of_job(facts, facts.migration)


def _of_job(facts: ServiceFacts, job: LiveObject) -> Finding:
    name, pods = job["metadata"]["name"], pods_of_job(facts.migration_pods, job)
    answer = schema_answer(pods)
    if has_succeeded(job):
        return _left_out(answer, facts) if answer else holds(KIND, Reason.MIGRATED, f"Job {name} has run")
    cause, failure = first_cause(pods, facts.secret_values), failure_of(job)
    if failure is not None and answer is not None:
        return _refused(answer, facts)
    if failure is not None:
        told = cause.message if cause else failure.get("message", "no attempt succeeded")
        return fails(KIND, Reason.MIGRATION_FAILED, beside_what_serves(f"Job {name} has failed: {told}", facts))
    return _progress(name, cause)


def _left_out(answer: SchemaAnswer, facts: ServiceFacts) -> Finding:
    if answer.outcome == "current":
        return holds(KIND, Reason.SCHEMA_CURRENT, f"nothing was run: the database is at {_listed(answer.heads, facts)}")
    return holds(KIND, Reason.SCHEMA_AHEAD, f"nothing was run: {_ahead(answer, facts)}")


def _refused(answer: SchemaAnswer, facts: ServiceFacts) -> Finding:
    if answer.outcome == "several":
        text = (
            f"nothing was run: migrations of the image have several heads, {_listed(answer.heads, facts)}; join them "
            "by alembic merge heads"
        )
        return fails(KIND, Reason.SEVERAL_HEADS, beside_what_serves(text, facts))
    text = (
        f"nothing was run: {_ahead(answer, facts)}; roll out an image that does or, where this one can work with newer "
        "tables, set spec.database.migrations.onSchemaAhead: Allow"
    )
    return fails(KIND, Reason.SCHEMA_AHEAD_BLOCKED, beside_what_serves(text, facts))


def _ahead(answer: SchemaAnswer, facts: ServiceFacts) -> str:
    at, known = _listed(answer.unknown, facts), _listed(answer.heads, facts)
    return f"the database is at {at}, which the image does not know, whose migrations end at {known}"


def _listed(revisions: Sequence[str], facts: ServiceFacts) -> str:
    return hide_secrets(first_of(revisions, _ROOM), facts.secret_values) if revisions else "no revision"


def _progress(name: str, cause: Cause | None) -> Finding:
    if cause is None:
        return fails(KIND, Reason.MIGRATING, f"Job {name} runs")
    if cause.reason in ENDED:
        return fails(KIND, Reason.MIGRATING, f"Job {name} tries again: {cause.message}")
    return fails(KIND, cause.reason, f"Job {name}: {cause.message}")
