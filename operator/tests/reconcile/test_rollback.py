"""Rolling back by one field, and forward again by taking it out."""

from typing import Any

import pytest
from fastapi_fleet.constants import ANNOTATION_REVISION_SPEC
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kinds import Object
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service

CONFIG_MAP = child("ConfigMap", "shop-config")
DEPLOYMENT = child("Deployment", "shop")
OLD: dict[str, Any] = {
    "image": "registry.example/shop:1",
    "config": {"LEVEL": "info"},
    "env": [{"name": "MODE", "value": "old"}],
    "secrets": [{"env": "KEY", "name": "mine", "key": "key"}],
}
NEW: dict[str, Any] = {"image": "registry.example/shop:2", "config": {"LEVEL": "debug"}, "replicas": 2}


async def shop(fleet: Fleet, **spec: Any) -> Object:
    """The service with that spec, rolled out."""
    resource = fastapi_service(**spec)
    await fleet.submit(resource)
    await fleet.roll_out()
    return resource


def mine(value: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mine", "namespace": "team"},
        "data": {"key": value},
    }


@pytest.fixture
async def fleet() -> Fleet:
    """Two revisions, of which the second runs."""
    fleet = Fleet()
    fleet.kube.create(mine("b25l"))
    await shop(fleet, **OLD)
    await shop(fleet, **NEW)
    return fleet


def history(fleet: Fleet) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = fleet.status(fastapi_service())["history"]
    return records


def container(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    return found


async def test_history_tells_both_revisions(fleet: Fleet) -> None:
    assert [record["image"] for record in history(fleet)] == ["registry.example/shop:2", "registry.example/shop:1"]
    assert all(record["ready"] for record in history(fleet))


async def test_rollback_brings_image_configuration_and_pods_back_and_nothing_else(fleet: Fleet) -> None:
    new, old = history(fleet)
    resource = await shop(fleet, **NEW, rollout={"rollbackTo": old["revision"]})
    assert container(fleet)["image"] == "registry.example/shop:1"
    assert {"name": "MODE", "value": "old"} in container(fleet)["env"]
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 2
    status = fleet.status(resource)
    assert status["revision"] == status["lastReadyRevision"] == old["revision"]
    assert status["observedGeneration"] == fleet.kube.object(child("FastAPIService", "shop"))["metadata"]["generation"]
    assert fleet.conditions(resource)["Ready"].status == "True"
    told = fleet.conditions(resource)["RolledBack"]
    assert told.status == "True"
    assert old["revision"] in told.message
    assert new["revision"] in told.message


async def test_field_that_is_taken_out_goes_forward(fleet: Fleet) -> None:
    new, old = history(fleet)
    await shop(fleet, **NEW, rollout={"rollbackTo": old["revision"]})
    resource = await shop(fleet, **NEW)
    assert fleet.status(resource)["revision"] == new["revision"]
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "debug"}
    assert "RolledBack" not in fleet.conditions(resource)
    assert len(history(fleet)) == 2


async def test_rolled_back_service_at_rest_writes_nothing(fleet: Fleet) -> None:
    resource = await shop(fleet, **NEW, rollout={"rollbackTo": history(fleet)[1]["revision"]})
    assert await fleet.pass_over(resource) == []
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []


async def test_edit_of_what_is_rolled_back_waits_until_the_field_is_taken_out(fleet: Fleet) -> None:
    pinned = {"rollbackTo": history(fleet)[1]["revision"]}
    await shop(fleet, **NEW, rollout=pinned)
    await shop(fleet, **{**NEW, "image": "registry.example/shop:3", "replicas": 4}, rollout=pinned)
    assert container(fleet)["image"] == "registry.example/shop:1"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 4


async def test_rolled_back_pods_read_the_secret_of_today(fleet: Fleet) -> None:
    old = history(fleet)[1]
    fleet.kube.edit(child("Secret", "mine"), lambda secret: secret.update(data={"key": "dHdv"}))
    resource = await shop(fleet, **NEW, rollout={"rollbackTo": old["revision"]})
    assert container(fleet)["image"] == "registry.example/shop:1"
    assert fleet.status(resource)["revision"] != old["revision"]
    assert "since what it reads has changed" in fleet.conditions(resource)["RolledBack"].message


