"""OpenAPI contract: a real image that takes an operation away from callers of the one before, under each policy."""

import pytest
from fleet import SERVICE, Images, await_ready, await_reason, pods_of, serves, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of

NAME, CALLER = "promising", "caller"
APPROVED = "fastapi-fleet.io/approved-revision"


def promising(image: str, policy: str) -> Manifest:
    """The image of version 1 answers /legacy, that of version 2 does not."""
    return service(image, NAME, preflight={"contract": {"policy": policy}})


def serving(cluster: Kubectl) -> list[str]:
    return [pod["metadata"]["uid"] for pod in pods_of(cluster, NAME) if serves(pod)]


def documents(cluster: Kubectl) -> list[Resource]:
    return cluster.select("configmaps", f"app.kubernetes.io/name={NAME},app.kubernetes.io/component=contract")


def compatible(resource: Resource) -> tuple[str, str]:
    condition = condition_of(resource, "ContractCompatible")
    return condition["status"], condition["reason"]


@pytest.fixture(scope="module")
def promised(shared_cluster: Kubectl, images: Images) -> Kubectl:
    """A service that serves before it asks for a contract, and one that calls it."""
    start(shared_cluster, service(images.v1, NAME))
    before = serving(shared_cluster)
    shared_cluster.apply(service(images.v1, CALLER, services=[{"env": "PROMISING", "name": NAME}]))
    shared_cluster.apply(promising(images.v1, "Block"))

    def is_known(resource: Resource) -> bool:
        return compatible(resource) == ("True", "NothingToCompare")

    known = shared_cluster.await_state(SERVICE, NAME, is_known, timeout=60)
    assert condition_of(known, "Ready")["status"] == "True"
    assert serving(shared_cluster) == before, "to be asked for its document restarts nothing"
    assert len(documents(shared_cluster)) == 1
    return shared_cluster


def test_image_that_breaks_callers_is_blocked_and_they_are_named(promised: Kubectl, images: Images) -> None:
    before = serving(promised)
    promised.apply(promising(images.v2, "Block"))
    told = await_reason(promised, "ContractCompatible", "ContractBlocked", NAME)
    assert "GET /legacy" in told["message"]
    assert f"Called by {CALLER}" in told["message"]
    resource = promised.get(SERVICE, NAME)
    assert resource is not None
    assert condition_of(resource, "Stalled")["reason"] == "ContractBlocked"
    assert (serving(promised), resource["status"]["image"]) == (before, images.v1)


def test_approval_of_the_revision_lets_it_in(promised: Kubectl, images: Images) -> None:
    promised.apply(promising(images.v2, "RequireApproval"))
    await_reason(promised, "ContractCompatible", "ApprovalNeeded", NAME)
    resource = promised.get(SERVICE, NAME)
    assert resource is not None
    promised.patch(SERVICE, NAME, {"metadata": {"annotations": {APPROVED: resource["status"]["awaitsApproval"]}}})
    await_reason(promised, "ContractCompatible", "ContractApproved", NAME)
    ready = await_ready(promised, NAME)
    assert (ready["status"]["image"], "awaitsApproval" in ready["status"]) == (images.v2, False)


def test_image_that_gives_more_is_kept_and_one_that_gives_less_is_warned_of(promised: Kubectl, images: Images) -> None:
    promised.apply(promising(images.v1, "Warn"))
    promised.patch(SERVICE, NAME, {"metadata": {"annotations": {APPROVED: None}}})
    assert compatible(await_ready(promised, NAME)) == ("True", "ContractKept")
    promised.apply(promising(images.v2, "Warn"))
    await_reason(promised, "ContractCompatible", "ContractBroken", NAME)
    ready = await_ready(promised, NAME)
    assert (compatible(ready), ready["status"]["image"]) == (("False", "ContractBroken"), images.v2)
    assert {item["metadata"]["name"] for item in documents(promised)} == {
        f"{NAME}-openapi-{record['check']}" for record in ready["status"]["history"]
    }
