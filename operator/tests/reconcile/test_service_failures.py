"""A pass that cannot finish says so in status, leaves alone what is not its own, and converges once it can."""

from typing import Any

import pytest
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, ReconcileError
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.reconcile.outcome import WAIT_SECONDS
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

PLATFORM = fleet_platform(postgres={}, rabbitmq={})
SHOP = fastapi_service(config={"LEVEL": "info"}, database={}, secrets=[{"env": "KEY", "generate": True}])
DEPLOYMENT = child("Deployment", "shop")
CHILDREN = {
    "ServiceAccount": "shop",
    "ConfigMap": "shop-config",
    "Secret": "shop-secrets",
    "Service": "shop",
    "Deployment": "shop",
}


async def fleet_with_platform() -> Fleet:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    return fleet


def foreign(kind: str, name: str) -> Object:
    api_version = "apps/v1" if kind == "Deployment" else "v1"
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"theirs": True},
    }


@pytest.mark.parametrize(("kind", "name"), CHILDREN.items(), ids=CHILDREN.keys())
async def test_foreign_object_of_the_name_is_refused_and_nothing_is_written(kind: str, name: str) -> None:
    fleet = await fleet_with_platform()
    theirs = fleet.kube.create(foreign(kind, name))
    assert await fleet.submit(SHOP) == [Call("patch_status", "FastAPIService", "shop")]
    assert fleet.kube.object(child(kind, name)) == theirs
    conditions = fleet.conditions(SHOP)
    assert (conditions["Ready"].status, conditions["Ready"].reason) == ("False", "NotOwned")
    assert f"{kind} team/{name}" in conditions["Ready"].message
    assert conditions["Stalled"].status == "True"
    assert fleet.postgres.databases == {}


async def test_child_of_another_owner_is_refused() -> None:
    fleet = await fleet_with_platform()
    theirs = {**foreign("ConfigMap", "shop-config"), "data": {}}
    theirs["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "u", "controller": True}
    ]
    theirs["metadata"]["labels"] = {
        "app.kubernetes.io/managed-by": "fastapi-fleet",
        "fastapi-fleet.io/owner-kind": "FastAPIService",
        "fastapi-fleet.io/owner-name": "shop",
    }
    fleet.kube.create(theirs)
    await fleet.submit(SHOP)
    assert fleet.conditions(SHOP)["Ready"].reason == "NotOwned"


async def test_pass_goes_on_when_the_foreign_object_is_gone() -> None:
    fleet = await fleet_with_platform()
    fleet.kube.create(foreign("Deployment", "shop"))
    await fleet.submit(SHOP)
    fleet.kube.remove(DEPLOYMENT)
    fleet.time.advance(WAIT_SECONDS)
    await fleet.settle()
    assert fleet.kube.has(DEPLOYMENT)
    assert "Stalled" not in fleet.conditions(SHOP)


async def test_foreign_objects_are_all_named_at_once() -> None:
    fleet = await fleet_with_platform()
    fleet.kube.create(foreign("Deployment", "shop"))
    fleet.kube.create(foreign("Service", "shop"))
    await fleet.submit(SHOP)
    assert "Service team/shop, Deployment team/shop exists" in fleet.conditions(SHOP)["Ready"].message


async def test_children_of_a_predecessor_of_the_same_name_are_not_taken_over() -> None:
    fleet = await fleet_with_platform()
    await fleet.submit(SHOP)
    left = fleet.kube.object(DEPLOYMENT)
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    left["metadata"].pop("resourceVersion")
    fleet.kube.create(left)
    assert await fleet.submit(SHOP) == [Call("patch_status", "FastAPIService", "shop")]
    conditions = fleet.conditions(SHOP)
    assert conditions["Ready"].reason == "Pending"
    assert "waits until Deployment team/shop of the deleted FastAPIService" in conditions["Ready"].message
    assert "Stalled" not in conditions
    fleet.kube.remove(DEPLOYMENT)
    await fleet.settle()
    assert fleet.kube.has(DEPLOYMENT)


