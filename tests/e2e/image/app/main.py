"""A service that tells which image it is of and what its environment holds, and burns CPU time or fails on demand."""

import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

BUSY_SECONDS = 0.01
IDLE_SECONDS = 0.04

time.sleep(float(os.environ["STARTS_AFTER"]))
app = FastAPI()
app.state.burning_until = 0.0
answered: Counter[int] = Counter()


@app.middleware("http")
async def count(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Count what is asked for, but for probes and metrics."""
    response = await answer(request)
    if request.url.path == "/version":
        answered[response.status_code] += 1
    return response


@app.get("/metrics")
async def metrics() -> PlainTextResponse:
    lines = [f'http_requests_total{{handler="/version",status="{status}"}} {n}\n' for status, n in answered.items()]
    return PlainTextResponse("".join(lines))


@app.get("/health/live")
async def live() -> None:
    """The process turns its event loop."""


@app.get("/health/ready")
async def ready() -> Response:
    """There is nothing that it would need, but in the image that never has it."""
    return Response(status_code=int(os.environ["ANSWERS_READY"]))


@app.get("/version")
async def version() -> str:
    if "FAILING" in os.environ:
        raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR)
    return os.environ["APP_VERSION"]


@app.get("/environment/{name}")
async def environment(name: str) -> str | None:
    return os.environ.get(name)


@app.get("/burn/{seconds}")
async def burn(seconds: float, background: BackgroundTasks) -> None:
    """Use a fifth of a core for that long; 0 ends it."""
    app.state.burning_until = time.monotonic() + seconds
    background.add_task(_burn)


if os.environ.get("APP_VERSION") == "1":

    @app.get("/legacy")
    async def legacy() -> str:
        """What the next version takes away from its callers."""
        return "still there"


def _burn() -> None:
    while time.monotonic() < app.state.burning_until:
        busy_until = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < busy_until:
            pass
        time.sleep(IDLE_SECONDS)
