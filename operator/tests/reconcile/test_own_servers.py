"""On a platform of topology PerService each service with a database has a PostgreSQL server of its own."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.constants import (
    ANNOTATION_REVISION,
    ANNOTATION_ROTATE,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    MANAGED_BY,
)
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.reconcile.service_pass import RELEASE_DEADLINE
from support.fleet import Fleet, child, come_up
from support.kubernetes import Call
from support.live import terminated, waiting
from support.resources import fastapi_service, fleet_platform

PLATFORM = fleet_platform(postgres={"topology": "PerService"}, rabbitmq={})
SHARED = fleet_platform("shared", postgres={}, rabbitmq={})
SHOP, DESK = fastapi_service(database={}), fastapi_service("desk", database={})
DELETING = fastapi_service(database={"deletionPolicy": "Delete"})
LONG = "a-service-whose-name-has-fifty-characters-in-it-aa"

ADMIN = child("Secret", "shop-postgres-admin")
SERVER = child("StatefulSet", "shop-postgres")
CHILDREN = [ADMIN, child("Service", "shop-postgres"), SERVER, child("NetworkPolicy", "shop-postgres")]


async def submitted(*services: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    await fleet.submit(*services)
    return fleet


async def running(*services: Object) -> Fleet:
    """Servers come up, and then the services on them."""
    fleet = await submitted(*services)
    await fleet.roll_out()
    await fleet.roll_out()
    return fleet


def url(fleet: Fleet, service: str = "shop") -> str:
    return base64.b64decode(fleet.kube.object(child("Secret", f"{service}-secrets"))["data"]["DATABASE_URL"]).decode()


def password_of_admin(fleet: Fleet) -> str:
    return base64.b64decode(fleet.kube.object(ADMIN)["data"]["password"]).decode()


def ready(fleet: Fleet, resource: Object, condition: str = "Ready") -> tuple[str, str]:
    found = fleet.conditions(resource)[condition]
    return found.status, found.reason


def stop(server: Object) -> None:
    server["status"].update(readyReplicas=0)


async def test_platform_runs_no_postgres_and_says_so() -> None:
    fleet = await running()
    assert fleet.kube.keys("StatefulSet") == [child("StatefulSet", "default-rabbitmq")]
    assert ready(fleet, PLATFORM) == ("True", "Available")
    told = fleet.conditions(PLATFORM)["PostgresReady"]
    assert (told.status, told.reason) == ("True", "PerService")
    assert "DatabaseReady" in told.message


async def test_each_service_has_a_server_and_a_password_of_its_own() -> None:
    fleet = await running(SHOP, DESK)
    servers = {server.host: server.password for server in fleet.postgres.servers}
    assert servers.keys() == {"shop-postgres.team.svc", "desk-postgres.team.svc"}
    assert len(set(servers.values())) == 2
    assert "@shop-postgres:5432/" in url(fleet)
    assert "@desk-postgres:5432/" in url(fleet, "desk")
    assert ready(fleet, SHOP) == ready(fleet, DESK) == ("True", "Available")


async def test_server_is_written_before_the_workload() -> None:
    fleet = await submitted(SHOP)
    written = [call for call in fleet.kube.writes if call.verb == "apply" and call.name.startswith("shop")]
    assert written[-4:] == [Call("apply", key.kind, key.name) for key in CHILDREN]
    assert not fleet.kube.has(child("Deployment", "shop"))


async def test_service_waits_for_its_own_server_and_is_woken_by_it() -> None:
    fleet = await submitted(SHOP)
    assert ready(fleet, SHOP, "DatabaseReady") == ("False", "BackendNotReady")
    assert fleet.conditions(SHOP)["DatabaseReady"].message == "shop-postgres is starting"
    assert fleet.postgres.servers == []
    fleet.kube.edit(SERVER, come_up)
    await fleet.settle()
    assert ready(fleet, SHOP, "DatabaseReady") == ("True", "Provisioned")
    assert fleet.kube.has(child("Deployment", "shop"))


async def test_service_without_a_database_has_no_server() -> None:
    fleet = await running(fastapi_service())
    assert not [key for key in CHILDREN if fleet.kube.has(key)]
    assert ready(fleet, fastapi_service()) == ("True", "Available")


async def test_server_that_is_down_takes_its_own_service_alone() -> None:
    fleet = await running(SHOP, DESK)
    fleet.kube.edit(SERVER, stop)
    await fleet.settle()
    assert ready(fleet, SHOP) == ("False", "BackendNotReady")
    assert ready(fleet, DESK) == ("True", "Available")
    assert ready(fleet, PLATFORM) == ("True", "Available")
    fleet.kube.edit(SERVER, come_up)
    await fleet.settle()
    assert ready(fleet, SHOP) == ("True", "Available")


async def test_server_that_does_not_answer_is_told_by_its_own_service_alone() -> None:
    fleet = await submitted(SHOP, DESK)
    fleet.postgres.failures["shop-postgres.team.svc"] = BackendUnavailableError("no answer in time")
    for _ in range(2):
        await fleet.roll_out()
    assert ready(fleet, SHOP) == ("False", "BackendUnavailable")
    assert ready(fleet, DESK) == ("True", "Available")


async def test_pod_of_the_server_that_does_not_come_up_tells_why() -> None:
    fleet = await submitted(SHOP)
    fleet.kube.create(server_pod(waiting("ErrImagePull", "no such image")))
    await fleet.settle()
    assert ready(fleet, SHOP, "DatabaseReady") == ("False", "ImagePullFailed")


async def test_crash_of_the_server_shows_no_password() -> None:
    fleet = await submitted(SHOP)
    fleet.kube.create(server_pod(terminated(1, f"password {password_of_admin(fleet)} is too short")))
    await fleet.settle()
    told = fleet.conditions(SHOP)["DatabaseReady"]
    assert (told.status, told.reason) == ("False", "CrashLoop")
    assert told.message.endswith("password *** is too short")


def server_pod(container: dict[str, Any]) -> Object:
    pod = pod_of_shop("shop-postgres-0", "postgres")
    return {**pod, "status": {"containerStatuses": [container]}}


def pod_of_shop(name: str, component: str) -> Object:
    labels = {
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_OWNER_KIND: "FastAPIService",
        LABEL_OWNER_NAME: "shop",
        LABEL_COMPONENT: component,
    }
    metadata = {"namespace": "team", "name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}


async def test_nothing_is_written_at_rest_nor_after_a_restart() -> None:
    fleet = await running(SHOP)
    assert await fleet.pass_over(SHOP) == []
    assert await fleet.pass_over(PLATFORM) == []
    again = fleet.restarted()
    await again.resync.prime()
    assert await again.settle() == []


async def test_change_of_the_platform_reaches_every_server() -> None:
    fleet = await running(SHOP, DESK)
    await fleet.submit(fleet_platform(postgres={"topology": "PerService", "maxConnections": 40}, rabbitmq={}))
    for server in ("shop-postgres", "desk-postgres"):
        (container,) = fleet.kube.object(child("StatefulSet", server))["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["-c", "max_connections=40"]


async def test_rotation_asks_the_services_own_server_alone() -> None:
    fleet = await running(SHOP)
    fleet.kube.edit(key_of(SHOP), lambda obj: obj["metadata"].update(annotations={ANNOTATION_ROTATE: "now"}))
    for _ in range(3):
        await fleet.settle()
        fleet.time.advance(0)
        await fleet.roll_out()
    assert set(fleet.postgres.logins) == {"team.shop.b"}
    assert {server.host for server in fleet.postgres.servers} == {"shop-postgres.team.svc"}


async def test_connections_of_other_services_are_not_reckoned_on_a_server_of_the_services_own() -> None:
    pools = {"pool": {"size": 5, "overflow": 10}}
    shop, desk = (fastapi_service(name, replicas=4, database=pools) for name in ("shop", "desk"))
    fleet = await submitted(shop, desk)
    fleet.postgres.capacities["shop-postgres.team.svc"] = ServerCapacity(100, reserved=3)
    for _ in range(2):
        await fleet.roll_out()
    await fleet.pass_over(shop)
    assert fleet.status(desk)["databaseConnections"] == 75
    assert "ConnectionsInBudget" not in fleet.conditions(shop)


EDITS: dict[str, tuple[ObjectKey, Callable[[Object], object]]] = {
    "image": (
        SERVER,
        lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="registry.example/other:1"),
    ),
    "port": (child("Service", "shop-postgres"), lambda obj: obj["spec"]["ports"][0].update(port=1)),
    "who may connect": (child("NetworkPolicy", "shop-postgres"), lambda obj: obj["spec"].update(ingress=[{}])),
    "component": (SERVER, lambda obj: obj["metadata"]["labels"].pop(LABEL_COMPONENT)),
}


@pytest.mark.parametrize(("key", "edit"), EDITS.values(), ids=EDITS.keys())
async def test_hand_edit_of_the_server_is_repaired(key: ObjectKey, edit: Callable[[Object], object]) -> None:
    fleet = await running(SHOP)
    before = fleet.kube.object(key)
    fleet.kube.edit(key, edit)
    await fleet.settle()
    assert fleet.kube.object(key)["spec"] == before["spec"]
    assert fleet.kube.object(key)["metadata"]["labels"] == before["metadata"]["labels"]


@pytest.mark.parametrize("key", CHILDREN, ids=str)
async def test_foreign_object_of_the_name_is_refused_and_nothing_is_written(key: ObjectKey) -> None:
    fleet = await submitted()
    foreign = {"apiVersion": "v1", "kind": key.kind, "metadata": {"namespace": "team", "name": key.name}}
    fleet.kube.create(foreign)
    await fleet.submit(SHOP)
    assert ready(fleet, SHOP) == ("False", "NotOwned")
    assert str(key) in fleet.conditions(SHOP)["Ready"].message
    assert not fleet.kube.has(child("ServiceAccount", "shop"))


async def test_service_of_the_servers_name_and_the_server_do_not_meet() -> None:
    fleet = await running(fastapi_service("shop-postgres"), SHOP)
    assert ready(fleet, SHOP) == ("False", "NotOwned")
    assert ready(fleet, fastapi_service("shop-postgres")) == ("True", "Available")
    assert not fleet.kube.has(SERVER)


async def test_lost_password_of_a_server_that_runs_is_said_and_no_other_is_made() -> None:
    fleet = await running(SHOP)
    fleet.kube.remove(ADMIN)
    await fleet.settle()
    assert ready(fleet, SHOP) == ("False", "AdminSecretMissing")
    assert "Stalled" in fleet.conditions(SHOP)
    assert not fleet.kube.has(ADMIN)


async def test_name_that_leaves_no_room_for_the_servers_pods_is_refused_with_the_field() -> None:
    fleet = await running(fastapi_service(LONG, database={}))
    told = fleet.conditions(fastapi_service(LONG))["SpecValid"]
    assert (told.status, told.reason) == ("False", "InvalidSpec")
    assert told.message.startswith("metadata.name: may have 43 characters, not 50, ")
    assert "postgres.topology is PerService" in told.message
    assert not fleet.kube.has(child("ServiceAccount", LONG))
    assert (await running(fastapi_service(LONG[:42] + "z", database={}))).postgres.servers


async def test_name_of_any_length_is_fine_without_a_database_or_on_a_shared_server() -> None:
    fleet = await running(fastapi_service(LONG))
    await fleet.submit(SHARED, fastapi_service(LONG + "b", platform="shared", database={}))
    for _ in range(2):
        await fleet.roll_out()
    assert ready(fleet, fastapi_service(LONG)) == ready(fleet, fastapi_service(LONG + "b")) == ("True", "Available")


async def test_invalid_platform_is_named_and_what_runs_goes_on() -> None:
    fleet = await running(SHOP)
    before = fleet.kube.object(SERVER)
    postgres = {"topology": "PerService", "maxConnections": "many"}
    writes = await fleet.submit(fleet_platform(postgres=postgres, rabbitmq={}))
    assert ready(fleet, SHOP, "DependenciesReady") == ("False", "PlatformInvalid")
    assert "spec.postgres.maxConnections" in fleet.conditions(SHOP)["DependenciesReady"].message
    assert {call.verb for call in writes} == {"patch_status"}
    assert fleet.kube.object(SERVER)["spec"] == before["spec"]


async def test_servers_go_on_without_their_platform() -> None:
    fleet = await running(SHOP)
    fleet.kube.remove(key_of(PLATFORM))
    await fleet.settle()
    assert ready(fleet, SHOP) == ("False", "PlatformMissing")
    assert fleet.kube.has(SERVER)


# What becomes of a server that is no longer wanted.


async def test_deletion_takes_the_server_and_keeps_password_and_data() -> None:
    fleet = await running(SHOP)
    fleet.postgres.servers.clear()
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert [key for key in CHILDREN if fleet.kube.has(key)] == [ADMIN]
    assert fleet.postgres.servers == [], "nobody logs in on a server that is gone"
    assert (fleet.postgres.locked, fleet.postgres.dropped) == ([], [])


async def test_service_of_the_same_name_finds_its_server_again() -> None:
    fleet = await running(SHOP)
    password = password_of_admin(fleet)
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    await fleet.submit({**SHOP, "metadata": {**SHOP["metadata"], "uid": "uid-of-the-next"}})
    for _ in range(2):
        await fleet.roll_out()
    assert password_of_admin(fleet) == password
    assert ready(fleet, SHOP) == ("True", "Available")


async def test_deletion_does_not_wait_for_a_server_whose_data_stays() -> None:
    fleet = await running(SHOP)
    fleet.kube.edit(SERVER, stop)
    fleet.postgres.failure = BackendUnavailableError("no answer in time")
    fleet.kube.remove(key_of(SHOP), at=fleet.now().isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(SHOP))


async def test_data_that_is_to_go_is_dropped_before_the_server_goes() -> None:
    fleet = await running(DELETING)
    fleet.kube.edit(SERVER, stop)
    await fleet.settle()
    fleet.kube.remove(key_of(DELETING), at=fleet.now().isoformat())
    await fleet.settle()
    assert fleet.kube.has(key_of(DELETING)), "waits for the server"
    assert fleet.kube.has(SERVER)
    fleet.kube.edit(SERVER, come_up)
    await fleet.settle()
    assert fleet.postgres.dropped == ["team.shop"]
    assert fleet.postgres.servers[-1].host == "shop-postgres.team.svc"
    assert not fleet.kube.has(key_of(DELETING))
    assert not fleet.kube.has(SERVER)


@pytest.mark.parametrize("cause", ["server is gone", "server does not answer"])
async def test_data_that_was_to_go_and_stays_is_told_of(cause: str) -> None:
    fleet = await running(DELETING)
    await fleet.told()
    if cause == "server is gone":
        fleet.kube.watchers, watchers = [], fleet.kube.watchers
        fleet.kube.remove(SERVER)
        fleet.kube.flush()
        fleet.kube.watchers = watchers
        await fleet.resync.prime()
        fleet.kube.remove(key_of(DELETING), at=fleet.now().isoformat())
    else:
        fleet.postgres.failure = BackendUnavailableError("no answer in time")
        fleet.kube.remove(key_of(DELETING), at=(fleet.now() - RELEASE_DEADLINE).isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(DELETING))
    ((kind, reason, note),) = await fleet.told()
    assert (kind, reason) == ("Warning", "DataKept")
    assert note.startswith("kept database team.shop in spite of deletionPolicy Delete: ")
    if cause == "server is gone":
        assert "the volume data-shop-postgres-0" in note


async def test_server_stays_until_the_last_pod_that_uses_it_is_gone() -> None:
    fleet = await running(DELETING)
    old = pod_of_shop("shop-old", "service")
    old["metadata"]["annotations"] = {ANNOTATION_REVISION: fleet.status(SHOP)["revision"]}
    fleet.kube.create(old)
    await fleet.submit(fastapi_service())
    await fleet.roll_out()
    assert fleet.kube.has(SERVER), "a pod that stops still finishes its work"
    fleet.kube.remove(key_of(old))
    await fleet.settle()
    assert [key for key in CHILDREN if fleet.kube.has(key)] == [ADMIN]
    assert (fleet.postgres.locked, fleet.postgres.dropped) == ([], [])
    assert not fleet.kube.has(child("Secret", "shop-secrets"))


async def test_own_server_stays_until_the_service_has_rolled_out_to_the_one_that_the_platform_has_now() -> None:
    fleet = await running(SHOP)
    await fleet.submit(fleet_platform(postgres={}, rabbitmq={}))
    assert "@default-postgres:5432/" in url(fleet)
    assert fleet.kube.has(SERVER)
    await fleet.roll_out()
    assert [key for key in CHILDREN if fleet.kube.has(key)] == [ADMIN]
    assert ready(fleet, SHOP) == ("True", "Available")


async def test_passwords_show_in_no_status() -> None:
    fleet = await running(SHOP)
    assert password_of_admin(fleet) not in str(fleet.status(SHOP))
    assert password_of_admin(fleet) not in str(fleet.status(PLATFORM))
