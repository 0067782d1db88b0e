"""Every reason and every condition is told of a state that can be brought about, and what fails has a cure."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import ConditionType as Type
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.glossary import NOTHING_TO_DO, REASONS
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.postgres import PostgresServer
from fastapi_fleet.backends.postgres_server import failure_of
from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, ReconcileError
from fastapi_fleet.kube.kinds import OPTIONAL, Object
from fastapi_fleet.reconcile.service_pass import RELEASE_DEADLINE
from fastapi_fleet.resources.secret import encode
from support.contracts import ANOTHER, ANSWERING, contract_under, first_document
from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform
from support.rollouts import DEADLINE_SECONDS, run_out

SHOP = child("FastAPIService", "shop")
PLATFORM = child("FleetPlatform", "default")
DEPLOYMENT = child("Deployment", "shop")
ROUTE = child("HTTPRoute", "shop")

EMBEDDED = fleet_platform(postgres={}, rabbitmq={})
EXTERNAL = fleet_platform(postgres={"mode": "External", "external": {"adminSecretRef": {"name": "managed"}}})
IMPOSSIBLE = {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
MANAGED = fleet_platform(postgres={"mode": "CloudNativePG"})

WITH_DATABASE = fastapi_service(database={})
MIGRATED_SPEC: dict[str, Any] = {"database": {"migrations": {"command": ["alembic", "upgrade", "head"]}}}
MIGRATED = fastapi_service(**MIGRATED_SPEC)
NEWER = "registry.example/shop:2"
CHECKED = fastapi_service(preflight={})
CALLING = fastapi_service(services=[{"name": "users", "env": "USERS_URL"}])
ROUTED = fastapi_service(route={"hosts": ["shop.example.org"], "parentRefs": [{"name": "public"}]})
INGRESSED = fastapi_service(ingress={"host": "shop.example.org"})

Scenario = Callable[[], Awaitable[Fleet]]


def submitted(*resources: Object) -> Scenario:
    """On a cluster that has none of the kinds that one may lack."""

    async def scenario() -> Fleet:
        fleet = Fleet()
        await fleet.submit(*resources)
        return fleet

    return scenario


def running(*resources: Object) -> Scenario:
    async def scenario() -> Fleet:
        fleet = await with_every_kind()
        for resource in resources:
            await fleet.submit(resource)
            await fleet.roll_out()
        return fleet

    return scenario


async def with_every_kind() -> Fleet:
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    return fleet


def refused_by_api(error: ReconcileError) -> Scenario:
    async def scenario() -> Fleet:
        fleet = Fleet()
        fleet.kube.fail("apply", "Deployment", error)
        await fleet.submit(fastapi_service())
        return fleet

    return scenario


def external(failure: Exception | None = None, **keys: str) -> Scenario:
    """A server that others run, by what its administrator's Secret says and by how it answers."""

    async def scenario() -> Fleet:
        fleet = Fleet()
        login = {"host": "db.example.com", "username": "admin", "password": "canary", **keys}
        fleet.kube.create({**named("Secret", "managed"), "data": encode(login)})
        where = PostgresServer("db.example.com", 5432, "admin", "canary", "require")
        fleet.postgres.failure = failure and failure_of(where, failure)
        await fleet.submit(EXTERNAL)
        return fleet

    return scenario


def named(kind: str, name: str, api_version: str = "v1") -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "team"}}


def rolling_out(**status: Any) -> Scenario:
    """What the Deployment's controller says of a rollout that does not get on."""

    async def scenario() -> Fleet:
        fleet = await submitted(fastapi_service())()
        generation = fleet.kube.object(DEPLOYMENT)["metadata"]["generation"]
        fleet.kube.edit(DEPLOYMENT, lambda obj: obj.update(status={"observedGeneration": generation, **status}))
        await fleet.settle()
        return fleet

    return scenario


def pod_that_is(state: dict[str, Any] | None = None, **status: Any) -> Scenario:
    """What the kubelet or the scheduler says of the newest pod; `state` is that of its container."""

    async def scenario() -> Fleet:
        fleet = await rolling_out()()
        template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
        container = {"name": "app", "ready": False, "restartCount": 0, "state": state or {}}
        pod = {**named("Pod", "shop-1"), "spec": {}, "status": {"containerStatuses": [container], **status}}
        fleet.kube.create(pod | {"metadata": {**template["metadata"], **pod["metadata"]}})
        await fleet.settle()
        return fleet

    return scenario


