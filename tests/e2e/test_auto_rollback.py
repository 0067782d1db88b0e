"""A revision that never gets ready makes way for the last one that was, by itself, once, and status tells why."""

from typing import Any

from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, revision_of, serves, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of
from operator_process import Operator
from test_events import told
from test_revisions import history, requested
from test_rollout import await_told, claims_ready
from watching import replay, watching

PROBED = {"initialDelaySeconds": 0, "periodSeconds": 1}
DEADLINE = {"rollout": {"progressDeadlineSeconds": 12}}
GIVEN_UP_SECONDS = 60.0


def hello(image: str, **spec: Any) -> Manifest:
    """Given up after 12 s; a pod starts within 10."""
    probes = {"startupSeconds": 10, "readiness": PROBED}
    return service(image, **{**DEADLINE, "probes": probes, **spec})


def await_rolled_back(cluster: Kubectl) -> Resource:
    """Until nothing of the revision that failed is left."""
    await_reason(cluster, "Ready", "NotReadyInTime", timeout=GIVEN_UP_SECONDS)

    def settled() -> Resource:
        found = cluster.get(SERVICE, "hello")
        assert found is not None
        assert {revision_of(pod) for pod in pods_of(cluster)} == {found["status"]["rollback"]["to"]}
        assert "So far" not in condition_of(found, "Ready")["message"]
        return found

    return eventually(settled, 60)


def test_every_request_is_answered_while_a_revision_fails_and_makes_way(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, hello(images.v1, replicas=2, config={"GREETING": "hello"}))
    uids = {pod["metadata"]["uid"] for pod in pods_of(cluster)}
    with requested(cluster) as answers, watching(cluster, SERVICE) as services:
        edit = cluster.apply(hello(images.unready, replicas=2, config={"GREETING": "good day"}))[0]
        found = await_rolled_back(cluster)
        await_told(cluster, services, SERVICE)
        moments = list(replay([services], since=edit))
    assert answers == ["1"] * len(answers)
    assert answers
    assert {pod["metadata"]["uid"] for pod in pods_of(cluster)} == uids, "pods that served were replaced"
    assert not any(claims_ready(moment["FastAPIService", "hello"]) for moment in moments)
    earlier = before["status"]["revision"]
    assert found["status"]["revision"] == found["status"]["lastReadyRevision"] == earlier
    assert [record["ready"] for record in history(found)] == [True, False]
    assert history(found)[1]["revision"] == found["status"]["rollback"]["revision"]
    config = cluster.get("configmap", "hello-config")
    assert config is not None
    assert config["data"] == {"GREETING": "hello"}
    assert condition_of(found, "Stalled")["reason"] == "NotReadyInTime"
    message = condition_of(found, "Ready")["message"]
    assert f"({images.unready}) did not get ready in time (NotAnsweringProbes)" in message
    assert f"revision {earlier} ({images.v1}) takes its place" in message
    eventually(lambda: _assert_told_once(cluster), 20)


def test_it_is_not_tried_again_by_a_new_operator_and_an_edit_goes_forward(
    cluster: Kubectl, images: Images, operator: Operator
) -> None:
    start(cluster, hello(images.v1))
    cluster.apply(hello(images.unready))
    rolled_back = await_rolled_back(cluster)
    with watching(cluster, "deployment") as deployments:
        await_told(cluster, deployments, "deployment")
        operator.restart()
        cluster.patch(SERVICE, "hello", {"spec": {"replicas": 2}})
        eventually(lambda: _assert_serving(cluster, 2), 60)
        seen = cluster.await_state(
            SERVICE,
            "hello",
            lambda found: bool(found["status"]["observedGeneration"] == found["metadata"]["generation"]),
            timeout=60,
        )
        await_told(cluster, deployments, "deployment")
        moments = list(replay([deployments], since=rolled_back))
    assert seen["status"]["rollback"] == rolled_back["status"]["rollback"]
    images_seen = {
        deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        for moment in moments
        for (kind, _), deployment in moment.items()
        if kind == "Deployment"
    }
    assert images_seen == {images.v1}
    cluster.apply(hello(images.v2, replicas=2))
    after = await_ready(cluster)
    assert get_json(cluster, "/version") == "2"
    assert "rollback" not in after["status"]
    assert condition_of(after, "RolledBack")["status"] == ""


def test_first_revision_stays_and_status_says_that_there_is_no_other(cluster: Kubectl, images: Images) -> None:
    cluster.apply(hello(images.unready))
    message = await_reason(cluster, "RolledBack", "NothingToGoBackTo", timeout=GIVEN_UP_SECONDS)["message"]
    assert message == "not by itself: no revision was ever ready"
    assert len(pods_of(cluster)) == 1


def _assert_told_once(cluster: Kubectl) -> None:
    assert told(cluster).count(["Warning", "NotReadyInTime"]) == 1


def _assert_serving(cluster: Kubectl, count: int) -> None:
    assert sum(serves(pod) for pod in pods_of(cluster)) == count
