"""States that a service or a platform can be brought into: one for each reason that status tells."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.postgres import PostgresServer
from fastapi_fleet.backends.postgres_server import failure_of
from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.kinds import OPTIONAL, Object
from fastapi_fleet.reconcile.service_pass import RELEASE_DEADLINE
from fastapi_fleet.resources.secret import encode

from support.fleet import Fleet, child, come_up
from support.preflights import end_pod
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


def migrations_that(how: str | None, **answer: Any) -> Scenario:
    """`answer`: what the pod of the Job has ended with."""

    async def scenario() -> Fleet:
        fleet = await running(EMBEDDED)()
        await fleet.submit(MIGRATED)
        if how is not None:
            (job,) = fleet.kube.keys("Job")
            end_pod(fleet.kube, job, 0, answer)
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


def tried(seconds: float, **analysis: Any) -> Scenario:
    """A canary whose pod is available in time, if it is to be measured, and never else."""

    async def scenario() -> Fleet:
        steps = {"steps": [{"weight": 10, "pause": 60}], **({"analysis": analysis} if analysis else {})}
        fleet = await running(fastapi_service(rollout={"canary": steps}))()
        await fleet.submit(fastapi_service(image="registry.example/shop:2", rollout={"canary": steps}))
        if analysis:
            fleet.kube.edit(child("Deployment", "shop-canary"), come_up)
            await fleet.settle()
        fleet.time.advance(seconds)
        await fleet.settle()
        return fleet

    return scenario
