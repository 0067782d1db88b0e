"""A service with a database and a broker on a platform that offers both."""

import base64

from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object

from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform

PLATFORM = fleet_platform(postgres={}, rabbitmq={})
SHOP = fastapi_service(database={"connectionLimit": 5}, broker={"publishes": ["order.created"]})
SECRET = child("Secret", "shop-secrets")
SILENT = BackendUnavailableError("does not answer")


async def with_platform(*resources: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    await fleet.submit(*resources)
    return fleet


async def running() -> Fleet:
    fleet = await with_platform(SHOP)
    await fleet.roll_out()
    return fleet


def urls(fleet: Fleet) -> dict[str, str]:
    data: dict[str, str] = fleet.kube.object(SECRET)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}
