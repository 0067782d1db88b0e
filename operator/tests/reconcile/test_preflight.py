"""Preflight: an image and its configuration are asked about before anything of them runs."""

from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.constants import LABEL_MANAGED_BY
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from support.fleet import Fleet, child, succeed
from support.preflights import end_pod
from support.resources import fastapi_service, fleet_platform

DEPLOYMENT = child("Deployment", "shop")
CONFIG, COMING_CONFIG = child("ConfigMap", "shop-config"), child("ConfigMap", "shop-config-next")


def shop(version: int = 1, **spec: Any) -> Object:
    return fastapi_service(image=f"registry.example/shop:{version}", **{"preflight": {}, **spec})


SHOP = shop()


async def running(resource: Object = SHOP) -> Fleet:
    fleet = Fleet()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


def preflights(fleet: Fleet) -> list[ObjectKey]:
    return [key for key in fleet.kube.keys("Job") if "-preflight-" in key.name]


def image_of(fleet: Fleet) -> str:
    image: str = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


async def end(fleet: Fleet, how: str, **answer: Any) -> None:
    """Of the one Job: its pod ends with that answer, and then the Job."""
    (key,) = preflights(fleet)
    end_pod(fleet.kube, key, 3 if how == "Failed" else 0, answer)
    status = {"conditions": [{"type": how, "status": "True", "message": "it is over"}]}
    fleet.kube.edit(key, lambda job: job.update(status=status))
    await fleet.settle()


async def refuse(fleet: Fleet) -> None:
    await end(fleet, "Failed", outcome="refused", findings=[{"where": "PORT", "what": "Field required"}])


def condition(fleet: Fleet) -> tuple[str, str]:
    found = fleet.conditions(SHOP)["ConfigValid"]
    return found.status, found.reason


async def test_pods_start_when_the_settings_are_accepted() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    assert not fleet.kube.has(DEPLOYMENT)
    assert condition(fleet) == ("False", "Checking")
    assert fleet.conditions(SHOP)["Ready"].reason == "Checking"
    await end(fleet, "Complete", outcome="accepted")
    assert fleet.kube.has(DEPLOYMENT)
    await fleet.roll_out()
    assert condition(fleet) == ("True", "SettingsAccepted")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_image_without_the_class_runs_and_the_note_stays() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await end(fleet, "Complete", outcome="absent", findings=[{"where": "app.config:Settings", "what": "no module"}])
    await fleet.roll_out()
    assert condition(fleet) == ("True", "SettingsAbsent")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_refused_settings_leave_the_revision_before_as_it_is() -> None:
    fleet = await running(shop(config={"PORT": "80"}))
    before = fleet.kube.object(DEPLOYMENT)
    await fleet.submit(shop(2, config={"PORT": "eighty"}, replicas=3))
    await refuse(fleet)
    assert condition(fleet) == ("False", "SettingsRefused")
    ready = fleet.conditions(SHOP)["Ready"]
    assert (ready.status, ready.reason) == ("False", "SettingsRefused")
    assert "PORT: Field required" in ready.message
    assert fleet.conditions(SHOP)["Stalled"].status == "True"
    assert fleet.kube.object(DEPLOYMENT) == before
    assert fleet.kube.object(CONFIG)["data"] == {"PORT": "80"}, "a pod of the revision before that starts anew reads it"
    assert fleet.kube.object(COMING_CONFIG)["data"] == {"PORT": "eighty"}
    assert await fleet.pass_over(SHOP) == []


async def test_mended_configuration_is_checked_and_rolled_out() -> None:
    fleet = await running()
    await fleet.submit(shop(2, config={"PORT": "eighty"}))
    await refuse(fleet)
    await fleet.submit(shop(2, config={"PORT": "80"}))
    assert condition(fleet) == ("False", "Checking")
    assert len(preflights(fleet)) == 1, "that of what nobody wants any more is gone"
    await end(fleet, "Complete", outcome="accepted")
    assert image_of(fleet).endswith(":2")
    assert fleet.kube.object(CONFIG)["data"] == {"PORT": "80"}


async def test_changed_secret_is_checked_again() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "team"},
        "data": {"k": "YQ=="},
    }
    fleet = Fleet()
    fleet.kube.create(secret)
    await fleet.submit(shop(secrets=[{"env": "KEY", "name": "keys", "key": "k"}]))
    await refuse(fleet)
    fleet.kube.edit(key_of(secret), lambda obj: obj.update(data={"k": "Yg=="}))
    await fleet.pass_over(SHOP)
    assert condition(fleet) == ("False", "Checking")


async def test_deleted_job_checks_again() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await refuse(fleet)
    (job,) = preflights(fleet)
    fleet.kube.remove(job)
    await fleet.settle()
    assert condition(fleet) == ("False", "Checking")


async def test_job_at_work_that_the_watch_shows_no_more_gets_its_mark_back() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    (job,) = preflights(fleet)
    fleet.kube.edit(job, lambda obj: obj["metadata"]["labels"].pop(LABEL_MANAGED_BY))
    await fleet.settle()
    fleet.kube.edit(job, succeed)
    await fleet.settle()
    assert condition(fleet) == ("True", "SettingsAccepted")


