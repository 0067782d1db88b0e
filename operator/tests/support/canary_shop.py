"""A shop of three pods whose new revisions are tried by a canary in two steps, and what is seen of it."""

from typing import Any

from fastapi_fleet.kube.kinds import Object, ObjectKey

from support.fleet import Fleet, child, come_up
from support.kubernetes import Call
from support.resources import fastapi_service

DEPLOYMENT, CANARY = child("Deployment", "shop"), child("Deployment", "shop-canary")
STEPS = {"steps": [{"weight": 25, "pause": 60}, {"weight": 50, "pause": 120}]}


def shop(version: int = 1, **spec: Any) -> Object:
    return fastapi_service(
        **{
            "image": f"registry.example/shop:{version}",
            "replicas": 3,
            "rollout": {"canary": STEPS, "progressDeadlineSeconds": 90},
            **spec,
        }
    )


SHOP = shop()


async def running(resource: Object = SHOP) -> Fleet:
    fleet = Fleet()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


async def trying(**spec: Any) -> Fleet:
    """In its first step."""
    fleet = await running()
    await fleet.submit(shop(2, **spec))
    return fleet


async def make_available(fleet: Fleet, key: ObjectKey = CANARY) -> list[Call]:
    fleet.kube.edit(key, come_up)
    return await fleet.settle()


async def wait(fleet: Fleet, seconds: float) -> list[Call]:
    fleet.time.advance(seconds)
    return await fleet.settle()


def image_of(fleet: Fleet, key: ObjectKey = DEPLOYMENT) -> str:
    image: str = fleet.kube.object(key)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image.partition(":")[2]


def state(fleet: Fleet) -> tuple[Any, ...]:
    canary = fleet.status(SHOP)["canary"]
    return canary["phase"], canary["step"], canary["replicas"], canary["available"]


def rollout(fleet: Fleet) -> tuple[str, str]:
    found = fleet.conditions(SHOP)["RolloutComplete"]
    return found.status, found.reason
