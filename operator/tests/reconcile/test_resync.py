"""The second look: what no watch told is found by listing."""

import asyncio

import pytest
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, OWNERS, SERVICE, WATCHED, Object, ObjectKey, key_of
from fastapi_fleet.reconcile import resync
from fastapi_fleet.reconcile.relists import QUIET_SECONDS
from fastapi_fleet.reconcile.resync import Resync, label_selector
from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform
from support.waiting import until

SHOP = fastapi_service()
SHOP_SERVICE = child("Service", "shop")


async def running() -> Fleet:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await fleet.roll_out()
    return fleet


def deaf(fleet: Fleet) -> None:
    """From now on the watches show nothing."""
    fleet.kube.flush()
    fleet.kube.watchers.clear()


def test_peoples_resources_are_all_watched_and_others_only_where_the_operator_made_them() -> None:
    assert {kind for kind in WATCHED if label_selector(kind) is None} == set(OWNERS)
    assert label_selector(SERVICE) == "app.kubernetes.io/managed-by=fastapi-fleet"


async def test_deletion_that_no_watch_reported_is_found_and_repaired() -> None:
    fleet = await running()
    deaf(fleet)
    fleet.kube.remove(SHOP_SERVICE)
    await fleet.resync.compare(SERVICE)
    assert fleet.queue.depth == 1
    await fleet.settle()
    assert fleet.kube.has(SHOP_SERVICE)


async def test_change_that_no_watch_reported_is_found_and_repaired() -> None:
    fleet = await running()
    deaf(fleet)
    fleet.kube.edit(SHOP_SERVICE, lambda obj: obj["spec"]["ports"][0].update(port=1))
    await fleet.resync.compare(SERVICE)
    await fleet.settle()
    assert fleet.kube.object(SHOP_SERVICE)["spec"]["ports"][0]["port"] == 8000


async def test_resource_that_no_watch_reported_is_found() -> None:
    fleet = Fleet()
    deaf(fleet)
    fleet.kube.create(SHOP)
    await fleet.resync.compare(FASTAPI_SERVICE)
    await fleet.settle()
    assert fleet.kube.has(SHOP_SERVICE)


async def test_comparison_without_a_difference_wakes_nobody() -> None:
    fleet = await running()
    for kind in WATCHED:
        await fleet.resync.compare(kind)
    assert fleet.queue.depth == 0


async def test_objects_of_others_are_not_taken_into_the_cache() -> None:
    fleet = Fleet()
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "theirs", "namespace": "team"}, "spec": {}}
    fleet.kube.create(theirs)
    await fleet.resync.prime()
    assert list(fleet.cache.of_kind(SERVICE)) == []


async def test_successor_made_while_the_list_was_under_way_stays_known() -> None:
    fleet = await running()
    last = fleet.kube.object(SHOP_SERVICE)
    successor = {**last, "metadata": {**last["metadata"], "uid": "second", "resourceVersion": "9999"}}

    class SlowList:
        """The list was taken while the object was gone; its successor is known before the answer is."""

        async def list_objects(self, *_: object) -> list[Object]:
            fleet.cache.remove(last)
            fleet.cache.put(successor)
            return []

    await resync_on(fleet, SlowList()).compare(SERVICE)
    known = fleet.cache.get(SHOP_SERVICE)
    assert known is not None
    assert known["metadata"]["uid"] == "second"


async def test_each_namespace_that_is_looked_after_is_listed() -> None:
    fleet = Fleet()
    in_another = fastapi_service("other")
    in_another["metadata"]["namespace"] = "elsewhere"
    out_of_sight = fastapi_service("hidden")
    out_of_sight["metadata"]["namespace"] = "hidden"
    for resource in (SHOP, in_another, out_of_sight):
        fleet.kube.create(resource)
    deaf(fleet)
    await resync_on(fleet, fleet.kube, "team", "elsewhere").compare(FASTAPI_SERVICE)
    assert {key_of(obj).name for obj in fleet.cache.of_kind(FASTAPI_SERVICE)} == {"shop", "other"}


async def test_prime_fails_when_a_kind_cannot_be_listed() -> None:
    fleet = Fleet()
    fleet.kube.fail("list", "Service", ApiUnavailableError("no answer"))
    with pytest.raises(ApiUnavailableError):
        await fleet.resync.prime()


async def test_prime_knows_the_children_before_it_wakes_their_owners() -> None:
    fleet = await running()
    fleet.kube.reads.clear()
    await fleet.restarted().resync.prime()
    listed = [read.kind for read in fleet.kube.reads]
    assert set(listed) == {kind.name for kind in WATCHED}
    assert set(listed[-2:]) == {kind.name for kind in OWNERS}


def resync_on(fleet: Fleet, kube: object, *namespaces: str, period: float = 600.0) -> Resync:
    return Resync(
        kube=kube,  # type: ignore[arg-type]
        cache=fleet.cache,
        intake=fleet.intake,
        relists=fleet.relists,
        namespaces=namespaces,
        period=period,
        random=lambda: 0.0,
    )


@pytest.fixture
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resync, "TICK_SECONDS", 0.0)


async def until_queued(fleet: Fleet, key: ObjectKey) -> None:
    async with asyncio.timeout(10):
        assert await fleet.queue.get() == key


async def running_resync(fleet: Fleet, period: float) -> None:
    """Run the loop until it has asked for a pass over the shop."""
    loop = asyncio.create_task(resync_on(fleet, fleet.kube, period=period).run())
    try:
        await until_queued(fleet, key_of(SHOP))
    finally:
        loop.cancel()
        await asyncio.wait([loop])


@pytest.mark.usefixtures("quick_ticks")
async def test_finished_listing_is_compared() -> None:
    fleet = await running()
    deaf(fleet)
    fleet.kube.remove(SHOP_SERVICE)
    fleet.relists.saw_item(SERVICE)
    fleet.time.advance(QUIET_SECONDS)
    await running_resync(fleet, period=600)
    assert fleet.cache.get(SHOP_SERVICE) is None


@pytest.mark.usefixtures("quick_ticks")
async def test_everything_is_looked_at_once_a_period() -> None:
    fleet = await running()
    fleet.kube.reads.clear()
    await running_resync(fleet, period=0.01)
    assert {read.kind for read in fleet.kube.reads} == {kind.name for kind in WATCHED}


@pytest.mark.usefixtures("quick_ticks")
async def test_list_that_fails_is_said_and_made_again() -> None:
    fleet = await running()
    fleet.kube.create(fleet_platform())
    deaf(fleet)
    fleet.kube.remove(SHOP_SERVICE)
    fleet.kube.fail("list", "Service", ApiUnavailableError("no answer"))
    fleet.relists.saw_item(SERVICE)
    fleet.time.advance(QUIET_SECONDS)
    loop = asyncio.create_task(resync_on(fleet, fleet.kube).run())

    def is_found() -> bool:
        fleet.time.advance(QUIET_SECONDS)
        return fleet.cache.get(SHOP_SERVICE) is None

    try:
        await until(is_found)
    finally:
        loop.cancel()
        await asyncio.wait([loop])
    lists = [read.kind for read in fleet.kube.reads if read.verb == "list"]
    assert lists.count("Service") == 2
    assert set(lists) == {kind.name for kind in WATCHED}