def answered_by_gateway(status: str) -> Scenario:
    async def scenario() -> Fleet:
        fleet = await running(ROUTED)()
        generation = fleet.kube.object(ROUTE)["metadata"]["generation"]
        conditions = [
            {"type": kind, "status": status, "reason": "NoMatchingParent", "observedGeneration": generation}
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parents = [{"parentRef": {"name": "public"}, "conditions": conditions}]
        fleet.kube.edit(ROUTE, lambda obj: obj.update(status={"parents": parents}))
        await fleet.settle()
        return fleet

    return scenario


def pooled_on_a_server_of(most: int) -> Scenario:
    async def scenario() -> Fleet:
        fleet = await running(EMBEDDED)()
        fleet.postgres.capacities["default-postgres.team.svc"] = ServerCapacity(most, reserved=3)
        await fleet.submit(fastapi_service(database={"pool": {"size": 8}}))
        return fleet

    return scenario


def migrations_that(how: str | None) -> Scenario:
    async def scenario() -> Fleet:
        fleet = await running(EMBEDDED)()
        await fleet.submit(MIGRATED)
        if how is not None:
            (job,) = fleet.kube.keys("Job")
            conditions = [{"type": how, "status": "True"}]
            fleet.kube.edit(job, lambda obj: obj.update(status={"conditions": conditions}))
            await fleet.settle()
        return fleet

    return scenario


def preflight_that(how: str | None, **answer: Any) -> Scenario:
    async def scenario() -> Fleet:
        fleet = await submitted(CHECKED)()
        (job,) = fleet.kube.keys("Job")
        if how is None:
            return fleet
        labels = fleet.kube.object(job)["spec"]["template"]["metadata"]["labels"]
        pod = named("Pod", "preflight-1")
        pod["metadata"]["labels"] = {**labels, "batch.kubernetes.io/job-name": job.name}
        ended = {"terminated": {"exitCode": 0, "message": json.dumps(answer)}}
        fleet.kube.create({**pod, "status": {"containerStatuses": [{"name": "app", "state": ended}]}})
        fleet.kube.edit(job, lambda obj: obj.update(status={"conditions": [{"type": how, "status": "True"}]}))
        await fleet.settle()
        return fleet

    return scenario


async def running_without_the_job_that_checked_it() -> Fleet:
    fleet = await running(CHECKED)()
    (job,) = fleet.kube.keys("Job")
    fleet.kube.remove(job)
    await fleet.settle()
    return fleet


def cluster_with(ready: int) -> Scenario:
    """Of three instances."""

    async def scenario() -> Fleet:
        fleet = await running(MANAGED)()
        cluster = child("Cluster", "default-postgres")
        fleet.kube.edit(cluster, lambda obj: obj.update(status={"readyInstances": ready}))
        await fleet.settle()
        return fleet

    return scenario


async def foreign_deployment() -> Fleet:
    fleet = Fleet()
    fleet.kube.create({**named("Deployment", "shop", "apps/v1"), "spec": {"theirs": True}})
    await fleet.submit(fastapi_service())
    return fleet


async def administrator_lost() -> Fleet:
    fleet = await running(EMBEDDED)()
    fleet.kube.remove(child("Secret", "default-postgres-admin"))
    await fleet.settle()
    return fleet


async def database_silent() -> Fleet:
    fleet = await running(EMBEDDED)()
    fleet.postgres.failure = failure_of(PostgresServer("db", 5432, "admin", "canary", "prefer"), TimeoutError())
    await fleet.submit(WITH_DATABASE)
    return fleet


async def deleted_while_its_database_is_silent() -> Fleet:
    service = fastapi_service(database={"deletionPolicy": "Delete"})
    fleet = await running(EMBEDDED, service)()
    fleet.postgres.failure = failure_of(PostgresServer("db", 5432, "admin", "canary", "prefer"), TimeoutError())
    fleet.kube.remove(SHOP, at=(fleet.now() - RELEASE_DEADLINE).isoformat())
    await fleet.settle()
    return fleet


def not_ready_in_time(*resources: Object) -> Scenario:
    """Each is rolled out but for the last, which is given up."""

    async def scenario() -> Fleet:
        *before, last = resources
        fleet = await running(*before)()
        fleet.time.advance(DEADLINE_SECONDS)
        await fleet.submit(last)
        await fleet.let_jobs_succeed()
        await run_out(fleet, DEPLOYMENT)
        return fleet

    return scenario


async def rolled_back() -> Fleet:
    fleet = await running(fastapi_service())()
    first = fleet.status(fastapi_service())["revision"]
    newer = {"image": "registry.example/shop:2"}
    await fleet.submit(fastapi_service(**newer))
    await fleet.roll_out()
    await fleet.submit(fastapi_service(**newer, rollout={"rollbackTo": first}))
    return fleet


async def asked_to_rotate(before: Callable[[Fleet], object] = id) -> Fleet:
    """`before`: what happens to the service with its database before new passwords are asked for."""
    fleet = await running(EMBEDDED, WITH_DATABASE)()
    before(fleet)
    fleet.kube.edit(SHOP, lambda obj: obj["metadata"].update(annotations={ANNOTATION_ROTATE: "now"}))
    await fleet.settle()
    return fleet


def rotation_after(before: Callable[[Fleet], object]) -> Scenario:
    return lambda: asked_to_rotate(before)


async def rotated(old_sessions: tuple[LoginSession, ...] = ()) -> Fleet:
    fleet = await asked_to_rotate()
    fleet.time.advance(0)
    await fleet.settle()
    fleet.postgres.sessions["team.shop"] = old_sessions
    await fleet.roll_out()
    return fleet


def begin_a_rollout(fleet: Fleet) -> None:
    fleet.kube.create(fastapi_service(image="registry.example/shop:2", database={}))


def refuse_new_logins(fleet: Fleet) -> None:
    fleet.postgres.refused = {f"canary-{number}" for number in range(100)}


@dataclass(frozen=True)
class Told:
    """What status says once the scenario is played; of the service unless it is the platform's."""

    scenario: Scenario
    type: Type
    status: str

    @property
    def is_fault(self) -> bool:
        return self.status == "False" or self.type is Type.STALLED


TOLD: dict[Reason, Told] = {
    Reason.PENDING: Told(running(INGRESSED), Type.INGRESS_READY, "Unknown"),
    Reason.AS_SPECIFIED: Told(running(fastapi_service(monitoring={})), Type.MONITORING_READY, "True"),
    Reason.INVALID_SPEC: Told(
        running(fastapi_service(rollout={"rollbackTo": "0123456789abcdef"})), Type.SPEC_VALID, "False"
    ),
    Reason.NOT_OWNED: Told(foreign_deployment, Type.STALLED, "True"),
    Reason.PAUSED: Told(submitted(fastapi_service(paused=True)), Type.PAUSED, "True"),
    Reason.API_UNAVAILABLE: Told(refused_by_api(ApiUnavailableError("silent")), Type.ROLLOUT_COMPLETE, "False"),
    Reason.API_CONFLICT: Told(refused_by_api(ApiConflictError("newer")), Type.ROLLOUT_COMPLETE, "False"),
    Reason.API_REFUSED: Told(refused_by_api(ApiRefusedError("quota")), Type.READY, "False"),
    Reason.PLATFORM_MISSING: Told(submitted(WITH_DATABASE), Type.DEPENDENCIES_READY, "False"),
    Reason.PLATFORM_INVALID: Told(
        submitted(fleet_platform(defaults={"resources": IMPOSSIBLE}), fastapi_service()),
        Type.DEPENDENCIES_READY,
        "False",
    ),
    Reason.SECRET_MISSING: Told(
        submitted(fastapi_service(secrets=[{"env": "KEY", "name": "keys", "key": "key"}])),
        Type.DEPENDENCIES_READY,
        "False",
    ),
    Reason.CONFIG_MAP_MISSING: Told(
        submitted(fastapi_service(envFrom=[{"configMapRef": {"name": "shared"}}])), Type.DEPENDENCIES_READY, "False"
    ),
    Reason.SERVICE_MISSING: Told(submitted(CALLING), Type.DEPENDENCIES_READY, "False"),
    Reason.SERVICE_NOT_READY: Told(submitted(fastapi_service("users"), CALLING), Type.DEPENDENCIES_READY, "False"),
    Reason.DEPENDENCIES_FOUND: Told(running(fastapi_service("users"), CALLING), Type.DEPENDENCIES_READY, "True"),
    Reason.ADMIN_SECRET_MISSING: Told(administrator_lost, Type.CHILDREN_APPLIED, "False"),
    Reason.BACKEND_NOT_OFFERED: Told(running(fleet_platform(rabbitmq={}), WITH_DATABASE), Type.DATABASE_READY, "False"),
    Reason.BACKEND_NOT_READY: Told(submitted(EMBEDDED), Type.RABBITMQ_READY, "False"),
    Reason.BACKEND_UNAVAILABLE: Told(database_silent, Type.DATABASE_READY, "False"),
    Reason.PROVISIONED: Told(running(EMBEDDED, fastapi_service(broker={})), Type.BROKER_READY, "True"),
    Reason.CREDENTIALS_CURRENT: Told(rotated, Type.CREDENTIALS_ROTATED, "True"),
    Reason.ROTATION_DUE: Told(rotation_after(begin_a_rollout), Type.CREDENTIALS_ROTATED, "False"),
    Reason.ROTATING: Told(asked_to_rotate, Type.CREDENTIALS_ROTATED, "False"),
    Reason.SESSIONS_LEFT: Told(
        lambda: rotated((LoginSession("10.0.0.9", "2026-01-01T00:00:00Z"),)), Type.CREDENTIALS_ROTATED, "False"
    ),
    Reason.ROTATION_FAILED: Told(rotation_after(refuse_new_logins), Type.CREDENTIALS_ROTATED, "False"),
    Reason.MIGRATED: Told(migrations_that("Complete"), Type.MIGRATIONS_COMPLETE, "True"),
    Reason.MIGRATING: Told(migrations_that(None), Type.MIGRATIONS_COMPLETE, "False"),
    Reason.MIGRATION_FAILED: Told(migrations_that("Failed"), Type.MIGRATIONS_COMPLETE, "False"),
    Reason.CHECKING: Told(preflight_that(None), Type.CONFIG_VALID, "False"),
    Reason.SETTINGS_ACCEPTED: Told(preflight_that("Complete", outcome="accepted"), Type.CONFIG_VALID, "True"),
    Reason.SETTINGS_ABSENT: Told(preflight_that("Complete", outcome="absent"), Type.CONFIG_VALID, "True"),
    Reason.SETTINGS_REFUSED: Told(preflight_that("Failed", outcome="refused"), Type.CONFIG_VALID, "False"),
    Reason.PREFLIGHT_FAILED: Told(preflight_that("Failed"), Type.CONFIG_VALID, "False"),
    Reason.UNCHANGED: Told(running_without_the_job_that_checked_it, Type.CONFIG_VALID, "True"),
    Reason.NOTHING_TO_COMPARE: Told(first_document, Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_KEPT: Told(contract_under("Warn", ANSWERING), Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_ABSENT: Told(contract_under("Block", None), Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_UNKNOWN: Told(contract_under("Warn", {"openapi": "2.0"}), Type.CONTRACT_COMPATIBLE, "Unknown"),
    Reason.CONTRACT_BROKEN: Told(contract_under("Warn", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.CONTRACT_APPROVED: Told(
        contract_under("RequireApproval", ANOTHER, approved=True), Type.CONTRACT_COMPATIBLE, "False"
    ),
    Reason.CONTRACT_BLOCKED: Told(contract_under("Block", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.APPROVAL_NEEDED: Told(contract_under("RequireApproval", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.ADMIN_SECRET_INVALID: Told(external(port="none"), Type.POSTGRES_READY, "False"),
    Reason.HOST_NOT_ALLOWED: Told(external(host="169.254.169.254"), Type.POSTGRES_READY, "False"),
    Reason.LOGIN_REFUSED: Told(external(asyncpg.InvalidPasswordError()), Type.POSTGRES_READY, "False"),
    Reason.NOT_PRIVILEGED: Told(external(asyncpg.InsufficientPrivilegeError()), Type.POSTGRES_READY, "False"),
    Reason.TLS_FAILED: Told(external(ConnectionError()), Type.POSTGRES_READY, "False"),
    Reason.AVAILABLE: Told(running(fastapi_service()), Type.READY, "True"),
    Reason.SCALED_TO_ZERO: Told(running(fastapi_service(replicas=0)), Type.ROLLOUT_COMPLETE, "True"),
    Reason.ROLLING_OUT: Told(submitted(fastapi_service()), Type.RECONCILING, "True"),
    Reason.ROLLED_BACK: Told(rolled_back, Type.ROLLED_BACK, "True"),
    Reason.NOT_READY_IN_TIME: Told(
        not_ready_in_time(fastapi_service(), fastapi_service(image=NEWER)), Type.STALLED, "True"
    ),
    Reason.NOTHING_TO_GO_BACK_TO: Told(not_ready_in_time(fastapi_service()), Type.ROLLED_BACK, "False"),
    Reason.MIGRATIONS_HAVE_RUN: Told(
        not_ready_in_time(EMBEDDED, MIGRATED, fastapi_service(image=NEWER, **MIGRATED_SPEC)), Type.ROLLED_BACK, "False"
    ),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Told(
        rolling_out(conditions=[{"type": "Progressing", "status": "False"}]), Type.STALLED, "True"
    ),
    Reason.REPLICA_FAILURE: Told(
        rolling_out(conditions=[{"type": "ReplicaFailure", "status": "True"}]), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.IMAGE_PULL_FAILED: Told(
        pod_that_is({"waiting": {"reason": "ErrImagePull"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.CRASH_LOOP: Told(pod_that_is({"terminated": {"exitCode": 1}}), Type.ROLLOUT_COMPLETE, "False"),
    Reason.CONTAINER_CONFIG_INVALID: Told(
        pod_that_is({"waiting": {"reason": "CreateContainerConfigError"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.OUT_OF_MEMORY: Told(
        pod_that_is({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.UNSCHEDULABLE: Told(
        pod_that_is(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]),
        Type.ROLLOUT_COMPLETE,
        "False",
    ),
    Reason.NOT_ANSWERING_PROBES: Told(pod_that_is({"running": {}}), Type.ROLLOUT_COMPLETE, "False"),
    Reason.KIND_MISSING: Told(submitted(ROUTED), Type.ROUTE_READY, "False"),
    Reason.ROUTE_ACCEPTED: Told(answered_by_gateway("True"), Type.ROUTE_READY, "True"),
    Reason.ROUTE_NOT_ACCEPTED: Told(answered_by_gateway("False"), Type.ROUTE_READY, "False"),
    Reason.NOBODY_LET_IN: Told(running(INGRESSED), Type.NETWORK_OPEN, "False"),
    Reason.GRACEFUL_TIMEOUT_MISSING: Told(
        submitted(fastapi_service(command=["uvicorn", "app.main:app"])), Type.SHUTDOWN_IN_TIME, "False"
    ),
    Reason.GRACEFUL_TIMEOUT_TOO_LONG: Told(
        submitted(fastapi_service(command=["gunicorn", "--graceful-timeout=999", "app.main:app"])),
        Type.SHUTDOWN_IN_TIME,
        "False",
    ),
    Reason.SIGNAL_NOT_PASSED_ON: Told(
        submitted(fastapi_service(command=["sh", "-c", "migrate && uvicorn app.main:app"])),
        Type.SHUTDOWN_IN_TIME,
        "False",
    ),
    Reason.SERVER_LIMIT_EXCEEDED: Told(pooled_on_a_server_of(18), Type.CONNECTIONS_IN_BUDGET, "False"),
    Reason.EMBEDDED: Told(running(EMBEDDED), Type.PRODUCTION_GRADE, "False"),
    Reason.EXTERNAL: Told(external(), Type.PRODUCTION_GRADE, "Unknown"),
    Reason.NOT_REPLICATED: Told(cluster_with(ready=2), Type.PRODUCTION_GRADE, "False"),
    Reason.REPLICATED: Told(cluster_with(ready=3), Type.PRODUCTION_GRADE, "True"),
    Reason.PER_SERVICE: Told(
        submitted(fleet_platform(postgres={"topology": "PerService"})), Type.POSTGRES_READY, "True"
    ),
}


WARNED_OF: dict[Reason, Scenario] = {Reason.DATA_KEPT: deleted_while_its_database_is_silent}
"""What only Events tell: there is no status left to tell it."""


def test_there_is_a_scenario_for_every_reason_and_every_condition() -> None:
    assert TOLD.keys() | WARNED_OF.keys() == set(Reason)
    assert {told.type for told in TOLD.values()} == set(Type)


@pytest.mark.parametrize(("reason", "told"), TOLD.items(), ids=TOLD.keys())
async def test_reason_is_in_the_status_that_the_cluster_keeps(reason: Reason, told: Told) -> None:
    fleet = await told.scenario()
    kept = {
        (condition["type"], condition["status"], condition["reason"])
        for key in (SHOP, PLATFORM)
        if fleet.kube.has(key)
        for condition in fleet.kube.object(key)["status"]["conditions"]
    }
    assert (told.type, told.status, reason) in kept


@pytest.mark.parametrize(("reason", "scenario"), WARNED_OF.items(), ids=WARNED_OF.keys())
async def test_reason_is_in_an_event(reason: Reason, scenario: Scenario) -> None:
    fleet = await scenario()
    assert ("Warning", reason) in {(kind, said) for kind, said, _ in await fleet.told()}
    assert REASONS[reason].cure != NOTHING_TO_DO


@pytest.mark.parametrize(("reason", "told"), TOLD.items(), ids=TOLD.keys())
def test_reason_of_what_fails_has_a_cure(reason: Reason, told: Told) -> None:
    assert not told.is_fault or REASONS[reason].cure != NOTHING_TO_DO
