"""The worker of a service: pods beside those that serve, and part of what Ready means."""

from typing import Any

from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, service, start
from kubectl import Kubectl, Resource

NOTHING = {"command": ["python", "-c", "import signal; signal.signal(15, lambda *_: exit()); signal.pause()"]}
"""A worker that answers no requests and ends when it is told to."""


def worker_pods(cluster: Kubectl) -> list[Resource]:
    return pods_of(cluster, component="worker")


def addresses_of_service(cluster: Kubectl) -> set[str]:
    slices = cluster.select("endpointslices", "kubernetes.io/service-name=hello")
    return {address for one in slices for endpoint in one["endpoints"] for address in endpoint["addresses"]}


def image_of(pod: Resource) -> Any:
    return pod["spec"]["containers"][0]["image"]


def test_worker_runs_beside_the_service_and_gets_no_requests(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, config={"GREETING": "hello"}, worker={}))
    (worker,) = worker_pods(cluster)
    assert worker["status"]["podIP"] not in addresses_of_service(cluster)
    assert get_json(cluster, "/environment/PROCESS") == "web"
    said = cluster.run("exec", worker["metadata"]["name"], "--", "printenv", "PROCESS", "GREETING")
    assert said.split() == ["worker", "hello"]


def test_new_image_is_ready_when_the_worker_runs_it_too(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, worker=NOTHING))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    await_ready(cluster)
    assert {image_of(pod) for pod in [*pods_of(cluster), *worker_pods(cluster)]} == {images.v2}


def test_worker_that_ends_is_named_and_the_service_goes_on(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, worker=NOTHING))
    cluster.patch(SERVICE, "hello", {"spec": {"worker": {"command": ["python", "-c", "raise SystemExit('no queue')"]}}})
    told = await_reason(cluster, "RolloutComplete", "CrashLoop")
    assert told["message"].startswith("worker: container app of pod hello-worker-")
    assert "no queue" in told["message"]
    assert get_json(cluster, "/version") == "1"
    cluster.patch(SERVICE, "hello", {"spec": {"worker": None}})
    await_ready(cluster)
    cluster.await_absence("deployment", "hello-worker")
