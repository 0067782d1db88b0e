"""How a new revision takes over, as the Deployment says it."""

from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from hypothesis import given
from support.rendering import rendered_service
from support.specs import service_specs


def rollout_of(**spec: Any) -> dict[str, Any]:
    given_spec = FastAPIServiceSpec.model_validate({"image": "registry.example/shop:1", **spec})
    deployment: dict[str, Any] = rendered_service(given_spec).workload["spec"]
    return deployment


DEADLINES: dict[str, tuple[dict[str, Any], int]] = {
    "the least": ({}, 300),
    "a slow start": ({"probes": {"startupSeconds": 600}}, 660),
    "a slow start and a long proof": ({"probes": {"startupSeconds": 600}, "rollout": {"minReadySeconds": 90}}, 750),
    "as specified": ({"rollout": {"progressDeadlineSeconds": 77}}, 77),
}


@pytest.mark.parametrize(("spec", "seconds"), DEADLINES.values(), ids=DEADLINES.keys())
def test_progress_deadline_is(spec: dict[str, Any], seconds: int) -> None:
    assert rollout_of(**spec)["progressDeadlineSeconds"] == seconds


def test_pod_must_stay_ready_for_as_long_as_the_spec_says() -> None:
    assert rollout_of()["minReadySeconds"] == 0
    assert rollout_of(rollout={"minReadySeconds": 7})["minReadySeconds"] == 7


@given(service_specs())
def test_no_pod_is_taken_before_another_serves_and_no_deadline_ends_before_a_pod_can_count(
    spec: FastAPIServiceSpec,
) -> None:
    deployment = rendered_service(spec).workload["spec"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployment["progressDeadlineSeconds"] > deployment["minReadySeconds"] + spec.probes.startup_seconds
