"""The pass over a FleetPlatform."""

from collections.abc import Callable

import pytest
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, ReconcileError
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.resources.secret import decode
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.live import terminated, waiting
from support.resources import fleet_platform

PLATFORM = fleet_platform(postgres={}, rabbitmq={})
ADMIN = child("Secret", "default-postgres-admin")
SERVICE = child("Service", "default-postgres")
STATEFUL_SET = child("StatefulSet", "default-postgres")
CHILDREN = [
    key
    for backend in ("default-postgres", "default-rabbitmq")
    for key in (child("Secret", f"{backend}-admin"), child("Service", backend), child("StatefulSet", backend))
] + [child("NetworkPolicy", "default-postgres"), child("NetworkPolicy", "default-rabbitmq")]
STATUS = Call("patch_status", "FleetPlatform", "default")


async def running(resource: Object = PLATFORM) -> Fleet:
    fleet = Fleet()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


async def test_children_are_written_with_the_password_first() -> None:
    fleet = Fleet()
    assert await fleet.submit(PLATFORM) == [*(Call("apply", key.kind, key.name) for key in CHILDREN), STATUS]


async def test_ready_once_each_stateful_set_is() -> None:
    fleet = await running()
    conditions = fleet.conditions(PLATFORM)
    assert {conditions[kind].status for kind in ("Ready", "PostgresReady", "RabbitmqReady")} == {"True"}
    assert await fleet.pass_over(PLATFORM) == []


async def test_restart_writes_nothing() -> None:
    fleet = (await running()).restarted()
    await fleet.resync.prime()
    assert await fleet.settle() == []


async def test_each_backend_has_a_password_of_its_own_that_is_minted_once() -> None:
    fleet = await running()
    passwords = {key: fleet.kube.object(key)["data"]["password"] for key in fleet.kube.keys("Secret")}
    assert len(set(passwords.values())) == 2
    await fleet.submit(fleet_platform(postgres={"maxConnections": 200}, rabbitmq={}))
    assert {key: fleet.kube.object(key)["data"]["password"] for key in fleet.kube.keys("Secret")} == passwords


async def test_password_survives_the_platform_and_serves_its_successor() -> None:
    fleet = await running()
    password = fleet.kube.object(ADMIN)["data"]["password"]
    fleet.kube.remove(key_of(PLATFORM))
    await fleet.settle()
    assert fleet.kube.keys("StatefulSet") == []
    assert fleet.kube.object(ADMIN)["data"]["password"] == password
    await fleet.submit(PLATFORM)
    assert fleet.kube.object(ADMIN)["data"]["password"] == password
    assert fleet.kube.has(STATEFUL_SET)


async def test_backend_that_is_no_longer_wanted_goes_and_its_password_stays() -> None:
    fleet = await running()
    await fleet.submit(fleet_platform(rabbitmq={}))
    assert not fleet.kube.has(STATEFUL_SET)
    assert not fleet.kube.has(SERVICE)
    assert fleet.kube.has(ADMIN)
    assert "PostgresReady" not in fleet.conditions(PLATFORM)


EDITS: dict[str, tuple[ObjectKey, Callable[[Object], object]]] = {
    "replicas": (STATEFUL_SET, lambda obj: obj["spec"].update(replicas=0)),
    "image": (STATEFUL_SET, lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="x")),
    "port": (SERVICE, lambda obj: obj["spec"]["ports"][0].update(port=1)),
    "administrator's name": (ADMIN, lambda obj: obj["data"].update(username="eA==")),
    "component label": (STATEFUL_SET, lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/component")),
}


@pytest.mark.parametrize(("key", "edit"), EDITS.values(), ids=EDITS.keys())
async def test_hand_edit_is_repaired(key: ObjectKey, edit: Callable[[Object], object]) -> None:
    fleet = await running()
    before = fleet.kube.object(key)
    fleet.kube.edit(key, edit)
    await fleet.settle()
    after = fleet.kube.object(key)
    assert (after.get("spec"), after.get("data")) == (before.get("spec"), before.get("data"))
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


@pytest.mark.parametrize("key", [key for key in CHILDREN if key.kind != "Secret"], ids=str)
async def test_deleted_child_is_restored(key: ObjectKey) -> None:
    fleet = await running()
    fleet.kube.remove(key)
    await fleet.settle()
    assert fleet.kube.has(key)


async def test_lost_password_of_a_server_that_runs_is_said_and_no_other_is_made() -> None:
    fleet = await running()
    fleet.kube.remove(ADMIN)
    await fleet.settle()
    conditions = fleet.conditions(PLATFORM)
    assert not fleet.kube.has(ADMIN)
    assert (conditions["Ready"].status, conditions["Ready"].reason) == ("False", "AdminSecretMissing")
    assert "Stalled" in conditions
    assert conditions["PostgresReady"].status == "True"


async def test_paused_platform_that_differs_from_its_spec_is_not_called_ready() -> None:
    fleet = await running()
    await fleet.submit(fleet_platform(postgres={"maxConnections": 200}, rabbitmq={}, paused=True))
    conditions = fleet.conditions(PLATFORM)
    assert (conditions["ChildrenApplied"].status, conditions["ChildrenApplied"].reason) == ("False", "Paused")
    assert conditions["Ready"].status == "False"
    await fleet.submit(fleet_platform(postgres={}, rabbitmq={}, paused=True))
    assert fleet.conditions(PLATFORM)["Ready"].status == "True"


