import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.settings import DatabaseSettings
from pydantic import BaseModel

MIGRATIONS = Path(__file__).parent / "migrations"


class Made(BaseModel):
    name: str


def made(name: str) -> CloudEvent:
    return CloudEvent.new(source="/things", event_type="thing.made", subject=name, data=Made(name=name))


async def write_effect(connection: Connection, event: CloudEvent) -> None:
    """The handler of these tests: one row for each time that it is applied."""
    await connection.execute("INSERT INTO effects (subject) VALUES ($1)", event.data_as(Made).name)


async def effects(database: Database) -> list[str]:
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT subject FROM effects ORDER BY subject")
    return [row["subject"] for row in rows]


async def outbox_size(database: Database) -> int:
    async with database.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


@asynccontextmanager
async def working(*workers: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Runs workers while a test goes on, and fails the test where one of them fails."""
    tasks = [asyncio.ensure_future(worker()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results), results


def settings_for(url: str, **limits: float) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"database_url": url, **limits})