async def test_job_that_somebody_disowned_goes_with_the_image_that_it_checked() -> None:
    fleet = await running()
    (job,) = preflights(fleet)
    fleet.kube.edit(job, lambda obj: obj["metadata"].pop("ownerReferences"))
    await fleet.settle()
    await fleet.submit(shop(2))
    assert job not in preflights(fleet)


async def test_going_back_to_what_runs_needs_no_check() -> None:
    fleet = await running()
    await fleet.submit(shop(2))
    await refuse(fleet)
    await fleet.submit(SHOP)
    assert preflights(fleet) == []
    assert condition(fleet) == ("True", "Unchanged")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


UNASKED = {
    "replicas": {"replicas": 3},
    "autoscaling": {"autoscaling": {"maxReplicas": 3}},
    "resources": {"resources": {"requests": {"cpu": "1"}}},
    "probes": {"probes": {"startupSeconds": 90}},
    "command": {"workers": 2},
    "labels": {"pod": {"labels": {"team": "a"}}},
}


@pytest.mark.parametrize("change", UNASKED.values(), ids=UNASKED.keys())
async def test_nothing_is_checked_where_neither_image_nor_configuration_changed(change: dict[str, Any]) -> None:
    fleet = await running()
    written = await fleet.submit(shop(**change))
    assert [call for call in written if call.kind == "Job"] == []
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["Ready"].status == "True"


ASKED = {
    "image": {"image": "registry.example/shop:2"},
    "config": {"config": {"A": "b"}},
    "env": {"env": [{"name": "A", "value": "b"}]},
    "generated secret": {"secrets": [{"env": "A", "generate": True}]},
    "volume": {"pod": {"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "/a"}]}},
    "class": {"preflight": {"settings": "app.other:Settings"}},
}


@pytest.mark.parametrize("change", ASKED.values(), ids=ASKED.keys())
async def test_whatever_settings_may_read_is_checked(change: dict[str, Any]) -> None:
    fleet = await running()
    before = fleet.kube.object(DEPLOYMENT)
    await fleet.submit(fastapi_service(**{"preflight": {}, **change}))
    assert condition(fleet) == ("False", "Checking")
    assert fleet.kube.object(DEPLOYMENT) == before


@pytest.mark.parametrize(("policy", "asked"), [("Off", 0), ("Warn", 1)])
async def test_asking_for_a_preflight_restarts_no_pod_and_holds_nothing_up_that_serves(policy: str, asked: int) -> None:
    fleet = await running(fastapi_service())
    template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    await fleet.submit(shop(preflight={"contract": {"policy": policy}}))
    assert len(preflights(fleet)) == asked, "what serves is asked for its document alone"
    assert condition(fleet) == ("True", "Unchanged")
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["template"] == template


async def test_refusal_of_what_serves_already_holds_nothing_up() -> None:
    fleet = await running(fastapi_service())
    await fleet.submit(SHOP)
    await refuse(fleet)
    await fleet.submit(shop(replicas=3))
    assert condition(fleet) == ("True", "Unchanged")
    assert fleet.conditions(SHOP)["ContractCompatible"].reason == "ContractUnknown"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 3


async def test_asking_for_a_preflight_checks_what_does_not_come_up() -> None:
    fleet = Fleet()
    await fleet.submit(fastapi_service())
    await fleet.submit(SHOP)
    assert condition(fleet) == ("False", "Checking")


async def test_migrations_wait_for_the_preflight() -> None:
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await fleet.submit(shop(database={"migrations": {"command": ["migrate"]}}))
    (only,) = fleet.kube.keys("Job")
    assert [only] == preflights(fleet)
    await refuse(fleet)
    assert fleet.kube.keys("Job") == [only]
    assert fleet.conditions(SHOP)["Ready"].reason == Reason.SETTINGS_REFUSED


async def test_preflight_of_an_image_that_nobody_wants_any_more_goes_and_holds_no_migration_up() -> None:
    """Such as one that cannot be pulled: its pod waits for ever."""
    migrated = {"database": {"migrations": {"command": ["migrate"]}}}
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await fleet.submit(shop(1, **migrated))
    (mistaken,) = preflights(fleet)
    await fleet.submit(shop(2, **migrated))
    assert not fleet.kube.has(mistaken)
    await end(fleet, "Complete", outcome="accepted", findings=[])
    (migration,) = set(fleet.kube.keys("Job")) - set(preflights(fleet))
    fleet.kube.edit(migration, succeed)
    await fleet.settle()
    assert image_of(fleet) == "registry.example/shop:2"


async def test_foreign_job_of_the_name_is_left_alone() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    (key,) = preflights(fleet)
    fleet.kube.remove(key)
    fleet.kube.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": key.name, "namespace": "team"}})
    await fleet.settle()
    assert fleet.conditions(SHOP)["Ready"].reason == "NotOwned"
    assert not fleet.kube.has(DEPLOYMENT)


async def test_without_a_preflight_its_job_goes_and_no_pod_restarts() -> None:
    fleet = await running(shop(config={"A": "b"}))
    template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    await fleet.submit(shop(config={"A": "b"}, preflight=None))
    assert preflights(fleet) == []
    assert not fleet.kube.has(COMING_CONFIG)
    assert fleet.kube.object(DEPLOYMENT)["spec"]["template"] == template
    assert "ConfigValid" not in fleet.conditions(SHOP)


async def test_restarted_operator_finds_all_as_it_is() -> None:
    fleet = await running(shop(config={"A": "b"}))
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []
