"""OpenAPI contract: the document of a new image is compared with that of the revision that was ready last."""

from typing import Any

import pytest
from fastapi_fleet.constants import ANNOTATION_APPROVED
from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from support.fleet import Fleet, child, succeed
from support.openapi import answering, asking
from support.preflights import accept, end_pod, pod_name
from support.resources import fastapi_service

DEPLOYMENT = child("Deployment", "shop")
USERS = answering({"type": "array", "items": {"type": "string"}})
MORE_USERS = asking([{"name": "limit", "in": "query", "schema": {"type": "integer"}}])
NO_USERS: Object = {"openapi": "3.1.0", "paths": {"/people": {"get": {"responses": {}}}}}


def image(version: int) -> str:
    return f"registry.example/shop:{version}"


def shop(version: int = 1, policy: str = "Block", **spec: Any) -> Object:
    return fastapi_service(image=image(version), **{"preflight": {"contract": {"policy": policy}}, **spec})


async def serving(policy: str = "Block", **spec: Any) -> Fleet:
    """A service whose first image is ready, and images that go on with its contract, or break it."""
    fleet = Fleet()
    fleet.kube.documents = {image(1): USERS, image(2): NO_USERS, image(3): NO_USERS}
    fleet.kube.documents[image(4)] = {**USERS, "paths": {**USERS["paths"], **NO_USERS["paths"]}}
    await fleet.submit(shop(1, policy, **spec))
    await fleet.roll_out()
    return fleet


async def offer(fleet: Fleet, resource: Object) -> None:
    await fleet.submit(resource)
    await fleet.roll_out()


def condition(fleet: Fleet, kind: str = "ContractCompatible") -> tuple[str, str]:
    found = fleet.conditions(shop())[kind]
    return found.status, found.reason


def image_of(fleet: Fleet) -> str:
    name: str = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    return name.removeprefix("registry.example/shop:")


def documents(fleet: Fleet) -> list[ObjectKey]:
    return [key for key in fleet.kube.keys("ConfigMap") if "-openapi-" in key.name]


def job_of(fleet: Fleet) -> ObjectKey:
    (key,) = [key for key in fleet.kube.keys("Job") if "-preflight-" in key.name]
    return key


async def test_first_document_is_kept_and_compared_with_nothing() -> None:
    fleet = await serving()
    assert condition(fleet) == ("True", "NothingToCompare")
    assert condition(fleet, "Ready")[0] == "True"
    (key,) = documents(fleet)
    kept = fleet.kube.object(key)
    assert kept["immutable"] is True
    assert (fleet.cache.get(key) or {}).get("binaryData") is None, "many documents are not kept in memory"


async def test_image_that_keeps_the_contract_is_rolled_out() -> None:
    fleet = await serving()
    await offer(fleet, shop(4))
    assert (image_of(fleet), condition(fleet)) == ("4", ("True", "ContractKept"))


async def test_image_that_breaks_it_is_blocked_and_nothing_of_the_revision_before_is_touched() -> None:
    fleet = await serving(config={"A": "b"})
    before = fleet.kube.object(DEPLOYMENT), fleet.kube.object(child("ConfigMap", "shop-config"))
    await offer(fleet, shop(2, config={"A": "c"}, replicas=3))
    assert condition(fleet) == ("False", "ContractBlocked")
    ready, stalled = fleet.conditions(shop())["Ready"], fleet.conditions(shop())["Stalled"]
    assert (ready.status, ready.reason, stalled.status) == ("False", "ContractBlocked", "True")
    assert ": GET /users is gone: calls get 404 (revision" in ready.message
    assert (fleet.kube.object(DEPLOYMENT), fleet.kube.object(child("ConfigMap", "shop-config"))) == before
    assert await fleet.pass_over(shop()) == []


async def test_going_back_to_what_runs_is_ready_at_once() -> None:
    fleet = await serving()
    await offer(fleet, shop(2))
    await fleet.submit(shop(1))
    assert condition(fleet, "Ready")[0] == "True"
    assert condition(fleet, "ConfigValid") == ("True", "Unchanged")
    assert len(documents(fleet)) == 1, "that of an image that was never let in is gone"


