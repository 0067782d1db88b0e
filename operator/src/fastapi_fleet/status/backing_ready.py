"""DatabaseReady and BrokerReady: the service's own database and broker user are as specified."""

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import BackendState, ServiceFacts


def database_ready(facts: ServiceFacts) -> Finding | None:
    """None for a service without a database, and while it is paused: backends are not asked then."""
    if facts.spec is None or facts.spec.paused or facts.spec.database is None:
        return None
    return _backing_ready(ConditionType.DATABASE_READY, facts.database)


def broker_ready(facts: ServiceFacts) -> Finding | None:
    """None for a service without a broker, and while it is paused: backends are not asked then."""
    if facts.spec is None or facts.spec.paused or facts.spec.broker is None:
        return None
    return _backing_ready(ConditionType.BROKER_READY, facts.broker)


def _backing_ready(kind: ConditionType, state: BackendState | None) -> Finding:
    if state is None:
        return unknown(kind, Reason.PENDING, "not looked at yet")
    return holds(kind, state.reason, state.message) if state.ready else fails(kind, state.reason, state.message)
