"""A platform whose servers were there before it, and the services that use them."""

from typing import Any

import pytest
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError, ReconcileError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.resources.secret import decode, encode
from support.certificates import CERTIFICATE
from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform

LOGIN = {"host": "db.example.com", "username": "admin", "password": "canary-admin"}
EXTERNAL = {"mode": "External", "external": {"adminSecretRef": {"name": "managed"}}}
PLATFORM = fleet_platform(postgres=EXTERNAL)
BOTH = fleet_platform(postgres=EXTERNAL, rabbitmq=EXTERNAL)
SERVICE = fastapi_service(database={})
CERTIFICATES = child("ConfigMap", "default-postgres-ca")
SECRET = child("Secret", "managed")


def admin_secret(**keys: str) -> Object:
    metadata = {"name": "managed", "namespace": "team"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encode({**LOGIN, **keys})}


def fleet_with(**keys: str) -> Fleet:
    fleet = Fleet()
    fleet.kube.create(admin_secret(**keys))
    return fleet


def url(fleet: Fleet, variable: str) -> str:
    return decode(fleet.kube.object(child("Secret", "shop-secrets")))[variable]


async def test_platform_makes_nothing_and_is_ready_when_the_servers_answer() -> None:
    fleet = fleet_with()
    await fleet.submit(BOTH)
    conditions = fleet.conditions(BOTH)
    assert {conditions[kind].status for kind in ("Ready", "PostgresReady", "RabbitmqReady")} == {"True"}
    assert [write.verb for write in fleet.kube.writes] == ["patch_status"]
    assert [server.host for server in fleet.postgres.servers] == ["db.example.com"]
    assert fleet.rabbitmq.servers[0].password == "canary-admin"


async def test_whether_it_is_production_grade_is_not_for_the_operator_to_tell() -> None:
    fleet = fleet_with()
    await fleet.submit(PLATFORM)
    condition = fleet.conditions(PLATFORM)["ProductionGrade"]
    assert (condition.status, condition.reason) == ("Unknown", "External")


async def test_services_are_given_the_server_with_how_to_reach_it() -> None:
    fleet = fleet_with(port="6432")
    await fleet.submit(PLATFORM, SERVICE)
    assert url(fleet, "DATABASE_URL").endswith("@db.example.com:6432/team.shop?sslmode=require")
    assert "team.shop" in fleet.postgres.databases
    assert fleet.conditions(SERVICE)["DatabaseReady"].status == "True"


async def test_services_of_one_virtual_host_share_it() -> None:
    fleet = fleet_with(vhost="shared", tls="false")
    await fleet.submit(BOTH, fastapi_service(broker={}))
    assert url(fleet, "RABBITMQ_URL").endswith("@db.example.com:5672/shared")
    assert [request.vhost for request in fleet.rabbitmq.users.values()] == ["shared"]


async def test_service_waits_until_the_platform_knows_its_server() -> None:
    fleet = Fleet()
    await fleet.submit(PLATFORM, SERVICE)
    condition = fleet.conditions(SERVICE)["DependenciesReady"]
    assert (condition.status, condition.reason) == ("False", "BackendNotReady")
    assert fleet.kube.keys("Deployment") == []
    fleet.kube.create(admin_secret())
    fleet.time.advance(15)
    await fleet.settle()
    assert fleet.kube.keys("Deployment") != []


async def test_certificates_reach_the_pods() -> None:
    fleet = fleet_with(**{"ca.crt": CERTIFICATE})
    await fleet.submit(PLATFORM, SERVICE)
    assert fleet.kube.object(CERTIFICATES)["data"] == {"ca.crt": CERTIFICATE}
    pod = fleet.kube.object(child("Deployment", "shop"))["spec"]["template"]["spec"]
    mount = next(item for item in pod["containers"][0]["volumeMounts"] if item["name"] == "postgres-ca")
    volume = next(item for item in pod["volumes"] if item["name"] == "postgres-ca")
    assert volume["configMap"]["name"] == "default-postgres-ca"
    assert f"sslrootcert={mount['mountPath']}/ca.crt" in url(fleet, "DATABASE_URL")


async def test_service_without_a_database_mounts_no_certificates() -> None:
    fleet = fleet_with(**{"ca.crt": CERTIFICATE})
    await fleet.submit(PLATFORM, fastapi_service())
    assert "postgres-ca" not in str(fleet.kube.object(child("Deployment", "shop")))


async def test_secret_that_goes_leaves_services_and_certificates_as_they_are() -> None:
    fleet = fleet_with(**{"ca.crt": CERTIFICATE})
    await fleet.submit(PLATFORM, SERVICE)
    before = url(fleet, "DATABASE_URL")
    fleet.kube.remove(SECRET)
    fleet.time.advance(60)
    await fleet.settle()
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert (condition.status, condition.reason) == ("False", "SecretMissing")
    assert fleet.kube.has(CERTIFICATES)
    assert url(fleet, "DATABASE_URL") == before


async def test_certificates_that_are_no_longer_given_go() -> None:
    fleet = fleet_with(**{"ca.crt": CERTIFICATE})
    await fleet.submit(PLATFORM)
    fleet.kube.edit(SECRET, lambda obj: obj["data"].pop("ca.crt"))
    await fleet.pass_over(PLATFORM)
    assert not fleet.kube.has(CERTIFICATES)


async def test_server_that_moves_takes_its_services_along() -> None:
    fleet = fleet_with()
    await fleet.submit(PLATFORM, SERVICE)
    fleet.kube.edit(SECRET, lambda obj: obj["data"].update(encode({"host": "new.example.com"})))
    fleet.time.advance(60)
    await fleet.settle()
    assert "@new.example.com:5432/" in url(fleet, "DATABASE_URL")


