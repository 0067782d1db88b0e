"""Puts the orders service together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from fastapi import APIRouter, FastAPI
from fleetkit.app import app_of_process, build_app
from fleetkit.auth.verifier import token_verifier
from fleetkit.background import Startup, Worker, running
from fleetkit.database import Database
from fleetkit.events.inbox import EventHandler
from fleetkit.events.runtime import event_workers
from fleetkit.idempotency import keep_purging
from fleetkit.metrics import new_registry, observe_pool
from fleetkit.migrations import SchemaCheck
from fleetkit.upstream.calls import Upstream
from fleetkit.upstream.metrics import UpstreamMetrics
from fleetkit.version import read_version
from prometheus_client import CollectorRegistry

from app.clients.users import connected_users
from app.config import Settings
from app.events.consumed import event_handlers
from app.inventory import router as inventory
from app.inventory.consumed import inventory_handlers
from app.inventory.service import InventoryService
from app.routers import development, orders
from app.services.orders import OrderService
from app.services.pretended_payments import PretendedPayments
from app.services.progress import OrderProgress
from app.services.user_directory import UserDirectory

SERVICE = Path(__file__).parent.parent
MIGRATIONS = SERVICE / "migrations"


def all_handlers(event_source: str) -> Mapping[str, EventHandler]:
    """What this process does with each event that it consumes, by type: the part of orders and that of the inventory.

    Args:
        event_source: the source of the events that handling them leads to.
    """
    return {
        **event_handlers(OrderProgress(event_source=event_source)),
        **inventory_handlers(event_source=event_source),
    }


def create_app(settings: Settings, *, users_transport: httpx2.AsyncBaseTransport | None = None) -> FastAPI:
    """Builds the application; nothing is connected before it is started.

    Args:
        settings: where everything is.
        users_transport: what carries requests to the users service; tests give their own.
    """
    registry = new_registry()
    database = Database(settings, application_name=settings.service_name)
    observe_pool(database, registry)
    upstream = Upstream("users", UpstreamMetrics.of(registry))
    startup = Startup(settings, database, MIGRATIONS)
    event_source = f"/{settings.service_name}"
    workers = [] if settings.process == "web" else _workers(settings, database, event_source, registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            database,
            running(startup, workers),
            connected_users(settings, upstream, transport=users_transport) as users,
            token_verifier(settings) as verifier,
        ):
            order_service = OrderService(database, event_source=event_source)
            yield {
                "order_service": order_service,
                "pretended_payments": PretendedPayments(database, order_service, event_source=event_source),
                "inventory_service": InventoryService(database),
                "user_directory": UserDirectory(users, database),
                "token_verifier": verifier,
            }

    return build_app(
        settings,
        title="orders",
        version=read_version(SERVICE / "pyproject.toml"),
        routers=_routers(settings),
        lifespan=lifespan,
        readiness={
            "startup": startup.check,
            "database": database.check,
            "schema": SchemaCheck(database, MIGRATIONS).check,
        },
        registry=registry,
    )


def _workers(settings: Settings, database: Database, event_source: str, registry: CollectorRegistry) -> list[Worker]:
    service, handlers = settings.service_name, all_handlers(event_source)
    events = event_workers(settings, service=service, database=database, handlers=handlers, registry=registry)
    return [*events, partial(keep_purging, database)]


def _routers(settings: Settings) -> list[APIRouter]:
    pretended = [development.router] if settings.development_endpoints else []
    return [orders.router, *pretended, inventory.router]


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` finds the application here; importing this module needs no environment.
    if name == "app":
        return app_of_process(create_app, Settings)
    raise AttributeError(name)
