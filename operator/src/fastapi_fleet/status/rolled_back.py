"""RolledBack: an earlier revision runs, because the spec says so."""

from collections.abc import Sequence

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.status.conditions import Finding, holds
from fastapi_fleet.status.facts import ServiceFacts


def rolled_back(facts: ServiceFacts, history: Sequence[RevisionRecord]) -> Finding | None:
    """None for a service that goes forward, and while it is unknown what a rollback would run."""
    wanted = facts.spec.rollout.rollback_to if facts.spec is not None else None
    target = next((record for record in history if record.revision == wanted), None)
    if wanted is None or target is None or facts.revision is None:
        return None
    others = [record for record in history if record.spec_hash != target.spec_hash]
    replaced = max(others, key=lambda record: record.first_seen, default=None)
    instead = f" in place of {_named(replaced)}" if replaced else ""
    again = "" if facts.revision == wanted else f", as {facts.revision} since what it reads has changed,"
    message = f"spec.rollout.rollbackTo: {_named(target)}{again}{instead}; take the field out to go forward"
    return holds(ConditionType.ROLLED_BACK, Reason.ROLLED_BACK, message)


def _named(record: RevisionRecord) -> str:
    return f"revision {record.revision} ({record.image})"
