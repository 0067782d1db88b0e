"""The worker of a service: pods beside its own, in Ready, in rollbacks, and gone when the spec says so."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import Object
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service

DEPLOYMENT = child("Deployment", "shop")
WORKER = child("Deployment", "shop-worker")
BUDGET = child("PodDisruptionBudget", "shop-worker")


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


async def shop(fleet: Fleet, **spec: Any) -> Object:
    resource = fastapi_service(**spec)
    await fleet.submit(resource)
    await fleet.roll_out()
    return resource


def image(fleet: Fleet, key: Any = WORKER) -> str:
    found: str = fleet.kube.object(key)["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


async def test_worker_comes_after_the_service_and_before_what_goes_with_both(fleet: Fleet) -> None:
    writes = await fleet.submit(fastapi_service(replicas=2, worker={}))
    kinds = [(call.kind, call.name) for call in writes if call.verb == "apply"]
    at = kinds.index(("Deployment", "shop"))
    assert kinds[at:] == [("Deployment", "shop"), ("Deployment", "shop-worker"), ("PodDisruptionBudget", "shop")]


async def test_second_pass_writes_nothing_and_reads_nothing(fleet: Fleet) -> None:
    resource = await shop(fleet, worker={"replicas": 3})
    fleet.kube.reads.clear()
    assert await fleet.pass_over(resource) == []
    assert fleet.kube.reads == []


async def test_service_is_ready_when_its_worker_is(fleet: Fleet) -> None:
    resource = fastapi_service(worker={})
    await fleet.submit(resource)
    fleet.kube.edit(DEPLOYMENT, come_up)
    await fleet.settle()
    waiting = fleet.conditions(resource)
    assert (waiting["Ready"].status, waiting["RolloutComplete"].message) == (
        "False",
        "worker: the Deployment controller has not seen the new revision yet",
    )
    await fleet.roll_out()
    assert fleet.conditions(resource)["Ready"].status == "True"
    assert fleet.status(resource)["replicas"] == 1


def come_up(workload: Object) -> None:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), 1)
    workload["status"] = {"observedGeneration": workload["metadata"]["generation"], **counts}


async def test_worker_goes_when_the_spec_has_none_any_more(fleet: Fleet) -> None:
    await shop(fleet, worker={"replicas": 2})
    assert fleet.kube.has(WORKER)
    assert fleet.kube.has(BUDGET)
    resource = await shop(fleet)
    assert not fleet.kube.has(WORKER)
    assert not fleet.kube.has(BUDGET)
    assert fleet.kube.has(DEPLOYMENT)
    assert fleet.conditions(resource)["Ready"].status == "True"


async def test_more_workers_leave_the_pods_of_the_service_as_they_are(fleet: Fleet) -> None:
    await shop(fleet, worker={"replicas": 1})
    writes = await fleet.submit(fastapi_service(worker={"replicas": 2}))
    applied = [call.name for call in writes if call.verb == "apply"]
    assert applied == ["shop-worker", "shop-worker"], "the Deployment, and the budget that comes with a second pod"


async def test_worker_that_somebody_scaled_is_put_right(fleet: Fleet) -> None:
    await shop(fleet, worker={"replicas": 2})
    fleet.kube.edit(WORKER, lambda obj: obj["spec"].update(replicas=0))
    assert Call("apply", "Deployment", "shop-worker") in await fleet.settle()
    assert fleet.kube.object(WORKER)["spec"]["replicas"] == 2


async def test_rollback_takes_the_worker_with_it(fleet: Fleet) -> None:
    await shop(fleet, image="registry.example/shop:1", worker={"command": ["old"]})
    resource = await shop(fleet, image="registry.example/shop:2", worker={"command": ["new"], "replicas": 2})
    old = fleet.status(resource)["history"][1]["revision"]
    await shop(
        fleet,
        image="registry.example/shop:2",
        worker={"command": ["new"], "replicas": 2},
        rollout={"rollbackTo": old},
    )
    worker = fleet.kube.object(WORKER)["spec"]
    assert image(fleet) == image(fleet, DEPLOYMENT) == "registry.example/shop:1"
    assert worker["template"]["spec"]["containers"][0]["command"] == ["old"]
    assert worker["replicas"] == 2


@pytest.mark.parametrize("change", [{}, {"worker": {"replicas": 2}}, {"worker": {"command": ["new"]}}])
async def test_paused_service_says_that_its_worker_is_not_what_the_spec_says(
    fleet: Fleet, change: dict[str, Any]
) -> None:
    await shop(fleet, worker={"command": ["old"]})
    before = fleet.kube.object(WORKER)
    resource = fastapi_service(**change, paused=True)
    assert {call.verb for call in await fleet.submit(resource)} == {"patch_status"}
    assert fleet.kube.object(WORKER) == before
    assert fleet.conditions(resource)["RolloutComplete"].reason == "Paused"


async def test_deployment_of_somebody_else_in_the_way_of_the_worker_is_refused(fleet: Fleet) -> None:
    await shop(fleet)
    fleet.kube.create(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop-worker", "namespace": "team"}}
    )
    resource = fastapi_service(worker={})
    await fleet.submit(resource)
    assert fleet.conditions(resource)["Ready"].reason == "NotOwned"


async def test_service_of_the_name_of_a_worker_keeps_its_deployment(fleet: Fleet) -> None:
    other = fastapi_service("shop-worker")
    await fleet.submit(other)
    resource = await shop(fleet, worker={})
    assert fleet.conditions(resource)["Ready"].reason == "NotOwned"
    assert fleet.conditions(other)["Ready"].status == "True"


async def test_status_of_a_refused_service_tells_nothing_of_a_worker_of_its_name(fleet: Fleet) -> None:
    await shop(fleet, worker={})
    other = fastapi_service("shop-worker", port=0)
    await fleet.submit(other)
    assert fleet.conditions(other)["Ready"].reason == "InvalidSpec"
    assert "image" not in fleet.status(other)
