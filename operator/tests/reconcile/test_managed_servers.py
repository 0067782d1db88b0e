"""A platform whose servers are run by the operators of PostgreSQL and RabbitMQ."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import POSTGRES_CLUSTER, RABBITMQ_CLUSTER, Object
from fastapi_fleet.resources.secret import decode, encode
from support.certificates import CERTIFICATE
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

PLATFORM = fleet_platform(postgres={"mode": "CloudNativePG"}, rabbitmq={"mode": "ClusterOperator"})
SERVICE = fastapi_service(database={}, broker={})
CLUSTER = child("Cluster", "default-postgres")
BROKER = child("RabbitmqCluster", "default-rabbitmq")
LOGIN = {
    "username": "postgres",
    "password": "canary-admin",
    "host": "elsewhere.example.com",
    "port": "1",
    "dbname": "*",
}
MADE: dict[str, dict[str, str]] = {
    "default-postgres-superuser": LOGIN,
    "default-postgres-ca": {"ca.crt": CERTIFICATE, "ca.key": "canary-key"},
    "default-rabbitmq-default-user": {**LOGIN, "username": "default_user"},
}
"""Secrets that the other operators make."""


async def submitted(*resources: Object, served: tuple[str, ...] = ("Cluster", "RabbitmqCluster")) -> Fleet:
    fleet = Fleet()
    fleet.kube.served |= set(served)
    await fleet.optional_kinds.look()
    await fleet.submit(*(resources or (PLATFORM,)))
    return fleet


def say(cluster: Object, ready: int) -> None:
    """The state that the cluster's own operator would tell, with so many pods ready."""
    if cluster["kind"] == POSTGRES_CLUSTER.name:
        whole = ready == cluster["spec"]["instances"]
        cluster["status"] = {"readyInstances": ready, "phase": "Cluster in healthy state" if whole else "Failing over"}
        return
    holds = {"ClusterAvailable": ready > 0, "AllReplicasReady": ready == cluster["spec"]["replicas"]}
    cluster["status"] = {"conditions": [{"type": kind, "status": str(value)} for kind, value in holds.items()]}


async def come_up(fleet: Fleet, ready: int = 3) -> list[Call]:
    """Both operators do their work."""
    for name, values in MADE.items():
        if not fleet.kube.has(child("Secret", name)):
            metadata = {"name": name, "namespace": "team"}
            fleet.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encode(values)})
    for key in (CLUSTER, BROKER):
        fleet.kube.edit(key, lambda cluster: say(cluster, ready))
    return await fleet.settle()


def told(fleet: Fleet, condition: str, resource: Object = PLATFORM) -> tuple[str, str]:
    found = fleet.conditions(resource)[condition]
    return found.status, found.reason


async def test_without_their_kinds_the_platform_says_what_is_missing() -> None:
    fleet = await submitted(PLATFORM, SERVICE, served=())
    conditions = fleet.conditions(PLATFORM)
    for kind, named in (("PostgresReady", "clusters.postgresql.cnpg.io"), ("RabbitmqReady", "rabbitmqclusters.rabbit")):
        assert (conditions[kind].status, conditions[kind].reason) == ("False", "KindMissing")
        assert named in conditions[kind].message
    assert told(fleet, "ProductionGrade") == ("Unknown", "Pending")
    assert told(fleet, "ChildrenApplied") == ("True", "AsSpecified")
    assert told(fleet, "DependenciesReady", SERVICE) == ("False", "BackendNotReady")


async def test_clusters_are_made_as_soon_as_their_kinds_are_there() -> None:
    fleet = await submitted(served=())
    fleet.kube.served |= {"Cluster", "RabbitmqCluster"}
    await fleet.optional_kinds.look()
    await fleet.settle()
    assert fleet.kube.has(CLUSTER)
    assert fleet.kube.has(BROKER)
    assert told(fleet, "PostgresReady") == ("False", "BackendNotReady")


