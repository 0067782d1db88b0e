"""A service lets its callers in as they come and go, without a restart of anybody."""

from typing import Any

from fastapi_fleet.constants import ANNOTATION_STILL_CALLED
from fastapi_fleet.kube.kinds import ObjectKey, key_of
from support.fleet import Fleet, child, come_up
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

USERS = fastapi_service("users")
CALL_OF_ITEMS = {"name": "items", "env": "ITEMS_URL"}
NO_LONGER = fastapi_service("orders")
ORDERS = fastapi_service("orders", services=[{"name": "users", "env": "USERS_URL"}])


def policy(fleet: Fleet, name: str) -> dict[str, Any]:
    """Its lists are there also where they are empty, which the API server leaves out."""
    spec: dict[str, Any] = fleet.kube.object(child("NetworkPolicy", name))["spec"]
    return {"ingress": [], **spec}


def callers(fleet: Fleet, name: str) -> list[str]:
    return [
        value
        for rule in policy(fleet, name)["ingress"]
        for peer in rule["from"]
        for expression in peer["podSelector"]["matchExpressions"]
        for value in expression["values"]
    ]


def may_call(fleet: Fleet, name: str, called: str) -> bool:
    """Whether the egress of `name` has a rule for the pods of `called`."""
    peers = [peer for rule in policy(fleet, name)["egress"] for peer in rule.get("to", ())]
    return any(called in expression["values"] for peer in peers for expression in _expressions(peer))


def ports(fleet: Fleet, name: str) -> list[int]:
    return [port["port"] for rule in policy(fleet, name)["egress"] for port in rule["ports"]]


def _expressions(peer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = peer["podSelector"].get("matchExpressions", [])
    return found


async def calling() -> Fleet:
    """Orders runs, and calls users."""
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    await fleet.roll_out()
    return fleet


def pod(fleet: Fleet, name: str) -> ObjectKey:
    """A pod of what the Deployment is now."""
    template = fleet.kube.object(child("Deployment", name))["spec"]["template"]
    metadata = {**template["metadata"], "name": f"{name}-1", "namespace": "team"}
    return key_of(fleet.kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}))


async def test_new_caller_is_let_in_by_one_write() -> None:
    fleet = Fleet()
    await fleet.submit(USERS)
    await fleet.roll_out()
    writes = await fleet.submit(ORDERS)
    assert callers(fleet, "users") == ["orders"]
    assert [write for write in writes if write.name == "users"] == [Call("apply", "NetworkPolicy", "users")]


async def test_caller_that_no_longer_calls_is_shut_out_when_its_last_pod_that_does_is_gone() -> None:
    fleet = await calling()
    old = pod(fleet, "orders")
    await fleet.submit(NO_LONGER)
    assert (callers(fleet, "users"), may_call(fleet, "orders", "users")) == (["orders"], True)
    await fleet.roll_out()
    assert (callers(fleet, "users"), may_call(fleet, "orders", "users")) == (["orders"], True), "a pod is stopping"
    fleet.kube.remove(old)
    await fleet.settle()
    assert (policy(fleet, "users")["ingress"], may_call(fleet, "orders", "users")) == ([], False)
    assert fleet.conditions(ORDERS)["Ready"].status == "True"
    assert await fleet.pass_over(ORDERS) == []


async def test_pods_of_every_revision_before_are_let_in() -> None:
    fleet = await calling()
    await fleet.submit(fastapi_service("items"), fastapi_service("orders", services=[CALL_OF_ITEMS]))
    await fleet.submit(NO_LONGER)
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []
    assert callers(fleet, "users") == callers(fleet, "items") == ["orders"]
    await restarted.roll_out()
    assert policy(fleet, "users")["ingress"] == policy(fleet, "items")["ingress"] == []


async def test_worker_of_an_older_revision_is_let_in() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, {**ORDERS, "spec": {**ORDERS["spec"], "worker": {}}})
    await fleet.roll_out()
    await fleet.submit(fastapi_service("orders", worker={}))
    fleet.kube.edit(child("Deployment", "orders"), come_up)
    await fleet.settle()
    assert (callers(fleet, "users"), may_call(fleet, "orders", "users")) == (["orders"], True)
    fleet.kube.edit(child("Deployment", "orders-worker"), come_up)
    await fleet.settle()
    assert policy(fleet, "users")["ingress"] == []


