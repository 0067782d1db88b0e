"""What a service has on the backends ends with it, or with the field that asked for it; data stays unless told."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi_fleet.constants import (
    ANNOTATION_REVISION,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    MANAGED_BY,
)
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.reconcile.service_pass import RELEASE_DEADLINE
from support.backed_service import PLATFORM, SECRET, SHOP, SILENT, running, urls, with_platform
from support.fleet import START, child
from support.resources import fastapi_service, fleet_platform


async def test_deletion_ends_the_logins_and_then_lets_go() -> None:
    fleet = await running()
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert fleet.postgres.locked == ["team.shop"]
    assert fleet.rabbitmq.removed == ["team.shop"]
    assert not fleet.kube.has(key_of(SHOP))


DELETING = fastapi_service(database={"deletionPolicy": "Delete"}, broker={"deletionPolicy": "Delete"})


async def test_deletion_by_policy_takes_database_and_queues() -> None:
    fleet = await with_platform(DELETING)
    await fleet.roll_out()
    fleet.kube.remove(key_of(DELETING))
    await fleet.settle()
    assert (fleet.postgres.dropped, fleet.postgres.locked) == (["team.shop"], [])
    assert fleet.rabbitmq.emptied == ["team.default shop"]
    assert not fleet.kube.has(key_of(DELETING))


async def test_policy_of_the_last_spec_counts() -> None:
    fleet = await with_platform(DELETING)
    await fleet.submit(SHOP)
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert (fleet.postgres.dropped, fleet.postgres.locked) == ([], ["team.shop"])
    assert fleet.rabbitmq.emptied == []


async def test_database_taken_out_of_the_spec_is_kept_whatever_the_policy_was() -> None:
    fleet = await with_platform(DELETING)
    await fleet.roll_out()
    await fleet.submit(fastapi_service())
    await fleet.roll_out()
    assert (fleet.postgres.dropped, fleet.postgres.locked) == ([], ["team.shop"])
    assert (fleet.rabbitmq.emptied, fleet.rabbitmq.removed) == ([], ["team.shop"])


async def test_deletion_keeps_the_finalizers_of_others() -> None:
    fleet = await running()
    fleet.kube.edit(key_of(SHOP), lambda obj: obj["metadata"]["finalizers"].append("example.com/x"))
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert fleet.kube.object(key_of(SHOP))["metadata"]["finalizers"] == ["example.com/x"]


async def test_deletion_waits_for_a_backend_that_does_not_answer() -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    fleet.kube.remove(key_of(SHOP), at=fleet.now().isoformat())
    assert await fleet.settle() == []
    assert fleet.kube.has(key_of(SHOP))
    fleet.postgres.failure = None
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.postgres.locked == ["team.shop"]
    assert not fleet.kube.has(key_of(SHOP))


async def test_deletion_waits_for_a_backend_that_is_not_ready() -> None:
    fleet = await running()
    fleet.kube.edit(child("StatefulSet", "default-postgres"), lambda obj: obj["status"].update(readyReplicas=0))
    await fleet.settle()
    fleet.kube.remove(key_of(SHOP), at=fleet.now().isoformat())
    await fleet.settle()
    assert fleet.kube.has(key_of(SHOP))
    await fleet.roll_out()
    assert fleet.postgres.locked == ["team.shop"]
    assert not fleet.kube.has(key_of(SHOP))


async def test_deletion_does_not_wait_for_ever_and_ends_the_other_login() -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    fleet.kube.remove(key_of(SHOP), at=(fleet.now() - RELEASE_DEADLINE).isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(SHOP))
    assert fleet.postgres.locked == []
    assert fleet.rabbitmq.removed == ["team.shop"]


async def test_deadline_counts_from_the_deletion() -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    fleet.kube.remove(key_of(SHOP), at=(fleet.now() - RELEASE_DEADLINE + timedelta(seconds=1)).isoformat())
    await fleet.settle()
    assert fleet.kube.has(key_of(SHOP))
    assert fleet.now() >= START


@pytest.mark.parametrize("leave", ["platform", "backends"])
async def test_deletion_does_not_wait_for_a_backend_that_nobody_offers(leave: str) -> None:
    fleet = await running()
    if leave == "platform":
        fleet.kube.remove(key_of(PLATFORM))
    else:
        fleet.kube.create(fleet_platform())
    await fleet.settle()
    fleet.kube.remove(key_of(SHOP), at=fleet.now().isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(SHOP))


KEPT = [
    "kept database team.shop in spite of deletionPolicy Delete: ",
    "kept queues and exchanges of shop in virtual host team.default in spite of deletionPolicy Delete: ",
]


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        ("platform is gone", "there is no FleetPlatform default"),
        ("platform offers none", "FleetPlatform default does not offer "),
        ("servers do not answer", "does not answer"),
    ],
)
async def test_data_that_was_to_be_deleted_and_stays_is_told_of(cause: str, why: str) -> None:
    fleet = await with_platform(DELETING)
    await fleet.roll_out()
    if cause == "platform is gone":
        fleet.kube.remove(key_of(PLATFORM))
    elif cause == "platform offers none":
        fleet.kube.create(fleet_platform())
    else:
        fleet.postgres.failure = fleet.rabbitmq.failure = SILENT
    await fleet.settle()
    await fleet.told()
    fleet.kube.remove(key_of(DELETING), at=(fleet.now() - RELEASE_DEADLINE).isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(DELETING))
    for (kind, reason, note), begin in zip(await fleet.told(), KEPT, strict=True):
        assert (kind, reason) == ("Warning", "DataKept")
        assert note.startswith(begin + why)


async def test_data_that_goes_or_is_to_stay_is_no_news() -> None:
    for resource in (DELETING, SHOP):
        fleet = await with_platform(resource)
        await fleet.roll_out()
        await fleet.told()
        if resource is SHOP:
            fleet.kube.remove(key_of(PLATFORM))
            await fleet.settle()
            assert [(reason, "Delete" in note) for _, reason, note in await fleet.told()] == [
                ("PlatformMissing", False)
            ]
        fleet.kube.remove(key_of(resource))
        await fleet.settle()
        assert not fleet.kube.has(key_of(resource))
        assert await fleet.told() == []


async def test_platform_that_goes_before_what_is_to_be_deleted_with_a_service_is_told_of() -> None:
    fleet = await with_platform(DELETING)
    await fleet.roll_out()
    await fleet.told()
    fleet.kube.remove(key_of(PLATFORM))
    await fleet.settle()
    ((kind, reason, note),) = await fleet.told()
    assert (kind, reason) == ("Warning", "PlatformMissing")
    assert note.endswith("; without it deletionPolicy Delete of spec.database and spec.broker deletes nothing")


async def test_finalizer_that_is_gone_with_its_resource_is_no_error() -> None:
    fleet = await running()
    fleet.kube.edit(key_of(SHOP), lambda obj: obj["metadata"].update(deletionTimestamp=fleet.now().isoformat()))
    fleet.kube.flush()
    fleet.kube.watchers.clear()
    fleet.kube.edit(key_of(SHOP), lambda obj: obj["metadata"].update(finalizers=[]))
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert fleet.time.pending == []


REST: dict[str, dict[str, Any]] = {"alone": {}, "beside a broker": {"broker": {}}}


@pytest.mark.parametrize("rest", REST.values(), ids=REST.keys())
async def test_database_that_is_no_longer_wanted_is_locked_and_kept(rest: dict[str, Any]) -> None:
    fleet = await running()
    await fleet.submit(fastapi_service(**rest))
    await fleet.roll_out()
    assert fleet.postgres.locked == ["team.shop"]
    if "broker" in rest:
        assert urls(fleet).keys() == {"RABBITMQ_URL"}
    else:
        assert not fleet.kube.has(SECRET)
        assert fleet.rabbitmq.removed == ["team.shop"]


@pytest.mark.parametrize("rest", REST.values(), ids=REST.keys())
async def test_lock_that_failed_is_tried_until_it_holds(rest: dict[str, Any]) -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    await fleet.submit(fastapi_service(**rest))
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].reason == "BackendUnavailable"
    fleet.postgres.failure = None
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.postgres.locked == ["team.shop"]
    assert "DATABASE_URL" not in (urls(fleet) if fleet.kube.has(SECRET) else {})


async def test_login_ends_when_the_last_pod_that_uses_it_is_gone() -> None:
    fleet = await running()
    before = urls(fleet)
    old = pod_of_revision(fleet.status(SHOP)["revision"])
    await fleet.submit(fastapi_service())
    assert urls(fleet) == before, "the rollout may still fail, and the old pods go on"
    fleet.kube.create(old)
    await fleet.roll_out()
    assert (fleet.postgres.locked, fleet.rabbitmq.removed) == ([], []), "a pod that stops still finishes its work"
    fleet.kube.remove(key_of(old))
    await fleet.settle()
    assert (fleet.postgres.locked, fleet.rabbitmq.removed) == (["team.shop"], ["team.shop"])
    assert not fleet.kube.has(SECRET)


def pod_of_revision(revision: str) -> Object:
    labels = {
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_OWNER_KIND: "FastAPIService",
        LABEL_OWNER_NAME: "shop",
        LABEL_COMPONENT: "service",
    }
    metadata = {"namespace": "team", "name": "shop-old", "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "annotations": {ANNOTATION_REVISION: revision}},
        "spec": {},
    }


async def test_database_that_is_wanted_again_before_the_rollout_keeps_its_password() -> None:
    fleet = await running()
    before = urls(fleet)
    await fleet.submit(fastapi_service())
    await fleet.submit(SHOP)
    await fleet.roll_out()
    assert urls(fleet) == before
    assert fleet.postgres.locked == []


async def test_generated_value_is_kept_while_older_pods_read_it() -> None:
    fleet = await with_platform(fastapi_service(secrets=[{"env": "TOKEN", "generate": True}]))
    await fleet.roll_out()
    await fleet.submit(fastapi_service(image="registry.example/shop:2"))
    assert urls(fleet).keys() == {"TOKEN"}
    await fleet.roll_out()
    assert not fleet.kube.has(SECRET)


async def test_generated_value_under_the_name_of_a_url_is_no_login() -> None:
    fleet = await with_platform(fastapi_service(secrets=[{"env": "DATABASE_URL", "generate": True}]))
    await fleet.roll_out()
    assert fleet.postgres.locked == []
