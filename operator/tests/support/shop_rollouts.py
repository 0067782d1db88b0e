"""A service of one good and one bad revision, of which the bad one does not get ready."""

from typing import Any

from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform
from support.rollouts import run_out

DEPLOYMENT, WORKER = child("Deployment", "shop"), child("Deployment", "shop-worker")
CONFIG_MAP = child("ConfigMap", "shop-config")
GOOD: dict[str, Any] = {"image": "registry.example/shop:1", "config": {"LEVEL": "info"}}
BAD: dict[str, Any] = {"image": "registry.example/shop:2", "config": {"LEVEL": "debug"}}
SHOP = fastapi_service()


async def apply(fleet: Fleet, **spec: Any) -> None:
    await fleet.submit(fastapi_service(**spec))


async def running(**spec: Any) -> Fleet:
    fleet = Fleet()
    if spec.keys() & {"database", "broker"}:
        await fleet.submit(fleet_platform(postgres={}, rabbitmq={}))
        await fleet.roll_out()
    await apply(fleet, **GOOD, **spec)
    await fleet.roll_out()
    return fleet


async def rolled_back(**spec: Any) -> Fleet:
    fleet = await running(**spec)
    await apply(fleet, **BAD, **spec)
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    return fleet


def image(fleet: Fleet, key: Any = DEPLOYMENT) -> str:
    found: str = fleet.kube.object(key)["spec"]["template"]["spec"]["containers"][0]["image"]
    return found.rpartition(":")[2]


def told(fleet: Fleet, kind: str) -> tuple[str, str] | None:
    condition = fleet.conditions(SHOP).get(kind)
    return (condition.status, condition.reason) if condition else None
