"""DatabaseReady and BrokerReady."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.backing_ready import broker_ready, database_ready
from fastapi_fleet.status.conditions import Finding
from fastapi_fleet.status.facts import BackendState, ServiceFacts

Check = Callable[[ServiceFacts], Finding | None]
BACKINGS: list[tuple[Check, str, ConditionType]] = [
    (database_ready, "database", ConditionType.DATABASE_READY),
    (broker_ready, "broker", ConditionType.BROKER_READY),
]
each_backing = pytest.mark.parametrize(("check", "field", "kind"), BACKINGS, ids=["database", "broker"])


def facts(spec: dict[str, Any], state: BackendState | None = None) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=1,
        spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}),
        database=state,
        broker=state,
    )


@each_backing
def test_says_nothing_where_none_is_asked_for_or_looked_at(check: Check, field: str, kind: ConditionType) -> None:
    assert check(facts({})) is None
    assert check(facts({"paused": True, field: {}})) is None
    assert check(ServiceFacts(namespace="team", name="shop", generation=1)) is None


@each_backing
def test_unknown_until_it_is_looked_at(check: Check, field: str, kind: ConditionType) -> None:
    finding = check(facts({field: {}}))
    assert finding is not None
    assert (finding.type, finding.status, finding.reason) == (kind, "Unknown", Reason.PENDING)


@each_backing
@pytest.mark.parametrize(
    ("ready", "reason"),
    [
        (True, Reason.PROVISIONED),
        (False, Reason.BACKEND_NOT_OFFERED),
        (False, Reason.BACKEND_NOT_READY),
        (False, Reason.BACKEND_UNAVAILABLE),
        (False, Reason.NOT_OWNED),
    ],
)
def test_is_as_the_backend_was_found(
    check: Check, field: str, kind: ConditionType, *, ready: bool, reason: Reason
) -> None:
    finding = check(facts({field: {}}, BackendState(ready=ready, reason=reason, message="why")))
    assert finding == Finding(kind, "True" if ready else "False", reason, "why")
