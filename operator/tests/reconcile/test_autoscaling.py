"""Who decides how many pods there are, and how that is handed over without a pod too few."""

from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kinds import Object
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service

DEPLOYMENT = child("Deployment", "shop")
AUTOSCALER = child("HorizontalPodAutoscaler", "shop")
FIXED = fastapi_service(replicas=4)
AUTOSCALED = fastapi_service(replicas=4, autoscaling={"minReplicas": 2, "maxReplicas": 9})
HAND_OVER = Call("keep_replicas", "Deployment", "shop")


async def running(resource: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


def scale(fleet: Fleet, replicas: int) -> None:
    """What a HorizontalPodAutoscaler does."""
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["spec"].update(replicas=replicas))
    fleet.kube.flush()


def replicas(fleet: Fleet) -> int:
    found: int = fleet.kube.object(DEPLOYMENT)["spec"]["replicas"]
    return found


async def test_an_autoscaler_begins_with_the_pods_that_run() -> None:
    fleet = await running(FIXED)
    writes = await fleet.submit(AUTOSCALED)
    assert writes.index(HAND_OVER) < writes.index(Call("apply", "Deployment", "shop"))
    assert replicas(fleet) == 4
    assert fleet.kube.has(AUTOSCALER)


async def test_what_an_autoscaler_decides_is_left_alone() -> None:
    fleet = await running(AUTOSCALED)
    scale(fleet, 7)
    await fleet.roll_out()
    assert await fleet.pass_over(AUTOSCALED) == []
    assert replicas(fleet) == 7
    assert fleet.conditions(AUTOSCALED)["RolloutComplete"].status == "True"


async def test_a_new_image_keeps_what_the_autoscaler_decided() -> None:
    fleet = await running(AUTOSCALED)
    scale(fleet, 7)
    edited = {**AUTOSCALED, "spec": {**AUTOSCALED["spec"], "image": "registry.example/shop:2"}}
    assert HAND_OVER not in await fleet.submit(edited)
    assert replicas(fleet) == 7


async def test_without_autoscaling_the_spec_decides_again() -> None:
    fleet = await running(AUTOSCALED)
    scale(fleet, 7)
    await fleet.submit(FIXED)
    assert replicas(fleet) == 4
    assert not fleet.kube.has(AUTOSCALER)


async def test_a_hand_over_that_failed_in_the_middle_is_made_again() -> None:
    fleet = await running(FIXED)
    fleet.kube.fail("apply", "Deployment", ApiUnavailableError("down"))
    await fleet.submit(AUTOSCALED)
    await fleet.pass_over(AUTOSCALED)
    assert replicas(fleet) == 4
    assert fleet.kube.has(AUTOSCALER)


async def test_a_budget_comes_with_the_second_pod_and_goes_with_it() -> None:
    budget = child("PodDisruptionBudget", "shop")
    fleet = await running(fastapi_service(replicas=1))
    assert not fleet.kube.has(budget)
    await fleet.submit(fastapi_service(replicas=2))
    assert fleet.kube.has(budget)
    await fleet.submit(fastapi_service(replicas=1))
    assert not fleet.kube.has(budget)