async def test_evicted_pod_keeps_nothing_open() -> None:
    fleet = await calling()
    old = pod(fleet, "orders")
    await fleet.submit(NO_LONGER)
    await fleet.roll_out()
    fleet.kube.edit(old, lambda evicted: evicted.update(status={"phase": "Failed", "reason": "Evicted"}))
    await fleet.settle()
    assert policy(fleet, "users")["ingress"] == []


async def test_revision_that_waits_for_its_migrations_closes_nothing() -> None:
    fleet = Fleet()
    migrations = {"database": {"migrations": {"command": ["migrate"]}}}
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await fleet.submit(USERS, {**ORDERS, "spec": {**ORDERS["spec"], **migrations}})
    await fleet.roll_out()
    await fleet.roll_out()
    await fleet.submit(fastapi_service("orders", image="registry.example/orders:2", **migrations))
    assert fleet.conditions(ORDERS)["MigrationsComplete"].reason == "Migrating"
    assert (callers(fleet, "users"), may_call(fleet, "orders", "users")) == (["orders"], True)


async def test_pausing_amid_a_rollout_closes_nothing_and_claims_no_difference() -> None:
    fleet = await calling()
    await fleet.submit(NO_LONGER)
    await fleet.submit(fastapi_service("orders", paused=True))
    await fleet.roll_out()
    assert callers(fleet, "users") == ["orders"]
    assert fleet.conditions(ORDERS)["RolloutComplete"].status == "True"


async def test_hand_made_claim_to_a_call_is_taken_out() -> None:
    fleet = await calling()
    await fleet.submit(NO_LONGER)
    await fleet.roll_out()
    claim = {ANNOTATION_STILL_CALLED: "users"}
    fleet.kube.edit(child("Deployment", "orders"), lambda orders: orders["metadata"]["annotations"].update(claim))
    await fleet.settle()
    await fleet.pass_over(USERS)
    assert policy(fleet, "users")["ingress"] == []


async def test_older_pods_reach_the_database_that_the_spec_gave_up() -> None:
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await fleet.submit(fastapi_service("orders", database={}))
    await fleet.roll_out()
    await fleet.submit(fastapi_service("orders"))
    assert 5432 in ports(fleet, "orders")
    await fleet.roll_out()
    assert ports(fleet, "orders") == [53, 53]


async def test_caller_that_is_rolled_back_is_let_in_as_its_earlier_revision_was() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    await fleet.roll_out()
    earlier = fleet.status(ORDERS)["revision"]
    await fleet.submit(fastapi_service("orders"))
    await fleet.roll_out()
    assert policy(fleet, "users")["ingress"] == []
    await fleet.submit(fastapi_service("orders", rollout={"rollbackTo": earlier}))
    assert callers(fleet, "users") == ["orders"]
    await fleet.submit(NO_LONGER)
    await fleet.roll_out()
    assert policy(fleet, "users")["ingress"] == []


async def test_deleted_caller_is_shut_out() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    fleet.kube.remove(child("FastAPIService", "orders"))
    await fleet.settle()
    assert policy(fleet, "users")["ingress"] == []


async def test_restarted_operator_shuts_nobody_out_meanwhile() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    await fleet.roll_out()
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []


async def test_service_follows_the_ports_of_what_it_calls() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    ports = [{"name": "grpc", "port": 9000}]
    fleet.kube.edit(child("FastAPIService", "users"), lambda users: users["spec"].update(extraPorts=ports))
    await fleet.settle()
    assert {"port": 9000, "protocol": "TCP"} in policy(fleet, "orders")["egress"][-1]["ports"]


async def test_hand_made_hole_is_closed() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)

    def widen(live: dict[str, Any]) -> None:
        live["spec"]["ingress"][0]["from"][0]["namespaceSelector"] = {}

    fleet.kube.edit(child("NetworkPolicy", "users"), widen)
    await fleet.settle()
    assert "namespaceSelector" not in policy(fleet, "users")["ingress"][0]["from"][0]


async def test_policy_goes_when_it_is_switched_off() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, fleet_platform(postgres={}))
    assert fleet.kube.keys("NetworkPolicy") == [
        child("NetworkPolicy", "users"),
        child("NetworkPolicy", "default-postgres"),
    ]
    for kind, name in (("FastAPIService", "users"), ("FleetPlatform", "default")):
        fleet.kube.edit(child(kind, name), lambda owner: owner["spec"].update(networkPolicy={"enabled": False}))
    await fleet.settle()
    assert fleet.kube.keys("NetworkPolicy") == []