WRITES = [
    *(("apply", kind) for kind in CHILDREN),
    ("get", "Deployment"),
    ("set_finalizers", "FastAPIService"),
]
FAILURES: list[ReconcileError] = [
    ApiUnavailableError("no answer"),
    ApiConflictError("has changed"),
    ApiRefusedError("exceeded quota"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
@pytest.mark.parametrize(("verb", "kind"), WRITES, ids=lambda value: value)
async def test_failure_is_said_retried_and_overcome(verb: str, kind: str, failure: ReconcileError) -> None:
    fleet = await fleet_with_platform()
    fleet.kube.fail(verb, kind, failure, failure)
    await fleet.submit(SHOP)
    ready = fleet.conditions(SHOP)["Ready"]
    assert (ready.status, ready.reason, ready.message) == ("False", failure.reason, failure.message)
    assert fleet.conditions(SHOP)["Reconciling"].status == "True"
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.conditions(SHOP)["Ready"].reason == failure.reason
    fleet.time.advance(2.0)
    await fleet.settle()
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    assert await fleet.pass_over(SHOP) == []


@pytest.mark.parametrize("kind", CHILDREN)
async def test_answer_that_was_lost_does_not_matter(kind: str) -> None:
    fleet = await fleet_with_platform()
    fleet.kube.lose_answer("apply", kind)
    await fleet.submit(SHOP)
    fleet.time.advance(1.0)
    await fleet.settle()
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_lost_answer_does_not_mint_a_secret_twice() -> None:
    fleet = await fleet_with_platform()
    fleet.kube.lose_answer("apply", "Secret")
    await fleet.submit(SHOP)
    minted = fleet.kube.object(child("Secret", "shop-secrets"))["data"]
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.kube.object(child("Secret", "shop-secrets"))["data"] == minted


async def test_failed_deletion_of_what_is_no_longer_wanted_is_retried() -> None:
    fleet = await fleet_with_platform()
    await fleet.submit(SHOP)
    fleet.kube.fail("delete", "ConfigMap", ApiUnavailableError("no answer"))
    await fleet.submit(fastapi_service(database={}))
    assert fleet.conditions(SHOP)["Ready"].reason == "ApiUnavailable"
    fleet.time.advance(1.0)
    await fleet.settle()
    assert not fleet.kube.has(child("ConfigMap", "shop-config"))


async def test_status_that_cannot_be_written_is_written_later() -> None:
    fleet = await fleet_with_platform()
    await fleet.submit(SHOP)
    fleet.kube.fail("patch_status", "FastAPIService", ApiUnavailableError("no answer"))
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "image": "registry.example/shop:2"}})
    assert fleet.status(SHOP)["observedGeneration"] == 1
    assert image_of(fleet.kube.object(DEPLOYMENT)) == "registry.example/shop:2"
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.status(SHOP)["observedGeneration"] == 2


def image_of(deployment: Object) -> str:
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


async def test_pass_that_breaks_is_retried() -> None:
    fleet = await fleet_with_platform()
    fleet.postgres.failure = ZeroDivisionError("a defect")
    await fleet.submit(SHOP)
    assert fleet.time.pending == [1.0]
    fleet.postgres.failure = None
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.kube.has(DEPLOYMENT)


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "variable set twice": ({"env": [{"name": "A"}], "config": {"A": "1"}}, "spec.env[0].name"),
    "dependency on itself": ({"services": [{"name": "shop", "env": "A"}]}, "spec.services[0].name"),
    "limit below request": (
        {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "500m"}}},
        "spec.resources.requests[cpu]",
    ),
    "network with bits beyond its prefix": (
        {"networkPolicy": {"from": [{"cidr": "10.0.0.1/8"}]}},
        "spec.networkPolicy.from.0.cidr",
    ),
    "unknown field": ({"replica": 1}, "spec.replica"),
    "port out of range": ({"port": 70000}, "spec.port"),
    "no image": ({"image": None}, "spec.image"),
    "wrong type deep inside": ({"env": [{"name": "A", "value": {"a": 1}}]}, "spec.env.0.value"),
}


@pytest.mark.parametrize(("spec", "field"), INVALID.values(), ids=INVALID.keys())
async def test_invalid_spec_is_named_with_its_field_and_nothing_is_written(spec: dict[str, Any], field: str) -> None:
    fleet = Fleet()
    invalid = fastapi_service(**spec)
    assert await fleet.submit(invalid) == [Call("patch_status", "FastAPIService", "shop")]
    condition = fleet.conditions(invalid)["SpecValid"]
    assert (condition.status, condition.reason) == ("False", "InvalidSpec")
    assert condition.message.startswith(f"{field}: ")
    assert fleet.conditions(invalid)["Stalled"].status == "True"
    assert fleet.time.pending == []


async def test_invalid_spec_shows_no_value_of_the_spec() -> None:
    fleet = Fleet()
    invalid = fastapi_service(env=[{"name": "A", "value": {"password": "canary-5f1e"}}])
    await fleet.submit(invalid)
    assert "canary" not in str(fleet.status(invalid))


