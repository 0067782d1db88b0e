"""Canary: a new revision meets a part of the requests first, and none of them fails whatever becomes of it."""

from typing import Any

import pytest
from caller import Caller
from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, revision_of, serves, service, start
from kubectl import Kubectl, Resource, condition_of

BUDGET = {"gracePeriodSeconds": 15, "drainSeconds": 5}
"""Production's: a pod serves on until routing has forgotten it."""

PROBES = {"startupSeconds": 10, "readiness": {"initialDelaySeconds": 0, "periodSeconds": 1}}
ROLLOUT = {
    "progressDeadlineSeconds": 30,
    "canary": {"steps": [{"weight": 34, "pause": 5}, {"weight": 50, "pause": 10}]},
}
STEP_SECONDS = 60.0


@pytest.fixture
def caller(cluster: Kubectl, images: Images) -> Caller:
    """Two pods of the first revision, and who asks them all the time."""
    spec: dict[str, Any] = {"replicas": 2, "shutdown": BUDGET, "probes": PROBES, "rollout": ROLLOUT}
    start(cluster, service(images.v1, networkPolicy={"fromNamespaces": [cluster.namespace]}, **spec))
    asking = Caller(cluster)
    asking.start(images.v1, "http://hello:8000/version")
    assert asking.failures() == []
    return asking


def of_track(cluster: Kubectl, revision: str) -> list[Resource]:
    """Pods of the revision to which requests go."""
    return [pod for pod in pods_of(cluster) if serves(pod) and revision_of(pod) == revision]


def in_second_step(resource: Resource) -> bool:
    canary = resource["status"].get("canary", {})
    return canary.get("step") == 2 and bool(canary["available"])


def test_good_revision_takes_over_step_by_step(cluster: Kubectl, images: Images, caller: Caller) -> None:
    before = await_ready(cluster)["status"]["revision"]
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    told = await_reason(cluster, "RolloutComplete", "CanaryStep")
    assert told["message"].startswith("canary step 1 of 2: 1 pod of revision ")
    step = cluster.await_state(SERVICE, "hello", in_second_step, timeout=STEP_SECONDS)
    assert condition_of(step, "Ready")["reason"] == "CanaryStep"
    assert len(of_track(cluster, before)) == 2
    assert len(of_track(cluster, step["status"]["canary"]["revision"])) == 2
    assert {get_json(cluster, "/version") for _ in range(20)} == {"1", "2"}
    after = await_ready(cluster)
    assert after["status"]["canary"]["phase"] == "Promoted"
    assert after["status"]["image"] == images.v2
    assert of_track(cluster, before) == []
    cluster.await_absence("deployment", "hello-canary")
    assert caller.failures() == []


def test_revision_that_never_gets_ready_goes_and_no_request_meets_it(
    cluster: Kubectl, images: Images, caller: Caller
) -> None:
    before = pods_of(cluster)
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.unready}})
    told = await_reason(cluster, "RolloutComplete", "CanaryAborted", timeout=STEP_SECONDS)
    assert "not all of its pods were available within 30 s" in told["message"]
    cluster.await_absence("deployment", "hello-canary")

    def only_those_before() -> None:
        assert {pod["metadata"]["uid"] for pod in pods_of(cluster)} == {pod["metadata"]["uid"] for pod in before}

    eventually(only_those_before, STEP_SECONDS)
    resource = cluster.get(SERVICE, "hello")
    assert resource is not None
    assert condition_of(resource, "Stalled")["reason"] == "CanaryAborted"
    assert get_json(cluster, "/version") == "1"
    assert caller.failures() == []


def test_revision_that_answers_badly_goes_within_its_first_step(
    cluster: Kubectl, images: Images, caller: Caller
) -> None:
    canary = {"steps": [{"weight": 34, "pause": 3600}], "analysis": {"maxErrorRate": 0.1}}
    failing = [{"name": "FAILING", "value": "yes"}]
    cluster.patch(SERVICE, "hello", {"spec": {"env": failing, "rollout": {"canary": canary}}})
    told = await_reason(cluster, "RolloutComplete", "CanaryAborted", timeout=STEP_SECONDS)
    assert "requests failed, more than maxErrorRate 0.1" in told["message"]
    cluster.await_absence("deployment", "hello-canary")

    def only_those_before() -> None:
        assert len(pods_of(cluster)) == 2

    eventually(only_those_before, STEP_SECONDS)
    met_by_the_canary = caller.failures()
    assert {failure.rpartition(" ")[2] for failure in met_by_the_canary} == {"500"}
    assert caller.failures() == met_by_the_canary