async def test_platform_waits_for_the_other_operators_and_calls_nobody() -> None:
    fleet = await submitted()
    conditions = fleet.conditions(PLATFORM)
    assert conditions["PostgresReady"].message == "Cluster default-postgres has not been made yet"
    await fleet.pass_over(PLATFORM)
    conditions = fleet.conditions(PLATFORM)
    assert conditions["PostgresReady"].message == "Cluster default-postgres: 0 of 3 instances ready"
    assert conditions["RabbitmqReady"].message == "RabbitmqCluster default-rabbitmq: no status yet"
    assert fleet.postgres.servers == []
    assert fleet.rabbitmq.servers == []


async def test_platform_is_ready_by_what_the_other_operators_have_made() -> None:
    fleet = await submitted()
    await come_up(fleet)
    assert told(fleet, "Ready") == ("True", "Available")
    assert told(fleet, "ProductionGrade") == ("True", "Replicated")
    (postgres,), (broker,) = fleet.postgres.servers, fleet.rabbitmq.servers
    assert (postgres.user, postgres.password, postgres.ssl_mode) == ("postgres", "canary-admin", "verify-full")
    assert (broker.user, broker.password, broker.tls) == ("default_user", "canary-admin", False)
    assert await fleet.pass_over(PLATFORM) == []


async def test_host_that_a_secret_names_is_not_called() -> None:
    """Who writes Secrets would send the operator anywhere else."""
    fleet = await submitted()
    await come_up(fleet)
    assert [server.host for server in fleet.postgres.servers] == ["default-postgres-rw.team.svc"]
    assert [server.host for server in fleet.rabbitmq.servers] == ["default-rabbitmq.team.svc"]


async def test_services_are_given_the_clusters_and_let_out_to_their_pods() -> None:
    fleet = await submitted(PLATFORM, SERVICE)
    await come_up(fleet)
    fleet.time.advance(15)
    await fleet.settle()
    values = decode(fleet.kube.object(child("Secret", "shop-secrets")))
    assert "@default-postgres-rw.team.svc:5432/team.shop?sslmode=verify-full&sslrootcert=" in values["DATABASE_URL"]
    assert values["RABBITMQ_URL"].endswith("@default-rabbitmq.team.svc:5672/team.default")
    assert told(fleet, "DatabaseReady", SERVICE) == ("True", "Provisioned")
    assert fleet.kube.object(child("ConfigMap", "default-postgres-ca"))["data"] == {"ca.crt": CERTIFICATE}
    egress = str(fleet.kube.object(child("NetworkPolicy", "shop"))["spec"]["egress"])
    assert "{'cnpg.io/cluster': 'default-postgres'}" in egress
    assert "{'app.kubernetes.io/name': 'default-rabbitmq', 'app.kubernetes.io/component': 'rabbitmq'}" in egress


@pytest.mark.parametrize(("ready", "expected"), [(3, ("True", "Replicated")), (2, ("False", "NotReplicated"))])
async def test_lost_instance_is_told_and_the_platform_stays_ready(ready: int, expected: tuple[str, str]) -> None:
    fleet = await submitted()
    await come_up(fleet)
    await come_up(fleet, ready)
    assert told(fleet, "ProductionGrade") == expected
    assert told(fleet, "PostgresReady") == ("True", "Available")


async def test_single_instance_is_not_production_grade() -> None:
    fleet = await submitted(fleet_platform(postgres={"mode": "CloudNativePG", "cloudNativePG": {"instances": 1}}))
    condition = fleet.conditions(PLATFORM)["ProductionGrade"]
    assert (condition.status, condition.reason) == ("False", "NotReplicated")
    assert condition.message == "Cluster default-postgres has 1 instances, and does not survive the loss of one"


async def test_cluster_that_is_down_is_said_in_its_operators_words() -> None:
    fleet = await submitted()
    await come_up(fleet)
    await come_up(fleet, ready=0)
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert condition.message == "Cluster default-postgres: Failing over, 0 of 3 instances ready"
    assert told(fleet, "RabbitmqReady") == ("False", "BackendNotReady")


