"""Which passes an event asks for."""

from typing import Any

import pytest
from fastapi_fleet.constants import API_VERSION
from fastapi_fleet.kube.kinds import FLEET_PLATFORM, SERVICE, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.queue import Lane
from fastapi_fleet.reconcile.relists import QUIET_SECONDS
from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform

SHOP = fastapi_service()
OTHER = key_of(fastapi_service("other"))


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def owned(kind: str, owner: Object, version: int = 5, **metadata: Any) -> Object:
    reference = {
        "apiVersion": API_VERSION,
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "controller": True,
    }
    return {
        "kind": kind,
        "metadata": {
            "name": "shop",
            "namespace": "team",
            "uid": "uid-child",
            "resourceVersion": str(version),
            "ownerReferences": [{**reference, "uid": "uid"}],
            **metadata,
        },
    }


async def woken(fleet: Fleet) -> list[ObjectKey]:
    return [await fleet.queue.get() for _ in range(fleet.queue.depth)]


@pytest.mark.parametrize("event", ["ADDED", "MODIFIED", "DELETED", None], ids=str)
async def test_resource_asks_for_its_own_pass(fleet: Fleet, event: str | None) -> None:
    fleet.cache.put(SHOP)
    newer = {**SHOP, "metadata": {**SHOP["metadata"], "resourceVersion": "2"}}
    fleet.intake.saw(event, newer)
    assert await woken(fleet) == [key_of(SHOP)]


@pytest.mark.parametrize("kind", ["Deployment", "Service", "Secret", "Pod"])
async def test_child_asks_for_the_pass_of_its_owner(fleet: Fleet, kind: str) -> None:
    fleet.intake.saw("MODIFIED", owned(kind, SHOP))
    assert await woken(fleet) == [key_of(SHOP)]


async def test_child_of_a_platform_asks_for_the_platforms_pass(fleet: Fleet) -> None:
    fleet.intake.saw("MODIFIED", owned("StatefulSet", fleet_platform()))
    assert await woken(fleet) == [ObjectKey(FLEET_PLATFORM.name, "team", "default")]


async def test_object_of_nobody_asks_for_nothing(fleet: Fleet) -> None:
    fleet.intake.saw("ADDED", owned("Service", SHOP, ownerReferences=[]))
    assert fleet.queue.depth == 0


async def test_owner_of_an_unknown_kind_is_not_woken(fleet: Fleet) -> None:
    labels = {"fastapi-fleet.io/owner-kind": "Deployment", "fastapi-fleet.io/owner-name": "shop"}
    fleet.intake.saw("ADDED", owned("Service", SHOP, ownerReferences=[], labels=labels))
    assert fleet.queue.depth == 0


@pytest.mark.parametrize("event", ["ADDED", "MODIFIED", None], ids=str)
async def test_echo_of_an_own_write_wakes_nobody(fleet: Fleet, event: str | None) -> None:
    fleet.cache.put(owned("Service", SHOP, version=5))
    fleet.intake.saw(event, owned("Service", SHOP, version=5))
    fleet.intake.saw(event, owned("Service", SHOP, version=4))
    assert fleet.queue.depth == 0


async def test_deletion_of_what_is_not_known_wakes_nobody(fleet: Fleet) -> None:
    fleet.intake.saw("DELETED", owned("Service", SHOP))
    assert fleet.queue.depth == 0


async def test_deleted_child_wakes_its_owner_also_when_its_last_state_tells_of_none(fleet: Fleet) -> None:
    fleet.cache.put(owned("Service", SHOP, version=5))
    fleet.intake.saw("DELETED", owned("Service", SHOP, version=6, ownerReferences=[]))
    assert await woken(fleet) == [key_of(SHOP)]
    assert fleet.cache.get(child("Service", "shop")) is None


async def test_change_wakes_the_passes_that_read_the_object(fleet: Fleet) -> None:
    fleet.dependents.record(OTHER, [key_of(SHOP)])
    fleet.intake.saw("MODIFIED", SHOP)
    assert set(await woken(fleet)) == {key_of(SHOP), OTHER}


async def test_written_status_wakes_the_readers_alone(fleet: Fleet) -> None:
    fleet.dependents.record(OTHER, [key_of(SHOP)])
    fleet.intake.wake_dependents(key_of(SHOP))
    assert await woken(fleet) == [OTHER]


async def test_deletion_goes_before_changes(fleet: Fleet) -> None:
    fleet.intake.saw("ADDED", fastapi_service("other"))
    deleting = {**SHOP, "metadata": {**SHOP["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    fleet.intake.saw("MODIFIED", deleting)
    assert await woken(fleet) == [key_of(SHOP), OTHER]


async def test_resync_goes_after_changes(fleet: Fleet) -> None:
    fleet.intake.wake(SHOP, Lane.RESYNC)
    fleet.intake.saw("ADDED", fastapi_service("other"))
    assert await woken(fleet) == [OTHER, key_of(SHOP)]


async def test_item_of_a_listing_is_noted_and_an_event_is_not(fleet: Fleet) -> None:
    fleet.intake.saw("ADDED", owned("Deployment", SHOP))
    fleet.intake.saw(None, owned("Service", SHOP))
    fleet.time.advance(QUIET_SECONDS)
    assert fleet.relists.take_finished() == [SERVICE]
