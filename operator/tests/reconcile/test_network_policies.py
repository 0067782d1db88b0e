"""A service lets its callers in as they come and go, without a restart of anybody."""

from typing import Any

from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

USERS = fastapi_service("users")
ORDERS = fastapi_service("orders", services=[{"name": "users", "env": "USERS_URL"}])


def policy(fleet: Fleet, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = fleet.kube.object(child("NetworkPolicy", name))["spec"]
    return spec


def callers(fleet: Fleet, name: str) -> list[str]:
    return [
        value
        for rule in policy(fleet, name)["ingress"]
        for peer in rule["from"]
        for expression in peer["podSelector"]["matchExpressions"]
        for value in expression["values"]
    ]


async def test_new_caller_is_let_in_by_one_write() -> None:
    fleet = Fleet()
    await fleet.submit(USERS)
    await fleet.roll_out()
    writes = await fleet.submit(ORDERS)
    assert callers(fleet, "users") == ["orders"]
    assert [write for write in writes if write.name == "users"] == [Call("apply", "NetworkPolicy", "users")]


async def test_caller_that_no_longer_calls_is_shut_out() -> None:
    fleet = Fleet()
    await fleet.submit(USERS, ORDERS)
    fleet.kube.edit(child("FastAPIService", "orders"), lambda orders: orders["spec"].update(services=[]))
    await fleet.settle()
    assert policy(fleet, "users")["ingress"] == []


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
    await fleet.submit(fastapi_service("orders"))
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
