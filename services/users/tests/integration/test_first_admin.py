import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from fleetkit.testing import eventually, running_app

EMAIL, PASSWORD = "admin@example.com", "correct horse battery"


@pytest.fixture
def with_admin(settings: Settings) -> Settings:
    return Settings.model_validate(settings.model_dump() | {"admin_email": EMAIL, "admin_password": PASSWORD})


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_app(create_app(settings)) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


async def serve_once(settings: Settings) -> None:
    async with serving(settings):
        pass


async def users(settings: Settings) -> Sequence[asyncpg.Record]:
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        return await connection.fetch("SELECT id, email, role FROM users ORDER BY email")
    finally:
        await connection.close()


async def log_in(client: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    form = {"grant_type": "password", "username": EMAIL, "password": password}
    return await client.post("/auth/token", data=form)


async def test_the_first_admin_is_there_when_the_service_is_ready_and_makes_others(with_admin: Settings) -> None:
    async with serving(with_admin) as client:
        token = (await log_in(client)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        body = {"email": "eve@example.com", "name": "Eve", "role": "admin"}
        answer = await client.post("/users", json=body, headers=headers)
        registered = await client.get("/users", headers=headers)
    assert answer.status_code == 201
    assert [user["role"] for user in registered.json()["items"]] == ["admin", "admin"]


async def test_processes_that_start_together_make_one(with_admin: Settings) -> None:
    await asyncio.gather(*(serve_once(with_admin) for _ in range(3)))
    assert [(row["email"], row["role"]) for row in await users(with_admin)] == [(EMAIL, "admin")]


async def test_a_start_later_changes_nothing(with_admin: Settings) -> None:
    await serve_once(with_admin)
    before = await users(with_admin)
    changed = {"admin_email": "other@example.com", "admin_password": "another password"}
    async with serving(Settings.model_validate(with_admin.model_dump() | changed)) as client:
        assert (await log_in(client)).status_code == 200
    assert await users(with_admin) == before


async def test_who_has_the_address_already_does_not_become_the_admin(settings: Settings, with_admin: Settings) -> None:
    async with serving(settings) as client:
        await client.post("/users", json={"email": EMAIL.upper(), "name": "Mallory", "password": "password of mallory"})
    async with serving(with_admin) as client:
        assert [(row["email"].lower(), row["role"]) for row in await users(settings)] == [(EMAIL, "member")]
        assert (await log_in(client)).status_code == 401
