"""Liveness that touches nothing, readiness that names what is missing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from fleetkit.draining import Draining

Check = Callable[[], Awaitable[None]]
CHECK_TIMEOUT_SECONDS = 2.0


class NotReadyError(Exception):
    """A part cannot serve; the message says why and is shown to the probe."""


class Liveness(BaseModel):
    """That the event loop turns."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Each part with `ok` or the reason why it is not."""

    status: Literal["ready", "unready"]
    parts: Annotated[dict[str, str], Field(examples=[{"startup": "ok", "database": "ok"}])]


def health_router(checks: Mapping[str, Check], draining: Draining) -> APIRouter:
    """Builds `/health/live` and `/health/ready`.

    Args:
        checks: what must work for requests to be served, by name. A check raises `NotReadyError`,
            or takes longer than two seconds, when its part does not. A broker is no such part where
            events leave by an outbox.
        draining: whether the process is about to end, which makes it unready.
    """
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def get_liveness() -> Liveness:
        """Answers for as long as the process is worth keeping; looks at nothing else."""
        return Liveness()

    unready = {"model": Readiness, "description": "A part is missing: its reason is named"}

    @router.get("/ready", responses={HTTPStatus.SERVICE_UNAVAILABLE.value: unready})
    async def get_readiness(response: Response) -> Readiness:
        """Says whether requests can be served, part by part."""
        results = await asyncio.gather(*(_outcome(check) for check in checks.values()))
        parts = dict(zip(checks, results, strict=True))
        if draining.has_begun:
            parts["process"] = "ends"
        if all(result == "ok" for result in parts.values()):
            return Readiness(status="ready", parts=parts)
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Readiness(status="unready", parts=parts)

    return router


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except NotReadyError as reason:
        return str(reason)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
    return "ok"
