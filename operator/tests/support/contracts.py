"""Services of which an OpenAPI document is known, and what the next one does to it."""

from collections.abc import Awaitable, Callable

from fastapi_fleet.constants import ANNOTATION_APPROVED
from fastapi_fleet.kube.kinds import Object

from support.fleet import Fleet, child
from support.openapi import answering
from support.resources import fastapi_service

SHOP = child("FastAPIService", "shop")
IMAGES = ("registry.example/shop:1", "registry.example/shop:2")
ANSWERING, ANOTHER = answering({"type": "string"}), answering({"type": "integer"})

Scenario = Callable[[], Awaitable[Fleet]]


async def first_document() -> Fleet:
    fleet = Fleet()
    fleet.kube.documents = {IMAGES[0]: ANSWERING}
    await fleet.submit(fastapi_service(image=IMAGES[0], preflight={}))
    await fleet.roll_out()
    return fleet


def contract_under(policy: str, document: Object | None, *, approved: bool = False) -> Scenario:
    """A second image with that OpenAPI document, after one that callers know."""

    async def scenario() -> Fleet:
        fleet = Fleet()
        images = {image: shown for image, shown in zip(IMAGES, (ANSWERING, document), strict=True) if shown}
        fleet.kube.documents = images
        for image in IMAGES:
            await fleet.submit(fastapi_service(image=image, preflight={"contract": {"policy": policy}}))
            await fleet.roll_out()
        if approved:
            note = {ANNOTATION_APPROVED: fleet.kube.object(SHOP)["status"]["awaitsApproval"]}
            fleet.kube.edit(SHOP, lambda obj: obj["metadata"].update(annotations=note))
            await fleet.settle()
        return fleet

    return scenario
