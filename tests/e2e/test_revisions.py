"""Revisions: what status tells of them, how an earlier one is run again, and what serves meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, revision_of, serves, service, start
from kubectl import Kubectl, Resource, condition_of
from test_rollout import await_told, claims_ready
from watching import replay, watching

NEVER_READY = {"readiness": {"path": "/absent", "initialDelaySeconds": 0, "periodSeconds": 1}}


@contextmanager
def requested(cluster: Kubectl) -> Iterator[list[Any]]:
    """Requests to the service, one after the other, while the context lasts; what each answered."""
    answers: list[Any] = []
    stop = Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(get_json(cluster, "/version"))

    thread = Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def history(resource: Resource) -> list[Resource]:
    records: list[Resource] = resource["status"]["history"]
    return records


def test_history_tells_what_ran(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    newest, before = history(await_ready(cluster))
    assert (newest["image"], before["image"]) == (images.v2, images.v1)
    assert newest["ready"]
    assert before["ready"]
    assert newest["digest"].startswith("sha256:")
    assert newest["digest"] != before["digest"]
    (pod,) = pods_of(cluster)
    assert newest["revision"] == revision_of(pod)
    assert newest["configHash"] == pod["metadata"]["annotations"]["fastapi-fleet.io/config-hash"]


def test_revision_that_never_gets_ready_is_named_while_every_request_goes_to_the_one_before(
    cluster: Kubectl, images: Images
) -> None:
    before = start(cluster, service(images.v1))
    with requested(cluster) as answers:
        cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2, "probes": NEVER_READY}})
        ready = await_reason(cluster, "Ready", "NotAnsweringProbes")
        asked = len(answers)
    assert answers == ["1"] * len(answers)
    assert asked
    stuck = cluster.get(SERVICE, "hello")
    assert stuck is not None
    assert f"revision {stuck['status']['revision']} of {images.v2}" in ready["message"]
    assert f"revision {before['status']['revision']} goes on serving" in ready["message"]
    assert [record["ready"] for record in history(stuck)] == [False, True]


def test_rollback_runs_the_earlier_image_and_configuration_and_never_claims_more_than_serves(
    cluster: Kubectl, images: Images
) -> None:
    before = start(cluster, service(images.v1, replicas=2, config={"GREETING": "hello"}))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2, "config": {"GREETING": "good day"}}})
    replaced = await_ready(cluster)
    earlier = before["status"]["revision"]
    with watching(cluster, "pods") as pods, watching(cluster, SERVICE) as services:
        await_told(cluster, pods, "pods")
        await_told(cluster, services, SERVICE)
        edit = cluster.patch(SERVICE, "hello", {"spec": {"rollout": {"rollbackTo": earlier}}})
        after = await_ready(cluster)
        assert get_json(cluster, "/version") == "1"
        assert get_json(cluster, "/environment/GREETING") == "hello"
        await_told(cluster, pods, "pods")
        await_told(cluster, services, SERVICE)
        moments = list(replay([pods, services], since=edit))
    assert after["status"]["revision"] == earlier
    told = condition_of(after, "RolledBack")["message"]
    assert earlier in told
    assert replaced["status"]["revision"] in told
    claims = [moment for moment in moments if claims_ready(moment["FastAPIService", "hello"])]
    assert claims
    for moment in claims:
        serving = [revision_of(pod) for (kind, _), pod in moment.items() if kind == "Pod" and serves(pod)]
        assert serving == [earlier] * 2


def test_rollback_field_that_is_taken_out_goes_forward(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    replaced = await_ready(cluster)
    cluster.patch(SERVICE, "hello", {"spec": {"rollout": {"rollbackTo": before["status"]["revision"]}}})
    await_ready(cluster)
    cluster.patch(SERVICE, "hello", {"spec": {"rollout": None}})
    after = await_ready(cluster)
    assert get_json(cluster, "/version") == "2"
    assert after["status"]["revision"] == replaced["status"]["revision"]
    assert condition_of(after, "RolledBack")["status"] == ""


def test_rollback_to_an_unknown_revision_is_refused_by_name_and_leaves_the_pods_alone(
    cluster: Kubectl, images: Images
) -> None:
    before = start(cluster, service(images.v1))
    (pod,) = pods_of(cluster)
    cluster.patch(SERVICE, "hello", {"spec": {"rollout": {"rollbackTo": "f" * 16}}})
    told = await_reason(cluster, "SpecValid", "InvalidSpec")["message"]
    assert "spec.rollout.rollbackTo" in told
    assert before["status"]["revision"] in told
    assert [one["metadata"]["uid"] for one in pods_of(cluster)] == [pod["metadata"]["uid"]]
    assert get_json(cluster, "/version") == "1"
