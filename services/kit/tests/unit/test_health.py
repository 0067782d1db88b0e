import asyncio
from typing import Any

import httpx2
from fastapi import FastAPI
from fleetkit.draining import Draining
from fleetkit.health import health_router
from fleetkit.testing import running_app


async def test_is_ready_when_every_part_is(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "parts": {"part": "ok"}})


async def test_names_the_part_that_fails(client: httpx2.AsyncClient, part: Any) -> None:
    part.problem = "lost its wheel"
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unready", "parts": {"part": "lost its wheel"}})


async def test_is_alive_whatever_is_not_ready(client: httpx2.AsyncClient, part: Any) -> None:
    part.problem = "lost its wheel"
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_does_not_wait_for_a_part_that_hangs() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    app = FastAPI()
    app.include_router(health_router({"stuck": hang}, Draining()))
    async with running_app(app) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"stuck": "no answer within 2 s"})
