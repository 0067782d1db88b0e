"""Edits roll out, and status never claims more than what serves."""

from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, revision_of, serves, service, start
from kubectl import Kubectl, Resource, condition_of
from watching import Watch, replay, watching

EAGER = {"initialDelaySeconds": 0, "periodSeconds": 1, "failureThreshold": 1}
PATIENT = {"startupSeconds": 60, "liveness": EAGER, "readiness": EAGER}
"""Once a pod has started, one probe that fails is too many; before that none is."""


def claims_ready(resource: Resource) -> bool:
    """What kubectl wait, Helm and Flux take as: the newest spec runs."""
    newest = resource["status"]["observedGeneration"] == resource["metadata"]["generation"]
    return bool(newest and condition_of(resource, "Ready")["status"] == "True")


def assert_old_pods_left(cluster: Kubectl, rolled_out: Resource) -> None:
    assert {revision_of(pod) for pod in pods_of(cluster)} == {rolled_out["status"]["revision"]}


def await_told(cluster: Kubectl, watch: Watch, kind: str) -> None:
    """Wait until the watch has told all that there is."""
    current = cluster.select(kind)

    def told() -> None:
        assert [one["metadata"]["name"] for one in current if not watch.has_seen(one)] == []

    eventually(told, 20)


def test_edited_image_rolls_out(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    after = await_ready(cluster)
    assert get_json(cluster, "/version") == "2"
    assert after["status"]["image"] == images.v2
    assert after["status"]["revision"] != before["status"]["revision"]
    assert after["status"]["lastReadyRevision"] == after["status"]["revision"]
    assert_old_pods_left(cluster, after)


def test_image_that_is_slow_to_start_is_waited_for_and_takes_over(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, probes=PATIENT, rollout={"progressDeadlineSeconds": 61}))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.slow}})
    await_reason(cluster, "RolloutComplete", "RollingOut")
    assert get_json(cluster, "/version") == "1"
    after = await_ready(cluster)
    assert get_json(cluster, "/version") == "2"
    assert "rollback" not in after["status"]
    (pod,) = (pod for pod in pods_of(cluster) if serves(pod))
    assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]


def test_edited_config_rolls_out(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, service(images.v1, config={"GREETING": "hello"}))
    assert get_json(cluster, "/environment/GREETING") == "hello"
    cluster.patch(SERVICE, "hello", {"spec": {"config": {"GREETING": "good day"}}})
    after = await_ready(cluster)
    assert get_json(cluster, "/environment/GREETING") == "good day"
    assert after["status"]["revision"] != before["status"]["revision"]
    assert after["status"]["lastReadyRevision"] == after["status"]["revision"]
    assert_old_pods_left(cluster, after)


def test_config_that_is_taken_away_leaves_pods_and_cluster(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, config={"GREETING": "hello"}))
    cluster.patch(SERVICE, "hello", {"spec": {"config": None}})
    await_ready(cluster)
    assert get_json(cluster, "/environment/GREETING") is None
    cluster.await_absence("configmap", "hello-config")


def test_edited_replicas_scale_without_a_new_revision(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"replicas": 2}})
    after = await_ready(cluster)
    assert after["status"]["readyReplicas"] == 2
    assert after["status"]["revision"] == before["status"]["revision"]


def test_ready_is_never_claimed_while_an_older_revision_serves(cluster: Kubectl, images: Images) -> None:
    with watching(cluster, "pods") as pods, watching(cluster, SERVICE) as services:
        before = start(cluster, service(images.v1, replicas=2))
        edit = cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
        after = await_ready(cluster)
        await_told(cluster, pods, "pods")
        await_told(cluster, services, SERVICE)
        moments = list(replay([pods, services], since=edit))

    assert any(old_pod_serves(moment, before) for moment in moments), "the watch missed the rollout"
    claims = [moment for moment in moments if claims_ready(moment["FastAPIService", "hello"])]
    assert claims
    for moment in claims:
        serving = [revision_of(pod) for (kind, _), pod in moment.items() if kind == "Pod" and serves(pod)]
        assert serving == [after["status"]["revision"]] * 2


def old_pod_serves(moment: dict[tuple[str, str], Resource], before: Resource) -> bool:
    return any(
        kind == "Pod" and serves(pod) and revision_of(pod) == before["status"]["revision"]
        for (kind, _), pod in moment.items()
    )
