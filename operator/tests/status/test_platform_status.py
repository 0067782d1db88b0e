"""Status of a FleetPlatform."""

from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import FleetPlatformStatus
from fastapi_fleet.errors import ApiUnavailableError, InvalidSpecError, ReconcileError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.status.facts import PlatformFacts
from fastapi_fleet.status.platform_status import compute_platform_status
from support.live import pod, waiting

NOW = "2026-01-02T00:00:00Z"


def stateful_set(*, ready: int = 1, observed: int = 1, current: str = "a", update: str = "a") -> Object:
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "default-postgres", "generation": 1},
        "spec": {"replicas": 1},
        "status": {
            "observedGeneration": observed,
            "readyReplicas": ready,
            "currentRevision": current,
            "updateRevision": update,
        },
    }


def conditions(
    spec: dict[str, Any] | None = None,
    *,
    problem: ReconcileError | None = None,
    postgres: Object | None = None,
    pods: tuple[Object, ...] = (),
) -> dict[str, tuple[str, str]]:
    facts = PlatformFacts(
        namespace="team",
        name="default",
        generation=1,
        spec=None if spec is None else FleetPlatformSpec.model_validate(spec),
        problem=problem,
        stateful_sets={"postgres": postgres} if postgres else {},
        pods={"postgres": pods},
    )
    status = compute_platform_status(facts, FleetPlatformStatus(), now=NOW)
    return {condition.type: (condition.status, condition.reason) for condition in status.conditions}


STATES: dict[str, tuple[Object | None, str, Reason]] = {
    "not made": (None, "Unknown", Reason.PENDING),
    "ready": (stateful_set(), "True", Reason.AVAILABLE),
    "starting": (stateful_set(ready=0), "False", Reason.BACKEND_NOT_READY),
    "without a status": ({**stateful_set(), "status": None}, "False", Reason.BACKEND_NOT_READY),
    "not seen by its controller": (stateful_set(observed=0), "False", Reason.BACKEND_NOT_READY),
    "between two revisions": (stateful_set(update="b"), "False", Reason.BACKEND_NOT_READY),
}


@pytest.mark.parametrize(("found", "status", "reason"), STATES.values(), ids=STATES.keys())
def test_postgres_ready_is_as_its_stateful_set(found: Object | None, status: str, reason: Reason) -> None:
    found_conditions = conditions({"postgres": {}}, postgres=found)
    assert found_conditions["PostgresReady"] == (status, reason)
    assert found_conditions["Ready"] == (status, reason)


def test_pod_that_does_not_come_up_tells_why() -> None:
    found = conditions(
        {"postgres": {}}, postgres=stateful_set(ready=0), pods=(pod(waiting("ErrImagePull", "no such image")),)
    )
    assert found["PostgresReady"] == ("False", Reason.IMAGE_PULL_FAILED)


def test_each_backend_that_is_asked_for_has_its_condition() -> None:
    assert "RabbitmqReady" not in conditions({"postgres": {}})
    assert conditions({"rabbitmq": {}}).keys() >= {"RabbitmqReady", "Ready", "SpecValid"}


def test_platform_that_offers_nothing_is_ready() -> None:
    found = conditions({})
    assert found["Ready"][0] == "True"
    assert "ProductionGrade" not in found


def test_embedded_mode_says_that_it_is_for_development_and_is_ready_all_the_same() -> None:
    found = conditions({"postgres": {}}, postgres=stateful_set())
    assert found["ProductionGrade"] == ("False", Reason.EMBEDDED)
    assert found["Ready"][0] == "True"


def test_failed_pass_is_not_called_ready() -> None:
    found = conditions({"postgres": {}}, problem=ApiUnavailableError("no answer"), postgres=stateful_set())
    assert found["Ready"] == ("False", Reason.API_UNAVAILABLE)


def test_invalid_spec_is_stalled() -> None:
    found = conditions(problem=InvalidSpecError("spec.postgres.storage", "not a quantity"))
    assert found["SpecValid"] == ("False", Reason.INVALID_SPEC)
    assert found["Stalled"][0] == "True"
    assert "PostgresReady" not in found


def test_paused_is_said() -> None:
    assert conditions({"paused": True})["Paused"] == ("True", Reason.PAUSED)
