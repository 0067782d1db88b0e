"""A service that tells which image it is of and what its environment holds."""

import os

from fastapi import FastAPI

app = FastAPI()


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