@pytest.mark.parametrize("secret", ["default-postgres-superuser", "default-postgres-ca"])
async def test_secret_of_the_other_operator_that_is_not_there_is_named(secret: str) -> None:
    fleet = await submitted()
    await come_up(fleet)
    fleet.kube.remove(child("Secret", secret))
    await fleet.pass_over(PLATFORM)
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert (condition.status, condition.reason) == ("False", "SecretMissing")
    assert secret in condition.message


async def test_secret_without_certificates_is_named() -> None:
    fleet = await submitted()
    await come_up(fleet)
    fleet.kube.edit(child("Secret", "default-postgres-ca"), lambda obj: obj["data"].pop("ca.crt"))
    await fleet.pass_over(PLATFORM)
    assert fleet.conditions(PLATFORM)["PostgresReady"].message == "Secret default-postgres-ca has no key ca.crt"


async def test_what_is_changed_on_a_cluster_by_hand_is_put_right() -> None:
    fleet = await submitted()
    fleet.kube.edit(CLUSTER, lambda cluster: cluster["spec"].update(enableSuperuserAccess=False))
    await fleet.settle()
    assert fleet.kube.object(CLUSTER)["spec"]["enableSuperuserAccess"] is True


async def test_cluster_outlives_the_platform_and_the_next_of_its_name_finds_it() -> None:
    fleet = await submitted()
    await come_up(fleet)
    fleet.kube.remove(child("FleetPlatform", "default"))
    await fleet.settle()
    assert fleet.kube.has(CLUSTER)
    assert fleet.kube.has(BROKER)
    await fleet.submit(PLATFORM)
    assert told(fleet, "Ready") == ("True", "Available")


async def test_cluster_that_the_spec_no_longer_asks_for_is_kept() -> None:
    fleet = await submitted()
    await come_up(fleet)
    await fleet.submit(fleet_platform(rabbitmq={"mode": "ClusterOperator"}))
    assert fleet.kube.has(CLUSTER)
    assert "PostgresReady" not in fleet.conditions(PLATFORM)
    assert told(fleet, "ProductionGrade") == ("True", "Replicated")


async def test_cluster_of_somebody_else_is_left_alone() -> None:
    fleet = Fleet()
    fleet.kube.served |= {POSTGRES_CLUSTER.name, RABBITMQ_CLUSTER.name}
    await fleet.optional_kinds.look()
    metadata = {"name": CLUSTER.name, "namespace": CLUSTER.namespace}
    foreign: Object = {"apiVersion": POSTGRES_CLUSTER.api_version, "kind": "Cluster", "metadata": metadata}
    fleet.kube.create({**foreign, "spec": {"instances": 1}})
    await fleet.submit(PLATFORM)
    assert told(fleet, "ChildrenApplied") == ("False", "NotOwned")
    assert fleet.kube.object(CLUSTER)["spec"] == {"instances": 1}


async def test_kind_that_goes_leaves_services_as_they_are() -> None:
    fleet = await submitted(PLATFORM, SERVICE)
    await come_up(fleet)
    fleet.time.advance(15)
    await fleet.settle()
    before: Any = fleet.kube.object(child("Deployment", "shop"))["spec"]
    fleet.kube.served.clear()
    fleet.cache.end(POSTGRES_CLUSTER)
    await fleet.pass_over(PLATFORM)
    assert told(fleet, "PostgresReady") == ("False", "KindMissing")
    assert fleet.kube.object(child("Deployment", "shop"))["spec"] == before


async def test_administrators_show_in_no_object_and_no_status() -> None:
    fleet = await submitted(PLATFORM, SERVICE)
    await come_up(fleet)
    written: list[Any] = [fleet.status(PLATFORM), fleet.status(SERVICE)]
    for kind in ("ConfigMap", "Deployment", "Cluster", "RabbitmqCluster"):
        written += [fleet.kube.object(key) for key in fleet.kube.keys(kind)]
    assert "canary-admin" not in str(written)
    assert "canary-key" not in str(written)
