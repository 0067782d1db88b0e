"""Puts the orders service together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from fleetkit.app import build_app
from fleetkit.background import Startup, Worker, running
from fleetkit.database import Database
from fleetkit.events.runtime import event_workers
from fleetkit.idempotency import keep_purging
from fleetkit.metrics import new_registry, observe_pool
from fleetkit.settings import load_settings
from fleetkit.version import read_version

from app.config import Settings
from app.events.consumed import HANDLERS
from app.routers import orders
from app.services.orders import OrderService
from app.services.user_directory import UserClient, UserDirectory

SERVICE = Path(__file__).parent.parent
MIGRATIONS = SERVICE / "migrations"


def create_app(settings: Settings, *, users_transport: httpx2.AsyncBaseTransport | None = None) -> FastAPI:
    """Builds the application; nothing is connected before it is started.

    Args:
        settings: where everything is.
        users_transport: what carries requests to the users service; tests give their own.
    """
    registry = new_registry()
    database = Database(settings, application_name=settings.service_name)
    observe_pool(database, registry)
    startup = Startup(settings, database, MIGRATIONS)
    workers: list[Worker] = [
        *event_workers(
            settings, service=settings.service_name, database=database, handlers=HANDLERS, registry=registry
        ),
        partial(keep_purging, database),
    ]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            database,
            running(startup, workers),
            UserClient(str(settings.user_service_url), transport=users_transport) as users,
        ):
            yield {
                "order_service": OrderService(database, event_source=f"/{settings.service_name}"),
                "user_directory": UserDirectory(users, database),
            }

    return build_app(
        settings,
        title="orders",
        version=read_version(SERVICE / "pyproject.toml"),
        routers=[orders.router],
        lifespan=lifespan,
        readiness={"startup": startup.check, "database": database.check},
        registry=registry,
    )


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` finds the application here; importing this module needs no environment.
    if name == "app":
        return create_app(load_settings(Settings))
    raise AttributeError(name)
