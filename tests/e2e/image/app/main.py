"""A service that tells which image it is of and what its environment holds, and burns CPU time on demand."""

import os
import time

from fastapi import BackgroundTasks, FastAPI

BUSY_SECONDS = 0.01
IDLE_SECONDS = 0.04

app = FastAPI()
app.state.burning_until = 0.0


@app.get("/health/live")
async def live() -> None:
    """The process turns its event loop."""


@app.get("/health/ready")
async def ready() -> None:
    """There is nothing that it would need."""


@app.get("/version")
async def version() -> str:
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