async def test_warning_lasts_while_the_revision_runs() -> None:
    fleet = await serving("Warn")
    await offer(fleet, shop(2, "Warn"))
    for _ in range(2):
        assert (image_of(fleet), condition(fleet)) == ("2", ("False", "ContractBroken"))
        assert condition(fleet, "Ready")[0] == "True"
        fleet = fleet.restarted()
        await fleet.resync.prime()
        assert await fleet.settle() == []
    await offer(fleet, shop(3, "Warn"))
    assert (image_of(fleet), condition(fleet)) == ("3", ("True", "ContractKept"))


async def test_callers_are_named() -> None:
    fleet = await serving()
    await fleet.submit(fastapi_service("cart", services=[{"env": "SHOP", "name": "shop"}]))
    await offer(fleet, shop(2))
    assert "Called by cart" in fleet.conditions(shop())["ContractCompatible"].message


def approve(fleet: Fleet, revision: str) -> None:
    fleet.kube.edit(key_of(shop()), lambda obj: obj["metadata"].update(annotations={ANNOTATION_APPROVED: revision}))


async def test_approval_lets_in_its_revision_and_no_other() -> None:
    fleet = await serving("RequireApproval")
    await offer(fleet, shop(2, "RequireApproval"))
    assert condition(fleet) == ("False", "ApprovalNeeded")
    second = fleet.status(shop())["awaitsApproval"]
    await offer(fleet, shop(3, "RequireApproval"))
    third = fleet.status(shop())["awaitsApproval"]
    approve(fleet, second)
    await fleet.settle()
    assert (image_of(fleet), condition(fleet)) == ("1", ("False", "ApprovalNeeded"))
    approve(fleet, third)
    await fleet.settle()
    await fleet.roll_out()
    assert (image_of(fleet), condition(fleet)) == ("3", ("False", "ContractApproved"))
    assert condition(fleet, "Ready")[0] == "True"
    assert "awaitsApproval" not in fleet.status(shop())


async def test_what_never_got_ready_is_no_contract() -> None:
    fleet = await serving("Warn")
    await fleet.submit(shop(2, "Warn"))
    accept(fleet.kube, job_of(fleet))
    fleet.kube.edit(job_of(fleet), succeed)
    await fleet.settle()
    assert image_of(fleet) == "2"
    await offer(fleet, shop(4, "Warn"))
    assert condition(fleet) == ("True", "ContractKept"), "callers know the first image alone"


async def test_what_was_ready_last_comes_back_though_it_broke_those_before() -> None:
    fleet = await serving("Warn")
    await offer(fleet, shop(2, "Warn"))
    await fleet.submit(shop(3))
    accept(fleet.kube, job_of(fleet))
    fleet.kube.edit(job_of(fleet), succeed)
    await fleet.settle()
    assert image_of(fleet) == "3"
    await offer(fleet, shop(2))
    assert (image_of(fleet), condition(fleet)) == ("2", ("False", "ContractBroken"))


async def test_documents_go_with_the_history() -> None:
    fleet = await serving("Warn")
    for version in range(10, 24):
        fleet.kube.documents[image(version)] = USERS
        await offer(fleet, shop(version, "Warn"))
    history = fleet.status(shop())["history"]
    assert {key.name for key in documents(fleet)} == {f"shop-openapi-{record['check']}" for record in history}
    assert len(documents(fleet)) == 10
    await fleet.submit(fastapi_service(image=image(23)))
    assert len(documents(fleet)) == 10, "who asks for it again has something to compare with"


async def test_contract_that_comes_later_asks_what_serves_and_blocks_the_next() -> None:
    fleet = Fleet()
    fleet.kube.documents = {image(1): USERS, image(2): NO_USERS}
    await offer(fleet, fastapi_service(image=image(1)))
    await offer(fleet, shop(1))
    assert condition(fleet) == ("True", "NothingToCompare")
    await offer(fleet, shop(2))
    assert (image_of(fleet), condition(fleet)) == ("1", ("False", "ContractBlocked"))


async def test_document_that_somebody_deleted_is_asked_for_again() -> None:
    fleet = await serving()
    fleet.kube.remove(job_of(fleet))
    await fleet.settle()
    (key,) = documents(fleet)
    fleet.kube.remove(key)
    await fleet.settle()
    await fleet.roll_out()
    assert documents(fleet) == [key]
    assert condition(fleet, "Ready")[0] == "True"


