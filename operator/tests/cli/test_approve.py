"""`fleet approve`, with the operator at work in the same cluster."""

import json
from typing import Any

from fastapi_fleet.constants import ANNOTATION_APPROVED
from fastapi_fleet.kube.kinds import Object
from support.commanded_cluster import SHOP, CommandedCluster
from support.openapi import answering
from support.resources import fastapi_service

APPROVING: dict[str, Any] = {"preflight": {"contract": {"policy": "RequireApproval"}}}


def image(version: int) -> str:
    return f"registry.example/shop:{version}"


def shop(version: int) -> Object:
    return fastapi_service(image=image(version), **APPROVING)


async def waiting(cluster: CommandedCluster) -> str:
    """The revision that a person is to approve of."""
    fleet = cluster.operator
    fleet.kube.documents = {image(1): answering({"type": "string"}), image(2): answering({"type": "integer"})}
    for version in (1, 2):
        await fleet.submit(shop(version))
        await fleet.roll_out()
    revision: str = fleet.status(shop(2))["awaitsApproval"]
    return revision


def annotations(cluster: CommandedCluster) -> dict[str, str]:
    found: dict[str, str] = cluster.server.kube.object(SHOP)["metadata"].get("annotations") or {}
    return found


async def test_approval_lets_the_revision_in_that_waits(cluster: CommandedCluster) -> None:
    revision = await waiting(cluster)
    cluster.server.kube.edit(SHOP, lambda obj: obj["metadata"].update(annotations={"team": "a"}))
    result = await cluster.fleet("approve", "shop", "--revision", revision)
    assert (result.exit_code, f"revision {revision}" in result.output) == (0, True)
    assert annotations(cluster) == {"team": "a", ANNOTATION_APPROVED: revision}
    await cluster.operator.settle()
    await cluster.operator.roll_out()
    assert cluster.operator.conditions(shop(2))["ContractCompatible"].reason == "ContractApproved"
    assert (await cluster.fleet("approve", "shop")).exit_code == 1, "nothing waits any more"


async def test_service_without_annotations_gets_one(cluster: CommandedCluster) -> None:
    revision = await waiting(cluster)
    result = await cluster.fleet("approve", "shop", "-o", "json")
    assert json.loads(result.output) == {"name": "shop", "namespace": "team", "approved": revision}
    assert annotations(cluster) == {ANNOTATION_APPROVED: revision}


async def test_another_revision_than_the_one_that_was_looked_at_is_not_approved(cluster: CommandedCluster) -> None:
    revision = await waiting(cluster)
    result = await cluster.fleet("approve", "shop", "--revision", "0123456789abcdef")
    assert (result.exit_code, f"revision {revision} waits, not 0123456789abcdef" in result.errors) == (1, True)
    assert annotations(cluster) == {}


async def test_nothing_to_approve_is_said(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(shop(1))
    result = await cluster.fleet("approve", "shop")
    assert (result.exit_code, "no revision of shop waits" in result.errors) == (1, True)
