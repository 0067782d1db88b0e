"""RolledBack: an earlier revision runs, because the spec says so or because the wanted one did not get ready."""

from collections.abc import Sequence

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.resource_status import RevisionRecord, Rollback
from fastapi_fleet.status.conditions import Finding, fails, holds
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.revisions import named
from fastapi_fleet.status.way_back import NoWayBack


def rolled_back(facts: ServiceFacts, history: Sequence[RevisionRecord]) -> Finding | None:
    """None for a service that goes forward, and while it is unknown what a rollback would run."""
    wanted = facts.spec.rollout.rollback_to if facts.spec is not None else None
    target = next((record for record in history if record.revision == wanted), None)
    if wanted is None or target is None or facts.revision is None:
        return None
    others = [record for record in history if record.spec_hash != target.spec_hash]
    replaced = max(others, key=lambda record: record.first_seen, default=None)
    instead = f" in place of {named(replaced.revision, replaced.image)}" if replaced else ""
    again = _as_it_is_now(facts, wanted)
    back_to = named(target.revision, target.image)
    message = f"spec.rollout.rollbackTo: {back_to}{again}{instead}; take the field out to go forward"
    return holds(ConditionType.ROLLED_BACK, Reason.ROLLED_BACK, message)


def rolled_back_by_itself(facts: ServiceFacts, decided: Rollback | NoWayBack) -> Finding:
    if isinstance(decided, NoWayBack):
        return fails(ConditionType.ROLLED_BACK, decided.reason, f"not by itself: {decided.message}")
    again = _as_it_is_now(facts, decided.to) if facts.rollback else ""
    message = (
        f"{named(decided.to, decided.to_image)}{again} in place of {named(decided.revision, decided.image)}, which did "
        f"not get ready in time ({decided.reason}); another spec is rolled out, the same one is not tried again"
    )
    return holds(ConditionType.ROLLED_BACK, Reason.NOT_READY_IN_TIME, message)


def _as_it_is_now(facts: ServiceFacts, revision: str) -> str:
    if facts.revision in {None, revision}:
        return ""
    return f", as {facts.revision} since what it reads has changed,"