async def test_broker_whose_management_moves_is_asked_there_at_once() -> None:
    fleet = fleet_with()
    service = fastapi_service(broker={})
    await fleet.submit(BOTH, service)
    fleet.kube.edit(SECRET, lambda obj: obj["data"].update(encode({"managementPort": "15999"})))
    await fleet.pass_over(service)
    assert fleet.rabbitmq.servers[-1].port == 15999


def is_stalled(fleet: Fleet, resource: Object) -> bool:
    """As kstatus reads it: stalled, or at work."""
    conditions = fleet.conditions(resource)
    assert ("Stalled" in conditions) != ("Reconciling" in conditions)
    return "Stalled" in conditions


REFUSED: dict[str, tuple[dict[str, str], str, str]] = {
    "host that is not allowed": ({"host": "169.254.169.254"}, "HostNotAllowed", "169.254.169.254"),
    "key that cannot be used": ({"port": "none"}, "AdminSecretInvalid", "port"),
}


@pytest.mark.parametrize(("keys", "reason", "named"), REFUSED.values(), ids=REFUSED.keys())
async def test_secret_that_cannot_be_used_is_said_and_no_server_is_called(
    keys: dict[str, str], reason: str, named: str
) -> None:
    fleet = fleet_with(**keys)
    await fleet.submit(PLATFORM)
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert (condition.status, condition.reason) == ("False", reason)
    assert named in condition.message
    assert fleet.postgres.servers == []
    assert fleet.status(PLATFORM).get("postgres") is None
    assert is_stalled(fleet, PLATFORM)
    fleet.kube.edit(SECRET, lambda obj: obj["data"].update(encode({"host": "db.example.com", "port": "5432"})))
    fleet.time.advance(15)
    await fleet.settle()
    assert fleet.conditions(PLATFORM)["Ready"].status == "True"
    assert "Stalled" not in fleet.conditions(PLATFORM)


async def test_management_on_a_host_that_is_not_allowed_is_not_called() -> None:
    fleet = fleet_with(managementHost="metadata.internal")
    await fleet.submit(BOTH)
    assert fleet.conditions(BOTH)["RabbitmqReady"].reason == "HostNotAllowed"
    assert fleet.rabbitmq.servers == []


FAILURES: list[ReconcileError] = [
    BackendUnavailableError("no answer in time"),
    BackendRefusedError("LoginRefused", "refused"),
    BackendRefusedError("NotPrivileged", "not enough"),
    BackendRefusedError("TlsFailed", "not trusted"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
async def test_server_that_does_not_take_its_administrator_is_said_and_asked_again(failure: ReconcileError) -> None:
    fleet = fleet_with()
    fleet.postgres.failure = failure
    await fleet.submit(BOTH)
    conditions = fleet.conditions(BOTH)
    assert (conditions["PostgresReady"].status, conditions["PostgresReady"].reason) == ("False", failure.reason)
    assert conditions["RabbitmqReady"].status == "True"
    assert is_stalled(fleet, BOTH) == isinstance(failure, BackendRefusedError), "no answer may be one later"
    fleet.postgres.failure = None
    fleet.time.advance(15)
    await fleet.settle()
    assert fleet.conditions(BOTH)["Ready"].status == "True"
    assert "Stalled" not in fleet.conditions(BOTH)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
async def test_service_that_meets_it_is_stalled_alike_and_asks_again(failure: ReconcileError) -> None:
    fleet = fleet_with()
    await fleet.submit(PLATFORM)
    fleet.postgres.failure = failure
    await fleet.submit(SERVICE)
    assert fleet.conditions(SERVICE)["DatabaseReady"].reason == failure.reason
    assert is_stalled(fleet, SERVICE) == isinstance(failure, BackendRefusedError)
    fleet.postgres.failure = None
    fleet.time.advance(15)
    await fleet.roll_out()
    assert fleet.conditions(SERVICE)["Ready"].status == "True"
    assert "Stalled" not in fleet.conditions(SERVICE)


async def test_server_that_answered_is_asked_again_after_a_minute_and_not_before() -> None:
    fleet = fleet_with()
    await fleet.submit(PLATFORM)
    await fleet.pass_over(PLATFORM)
    assert len(fleet.postgres.servers) == 1
    fleet.postgres.failure = BackendUnavailableError("no answer in time")
    fleet.time.advance(60)
    await fleet.settle()
    assert len(fleet.postgres.servers) == 2
    assert fleet.conditions(PLATFORM)["PostgresReady"].reason == "BackendUnavailable"


async def test_deleted_service_is_locked_out_of_an_external_server() -> None:
    fleet = fleet_with()
    await fleet.submit(PLATFORM, SERVICE)
    fleet.kube.remove(child("FastAPIService", "shop"))
    await fleet.settle()
    assert fleet.postgres.locked == ["team.shop"]


async def test_administrator_shows_in_no_object_and_no_status() -> None:
    fleet = fleet_with()
    await fleet.submit(BOTH, fastapi_service(database={}, broker={}))
    written: list[Any] = [fleet.status(BOTH), fleet.status(SERVICE)]
    written += [fleet.kube.object(key) for key in fleet.kube.keys("Deployment")]
    written.append(decode(fleet.kube.object(child("Secret", "shop-secrets"))))
    assert "canary-admin" not in str(written)


async def test_mode_without_its_secret_is_named_where_admission_let_it_through() -> None:
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={"mode": "External"}))
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert (condition.status, condition.reason) == ("False", "InvalidSpec")