async def test_rollback_takes_neither_database_nor_rights_back() -> None:
    fleet = Fleet()
    await shop(fleet, image="registry.example/shop:1")
    (only,) = history(fleet)
    platform = {"spec": {"postgres": {}}, "kind": "FleetPlatform", "metadata": {"name": "default", "namespace": "team"}}
    fleet.kube.create({"apiVersion": "fastapi-fleet.io/v1alpha1", **platform})
    await fleet.settle()
    await shop(fleet, image="registry.example/shop:2", database={})
    await shop(fleet, image="registry.example/shop:2", database={}, rollout={"rollbackTo": only["revision"]})
    assert container(fleet)["image"] == "registry.example/shop:1"
    assert "DATABASE_URL" in {variable["name"] for variable in container(fleet)["env"]}


async def test_unknown_revision_is_refused_with_those_that_are_known_and_leaves_the_pods_alone(fleet: Fleet) -> None:
    new, old = history(fleet)
    before = fleet.kube.object(DEPLOYMENT)
    resource = fastapi_service(**NEW, rollout={"rollbackTo": "f" * 16})
    assert await fleet.submit(resource) == [Call("patch_status", "FastAPIService", "shop")]
    assert fleet.kube.object(DEPLOYMENT) == before
    told = fleet.conditions(resource)
    assert (told["SpecValid"].status, told["SpecValid"].reason) == ("False", "InvalidSpec")
    assert told["SpecValid"].message == (
        f"spec.rollout.rollbackTo: nothing is kept of revision {'f' * 16}; "
        f"what can run again: {new['revision']}, {old['revision']}"
    )
    assert "RolledBack" not in told


async def test_first_spec_cannot_roll_back() -> None:
    fleet = Fleet()
    resource = fastapi_service(rollout={"rollbackTo": "f" * 16})
    await fleet.submit(resource)
    assert fleet.conditions(resource)["Ready"].message.endswith("what can run again: none")
    assert not fleet.kube.has(DEPLOYMENT)


async def test_what_was_kept_and_then_changed_by_hand_is_not_run(fleet: Fleet) -> None:
    old = history(fleet)[1]
    key = child("ReplicaSet", f"shop-{old['revision']}")
    forged = {ANNOTATION_REVISION_SPEC: '{"image":"registry.example/miner:1"}'}
    fleet.kube.edit(key, lambda replica_set: replica_set["metadata"]["annotations"].update(forged))
    resource = fastapi_service(**NEW, rollout={"rollbackTo": old["revision"]})
    await fleet.submit(resource)
    assert fleet.conditions(resource)["SpecValid"].reason == "InvalidSpec"
    assert container(fleet)["image"] == "registry.example/shop:2"


async def test_replica_set_of_another_deployment_is_not_taken_for_one_of_the_service(fleet: Fleet) -> None:
    old = history(fleet)[1]
    key = child("ReplicaSet", f"shop-{old['revision']}")
    fleet.kube.edit(key, lambda replica_set: replica_set["metadata"].pop("ownerReferences"))
    resource = fastapi_service(**NEW, rollout={"rollbackTo": old["revision"]})
    await fleet.submit(resource)
    assert fleet.conditions(resource)["SpecValid"].reason == "InvalidSpec"


async def test_revision_that_contradicts_the_spec_of_today_is_refused(fleet: Fleet) -> None:
    await shop(fleet, image="registry.example/shop:1", config={"DATABASE_URL": "sqlite://"})
    newest = history(fleet)[0]
    fleet.kube.create(
        {
            "apiVersion": "fastapi-fleet.io/v1alpha1",
            "kind": "FleetPlatform",
            "metadata": {"name": "default", "namespace": "team"},
            "spec": {"postgres": {}},
        }
    )
    resource = fastapi_service(database={}, rollout={"rollbackTo": newest["revision"]})
    await fleet.submit(resource)
    assert "does not fit the rest of the spec" in fleet.conditions(resource)["SpecValid"].message


async def test_rollback_is_made_once_the_api_answers_again(fleet: Fleet) -> None:
    fleet.kube.fail("list", "ReplicaSet", ApiUnavailableError("no answer"))
    resource = fastapi_service(**NEW, rollout={"rollbackTo": history(fleet)[1]["revision"]})
    await fleet.submit(resource)
    assert fleet.conditions(resource)["Ready"].reason == "ApiUnavailable"
    fleet.time.advance(2)
    await fleet.settle()
    assert container(fleet)["image"] == "registry.example/shop:1"


async def test_image_change_takes_at_most_four_writes() -> None:
    fleet = Fleet()
    await shop(fleet, image="registry.example/shop:1")
    writes = await fleet.submit(fastapi_service(image="registry.example/shop:2"))
    writes += await fleet.roll_out()
    assert [call.verb for call in writes] == ["apply", "patch_status", "patch_status"]