async def test_same_document_is_not_read_again() -> None:
    fleet = await serving()
    fleet.kube.documents[image(5)] = USERS
    await offer(fleet, shop(5))
    (first, second) = documents(fleet)
    read = [call.name for call in fleet.kube.reads if call.verb == "get" and "-openapi-" in call.name]
    assert sorted(set(read)) == sorted({first.name, second.name}), "before each was written, to see whose it is"
    assert len(read) == 2


async def test_comparison_is_made_once() -> None:
    fleet = await serving("Warn")
    await offer(fleet, shop(2, "Warn"))
    reads = len(fleet.kube.reads)
    await fleet.pass_over(shop())
    assert [call for call in fleet.kube.reads[reads:] if "-openapi-" in call.name or call.verb == "read_log"] == []


UNKNOWN = {
    "the log cannot be read": (lambda fleet: fleet.kube.fail("read_log", "Pod", *[ApiRefusedError("forbidden")] * 9)),
    "there is no log": (lambda fleet: fleet.kube.logs.clear()),
    "the log is cut off": (lambda fleet: fleet.kube.logs.update({pod_name(job_of(fleet)): [b"starting"]})),
    "the pod is gone": (lambda fleet: fleet.kube.remove(child("Pod", pod_name(job_of(fleet))))),
}


@pytest.mark.parametrize("spoil", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize(
    ("policy", "reason", "runs"), [("Warn", "ContractUnknown", "4"), ("Block", "ContractBlocked", "1")]
)
async def test_document_that_is_not_to_be_had_is_never_taken_for_a_good_one(
    spoil: Any, policy: str, reason: str, runs: str
) -> None:
    fleet = await serving(policy)
    await fleet.submit(shop(4, policy))
    accept(fleet.kube, job_of(fleet))
    spoil(fleet)
    fleet.kube.edit(job_of(fleet), succeed)
    await fleet.settle()
    assert (condition(fleet)[1], image_of(fleet)) == (reason, runs)
    assert len(documents(fleet)) == 1


@pytest.mark.parametrize(
    "document", [{"openapi": "2.0"}, {"openapi": "3.1.0", "paths": []}, {}, {"paths": {}}], ids=str
)
async def test_document_that_is_none_is_told_of(document: Object) -> None:
    fleet = await serving()
    fleet.kube.documents[image(5)] = document
    await offer(fleet, shop(5))
    assert (image_of(fleet), condition(fleet)) == ("1", ("False", "ContractBlocked"))
    assert "new document" in fleet.conditions(shop())["ContractCompatible"].message


async def test_application_that_cannot_be_imported_is_told_of() -> None:
    fleet = await serving("Warn")
    await fleet.submit(shop(5, "Warn"))
    contract = {"outcome": "failed", "why": "app/main.py:3: KeyError: 'NOT_THERE'"}
    end_pod(fleet.kube, job_of(fleet), 0, {"outcome": "accepted", "contract": contract})
    fleet.kube.edit(job_of(fleet), succeed)
    await fleet.settle()
    assert condition(fleet) == ("Unknown", "ContractUnknown")
    assert "app/main.py:3: KeyError" in fleet.conditions(shop())["ContractCompatible"].message


async def test_image_without_a_document_passes() -> None:
    fleet = await serving()
    await offer(fleet, shop(9))
    assert (image_of(fleet), condition(fleet)) == ("9", ("True", "ContractAbsent"))
    await offer(fleet, shop(2))
    assert (image_of(fleet), condition(fleet)) == ("2", ("True", "NothingToCompare"))


async def test_api_server_that_does_not_answer_is_asked_again() -> None:
    fleet = await serving()
    fleet.kube.fail("read_log", "Pod", ApiUnavailableError("kubelet"))
    await offer(fleet, shop(4))
    assert image_of(fleet) == "1"
    fleet.time.advance(60)
    await fleet.roll_out()
    assert (image_of(fleet), condition(fleet)) == ("4", ("True", "ContractKept"))


async def test_foreign_config_map_of_the_name_is_left_alone() -> None:
    fleet = await serving()
    await offer(fleet, shop(2))
    (name,) = {key.name for key in documents(fleet)} - {documents(fleet)[0].name}
    await fleet.submit(shop(1))
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "team", "name": name}, "data": {}}
    fleet.kube.create(foreign)
    await offer(fleet, shop(2, "Warn"))
    assert fleet.conditions(shop())["Ready"].reason == "NotOwned"
    assert image_of(fleet) == "1"
    assert fleet.kube.object(child("ConfigMap", name))["data"] == {}
