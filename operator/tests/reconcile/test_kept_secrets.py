"""A service that refers to another's Secret is left alone by every write of it that changes no value it reads."""

from typing import Any

import pytest
from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.preview.preview import OperatorSettings, preview
from fastapi_fleet.reconcile import service_plan
from fastapi_fleet.reconcile.fingerprints import versions
from support.backed_service import PLATFORM
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service

SECRET = child("Secret", "users-secrets")
DAY = 86_400.0

USERS = fastapi_service(
    "users",
    secrets=[
        {"env": "JWT_PRIVATE_KEY", "signingKey": {"otherEnv": "JWT_OTHER_PRIVATE_KEY"}},
        {"env": "SHARED", "generate": True},
    ],
    database={},
    broker={"publishes": ["user.registered"]},
)
ORDERS = fastapi_service(
    "orders",
    secrets=[{"env": "SHARED", "name": "users-secrets", "key": "SHARED"}],
    database={},
    worker={},
    preflight={},
)
EVERYTHING = fastapi_service("everything", envFrom=[{"secretRef": {"name": "users-secrets"}}])


async def running(*services: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    for service in services:
        await fleet.submit(service)
        await fleet.roll_out()
    return fleet


async def rotate(fleet: Fleet, request: str = "now") -> list[Call]:
    """New passwords and then new keys for users, each step of both. Returns all that was written on the way."""
    before = len(fleet.kube.writes)
    fleet.kube.edit(key_of(USERS), lambda obj: obj["metadata"].update(annotations={ANNOTATION_ROTATE: request}))
    for _ in range(8):
        await fleet.settle()
        await fleet.roll_out()
        await look(fleet)
        fleet.time.advance(2 * DAY)
    await fleet.settle()
    assert fleet.conditions(USERS)["CredentialsRotated"].reason == "CredentialsCurrent"
    return fleet.kube.writes[before:]


async def look(fleet: Fleet) -> list[Call]:
    for kind, namespace in fleet.references.places():
        await fleet.references.look(kind, namespace)
    return await fleet.settle()


def written_for(service: str, writes: list[Call]) -> list[Call]:
    return [call for call in writes if call.name.startswith(service)]


def rolls(service: str, writes: list[Call]) -> int:
    return writes.count(Call("apply", "Deployment", service))


async def test_rotation_of_passwords_and_keys_writes_nothing_for_a_service_that_reads_another_value() -> None:
    fleet = await running(USERS, ORDERS)
    writes = await rotate(fleet)
    assert writes.count(Call("apply", "Secret", "users-secrets")) > 4
    assert rolls("users", writes) == 4
    assert written_for("orders", writes) == []


async def test_service_that_reads_all_of_it_restarts_for_what_is_new_and_for_no_record() -> None:
    fleet = await running(USERS, EVERYTHING)
    writes = await rotate(fleet)
    assert rolls("everything", writes) == rolls("users", writes)


async def test_value_that_is_read_rolls_the_pods_and_asks_the_preflight_anew() -> None:
    fleet = await running(USERS, ORDERS)
    before = fleet.status(ORDERS)["revision"]
    fleet.kube.edit(SECRET, lambda obj: obj["data"].pop("SHARED"))
    written = [*await fleet.settle(), *await look(fleet), *await fleet.roll_out()]
    assert {call.kind for call in written_for("orders", written)} >= {"Job", "Deployment"}
    assert fleet.status(ORDERS)["revision"] != before
    assert fleet.conditions(ORDERS)["Ready"].status == "True"


async def test_secret_that_nobody_keeps_any_more_rolls_once_and_goes_by_its_version() -> None:
    fleet = await running(USERS, EVERYTHING)
    fleet.kube.edit(SECRET, lambda obj: obj["metadata"].update(ownerReferences=[], labels={}))
    fleet.kube.remove(key_of(USERS))
    assert rolls("everything", [*await fleet.settle(), *await look(fleet)]) == 1
    fleet.kube.edit(SECRET, lambda obj: obj["metadata"].update(annotations={"somebody": "wrote"}))
    assert rolls("everything", await look(fleet)) == 1
    assert await look(fleet) == []


async def test_secret_that_goes_with_its_owner_is_missed_and_rolls_nothing() -> None:
    users = fastapi_service("users", secrets=[{"env": "SHARED", "generate": True}])
    fleet = await running(users, EVERYTHING)
    fleet.kube.remove(key_of(users))
    written = [*await fleet.settle(), *await look(fleet)]
    assert fleet.conditions(EVERYTHING)["DependenciesReady"].reason == "SecretMissing"
    assert rolls("everything", written) == 0


async def test_restart_of_the_operator_writes_nothing() -> None:
    fleet = await running(USERS, ORDERS)
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert written_for("orders", await restarted.settle()) == []


async def test_preview_of_files_that_are_applied_tells_of_no_change_after_a_rotation() -> None:
    fleet = await running(USERS, ORDERS)
    await rotate(fleet)
    files = {**ORDERS, "metadata": {key: ORDERS["metadata"][key] for key in ("name", "namespace")}}
    found = await preview(fleet.kube, [files], OperatorSettings())
    assert [change for change in found.changes if change.kind == "Deployment"] == []


@pytest.fixture
async def upgraded(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The operator of now, on what one has made that went by versions alone."""
    with monkeypatch.context() as earlier:
        earlier.setattr(service_plan, "fingerprints", lambda references, _read: versions(references))
        fleet = await running(USERS, ORDERS)
    restarted = fleet.restarted()
    await restarted.resync.prime()
    return restarted


async def test_upgrade_rolls_nothing(upgraded: Fleet) -> None:
    assert written_for("orders", await upgraded.settle()) == []
    assert await upgraded.pass_over(ORDERS) == []


async def test_first_rotation_after_the_upgrade_rolls_once_and_the_next_not_at_all(upgraded: Fleet) -> None:
    await upgraded.settle()
    assert rolls("orders", await rotate(upgraded)) == 1
    assert written_for("orders", await rotate(upgraded, "again")) == []


async def test_rollout_of_its_own_after_the_upgrade_saves_that_one(upgraded: Fleet) -> None:
    await upgraded.settle()
    newer: dict[str, Any] = {**ORDERS["spec"], "image": "registry.example/orders:2"}
    await upgraded.submit(fastapi_service("orders", **newer))
    await upgraded.roll_out()
    assert rolls("orders", await rotate(upgraded)) == 0
