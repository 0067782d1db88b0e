"""The pass over a FastAPIService: what it writes, in which order, and what it leaves alone."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from prometheus_client import REGISTRY
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

SERVICE_ACCOUNT = child("ServiceAccount", "shop")
CONFIG_MAP = child("ConfigMap", "shop-config")
SECRET = child("Secret", "shop-secrets")
SERVICE = child("Service", "shop")
DEPLOYMENT = child("Deployment", "shop")

EVERYTHING: dict[str, Any] = {
    "config": {"LEVEL": "info", "limits": "high"},
    "secrets": [{"env": "SIGNING_KEY", "generate": True}],
    "resources": {"requests": {"cpu": "0.5", "memory": "512Ki"}},
    "env": [{"name": "EMPTY", "value": ""}],
}
SHOP = fastapi_service(**EVERYTHING)
CHILDREN = [SERVICE_ACCOUNT, CONFIG_MAP, SECRET, SERVICE, child("NetworkPolicy", "shop"), DEPLOYMENT]


async def running(resource: Object = SHOP) -> Fleet:
    fleet = Fleet()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


async def test_children_are_written_in_order_and_the_workload_last() -> None:
    fleet = Fleet()
    applied = [Call("apply", key.kind, key.name) for key in CHILDREN]
    assert await fleet.submit(SHOP) == [*applied, Call("patch_status", "FastAPIService", "shop")]


async def test_second_pass_writes_nothing_and_reads_nothing() -> None:
    fleet = await running()
    fleet.kube.reads.clear()
    assert await fleet.pass_over(SHOP) == []
    assert fleet.kube.reads == []


async def test_own_writes_wake_nobody() -> None:
    fleet = Fleet()
    fleet.kube.create(SHOP)
    await one_pass(fleet)
    assert fleet.kube.has(DEPLOYMENT)
    assert fleet.queue.depth == 0


async def one_pass(fleet: Fleet) -> None:
    fleet.kube.flush()
    key = await fleet.queue.get()
    await fleet.workers.work_on(key)
    fleet.queue.done(key)
    fleet.kube.flush()


async def test_edit_that_meets_a_status_write_is_not_lost() -> None:
    """The answer to the write brings the new spec with it, and the watch then tells nothing new."""
    fleet = await running()
    fleet.kube.meanwhile("patch_status", SHOP["kind"], lambda: fleet.kube.create(fastapi_service(replicas=3)))
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["status"].update(availableReplicas=0))
    await fleet.settle()
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 3
    assert fleet.status(SHOP)["observedGeneration"] == fleet.kube.object(key_of(SHOP))["metadata"]["generation"]


async def test_deletion_that_meets_a_status_write_is_not_lost() -> None:
    fleet = await running()
    await fleet.submit(fleet_platform(postgres={}), fastapi_service(database={}))
    await fleet.roll_out()
    fleet.kube.meanwhile("patch_status", SHOP["kind"], lambda: fleet.kube.remove(key_of(SHOP)))
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["status"].update(availableReplicas=0))
    await fleet.settle()
    assert not fleet.kube.has(key_of(SHOP))


async def test_echo_that_comes_before_the_answer_causes_no_write_either() -> None:
    fleet = Fleet()
    fleet.kube.is_hasty = True
    applied = [Call("apply", key.kind, key.name) for key in CHILDREN]
    assert await fleet.submit(SHOP) == [*applied, Call("patch_status", "FastAPIService", "shop")]


async def test_ready_service_says_so() -> None:
    fleet = await running()
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    assert fleet.status(SHOP)["replicas"] == 1


async def test_minimal_service_has_no_config_map_and_no_secret() -> None:
    fleet = await running(fastapi_service())
    assert fleet.kube.keys("ConfigMap") == fleet.kube.keys("Secret") == []


EDITS: dict[str, tuple[ObjectKey, Callable[[Object], object]]] = {
    "ServiceAccount": (SERVICE_ACCOUNT, lambda obj: obj.update(automountServiceAccountToken=True)),
    "ConfigMap value": (CONFIG_MAP, lambda obj: obj["data"].update(LEVEL="debug")),
    "ConfigMap key added": (CONFIG_MAP, lambda obj: obj["data"].update(MINE="x")),
    "Secret key added": (SECRET, lambda obj: obj["data"].update(MINE="eA==")),
    "Service port": (SERVICE, lambda obj: obj["spec"]["ports"][0].update(port=81)),
    "Service selector": (SERVICE, lambda obj: obj["spec"]["selector"].update(tier="x")),
    "Deployment replicas": (DEPLOYMENT, lambda obj: obj["spec"].update(replicas=7)),
    "Deployment image": (
        DEPLOYMENT,
        lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="other"),
    ),
    "Deployment container added": (
        DEPLOYMENT,
        lambda obj: obj["spec"]["template"]["spec"]["containers"].append({"name": "miner", "image": "m"}),
    ),
    "Deployment privileges": (
        DEPLOYMENT,
        lambda obj: obj["spec"]["template"]["spec"]["containers"][0]["securityContext"].update(privileged=True),
    ),
    "Deployment variable of a service without any": (
        DEPLOYMENT,
        lambda obj: (
            obj["spec"]["template"]["spec"]["containers"][0]
            .setdefault("envFrom", [])
            .append({"configMapRef": {"name": "mine"}})
        ),
    ),
    "Deployment init container": (
        DEPLOYMENT,
        lambda obj: obj["spec"]["template"]["spec"].update(initContainers=[{"name": "mine", "image": "m"}]),
    ),
    "Deployment host network": (
        DEPLOYMENT,
        lambda obj: obj["spec"]["template"]["spec"].update(hostNetwork=True),
    ),
    "Deployment paused": (DEPLOYMENT, lambda obj: obj["spec"].update(paused=True)),
    "label": (DEPLOYMENT, lambda obj: obj["metadata"]["labels"].update({"app.kubernetes.io/name": "x"})),
    "label that the watch selects by": (
        DEPLOYMENT,
        lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/managed-by"),
    ),
    "label of the owner": (
        SERVICE,
        lambda obj: obj["metadata"]["labels"].update({"fastapi-fleet.io/owner-name": "other"}),
    ),
    "every label": (DEPLOYMENT, lambda obj: obj["metadata"].pop("labels")),
    "owner reference": (SERVICE, lambda obj: obj["metadata"].pop("ownerReferences")),
    "manifest hash": (SERVICE, lambda obj: obj["metadata"].pop("annotations")),
}


def content(obj: Object) -> Object:
    """The object without what moves with each write."""
    volatile = {"resourceVersion", "generation", "managedFields"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in volatile}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}


@pytest.mark.parametrize(("key", "edit"), EDITS.values(), ids=EDITS.keys())
async def test_hand_edit_is_repaired(key: ObjectKey, edit: Callable[[Object], object]) -> None:
    fleet = await running()
    before = content(fleet.kube.object(key))
    fleet.kube.edit(key, edit)
    await fleet.settle()
    assert content(fleet.kube.object(key)) == before
    assert await fleet.pass_over(SHOP) == []


async def test_repaired_edit_counts_as_drift_and_a_new_spec_does_not() -> None:
    fleet = await running()
    before = drift_corrections("ConfigMap")
    await fleet.submit(fastapi_service(**{**EVERYTHING, "config": {"LEVEL": "debug"}}))
    assert drift_corrections("ConfigMap") == before
    fleet.kube.edit(CONFIG_MAP, lambda obj: obj["data"].update(LEVEL="error"))
    await fleet.settle()
    assert drift_corrections("ConfigMap") == before + 1


def drift_corrections(kind: str) -> float:
    return REGISTRY.get_sample_value("fastapi_fleet_drift_corrections_total", {"kind": kind}) or 0.0


async def test_status_still_sees_a_deployment_that_had_lost_its_label() -> None:
    fleet = await running()
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/managed-by"))
    await fleet.settle()
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_foreign_labels_and_annotations_on_a_child_are_left_alone() -> None:
    fleet = await running()
    fleet.kube.edit(SERVICE, lambda obj: obj["metadata"]["labels"].update(team="checkout"))
    fleet.kube.edit(SERVICE, lambda obj: obj["metadata"]["annotations"].update(note="mine"))
    assert await fleet.settle() == []
    metadata = fleet.kube.object(SERVICE)["metadata"]
    assert (metadata["labels"]["team"], metadata["annotations"]["note"]) == ("checkout", "mine")


@pytest.mark.parametrize("key", CHILDREN, ids=lambda key: key.kind)
async def test_deleted_child_is_restored(key: ObjectKey) -> None:
    fleet = await running()
    fleet.kube.remove(key)
    await fleet.settle()
    assert fleet.kube.has(key)


async def test_config_that_was_removed_takes_its_config_map_with_it() -> None:
    fleet = await running()
    writes = await fleet.submit(fastapi_service(secrets=EVERYTHING["secrets"]))
    assert Call("delete", "ConfigMap", "shop-config") in writes
    assert not fleet.kube.has(CONFIG_MAP)
    assert fleet.kube.has(SECRET)


async def test_pruning_comes_after_the_workload_that_used_it() -> None:
    fleet = await running()
    writes = [(write.verb, write.kind) for write in await fleet.submit(fastapi_service())]
    assert writes.index(("apply", "Deployment")) < writes.index(("delete", "ConfigMap"))


async def test_change_of_config_changes_the_pod_template() -> None:
    fleet = await running()
    before = fleet.status(SHOP)["revision"]
    await fleet.submit(fastapi_service(**{**EVERYTHING, "config": {"LEVEL": "debug"}}))
    assert fleet.status(SHOP)["revision"] != before
    assert fleet.conditions(SHOP)["Ready"].status == "False"


async def test_generated_secret_is_minted_once_and_kept() -> None:
    fleet = await running()
    minted = fleet.kube.object(SECRET)["data"]
    await fleet.submit(fastapi_service(**{**EVERYTHING, "replicas": 3}))
    await fleet.restarted().resync.prime()
    assert fleet.kube.object(SECRET)["data"] == minted


async def test_generated_value_that_was_removed_is_minted_anew() -> None:
    fleet = await running()
    fleet.kube.edit(SECRET, lambda obj: obj["data"].pop("SIGNING_KEY"))
    await fleet.settle()
    assert fleet.kube.object(SECRET)["data"]["SIGNING_KEY"]


async def test_unreadable_bytes_in_the_own_secret_are_replaced() -> None:
    fleet = await running()
    fleet.kube.edit(SECRET, lambda obj: obj["data"].update(SIGNING_KEY="//79"))
    await fleet.settle()
    assert fleet.kube.object(SECRET)["data"]["SIGNING_KEY"] != "//79"
    assert fleet.conditions(SHOP)["SpecValid"].status == "True"


async def test_restart_on_a_running_fleet_writes_nothing_and_asks_for_no_object() -> None:
    fleet = await running()
    fleet.kube.reads.clear()
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert restarted.queue.depth == 1
    assert await restarted.settle() == []
    assert {read.verb for read in fleet.kube.reads} == {"list"}


async def test_deleted_service_is_forgotten() -> None:
    fleet = await running()
    fleet.kube.remove(key_of(SHOP))
    assert await fleet.settle() == []
    assert fleet.kube.keys() == []
    assert list(fleet.cache.owned_by(key_of(SHOP))) == []


async def test_service_that_is_being_deleted_by_others_finalizers_is_left_alone() -> None:
    fleet = await running()
    fleet.kube.edit(key_of(SHOP), lambda obj: obj["metadata"].update(finalizers=["example.com/x"]))
    await fleet.settle()
    fleet.kube.remove(key_of(SHOP))
    fleet.kube.remove(DEPLOYMENT)
    assert await fleet.settle() == []


PAUSED = fastapi_service(**EVERYTHING, paused=True)


async def test_paused_service_is_not_written_but_its_status_is() -> None:
    fleet = Fleet()
    assert [write.verb for write in await fleet.submit(PAUSED)] == ["patch_status"]
    assert fleet.conditions(PAUSED)["Paused"].status == "True"


async def test_hand_edit_stays_while_paused_and_goes_afterwards() -> None:
    fleet = await running()
    await fleet.submit(PAUSED)
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["spec"].update(replicas=4))
    assert {write.verb for write in await fleet.settle()} <= {"patch_status"}
    await fleet.submit(SHOP)
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 1


async def test_paused_service_with_a_hand_edited_image_is_not_called_ready() -> None:
    fleet = await running()
    await fleet.submit(fastapi_service(**EVERYTHING, paused=True))
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="other"))
    await fleet.settle()
    await fleet.roll_out()
    condition = fleet.conditions(SHOP)["RolloutComplete"]
    assert (condition.status, condition.reason) == ("False", "Paused")


async def test_paused_service_with_a_changed_image_is_not_called_ready() -> None:
    fleet = await running()
    await fleet.submit({**PAUSED, "spec": {**PAUSED["spec"], "image": "registry.example/shop:2"}})
    ready = fleet.conditions(PAUSED)["Ready"]
    assert (ready.status, ready.reason) == ("False", "Paused")


async def test_status_never_calls_an_older_generation_ready() -> None:
    fleet = await running()
    fleet.kube.create(fastapi_service(**{**EVERYTHING, "image": "registry.example/shop:2"}))
    generation = fleet.kube.object(key_of(SHOP))["metadata"]["generation"]
    await fleet.settle()
    status = fleet.status(SHOP)
    assert status["observedGeneration"] == generation
    assert fleet.conditions(SHOP)["Ready"].status == "False"
    assert all(condition["observedGeneration"] == generation for condition in status["conditions"])
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_one_status_write_for_many_events() -> None:
    fleet = await running()
    for _ in range(5):
        fleet.kube.edit(DEPLOYMENT, lambda obj: obj["status"].update(availableReplicas=0))
    writes = await fleet.settle()
    assert [write.verb for write in writes] == ["patch_status"]


async def test_service_waits_for_a_service_it_calls_without_being_held_up() -> None:
    fleet = Fleet()
    users = fastapi_service("users", port=9000)
    shop = fastapi_service(services=[{"name": "users", "env": "USERS_URL"}])
    await fleet.submit(shop)
    assert fleet.conditions(shop)["DependenciesReady"].reason == "ServiceMissing"
    assert not fleet.kube.has(DEPLOYMENT)
    await fleet.submit(users)
    assert fleet.conditions(shop)["DependenciesReady"].reason == "ServiceNotReady"
    assert {"name": "USERS_URL", "value": "http://users.team.svc:9000"} in (
        fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["env"]
    )


async def test_service_that_becomes_ready_is_noticed_by_those_that_call_it() -> None:
    fleet = Fleet()
    users = fastapi_service("users")
    shop = fastapi_service(services=[{"name": "users", "env": "USERS_URL"}])
    await fleet.submit(users, shop)
    await fleet.roll_out()
    assert fleet.conditions(shop)["DependenciesReady"].status == "True"
    assert fleet.conditions(shop)["Ready"].status == "True"


async def test_changed_port_reaches_the_services_that_call_it() -> None:
    fleet = Fleet()
    shop = fastapi_service(services=[{"name": "users", "env": "USERS_URL"}])
    await fleet.submit(fastapi_service("users"), shop)
    await fleet.submit(fastapi_service("users", port=9000))
    env = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "USERS_URL", "value": "http://users.team.svc:9000"}]
