"""Puts the users service together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fleetkit.app import build_app
from fleetkit.background import Startup, Worker, running
from fleetkit.database import Database
from fleetkit.events.runtime import event_workers
from fleetkit.metrics import new_registry, observe_pool
from fleetkit.settings import load_settings
from fleetkit.version import read_version

from app.config import Settings
from app.events.consumed import HANDLERS
from app.routers import users
from app.services.users import UserService

SERVICE = Path(__file__).parent.parent
MIGRATIONS = SERVICE / "migrations"


def create_app(settings: Settings) -> FastAPI:
    """Builds the application; nothing is connected before it is started."""
    registry = new_registry()
    database = Database(settings, application_name=settings.service_name)
    observe_pool(database, registry)
    startup = Startup(settings, database, MIGRATIONS)
    workers: Sequence[Worker] = ()
    if settings.process != "web":
        workers = event_workers(
            settings, service=settings.service_name, database=database, handlers=HANDLERS, registry=registry
        )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with database, running(startup, workers):
            yield {"user_service": UserService(database, event_source=f"/{settings.service_name}")}

    return build_app(
        settings,
        title="users",
        version=read_version(SERVICE / "pyproject.toml"),
        routers=[users.router],
        lifespan=lifespan,
        readiness={"startup": startup.check, "database": database.check},
        registry=registry,
    )


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` finds the application here; importing this module needs no environment.
    if name == "app":
        return create_app(load_settings(Settings))
    raise AttributeError(name)
