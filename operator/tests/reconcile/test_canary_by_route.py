"""Canary by the weights of an HTTPRoute: in an order of writes that loses no request, wherever it is cut off."""

from typing import Any

import pytest
from fastapi_fleet.constants import LABEL_COMPONENT
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kinds import OPTIONAL, Object
from fastapi_fleet.reconcile.children import DRIFTED
from support.canary_shop import CANARY, DEPLOYMENT, make_available, wait
from support.fleet import Fleet, child, come_up
from support.kubernetes import Call
from support.resources import fastapi_service

ROUTE = child("HTTPRoute", "shop")
SERVICE, CANARY_SERVICE = child("Service", "shop"), child("Service", "shop-canary")
STEPS = {"steps": [{"weight": 10, "pause": 60}, {"weight": 75, "pause": 60}]}
PLAIN = {"shop": 1}


def shop(version: int = 1, **spec: Any) -> Object:
    return fastapi_service(
        **{
            "image": f"registry.example/shop:{version}",
            "replicas": 3,
            "route": {"hosts": ["shop.example.org"], "parentRefs": [{"name": "public"}]},
            "rollout": {"canary": STEPS, "progressDeadlineSeconds": 90},
            **spec,
        }
    )


SHOP = shop()


def moved(version: int, **spec: Any) -> Object:
    return shop(version, route={"hosts": ["new.example.org"], "parentRefs": [{"name": "public"}]}, **spec)


def shares(weight: int) -> dict[str, int]:
    return {"shop": 100 - weight, "shop-canary": weight}


async def running(resource: Object = SHOP) -> Fleet:
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


async def trying() -> Fleet:
    """In its first step, with its pod awaited."""
    fleet = await running()
    await fleet.submit(shop(2))
    return fleet


async def lose_pods(fleet: Fleet) -> None:
    fleet.kube.edit(CANARY, lambda obj: obj["status"].update(availableReplicas=0))
    await fleet.settle()


async def in_second_step() -> Fleet:
    fleet = await trying()
    await make_available(fleet)
    await wait(fleet, 60)
    await make_available(fleet)
    return fleet


async def promoting() -> Fleet:
    fleet = await in_second_step()
    await wait(fleet, 60)
    return fleet


def weights(fleet: Fleet) -> dict[str, int | None]:
    backends = fleet.kube.object(ROUTE)["spec"]["rules"][0]["backendRefs"]
    return {backend["name"]: backend.get("weight") for backend in backends}


def image_of(fleet: Fleet) -> str:
    image: str = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image.partition(":")[2]


def written(calls: list[Call]) -> list[tuple[str, str, str]]:
    return [(call.verb, call.kind, call.name) for call in calls if call.kind != "FastAPIService"]


def message(fleet: Fleet) -> str:
    return fleet.conditions(SHOP)["RolloutComplete"].message


def pod_of_canary(fleet: Fleet) -> Object:
    template = fleet.kube.object(CANARY)["spec"]["template"]["metadata"]
    metadata = {"name": "shop-canary-x", "namespace": "team", **template}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {}}


async def test_nothing_leads_to_the_canary_before_its_pods_are_there() -> None:
    fleet = await running()
    before = fleet.kube.object(SERVICE)
    calls = written(await fleet.submit(shop(2)))
    assert calls == [
        ("apply", "Service", "shop-canary"),
        ("correct", "HTTPRoute", "shop"),
        ("apply", "Deployment", "shop-canary"),
    ]
    assert weights(fleet) == shares(0)
    assert fleet.kube.object(SERVICE) == before
    assert "with 0 of 10 percent of the requests by the HTTPRoute" in message(fleet)


async def test_each_service_selects_pods_of_one_revision_only() -> None:
    fleet = await trying()
    labels = fleet.kube.object(CANARY)["spec"]["template"]["metadata"]["labels"]
    serving = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["metadata"]["labels"]
    own, canary = (fleet.kube.object(key)["spec"]["selector"] for key in (SERVICE, CANARY_SERVICE))
    assert own.items() <= serving.items()
    assert not own.items() <= labels.items()
    assert canary.items() <= labels.items()
    assert not canary.items() <= serving.items()
    assert (
        fleet.kube.object(child("NetworkPolicy", "shop"))["spec"]["podSelector"]["matchLabels"].items()
        <= labels.items()
    )
    (zone, host) = fleet.kube.object(CANARY)["spec"]["template"]["spec"]["topologySpreadConstraints"]
    for constraint in (zone, host):
        assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


