"""`grpc.health.v1`: the readiness that `/health/ready` has."""

import asyncio
from collections.abc import Collection, Iterable

import structlog
from grpc_health.v1.health import aio as health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from fleetkit.health import CHECK_TIMEOUT_SECONDS, Check, NotReadyError

PERIOD_SECONDS = 1.0
log = structlog.get_logger(__name__)


async def keep_telling(servicer: health.HealthServicer, services: Iterable[str], checks: Collection[Check]) -> None:
    """Sets the health of the server as a whole, and of each service, to whether all checks pass, every second."""
    names = ["", *services]
    while True:
        is_ready = all(await asyncio.gather(*(_passes(check) for check in checks)))
        status = HealthCheckResponse.SERVING if is_ready else HealthCheckResponse.NOT_SERVING
        for name in names:
            await servicer.set(name, status)
        await asyncio.sleep(PERIOD_SECONDS)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except (NotReadyError, TimeoutError):
        return False
    except Exception:
        # What ends here would leave the last answer standing for good.
        log.exception("Health could not be checked")
        return False
    return True
