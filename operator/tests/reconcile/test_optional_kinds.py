"""Kinds that a cluster may lack come and go while the operator runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi_fleet.constants import LABEL_MANAGED_BY, LABEL_OWNER_KIND, LABEL_OWNER_NAME, MANAGED_BY
from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError
from fastapi_fleet.kube.kinds import HTTP_ROUTE, OPTIONAL, SERVICE_MONITOR, Object, key_of
from fastapi_fleet.reconcile import optional_kinds
from support.fleet import Fleet
from support.resources import fastapi_service
from support.waiting import until

SHOP = fastapi_service()
ROUTE: Object = {
    "apiVersion": HTTP_ROUTE.api_version,
    "kind": HTTP_ROUTE.name,
    "metadata": {
        "name": "shop",
        "namespace": "team",
        "labels": {LABEL_MANAGED_BY: MANAGED_BY, LABEL_OWNER_KIND: SHOP["kind"], LABEL_OWNER_NAME: "shop"},
    },
    "spec": {},
}
ROUTE_KEY = key_of(ROUTE)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("LOOK_SECONDS", "REOPEN_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(optional_kinds, pause, 0.0)


@asynccontextmanager
async def following(fleet: Fleet) -> AsyncIterator[None]:
    task = asyncio.create_task(fleet.optional_kinds.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def with_shop(*served: str) -> Fleet:
    """A service that a pass has been made for, and nothing that waits."""
    fleet = Fleet()
    fleet.kube.served |= set(served)
    await fleet.optional_kinds.look()
    await fleet.submit(SHOP)
    fleet.kube.watchers.clear()
    return fleet


def woken(fleet: Fleet) -> bool:
    return fleet.queue.depth == 1


async def test_what_there_is_at_start_is_known_with_its_objects_before_the_first_pass() -> None:
    fleet = Fleet()
    fleet.kube.served.add(HTTP_ROUTE.name)
    fleet.kube.create(ROUTE)
    await fleet.optional_kinds.look()
    assert fleet.cache.served == {HTTP_ROUTE.name}
    assert fleet.cache.get(ROUTE_KEY) is not None


async def test_kind_that_comes_wakes_every_service() -> None:
    fleet = await with_shop()
    async with following(fleet):
        fleet.kube.served.add(SERVICE_MONITOR.name)
        await until(lambda: SERVICE_MONITOR.name in fleet.cache.served)
    assert woken(fleet)


async def test_kind_that_goes_is_forgotten_with_its_objects_and_wakes_every_service() -> None:
    fleet = await with_shop(HTTP_ROUTE.name)
    fleet.kube.create(ROUTE)
    async with following(fleet):
        await until(lambda: fleet.cache.get(ROUTE_KEY) is not None)
        fleet.queue.done(await fleet.queue.get())
        fleet.kube.served.clear()
        fleet.kube.streams[HTTP_ROUTE.name].put_nowait(None)
        await until(lambda: not fleet.cache.served)
    assert fleet.cache.get(ROUTE_KEY) is None
    assert fleet.cache.owned_by(key_of(SHOP)) != []
    assert woken(fleet)


async def test_event_wakes_the_owner() -> None:
    fleet = await with_shop(HTTP_ROUTE.name)
    async with following(fleet):
        await until(lambda: HTTP_ROUTE.name in fleet.kube.streams)
        seen = {**ROUTE, "metadata": {**ROUTE["metadata"], "uid": "1", "resourceVersion": "9000"}}
        fleet.kube.streams[HTTP_ROUTE.name].put_nowait(("ADDED", seen))
        await until(lambda: woken(fleet))


async def test_deletion_while_no_stream_was_open_is_found() -> None:
    fleet = await with_shop(HTTP_ROUTE.name)
    fleet.kube.create(ROUTE)
    async with following(fleet):
        await until(lambda: fleet.cache.get(ROUTE_KEY) is not None)
        fleet.kube.remove(ROUTE_KEY)
        fleet.kube.streams[HTTP_ROUTE.name].put_nowait(None)
        await until(lambda: fleet.cache.get(ROUTE_KEY) is None)


async def test_api_that_does_not_answer_changes_nothing_and_is_asked_again() -> None:
    fleet = await with_shop(HTTP_ROUTE.name)
    fleet.kube.fail("serves", HTTP_ROUTE.name, ApiUnavailableError("no answer"))
    fleet.kube.fail("watch", HTTP_ROUTE.name, ApiUnavailableError("no answer"))
    async with following(fleet):
        await until(lambda: HTTP_ROUTE.name in fleet.kube.streams)
    assert fleet.cache.served == {HTTP_ROUTE.name}
    assert fleet.queue.depth == 0


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_kind_that_may_not_be_read_is_as_one_that_is_not_there(verb: str) -> None:
    fleet = await with_shop(HTTP_ROUTE.name)
    fleet.kube.fail(verb, HTTP_ROUTE.name, *[ApiRefusedError("forbidden")] * 1000)
    async with following(fleet):
        await until(lambda: not fleet.cache.served)
    assert woken(fleet)


async def test_start_does_without_a_kind_that_may_not_be_read() -> None:
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    fleet.kube.fail("list", HTTP_ROUTE.name, ApiRefusedError("forbidden"))
    await fleet.optional_kinds.look()
    assert fleet.cache.served == {kind.name for kind in OPTIONAL} - {HTTP_ROUTE.name}


async def test_start_fails_when_the_api_cannot_tell() -> None:
    fleet = Fleet()
    fleet.kube.fail("serves", HTTP_ROUTE.name, ApiUnavailableError("no answer"))
    with pytest.raises(ApiUnavailableError):
        await fleet.optional_kinds.look()