async def test_weights_go_up_step_by_step_and_back_at_the_end() -> None:
    fleet = await trying()
    assert written(await make_available(fleet)) == [("correct", "HTTPRoute", "shop")]
    assert weights(fleet) == shares(10)
    await wait(fleet, 60)
    assert weights(fleet) == shares(10), "until the pods of the second step are there"
    assert fleet.kube.object(CANARY)["spec"]["replicas"] == 3
    await make_available(fleet)
    assert weights(fleet) == shares(75)
    assert fleet.status(SHOP)["canary"]["routeWeight"] == 75
    await wait(fleet, 60)
    assert (image_of(fleet), weights(fleet)) == ("2", shares(75)), "nobody goes back to the revision before"
    fleet.kube.edit(DEPLOYMENT, come_up)
    assert written(await fleet.settle()) == [
        ("correct", "HTTPRoute", "shop"),
        ("delete", "Deployment", "shop-canary"),
        ("delete", "Service", "shop-canary"),
    ]
    assert weights(fleet) == PLAIN
    assert "routeWeight" not in fleet.status(SHOP)["canary"]
    assert await fleet.pass_over(SHOP) == []


async def test_service_of_the_canary_stays_until_its_pods_are_gone() -> None:
    fleet = await in_second_step()
    pod = pod_of_canary(fleet)
    fleet.kube.create(pod)
    await fleet.submit(SHOP)
    assert not fleet.kube.has(CANARY)
    assert weights(fleet) == PLAIN
    assert fleet.kube.has(CANARY_SERVICE)
    fleet.kube.remove(child("Pod", "shop-canary-x"))
    await fleet.settle()
    assert not fleet.kube.has(CANARY_SERVICE)


async def test_aborted_canary_gives_its_weight_back_before_it_goes() -> None:
    fleet = await trying()
    assert written(await wait(fleet, 90)) == [
        ("correct", "HTTPRoute", "shop"),
        ("delete", "Deployment", "shop-canary"),
        ("delete", "Service", "shop-canary"),
    ]
    assert fleet.conditions(SHOP)["RolloutComplete"].reason == "CanaryAborted"
    assert (weights(fleet), image_of(fleet)) == (PLAIN, "1")


async def test_canary_without_a_pod_has_no_requests() -> None:
    fleet = await in_second_step()
    await lose_pods(fleet)
    assert weights(fleet) == shares(0)
    await make_available(fleet)
    assert weights(fleet) == shares(75)


async def test_newer_revision_gets_no_requests_before_its_own_pods_are_there() -> None:
    fleet = await in_second_step()
    calls = written(await fleet.submit(shop(3)))
    assert calls == [("correct", "HTTPRoute", "shop"), ("apply", "Deployment", "shop-canary")]
    assert weights(fleet) == shares(0)


@pytest.mark.parametrize("spec", [{"rollout": {}}, {"rollout": {}, "preflight": {}}], ids=["let in", "not let in"])
async def test_without_the_field_the_weights_go(spec: dict[str, Any]) -> None:
    fleet = await in_second_step()
    await fleet.submit(shop(3, **spec))
    assert weights(fleet) == PLAIN
    assert not fleet.kube.has(CANARY)


async def test_address_that_changes_with_the_revision_keeps_its_weights_and_moves_at_the_promotion() -> None:
    fleet = await running()
    await fleet.submit(moved(2))
    for weight in (10, 75):
        await make_available(fleet)
        assert weights(fleet) == shares(weight)
        assert fleet.kube.object(ROUTE)["spec"]["hostnames"] == ["shop.example.org"]
        await wait(fleet, 60)
    assert fleet.kube.object(ROUTE)["spec"]["hostnames"] == ["new.example.org"]
    assert weights(fleet) == shares(75)


async def test_address_that_changed_is_back_as_it_was_after_an_abort() -> None:
    fleet = await running()
    before = fleet.kube.object(ROUTE)["spec"]
    await fleet.submit(moved(2))
    await wait(fleet, 90)
    assert fleet.kube.object(ROUTE)["spec"] == before


async def test_port_that_changes_is_that_of_the_service_at_once() -> None:
    fleet = await running()
    await fleet.submit(shop(2, port=9000))
    assert {backend["port"] for backend in fleet.kube.object(ROUTE)["spec"]["rules"][0]["backendRefs"]} == {9000}


HANDS = {
    "weights": lambda spec: spec["rules"][0]["backendRefs"][1].update(weight=100),
    "backends": lambda spec: spec["rules"][0].update(backendRefs=[{"name": "shop", "port": 8000}]),
    "hosts": lambda spec: spec.update(hostnames=["other.example.org"]),
    "closed paths": lambda spec: spec["rules"][1].update(backendRefs=[{"name": "shop", "port": 8000}]),
}


