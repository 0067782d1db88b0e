"""What `fleet diff` says of a service whose canary is at work."""

from typing import Any

from fastapi_fleet.kube.kinds import OPTIONAL, Object
from fastapi_fleet.preview.preview import OperatorSettings, preview
from support.fleet import Fleet, child
from support.resources import fastapi_service

Changes = set[tuple[str, str, str]]

PROMOTION = ("change", "Deployment", "shop")
CANARY: Changes = {("delete", "Deployment", "shop-canary"), ("delete", "Service", "shop-canary")}


def shop(version: int, **spec: Any) -> Object:
    canary = {"steps": [{"weight": 25, "pause": 3600}]}
    asked = {"route": {"parentRefs": [{"name": "public"}]}, "rollout": {"canary": canary}}
    return fastapi_service(image=f"registry.example/shop:{version}", **{**asked, **spec})


async def trying() -> Fleet:
    """The second revision has a quarter of the requests."""
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    for version in (1, 2):
        await fleet.submit(shop(version))
        await fleet.roll_out()
    return fleet


async def changes(fleet: Fleet, resource: Object) -> Changes:
    written = {**resource, "metadata": {key: resource["metadata"][key] for key in ("name", "namespace")}}
    found = await preview(fleet.kube, [written], OperatorSettings())
    return {(change.action, change.kind, change.name) for change in found.changes if change.kind != "FastAPIService"}


async def test_canary_at_work_is_no_change_of_its_own() -> None:
    fleet = await trying()
    assert fleet.status(shop(2))["canary"]["routeWeight"] == 25
    assert await changes(fleet, shop(2)) == {PROMOTION}


async def test_another_revision_takes_the_canary_and_its_weights_away() -> None:
    fleet = await trying()
    assert await changes(fleet, shop(3)) == {PROMOTION, ("change", "HTTPRoute", "shop"), *CANARY}


async def test_going_back_takes_them_away_and_leaves_the_deployment() -> None:
    fleet = await trying()
    assert await changes(fleet, shop(1)) == {("change", "HTTPRoute", "shop"), *CANARY}


async def test_weights_that_a_hand_has_set_are_told() -> None:
    fleet = await trying()
    fleet.kube.edit(
        child("HTTPRoute", "shop"), lambda obj: obj["spec"]["rules"][0]["backendRefs"][1].update(weight=100)
    )
    assert await changes(fleet, shop(2)) == {PROMOTION, ("change", "HTTPRoute", "shop")}