async def test_service_that_becomes_invalid_goes_on_running_and_is_not_called_ready() -> None:
    fleet = Fleet()
    await fleet.submit(fastapi_service())
    await fleet.roll_out()
    await fleet.submit(fastapi_service(port=70000))
    assert fleet.kube.has(DEPLOYMENT)
    assert fleet.conditions(SHOP)["Ready"].status == "False"
    assert fleet.conditions(SHOP)["RolloutComplete"].status == "Unknown"
    await fleet.submit(fastapi_service())
    assert fleet.conditions(SHOP)["Ready"].status == "True"


VENDOR = child("Secret", "vendor")
NEEDS_KEY = fastapi_service(secrets=[{"env": "API_KEY", "name": "vendor", "key": "token"}])
NEEDS_ALL = fastapi_service(envFrom=[{"configMapRef": {"name": "shared"}}])
NEEDS_VARIABLE = fastapi_service(
    env=[{"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "vendor", "key": "token"}}}]
)
MISSING = [
    (NEEDS_KEY, [], "SecretMissing", "spec.secrets[0].name: Secret team/vendor is not there"),
    (NEEDS_KEY, [VENDOR], "SecretMissing", "spec.secrets[0].key: Secret vendor has no key token"),
    (NEEDS_VARIABLE, [], "SecretMissing", "spec.env[0].valueFrom: Secret team/vendor is not there"),
    (NEEDS_ALL, [], "ConfigMapMissing", "spec.envFrom[0]: ConfigMap team/shared is not there"),
]


def people_s_own(key: ObjectKey, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "data": data,
    }


@pytest.mark.parametrize(
    ("resource", "there", "reason", "message"), MISSING, ids=["Secret", "key", "variable", "ConfigMap"]
)
async def test_what_is_missing_is_named_and_nothing_is_written(
    resource: Object, there: list[ObjectKey], reason: str, message: str
) -> None:
    fleet = Fleet()
    for key in there:
        fleet.kube.create(people_s_own(key))
    assert await fleet.submit(resource) == [Call("patch_status", "FastAPIService", "shop")]
    condition = fleet.conditions(resource)["DependenciesReady"]
    assert (condition.status, condition.reason, condition.message) == ("False", reason, message)
    assert fleet.conditions(resource)["Ready"].reason == reason


async def test_secret_that_arrives_is_noticed_although_no_watch_shows_it() -> None:
    fleet = Fleet()
    await fleet.submit(NEEDS_KEY)
    fleet.kube.create(people_s_own(VENDOR, token="eA=="))
    fleet.time.advance(WAIT_SECONDS)
    await fleet.settle()
    assert fleet.kube.has(DEPLOYMENT)
    assert fleet.conditions(NEEDS_KEY)["DependenciesReady"].status == "True"


async def test_optional_references_are_not_waited_for() -> None:
    fleet = Fleet()
    await fleet.submit(fastapi_service(envFrom=[{"secretRef": {"name": "vendor", "optional": True}}]))
    assert fleet.kube.has(DEPLOYMENT)


async def test_new_version_of_a_referenced_secret_rolls_the_pods_at_the_next_pass() -> None:
    fleet = Fleet()
    fleet.kube.create(people_s_own(VENDOR, token="eA=="))
    await fleet.submit(NEEDS_KEY)
    fleet.kube.edit(VENDOR, lambda obj: obj["data"].update(token="eQ=="))
    assert Call("apply", "Deployment", "shop") in await fleet.pass_over(NEEDS_KEY)


@pytest.mark.parametrize("resource", [NEEDS_KEY, NEEDS_VARIABLE], ids=["secrets", "env"])
async def test_crash_shows_its_cause_without_a_value_of_a_referenced_secret(resource: Object) -> None:
    fleet = Fleet()
    fleet.kube.create(people_s_own(VENDOR, token="Y2FuYXJ5LTVmMWU=", binary="//79"))
    await fleet.submit(resource)
    await crash(fleet, "refused token canary-5f1e")
    ready = fleet.conditions(resource)["Ready"]
    assert ready.reason == "CrashLoop"
    assert "ended with exit code 1: refused token ***" in ready.message


async def test_crash_shows_its_cause_without_a_generated_value() -> None:
    fleet = Fleet()
    shop = fastapi_service(secrets=[{"env": "KEY", "generate": True}])
    await fleet.submit(shop)
    await crash(fleet, "my key is canary-1")
    assert "my key is ***" in fleet.conditions(shop)["Ready"].message


async def crash(fleet: Fleet, log: str) -> None:
    """The one pod of the newest revision ends with that log."""
    await fleet.roll_out()
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["status"].update(availableReplicas=0))
    ended = {"exitCode": 1, "message": log}
    template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    fleet.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template["metadata"], "name": "shop-1", "namespace": "team"},
            "status": {"containerStatuses": [{"name": "app", "ready": False, "state": {"terminated": ended}}]},
        }
    )
    await fleet.settle()