@pytest.mark.parametrize("edit", HANDS.values(), ids=HANDS.keys())
async def test_route_that_a_hand_has_edited_is_put_back(edit: Any) -> None:
    fleet = await in_second_step()
    before = fleet.kube.object(ROUTE)["spec"]
    fleet.kube.edit(ROUTE, lambda obj: edit(obj["spec"]))
    await fleet.settle()
    assert fleet.kube.object(ROUTE)["spec"] == before


async def test_route_that_a_hand_has_deleted_is_there_again_with_its_weights() -> None:
    fleet = await in_second_step()
    before = fleet.kube.object(ROUTE)["spec"]
    fleet.kube.remove(ROUTE)
    await fleet.settle()
    assert fleet.kube.object(ROUTE)["spec"] == before


async def test_weights_of_the_operator_are_no_drift() -> None:
    counter = DRIFTED.labels("HTTPRoute")
    before = counter._value.get()
    fleet = await promoting()
    fleet.kube.edit(DEPLOYMENT, come_up)
    await fleet.settle()
    assert weights(fleet) == PLAIN
    assert counter._value.get() == before


async def test_kind_that_goes_in_the_middle_leaves_a_canary_by_pods() -> None:
    fleet = await in_second_step()
    fleet.kube.served.clear()
    fleet.kube.remove(ROUTE)
    fleet.cache.end(next(kind for kind in OPTIONAL if kind.name == "HTTPRoute"))
    await fleet.pass_over(SHOP)
    assert "routeWeight" not in fleet.status(SHOP)["canary"]
    labels = fleet.kube.object(CANARY)["spec"]["template"]["metadata"]["labels"]
    assert labels[LABEL_COMPONENT] == "service"
    assert "as many as serve: there is no HTTPRoute that could give 75 percent" in message(fleet)
    await make_available(fleet)
    await wait(fleet, 60)
    assert image_of(fleet) == "2"


async def test_without_the_kind_the_share_is_by_pods_and_half_at_most() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await fleet.roll_out()
    await fleet.submit(shop(2, rollout={"canary": {"steps": [{"weight": 75, "pause": 60}]}}))
    assert fleet.kube.object(CANARY)["spec"]["replicas"] == 3
    assert not fleet.kube.has(CANARY_SERVICE)
    assert "3 pods" in message(fleet)
    assert "as many as serve" in message(fleet)


async def test_route_that_comes_with_the_revision_waits_for_the_promotion() -> None:
    fleet = await running(shop(route=None))
    await fleet.submit(shop(2))
    assert not fleet.kube.has(ROUTE)
    assert "routeWeight" not in fleet.status(SHOP)["canary"]


async def test_route_that_is_not_the_services_is_left_alone() -> None:
    fleet = await running(shop(route=None))
    spec = {"rules": [{"backendRefs": [{"name": "shop", "port": 8000}]}]}
    foreign = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": spec}
    fleet.kube.create({**foreign, "metadata": {"name": "shop", "namespace": "team"}})
    before = fleet.kube.object(ROUTE)
    await fleet.submit(shop(2, route=None, rollout={"canary": {"steps": [{"weight": 10, "pause": 60}]}}))
    assert fleet.kube.object(ROUTE) == before
    assert "routeWeight" not in fleet.status(SHOP)["canary"]


CUTS = [
    ("apply", "Service"),
    ("correct", "HTTPRoute"),
    ("apply", "Deployment"),
    ("delete", "Deployment"),
    ("delete", "Service"),
    ("patch_status", "FastAPIService"),
]


@pytest.mark.parametrize("has_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("cut", CUTS, ids=" ".join)
async def test_operator_that_ends_at_any_write_goes_on(cut: tuple[str, str], *, has_effect: bool) -> None:
    """Whichever write of a canary's life fails first, the next operator finishes it."""
    fleet = await running()
    if has_effect:
        fleet.kube.lose_answer(*cut)
    else:
        fleet.kube.fail(*cut, ApiUnavailableError("gone"))
    fleet.kube.create(shop(2))
    for _ in range(6):
        later = fleet.time.now
        fleet = fleet.restarted()
        fleet.time.advance(later - fleet.time.now)
        await fleet.optional_kinds.look()
        await fleet.resync.prime()
        await wait(fleet, 60)
        assert_no_request_is_lost(fleet)
        await fleet.roll_out()
        assert_no_request_is_lost(fleet)
    assert (image_of(fleet), weights(fleet)) == ("2", PLAIN)
    assert not fleet.kube.has(CANARY)
    assert not fleet.kube.has(CANARY_SERVICE)


def assert_no_request_is_lost(fleet: Fleet) -> None:
    weight = weights(fleet).get("shop-canary")
    if weight is not None:
        assert fleet.kube.has(CANARY_SERVICE)
    if weight:
        assert fleet.kube.object(CANARY)["status"]["availableReplicas"] > 0
