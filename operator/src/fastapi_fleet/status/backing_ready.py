"""DatabaseReady and BrokerReady: the service's own database and broker user are as specified."""

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import BackendState, ServiceFacts


def database_ready(facts: ServiceFacts) -> Finding | None:
    """None for a service without a database."""
    wanted = facts.spec is not None and facts.spec.database is not None
    return _backing_ready(ConditionType.DATABASE_READY, facts.database) if wanted else None


def broker_ready(facts: ServiceFacts) -> Finding | None:
    """None for a service without a broker."""
    wanted = facts.spec is not None and facts.spec.broker is not None
    return _backing_ready(ConditionType.BROKER_READY, facts.broker) if wanted else None


def _backing_ready(kind: ConditionType, state: BackendState | None) -> Finding:
    if state is None:
        return unknown(kind, Reason.PENDING, "not looked at yet")
    return holds(kind, state.reason, state.message) if state.ready else fails(kind, state.reason, state.message)