async def test_crash_of_a_server_shows_no_password() -> None:
    fleet = await running()
    password = decode(fleet.kube.object(ADMIN))["password"]
    pod = backend_pod({"app.kubernetes.io/component": "postgres"})
    pod["status"]["containerStatuses"] = [terminated(1, f"login as fleet with {password} failed")]
    fleet.kube.create(pod)
    fleet.kube.edit(STATEFUL_SET, lambda obj: obj["status"].update(readyReplicas=0))
    await fleet.settle()
    condition = fleet.conditions(PLATFORM)["PostgresReady"]
    assert condition.reason == "CrashLoop"
    assert "login as fleet with *** failed" in condition.message


async def test_pod_whose_component_label_was_taken_away_does_not_end_the_pass() -> None:
    fleet = await running()
    fleet.kube.create(backend_pod({}))
    await fleet.submit(fleet_platform(postgres={"maxConnections": 200}, rabbitmq={}))
    assert fleet.status(PLATFORM)["observedGeneration"] == 2


async def test_paused_platform_with_a_relabelled_child_keeps_its_status_up() -> None:
    fleet = await running(fleet_platform(postgres={}))
    await fleet.submit(fleet_platform(postgres={}, paused=True))
    fleet.kube.edit(STATEFUL_SET, lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/component"))
    await fleet.settle()
    assert fleet.conditions(PLATFORM)["Paused"].status == "True"
    assert fleet.conditions(PLATFORM)["PostgresReady"].status == "Unknown"


async def test_pod_that_does_not_come_up_tells_why() -> None:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    fleet.kube.create(backend_pod({"app.kubernetes.io/component": "postgres"}))
    await fleet.settle()
    assert fleet.conditions(PLATFORM)["PostgresReady"].reason == "ImagePullFailed"


def backend_pod(labels: dict[str, str]) -> Object:
    owner = {
        "app.kubernetes.io/managed-by": "fastapi-fleet",
        "fastapi-fleet.io/owner-kind": "FleetPlatform",
        "fastapi-fleet.io/owner-name": "default",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "default-postgres-0", "namespace": "team", "labels": {**owner, **labels}},
        "status": {"containerStatuses": [waiting("ErrImagePull", "no such image")]},
    }


@pytest.mark.parametrize("key", CHILDREN, ids=str)
async def test_foreign_object_of_the_name_is_refused_and_nothing_is_written(key: ObjectKey) -> None:
    fleet = Fleet()
    theirs = fleet.kube.create(
        {"apiVersion": "v1", "kind": key.kind, "metadata": {"name": key.name, "namespace": "team"}, "spec": {}}
    )
    assert await fleet.submit(PLATFORM) == [STATUS]
    assert fleet.kube.object(key) == theirs
    ready = fleet.conditions(PLATFORM)["Ready"]
    assert (ready.status, ready.reason) == ("False", "NotOwned")
    assert str(key) in ready.message
    assert fleet.conditions(PLATFORM)["Stalled"].status == "True"


FAILURES: list[ReconcileError] = [ApiUnavailableError("no answer"), ApiConflictError("x"), ApiRefusedError("quota")]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
@pytest.mark.parametrize("kind", ["Secret", "Service", "StatefulSet"])
async def test_failure_is_said_retried_and_overcome(kind: str, failure: ReconcileError) -> None:
    fleet = Fleet()
    fleet.kube.fail("apply", kind, failure)
    await fleet.submit(PLATFORM)
    ready = fleet.conditions(PLATFORM)["Ready"]
    assert (ready.status, ready.reason) == ("False", failure.reason)
    fleet.time.advance(1.0)
    await fleet.settle()
    await fleet.roll_out()
    assert fleet.conditions(PLATFORM)["Ready"].status == "True"


async def test_write_that_fails_does_not_make_a_server_that_runs_unready() -> None:
    fleet = await running()
    fleet.kube.fail("apply", "StatefulSet", ApiConflictError("has changed"))
    await fleet.submit(fleet_platform(postgres={"maxConnections": 200}, rabbitmq={}))
    conditions = fleet.conditions(PLATFORM)
    assert conditions["PostgresReady"].status == "True"
    assert (conditions["ChildrenApplied"].status, conditions["ChildrenApplied"].reason) == ("False", "ApiConflict")
    assert conditions["Ready"].status == "False"


async def test_lost_answer_does_not_mint_the_password_twice() -> None:
    fleet = Fleet()
    fleet.kube.lose_answer("apply", "Secret")
    await fleet.submit(PLATFORM)
    password = fleet.kube.object(ADMIN)["data"]["password"]
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.kube.object(ADMIN)["data"]["password"] == password


async def test_invalid_spec_is_named_with_its_field_and_nothing_is_written() -> None:
    fleet = Fleet()
    invalid = fleet_platform(postgres={"maxConnections": 1})
    assert await fleet.submit(invalid) == [STATUS]
    condition = fleet.conditions(invalid)["SpecValid"]
    assert condition.message.startswith("spec.postgres.maxConnections: ")
    assert condition.reason == "InvalidSpec"


async def test_paused_platform_is_not_written_but_its_status_is() -> None:
    fleet = Fleet()
    assert await fleet.submit(fleet_platform(postgres={}, paused=True)) == [STATUS]


async def test_platform_that_is_being_deleted_is_left_alone() -> None:
    fleet = await running()
    fleet.kube.edit(key_of(PLATFORM), lambda obj: obj["metadata"].update(finalizers=["example.com/x"]))
    await fleet.settle()
    fleet.kube.remove(key_of(PLATFORM))
    fleet.kube.remove(STATEFUL_SET)
    assert await fleet.settle() == []


async def test_password_shows_in_no_status() -> None:
    fleet = await running()
    assert "canary-" not in str(fleet.status(PLATFORM))
