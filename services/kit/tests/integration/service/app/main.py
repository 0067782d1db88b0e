"""A service that takes its time, for what is seen of a whole process only."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI, Request
from fleetkit.app import app_of_process, build_app
from fleetkit.background import Startup, running
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.outbox import append
from fleetkit.events.runtime import event_workers
from fleetkit.metrics import new_registry
from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings
from pydantic import BaseModel

REQUEST_SECONDS = 1.5
EVENT_SECONDS = 1.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"
router = APIRouter()
log = structlog.get_logger("things")


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    service_name: ServiceName = "things"


class Made(BaseModel):
    name: str


@router.get("/slow")
async def answer_slowly(request: Request) -> int:
    log.info("Slow request began")
    await asyncio.sleep(REQUEST_SECONDS)
    async with request.state.database.acquire() as connection:
        value: int = await connection.fetchval("SELECT 7")
    return value


@router.post("/things/{name}")
async def make_thing(name: str, request: Request) -> None:
    event = CloudEvent.new(source="/things", event_type="thing.made", subject=name, data=Made(name=name))
    async with request.state.database.transaction() as connection:
        await append(connection, event)


@router.get("/broken")
async def fail() -> None:
    raise RuntimeError("no luck")


async def take_slowly(connection: Connection, event: CloudEvent) -> None:
    log.info("Event began")
    await connection.execute("SELECT pg_sleep($1)", EVENT_SECONDS)
    await connection.execute("INSERT INTO effects (subject) VALUES ($1)", event.data_as(Made).name)


def create_app(settings: Settings) -> FastAPI:
    registry = new_registry()
    database = Database(settings, application_name="things")
    startup = Startup(settings, database, MIGRATIONS)
    workers = event_workers(
        settings, service="things", database=database, handlers={"thing.made": take_slowly}, registry=registry
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with database, running(startup, workers):
            yield {"database": database}

    return build_app(
        settings,
        title="things",
        version="1",
        routers=[router],
        lifespan=lifespan,
        readiness={"startup": startup.check, "database": database.check},
        registry=registry,
    )


def __getattr__(name: str) -> FastAPI:
    if name == "app":
        return app_of_process(create_app, Settings)
    raise AttributeError(name)
