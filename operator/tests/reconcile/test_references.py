"""A change of a Secret or ConfigMap that a spec refers to rolls the pods, though no watch shows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kinds import CONFIG_MAP, FASTAPI_SERVICE, SECRET, Object, ObjectKey
from fastapi_fleet.reconcile import references
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service
from support.waiting import until

MINE = child("Secret", "mine")
SHARED = child("ConfigMap", "shared")
SHOP = fastapi_service(
    secrets=[{"env": "KEY", "name": "mine", "key": "key"}],
    envFrom=[{"configMapRef": {"name": "shared", "optional": True}}],
)
SHOP_KEY = child(FASTAPI_SERVICE.name, "shop")


def foreign(key: ObjectKey, /, **data: str) -> Object:
    """An object of somebody else, with no label of the operator's."""
    metadata = {"name": key.name, "namespace": key.namespace}
    return {"apiVersion": "v1", "kind": key.kind, "metadata": metadata, "data": data}


@pytest.fixture
async def fleet() -> Fleet:
    """A service that refers to a Secret and to a ConfigMap that is not there."""
    fleet = Fleet()
    fleet.kube.create(foreign(MINE, key="b25l"))
    await fleet.submit(SHOP)
    await fleet.roll_out()
    fleet.kube.reads.clear()
    return fleet


async def look(fleet: Fleet) -> list[Call]:
    """Look at every place once. Returns the writes of the passes that it woke."""
    for kind, namespace in fleet.references.places():
        await fleet.references.look(kind, namespace)
    return await fleet.settle()


def change(fleet: Fleet, target: ObjectKey, /, **data: str) -> None:
    fleet.kube.edit(target, lambda obj: obj.update(data=data))


def revision(fleet: Fleet) -> Any:
    return fleet.status(SHOP)["revision"]


async def test_nothing_is_woken_while_nothing_changes(fleet: Fleet) -> None:
    assert await look(fleet) == []
    assert [call.verb for call in fleet.kube.reads] == ["list_metadata", "list_metadata"]


async def test_changed_secret_rolls_the_pods(fleet: Fleet) -> None:
    before = revision(fleet)
    change(fleet, MINE, key="dHdv")
    assert Call("apply", "Deployment", "shop") in await look(fleet)
    assert revision(fleet) != before
    assert await look(fleet) == []


async def test_optional_reference_that_appears_and_goes_rolls_the_pods(fleet: Fleet) -> None:
    absent = revision(fleet)
    fleet.kube.create(foreign(SHARED, LEVEL="info"))
    await look(fleet)
    present = revision(fleet)
    fleet.kube.remove(SHARED)
    await look(fleet)
    assert (present == absent, revision(fleet)) == (False, absent)


async def test_secret_that_was_missing_is_found() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    assert fleet.conditions(SHOP)["Ready"].reason == "SecretMissing"
    fleet.kube.create(foreign(MINE, key="b25l"))
    await look(fleet)
    assert fleet.kube.has(child("Deployment", "shop"))


async def test_change_since_the_pass_that_read_it_is_found_by_the_first_look_of_a_new_process(fleet: Fleet) -> None:
    restarted = fleet.restarted()
    await restarted.resync.prime()
    await restarted.settle()
    change(restarted, MINE, key="dHdv")
    assert Call("apply", "Deployment", "shop") in await look(restarted)


async def test_only_object_that_is_referred_to_is_asked_for_by_name_and_several_in_one_list(fleet: Fleet) -> None:
    await look(fleet)
    assert fleet.kube.reads == [
        Call("list_metadata", "ConfigMap", "shared"),
        Call("list_metadata", "Secret", "mine"),
    ]
    other = fastapi_service("other", envFrom=[{"secretRef": {"name": "theirs", "optional": True}}])
    await fleet.submit(other)
    fleet.kube.reads.clear()
    await look(fleet)
    assert Call("list_metadata", "Secret", "") in fleet.kube.reads


async def test_change_wakes_only_those_that_read_it(fleet: Fleet) -> None:
    await fleet.submit(fastapi_service("other", envFrom=[{"secretRef": {"name": "theirs", "optional": True}}]))
    change(fleet, MINE, key="dHdv")
    await fleet.references.look(SECRET, "team")
    assert await fleet.queue.get() == SHOP_KEY
    assert fleet.queue.depth == 0


async def test_service_that_cannot_be_made_is_woken_once_a_change(fleet: Fleet) -> None:
    await fleet.submit(
        fastapi_service(**{**SHOP["spec"], "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})
    )
    change(fleet, MINE, key="dHdv")
    fleet.kube.reads.clear()
    await look(fleet)
    await fleet.references.look(SECRET, "team")
    assert fleet.queue.depth == 0


async def test_places_that_no_service_refers_to_any_more_are_forgotten(fleet: Fleet) -> None:
    assert fleet.references.places() == [(CONFIG_MAP, "team"), (SECRET, "team")]
    await fleet.submit(fastapi_service())
    assert fleet.references.places() == []


@asynccontextmanager
async def looking(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(references, "PERIOD_SECONDS", 0.0)
    monkeypatch.setattr(references, "LEAST_PAUSE_SECONDS", 0.0)
    task = asyncio.create_task(fleet.references.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_looks_go_on_after_one_that_failed(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.kube.fail("list_metadata", "Secret", ApiUnavailableError("no answer"))
    change(fleet, MINE, key="dHdv")
    async with looking(fleet, monkeypatch):
        await until(lambda: fleet.queue.depth == 1)


async def test_replica_that_makes_no_pass_looks_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    fleet.kube.create(SHOP)
    fleet.kube.flush()
    async with looking(fleet, monkeypatch):
        for _ in range(10):
            await asyncio.sleep(0)
    assert fleet.kube.reads == []
